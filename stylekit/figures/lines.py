"""Curves, bars, and the curves of a run of Steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes

from stylekit.errors import InputError
from stylekit.figures.drawing import COLOURS, Drawing, check_any, in_words, new_axes

STYLES = ("-", "--", ":")
LABEL_GAP = 0.055  # between the labels of two curves, as a part of the axes' height


def curves(
    lines: Mapping[str, tuple], title: str = "", xlabel: str = "", ylabel: str = "", log: str = "", alt: str = ""
) -> Drawing:
    """Draw curves by name, each a pair of x and y values; `log` names the logarithmic axes ("", "x", "y" or "xy")."""
    check_any(lines, "curve")
    figure, ax = new_axes(title, xlabel, ylabel)
    if "x" in log:
        ax.set_xscale("log")
    if "y" in log:
        ax.set_yscale("log", nonpositive="mask")
    for number, (name, (x, y)) in enumerate(lines.items()):
        ax.plot(x, y, label=name, marker="o" if len(x) <= 12 else "", **_style(number))
    ax.legend(frameon=False)
    return Drawing(figure, alt or in_words(title, ", ".join(lines)))


def contours(
    x: np.ndarray,
    y: np.ndarray,
    heights: np.ndarray,
    levels: Iterable[float | int],
    paths: Mapping[str, tuple],
    title: str = "",
    xlabel: str = "",
    ylabel: str = "",
    alt: str = "",
) -> Drawing:
    """Draw the contour lines of heights, (len(y), len(x)), at `levels`, and paths by name, pairs of x and y values.

    Both axes have one scale, so that steepest descent crosses the lines at right angles, and end where x and y do.
    Raises ValueError where heights have another shape.
    """
    if np.shape(heights) != (len(y), len(x)):
        raise InputError(
            f"heights must have a row for each of the {len(y)} values of y and a column for each of the {len(x)} of x; "
            f"got shape {np.shape(heights)}"
        )
    figure, ax = new_axes(title, xlabel, ylabel)
    ax.contour(x, y, heights, levels=list(levels), colors="0.75", linewidths=1)
    for number, (name, (across, up)) in enumerate(paths.items(), start=1):
        colour = COLOURS[number % len(COLOURS)]
        ax.plot(across, up, label=name, color=colour, marker="o", markersize=4, linewidth=1.5)
    ax.set(xlim=(x[0], x[-1]), ylim=(y[0], y[-1]), aspect="equal")
    if paths:
        figure.legend(loc="outside lower center", ncols=len(paths), frameon=False)
    return Drawing(figure, alt or in_words(title, ", ".join(paths)))


def bars(
    values: Mapping[str, float | int], title: str = "", xlabel: str = "", log: bool = False, alt: str = ""
) -> Drawing:
    """Draw numbers by name as horizontal bars, the first on top, each with its number; `log` makes the axis so."""
    check_any(values, "bar")
    figure, ax = new_axes(title, xlabel, "", 0.8 + 0.4 * len(values))
    ax.set_xscale("log" if log else "linear")
    drawn = ax.barh(list(values), list(values.values()), color=COLOURS[2])
    ax.bar_label(drawn, fmt="%.4g", padding=3)
    ax.margins(x=0.12)
    ax.invert_yaxis()
    return Drawing(figure, alt or in_words(title, ", ".join(f"{name} {value:.3g}" for name, value in values.items())))


def loss_curves(steps: Iterable, title: str = "The losses as the painting goes on", alt: str = "") -> Drawing:
    """Draw each loss term of a run of Steps against the evaluations of the objective, on a logarithmic axis.

    A dotted vertical line stands where a new scale begins; values that are not above zero leave a gap.
    Raises ValueError if there are no steps.
    """
    steps = list(steps)
    if not steps:
        raise InputError("there are no steps to draw: collect them first, as in steps = list(stylise(...))")
    figure, ax = new_axes(title, "evaluations of the objective", "loss (logarithmic)")
    ax.set_yscale("log", nonpositive="mask")
    _draw_terms(ax, steps)
    _mark_scales(ax, steps)
    _label_curves(ax)
    return Drawing(figure, alt or in_words(title, ", ".join(steps[0].losses)))


def _draw_terms(ax: Axes, steps: list) -> None:
    evaluations = [step.evaluations for step in steps]
    for number, term in enumerate(sorted(steps[0].losses, key=lambda term: term != "total")):  # "total" first
        values, width = [step.losses[term] for step in steps], 2.5 if term == "total" else 1.5
        ax.plot(evaluations, values, label=term, linewidth=width, marker="o" * (len(steps) == 1), **_style(number))


def _style(number: int) -> dict[str, str]:
    """Return what tells the curve of this number from the others: an eighth takes the first colour again, dashed."""
    return {"color": COLOURS[number % len(COLOURS)], "linestyle": STYLES[number // len(COLOURS) % len(STYLES)]}


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
