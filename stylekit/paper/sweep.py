"""All panels of a figure, one after the other or on a cluster: what is done stays done, what is half done starts again.

A panel's file is written whole or not at all, so a run may be killed at any moment and begun again.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from stylekit.errors import AssetError, InputError
from stylekit.files import write_whole
from stylekit.networks import load_network, pick_device
from stylekit.paper.panels import Inputs, Panel, Record, finished, inputs, paint, read_panel
from stylekit.paper.recipes import Recipe

ADDRESSES = ("tcp://", "tls://", "ws://", "wss://", "ucx://")


@dataclass(frozen=True)
class SweepStep:
    """The panel at work, whether its file is written, and how much of the whole sweep is done, 0 to 1."""

    recipe: Recipe
    written: bool
    done: float


class _Share:
    """Counts how much of a sweep is done: a panel weighs the evaluations that it may take, and one for its file."""

    def __init__(self, recipes: Sequence[Recipe]):
        self.whole, self.finished = sum(r.evaluations + 1 for r in recipes), 0

    def step(self, recipe: Recipe, part: float) -> SweepStep:
        return SweepStep(recipe, False, (self.finished + part * recipe.evaluations) / self.whole)

    def written(self, recipe: Recipe) -> SweepStep:
        self.finished += recipe.evaluations + 1
        return SweepStep(recipe, True, self.finished / self.whole)


def run(recipes: Sequence[Recipe], folder: Path, device: str = "auto") -> Iterator[SweepStep]:
    """Paint panels one after the other into `folder`, which is made; yield a SweepStep for every Step.

    Raises InputError, when called, if the folder holds panels of another recipe.
    """
    load = _loader(device)
    return _run(_open(recipes, folder, load), folder, load)


def _run(jobs, folder, load):
    share = _Share([recipe for recipe, _ in jobs])
    folder.mkdir(parents=True, exist_ok=True)
    for recipe, made_from in jobs:
        if made_from is not None:
            network, record = load(recipe.network), Record()
            for step in paint(recipe, network):
                record.add(step)
                yield share.step(recipe, step.done)
            write_whole(panel_file(folder, recipe), finished(recipe, made_from, record, network.mean.device))
        yield share.written(recipe)


def _loader(device):
    """Return the function that loads a network by name or file, each once."""
    device = str(pick_device(device))
    return functools.cache(lambda name: load_network(name, device=device))


def run_on_cluster(
    recipes: Sequence[Recipe],
    folder: Path,
    *,
    address: str | None = None,
    workers: int | None = None,
    device: str = "auto",
) -> Iterator[SweepStep]:
    """Paint panels on Dask's workers; yield a SweepStep as each is written. The files are written here, not there.

    `address` is that of a scheduler that runs already; without it `workers` processes are started on this machine.
    Pictures and weights travel as names and sha256: each worker reads its own, and stops with AssetError if they are
    others than here. Raises InputError without the extra "cluster".
    """
    jobs, share = _open(recipes, folder, _loader(device)), _Share(recipes)
    yield from (share.written(recipe) for recipe, made_from in jobs if made_from is None)
    waiting = {recipe: made_from for recipe, made_from in jobs if made_from is not None}
    if not waiting:
        return
    with _client(address, workers) as (client, threads):
        from distributed import as_completed

        folder.mkdir(parents=True, exist_ok=True)
        futures = {client.submit(painted, *job, device, threads, pure=False): job[0] for job in waiting.items()}
        for future in as_completed(futures):
            recipe = futures[future]
            write_whole(panel_file(folder, recipe), future.result())
            yield share.written(recipe)


def painted(recipe: Recipe, expected: Inputs, device: str, threads: int | None) -> bytes:
    """Return the content of a panel's file, painted here: a worker's task. Raises AssetError for other inputs."""
    if threads:
        torch.set_num_threads(threads)
    network = load_network(recipe.network, device=device)
    found = inputs(recipe, network)
    for what, name in (("content", recipe.content), ("style", recipe.style), ("weights", recipe.network)):
        if getattr(found, what) != getattr(expected, what):
            raise AssetError(
                f"a worker has another file under the name {name!r} than the one who asked ({what}): give all machines "
                "the same version of the kit and the same files"
            )
    record = Record()
    for step in paint(recipe, network):
        record.add(step)
    return finished(recipe, found, record, network.mean.device)


def read_panels(recipes: Sequence[Recipe], folder: Path) -> list[Panel]:
    """Return the finished panels of these recipes, labelled as the recipes are. Raises AssetError if one is missing."""
    return [dataclasses.replace(read_panel(panel_file(folder, recipe)), recipe=recipe) for recipe in recipes]


def panel_file(folder: Path, recipe: Recipe) -> Path:
    """Return where a panel's picture is."""
    return folder / f"{recipe.panel}.png"


def _open(recipes, folder, load):
    """Return each recipe with the hashes of its inputs, None in their place where it is done; write nothing."""
    if folder.exists() and not folder.is_dir():
        raise AssetError(f"{folder} is a file: name a folder for the panels, which is made where there is none")
    known: dict[tuple, Inputs] = {}
    jobs = []
    for recipe in recipes:
        key = (recipe.content, recipe.style, recipe.network)
        if key not in known:
            known[key] = inputs(recipe, load(recipe.network))
        jobs.append((recipe, None if _is_done(recipe, known[key], folder) else known[key]))
    return jobs


def _is_done(recipe, made_from, folder):
    path = panel_file(folder, recipe)
    if not path.exists():
        return False
    found = read_panel(path)
    if (found.recipe, found.made_from) != (recipe, made_from):
        raise InputError(
            f"{path} was painted by another recipe ({found.recipe.network}, {found.recipe.sizes[-1]} pixels, "
            f"{found.recipe.steps} steps) or from other files: choose another folder, or remove that one"
        )
    return True


@contextmanager
def _client(address, workers):
    """Yield a Dask client and the number of threads for each worker, None where the workers decide."""
    if address is not None and not address.startswith(ADDRESSES):
        raise InputError(f"the address of a cluster looks like tcp://10.0.0.7:8786, got {address!r}")
    if address is None and (workers is None or workers < 1):
        raise InputError(f"expected 1 or more workers, got {workers}")
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise InputError('workers need Dask: install the extra, as in pip install -e ".[cluster]"') from error
    if address is None:
        local = {"n_workers": workers, "threads_per_worker": 1, "host": "127.0.0.1", "dashboard_address": None}
        with LocalCluster(**local) as cluster, Client(cluster) as client:
            yield client, max(1, torch.get_num_threads() // workers)
        return
    try:
        client = Client(address, timeout="10s")
    except OSError as error:
        raise InputError(f"no scheduler answers at {address}: start one with dask scheduler, or check it") from error
    with client:
        yield client, None
