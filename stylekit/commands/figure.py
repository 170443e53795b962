"""`stylekit figure`: paint a figure of the papers or the slides, panel by panel."""

from __future__ import annotations

import sys
from pathlib import Path

from stylekit import figures, paper
from stylekit.commands.progress import counted, follow
from stylekit.errors import InputError
from stylekit.networks import NETWORKS, pick_device
from stylekit.paper.johnson import training_of


def add_options(command):
    add = command.add_argument
    names = ", ".join(paper.FIGURES | paper.MEASURED)
    add("figure", metavar="FIGURE", nargs="?", help=f"one of {names}; without it the figures are listed")
    add("--variant", choices=paper.VARIANTS, default="offline", help="whose pictures and network (default %(default)s)")
    add("--network", help=f"{', '.join(NETWORKS)} or a file of weights (default: the variant's)")
    add("--size", type=int, help="longer side in pixels (default 256 offline, 512 for paper)")
    add("--steps", type=int, help="evaluations at each size, half at the finest (default 150 with compact, else 500)")
    add("--originals", action="store_true", help="with --variant paper: also pictures whose copyright is unclear")
    add("--out", metavar="DIR", type=Path, help="folder for panels, losses.csv and the figure (default FIGURE-VARIANT)")
    add("--photos", metavar="FOLDER|TAR", type=Path, help="johnson5: the photographs the network was trained with")
    add("--style", default="swirls", help="johnson5: whose network (default %(default)s)")
    add("--workers", type=int, metavar="N", help="paint N panels at a time, in processes of this machine")
    add("--cluster", metavar="ADDRESS", help="paint on the workers of a Dask scheduler, such as tcp://10.0.0.7:8786")
    add("--device", default="auto", help="auto, cpu, cuda or mps (default %(default)s)")


def run(options) -> int:
    """Paint a figure's panels into a folder and compose them; what is there already is not painted again."""
    if options.figure is None:
        for figure in (paper.FIGURES | paper.MEASURED).values():
            print(f"{figure.name:8} {figure.title} ({figure.source})")
        return 0
    if options.figure in paper.MEASURED:
        return _measure(options)
    chosen = {name: getattr(options, name) for name in ("network", "size", "steps", "originals")}
    recipes = paper.recipes(options.figure, options.variant, **chosen)
    folder = (options.out or Path(f"{options.figure}-{options.variant}")).expanduser()
    if options.workers is None and options.cluster is None:
        sweep = paper.run(recipes, folder, options.device)
    else:
        where = {"address": options.cluster, "workers": options.workers, "device": options.device}
        sweep = paper.run_on_cluster(recipes, folder, **where)
    for note in paper.stand_ins(recipes):
        print(f"stylekit: {note}", file=sys.stderr)
    kept = f"the same command goes on with the panels missing in {folder}"
    _, code = follow(sweep, recipes[0].figure, lambda step: step.recipe.panel, kept)
    if code:
        return code
    for path in paper.write_figure(paper.read_panels(recipes, folder), folder):
        print(path)
    return 0


def _measure(options):
    """Measure Johnson's Table 1 or Fig. 5, print it, and write the numbers."""
    figure, found = options.figure, []
    if figure == "johnson1":
        recipes = paper.recipes(figure)
        rows, total = paper.time_table(recipes, device=str(pick_device(options.device))), len(recipes)
    elif options.photos is None:
        raise InputError("johnson5 needs --photos, the photographs that its network was trained with")
    else:
        rows, total = paper.curves(options.photos, options.style), training_of(options.style).get("held out", 0)
    measuring = counted(map(found.append, rows), total)
    _, code = follow(measuring, figure, lambda row: f"{row.number} of {total}", kept="nothing was written")
    if code:
        return code
    if figure == "johnson1":
        print(figures.table(paper.table_rows(found), corner="seconds"))
        print("* the median of one evaluation, timed, by the number of evaluations")
    else:
        found = paper.summary(found, options.style)
        for start, meets in found["meets after"].items():
            print(f"from the {start}: the descent meets one pass after {meets} evaluations")
    print(paper.keep(figure, found, (options.out or Path(".")).expanduser()))
    return 0
