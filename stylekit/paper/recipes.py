"""The figures as data: which picture, which layers, which weights, and where that is written.

A figure is a list of panels, and a panel is a `Recipe`. Each figure has two variants: "paper" (the papers' pictures,
VGG-19) and "offline" (the pictures and the network that ship with the kit). Layers bear the kit's names: the papers'
"conv4_2" is `relu4_2` (see `networks`).

How a panel is painted follows from the kind of network (`networks.NETWORKS`), also where a file holds its weights.
VGG: as published, from white noise at the full size, with the published alpha / beta in the scale "mean", the one in
which it carries over. The compact network paints coarse to fine in the scale "relative".
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from stylekit.errors import InputError
from stylekit.images import check_size
from stylekit.networks import spec_of
from stylekit.objective import CONTENT_LAYERS, STYLE_LAYERS, TV_WEIGHT
from stylekit.paper.measurements import MEASURED, Measurement, measurements
from stylekit.paper.sources import CAST, CVPR4_RATIOS, FIG2, FIG3_RATIOS, FIGURES, check_figure
from stylekit.transfer import coarse_to_fine, steps_at

VARIANTS = {  # the network and the longer side in pixels, unless said otherwise
    "offline": {"network": "compact", "size": 256},
    "paper": {"network": "vgg19", "size": 512},
}
PHOTOGRAPH = "the photograph"
STARRY, COMPOSITION, JESUITEN = ((PHOTOGRAPH, name) for name in ("Starry Night", "Composition VII", "Jesuiten III"))
PAINTED = ("stylise", "reconstruct", "texture")  # the methods that descend; "content" and "style" show what goes in


@dataclass(frozen=True)
class Recipe:
    """Everything that makes one panel of a figure.

    `method` is "stylise", "reconstruct" (content alone, from one layer), "texture" (style alone, from a set of layers),
    "content" or "style" (the picture itself, nothing is painted). `published` is alpha / beta as printed;
    `content_weight` and `style_weight` are what it becomes in `scale`. `sizes` are longer sides in pixels; `steps` are
    evaluations at each, at the finest of several half of them. `row` and `column` are labels in the composed figure,
    `note` says what stands in for what.
    """

    figure: str
    panel: str
    row: str = field(compare=False)
    column: str = field(compare=False)
    method: str
    content: str
    style: str
    source: str = field(compare=False)
    variant: str = field(default="offline", compare=False)
    originals: bool = field(default=False, compare=False)
    content_layers: tuple[str, ...] = CONTENT_LAYERS
    style_layers: tuple[str, ...] = STYLE_LAYERS
    published: float = 1e-3
    init: str = "noise"
    seed: int = 0
    network: str = "compact"
    scale: str = "relative"
    content_weight: float = 0.1
    style_weight: float = 1.0
    tv_weight: float = 0.0
    sizes: tuple[int, ...] = ()
    steps: int = 1
    note: str = field(default="", compare=False)

    @property
    def evaluations(self) -> int:
        """The number of evaluations the panel may take in all."""
        return sum(steps_at(self.sizes, self.steps)) if self.method in PAINTED else 0


def recipes(
    figure: str | None = None,
    variant: str = "offline",
    *,
    network: str | None = None,
    size: int | None = None,
    steps: int | None = None,
    originals: bool = False,
) -> list[Recipe] | list[Measurement] | list[Recipe | Measurement]:
    """Return the recipes of a figure, or of all figures: what is painted, then what is measured.

    The variant gives the pictures, the network and the size, the network the manner of painting. `originals` takes, in
    the variant "paper", also pictures whose copyright is unclear. Raises InputError for arguments that make no sense.
    """
    if variant not in VARIANTS:
        raise InputError(f"the variant must be one of {', '.join(VARIANTS)}, not {variant!r}")
    if figure in MEASURED:
        return measurements(figure)
    if figure is not None:
        check_figure(figure)
    if steps is not None and steps < 1:
        raise InputError(f"steps must be 1 or more evaluations, got {steps}")
    size = VARIANTS[variant]["size"] if size is None else size
    check_size(size)
    asked = {"network": network or VARIANTS[variant]["network"], "variant": variant, "originals": originals}
    spec = spec_of(asked["network"])
    painted = []
    for name in FIGURES if figure is None else [figure]:
        common = asked | {"figure": name, "source": FIGURES[name].source}
        cast = (_cast(dataclasses.replace(panel, **common), spec) for panel in _PANELS[name])
        painted += [_painted_by(spec.manner, recipe, size, steps) for recipe in cast]
    return painted if figure else [*painted, *(m for name in MEASURED for m in measurements(name))]


def stand_ins(recipes: Iterable[Recipe]) -> list[str]:
    """Return what stands in for what in these recipes, each sentence once."""
    return list(dict.fromkeys(note for recipe in recipes for note in recipe.note.split("; ") if note))


def _cast(recipe, spec):
    """Put pictures in place of the parts, layers that the network has in place of those it lacks, and say so."""
    played, notes = {}, []
    for place in ("content", "style"):
        part = getattr(recipe, place)
        offline, shown, original = CAST[part]
        shown = original if recipe.originals and original else shown
        played[place] = offline if recipe.variant == "offline" else shown
        if played[place] != original:
            notes.append(f"{played[place]} in place of {part}")
    if spec.blocks[4] < 2 and "relu5_2" in recipe.content_layers:  # it ends at relu5_1, as the compact one does
        played |= {"content_layers": ("relu5_1",), "column": recipe.column.replace("relu5_2", "relu5_1")}
        notes.append("relu5_1 in place of relu5_2")
    return dataclasses.replace(recipe, note="; ".join(notes), **played)


def _painted_by(manner, recipe, size, steps):
    """Fill in what the network's manner decides."""
    sizes = coarse_to_fine(size, manner.coarsest) if manner.coarsest else [size]
    return dataclasses.replace(
        recipe,
        scale=manner.scale,
        content_weight={"reconstruct": 1.0, "texture": 0.0}.get(recipe.method, manner.factor * recipe.published),
        style_weight=0.0 if recipe.method == "reconstruct" else 1.0,
        tv_weight=TV_WEIGHT[manner.scale],
        sizes=tuple(sizes),
        steps=steps or manner.steps,
    )


