"""`stylekit stylise`: paint a photograph in the manner of a picture."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch

from stylekit import __version__, assets, colour, images
from stylekit.commands.progress import follow
from stylekit.errors import InputError
from stylekit.files import RECIPE
from stylekit.networks import load_network, weights_hash
from stylekit.objective import CONTENT_WEIGHT, SCALES, STYLE_LAYERS
from stylekit.optimise import METHODS
from stylekit.transfer import INITS, PRESETS, STEPS, stylise

SETTINGS = (  # of `stylise`, by the same names as the options
    *("content_weight", "style_weight", "tv_weight", "style_size"),
    *("scale", "init", "steps", "optimiser", "seed"),
)


def add_options(command):
    add = command.add_argument
    add("content", metavar="CONTENT", help="the photograph: a name (see assets) or a file")
    add("style", metavar="STYLE", help="the style picture: a name or a file")
    add("-o", "--output", metavar="OUT.png", required=True, type=Path)
    add("--size", type=int, default=512, help="longer side in pixels (default %(default)s)")
    add("--preset", choices=PRESETS, default="balanced", help="how much of either (default %(default)s)")
    add("--network", default="compact", help="compact, vgg19, vgg16 or a file of weights (default %(default)s)")
    add("--content-weight", type=float, help="instead of the preset's; balanced: " + f"{CONTENT_WEIGHT:g}")
    add("--style-weight", type=float, default=1.0, help="default %(default)s")
    add("--style-size", type=float, default=1.0, help="of the style picture, by the painting's (default %(default)s)")
    add("--tv-weight", type=float, default=None, help="total variation (default 0.001 in scale relative, else 0)")
    add("--steps", type=int, default=STEPS, help="evaluations at each size, coarse to fine (default %(default)s)")
    add("--init", choices=INITS, default="content", help="default %(default)s")
    add("--optimiser", choices=METHODS, default="lbfgs", help="default %(default)s")
    add("--seed", type=int, default=0, help="of the noise (default %(default)s)")
    add("--colour", choices=colour.MODES, default="none", help="keep the photograph's colours, or match")
    add("--layers", nargs="+", metavar="LAYER[=W]", default=list(STYLE_LAYERS), help="style layers and weights")
    add("--scale", choices=SCALES, default="relative", help="what the weights refer to (default %(default)s)")
    add("--device", default="auto", help="auto, cpu, cuda or mps (default %(default)s)")


def run(options) -> int:
    """Paint one picture and write it with its recipe."""
    images.check_output(options.output, (options.content, options.style))
    _fill_in(options)
    content = images.load_image(options.content, options.size)
    style = images.load_image(options.style, options.size)
    network = load_network(options.network, device=options.device)
    recipe = _recipe(options, network)
    settings = {name: getattr(options, name) for name in SETTINGS}
    layers = parse_layers(options.layers)
    exemplar = colour.prepare_style(options.colour, style, content)
    steps = stylise(content, exemplar, network, style_layers=layers, **settings)
    words = lambda step: f"{max(step.image.shape)} px, loss {step.losses['total']:.4g}"  # noqa: E731
    last, code = follow(steps, "painting", words)
    if last is None:
        return code
    painting = colour.finish_colours(options.colour, last.image.cpu(), content)
    recipe["losses"] = {name: float(f"{value:.6g}") for name, value in last.losses.items()}
    recipe["complete"] = code == 0
    with_recipe = {RECIPE: json.dumps(recipe)} if options.output.suffix.lower() == ".png" else None
    images.save_image(painting, options.output, metadata=with_recipe)
    height, width = painting.shape[-2:]
    print(f"{options.output} ({width} x {height} pixels, {last.evaluations} evaluations, {last.seconds:.1f} s)")
    return code


def _fill_in(options):
    """Put the preset's settings where none are given; a recipe holds what was used."""
    for name, value in PRESETS[options.preset].items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    del options.preset


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
    inputs = {name: images.picture_hash(assets.open_picture(vars(options)[name])) for name in ("content", "style")}
    versions = {"stylekit": __version__, "torch": torch.__version__, "python": sys.version.split()[0]}
    return {
        "arguments": arguments | {"output": str(options.output)},
        "sha256": inputs | {"weights": weights_hash(network)},
        "versions": versions,
        "threads": torch.get_num_threads(),
    }
