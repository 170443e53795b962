r"""The objective: a list of terms, each with a name, a weight, a target and a unit; one value per picture of a batch.

.. math:: L_{total} = \alpha C + \beta \sum_l w_l S_l + \gamma TV \qquad \sum_l w_l = 1

C, S_l and TV in one of three scales, composed here and nowhere else:

* "relative": each is a ratio. C = 1 means half the photograph's responses squared, S_l and TV are 1 at the photograph:

  .. math:: C = \frac{1}{2} \frac{\mathrm{mean}\,(F - P)^2}{\mathrm{mean}\,P^2} \qquad
     S_l = \frac{E_l(x)}{E_l(\mathrm{photograph})}

  So weights mean the same for every picture, size and network. It is a convention of this kit: `paper_weights` says
  which weights of the paper's equations it amounts to.
* "paper": Eq. 1 and Eq. 4 as printed, and TV: sums over all entries.
* "mean": C is Eq. 1 divided by N M, S_l is Eq. 4, TV is divided by the number of values, and the network is
  normalised to mean activation 1: there the published alpha and beta carry over.

Where the style picture has another number of positions than the painting, each Gram matrix is divided by its own M.
What is measured against is a picture of the batch's own: the photograph it is painted from. A texture, which has none,
is measured against the noise that it begins with, and a network in training against the mean of a few photographs.
A new kind of loss is a function here that returns a `Term`. Notebooks 02, 04 and 06 come to this step by step.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from stylekit.errors import InputError
from stylekit.losses import GramMatrix, content_loss, gram_matrix, style_layer_loss, total_variation
from stylekit.networks import FeatureNetwork, normalised
from stylekit.presets import BALANCED

CONTENT_LAYERS = BALANCED["content_layers"]
STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
SCALES = ("relative", "paper", "mean")
CONTENT_WEIGHT = BALANCED["content_weight"]
TV_WEIGHT = {"relative": 0.003, "paper": 0.0, "mean": 0.0}  # by scale: the paper's objective has no such term
TINY = 1e-12  # guards divisions by a loss or a response that is zero

Images = Float[Tensor, "B 3 H W"]
Layers = Iterable[str] | Mapping[str, float]
Value = Float[Tensor, " B"]
MoreTerms = Callable[[FeatureNetwork, Tensor, Tensor], Iterable["Term"]]  # of network, photographs, style pictures


@dataclass(frozen=True)
class Term:
    """One term of an objective: `measure` takes images and the responses F, (B, N, M), of `layers` to them.

    It is divided by `unit` and weighted by `weight`; `target` is what it compares F with (P, or a Gram matrix A).
    """

    name: str
    weight: float
    measure: Callable[[Tensor, Mapping[str, Tensor]], Value]
    layers: tuple[str, ...] = ()
    unit: Tensor | float = 1.0
    target: Tensor | None = None

    @property
    def kind(self) -> str:
        """The first word of its name: "content", "style", "tv"."""
        return self.name.split()[0]


class Objective:
    """Terms over one network: called with images it returns each term by name, and "total", one value per picture.

    Terms of weight 0 are left out, and no layer is computed that only they look at. Raises InputError where nothing is
    left to minimise.
    """

    def __init__(self, network: FeatureNetwork, terms: Iterable[Term]):
        self.network, self.terms = network, {term.name: term for term in terms if term.weight}
        if not self.terms:
            raise InputError("every weight is 0: there is nothing to minimise; give one above 0")
        self.layers = {layer for term in self.terms.values() for layer in term.layers}

    def __call__(self, images: Images) -> dict[str, Value]:
        F = responses(self.network, images, self.layers)
        values = {name: term.measure(images, F) / term.unit for name, term in self.terms.items()}
        return values | {"total": sum(term.weight * values[name] for name, term in self.terms.items())}


def responses(network: FeatureNetwork, images: Images, layers: Iterable[str]) -> dict[str, Float[Tensor, "B N M"]]:
    """Return each layer's responses to images as F, one row per filter, without copying them."""
    found = network.features(images, layers)  # (B, N, H, W), channels last in memory: rows of N numbers
    return {layer: f.permute(0, 2, 3, 1).flatten(1, 2).transpose(1, 2) for layer, f in found.items()}


