"""Arrays of numbers: as false-colour pictures, with the numbers in them, and as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float, Int, Num
from torch import Tensor

from stylekit.colour import LUMINANCE
from stylekit.errors import InputError
from stylekit.figures.drawing import COLOURS, Drawing, check_any, in_words, new_panels

Map = Float[Tensor, "_ _"] | Num[np.ndarray, "_ _ *colours"]


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
    check_any(arrays, "map")
    values = {name: np.asarray(array) for name, array in arrays.items()}
    columns = min(columns, len(values))
    rows = -(-len(values) // columns)
    figure, axes = new_panels(values.values(), rows, columns, height, title, shared, rows * 0.3)
    for ax, (name, array) in zip(axes.flat, values.items(), strict=False):
        low, high = colour_range(list(values.values()) if shared else [array], signed)
        shown = ax.imshow(array, cmap="PuOr_r" if signed else "viridis", vmin=low, vmax=high, interpolation="nearest")
        ax.set_title(name, fontsize="small")
    if shared:
        figure.colorbar(shown, ax=axes, fraction=0.03)
    return Drawing(figure, alt or in_words(title, ", ".join(values)))


def numbers(arrays: Mapping[str, Map], title: str = "", *, signed: bool = False, **options) -> Drawing:
    """Draw small arrays of numbers as `maps` does, in one range of colours, with each number to two decimals."""
    drawing = maps(arrays, title, signed=signed, **options)
    values = [np.asarray(array) for array in arrays.values()]
    limits = colour_range(values, signed)
    for ax, array in zip(drawing.figure.axes, values, strict=False):
        image = ax.images[0]
        image.set_clim(*limits)
        for (row, column), value in np.ndenumerate(array):
            bright = np.dot(image.cmap(image.norm(value))[:3], LUMINANCE) > 0.5
            style = {"color": "black" if bright else "white", "ha": "center", "va": "center", "fontsize": "small"}
            ax.text(column, row, f"{round(float(value), 2) + 0:g}", **style)  # + 0: no "-0"
    return drawing


def cuts(
    panels: Mapping[str, tuple[Num[np.ndarray, "_ _ *colours"], Int[np.ndarray, " n"] | None]],
    title: str = "",
    *,
    height: float = 2.0,
    alt: str = "",
) -> Drawing:
    """Draw pictures (H, W, 3) and arrays of numbers (H, W) side by side, over each its cut, if it has one.

    A cut holds a column for each row: the line runs left of that column's pixel. Raises ValueError if there are no
    panels, and for a cut that has not one column for each row.
    """
    check_any(panels, "panel")
    arrays = [array for array, _ in panels.values()]
    figure, axes = new_panels(arrays, 1, len(panels), height, title, 0, 0.3 + bool(title) * 0.35)
    for ax, (name, (array, cut)) in zip(axes[0], panels.items(), strict=True):
        ax.imshow(array, cmap="viridis", interpolation="nearest")
        ax.set_title(name, fontsize="small")
        if cut is not None:
            if len(cut) != len(array):
                raise InputError(f"a cut has a column for each row: {name!r} has {len(array)} rows, its cut {len(cut)}")
            x, y = np.repeat(cut, 2) - 0.5, np.repeat(np.arange(len(cut) + 1), 2)[1:-1] - 0.5
            ax.plot(x, y, color="white", linewidth=4)
            ax.plot(x, y, color=COLOURS[1], linewidth=2)
    return Drawing(figure, alt or in_words(title, ", ".join(panels)))


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


def colour_range(arrays: Sequence[np.ndarray], signed: bool) -> tuple[float, float]:
    """Return the numbers that have the first and the last colour."""
    low, high = float(min(array.min() for array in arrays)), float(max(array.max() for array in arrays))
    largest = max(-low, high) or 1.0  # nothing but 0 is drawn in the middle colour
    return (-largest, largest) if signed else (low, high)
