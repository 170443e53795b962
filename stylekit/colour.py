"""The colours of a painting: what is done to the style picture before, and to the painting after (notebook 06).

Gatys, Bethge, Hertzmann and Shechtman, "Preserving color in neural artistic style transfer" (2016), describe both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from stylekit.errors import InputError
from stylekit.images import check_image, resize_image

LUMINANCE = (0.299, 0.587, 0.114)  # the Y of YIQ, from R, G, B
REGULARISER = 1e-6  # added to each variance of `match_colour`: a deviation of 0.001, a quarter of one 8-bit level


def keep_colour(painted: Float[Tensor, "1 3 H W"], photograph: Float[Tensor, "1 3 H W"]) -> Float[Tensor, "1 3 H W"]:
    """Give a painting the photograph's colours: luminance Y of the painting, chroma I and Q of the photograph.

    Y adds equally to R, G and B, so exchanging Y in YIQ is: photograph + (Y(painted) - Y(photograph)), clamped to
    [0, 1]. Luminance-only transfer of Gatys, Bethge, Hertzmann and Shechtman, "Preserving color in neural artistic
    style transfer" (2016); they also paint from luminance alone, here it is applied to the finished painting.
    Both images RGB in [0, 1], shape (1, 3, H, W). Raises ValueError if their sizes differ.
    """
    check_image(painted)
    check_image(photograph)
    if painted.shape != photograph.shape:
        sizes = f"{tuple(painted.shape)} and {tuple(photograph.shape)}"
        raise InputError(f"painting and photograph must have one shape; got {sizes}: use resize_image first")
    weights = painted.new_tensor(LUMINANCE).view(1, 3, 1, 1)
    change = ((painted - photograph) * weights).sum(dim=1, keepdim=True)  # (1, 1, H, W)
    return (photograph + change).clamp(0, 1)


def match_colour(style: Float[Tensor, "1 3 H W"], photograph: Float[Tensor, "1 3 h w"]) -> Float[Tensor, "1 3 H W"]:
    """Give a style picture the photograph's mean colour and covariance of R, G, B, by a linear map of each pixel.

    x -> A (x - mean_style) + mean_photograph with A = C_photograph^(1/2) C_style^(-1/2), C the covariances (3, 3), and
    the result clamped to [0, 1]: the "Image Analogies" form of the linear colour transfer in Gatys, Bethge, Hertzmann
    and Shechtman, "Preserving color in neural artistic style transfer" (2016). Departure: C + 1e-6 on the diagonal, so
    that a grey or plain picture, whose C is singular, is mapped too. Images RGB in [0, 1]; sizes may differ.
    """
    check_image(style)
    check_image(photograph)
    mean_style, root_style = _colour_statistics(style)
    mean_photograph, root_photograph = _colour_statistics(photograph)
    A = root_photograph @ torch.linalg.inv(root_style)  # (3, 3)
    b = mean_photograph - A @ mean_style  # (3,)
    A, b = A.to(style), b.to(style)
    return (torch.einsum("ij,bjhw->bihw", A, style) + b.view(1, 3, 1, 1)).clamp(0, 1)


def _colour_statistics(image: Float[Tensor, "1 3 H W"]) -> tuple[Tensor, Tensor]:
    """Return the mean colour (3,) and the symmetric root of the regularised covariance (3, 3), float64 on the CPU."""
    pixels = image.detach().to("cpu", torch.float64).flatten(2)[0]  # (3, H*W)
    covariance = torch.cov(pixels, correction=0) + REGULARISER * torch.eye(3, dtype=torch.float64)
    values, vectors = torch.linalg.eigh(covariance)
    return pixels.mean(dim=1), vectors @ torch.diag(values.clamp(min=REGULARISER).sqrt()) @ vectors.T


@dataclass(frozen=True)
class ColourMode:
    """A manner of treating colours: `before` takes (style picture, photograph), `after` (painting, photograph).

    Each returns the picture that stands in the first one's place; None leaves it as it is.
    """

    words: str
    before: Callable[[Tensor, Tensor], Tensor] | None = None
    after: Callable[[Tensor, Tensor], Tensor] | None = None


MODES = {
    "none": ColourMode("the style's colours"),
    "keep": ColourMode("the photograph's colours, kept", after=keep_colour),
    "match": ColourMode("the style's colours, matched to the photograph's first", before=match_colour),
}
AFTERWARDS = tuple(name for name, mode in MODES.items() if mode.before is None)  # those that need no style picture


def prepare_style(
    mode: str, style: Float[Tensor, "1 3 Hs Ws"], photograph: Float[Tensor, "1 3 H W"]
) -> Float[Tensor, "1 3 Hs Ws"]:
    """Return the style picture that a colour mode paints from. Raises InputError for an unknown mode."""
    before = _mode(mode).before
    return before(style, photograph) if before else style


def finish_colours(
    mode: str, painted: Float[Tensor, "1 3 H W"], photograph: Float[Tensor, "1 3 h w"]
) -> Float[Tensor, "1 3 H W"]:
    """Return a painting with the colours that a mode gives it; the photograph may have another size.

    Raises InputError for an unknown mode.
    """
    after = _mode(mode).after
    return after(painted, resize_image(photograph.to(painted), tuple(painted.shape[-2:]))) if after else painted


def _mode(name):
    if name not in MODES:
        raise InputError(f"the colour mode must be one of {', '.join(MODES)}, not {name!r}")
    return MODES[name]
