"""`stylekit apply`: paint a photograph, a folder of them, a GIF or a video with a trained network."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from pathlib import Path

import torch
from tqdm import tqdm

from stylekit import __version__, assets, colour, files, images
from stylekit.commands.outcome import INTERRUPTED
from stylekit.errors import AssetError, InputError
from stylekit.feedforward import load_transformer
from stylekit.feedforward.motion import BLEND, paint_frames
from stylekit.feedforward.tiles import transform
from stylekit.files import RECIPE
from stylekit.networks import weights_hash
from stylekit.video import CONTAINERS, check_film_output, film_size, open_film, write_film

VIDEOS = CONTAINERS.keys() - {".gif"} | {".avi"}  # suffixes of what is no photograph, whatever OUT is


def add_options(command):
    add = command.add_argument
    add("style", metavar="STYLE", help="a network: the name of a style that ships, or what train wrote (.safetensors)")
    add("input", metavar="INPUT", help="a photograph (a name, see assets, or a file), a folder of them, a GIF or video")
    add("-o", "--output", metavar="OUT", required=True, type=Path, help=".png or .jpg, a folder, .gif, .mp4, .mov, ...")
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
    painting, recipe = _paint_picture(options.input, output, load_transformer(options.style, options.device), options)
    images.save_image(painting, output, recipe)
    print(f"{output} ({painting.shape[-1]} x {painting.shape[-2]} pixels)")
    return 0


def _paint(network, image, options):
    """Return the painting of an image, on the CPU."""
    painting = transform(network, image, tile=options.tile).cpu()
    return colour.finish_colours(options.colour, painting, image)


def _paint_picture(source, output, network, options):
    """Return the painting of a photograph, and the texts that its file carries."""
    picture = assets.open_picture(source)
    painting = _paint(network, images.from_pil(picture, options.size, str(source)), options)
    if output.suffix.lower() != ".png":
        return painting, None
    arguments = {name: getattr(options, name) for name in ("style", "size", "tile", "colour", "device")}
    recipe = {
        "apply": arguments | {"input": str(source), "output": str(output)},
        "sha256": {"input": images.picture_hash(picture), "weights": weights_hash(network)},
        "versions": {"stylekit": __version__, "torch": torch.__version__, "python": sys.version.split()[0]},
    }
    return painting, {RECIPE: json.dumps(recipe)}


def _paint_folder(source, output, options):
    """Paint every picture of a folder into another; name and count the files that are none."""
    _check_folder(source, output)
    network = load_transformer(options.style, options.device)
    files = sorted(path for path in source.iterdir() if path.is_file() and not path.name.startswith("."))
    painted, skipped = 0, []
    try:
        for path in tqdm(files, desc="painting", unit=" pictures", file=sys.stderr):
            try:
                target = _target(path, output)
                painting, recipe = _paint_picture(path, target, network, options)
                output.mkdir(exist_ok=True)
                images.save_image(painting, target, recipe)
                painted += 1
            except AssetError as error:
                skipped.append(error)
    except KeyboardInterrupt:
        print(f"\nstylekit: stopped; {painted} of {len(files)} files are painted in {output}", file=sys.stderr)
        return INTERRUPTED
    for error in skipped:
        print(f"stylekit: skipped: {error}", file=sys.stderr)
    if not painted:
        raise InputError(f"none of the {len(files)} files in {source} could be painted; expected photographs")
    print(f"{output} ({painted} painted, {len(skipped)} skipped)")
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
    network = load_transformer(options.style, options.device)
    size = film_size(film, output, options.size)
    frames = paint_frames(film.frames(), lambda image: _paint(network, image, options), size, options.blend)
    older, begun = output.exists(), time.perf_counter()
    count, code = _follow(write_film(frames, output, film), film.count)
    if code and (not output.exists() or older and not count):
        print("stylekit: stopped before the first frame; nothing was written", file=sys.stderr)
        return code
    if code:
        print(f"stylekit: stopped; {output} is the film up to here", file=sys.stderr)
    if film.damaged:
        print(f"stylekit: {film.damaged} damaged pieces of {source} were left out", file=sys.stderr)
    seconds = time.perf_counter() - begun
    print(f"{output} ({count} frames, {seconds:.1f} s, {count / seconds:.1f} frames a second)")
    return code


def _follow(written, total):
    """Show the progress of a film; return the number of frames and the exit code."""
    count = 0
    try:
        with (
            contextlib.closing(written),
            tqdm(total=total, desc="painting", unit=" frames", file=sys.stderr) as bar,
        ):
            for _ in written:
                count += 1
                bar.update()
    except KeyboardInterrupt:
        return count, INTERRUPTED
    return count, 0