def content_terms(
    network: FeatureNetwork,
    photographs: Images,
    layers: Layers,
    weight: float,
    scale: str = "relative",
    power: Mapping[str, Tensor] | None = None,
) -> list[Term]:
    """Return Eq. 1 for each layer: "content", or "content relu3_1" and so on where there are several.

    `power` is what mean P^2 is taken to be in the scale "relative", by layer; without it each photograph's own.
    """
    layers = layer_weights(layers)
    with torch.no_grad():
        targets = responses(network, photographs, layers)
    terms = []
    for layer, w in layers.items():
        P = targets[layer]
        entries = P.shape[-2] * P.shape[-1]
        own = P.square().mean(dim=(-2, -1)) if power is None else power[layer]
        unit = {"relative": entries * own.clamp(min=TINY), "paper": 1.0, "mean": float(entries)}[scale]
        name = "content" if len(layers) == 1 else f"content {layer}"
        measure = lambda images, F, layer=layer, P=P: content_loss(F[layer], P)  # noqa: E731
        terms.append(Term(name, weight * w, measure, (layer,), unit, P))
    return terms


def style_terms(
    network: FeatureNetwork,
    styles: Float[Tensor, "S 3 Hs Ws"] | Sequence[Float[Tensor, "S 3 _ _"]],
    layers: Layers,
    weight: float,
) -> list[Term]:
    """Return Eq. 4 for each layer, "style relu1_1" and so on; one style picture for the batch, or one for each.

    Of several sizes of the style picture the Gram matrices, each divided by its own M, are averaged.
    """
    layers, sizes = layer_weights(layers), [styles] if isinstance(styles, Tensor) else styles
    with torch.no_grad():
        targets = [responses(network, size, layers) for size in sizes]
    terms = []
    for layer, w in layers.items():
        A = sum(gram_matrix(F[layer]) / F[layer].shape[-1] for F in targets) / len(targets)
        measure = lambda images, F, layer=layer, A=A: style_layer_loss(F[layer], A, 1, GramMatrix.apply)  # noqa: E731
        terms.append(Term(f"style {layer}", weight * w, measure, (layer,), target=A))
    return terms


def scores(network: FeatureNetwork, terms: Sequence[Term], references: Images) -> list[Value]:
    """Return what terms say of the references, E_l: what S_l is divided by in the scale "relative"."""
    with torch.no_grad():
        F = responses(network, references, {layer for term in terms for layer in term.layers})
        return [term.measure(references, F).clamp(min=TINY) for term in terms]


def in_units(terms: Sequence[Term], units: Sequence[Tensor]) -> list[Term]:
    """Return the same terms, each divided by its unit."""
    return [replace(term, unit=unit) for term, unit in zip(terms, units, strict=True)]


def total_variation_term(weight: float, unit: Tensor | float, per_entry: bool = True) -> Term:
    """Return total variation, "tv", divided by the number of values of a picture, or (scale "paper") their sum."""
    entries = lambda images: images[0].numel() if per_entry else 1  # noqa: E731
    return Term("tv", weight, lambda images, F: total_variation(images) / entries(images), unit=unit)


def tv_unit(references: Images) -> Value:
    """Return the total variation per value of the references, by which the scale "relative" divides."""
    return (total_variation(references) / references[0].numel()).clamp(min=TINY)


