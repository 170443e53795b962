"""Draw what is given: pictures side by side, maps of numbers, curves, tables. Nothing is computed here.

Every function but `table` returns a Drawing, which a notebook shows as the value of a cell: a matplotlib Figure that
pyplot no longer holds, with `alt`, what it shows in words, for those who cannot see it. Where no words are given, they
are the title and the names of what is drawn. Colours are those of Okabe and Ito, which colour-blind readers can tell
apart.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Float, Num
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from stylekit.images import LUMINANCE, to_array

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
Map = Float[Tensor, "_ _"] | Num[np.ndarray, "_ _"]


@dataclass(frozen=True)
class Drawing:
    """A Figure and what it shows in words: the alternative text of the picture in a notebook."""

    figure: Figure
    alt: str

    def savefig(self, file, **options) -> None:
        """Write the picture to a file, as matplotlib's Figure does."""
        self.figure.savefig(file, **options)

    def __repr__(self) -> str:
        return self.alt

    def _repr_mimebundle_(self, include=None, exclude=None):
        """Show the picture as HTML, the one form whose alternative text every reader shows, and as plain PNG."""
        png = io.BytesIO()
        self.figure.savefig(png, format="png", bbox_inches="tight", dpi=100)
        encoded = base64.b64encode(png.getvalue()).decode()
        image = f'<img alt="{html.escape(self.alt)}" src="data:image/png;base64,{encoded}">'
        bundle = {"text/plain": self.alt, "text/html": image, "image/png": encoded}
        return bundle, {"image/png": {"alt": self.alt}}


def strip(pictures: Mapping[str, Picture], title: str = "", height: float = 2.6, alt: str = "") -> Drawing:
    """Draw pictures side by side, each under its title; `height` is that of a picture in inches.

    Pictures are tensors of shape (1, 3, H, W) or arrays of shape (H, W, 3), RGB in [0, 1] (or 0..255 in uint8).
    Raises ValueError if there are none.
    """
    return grid({"": pictures}, title, height, alt)


def grid(rows: Mapping[str, Mapping[str, Picture]], title: str = "", height: float = 2.0, alt: str = "") -> Drawing:
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
    names = [f"{label}: {', '.join(row)}" if label else ", ".join(row) for label, row in rows.items()]
    return Drawing(figure, alt or _in_words(title, "; ".join(names)))


