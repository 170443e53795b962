r"""Content reconstruction, texture from noise and style transfer: each a few lines over losses and optimise.

The objective, with content_weight, style_weight and tv_weight in front and :math:`\sum_l w_l = 1`, is

.. math:: \alpha C + \beta \sum_l w_l S_l + \gamma TV

in one of three scales, composed here and nowhere else:

* "relative": C, with means over all entries, and S_l are ratios, and TV is divided by that of the reference:

  .. math:: C = \frac{1}{2} \frac{\mathrm{mean}\,(F - P)^2}{\mathrm{mean}\,P^2} \qquad
     S_l = \frac{E_l(x)}{E_l(\mathrm{reference})}

  The reference is the photograph: S_l is 1 there, and weights mean the same for every picture, size and network.
* "paper": Eq. 1 and Eq. 4 as printed, and TV: sums over all entries.
* "mean": C is Eq. 1 divided by N M, S_l is Eq. 4, TV is divided by the number of values, and the network is
  normalised to mean activation 1: there the published alpha and beta carry over.

Where the style picture has another number of positions than the painting, each Gram matrix is divided by its own M.
Notebooks 02 (reconstruction), 05 (texture) and 06 (style transfer) come to this step by step.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator, Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from stylekit.errors import InputError
from stylekit.images import resize_image
from stylekit.losses import GramMatrix, content_loss, gram_matrix, style_layer_loss, style_loss, total_variation
from stylekit.networks import LossNetwork, normalised
from stylekit.optimise import Step, minimise

CONTENT_LAYERS = ("relu4_2",)
STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
SCALES = ("relative", "paper", "mean")
COARSEST = 128  # pixels of the longer side: painting starts at this size or up to twice as large
CONTENT_WEIGHT = 0.05  # against a style weight of 1, in the scale "relative"
STEPS = 80  # evaluations of the objective at each size
TV_WEIGHT = {"relative": 0.001, "paper": 0.0, "mean": 0.0}  # by scale: the paper's objective has no such term
SMALLEST = 1e-12  # guards divisions by a loss or a response that is zero

Image = Float[Tensor, "1 3 H W"]


def stylise(
    content: Image,
    style: Float[Tensor, "1 3 Hs Ws"],
    network: LossNetwork,
    *,
    content_weight: float = CONTENT_WEIGHT,
    style_weight: float = 1.0,
    tv_weight: float | None = None,
    content_layers: Iterable[str] | Mapping[str, float] = CONTENT_LAYERS,
    style_layers: Iterable[str] | Mapping[str, float] = STYLE_LAYERS,
    scale: str = "relative",
    init: str = "content",
    sizes: Iterable[int] | None = None,
    steps: int = STEPS,
    optimiser: str = "lbfgs",
    seed: int = 0,
) -> Iterator[Step]:
    """Paint the content picture in the manner of the style picture, coarse to fine (Gatys 2015 and CVPR 2016, Eq. 7).

    Notebook 06 derives it. Yields Steps whose images grow through `sizes` (longer side in pixels; by default halvings
    of the content's own size). `steps` counts the objective's evaluations at each size. Layers are names, or names with
    weights w_l. Total variation, no part of the paper, is weighted 0.001 in the scale "relative" and 0 in the others
    unless said. `init` is "content", "noise" or "style"; later sizes start from the painting so far. At each size the
    style picture is resized to the same longer side. Raises ValueError for weights, layers or names that make no sense.
    """
    weights = {"content_weight": content_weight, "style_weight": style_weight, "tv_weight": tv_weight}
    if tv_weight is None:
        weights["tv_weight"] = TV_WEIGHT.get(scale, 0.0)
    _check(weights, scale, init)
    content, style = content.to(network.mean.device), style.to(network.mean.device)
    if scale == "mean":
        network = normalised(network, [content, style])
    painting, spent = None, (0, 0.0)
    for index, size in enumerate(sizes or coarse_to_fine(max(content.shape[-2:]))):
        photograph, exemplar = resize_image(content, size), resize_image(style, size)
        if painting is None:
            painting = _start(init, photograph, exemplar, seed)
        else:
            painting = resize_image(painting, tuple(photograph.shape[-2:]))
        objective = Objective(network, photograph, exemplar, photograph, content_layers, style_layers, scale, **weights)
        for step in minimise(painting, objective, steps, optimiser):
            step = _after(step, spent, index)
            yield step
        painting, spent = step.image.clamp(0, 1), (step.evaluations, step.seconds)


def reconstruct(
    content: Image, network: LossNetwork, layer: str, *, steps: int = 200, optimiser: str = "lbfgs", seed: int = 0
) -> Iterator[Step]:
    """Rebuild a photograph from one layer's response to it, from white noise (Gatys 2015, Fig. 1; notebook 02)."""
    content = content.to(network.mean.device)
    weights = {"content_weight": 1.0, "style_weight": 0.0, "tv_weight": 0.0}
    objective = Objective(network, content, content, content, (layer,), (), "relative", **weights)
    yield from minimise(_start("noise", content, content, seed), objective, steps, optimiser)


def synthesise_texture(
    style: Image,
    network: LossNetwork,
    layers: Iterable[str] | Mapping[str, float] = STYLE_LAYERS,
    *,
    steps: int = 200,
    optimiser: str = "lbfgs",
    seed: int = 0,
) -> Iterator[Step]:
    """Make a picture from white noise with the style's Gram matrices (Gatys 2015, Fig. 1, top row)."""
    style = style.to(network.mean.device)
    start = _start("noise", style, style, seed)
    weights = {"content_weight": 0.0, "style_weight": 1.0, "tv_weight": 0.0}
    objective = Objective(network, style, style, start, (), layers, "relative", **weights)
    yield from minimise(start, objective, steps, optimiser)


def coarse_to_fine(size: int) -> list[int]:
    """Return the sizes to paint at: halvings of `size`, the coarsest below twice COARSEST, in growing order."""
    sizes = [size]
    while sizes[0] >= 2 * COARSEST:
        sizes.insert(0, round(sizes[0] / 2))
    return sizes


class Objective:
    """The loss terms of a painting by name: "content", "style relu1_1" ..., "tv" where weighted, and "total"."""

    def __init__(
        self,
        network: LossNetwork,
        content: Image,
        style: Float[Tensor, "1 3 Hs Ws"],
        reference: Image,
        content_layers: Iterable[str] | Mapping[str, float],
        style_layers: Iterable[str] | Mapping[str, float],
        scale: str,
        *,
        content_weight: float,
        style_weight: float,
        tv_weight: float,
    ):
        self.network, self.scale, self.tv_weight = network, scale, tv_weight
        self.content_weight, self.style_weight = content_weight, style_weight
        self.content_layers = layer_weights(content_layers) if content_weight else {}
        self.style_layers = layer_weights(style_layers) if style_weight else {}
        with torch.no_grad():
            self.P = _responses(network, content, self.content_layers)
            responses = _responses(network, style, self.style_layers)
            self.A = {layer: gram_matrix(F) for layer, F in responses.items()}
            self.M_style = {layer: F.shape[-1] for layer, F in responses.items()}
            self.unit = self._units(reference)
            tv = total_variation(reference).clamp(min=SMALLEST)
            self.tv_unit = {"relative": tv, "paper": 1, "mean": reference.numel()}[scale]

    def _units(self, reference):
        """Return what each layer's S_l is divided by."""
        if self.scale != "relative":
            return dict.fromkeys(self.style_layers, 1.0)
        responses = _responses(self.network, reference, self.style_layers)
        return {layer: self._style(F, layer).clamp(min=SMALLEST) for layer, F in responses.items()}

    def __call__(self, image: Image) -> dict[str, Tensor]:
        responses = _responses(self.network, image, self.content_layers | self.style_layers)
        content = sum(w * self._content(responses[layer], layer) for layer, w in self.content_layers.items())
        styles = {layer: self._style(responses[layer], layer) / self.unit[layer] for layer in self.style_layers}
        terms = {"content": content} if self.content_layers else {}
        terms |= {f"style {layer}": S for layer, S in styles.items()}
        total = self.content_weight * content
        if styles:
            total = total + self.style_weight * style_loss(list(styles.values()), list(self.style_layers.values()))
        if self.tv_weight:
            terms["tv"] = total_variation(image) / self.tv_unit
            total = total + self.tv_weight * terms["tv"]
        terms["total"] = total
        return {name: term.sum() for name, term in terms.items()}

    def _content(self, F, layer):
        P = self.P[layer]
        entries = {"relative": P.square().sum().clamp(min=SMALLEST), "paper": 1, "mean": F.shape[-2] * F.shape[-1]}
        return content_loss(F, P) / entries[self.scale]

    def _style(self, F, layer):
        return style_layer_loss(F, self.A[layer], self.M_style[layer], gram=GramMatrix.apply)


def layer_weights(layers: Iterable[str] | Mapping[str, float]) -> dict[str, float]:
    """Return the layers with a weight above zero and their weights, made to sum to 1; names alone weigh the same."""
    weights = dict(layers) if isinstance(layers, Mapping) else dict.fromkeys(layers, 1.0)
    total = sum(weights.values())
    if not all(math.isfinite(w) and w >= 0 for w in weights.values()) or (weights and total == 0):
        raise InputError(f"layer weights must be finite, not negative and not all zero, got {weights}")
    return {layer: w / total for layer, w in weights.items() if w > 0}


def _responses(network, image, layers):
    """Return each layer's response to one image as F, (N, M), without copying it."""
    responses = network.features(image, layers)  # (1, N, H, W), channels last in memory: rows of N numbers
    return {layer: f.permute(0, 2, 3, 1).flatten(0, 2).T for layer, f in responses.items()}  # (M, N) -> (N, M)


def _start(init, photograph, exemplar, seed):
    """Return the picture to start from, in the photograph's shape."""
    if init == "noise":
        generator = torch.Generator().manual_seed(seed)
        return torch.rand(photograph.shape, generator=generator).to(photograph)
    if init == "style":
        return resize_image(exemplar, tuple(photograph.shape[-2:]))
    return photograph


def _after(step, spent, index):
    evaluations, seconds = spent
    return dataclasses.replace(
        step, evaluations=step.evaluations + evaluations, seconds=step.seconds + seconds, scale=index
    )


def _check(weights, scale, init):
    for name, weight in weights.items():
        if not (math.isfinite(weight) and weight >= 0):
            raise InputError(f"{name} must be a finite number, 0 or more, got {weight}")
    if not (weights["content_weight"] or weights["style_weight"]):
        raise InputError("content_weight and style_weight are both 0: there is nothing to minimise")
    if scale not in SCALES:
        raise InputError(f"scale must be one of {', '.join(SCALES)}, not {scale!r}")
    if init not in ("content", "noise", "style"):
        raise InputError(f"init must be content, noise or style, not {init!r}")
