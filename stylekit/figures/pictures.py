"""Pictures side by side, in a grid, and with frames on them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain, pairwise
from textwrap import wrap

import numpy as np
from jaxtyping import Float, Num
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from stylekit.figures.drawing import COLOURS, Drawing, check_any, in_words, new_panels
from stylekit.images import to_array

CAPTION_LETTERS = 14  # of the caption in an inch

Picture = Float[Tensor, "1 3 _ _"] | Num[np.ndarray, "_ _ 3"]
Plate = tuple[Picture, Picture | None]


def strip(pictures: Mapping[str, Picture], title: str = "", height: float = 2.6, alt: str = "") -> Drawing:
    """Draw pictures side by side, each under its title; `height` is that of a picture in inches.

    Pictures are tensors of shape (1, 3, H, W) or arrays of shape (H, W, 3), RGB in [0, 1] (or 0..255 in uint8).
    Raises ValueError if there are none.
    """
    return grid({"": pictures}, title, height, alt)


def grid(
    rows: Mapping[str, Mapping[str, Picture]], title: str = "", height: float = 2.0, alt: str = "", caption: str = ""
) -> Drawing:
    """Draw rows of pictures: `rows` maps a row's label to its pictures by title; `height` is that of a row in inches.

    A title that repeats the one above it is written once, at the top; the caption stands below, in small letters.
    Raises ValueError if a row is empty.
    """
    check_any(rows and all(rows.values()), "picture")
    arrays = [[as_array(picture) for picture in row.values()] for row in rows.values()]
    titles = [list(row) for row in rows.values()]
    columns = max(len(row) for row in arrays)
    titled = 1 + sum(above != row for above, row in pairwise(titles))
    words = any(rows) * 0.5, titled * 0.25 + bool(title) * 0.35  # inches beside and above the pictures
    figure, axes = new_panels(chain(*arrays), len(arrays), columns, height, title, *words)
    for r, (label, row) in enumerate(zip(rows, arrays, strict=True)):
        for c, array in enumerate(row):
            above = titles[r - 1][c : c + 1] if r else []
            _photograph(axes[r, c], array, titles[r][c] if above != titles[r][c : c + 1] else "")
        if label:
            axes[r, 0].text(-0.04, 0.5, label, transform=axes[r, 0].transAxes, ha="right", va="center", rotation=90)
    _write_caption(figure, caption)
    names = [f"{label}: {', '.join(row)}" if label else ", ".join(row) for label, row in rows.items()]
    return Drawing(figure, alt or in_words(title, "; ".join(names)))


def plates(
    pictures: Mapping[str, Plate], title: str = "", height: float = 2.6, alt: str = "", caption: str = ""
) -> Drawing:
    """Draw pictures by letter, two in a row, each with a second one small in its corner, as in Fig. 2 of Gatys (2015).

    `pictures` maps a letter to the picture and its inset, or to the picture and None. Raises ValueError if there are
    none.
    """
    check_any(pictures, "picture")
    large = [as_array(picture) for picture, _ in pictures.values()]
    figure, axes = new_panels(large, -(-len(large) // 2), 2, height, title, 0, bool(title) * 0.35)
    for ax, array, (letter, (_, inset)) in zip(axes.flat, large, pictures.items(), strict=False):
        _photograph(ax, array, "")
        ax.text(-0.02, 1, letter, transform=ax.transAxes, ha="right", va="top", fontsize="x-large", weight="bold")
        if inset is not None:
            _inset(ax, as_array(inset), array.shape[1] / array.shape[0])
    _write_caption(figure, caption)
    return Drawing(figure, alt or in_words(title, ", ".join(pictures)))


def _inset(ax: Axes, array: np.ndarray, aspect: float) -> None:
    """Put a picture into the lower left corner, at most a third as high and as wide as the axes, in a white frame."""
    width = min(0.33, 0.33 * array.shape[1] / array.shape[0] / aspect)
    corner = ax.inset_axes((0, 0, width, width * aspect * array.shape[0] / array.shape[1]))
    corner.imshow(array)
    corner.set(xticks=[], yticks=[])
    for side in corner.spines.values():
        side.set(color="white", linewidth=2)


def _write_caption(figure: Figure, caption: str) -> None:
    if caption:
        width = int(figure.get_figwidth() * CAPTION_LETTERS)
        figure.supxlabel("\n".join(wrap(caption, width)), fontsize="small", x=0.02, ha="left")


def frames(
    picture: Picture, boxes: Mapping[str, tuple], title: str = "", height: float = 4.0, alt: str = ""
) -> Drawing:
    """Draw labelled rectangles (top, left, height, width), in pixels, over one picture."""
    array = as_array(picture)
    figure, axes = new_panels([array], 1, 1, height, "", 1.5, 0)
    ax = axes[0, 0]
    _photograph(ax, array, title)
    for number, (name, (top, left, tall, wide)) in enumerate(boxes.items()):
        style = {"edgecolor": COLOURS[1:][number % (len(COLOURS) - 1)], "linewidth": 2, "fill": False}
        ax.add_patch(Rectangle((left - 0.5, top - 0.5), wide, tall, label=name, **style))
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
    return Drawing(figure, alt or in_words(title, ", ".join(boxes)))


def as_array(picture: Picture) -> np.ndarray:
    return to_array(picture) if isinstance(picture, Tensor) else picture


def _photograph(ax: Axes, array: np.ndarray, title: str) -> None:
    ax.imshow(array)
    ax.set_title(title, fontsize="medium")
