"""`stylekit stylise`: paint a photograph in the manner of a picture."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from stylekit import colour, images
from stylekit.commands.progress import follow
from stylekit.commands.recipe import recipe_of, save
from stylekit.errors import InputError
from stylekit.networks import NETWORKS, load_network
from stylekit.objective import CONTENT_LAYERS, CONTENT_WEIGHT, SCALES, STYLE_LAYERS, TV_WEIGHT
from stylekit.optimise import METHODS
from stylekit.presets import PRESETS
from stylekit.transfer import INITS, STEPS, stylise

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
    add("--network", default="compact", help=f"{', '.join(NETWORKS)} or a file of weights (default %(default)s)")
    add("--content-weight", type=float, help="instead of the preset's; balanced: " + f"{CONTENT_WEIGHT:g}")
    layers = "instead of the preset's; balanced: " + " ".join(CONTENT_LAYERS)
    add("--content-layers", nargs="+", metavar="LAYER[=W]", help=layers)
    add("--style-weight", type=float, default=1.0, help="default %(default)s")
    add("--style-size", type=float, default=1.0, help="of the style picture, by the painting's (default %(default)s)")
    smooth = f"total variation (default {TV_WEIGHT['relative']:g} in scale relative, else 0)"
    add("--tv-weight", type=float, default=None, help=smooth)
    add("--steps", type=int, default=STEPS, help="evaluations at each size, half at the finest (default %(default)s)")
    add("--init", choices=INITS, default="content", help="default %(default)s")
    add("--optimiser", choices=METHODS, default="lbfgs", help="default %(default)s")
    add("--seed", type=int, default=0, help="of the noise (default %(default)s)")
    modes = "; ".join(f"{name}: {mode.words}" for name, mode in colour.MODES.items())
    add("--colour", choices=colour.MODES, default="none", help=f"{modes} (default %(default)s)")
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
    recipe = recipe_of(vars(options), ("content", "style"), network)
    settings = {name: getattr(options, name) for name in SETTINGS}
    settings["content_layers"] = parse_layers(options.content_layers, "--content-layers")
    exemplar = colour.prepare_style(options.colour, style, content)
    steps = stylise(content, exemplar, network, style_layers=parse_layers(options.layers), **settings)
    last, code = follow(steps, "painting", lambda s: f"{max(s.image.shape)} px, loss {s.losses['total']:.4g}")
    if last is None:
        return code
    recipe["losses"] = {name: float(f"{value:.6g}") for name, value in last.losses.items()}
    painting = colour.finish_colours(options.colour, last.image.cpu(), content)
    save(painting, options.output, recipe | {"complete": code == 0})
    height, width = painting.shape[-2:]
    print(f"{options.output} ({width} x {height} pixels, {last.evaluations} evaluations, {last.seconds:.1f} s)")
    return code


def _fill_in(options):
    """Put the preset's settings where none are given; a recipe holds what was used."""
    for name, value in PRESETS[options.preset].items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    del options.preset


def parse_layers(words: Iterable[str], option: str = "--layers") -> dict[str, float]:
    """Return {layer: weight} from words of an option like relu1_1 or relu1_1=0.5 (without a weight: 1)."""
    layers = {}
    for word in words:
        name, _, weight = word.partition("=")
        try:
            layers[name] = float(weight or 1)
        except ValueError:
            raise InputError(f"{option}: expected a number after {name}=, got {weight!r}") from None
    return layers
