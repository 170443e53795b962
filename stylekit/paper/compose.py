"""Panels put together as the paper puts them: labels, ratios along the top, layers down the side."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from stylekit import figures
from stylekit.errors import InputError
from stylekit.files import write_whole
from stylekit.images import load_image
from stylekit.paper.panels import Panel, csv_text
from stylekit.paper.recipes import stand_ins
from stylekit.paper.sources import FIGURES
from stylekit.transfer import steps_at

DPI = 200
WIDTH, TALLEST = 11.0, 2.6  # inches of a figure, and of a panel in it
INSET = 128  # pixels of the style picture in the corner of a plate


def compose(panels: Iterable[Panel], width: float = WIDTH, alt: str = "") -> figures.Drawing:
    """Draw the panels of one figure in its layout, `width` inches wide or less. Raises InputError for those of two."""
    panels = list(panels)
    names = {panel.recipe.figure for panel in panels}
    if len(names) != 1:
        raise InputError(f"expected the panels of one figure, got those of {sorted(names) or 'none'}")
    figure = FIGURES[names.pop()]
    title, caption = f"{figure.title} ({figure.source})", _caption(panels)
    widest = max(p.image.shape[-1] / p.image.shape[-2] for p in panels)
    height = lambda columns: min(TALLEST, width / columns / widest)  # noqa: E731
    words = {"alt": alt, "caption": caption}
    if figure.layout == "plates":
        inset = lambda p: load_image(p.recipe.style, INSET) if p.recipe.method == "stylise" else None  # noqa: E731
        plates = {p.recipe.column: (p.image, inset(p)) for p in panels}
        return figures.plates(plates, title, height=height(2), **words)
    rows: dict[str, dict] = {}
    for p in panels:
        rows.setdefault(p.recipe.row, {})[p.recipe.column] = p.image
    return figures.grid(rows, title, height(max(map(len, rows.values()))), **words)


def write_figure(panels: Sequence[Panel], folder: Path) -> list[Path]:
    """Write the composed figure as PNG and PDF and the course of all losses as losses.csv; return the three paths."""
    name = panels[0].recipe.figure
    drawing = compose(panels)
    written = []
    for suffix in ("png", "pdf"):
        content = io.BytesIO()
        drawing.savefig(content, format=suffix, dpi=DPI, bbox_inches="tight")
        written.append(folder / f"{name}.{suffix}")
        write_whole(written[-1], content.getvalue())
    rows = [{"panel": p.recipe.panel} | row for p in panels for row in csv.DictReader(io.StringIO(p.course))]
    written.append(folder / "losses.csv")
    write_whole(written[-1], csv_text(rows).encode())
    return written


def _caption(panels):
    """Say with what the panels were painted, and what stands in for what."""
    last = panels[-1].recipe
    sizes, counts = (", ".join(map(str, each)) for each in (last.sizes, steps_at(last.sizes, last.steps)))
    words = [f"Network: {Path(last.network).name}; sizes: {sizes} pixels; {counts} evaluations"]
    if last.method == "stylise":
        factor = last.content_weight / last.published
        weight = "α/β" if math.isclose(factor, 1) else f"{factor:g} α/β"
        words.append(f"Content weight: {weight}, in the scale '{last.scale}'")
    notes = stand_ins(p.recipe for p in panels)
    return ". ".join([*words, *(["Shown here: " + ", ".join(notes)] if notes else [])]) + "."
