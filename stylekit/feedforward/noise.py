"""Noise for a transformation network, or it paints a lattice where a photograph is even.

Convolutions treat all places alike. What is even comes out even: of a plain picture they can only make a plain
picture. Over a nearly even sky they make a texture out of next to nothing, the faint squares of a JPEG file or a slow
change of colour, and it becomes the pattern that the layers amplify most, the same all over: a lattice. A texture needs
chance. Ulyanov, Lebedev, Vedaldi and Lempitsky, "Texture networks" (2016), give their network noise at several sizes.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

GRAINS = (1, 4, 16)  # pixels of a grain: one of the picture, of the responses in the residual blocks, of a stroke
PRIME = 33_554_393  # the largest below 2^25: in doubles, squares of numbers up to twice as large are exact


def add_noise(
    image: Float[Tensor, "B 3 H W"], noise: float | int, corner: tuple[int, int] = (0, 0)
) -> Float[Tensor, "B 3 H W"]:
    """Return images plus noise, `noise` times as strong as the deviation of each, in equal parts of three sizes.

    A picture of half the contrast gets half the noise, so that instance normalisation forgets contrast as before. The
    noise is one endless field, the same for each image of a batch, on every device and in an ONNX file: an image lies
    on it with its upper left pixel at `corner`, (row, column).
    """
    if noise == 0:
        return image
    variance = (image - image.mean((-2, -1), keepdim=True)).square().mean((1, 2, 3), keepdim=True)
    return image + noise * variance.sqrt() * _field(image.shape[-2:], corner).to(image)


def _field(sides, corner):
    """Return the noise of deviation 1 that lies at a corner, (1, 3, H, W): coarse grains, with finer added."""
    top, left = (start % GRAINS[-1] for start in corner)
    corner, height, width = (corner[0] - top, corner[1] - left), sides[0] + top, sides[1] + left
    grains = lambda size: ((height + size - 1) // size, (width + size - 1) // size)  # noqa: E731
    field = 0.0
    for size, finer in pairwise((*reversed(GRAINS), 1)):
        field = field + _scattered(grains(size), size, corner)
        rows, columns = grains(finer)
        field = functional.interpolate(field, scale_factor=size // finer, mode="nearest")[..., :rows, :columns]
    return math.sqrt(12 / len(GRAINS)) * field[..., top:, left:]  # 1/12: the variance of each


def _scattered(shape, size, corner):
    """Return numbers from -1/2 to 1/2, one for each grain of a size and each colour, (1, 3, rows, columns).

    A grain's row, column and colour make a whole number, which is squared twice modulo a prime.
    """
    rows, columns = (
        _modulo(factor * (torch.arange(length).double() + start // size))
        for factor, length, start in zip((7_272_959, 2_420_663), shape, corner, strict=True)
    )
    number = rows[:, None, None] + columns[:, None] + 40_503 * torch.arange(3).double() + size  # channels last
    for _ in range(2):
        number = _modulo(number.square().add_(8_349_279))
    return number.float().div_(PRIME).sub_(0.5).permute(2, 0, 1)[None]


def _modulo(number):
    return number.sub_((number / PRIME).floor_().mul_(PRIME))