def _panel(name, method, pictures, column=None, row="", **settings):
    """Return a panel, under its own name unless `column` says otherwise; `recipes` fills in what all of them share."""
    return Recipe("", name, row, column or name, method, *pictures, "", **settings)


def _given(pictures):
    """Return the two pictures that go in, as panels."""
    return [_panel("photograph", "content", pictures), _panel("style", "style", pictures)]


def _rebuilt(pictures, content_layers):
    """Return reconstructions: style from growing sets of layers above, content from one layer each below."""
    style = [_panel("style", "style", pictures, "what goes in", "style")]
    content = [_panel("photograph", "content", pictures, "what goes in", "content")]
    for count, (letter, layer) in enumerate(zip("abcde", content_layers, strict=True), start=1):
        last, layers = STYLE_LAYERS[count - 1], {"style_layers": STYLE_LAYERS[:count], "content_layers": ()}
        style.append(_panel(f"style-{last}", "texture", pictures, f"{letter}: {last}", "style", **layers))
        layers = {"style_layers": (), "content_layers": (layer,)}
        content.append(_panel(f"content-{layer}", "reconstruct", pictures, f"{letter}: {layer}", "content", **layers))
    return style + content


def _in_five_styles(edition):
    """Return one photograph (A) in five styles (B to F), each with its ratio."""
    painted = [_panel(name, "stylise", (PHOTOGRAPH, it), published=ratios[edition]) for name, it, *ratios in FIG2]
    return [_panel("A", "content", STARRY), *painted]


def _by_layers_and_ratios(pictures):
    """Return paintings, more style layers downwards, more content to the right."""
    panels = []
    for count, layer in enumerate(STYLE_LAYERS, start=1):
        row, layers = layer if count == 1 else f"+ {layer}", STYLE_LAYERS[:count]
        for r in FIG3_RATIOS:
            settings = {"style_layers": layers, "published": r}
            panels.append(_panel(f"{layer}-{r:.0e}", "stylise", pictures, power_of_ten(r), row, **settings))
    return panels


def _one_painting(pictures, ratio):
    return [*_given(pictures), _panel("painting", "stylise", pictures, published=ratio)]


def power_of_ten(ratio: float) -> str:
    """Return alpha / beta as it is written above a column: 0.001 is 10 to the -3."""
    return rf"$\alpha/\beta = 10^{{{round(math.log10(ratio))}}}$"


_PANELS = {
    "fig1": _rebuilt(STARRY, ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")),
    "fig2": _in_five_styles(0),
    "fig3": _by_layers_and_ratios(COMPOSITION),
    "cvpr1": _rebuilt(STARRY, ("relu1_2", "relu2_2", "relu3_2", "relu4_2", "relu5_2")),
    "cvpr3": _in_five_styles(1),
    "cvpr4": _given(COMPOSITION)
    + [_panel(f"{r:.0e}", "stylise", COMPOSITION, power_of_ten(r), published=r) for r in CVPR4_RATIOS],
    "cvpr5": _given(JESUITEN)
    + [_panel(layer, "stylise", JESUITEN, content_layers=(layer,)) for layer in ("relu2_2", "relu4_2")],
    "cvpr6": [_panel(f"from-{init}", "stylise", STARRY, f"from the {init}", init=init) for init in ("content", "style")]
    + [_panel(f"from-noise-{n}", "stylise", STARRY, f"noise, seed {n}", seed=n) for n in range(4)],
    "cvpr7": _one_painting(("London", "New York by night"), 3e-3),
    "slides1": _one_painting(("the landscape", "The Scream"), 1e-3),
    "slides2": _one_painting(("the dancer", "the Picasso"), 5e-3),
}
