"""What a visitor of the studio may ask for."""

from __future__ import annotations

from dataclasses import dataclass

from stylekit.presets import BALANCED

METHODS = {
    "paint": "Descends to a picture with the style's Gram matrices, as the paper does: a minute or less.",
    "instant": "One pass of a network that was trained for some styles, which mix: a moment, and films too.",
    "quilt": "Lays pieces of the style picture itself, as before networks.",
}
COLOURS = {"style": "none", "photograph": "keep", "matched": "match"}
NETWORKS = ("compact", "vgg19", "vgg16")
SIZES = (128, 192, 256, 384, 512, 768)
CONTENT_LAYERS = ("relu1_2", "relu2_2", "relu3_1", "relu4_2")
STYLE_SIZES = (0.5, 0.75, 1.0, 1.5, 2.0)


@dataclass(frozen=True)
class StudioSettings:
    """Everything that makes a result, apart from the pictures themselves: those are named by their keys.

    `content_weight` stands against a style weight of 1 in the scale "relative", and is that of the `content_layers`;
    `size` is the longer side in pixels, `style_size` that of the style picture, as a multiple of the painting's;
    `colour` is a mode of `stylekit.colour`; `steps` are evaluations of the objective at each size, half at the finest.

    The last three are for "instant" alone: `mix_with` is a second style, or "", and `share` how much of it there is in
    the mixture; `strength` is 1 for the painting, 0 for the photograph. Both are from 0 to 1.
    """

    photograph: str
    style: str
    method: str = "paint"
    network: str = "compact"
    content_weight: float = BALANCED["content_weight"]
    content_layers: tuple[str, ...] = BALANCED["content_layers"]
    style_size: float = 1.0
    size: int = 256
    steps: int = 80
    colour: str = "none"
    seed: int = 0
    mix_with: str = ""
    share: float | int = 0.5
    strength: float | int = 1.0


def mixture(style: str, mix_with: str, share: float | int) -> dict[str, float]:
    """Return the share of each style, as `load_transformer` takes them; without a second style the first is all."""
    if mix_with in ("", style):
        return {style: 1.0}
    rest = round(1.0 - share, 6)  # a recipe says 0.45, not 0.44999999999999996
    return {style: rest, mix_with: float(share)}
