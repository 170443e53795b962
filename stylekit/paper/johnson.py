"""Measure what Johnson measured: seconds of a descent and of one pass, and the objective that each of them reaches."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from stylekit.assets import data_folder
from stylekit.errors import AssetError
from stylekit.feedforward import (
    Mosaics,
    PerceptualLoss,
    Photographs,
    TransformationNetwork,
    facts_of,
    load_transformer,
    spread,
)
from stylekit.files import write_whole
from stylekit.images import load_image
from stylekit.networks import NETWORKS, load_network, weights_hash
from stylekit.objective import painting_objective
from stylekit.optimise import minimise
from stylekit.paper.measurements import DESCENTS, EVALUATIONS, LOSS_NETWORKS, STEPS, TRANSFORMERS, Measurement
from stylekit.paper.panels import machine

RESULTS = "results.json"


def time_table(recipes: Sequence[Measurement], repeats: int = 3, device: str = "cpu") -> Iterator[dict]:
    """Yield what each recipe of Table 1 takes: its facts, "seconds", and "evaluations timed".

    An evaluation, the objective with its gradient in float32, is timed `repeats` times after one that is not, and its
    median ("seconds of one") multiplied by the steps. All weights are random, which makes no difference to the time.
    """
    known: dict[tuple, float] = {}
    for recipe in recipes:
        key = (recipe.network, recipe.size)
        if key not in known:
            known[key] = _median_seconds(_work(recipe, torch.device(device)), repeats, device)
        seconds = known[key] * max(1, recipe.steps)
        facts = {"seconds": seconds, "seconds of one": known[key], "evaluations timed": repeats}
        yield asdict(recipe) | facts | {"machine": machine(device), "torch": torch.__version__}


def _work(recipe: Measurement, device: torch.device) -> Callable[[], Tensor]:
    """Return the function to be timed: one evaluation with its gradient, or one pass."""
    torch.manual_seed(0)
    image = torch.rand(1, 3, recipe.size, recipe.size, device=device).contiguous(memory_format=torch.channels_last)
    if recipe.method == "transform":
        network = TransformationNetwork(TRANSFORMERS[recipe.network]).eval().to(device)
        network = network.to(memory_format=torch.channels_last)
        return torch.no_grad()(lambda: network(image))
    content_layers, style_layers = LOSS_NETWORKS[recipe.network]
    loss_network = NETWORKS[recipe.network].build().requires_grad_(False).to(device)
    loss_network = loss_network.to(memory_format=torch.channels_last)
    options = {"content_layers": content_layers, "style_layers": style_layers, "content_weight": 1.0, "tv_weight": 0.0}
    objective = painting_objective(loss_network, image, image, **options)
    painted = image.clone().requires_grad_()
    return lambda: torch.autograd.grad(objective(painted)["total"], painted)[0]


def _median_seconds(work, repeats, device):
    times = []
    for _ in range(repeats + 1):
        begun = time.perf_counter()
        work()
        if str(device).startswith("cuda"):
            torch.cuda.synchronize()
        times.append(time.perf_counter() - begun)
    return statistics.median(times[1:])


def compare(
    transformer: TransformationNetwork,
    objective: PerceptualLoss,
    photographs: Sequence[Tensor],
    steps: int = EVALUATIONS,
) -> Iterator[dict]:
    """Yield for each photograph, (3, H, W), the objective of the one pass and along a descent from each start.

    "one pass" is a number; "noise" and "photograph" are lists: the lowest objective after 1, 2, ... `steps` evaluations
    of L-BFGS at the full size. All are those of pictures in [0, 1], as they are saved.
    """
    for photograph in photographs:
        p = photograph[None]
        loss = lambda x, p=p: {name: value.sum() for name, value in objective(x, p).items()}  # noqa: E731
        with torch.no_grad():
            found = {"one pass": loss(transformer(p).clamp(0, 1))["total"].item()}
        for start in DESCENTS:
            first = torch.rand(p.shape, generator=torch.Generator().manual_seed(0)) if start == "noise" else p
            found[start] = lowest_so_far(minimise(first, loss, steps), steps)
        yield found


def curves(source: Path, style: str = "swirls") -> Iterator[dict]:
    """Yield what Fig. 5 needs for each photograph held out when a network was trained (see `compare`).

    `source` is the folder or tar file it was trained on, at the size it was trained at, with its own objective.
    Raises AssetError for another set of photographs, and for a network that held none out.
    """
    objective, held_out = objective_of(style, source)
    yield from compare(load_transformer(style, "cpu"), objective, held_out)


def objective_of(style: str, source: Path, file: str | Path | None = None) -> tuple:
    """Return what a network minimised to learn a style, and the photographs that it was not shown (see `curves`).

    `file` is a network of several styles, one of which this is, in place of the one that ships.
    """
    training, (seen, held_out) = training_of(file or style), split_of(file or style, source)
    reference = spread(Mosaics(seen) if training.get("mosaics") else seen)
    options = {name: training[name] for name in ("style_weight", "tv_weight")}
    options |= {f"{kind}_layers": training[f"{kind} layers"] for kind in ("content", "style")}
    pictures = [load_image(style, size) for size in training.get("style sizes", [training["size"]])]
    network, weight = load_network("compact", device="cpu"), _content_weight(training, style)
    return PerceptualLoss(network, pictures, reference, content_weight=weight, **options), held_out


def split_of(name: str | Path, source: Path) -> tuple[Photographs, Photographs]:
    """Return the photographs a network learned from, and those held out; `name` is that of a style, or its file.

    Raises AssetError for another set of photographs, and for a network that held none out.
    """
    training = training_of(name)
    photographs = Photographs(source, training.get("size", 256))
    if len(photographs) != training.get("photographs") or not training["held out"]:
        raise AssetError(
            f"{source} holds {len(photographs)} photographs, and {name} was trained on {training.get('photographs')}, "
            f"{training.get('held out', 0)} of them held out: give the photographs it was trained with"
        )
    return photographs.split(training["held out"])


def _content_weight(training, style):
    """Return the weight of the content where a network learned a style; older ones have one for all they know."""
    if "content_weight" in training:
        return training["content_weight"]
    taught = dict(zip(training["styles"], training["content weights"], strict=True))
    if style not in taught:
        raise AssetError(f"the network does not say how it learned {style}: only {', '.join(taught)}")
    return taught[style]


def training_of(style: str | Path) -> dict:
    """Return what a network, by a style's name or its file, says of its training; {} where it says nothing."""
    return json.loads(facts_of(style).get("training", "{}"))


