"""The command line: `python -m stylekit stylise | figure | recipe | assets`. A thin skin over the package."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from pathlib import Path

import torch
from tqdm import tqdm

from stylekit import __version__, assets, images, paper
from stylekit.networks import fingerprint, load_network
from stylekit.optimise import NonFiniteLoss
from stylekit.transfer import CONTENT_WEIGHT, SCALES, STEPS, STYLE_LAYERS, coarse_to_fine, stylise

INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code: 0, 2 for bad input (a sentence on stderr), 130 after Ctrl-C."""
    options = parser().parse_args(arguments)
    try:
        return options.run(options)
    except (ValueError, OSError, NonFiniteLoss) as error:  # assets.AssetError is a ValueError
        print(f"stylekit: {error}", file=sys.stderr)
    except (MemoryError, RuntimeError) as error:
        if "memory" not in str(error):
            raise
        print("stylekit: not enough memory for a picture of this size; try a smaller --size", file=sys.stderr)
    return 2


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    top = argparse.ArgumentParser(prog="python -m stylekit", description=sys.modules["stylekit"].__doc__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    _add_stylise(commands.add_parser("stylise", help="paint a photograph in the manner of a picture"))
    _add_figure(commands.add_parser("figure", help="paint a figure of the papers or the slides, panel by panel"))
    recipe = commands.add_parser("recipe", help="print the command that made a painting")
    recipe.add_argument("painting", metavar="OUT.png", type=Path)
    recipe.set_defaults(run=print_recipe)
    listing = commands.add_parser("assets", help="list the pictures known by name, with licence and credit")
    listing.set_defaults(run=print_assets)
    return top


def _add_stylise(command):
    add = command.add_argument
    add("content", metavar="CONTENT", help="the photograph: a name (see assets) or a file")
    add("style", metavar="STYLE", help="the style picture: a name or a file")
    add("-o", "--output", metavar="OUT.png", required=True, type=Path)
    add("--size", type=int, default=512, help="longer side in pixels (default %(default)s)")
    add("--network", default="compact", help="compact, vgg19, vgg16 or a file of weights (default %(default)s)")
    add("--content-weight", type=float, default=CONTENT_WEIGHT, help="default %(default)s")
    add("--style-weight", type=float, default=1.0, help="default %(default)s")
    add("--tv-weight", type=float, default=None, help="total variation (default 0.001 in scale relative, else 0)")
    add("--steps", type=int, default=STEPS, help="evaluations at each size, coarse to fine (default %(default)s)")
    add("--init", choices=("content", "noise", "style"), default="content", help="default %(default)s")
    add("--optimiser", choices=("lbfgs", "adam"), default="lbfgs", help="default %(default)s")
    add("--seed", type=int, default=0, help="of the noise (default %(default)s)")
    add("--colour", choices=("keep", "match", "none"), default="none", help="keep the photograph's colours, or match")
    add("--layers", nargs="+", metavar="LAYER[=W]", default=list(STYLE_LAYERS), help="style layers and weights")
    add("--scale", choices=SCALES, default="relative", help="what the weights refer to (default %(default)s)")
    add("--device", default="auto", help="auto, cpu, cuda or mps (default %(default)s)")
    command.set_defaults(run=paint)


def _add_figure(command):
    add = command.add_argument
    names = ", ".join(paper.FIGURES)
    add("figure", metavar="FIGURE", nargs="?", help=f"one of {names}; without it the figures are listed")
    add("--variant", choices=paper.VARIANTS, default="offline", help="whose pictures and network (default %(default)s)")
    add("--network", help="compact, vgg19 or a file of weights (default: compact offline, vgg19 for paper)")
    add("--size", type=int, help="longer side in pixels (default 256 offline, 512 for paper)")
    add("--steps", type=int, help="evaluations at each size (default 150 with compact, else 500)")
    add("--originals", action="store_true", help="with --variant paper: also pictures whose copyright is unclear")
    add("--out", metavar="DIR", type=Path, help="folder for panels, losses.csv and the figure (default FIGURE-VARIANT)")
    add("--workers", type=int, metavar="N", help="paint N panels at a time, in processes of this machine")
    add("--cluster", metavar="ADDRESS", help="paint on the workers of a Dask scheduler, such as tcp://10.0.0.7:8786")
    add("--device", default="auto", help="auto, cpu, cuda or mps (default %(default)s)")
    command.set_defaults(run=paint_figure)


def paint_figure(options) -> int:
    """Paint a figure's panels into a folder and compose them; what is there already is not painted again."""
    if options.figure is None:
        for figure in paper.FIGURES.values():
            print(f"{figure.name:8} {figure.title} ({figure.source})")
        return 0
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
    if not _watch(sweep, recipes):
        print(f"\nstylekit: stopped; the same command goes on with the panels missing in {folder}", file=sys.stderr)
        return INTERRUPTED
    for path in paper.write_figure(paper.read_panels(recipes, folder), folder):
        print(path)
    return 0


def _watch(sweep, recipes):
    """Show one progress bar over all panels; return whether they were finished."""
    spent = dict.fromkeys((recipe.panel for recipe in recipes), 0)
    with tqdm(total=sum(recipe.evaluations for recipe in recipes), desc=recipes[0].figure, file=sys.stderr) as bar:
        try:
            for progress in sweep:
                panel = progress.recipe.panel
                bar.set_postfix_str(panel, refresh=False)
                bar.update(progress.evaluations - spent[panel])
                spent[panel] = progress.evaluations
        except KeyboardInterrupt:
            return False
    return True


def paint(options) -> int:
    """Paint one picture and write it with its recipe."""
    images.check_output(options.output)
    if options.output.exists() and any(_same_file(options.output, name) for name in (options.content, options.style)):
        raise ValueError(f"{options.output} is one of the pictures to read; choose another name for the painting")
    content = images.load_image(options.content, options.size)
    style = images.load_image(options.style, options.size)
    network = load_network(options.network, device=options.device)
    recipe = _recipe(options, network)
    exemplar = images.match_colour(style, content) if options.colour == "match" else style
    steps = stylise(
        content,
        exemplar,
        network,
        content_weight=options.content_weight,
        style_weight=options.style_weight,
        tv_weight=options.tv_weight,
        style_layers=parse_layers(options.layers),
        scale=options.scale,
        init=options.init,
        steps=options.steps,
        optimiser=options.optimiser,
        seed=options.seed,
    )
    last, code = _follow(steps, coarse_to_fine(max(content.shape[-2:])), options.steps)
    if last is None:
        return code
    painting = last.image.clamp(0, 1).cpu()
    if options.colour == "keep":
        painting = images.keep_colour(painting, images.resize_image(content, tuple(painting.shape[-2:])))
    recipe["losses"] = {name: float(f"{value:.6g}") for name, value in last.losses.items()}
    recipe["complete"] = code == 0
    with_recipe = {paper.RECIPE: json.dumps(recipe)} if options.output.suffix.lower() == ".png" else None
    images.save_image(painting, options.output, metadata=with_recipe)
    height, width = painting.shape[-2:]
    print(f"{options.output} ({width} x {height} pixels, {last.evaluations} evaluations, {last.seconds:.1f} s)")
    return code


def _follow(steps, sizes, each):
    """Show the progress of a painting; return its last Step and an exit code, whatever ended it."""
    last = None
    work = [(size / sizes[-1]) ** 2 for size in sizes]  # an evaluation's time grows with the number of pixels
    layout = "{desc} {percentage:3.0f}%|{bar}| {elapsed} < {remaining} {postfix}"
    with tqdm(total=each * sum(work), desc="painting", bar_format=layout, file=sys.stderr) as bar:
        try:
            for step in steps:
                within = step.evaluations - (last.evaluations if last else 0)
                last = step
                bar.set_postfix_str(f"{sizes[step.scale]} px, loss {step.losses['total']:.4g}", refresh=False)
                bar.update(within * work[step.scale])
        except KeyboardInterrupt:
            print("\nstylekit: stopped; keeping the picture so far", file=sys.stderr)
            return last, INTERRUPTED
        except NonFiniteLoss as error:
            print(f"\nstylekit: {error}", file=sys.stderr)
            return error.last or last, 2
    return last, 0


def parse_layers(words: list[str]) -> dict[str, float]:
    """Return {layer: weight} from words like relu1_1 or relu1_1=0.5 (without a weight: 1)."""
    layers = {}
    for word in words:
        name, _, weight = word.partition("=")
        try:
            layers[name] = float(weight or 1)
        except ValueError:
            raise ValueError(f"--layers: expected a number after {name}=, got {weight!r}") from None
    return layers


def _recipe(options, network):
    """Return everything that made a painting: arguments, versions, hashes of the inputs and of the weights."""
    arguments = {name: value for name, value in vars(options).items() if name not in ("run", "output")}
    inputs = {name: images.fingerprint(assets.open_picture(vars(options)[name])) for name in ("content", "style")}
    versions = {"stylekit": __version__, "torch": torch.__version__, "python": sys.version.split()[0]}
    return {
        "arguments": arguments | {"output": str(options.output)},
        "sha256": inputs | {"weights": fingerprint(network)},
        "versions": versions,
        "threads": torch.get_num_threads(),
    }


def print_recipe(options) -> int:
    """Print the command that makes a painting again; on stderr, what it was made with."""
    metadata = images.read_metadata(options.painting)
    if paper.RECIPE not in metadata:
        raise ValueError(f"{options.painting} carries no recipe: expected a PNG painted by this kit")
    recipe = json.loads(metadata[paper.RECIPE])
    print(_figure_command(recipe) if "figure" in recipe else _stylise_command(recipe))
    for key in ("versions", "sha256", "losses", "complete", "threads", "figure", "machine"):
        if key in recipe:
            print(f"# {key}: {json.dumps(recipe[key])}", file=sys.stderr)
    return 0


def _figure_command(recipe):
    """Return the command that paints the figure to which a panel belongs."""
    made = recipe["figure"]
    words = [made["figure"], "--variant", made["variant"], "--network", made["network"]]
    words += ["--size", str(made["sizes"][-1]), "--steps", str(made["steps"])]
    return shlex.join(["python", "-m", "stylekit", "figure", *words, *(["--originals"] if made["originals"] else [])])


def _stylise_command(recipe):
    arguments = dict(recipe["arguments"])
    words = [arguments.pop("content"), arguments.pop("style"), "-o", arguments.pop("output")]
    layers = arguments.pop("layers")
    for name, value in arguments.items():
        if value is not None:
            words += ["--" + name.replace("_", "-"), str(value)]
    return shlex.join(["python", "-m", "stylekit", "stylise", *words, "--layers", *layers])


def print_assets(options) -> int:
    """Print the pictures known by name."""
    for picture in assets.pictures().values():
        print(f"{picture.name:26} {picture.role:8} {picture.use:12} {picture.title}; {picture.artist}")
        print(f"{'':26} {picture.licence}. {picture.credit}")
    return 0


def _same_file(output, source):
    return Path(source).exists() and output.samefile(source)


if __name__ == "__main__":
    sys.exit(main())
