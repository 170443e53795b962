"""`stylekit texture`: textures and paintings made of pieces of pictures, as before networks."""

from __future__ import annotations

from pathlib import Path

from stylekit import colour, images, patches
from stylekit.commands.progress import follow
from stylekit.commands.recipe import recipe_of, save

METHODS = {  # the pictures that each takes, by their names in the options
    "efros-leung": ("exemplar",),
    "quilt": ("exemplar",),
    "quilt-transfer": ("content", "style"),
    "analogy": ("A", "A_filtered", "B"),
}


def add_options(command):
    methods = command.add_subparsers(dest="method", required=True, metavar="METHOD")
    add = _parser(methods, "efros-leung", "grow a texture pixel by pixel (Efros and Leung, 1999)", size=96)
    add("--exemplar-size", type=int, default=128, metavar="PIXELS", help="longer side it is read at (default 128)")
    add("--window", type=int, default=11, help="side of the neighbourhood, odd (default %(default)s)")
    add("--seed", type=int, default=0, help="of the choices (default %(default)s)")
    add = _parser(methods, "quilt", "lay blocks, cut where it shows least (Efros and Freeman, 2001)", size=512)
    add("--exemplar-size", type=int, default=256, metavar="PIXELS", help="longer side it is read at (default 256)")
    add("--block", type=int, default=32, help="side of a block in pixels (default %(default)s)")
    add("--overlap", type=int, help="of two blocks, in pixels (default: a sixth of the block)")
    add("--seed", type=int, default=0, help="of the choices (default %(default)s)")
    add = _parser(methods, "quilt-transfer", "quilt a photograph out of a style picture (the same)", size=256)
    add("--block", type=int, default=24, help="side of a block in the first pass (default %(default)s)")
    add("--overlap", type=int, help="of two blocks, in pixels (default: a third of the block)")
    add("--iterations", type=int, default=3, help="passes, each with smaller blocks (default %(default)s)")
    add("--colour", choices=colour.MODES, default="none", help="keep the photograph's colours, or match them first")
    add("--seed", type=int, default=0, help="of the choices (default %(default)s)")
    add = _parser(methods, "analogy", "filter B as A was filtered into A_FILTERED (Hertzmann et al., 2001)", size=192)
    add("--levels", type=int, default=3, help="of the pyramids, coarse to fine (default %(default)s)")
    add("--kappa", type=float, default=2.0, help="how much pieces that go on count, 0 to 25 (default %(default)s)")


def _parser(methods, name, words, size):
    """Make a method's parser; return the function that adds its options."""
    parser = methods.add_parser(name, help=words)
    for picture in METHODS[name]:
        parser.add_argument(picture, metavar=picture.upper(), help="a name (see assets) or a file")
    parser.add_argument("-o", "--output", metavar="OUT.png", required=True, type=Path)
    what = "side of the picture made" if METHODS[name] == ("exemplar",) else "longer side of every picture"
    parser.add_argument("--size", type=int, default=size, help=f"{what}, in pixels (default {size})")
    return parser.add_argument


def run(options) -> int:
    """Make one picture and write it with its recipe."""
    arguments = vars(options).copy()
    pictures = METHODS[arguments.pop("method")]
    names = [arguments[name] for name in pictures]
    images.check_output(options.output, names)
    read_at, mode = arguments.get("exemplar_size", options.size), arguments.get("colour", "none")
    read = [images.load_image(name, read_at) for name in names]
    read[-1] = colour.prepare_style(mode, read[-1], read[0])
    recipe = recipe_of(arguments, pictures) | {"texture": options.method}
    last, code = follow(_steps(options, [images.to_array(image) for image in read]), options.method)
    if last is None:
        return code
    image = colour.finish_colours(mode, images.from_array(last.image), read[0])
    save(image, options.output, recipe | {"complete": code == 0})
    print(f"{options.output} ({image.shape[-1]} x {image.shape[-2]} pixels)")
    return code


def _steps(options, pictures):
    """Return the generator of PatchSteps that the options ask for."""
    if options.method == "efros-leung":
        return patches.efros_leung(*pictures, options.size, options.window, options.seed)
    if options.method == "quilt":
        return patches.quilt(*pictures, options.size, options.block, options.overlap, options.seed)
    if options.method == "quilt-transfer":
        return patches.quilt_transfer(*pictures, options.block, options.overlap, options.iterations, options.seed)
    return patches.image_analogy(*pictures, options.levels, options.kappa)
