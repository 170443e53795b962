"""A browser of feature maps: a layer, a filter of it, where that filter responds most, and what it sees there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import ipywidgets
import matplotlib
import numpy as np
import torch
from jaxtyping import Float, Num, UInt8
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from stylekit import figures
from stylekit.errors import InputError
from stylekit.figures.arrays import colour_range
from stylekit.figures.drawing import COLOURS
from stylekit.images import fit, to_pil
from stylekit.networks import LossNetwork, receptive_field
from stylekit.ui.html import SHOWN, View, announced, captioned, labelled, picture_html, sharp_html, wrapping

STRONGEST = 4  # positions of a map that are framed
ENLARGED = 120  # pixels of the screen: the longer side of a patch
PRINTED = 192  # pixels of the picture in an exported page
MARKS = COLOURS[1:]  # of the frames: without black, which is lost on a dark picture
LETTERS = 15  # pixels: the number beside a frame


@dataclass(frozen=True)
class Spot:
    """A position of a feature map, and the response there."""

    row: int
    column: int
    response: float


def strongest(responses: Float[Tensor, "H W"], apart: int, count: int = STRONGEST) -> list[Spot]:
    """Return the positions of the largest responses above 0, the largest first, of equals the first in reading order.

    Each is at least `apart` rows or `apart` columns away from every one before it: neighbours see almost the same.
    """
    left, spots = responses.cpu().numpy().copy(), []
    while len(spots) < count and left.max() > 0:
        row, column = map(int, np.unravel_index(left.argmax(), left.shape))
        spots.append(Spot(row, column, float(left[row, column])))
        left[max(0, row - apart + 1) : row + apart, max(0, column - apart + 1) : column + apart] = 0
    return spots


class FeatureBrowser(View):
    """The feature map of one filter, the picture with the map's strongest positions framed, and these enlarged.

    A layer that is chosen begins with its loudest filter (of the largest mean), as does `channel` None. The responses
    of one layer are kept at a time. Raises ValueError for a layer or a channel that the network does not have, and for
    a layer for which the image is too small.
    """

    def __init__(
        self, network: LossNetwork, image: Float[Tensor, "1 3 H W"], layer: str = "relu1_1", channel: int | None = None
    ):
        self.network, self.image = network, image.to(network.mean.device)
        self._respond(layer)
        last = len(self.responses) - 1
        if channel is not None and not 0 <= channel <= last:
            raise InputError(f"{layer} has filters 0 to {last}; got channel {channel!r}")
        chosen = self._loudest() if channel is None else channel
        shortest = min(image.shape[-2:])  # layers are offered that have at least one position
        layers = [name for name in network.layers if receptive_field(network, name).distance <= shortest]
        self.layer = labelled(ipywidgets.SelectionSlider, "layer", options=layers, value=layer)
        self.layer.continuous_update = False  # each layer that is passed would be computed
        self.channel = labelled(ipywidgets.IntSlider, "filter", min=0, max=last, value=chosen)
        self.map, self.picture, self.patches, self.text = (ipywidgets.HTML() for _ in range(4))
        pictures = wrapping(self.map, self.picture)
        self.view = ipywidgets.VBox([self.layer, self.channel, self.text, pictures, self.patches])
        self.layer.observe(self._change_layer, "value")
        self.channel.observe(self._show, "value")
        self._show()

    @property
    def spots(self) -> list[Spot]:
        """The strongest positions of the map whose patches do not overlap."""
        apart = -(-self.field.side // self.field.distance)  # positions, rounded up
        return strongest(self.responses[self.channel.value], apart)

    @property
    def signed(self) -> bool:
        """Whether the map is of either sign: a pre-activation."""
        return self.layer.value.startswith("conv")

    def _respond(self, layer):
        """Compute the responses (N, H, W) of a layer, in place of those of another."""
        with torch.no_grad():
            self.responses = self.network.features(self.image, [layer])[layer][0]
        self.field = receptive_field(self.network, layer)

    def _loudest(self):
        return self.responses.mean(dim=(1, 2)).argmax().item()

    def _change_layer(self, change):
        self._respond(change.new)
        self.channel.unobserve(self._show, "value")  # or the old number would be shown in between
        self.channel.max = len(self.responses) - 1
        self.channel.value = self._loudest()
        self.channel.observe(self._show, "value")
        self._show()

    def _show(self, change=None):
        name, values = f"filter {self.channel.value} of {self.layer.value}", self.responses[self.channel.value]
        alt = f"Feature map of {name}, {map_words(values, self.signed)}"
        self.map.value = captioned(sharp_html(coloured(values, self.signed), alt, SHOWN), f"Map of {name}")
        spots = self.spots
        boxes = [self.field.box(spot.row, spot.column) for spot in spots]
        picture = picture_html(framed(self.image, boxes, SHOWN), framed_words(name, boxes))
        self.picture.value = captioned(picture, f"What {name} sees where it is strongest")
        self.patches.value = "".join(self._patch(number, spot) for number, spot in enumerate(spots, start=1))
        self.text.value = announced(self._words(spots))

    def _patch(self, number, spot):
        alt = f"Patch {number}, enlarged: what row {spot.row}, column {spot.column} of the map sees"
        patch = np.asarray(to_pil(self.field.patch(self.image, spot.row, spot.column)))
        caption = f"{number}: row {spot.row}, column {spot.column}<br>response {spot.response:.3g}"
        return captioned(sharp_html(patch, alt, ENLARGED), caption)

    def _words(self, spots):
        name = f"{self.layer.value}, filter {self.channel.value} of 0 to {self.channel.max}"
        if not spots:
            return f"{name}: silent, nowhere in this picture is it above 0."
        side, words = self.field.side, map_words(self.responses[self.channel.value], self.signed)
        return f"{name}: {words}. Framed: where it is strongest; each position sees {side} x {side} pixels."

    def _still(self) -> figures.Drawing:
        """Draw the map, the picture with its frames, and the patches."""
        spots, name = self.spots, f"{self.layer.value}, filter {self.channel.value}"
        boxes = [self.field.box(spot.row, spot.column) for spot in spots]
        shown = {name: coloured(self.responses[self.channel.value], self.signed)}
        shown["where it is strongest"] = np.asarray(framed(self.image, boxes, PRINTED))
        for number, spot in enumerate(spots, start=1):
            patch = self.field.patch(self.image, spot.row, spot.column)
            shown[f"{number}: {spot.response:.3g}"] = np.asarray(to_pil(patch))
        alt = f"The feature browser without its controls. {self._words(spots)}"
        return figures.maps(shown, "Feature browser: its controls work in Jupyter", columns=3, height=1.2, alt=alt)


def map_words(values: Float[Tensor, "H W"], signed: bool = False) -> str:
    """Return in words what a map holds: its range, its colours, how much of it is above 0."""
    colours = "purple below 0, white at 0, orange above" if signed else "dark to yellow"
    above = f"above 0 at {100 * (values > 0).double().mean().item():.0f} % of {' x '.join(map(str, values.shape))}"
    return f"from {values.min().item():.3g} to {values.max().item():.3g} ({colours}), {above} positions"


def coloured(
    values: Num[Tensor, "H W"], signed: bool = False, largest: float | None = None
) -> UInt8[np.ndarray, "H W 3"]:
    """Return a map in the colours of `figures.maps`: dark to yellow; signed, purple below 0 and orange above.

    With `largest`, dark is 0 and yellow that number, whatever the map holds.
    """
    array = values.detach().cpu().double().numpy()
    low, high = (0, largest) if largest is not None else colour_range([array], signed)
    part = (array - low) / (high - low) if high > low else np.full(array.shape, signed / 2)
    return (matplotlib.colormaps["PuOr_r" if signed else "viridis"](part)[..., :3] * 255).round().astype(np.uint8)


def framed_words(name: str, boxes: Sequence[tuple[int, int, int, int]]) -> str:
    """Return the alternative text of a picture with frames: how many, and where they are."""
    if not boxes:
        return f"The picture without a frame: {name} is silent"
    places = [
        f"{number} at row {top + tall // 2}, column {left + wide // 2}"
        for number, (top, left, tall, wide) in enumerate(boxes, start=1)
    ]
    return f"The picture with the patches framed where {name} is strongest: {', '.join(places)}"


def framed(image: Float[Tensor, "1 3 H W"], boxes: Sequence[tuple], size: int) -> Image.Image:
    """Return an image, its longer side `size` pixels, with numbered frames around boxes (top, left, height, width)."""
    height, width = fit(*image.shape[-2:], size)
    picture = to_pil(image).resize((width, height))
    pen, scale = ImageDraw.Draw(picture), size / max(image.shape[-2:])
    font = ImageFont.load_default(LETTERS)
    places = [[round(side * scale) for side in (left, top, left + wide, top + tall)] for top, left, tall, wide in boxes]
    for number, (x, y, right, bottom) in enumerate(places, start=1):
        pen.rectangle((x - 3, y - 3, right + 2, bottom + 2), outline="white", width=3)
        pen.rectangle((x - 2, y - 2, right + 1, bottom + 1), outline=MARKS[(number - 1) % len(MARKS)], width=2)
    for number, (x, y, _, _) in reversed(list(enumerate(places, start=1))):  # the first on top of the others
        corner = (min(max(x - 3, 0), width - LETTERS), min(max(y - LETTERS - 5, 0), height - LETTERS - 2))
        pen.rectangle((*corner, corner[0] + 11, corner[1] + LETTERS + 1), fill="white")
        pen.text((corner[0] + 2, corner[1]), str(number), fill="black", font=font)
    return picture
