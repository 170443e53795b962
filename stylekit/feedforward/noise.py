"""Noise for a transformation network, or it paints a lattice where a photograph is even.

Convolutions treat all places alike. What is even comes out even: of a plain picture they can only make a plain
picture. Over a nearly even sky they make a texture out of next to nothing, the faint squares of a JPEG file or a slow
change of colour, and it becomes the pattern that the layers amplify most, the same all over: a lattice. A texture needs
chance. Ulyanov, Lebedev, Vedaldi and Lempitsky, "Texture networks" (2016), give their network noise at several sizes.
"""

from __future__ import annotations

import math

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
    on it with its upper left pixel at `corner`, (row, column), multiples of 16.
    """
    if noise == 0:
        return image
    deviation = image.var((-2, -1), correction=0, keepdim=True).mean(1, keepdim=True).sqrt()
    total = math.sqrt(12 / len(GRAINS)) * sum(_scattered(image, size, corner) for size in GRAINS)  # deviation 1
    return image + noise * deviation * total.to(image)


def _scattered(image, size, corner):
    """Return numbers from -1/2 to 1/2, one for each square of so many pixels of an image and each of its colours.

    A square's row, column and colour make a whole number, which is squared twice modulo a prime.
    """
    height, width = image.shape[-2:]
    rows, columns = (
        _modulo(factor * (torch.arange((length + size - 1) // size).double() + start // size))
        for factor, length, start in zip((7_272_959, 2_420_663), (height, width), corner, strict=True)
    )
    number = rows[:, None] + columns + 40_503 * torch.arange(3).double()[:, None, None] + size
    for _ in range(2):
        number = _modulo(number.square() + 8_349_279)
    squares = (number / PRIME - 0.5).float()[None]
    return functional.interpolate(squares, scale_factor=size, mode="nearest")[..., :height, :width]


def _modulo(number):
    return number - PRIME * (number / PRIME).floor()