def maps(
    arrays: Mapping[str, Map],
    title: str = "",
    *,
    columns: int = 8,
    height: float = 1.5,
    signed: bool = False,
    shared: bool = False,
    alt: str = "",
) -> Drawing:
    """Draw arrays of numbers (H, W) as false-colour pictures, `columns` in a row, each under its title.

    `signed` centres the colours at 0 (purple below, orange above); else dark is the smallest and yellow the largest
    number. `shared` gives all of them one range of colours, drawn as a bar; else each has its own range.
    Raises ValueError if there are none.
    """
    if not arrays:
        raise ValueError("there is no map to draw: give at least one, by title")
    values = {name: np.asarray(array) for name, array in arrays.items()}
    columns = min(columns, len(values))
    rows = -(-len(values) // columns)
    widest = max(array.shape[1] / array.shape[0] for array in values.values())
    figure, axes = _figure(rows, columns, (columns * height * widest + shared, rows * (height + 0.3)), title)
    everything = np.concatenate([array.ravel() for array in values.values()])
    for ax in axes.flat:
        ax.set_axis_off()
    for ax, (name, array) in zip(axes.flat, values.items(), strict=False):
        low, high = _colour_range(everything if shared else array, signed)
        shown = ax.imshow(array, cmap="PuOr_r" if signed else "viridis", vmin=low, vmax=high, interpolation="nearest")
        ax.set_title(name, fontsize="small")
    if shared:
        figure.colorbar(shown, ax=axes, fraction=0.03)
    return Drawing(figure, alt or _in_words(title, ", ".join(values)))


def numbers(
    arrays: Mapping[str, Map],
    title: str = "",
    *,
    columns: int = 8,
    height: float = 1.5,
    signed: bool = False,
    alt: str = "",
) -> Drawing:
    """Draw small arrays of numbers as `maps` does, in one range of colours, with each number to two decimals."""
    drawing = maps(arrays, title, columns=columns, height=height, signed=signed, alt=alt)
    values = [np.asarray(array) for array in arrays.values()]
    limits = _colour_range(np.concatenate([array.ravel() for array in values]), signed)
    for ax, array in zip(drawing.figure.axes, values, strict=False):
        image = ax.images[0]
        image.set_clim(*limits)
        for (row, column), value in np.ndenumerate(array):
            bright = np.dot(image.cmap(image.norm(value))[:3], LUMINANCE) > 0.5
            style = {"color": "black" if bright else "white", "ha": "center", "va": "center", "fontsize": "small"}
            ax.text(column, row, f"{round(float(value), 2) + 0:g}", **style)  # + 0: no "-0"
    return drawing


def frames(
    picture: Picture,
    boxes: Mapping[str, tuple],
    title: str = "",
    height: float = 4.0,
    alt: str = "",
) -> Drawing:
    """Draw labelled rectangles (top, left, height, width), in pixels, over one picture."""
    array = _array(picture)
    figure, axes = _figure(1, 1, (height * array.shape[1] / array.shape[0] + 1.5, height), "")
    ax = axes[0, 0]
    _photograph(ax, array, title)
    ax.set_axis_off()
    for number, (name, (top, left, tall, wide)) in enumerate(boxes.items()):
        colour = COLOURS[1:][number % (len(COLOURS) - 1)]
        ax.add_patch(
            Rectangle((left - 0.5, top - 0.5), wide, tall, fill=False, edgecolor=colour, linewidth=2, label=name)
        )
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
    return Drawing(figure, alt or _in_words(title, ", ".join(boxes)))


def curves(
    lines: Mapping[str, tuple],
    title: str = "",
    xlabel: str = "",
    ylabel: str = "",
    log: str = "",
    alt: str = "",
) -> Drawing:
    """Draw curves by name, each a pair of x and y values; `log` names the logarithmic axes ("", "x", "y" or "xy")."""
    if not lines:
        raise ValueError("there is no curve to draw: give at least one, by name, as a pair of x and y values")
    figure, ax = _axes(title, xlabel, ylabel)
    if "x" in log:
        ax.set_xscale("log")
    if "y" in log:
        ax.set_yscale("log", nonpositive="mask")
    for number, (name, (x, y)) in enumerate(lines.items()):
        (line,) = ax.plot(x, y, label=name, color=COLOURS[number % len(COLOURS)])
        line.set_linestyle(STYLES[number // len(COLOURS) % len(STYLES)])
        line.set_marker("o" if len(x) <= 12 else "")
    ax.legend(frameon=False)
    return Drawing(figure, alt or _in_words(title, ", ".join(lines)))


def bars(
    values: Mapping[str, float | int], title: str = "", xlabel: str = "", log: bool = False, alt: str = ""
) -> Drawing:
    """Draw numbers by name as horizontal bars, the first on top, each with its number; `log` makes the axis so."""
    if not values:
        raise ValueError("there is no bar to draw: give at least one number, by name")
    figure, axes = _figure(1, 1, (7.5, 0.8 + 0.4 * len(values)), "")
    ax = axes[0, 0]
    ax.set_title(title)
    ax.set_xlabel(xlabel)
    ax.set_xscale("log" if log else "linear")
    ax.spines[["top", "right"]].set_visible(False)
    drawn = ax.barh(list(values), list(values.values()), color=COLOURS[2])
    ax.bar_label(drawn, fmt="%.4g", padding=3)
    ax.margins(x=0.12)
    ax.invert_yaxis()
    return Drawing(figure, alt or _in_words(title, ", ".join(f"{name} {value:.3g}" for name, value in values.items())))


def table(rows: Mapping[str, Mapping[str, object]], corner: str = "") -> str:
    """Return rows by name, each a mapping from column to entry, as text with aligned columns, to be printed.

    A float is written with three significant digits; a column that a row lacks stays empty.
    """
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    entry = lambda value: f"{value:.3g}" if isinstance(value, float) else str(value)  # noqa: E731
    cells = [
        [corner, *map(str, columns)],
        *([name, *(entry(row.get(c, "")) for c in columns)] for name, row in rows.items()),
    ]
    widths = [max(len(line[c]) for line in cells) for c in range(len(columns) + 1)]
    aligned = [[line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])] for line in cells]
    aligned.insert(1, ["-" * width for width in widths])
    return "\n".join("  ".join(line).rstrip() for line in aligned)


def loss_curves(steps: Iterable, title: str = "The losses as the painting goes on", alt: str = "") -> Drawing:
    """Draw each loss term of a run of Steps against the evaluations of the objective, on a logarithmic axis.

    A dotted vertical line stands where a new scale begins; values that are not above zero leave a gap.
    Raises ValueError if there are no steps.
    """
    steps = list(steps)
    if not steps:
        raise ValueError("there are no steps to draw: collect them first, as in steps = list(stylise(...))")
    figure, ax = _axes(title, "evaluations of the objective", "loss (logarithmic)")
    ax.set_yscale("log", nonpositive="mask")
    _draw_terms(ax, steps)
    _mark_scales(ax, steps)
    _label_curves(ax)
    return Drawing(figure, alt or _in_words(title, ", ".join(steps[0].losses)))


def _array(picture: Picture) -> np.ndarray:
    return to_array(picture) if isinstance(picture, Tensor) else picture


def _figure(rows: int, columns: int, size: tuple[float, float], title: str) -> tuple[Figure, np.ndarray]:
    figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False, layout="constrained")
    plt.close(figure)  # or a notebook would show it twice, and pyplot would keep it for ever
    if title:
        figure.suptitle(title)
    return figure, axes


def _axes(title: str, xlabel: str, ylabel: str) -> tuple[Figure, Axes]:
    figure, axes = _figure(1, 1, (7.5, 4.2), "")
    ax = axes[0, 0]
    ax.set(title=title, xlabel=xlabel, ylabel=ylabel)
    ax.spines[["top", "right"]].set_visible(False)
    return figure, ax


def _in_words(title: str, names: str) -> str:
    return f"{title}: {names}" if title else names


def _colour_range(values: np.ndarray, signed: bool) -> tuple[float, float]:
    if signed:
        largest = float(np.abs(values).max()) or 1.0  # nothing but 0 is drawn in the middle colour
        return -largest, largest
    return float(values.min()), float(values.max())


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
