"""Draw what is given: pictures side by side, grids of pictures, curves of losses. Nothing is computed here.

Every function returns a matplotlib Figure that pyplot no longer holds: a notebook shows it once, as the value of a
cell. Colours are those of Okabe and Ito, which colour-blind readers can tell apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Float, Num
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from stylekit.images import to_array

COLOURS = (
    "#000000",
    "#D55E00",
    "#0072B2",
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#E69F00",
)  # without their yellow, pale on white
STYLES = ("-", "--", ":")  # an eighth curve takes the first colour again, dashed
LABEL_GAP = 0.055  # between the labels of two curves, as a part of the axes' height

Picture = Float[Tensor, "1 3 _ _"] | Num[np.ndarray, "_ _ 3"]


def strip(pictures: Mapping[str, Picture], title: str = "", height: float = 2.6) -> Figure:
    """Draw pictures side by side, each under its title; `height` is that of a picture in inches.

    Pictures are tensors of shape (1, 3, H, W) or arrays of shape (H, W, 3), RGB in [0, 1] (or 0..255 in uint8).
    Raises ValueError if there are none.
    """
    return grid({"": pictures}, title, height)


def grid(rows: Mapping[str, Mapping[str, Picture]], title: str = "", height: float = 2.0) -> Figure:
    """Draw rows of pictures: `rows` maps a row's label to its pictures by title; `height` is that of a row in inches.

    A title that repeats the one above it is written once, at the top. Raises ValueError if a row is empty.
    """
    if not rows or not all(rows.values()):
        raise ValueError("there is no picture to draw: give at least one in each row, by title")
    arrays = [[_array(picture) for picture in row.values()] for row in rows.values()]
    titles = [list(row) for row in rows.values()]
    columns = max(len(row) for row in arrays)
    widest = max(array.shape[1] / array.shape[0] for row in arrays for array in row)  # width / height
    size = (columns * height * widest, len(arrays) * (height + 0.3) + (0.4 if title else 0))
    figure, axes = _figure(len(arrays), columns, size, title)
    for ax in axes.flat:
        ax.set_axis_off()
    for r, (label, row) in enumerate(zip(rows, arrays, strict=True)):
        for c, array in enumerate(row):
            above = titles[r - 1][c : c + 1] if r else []
            _photograph(axes[r, c], array, titles[r][c] if above != titles[r][c : c + 1] else "")
        if label:
            axes[r, 0].text(-0.04, 0.5, label, transform=axes[r, 0].transAxes, ha="right", va="center", rotation=90)
    return figure


def loss_curves(steps: Iterable, title: str = "The losses as the painting goes on") -> Figure:
    """Draw each loss term of a run of Steps against the evaluations of the objective, on a logarithmic axis.

    A dotted vertical line stands where a new scale begins; values that are not above zero leave a gap.
    Raises ValueError if there are no steps.
    """
    steps = list(steps)
    if not steps:
        raise ValueError("there are no steps to draw: collect them first, as in steps = list(stylise(...))")
    figure, axes = _figure(1, 1, (7.5, 4.2), "")
    ax = axes[0, 0]
    ax.set_title(title)
    ax.set_yscale("log", nonpositive="mask")
    ax.set_xlabel("evaluations of the objective")
    ax.set_ylabel("loss (logarithmic)")
    ax.spines[["top", "right"]].set_visible(False)
    _draw_terms(ax, steps)
    _mark_scales(ax, steps)
    _label_curves(ax)
    return figure


def _array(picture: Picture) -> np.ndarray:
    return to_array(picture) if isinstance(picture, Tensor) else picture


def _figure(rows: int, columns: int, size: tuple[float, float], title: str) -> tuple[Figure, np.ndarray]:
    figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False, layout="constrained")
    plt.close(figure)  # or a notebook would show it twice, and pyplot would keep it for ever
    if title:
        figure.suptitle(title)
    return figure, axes


def _photograph(ax: Axes, array: np.ndarray, title: str) -> None:
    ax.imshow(array)
    ax.set_title(title, fontsize="medium")


def _draw_terms(ax: Axes, steps: list) -> None:
    evaluations = [step.evaluations for step in steps]
    for number, term in enumerate(sorted(steps[0].losses, key=lambda term: term != "total")):  # "total" first
        values = [step.losses[term] for step in steps]
        (line,) = ax.plot(evaluations, values, label=term, linewidth=2.5 if term == "total" else 1.5)
        line.set_color(COLOURS[number % len(COLOURS)])
        line.set_linestyle(STYLES[number // len(COLOURS) % len(STYLES)])
        line.set_marker("o" if len(steps) == 1 else "")


def _mark_scales(ax: Axes, steps: list) -> None:
    for before, after in pairwise(steps):
        if after.scale != before.scale:
            place = {"transform": ax.get_xaxis_transform(), "va": "top", "color": "0.4", "fontsize": "small"}
            ax.axvline(after.evaluations, color="0.5", linestyle=":", linewidth=1)
            ax.text(after.evaluations, 1, f" scale {after.scale}", **place)


def _label_curves(ax: Axes) -> None:
    """Write each curve's name at its end, in its colour, moved up where the label below leaves too little room."""
    ax.margins(x=0.01, y=0.08)
    low, high = np.log(ax.get_ylim())
    ends = {line: [value for value in line.get_ydata() if value > 0] for line in ax.lines if line.get_label()[0] != "_"}
    heights = {line: (np.log(values[-1]) - low) / (high - low) if values else 0.0 for line, values in ends.items()}
    room = -LABEL_GAP
    for line in sorted(heights, key=heights.get):
        room = max(heights[line], room + LABEL_GAP)
        ax.text(1.01, room, line.get_label(), transform=ax.transAxes, color=line.get_color(), va="center")