def painting_objective(
    network: FeatureNetwork,
    content: Images,
    style: Float[Tensor, "S 3 Hs Ws"],
    *,
    reference: Images | None = None,
    content_layers: Layers = CONTENT_LAYERS,
    style_layers: Layers = STYLE_LAYERS,
    scale: str = "relative",
    content_weight: float = CONTENT_WEIGHT,
    style_weight: float = 1.0,
    tv_weight: float | None = None,
    more_terms: MoreTerms | None = None,
) -> Objective:
    """Return Eq. 7 of a painting: content, style and total variation in one of the three scales, and `more_terms`.

    `reference` is what the scale "relative" measures the style against, the photograph unless said; total variation is
    always measured against `content`. All images RGB in [0, 1].
    Raises InputError for weights, layers or a scale that make no sense.
    """
    if scale not in SCALES:
        raise InputError(f"scale must be one of {', '.join(SCALES)}, not {scale!r}")
    reference = content if reference is None else reference
    tv_weight = TV_WEIGHT[scale] if tv_weight is None else tv_weight
    check_weights(content_weight=content_weight, style_weight=style_weight, tv_weight=tv_weight)
    content_layers = layer_weights(content_layers) if content_weight else {}
    style_layers = layer_weights(style_layers) if style_weight else {}
    if scale == "mean":
        network = normalised(network, [content, style])
    relative = scale == "relative"
    terms = content_terms(network, content, content_layers, content_weight, scale)
    styles = style_terms(network, style, style_layers, style_weight)
    terms += in_units(styles, scores(network, styles, reference)) if relative else styles
    if not terms:
        raise InputError("content and style count nothing: there is nothing to minimise; give one a weight and a layer")
    smoothness = total_variation_term(tv_weight, tv_unit(content) if relative else 1.0, per_entry=scale != "paper")
    return Objective(network, [*terms, smoothness, *(more_terms(network, content, style) if more_terms else ())])


@dataclass(frozen=True)
class PaperWeights:
    """Weights of the paper's equations: alpha of Eq. 1, beta of Eq. 5, and w_l, which sum to 1.

    One value per picture, or one for all. They make of Eq. 1 to Eq. 7 as printed the same total as the objective, total
    variation aside.
    """

    alpha: Float[Tensor, "*B"]
    beta: Float[Tensor, "*B"]
    layers: dict[str, Float[Tensor, "*B"]]


def paper_weights(objective: Objective) -> PaperWeights:
    r"""Return what an objective's weights are in the paper's own equations: exact, for any scale (notebook A1).

    .. math:: \beta w_l^{paper} = \frac{\beta w_l}{E_l(\mathrm{photograph})} \qquad
       \alpha^{paper} = \frac{\alpha}{\sum_{ij} P_{ij}^2}

    for the scale "relative": the layers whose E_l the photograph has least of count most. The network of the scale
    "mean" is the normalised one. Raises InputError for an objective without content or style.
    """
    factors: dict[str, dict] = {"content": {}, "style": {}}
    for term in objective.terms.values():
        unit = torch.as_tensor(term.unit, dtype=torch.float64, device="cpu")
        factors.setdefault(term.kind, {}).update(dict.fromkeys(term.layers, term.weight / unit))
    if not factors["style"] or len(factors["content"]) != 1:
        raise InputError("the paper's weights are those of one content layer and of style layers: give both")
    beta = sum(factors["style"].values())
    (alpha,) = factors["content"].values()
    return PaperWeights(alpha, beta, {layer: value / beta for layer, value in factors["style"].items()})


def by_kind(terms: Iterable[Term], values: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the values of several layers as one: "content", "style" (their weighted mean, Eq. 5), "tv"."""
    kinds: dict[str, list[Term]] = {}
    for term in terms:
        kinds.setdefault(term.kind, []).append(term)
    return {
        kind: sum(t.weight * values[t.name] for t in same) / sum(t.weight for t in same) for kind, same in kinds.items()
    }


def layer_weights(layers: Layers) -> dict[str, float]:
    """Return the layers with a weight above zero and their weights, made to sum to 1; names alone weigh the same.

    Raises InputError for a bare name, which would be taken letter by letter, and for weights that make no sense.
    """
    if isinstance(layers, str):
        raise InputError(f"layers are several names, such as ({layers!r},), not the text {layers!r}")
    weights = dict(layers) if isinstance(layers, Mapping) else dict.fromkeys(layers, 1.0)
    if not all(isinstance(name, str) for name in weights):
        raise InputError(f"layers are names such as 'relu4_2', got {list(weights)}")
    total = sum(weights.values())
    if not all(math.isfinite(w) and w >= 0 for w in weights.values()) or (weights and total == 0):
        raise InputError(f"layer weights must be finite, not negative and not all zero, got {weights}")
    return {layer: w / total for layer, w in weights.items() if w > 0}


def check_weights(**weights: float) -> None:
    """Raise InputError unless every weight is a finite number, 0 or more; the names are those of the message."""
    for name, weight in weights.items():
        if not isinstance(weight, int | float) or not (math.isfinite(weight) and weight >= 0):
            raise InputError(f"{name} must be a finite number, 0 or more, got {weight!r}")
