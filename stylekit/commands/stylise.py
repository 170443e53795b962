"""`stylekit stylise`: paint a photograph in the manner of a picture."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from tqdm import tqdm

from stylekit import __version__, assets, colour, images
from stylekit.commands.outcome import INTERRUPTED
from stylekit.errors import InputError
from stylekit.files import RECIPE
from stylekit.networks import fingerprint, load_network
from stylekit.optimise import NonFiniteLoss
from stylekit.transfer import CONTENT_WEIGHT, SCALES, STEPS, STYLE_LAYERS, coarse_to_fine, stylise


def add(commands):
    command = commands.add_parser("stylise", help="paint a photograph in the manner of a picture")
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
    command.set_defaults(run=run)


def run(options) -> int:
    """Paint one picture and write it with its recipe."""
    images.check_output(options.output, (options.content, options.style))
    content = images.load_image(options.content, options.size)
    style = images.load_image(options.style, options.size)
    network = load_network(options.network, device=options.device)
    recipe = _recipe(options, network)
    exemplar = colour.prepare_style(options.colour, style, content)
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
    painting = colour.finish_colours(options.colour, last.image.clamp(0, 1).cpu(), content)
    recipe["losses"] = {name: float(f"{value:.6g}") for name, value in last.losses.items()}
    recipe["complete"] = code == 0
    with_recipe = {RECIPE: json.dumps(recipe)} if options.output.suffix.lower() == ".png" else None
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


def parse_layers(words: list[str], option: str = "--layers") -> dict[str, float]:
    """Return {layer: weight} from words of an option like relu1_1 or relu1_1=0.5 (without a weight: 1)."""
    layers = {}
    for word in words:
        name, _, weight = word.partition("=")
        try:
            layers[name] = float(weight or 1)
        except ValueError:
            raise InputError(f"{option}: expected a number after {name}=, got {weight!r}") from None
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
