"""What was painted once and ships with the kit: panels as JPEG, with recipe, losses, time and machine beside them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from stylekit.assets import data_folder
from stylekit.errors import AssetError
from stylekit.files import write_whole
from stylekit.images import jpeg_bytes, load_image
from stylekit.paper.panels import Panel, panel
from stylekit.paper.sources import check_figure

QUALITY = 88  # of a stored JPEG: a panel takes about 30 kB
INDEX = "panels.json"


def store(panels: Sequence[Panel], folder: Path) -> None:
    """Write the panels of one figure into `folder`/NAME: a JPEG each, and panels.json with all that belongs to them."""
    target = folder / panels[0].recipe.figure
    target.mkdir(parents=True, exist_ok=True)
    facts = {p.recipe.panel: p.facts() for p in panels}
    for p in panels:
        write_whole(target / f"{p.recipe.panel}.jpg", jpeg_bytes(p.image, QUALITY))
    write_whole(target / INDEX, (json.dumps(facts, indent=1) + "\n").encode())


def stored(figure: str, folder: Path | None = None) -> dict[str, Panel]:
    """Return the stored panels of a figure by name (default: those that ship with the kit).

    Raises ValueError for an unknown figure, and AssetError if it was never stored.
    """
    check_figure(figure)
    source = (folder or data_folder() / "results") / figure
    if not (source / INDEX).is_file():
        raise AssetError(f"no panels of {figure} are stored in {source}: run make figures in a checkout of the kit")
    facts = json.loads((source / INDEX).read_text(encoding="utf-8"))
    return {name: panel(entry, load_image(source / f"{name}.jpg")) for name, entry in facts.items()}


def expected(figure: str) -> dict[str, dict[str, float]]:
    """Return the final loss terms of a figure's small panels by name (see tools/make_figures.py)."""
    path = data_folder() / "expected" / f"{figure}.json"
    return json.loads(path.read_text(encoding="utf-8"))
