"""What the studio does with a photograph or a film and a style: each method a generator of Progress."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace

from jaxtyping import Float
from PIL import Image
from torch import Tensor

from stylekit import __version__, colour, figures, images, patches
from stylekit.errors import InputError
from stylekit.feedforward import load_transformer, transformers
from stylekit.feedforward.motion import paint_frames
from stylekit.feedforward.tiles import transform
from stylekit.files import RECIPE
from stylekit.networks import load_network
from stylekit.studio.settings import Settings
from stylekit.transfer import coarse_to_fine, stylise
from stylekit.video import film_size, open_film, write_film

MOST_FRAMES = 900  # of a film


@dataclass(frozen=True)
class Progress:
    """The picture so far, (1, 3, H, W) in [0, 1], the part of the work that is done, 0 to 1, and its losses by name."""

    image: Float[Tensor, "1 3 H W"]
    done: float
    losses: Mapping[str, float] = field(default_factory=dict)


def make_picture(settings: Settings, photograph: Image.Image, style: Image.Image) -> Iterator[Progress]:
    """Yield the pictures on the way to a result; photographs and styles are RGB.

    Raises ValueError for settings that make no sense together, AssetError for pictures that are too narrow.
    """
    content, exemplar = (images.from_pil(picture, settings.size) for picture in (photograph, style))
    exemplar = colour.prepare_style(settings.colour, exemplar, content)
    method = {"paint": _paint, "instant": _instant, "quilt": _quilt}[settings.method]
    for progress in method(settings, content, exemplar):
        yield replace(progress, image=colour.finish_colours(settings.colour, progress.image, content))


def _paint(settings, content, style):
    sizes = coarse_to_fine(settings.size)
    work = [(size / sizes[-1]) ** 2 for size in sizes]  # an evaluation's time grows with the number of pixels
    options = {name: getattr(settings, name) for name in ("content_weight", "steps", "seed")}
    network = load_network(settings.network)
    for step in stylise(content, style, network, sizes=sizes, **options):
        within = step.evaluations - settings.steps * step.scale
        spent = settings.steps * sum(work[: step.scale]) + within * work[step.scale]
        done = min(spent / (settings.steps * sum(work)), 1.0)
        yield Progress(step.image.clamp(0, 1).cpu(), done, step.losses)


def _instant(settings, content, style):
    yield Progress(transform(_transformer(settings), content).cpu(), 1.0)


def _transformer(settings):
    if settings.style not in transformers():
        known = ", ".join(sorted(transformers()))
        raise InputError(f"instant knows only the styles it was trained for: {known}. Choose one of them, or paint.")
    return load_transformer(settings.style)


def _quilt(settings, content, style):
    content, style = images.to_array(content), images.to_array(style)
    for step in patches.quilt_transfer(content, style, seed=settings.seed):
        yield Progress(images.from_array(step.image), step.done)


def make_film(settings: Settings, source: Path, target: Path, frames: int | None = None) -> Iterator[Progress]:
    """Write a film painted by a network for a style, and yield its frames; `frames` are the first ones only.

    Raises ValueError unless the method is "instant", and for films of more than MOST_FRAMES frames.
    """
    if settings.method != "instant":
        raise InputError("a film is painted by the method instant: choose that one")
    network, film = _transformer(settings), open_film(source)
    if frames is None and film.count > MOST_FRAMES:
        raise InputError(f"the film has about {film.count} frames, and {MOST_FRAMES} are the most here: cut it")
    size = film_size(film, target, min(settings.size, max(film.height, film.width)))
    paint = lambda image: colour.finish_colours(settings.colour, transform(network, image).cpu(), image)  # noqa: E731
    painted = paint_frames(film.frames(), paint, size)
    count = frames or max(film.count, 1)
    for number, frame in enumerate(write_film(itertools.islice(painted, frames), target, film), start=1):
        yield Progress(frame.image, min(number / count, 1.0))


def as_png(image: Float[Tensor, "1 3 H W"], settings: Settings, complete: bool) -> bytes:
    """Return a result as the content of a PNG file with its recipe, which `stylekit recipe` reads."""
    recipe = {"studio": asdict(settings), "complete": complete, "versions": {"stylekit": __version__}}
    return images.png_bytes(image, {RECIPE: json.dumps(recipe)})


def curves_html(losses: Sequence[Mapping[str, float]]) -> str:
    """Return the losses of a run drawn as curves, as an HTML element; "" where there are none."""
    steps = [SimpleNamespace(losses=terms, evaluations=number, scale=0) for number, terms in enumerate(losses, start=1)]
    if not steps or not steps[0].losses:
        return ""
    drawing = figures.loss_curves(steps, "The losses of this run; a jump is where the picture grew")
    element = drawing._repr_mimebundle_()[0]["text/html"]
    return element.replace("<img ", '<img style="max-width: 100%" ', 1)
