"""One panel: paint it, write it with its recipe and its losses, read it again; and those that ship with the kit."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from stylekit.assets import data_folder, open_picture
from stylekit.errors import AssetError, InputError
from stylekit.files import LOSSES, RECIPE, versions, write_whole
from stylekit.images import jpeg_bytes, load_image, picture_hash, png_bytes, read_metadata
from stylekit.networks import LossNetwork, weights_hash
from stylekit.optimise import Step
from stylekit.paper.recipes import Recipe
from stylekit.paper.sources import check_figure
from stylekit.transfer import reconstruct, stylise, synthesise_texture

KEEP = 5  # of this many Steps one goes into the record of the losses, besides the first and the last of each size
KEPT = ("losses", "evaluations", "seconds", "machine")  # of a panel, beside its recipe and its inputs
QUALITY = 88  # of a stored JPEG: a panel takes about 30 kB
INDEX = "panels.json"  # beside the stored JPEGs of a figure: recipe, losses, time and machine of each


@dataclass(frozen=True)
class Inputs:
    """The sha256 of what a panel is made from: both pictures and the weights of the network."""

    content: str
    style: str
    weights: str


def inputs(recipe: Recipe, network: LossNetwork) -> Inputs:
    """Return the hashes of a recipe's pictures and of its network. Raises AssetError where a picture cannot be had."""
    content, style = (picture_hash(open_picture(name)) for name in (recipe.content, recipe.style))
    return Inputs(content, style, weights_hash(network))


def paint(recipe: Recipe, network: LossNetwork) -> Iterator[Step]:
    """Return the Steps of a panel; for a panel that shows a picture as it is, one Step without losses."""
    size = recipe.sizes[-1]
    content, style = load_image(recipe.content, size), load_image(recipe.style, size)
    settings = {name: getattr(recipe, name) for name in ("tv_weight", "scale", "sizes", "steps", "seed")}
    if recipe.method == "reconstruct":
        return reconstruct(content, network, *recipe.content_layers, **settings)
    if recipe.method == "texture":
        return synthesise_texture(style, network, recipe.style_layers, **settings)
    if recipe.method == "stylise":
        names = ("content_weight", "style_weight", "content_layers", "style_layers", "init")
        return stylise(content, style, network, **settings, **{name: getattr(recipe, name) for name in names})
    return iter([Step({"content": content, "style": style}[recipe.method], {}, 0, 0.0)])


class Record:
    """What is kept of a panel's Steps: the last one, and the losses of every fifth and of the last at each size."""

    def __init__(self):
        self.rows: list[dict] = []
        self.last: Step | None = None
        self.count = 0

    def add(self, step: Step) -> None:
        if self.count and (self.count - 1) % KEEP and self.last.scale == step.scale:
            self.rows.pop()  # the one before is neither a fifth nor the last of its size
        place = {"scale": step.scale, "evaluations": step.evaluations, "seconds": round(step.seconds, 3)}
        self.rows.append(place | step.losses)
        self.last, self.count = step, self.count + 1


def csv_text(rows: Sequence[dict]) -> str:
    """Return rows as comma-separated values; what a row lacks is empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(dict.fromkeys(name for row in rows for name in row)), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def machine(device: torch.device | str) -> str:
    """Return the kind of machine, the device that was used, and the number of threads, in words."""
    device = torch.device(device)
    names = {"cuda": torch.cuda.get_device_name, "mps": lambda _: "Apple GPU"}
    used = names[device.type](device) if device.type in names else "no GPU"
    return f"{platform.system()} {platform.machine()}, {used}, {torch.get_num_threads()} threads"


@dataclass(frozen=True)
class Panel:
    """A finished panel: its picture (1, 3, H, W), recipe, inputs, final losses, and the course of them as CSV."""

    recipe: Recipe
    made_from: Inputs
    image: Tensor
    losses: dict[str, float]
    evaluations: int
    seconds: float
    machine: str
    course: str = ""

    def facts(self) -> dict:
        """Return as plain data all but the picture and the course of its losses; `panel` takes it back."""
        facts = {"figure": dataclasses.asdict(self.recipe), "sha256": dataclasses.asdict(self.made_from)}
        return facts | {name: getattr(self, name) for name in KEPT}


def finished(recipe: Recipe, made_from: Inputs, record: Record, device: torch.device) -> bytes:
    """Return the content of a panel's PNG file: the picture, its recipe, the course of its losses."""
    last = record.last
    course = last.losses, last.evaluations, round(last.seconds, 1), machine(device)
    facts = Panel(recipe, made_from, last.image, *course).facts() | {"versions": versions()}
    return png_bytes(last.image, {RECIPE: json.dumps(facts), LOSSES: csv_text(record.rows)})


def read_panel(path: Path) -> Panel:
    """Return the panel in a PNG file. Raises AssetError for what cannot be read, and ValueError for another picture."""
    texts = read_metadata(path)
    facts = json.loads(texts.get(RECIPE, "{}"))
    if "figure" not in facts:
        raise InputError(f"{path} is not a panel of a figure: it carries no recipe of one")
    return panel(facts, load_image(path), texts[LOSSES])


def panel(facts: dict, image: Tensor, course: str = "") -> Panel:
    """Return a panel from the facts stored with it."""
    arguments = {k: tuple(v) if isinstance(v, list) else v for k, v in facts["figure"].items()}
    kept = {name: facts[name] for name in KEPT}
    return Panel(Recipe(**arguments), Inputs(**facts["sha256"]), image, course=course, **kept)


def store(panels: Sequence[Panel], folder: Path) -> None:
    """Write the panels of one figure into `folder`/NAME: a JPEG each, and panels.json with all that belongs to them."""
    target = folder / panels[0].recipe.figure
    target.mkdir(parents=True, exist_ok=True)
    for p in panels:
        write_whole(target / f"{p.recipe.panel}.jpg", jpeg_bytes(p.image, QUALITY))
    facts = {p.recipe.panel: p.facts() for p in panels}
    write_whole(target / INDEX, (json.dumps(facts, indent=1) + "\n").encode())


def stored(figure: str, folder: Path | None = None) -> dict[str, Panel]:
    """Return the stored panels of a figure by name (default: those that ship with the kit).

    Raises InputError for an unknown figure, and AssetError if it was never stored.
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
