"""What the studio does with a photograph or a film and a style: each method a generator of Previews."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from jaxtyping import Float
from PIL import Image
from torch import Tensor

from stylekit import __version__, colour, figures, images, patches
from stylekit.errors import InputError
from stylekit.feedforward import load_transformer, transformers
from stylekit.feedforward.motion import paint_frames
from stylekit.feedforward.tiles import paint_image
from stylekit.files import RECIPE
from stylekit.networks import load_network
from stylekit.transfer import stylise
from stylekit.ui.settings import StudioSettings, mixture
from stylekit.video import film_size, open_film, write_film

MOST_FRAMES = 900  # of a film


@dataclass(frozen=True)
class Preview:
    """The picture so far, (1, 3, H, W) in [0, 1], as it would be saved, and the part of the work that is done, 0 to 1.

    Of a painting also its Step's losses by name, before colours are kept, its evaluations so far, and its scale.
    """

    image: Float[Tensor, "1 3 H W"]
    done: float
    losses: Mapping[str, float] = field(default_factory=dict)
    evaluations: int = 0
    scale: int = 0


def make_picture(settings: StudioSettings, photograph: Image.Image, style: Image.Image) -> Iterator[Preview]:
    """Yield the pictures on the way to a result; photographs and styles are RGB.

    Raises InputError for settings that make no sense together, AssetError for pictures that are too narrow.
    """
    content, exemplar = (images.from_pil(picture, settings.size) for picture in (photograph, style))
    if settings.method == "instant":  # which finishes its pictures as it finishes the frames of a film
        yield Preview(_painter(settings)(content), 1.0)
        return
    exemplar = colour.prepare_style(settings.colour, exemplar, content)
    method = {"paint": _paint, "quilt": _quilt}[settings.method]
    for preview in method(settings, content, exemplar):
        yield replace(preview, image=colour.finish_colours(settings.colour, preview.image, content))


def _paint(settings, content, style):
    options = {
        name: getattr(settings, name) for name in ("content_weight", "content_layers", "style_size", "steps", "seed")
    }
    for step in stylise(content, style, load_network(settings.network), **options):
        yield Preview(step.image.cpu(), step.done, step.losses, step.evaluations, step.scale)


def companions(style: str) -> list[str]:
    """Return the styles that a style can be mixed with: what its network knows beside it."""
    known = transformers()
    return [name for name, file in known.items() if file == known.get(style) and name != style]


def _painter(settings):
    """Return the function that paints an image, or a frame with its corner, with the network for the styles."""
    if settings.style not in transformers():
        known = ", ".join(sorted(transformers()))
        raise InputError(f"instant knows only the styles it was trained for: {known}. Choose one of them, or paint.")
    if settings.colour not in colour.AFTERWARDS:
        fitting = " or ".join(colour.AFTERWARDS)
        raise InputError(f"instant has no style picture to prepare: its colours are {fitting}, not {settings.colour}")
    network = load_transformer(mixture(settings.style, settings.mix_with, settings.share))
    return lambda image, corner=(0, 0): paint_image(network, image, settings.colour, settings.strength, corner=corner)


def _quilt(settings, content, style):
    for step in patches.quilt_transfer(images.to_array(content), images.to_array(style), seed=settings.seed):
        yield Preview(images.from_array(step.image), step.done)


def make_film(settings: StudioSettings, source: Path, target: Path, frames: int | None = None) -> Iterator[Preview]:
    """Write a film painted by a network for a style, and yield its frames; `frames` are the first ones only.

    Raises InputError unless the method is "instant", and for films of more than MOST_FRAMES frames.
    """
    if settings.method != "instant":
        raise InputError("a film is painted by the method instant: choose that one")
    paint, film = _painter(settings), open_film(source)
    if frames is None and film.count > MOST_FRAMES:
        raise InputError(f"the film has about {film.count} frames, and {MOST_FRAMES} are the most here: cut it")
    size = film_size(film, target, min(settings.size, max(film.height, film.width)))
    painted = paint_frames(film.frames(), paint, size)
    count = frames or max(film.count, 1)
    for number, frame in enumerate(write_film(itertools.islice(painted, frames), target, film), start=1):
        yield Preview(frame.image, min(number / count, 1.0))


def as_png(image: Float[Tensor, "1 3 H W"], settings: StudioSettings, complete: bool) -> bytes:
    """Return a result as the content of a PNG file with its recipe, which `stylekit recipe` reads."""
    recipe = {"studio": asdict(settings), "complete": complete, "versions": {"stylekit": __version__}}
    return images.png_bytes(image, {RECIPE: json.dumps(recipe)})


def curves_html(steps: list) -> str:
    """Return the losses of a run drawn as curves, as an HTML element; "" where there are none.

    Each step has `losses`, `evaluations` and `scale`.
    """
    if not steps or not steps[0].losses:
        return ""
    drawing = figures.loss_curves(steps, "The losses of this run; a jump is where the picture grew")
    return drawing._repr_mimebundle_()[0]["text/html"]