def summary(found: Sequence[dict], style: str) -> dict:
    """Return the means over the photographs, place by place, and where each descent meets the one pass."""
    mean = {name: np.mean([entry[name] for entry in found], axis=0).tolist() for name in found[0]}
    meets = {s: [meeting_point(entry[s], entry["one pass"]) for entry in found] for s in DESCENTS}
    weights = weights_hash(load_transformer(style))
    facts = {"weights sha256": weights, "machine": machine("cpu"), "torch": torch.__version__}
    return {"style": style, "photographs": len(found), "mean": mean, "meets after": meets} | facts


def lowest_so_far(descent: Iterator, steps: int) -> list[float]:
    """Return the lowest total loss after each of 1 to `steps` evaluations."""
    lowest, curve = float("inf"), []
    for step in descent:
        curve += [lowest] * (step.evaluations - 1 - len(curve))
        lowest = min(lowest, step.losses["total"])
        curve.append(lowest)
    return (curve + [lowest] * steps)[:steps]


def meeting_point(curve: Sequence[float], value: float) -> int | None:
    """Return after how many evaluations a descent is at a value or below it, None if it does not get there."""
    return next((number for number, loss in enumerate(curve, start=1) if loss <= value), None)


def keep(figure: str, measured: object, folder: Path) -> Path:
    """Write what was measured into `folder`/`figure`/results.json, floats with four significant digits."""
    path = folder / figure / RESULTS
    path.parent.mkdir(parents=True, exist_ok=True)
    rounded = json.loads(json.dumps(measured), parse_float=lambda digits: float(f"{float(digits):.4g}"))
    write_whole(path, (json.dumps(rounded, indent=1) + "\n").encode())
    return path


def measured(figure: str, folder: Path | None = None):
    """Return what was measured once and ships with the kit (or lies in `folder`): a list for Table 1, else a dict."""
    return json.loads(((folder or data_folder() / "results") / figure / RESULTS).read_text(encoding="utf-8"))


def table_rows(rows: Sequence[dict]) -> dict[str, dict[str, float | int]]:
    """Return Table 1 as rows by name with a column for each size: seconds, measured and published, and their ratios."""
    seconds = {(row["network"], row["steps"], row["size"]): row["seconds"] for row in rows}
    published = {(row["network"], row["steps"], row["size"]): row["published"] for row in rows}
    sizes = sorted({row["size"] for row in rows})
    whole = lambda value: value if value < 100 else round(value)  # noqa: E731
    by_size = lambda values, *key: {f"{size} px": whole(values[(*key, size)]) for size in sizes}  # noqa: E731
    ratio = lambda values, above, below: {  # noqa: E731
        f"{size} px": round(values[(*above, size)] / values[(*below, size)]) for size in sizes
    }
    table = {f"{network}, {n} evaluations *": by_size(seconds, network, n) for network in LOSS_NETWORKS for n in STEPS}
    table |= {f"one pass, {network}": by_size(seconds, network, 0) for network in TRANSFORMERS}
    paper, ours = (("vgg16", 500), ("as published", 0)), (("vgg19", 500), ("half width", 0))
    table |= {"ratio: vgg16, 500 / as published": ratio(seconds, *paper)}
    table |= {"ratio: vgg19, 500 / half width": ratio(seconds, *ours)}
    table |= {f"published: {n} evaluations": by_size(published, "vgg16", n) for n in STEPS}
    table |= {"published: one pass": by_size(published, "as published", 0)}
    return table | {"published: ratio": ratio(published, *paper)}
