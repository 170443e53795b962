"""What every method takes and yields: checked pictures, and PatchSteps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int

from stylekit.errors import InputError

Picture = Float[np.ndarray, "_ _ 3"]


@dataclass(frozen=True)
class PatchStep:
    """A picture on the way, and where it comes from.

    `sources`, (H, W, 2), holds row and column of the exemplar's pixel that each pixel was copied from, -1 where there
    is nothing yet; `done` says which part of the work is done, 0 to 1. `draw` makes the picture when it is asked for:
    most PatchSteps of a run are never looked at.
    """

    sources: Int[np.ndarray, "H W 2"]
    done: float
    draw: Callable[[], Picture] = field(repr=False)

    @cached_property
    def image(self) -> Picture:
        """The picture, (H, W, 3), mid-grey where there is nothing yet."""
        return self.draw()


def check_picture(picture: np.ndarray, name: str, least: int = 1) -> Picture:
    """Return a picture as float64 if each side has `least` pixels or more.

    Raises ValueError for what is no array of real numbers, another shape, a smaller side, and values that are not
    finite or outside [0, 1].
    """
    if not isinstance(picture, np.ndarray) or picture.dtype.kind not in "fiu":
        came = f"an array of {picture.dtype}" if isinstance(picture, np.ndarray) else type(picture).__name__
        remedy = "from stylekit.images, to_array(load_image(name)) gives one"
        raise InputError(f"the {name} must be a NumPy array of numbers in [0, 1]; got {came}: {remedy}")
    array = picture.astype(np.float64)
    if array.ndim != 3 or array.shape[2] != 3:
        raise InputError(f"the {name} must be an array of shape (H, W, 3), RGB in [0, 1]; got shape {array.shape}")
    if min(array.shape[:2]) < least:
        sides = f"{array.shape[0]} x {array.shape[1]}"
        raise InputError(f"the {name} must have {least} pixels or more on each side, it has {sides}: take a larger one")
    if not np.isfinite(array).all():
        raise InputError(f"the {name} holds values that are not finite (NaN or infinite): give numbers in [0, 1]")
    if array.min() < 0 or array.max() > 1:
        found = f"{array.min():.6g} to {array.max():.6g}"
        raise InputError(f"the {name} must hold numbers in [0, 1], it holds {found}: divide 0..255 by 255, or clip")
    return array


def check_real(value: object, name: str) -> float:
    """Return a number of 0 or more. Raises ValueError for anything else, NaN among it."""
    real = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not real or not value >= 0:
        raise InputError(f"{name} must be a number, 0 or more; got {value!r}")
    return float(value)


def check_count(value: object, name: str, least: int, odd: bool = False) -> int:
    """Return a whole number of `least` or more. Raises ValueError for anything else, and for an even one if `odd`."""
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or value < least or odd and value % 2 == 0:
        kind = "an odd number" if odd else "a whole number"
        raise InputError(f"{name} must be {kind}, {least} or more; got {value!r}")
    return int(value)


def check_size(size: object, name: str, least: int) -> tuple[int, int]:
    """Return (height, width) of a size in pixels: one number for both, or a pair. Raises ValueError."""
    sides = tuple(size) if isinstance(size, tuple | list) else (size, size)
    if len(sides) != 2:
        raise InputError(f"{name} must be one number of pixels, or (height, width); got {size!r}")
    height, width = (check_count(side, name, least) for side in sides)
    return height, width


def copied(exemplar: Picture, sources: Int[np.ndarray, "H W 2"]) -> Float[np.ndarray, "H W 3"]:
    """Return the picture whose pixels are the exemplar's at `sources`, mid-grey where they are -1."""
    picture = exemplar[sources[..., 0], sources[..., 1]]
    picture[sources[..., 0] < 0] = 0.5
    return picture
