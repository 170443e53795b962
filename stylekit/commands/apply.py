"""`stylekit apply`: paint a photograph, a folder of them, a GIF or a video with a trained network."""

from __future__ import annotations

import contextlib
import sys
import time
from pathlib import Path

from stylekit import assets, colour, files, images
from stylekit.commands.progress import counted, follow
from stylekit.commands.recipe import recipe_of, save
from stylekit.commands.stylise import parse_layers
from stylekit.errors import AssetError, InputError
from stylekit.feedforward import load_transformer
from stylekit.feedforward.motion import BLEND, paint_frames
from stylekit.feedforward.tiles import paint_image
from stylekit.video import CONTAINERS, check_film_output, film_size, open_film, write_film

VIDEOS = CONTAINERS.keys() - {".gif"} | {".avi"}  # suffixes of what is no photograph, whatever OUT is


def add_options(command):
    add = command.add_argument
    help = "a style that ships, a mixture such as swirls=0.7 waves=0.3, or what train wrote (.safetensors)"
    add("style", metavar="STYLE", nargs="+", help=help)
    add("input", metavar="INPUT", help="a photograph (a name, see assets, or a file), a folder of them, a GIF or video")
    add("-o", "--output", metavar="OUT", required=True, type=Path, help=".png or .jpg, a folder, .gif, .mp4, .mov, ...")
    add("--network", metavar="FILE", help="a .safetensors file of several styles, which STYLE then names")
    help = "1 is the painting, 0 the photograph, 0.5 half of both (default 1)"
    add("--strength", type=float, metavar="0..1", default=1.0, help=help)
    add("--size", type=int, metavar="PIXELS", help="longer side (default: as it is); of a video, sides become even")
    add("--tile", type=int, metavar="PIXELS", help="paint in tiles of this size, where memory is short")
    add("--colour", choices=colour.AFTERWARDS, default="none", help="keep the photograph's colours (default none)")
    help = "of a film: how much of the frame before stays, along the motion, against flicker; 0: none (default 0.5)"
    add("--blend", type=float, metavar="0..1", default=BLEND, help=help)
    add("--device", default="auto", help="auto, cpu, cuda or mps (default %(default)s)")


def run(options) -> int:
    """Paint whatever INPUT is; the kind of OUT must fit it."""
    if options.size is not None:
        images.check_size(options.size)
    if not 0 <= options.blend < 1:
        raise InputError(f"--blend is a number from 0 to less than 1, got {options.blend}")
    if not 0 <= options.strength <= 1:
        raise InputError(f"--strength is a number from 0 to 1, got {options.strength}")
    source, output = Path(options.input).expanduser(), options.output.expanduser()
    if source.exists() and output.exists() and output.samefile(source):
        raise InputError(f"{output} is what is to be read; choose another name for the painting")
    if source.is_dir():
        return _paint_folder(source, output, options)
    if output.suffix.lower() in CONTAINERS:
        return _paint_film(source, output, options)
    if source.suffix.lower() in VIDEOS:
        raise InputError(f"{source} is a video, so OUT must end in one of {', '.join(CONTAINERS)}; got {str(output)!r}")
    images.check_output(output)
    painting = _paint_picture(options.input, output, _network(options), options)
    print(f"{output} ({painting.shape[-1]} x {painting.shape[-2]} pixels)")
    return 0


def _network(options):
    """Return the network of the styles asked for."""
    alone = len(options.style) == 1 and options.style[0].endswith(".safetensors")
    style = options.style[0] if alone else parse_layers(options.style, "STYLE")
    return load_transformer(style, options.device, options.network)


def _paint(network, image, options, corner=(0, 0)):
    """Return the painting of an image, on the CPU."""
    return paint_image(network, image, options.colour, options.strength, options.tile, corner)


def _paint_picture(source, output, network, options):
    """Paint a photograph, write the painting with its recipe, and return it."""
    painting = _paint(network, images.load_image(source, options.size), options)
    arguments = {"input": str(source), "output": output}
    arguments |= {name: getattr(options, name) for name in ("network", "strength", "size", "tile", "colour", "device")}
    output.parent.mkdir(exist_ok=True)  # the first picture of a folder makes that of the paintings
    save(painting, output, {"apply": options.style} | recipe_of(arguments, ("input",), network))
    return painting


def _paint_folder(source, output, options):
    """Paint every picture of a folder into another; name and count the files that are none."""
    _check_folder(source, output)
    network = _network(options)
    paths = sorted(path for path in source.iterdir() if path.is_file() and not path.name.startswith("."))
    painted, skipped = [], []

    def paint(path):
        try:
            target = _target(path, output)
            _paint_picture(path, target, network, options)
            painted.append(target)
        except AssetError as error:
            skipped.append(error)

    so_far = lambda _: f"{len(painted)} of {len(paths)} files painted"  # noqa: E731
    _, code = follow(counted(map(paint, paths), len(paths)), "painting", so_far, f"what is painted is in {output}")
    if code:
        return code
    for error in skipped:
        print(f"stylekit: skipped: {error}", file=sys.stderr)
    if not painted:
        raise InputError(f"none of the {len(paths)} files in {source} could be painted; expected photographs")
    print(f"{output} ({len(painted)} painted, {len(skipped)} skipped)")
    return 0


def _check_folder(source, output):
    """Check that OUT is a folder, or can become one."""
    named_as_file = output.suffix.lower() in images.FORMATS.keys() | CONTAINERS.keys()
    if not output.is_dir() and (output.exists() or named_as_file):
        raise InputError(f"{source} is a folder, so OUT must be one too; {output} is the name of a file")
    files.check_folder(output if output.is_dir() else output.parent)


def _target(path, output):
    """Return where the painting of a file goes: the same name, with .png after it where we do not write its format."""
    target = output / (path.name if path.suffix.lower() in images.FORMATS else f"{path.name}.png")
    if target.exists() and target.samefile(path):
        raise AssetError(f"{target} is a link to the photograph itself")
    return target


def _paint_film(source, output, options):
    """Paint a GIF or a video frame by frame; after Ctrl-C what is painted becomes a whole film."""
    check_film_output(output)
    if not source.exists() and options.input in assets.pictures():
        raise InputError(f"{options.input} is a photograph, so OUT must end in .png or .jpg; got {str(output)!r}")
    film = open_film(source)
    network = _network(options)
    size = film_size(film, output, options.size)
    paint = lambda image, corner: _paint(network, image, options, corner)  # noqa: E731
    frames = paint_frames(film.frames(), paint, size, options.blend)
    begun = time.perf_counter()
    rate = lambda frame: f"{frame.number / (time.perf_counter() - begun):.1f} frames/s"  # noqa: E731
    with contextlib.closing(write_film(frames, output, film)) as written:
        last, code = follow(counted(written, film.count), "painting", rate, f"{output} is the film up to here")
    if last is None:
        return code
    if film.damaged:
        print(f"stylekit: {film.damaged} damaged pieces of {source} were left out", file=sys.stderr)
    seconds = time.perf_counter() - begun
    print(f"{output} ({last.number} frames, {seconds:.1f} s, {last.number / seconds:.1f} frames a second)")
    return code
