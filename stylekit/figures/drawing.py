"""What every drawing is made of: a figure that pyplot no longer holds, its words, its colours."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterable
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from stylekit.errors import InputError

# Those of Okabe and Ito without their yellow, which is pale on white.
COLOURS = ("#000000", "#D55E00", "#0072B2", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")


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
        image = f'<img alt="{html.escape(self.alt)}" src="data:image/png;base64,{encoded}" style="max-width: 100%">'
        bundle = {"text/plain": self.alt, "text/html": image, "image/png": encoded}
        return bundle, {"image/png": {"alt": self.alt}}


def new_figure(rows: int, columns: int, size: tuple[float, float], title: str) -> tuple[Figure, np.ndarray]:
    figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False, layout="constrained")
    plt.close(figure)  # or a notebook would show it twice, and pyplot would keep it for ever
    if title:
        figure.suptitle(title)
    return figure, axes


def new_panels(
    arrays: Iterable[np.ndarray],
    rows: int,
    columns: int,
    height: float,
    title: str,
    wider: float | int,
    higher: float | int,
) -> tuple[Figure, np.ndarray]:
    """Return a figure with places without ticks for the arrays, each `height` inches high and as wide as the widest.

    The figure is `wider` and `higher` than that, in inches, for words.
    """
    widest = max(array.shape[1] / array.shape[0] for array in arrays)
    figure, axes = new_figure(rows, columns, (columns * height * widest + wider, rows * height + higher), title)
    for ax in axes.flat:
        ax.set_axis_off()
    return figure, axes


def new_axes(title: str, xlabel: str, ylabel: str, height: float = 4.2) -> tuple[Figure, Axes]:
    figure, axes = new_figure(1, 1, (7.5, height), "")
    ax = axes[0, 0]
    ax.set(title=title, xlabel=xlabel, ylabel=ylabel)
    ax.spines[["top", "right"]].set_visible(False)
    return figure, ax


def check_any(things: object, kind: str) -> None:
    if not things:
        raise InputError(f"there is no {kind} to draw: give at least one, by name")


def in_words(title: str, names: str) -> str:
    return f"{title}: {names}" if title else names
