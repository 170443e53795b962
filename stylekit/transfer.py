"""Content reconstruction, texture from noise and style transfer: each a few lines over an objective and `descend`.

Notebooks 02 (reconstruction), 05 (texture) and 06 (style transfer) come to this step by step.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from stylekit.errors import InputError, Interrupted, NonFiniteLoss
from stylekit.images import AnyPicture, as_image, check_size, resize_image
from stylekit.networks import FeatureNetwork
from stylekit.objective import (
    CONTENT_LAYERS,
    CONTENT_WEIGHT,
    STYLE_LAYERS,
    Layers,
    MoreTerms,
    Objective,
    check_weights,
    layer_weights,
    painting_objective,
)
from stylekit.optimise import Step, check_descent, minimise

# Pixels of the longer side: painting starts at this size or up to twice as large; noise has its large forms to find.
COARSEST, COARSEST_FROM_NOISE = 128, 64
STEPS = 80  # evaluations of the objective at each size; see `steps_at`
INITS = ("content", "noise", "style")
Picture = Float[Tensor, "1 3 H W"]


def stylise(
    content: AnyPicture,
    style: AnyPicture,
    network: FeatureNetwork,
    *,
    content_weight: float = CONTENT_WEIGHT,
    style_weight: float = 1.0,
    tv_weight: float | None = None,
    content_layers: Layers = CONTENT_LAYERS,
    style_layers: Layers = STYLE_LAYERS,
    scale: str = "relative",
    init: str = "content",
    sizes: Iterable[int] | None = None,
    style_size: float = 1.0,
    more_terms: MoreTerms | None = None,
    steps: int = STEPS,
    optimiser: str = "lbfgs",
    seed: int = 0,
) -> Iterator[Step]:
    """Paint the content picture in the manner of the style picture, coarse to fine (Gatys 2015 and CVPR 2016, Eq. 7).

    Notebook 06 derives it. Yields Steps whose images grow through `sizes` (longer side in pixels; by default halvings
    of the content's own size). `steps` counts the objective's evaluations at each size; the finest of several gets half
    as many, for it costs more than all others together. Layers are names, or names with weights w_l. Total variation,
    no part of the paper, is weighted 0.003 in the scale "relative" and 0 in the others unless said. `init` is
    "content", "noise" or "style"; later sizes start from the painting so far. At each size the style picture is looked
    at with `style_size` times the painting's longer side: below 1 its forms come out finer, above 1 larger.
    `more_terms` gives terms of your own at each size, from the network and both pictures. The pictures are whatever
    `as_image` takes; they are moved to the network's device. Raises InputError at once for pictures, weights, layers or
    names that make no sense.
    """
    content, style = (as_image(picture, network.mean.device) for picture in (content, style))
    weights = {"content_weight": content_weight, "style_weight": style_weight, "tv_weight": tv_weight}
    check_weights(style_size=style_size)
    options = {"content_layers": layer_weights(content_layers), "style_layers": layer_weights(style_layers)}
    options |= {"scale": scale, "more_terms": more_terms}
    if init not in INITS:
        raise InputError(f"init must be one of {', '.join(INITS)}, not {init!r}")
    coarsest = COARSEST_FROM_NOISE if init == "noise" else COARSEST
    sizes = _sizes(sizes, coarse_to_fine(max(content.shape[-2:]), coarsest))

    def at(size: int) -> Stage:
        photograph, exemplar = resize_image(content, size), resize_image(style, max(1, round(size * style_size)))
        objective = painting_objective(network, photograph, exemplar, **options, **weights)
        return Stage(objective, _start(init, photograph, exemplar, seed), keep_detail=init != "noise")

    return _begin(at, sizes, steps, optimiser)


def reconstruct(
    content: AnyPicture,
    network: FeatureNetwork,
    layer: str,
    *,
    tv_weight: float = 0.0,
    scale: str = "relative",
    sizes: Iterable[int] | None = None,
    steps: int = 200,
    optimiser: str = "lbfgs",
    seed: int = 0,
) -> Iterator[Step]:
    """Rebuild a photograph from one layer's response to it, from white noise (Gatys 2015, Fig. 1; notebook 02).

    At the photograph's own size unless `sizes` say otherwise; the rest is as in `stylise`.
    """
    content = as_image(content, network.mean.device)
    weights = {"content_weight": 1.0, "style_weight": 0.0, "tv_weight": tv_weight}

    def at(size: int) -> Stage:
        photograph = resize_image(content, size)
        objective = painting_objective(network, photograph, photograph, content_layers=[layer], scale=scale, **weights)
        return Stage(objective, _start("noise", photograph, photograph, seed))

    return _begin(at, _sizes(sizes, [max(content.shape[-2:])]), steps, optimiser)


def synthesise_texture(
    style: AnyPicture,
    network: FeatureNetwork,
    layers: Layers = STYLE_LAYERS,
    *,
    tv_weight: float = 0.0,
    scale: str = "relative",
    sizes: Iterable[int] | None = None,
    steps: int = 200,
    optimiser: str = "lbfgs",
    seed: int = 0,
) -> Iterator[Step]:
    """Make a picture from white noise with the style's Gram matrices (Gatys 2015, Fig. 1, top row; notebook 05).

    There is no photograph: each S_l is 1 at the noise. At the style picture's own size unless `sizes` say otherwise;
    the rest is as in `stylise`.
    """
    style = as_image(style, network.mean.device)
    weights = {"content_weight": 0.0, "style_weight": 1.0, "tv_weight": tv_weight}

    def at(size: int) -> Stage:
        exemplar = resize_image(style, size)
        noise = _start("noise", exemplar, exemplar, seed)
        options = {"reference": noise, "style_layers": layers, "scale": scale}
        return Stage(painting_objective(network, exemplar, exemplar, **options, **weights), noise)

    return _begin(at, _sizes(sizes, [max(style.shape[-2:])]), steps, optimiser)


def _begin(at, sizes, steps, optimiser):
    """Return the Steps of a descent through sizes; what does not fit together is said now, not at the first Step."""
    check_descent(steps, optimiser)
    first = at(sizes[0])
    return descend(itertools.chain([first], map(at, sizes[1:])), sizes, steps, optimiser)


@dataclass(frozen=True)
class Stage:
    """One size of a descent: its objective, and the picture that it would start from if it were the first.

    `keep_detail` says that this picture's fine detail, which smaller sizes do not have, belongs into the painting.
    """

    objective: Objective
    start: Picture
    keep_detail: bool = False

    def start_from(self, painting: Float[Tensor, "1 3 h w"], before: Stage) -> Picture:
        """Return the painting so far, enlarged, with the detail that the start has here and had not before."""
        enlarged = resize_image(painting, tuple(self.start.shape[-2:]))
        if not self.keep_detail:
            return enlarged
        return (enlarged + self.start - resize_image(before.start, tuple(self.start.shape[-2:]))).clamp(0, 1)


def descend(stages: Iterable[Stage], sizes: Sequence[int], steps: int, optimiser: str = "lbfgs") -> Iterator[Step]:
    """Yield the Steps of a descent coarse to fine, a stage for each of the sizes.

    Each stage but the first starts from the painting so far, and `steps` is shared out by `steps_at`. Evaluations
    and seconds count on, and `done` is weighted by the number of pixels, to which the time of an evaluation is about
    proportional. What ends a descent too early (NonFiniteLoss, Interrupted) carries the last good Step of all sizes.
    """
    counts = steps_at(sizes, steps)
    work = [count * size**2 for count, size in zip(counts, sizes, strict=True)]
    work = [part / sum(work) for part in work]
    last = before = None
    for index, stage in enumerate(stages):
        spent = (last.evaluations, last.seconds) if last else (0, 0.0)
        start, before = stage.start_from(last.image, before) if last else stage.start, stage
        try:
            for step in minimise(start, stage.objective, counts[index], optimiser):
                last = _counted_on(step, spent, index, work)
                yield last
        except (NonFiniteLoss, Interrupted) as error:
            error.last = last
            raise


def steps_at(sizes: Sequence[int], steps: int = STEPS) -> list[int]:
    """Return how many evaluations each size gets: so many, but the finest of several, the dearest, half of them."""
    *coarser, _ = sizes
    return [*(steps for _ in coarser), math.ceil(steps / 2) if coarser else steps]


def _counted_on(step, spent, index, work):
    """Return a Step of one size as a Step of the whole descent."""
    evaluations, seconds = step.evaluations + spent[0], step.seconds + spent[1]
    is_last = step.done == 1 and index == len(work) - 1
    done = 1.0 if is_last else sum(work[:index]) + work[index] * step.done
    return replace(step, evaluations=evaluations, seconds=seconds, scale=index, done=done)


def coarse_to_fine(size: int, coarsest: int = COARSEST) -> list[int]:
    """Return the sizes to paint at: halvings of `size`, the smallest below twice `coarsest`, in growing order."""
    sizes = [size]
    while sizes[0] >= 2 * coarsest:
        sizes.insert(0, round(sizes[0] / 2))
    return sizes


def _start(init, photograph, exemplar, seed):
    """Return the picture to start from, in the photograph's shape."""
    if init == "noise":
        generator = torch.Generator().manual_seed(seed)
        return torch.rand(photograph.shape, generator=generator).to(photograph)
    if init == "style":
        return resize_image(exemplar, tuple(photograph.shape[-2:]))
    return photograph


def _sizes(given, default):
    """Return the sizes to paint at: those given, if they make sense, or the default ones."""
    if given is None:
        return default
    if isinstance(given, int | float | str):
        raise InputError(f"sizes are several numbers of pixels, coarse to fine, such as [128, 256]; got {given!r}")
    sizes = list(given)
    for size in sizes:
        check_size(size)
    if not sizes or sizes != sorted(set(sizes)):
        raise InputError(f"sizes are numbers of pixels in growing order, at least one; got {sizes}")
    return sizes
