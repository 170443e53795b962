"""Painting in one pass, or in tiles where the picture is too large for the memory: the same painting.

A tile is a strip of rows as wide as the picture, with as much of its surroundings as the convolutions reach. Instance
normalisation takes the mean and the variance of the whole picture. So the network is not run tile after tile but stage
after stage, a stage over all tiles before the next begins. Between stages only the responses at a quarter of the size
are kept: the residual blocks' x and what is to be added to it, eight numbers per pixel at the kit's width (in one pass
the network needs well over a hundred). The layers before and after the blocks are larger, and are computed again
instead for each normalisation that is to be measured.
"""

from __future__ import annotations

import copy
import itertools
import math
from fractions import Fraction

import torch
from jaxtyping import Float
from torch import Tensor, nn

from stylekit import colour
from stylekit.errors import InputError
from stylekit.feedforward.network import RANGE, InstanceNorm, TransformationNetwork, add_noise
from stylekit.images import as_image

STEP = 4  # pixels: the layers that halve have a position on every fourth row, in a tile as in the whole
SMALLEST_TILE = 16  # rows of a tile, and pixels of its side


def transform(
    network: TransformationNetwork,
    image: Float[Tensor, "1 3 H W"],
    tile: int | None = None,
    corner: tuple[int, int] = (0, 0),
) -> Float[Tensor, "1 3 H W"]:
    """Return the painting of an image, clamped to [0, 1]: in one pass, or in tiles of about `tile` x `tile` pixels.

    Both ways agree to rounding. In tiles it takes about twice the time and a fraction of the memory. The image is
    moved to the network's device and precision, and the painting stays there. `corner` says where in the field of noise
    it lies (see `noise.add_noise`). Raises InputError for a picture that `as_image` refuses, a tile of less than 16
    pixels, padding "border" in tiles, and batch normalisation that is still in training.
    """
    _check(network, tile)
    image = as_image(image).to(network.last.weight)
    with torch.no_grad():  # no inference mode: it would make tensors that no later loss can learn through
        if tile is None or tile**2 >= image.shape[-2] * image.shape[-1]:
            return network(image, corner).clamp(0, 1)
        image = add_noise(image, network.architecture.noise, corner)
        rows = max(SMALLEST_TILE, tile**2 // image.shape[-1] // STEP * STEP)
        return _in_tiles(copy.deepcopy(network), image, rows)  # a copy, which gets the statistics of this image


def paint_image(
    network: TransformationNetwork,
    image: Float[Tensor, "1 3 H W"],
    mode: str = "none",
    strength: float | int = 1.0,
    tile: int | None = None,
    corner: tuple[int, int] = (0, 0),
) -> Float[Tensor, "1 3 H W"]:
    """Return what `transform` makes of a photograph, finished and on the CPU: its colours, then its strength.

    `mode` is a colour mode, one of `stylekit.colour.AFTERWARDS`. At `strength` 1 it is the painting, at 0 the
    photograph; between them each pixel lies on the line from one to the other. `tile` and `corner` are those of
    `transform`. Raises InputError for a strength that is not from 0 to 1, for an unknown mode, and where `transform`
    does.
    """
    if not 0 <= strength <= 1:
        raise InputError(f"the strength of a painting is a number from 0 to 1, got {strength}")
    painting = colour.finish_colours(mode, transform(network, image, tile, corner).cpu(), image)
    return torch.lerp(image.to(painting), painting, strength)


def _check(network, tile):
    architecture = network.architecture
    if architecture.normalisation == "batch" and network.training:
        raise InputError("batch normalisation paints with the statistics of its training: call network.eval() first")
    if tile is not None and architecture.padding == "border":
        raise InputError('padding "border" pads the whole image first: give no tile, or a network with padding "same"')
    if tile is not None and (not isinstance(tile, int) or tile < SMALLEST_TILE):
        raise InputError(f"tile is the side of a tile in whole pixels: expected at least {SMALLEST_TILE}, got {tile}")


def _in_tiles(network, image, rows):
    """Run a network stage after stage; a stage ends where statistics are to be measured, or responses are kept."""
    down, up = ([step for part in parts for step in _steps(part)] for parts in (network.down, network.up))
    down = [lambda image: 2 * image - 1, *down]  # as TransformationNetwork begins, and as it ends:
    up += [network.last, lambda z: (0.5 + RANGE * torch.tanh(network.architecture.slope * z)).clamp(0, 1)]
    _measure_all(down, image, rows)
    _, ratio = _geometry(down)
    x = _filled(_empty(image, network.residual[0].convolutions[0].in_channels, ratio), _strips(down, image, rows))
    rows, y = int(rows * ratio), torch.empty_like(x)
    for block in network.residual:
        _add_block(block, x, y, rows)
    del y
    _measure_all(up, x, rows)
    return _filled(_empty(image, 3, 1), _strips(up, x, rows))


def _steps(part):
    """Return what a Convolution of the network does, step by step."""
    enlarging = [nn.Upsample(scale_factor=part.enlarge, mode="nearest")] if part.enlarge > 1 else []
    return [*enlarging, part.convolution, part.normalisation, nn.ReLU()]


def _measure_all(steps, source, rows):
    """Fix the statistics of each instance normalisation among the steps, the first of them first."""
    for number, step in enumerate(steps):
        if _is_open(step):
            statistics = _Statistics()
            for _, strip in _strips(steps[:number], source, rows):
                statistics.add(strip)
            step.fixed = statistics.pair(step.weight)


def _is_open(step):
    return isinstance(step, InstanceNorm) and step.fixed is None


def _add_block(block, x, y, rows):
    """Replace x by x + g(x), g a residual block; y is of the same shape, and its content is lost."""
    (first, second), (norm, other) = block.convolutions, block.normalisations
    _filled(y, _strips([first], x, rows), norm)
    _filled(y, _strips([norm, nn.ReLU(), second], y, rows), other)
    for start in range(0, x.shape[-2], rows):
        x[..., start : start + rows, :] += other(y[..., start : start + rows, :])


def _empty(image, channels, ratio):
    """Return room for responses to an image, `ratio` rows for each of its rows; layers that halve round a size up."""
    height, width = (math.ceil(side * ratio) for side in image.shape[-2:])
    return image.new_empty(1, channels, height, width).contiguous(memory_format=torch.channels_last)


def _filled(whole, strips, norm=None):
    """Write strips into a whole, cut to its size, and return it; fix the statistics of a normalisation on the way.

    A strip is written after the next one was computed: they may be computed from this same whole.
    """
    statistics, height, width = _Statistics(), *whole.shape[-2:]
    for (start, strip), _ in itertools.pairwise(itertools.chain(strips, [None])):
        whole[..., start : start + strip.shape[-2], :] = strip[..., : height - start, :width]
        if _is_open(norm):
            statistics.add(strip)
    if _is_open(norm):
        norm.fixed = statistics.pair(norm.weight)
    return whole


def _strips(steps, source, rows):
    """Yield what the steps make of a source, in strips, each with the number of its first row.

    At the edge of a strip that is none of the whole a convolution reflects too; that does not reach beyond the margin,
    which is cut off. The last strip ends where its result does.
    """
    (margin, ratio), height = _geometry(steps), source.shape[-2]
    for start in range(0, height, rows):
        stop = min(height, start + rows)
        begin = max(0, start - margin)
        x = source[..., begin : stop + margin, :]
        for step in steps:
            x = step(x)
        end = int((stop - begin) * ratio) if stop < height else None
        yield int(start * ratio), x[..., int((start - begin) * ratio) : end, :]


def _geometry(steps):
    """Return how many rows around it a row of the result depends on, and rows of the result per row of the source.

    From the result back: a kernel adds half its size, an enlargement divides what was reached, a stride multiplies it.
    """
    reach, ratio = 0, Fraction(1)
    for step in reversed(steps):
        half, stride, enlarge = 0, 1, 1
        if isinstance(step, nn.Conv2d):
            half, stride = step.kernel_size[0] // 2, step.stride[0]
        elif isinstance(step, nn.ConvTranspose2d):
            half, enlarge = step.kernel_size[0] // 2, step.stride[0]
        elif isinstance(step, nn.Upsample):
            enlarge = int(step.scale_factor)
        reach, ratio = math.ceil((reach * stride + half) / enlarge), ratio * enlarge / stride
    return int(math.ceil(reach * ratio) / ratio), ratio


class _Statistics:
    """Sums over responses (1, N, h, W) by channel, in double precision: how many, they themselves, their squares."""

    def __init__(self):
        self.sums = 0

    def add(self, x):
        variance, mean = (v.cpu().double() for v in torch.var_mean(x, dim=(-2, -1), correction=0, keepdim=True))
        parts = torch.stack([torch.ones_like(mean), mean, variance + mean.square()])
        self.sums = self.sums + x.shape[-2] * x.shape[-1] * parts

    def pair(self, like):
        """Return mean and variance as an InstanceNorm takes them, on the device of its weight."""
        count, total, squares = self.sums
        mean = total / count
        return mean.to(like), (squares / count - mean.square()).to(like)
