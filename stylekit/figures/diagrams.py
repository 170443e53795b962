"""Boxes with words or pictures in them, and arrows between them: how the parts of a system hang together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Patch

from stylekit.errors import InputError
from stylekit.figures.drawing import COLOURS, Drawing, check_any, in_words, new_figure
from stylekit.figures.pictures import Picture, as_array

UNIT = 0.75  # inches: a diagram twelve units wide is as wide as a page
MARGIN = 0.15  # units around all boxes
PALE = 0.15  # of a box's colour in its filling; the rest is white
BELOW = 0.4  # units below a picture, and above a frame's edge, for its words
LETTERS = 10.5  # points: read from the last row when the diagram is as wide as the screen


@dataclass(frozen=True)
class Box:
    """A box around (x, y), x to the right and y up, in units: its words, its size, and a colour of COLOURS.

    A picture (1, 3, H, W) or (H, W, 3) fills it, and its words stand below. A `frame` lies behind the other boxes, with
    its words at its lower edge.
    """

    x: float | int
    y: float | int
    text: str
    width: float | int = 1.1
    height: float | int = 0.8
    colour: int = 0
    picture: Picture | None = None
    frame: bool = False


@dataclass(frozen=True)
class Arrow:
    """An arrow from one box to another, by name, upright or level where the boxes overlap that way.

    `back` marks what goes against the stream, such as a gradient: dashed, in orange, leaving to the side and arriving
    from above or below, with its words after the turn.
    """

    start: str
    end: str
    text: str = ""
    back: bool = False


def diagram(boxes: Mapping[str, Box], arrows: Iterable[Arrow], title: str = "", alt: str = "") -> Drawing:
    """Draw boxes by name and the arrows between them; the drawing is as large as the boxes need.

    Raises ValueError where there is no box, and for an arrow from or to a box that is not there.
    """
    check_any(boxes, "box")
    arrows = list(arrows)
    unknown = {name for arrow in arrows for name in (arrow.start, arrow.end)} - boxes.keys()
    if unknown:
        raise InputError(f"arrows go to boxes that are not there: {sorted(unknown)}; the boxes are {list(boxes)}")
    figure, ax = _canvas(boxes.values(), title)
    patches = {name: _draw_box(ax, box) for name, box in boxes.items()}
    for arrow in arrows:
        _draw_arrow(ax, arrow, boxes, patches)
    return Drawing(figure, alt or in_words(title, ", ".join(box.text.replace("\n", " ") for box in boxes.values())))


def _canvas(boxes, title):
    """Return a figure and axes on which all lengths are in units."""
    left = min(box.x - box.width / 2 for box in boxes) - MARGIN
    right = max(box.x + box.width / 2 for box in boxes) + MARGIN
    bottom = min(box.y - box.height / 2 - BELOW * (box.picture is not None) for box in boxes) - MARGIN
    top = max(box.y + box.height / 2 for box in boxes) + MARGIN
    figure, axes = new_figure(1, 1, (UNIT * (right - left), UNIT * (top - bottom) + 0.35 * bool(title)), title)
    ax = axes[0, 0]
    ax.set(xlim=(left, right), ylim=(bottom, top), aspect="equal", autoscale_on=False)
    ax.set_axis_off()
    return figure, ax


def _draw_box(ax: Axes, box: Box) -> Patch:
    colour = COLOURS[box.colour]
    pale = [1 - PALE * (1 - part) for part in to_rgb(colour)]
    left, bottom = box.x - box.width / 2, box.y - box.height / 2
    shape = "square,pad=0" if box.picture is not None else "round,pad=0,rounding_size=0.1"
    patch = FancyBboxPatch((left, bottom), box.width, box.height, boxstyle=shape, facecolor=pale, edgecolor=colour)
    patch.set(linewidth=0.8 if box.frame else 1.6, zorder=0 if box.frame else 1)
    ax.add_patch(patch)
    style = {"ha": "center", "va": "center", "fontsize": LETTERS, "linespacing": 1.3}
    if box.frame:
        ax.text(box.x, bottom + BELOW / 2, box.text, **style)
    elif box.picture is None:
        ax.text(box.x, box.y, box.text, **style)
    else:
        extent = (left, left + box.width, bottom, bottom + box.height)
        limits = ax.axis()
        ax.imshow(as_array(box.picture), extent=extent, zorder=2)
        ax.axis(limits)  # imshow has cut them to the picture
        ax.text(box.x, bottom - BELOW / 2, box.text, **style)
    return patch


def _draw_arrow(ax: Axes, arrow: Arrow, boxes: Mapping[str, Box], patches: Mapping[str, Patch]) -> None:
    start, end = _ends(boxes[arrow.start], boxes[arrow.end])
    colour = COLOURS[1] if arrow.back else "0.25"
    drawn = FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=14, linewidth=1.6, color=colour, zorder=3)
    drawn.set(patchA=patches[arrow.start], patchB=patches[arrow.end], linestyle="--" if arrow.back else "-")
    drawn.set_connectionstyle("angle,angleA=0,angleB=90,rad=22" if arrow.back else "arc3")
    ax.add_patch(drawn)
    if arrow.text:
        x, y = (end[0] + 0.3, start[1]) if arrow.back else ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
        ax.text(x, y + 0.1, arrow.text, ha="left" if arrow.back else "center", fontsize=LETTERS, color=colour)


def _ends(start: Box, end: Box) -> tuple[tuple, tuple]:
    """Return the (x, y) where an arrow begins and ends: the boxes' middles, the narrower one's where they overlap."""
    narrow, low = min(start, end, key=lambda box: box.width), min(start, end, key=lambda box: box.height)
    if abs(start.x - end.x) < max(start.width, end.width) / 2:
        return (narrow.x, start.y), (narrow.x, end.y)
    if abs(start.y - end.y) < max(start.height, end.height) / 2:
        return (start.x, low.y), (end.x, low.y)
    return (start.x, start.y), (end.x, end.y)
