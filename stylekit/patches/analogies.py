"""A is to A' as B is to what? (Hertzmann, Jacobs, Oliver, Curless and Salesin, "Image analogies", SIGGRAPH 2001)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from functools import partial

import numpy as np
from jaxtyping import Float
from numpy.lib.stride_tricks import sliding_window_view
from skimage.transform import pyramid_gaussian

from stylekit.colour import LUMINANCE
from stylekit.errors import InputError
from stylekit.patches.growing import gaussian
from stylekit.patches.neighbours import AT_ONCE
from stylekit.patches.search import ROUNDING
from stylekit.patches.step import PatchStep, Picture, check_count, check_picture, check_real

FINE, COARSE = 5, 3  # windows at the level itself and at the next coarser one
HALF = FINE // 2
ABOVE = HALF * FINE  # pixels of a causal window in the rows above; HALF are left in its own row
CAUSAL = gaussian(FINE).ravel()[: ABOVE + HALF]
CAUSAL = np.sqrt(CAUSAL / CAUSAL.sum())  # the roots of the weights of a causal window, whose sum is 1
NOWHERE = -(2**30)  # the source of what lies outside: no offset brings it inside
FLAT = 1e-9  # the deviation of a luminance that is constant but for rounding

Luminance = Float[np.ndarray, "_ _"]


def image_analogy(
    A: Picture, A_filtered: Picture, B: Picture, levels: int = 3, kappa: float | int = 2.0
) -> Iterator[PatchStep]:
    """Filter B as A was filtered into A', whatever the filter was: learn it from the pair, one pixel at a time.

    Luminance only, coarse to fine over `levels` of Gaussian pyramids, in raster order. A pixel q of B' copies that
    pixel p of A' whose neighbourhoods agree best: 5 x 5 in A and B, what is made already of it in A' and B', 3 x 3 of
    all four at the next coarser level, each Gaussian-weighted and of weight 1. The best place that goes on where a
    neighbour's source was is taken instead if its squared distance is at most 1 + 2^(l - L) kappa times the best one, L
    the finest level (Hertzmann et al. 2001, section 3). A and A' first get B's mean and deviation of luminance, with a
    constant A the mean alone. Colours are those of B, made paler where the luminance leaves no room for them. The
    search is exact: all that is known when a row begins is compared by one product of matrices. Yields a PatchStep
    after each row; at coarser levels its picture is smaller and its sources refer to the smaller A'. Raises InputError
    at once where A and A' differ in shape, for more levels than the pictures have pixels for, a negative kappa, and
    what is no picture.
    """
    levels, kappa = check_count(levels, "levels", 1), check_real(kappa, "kappa")
    pictures = {"picture A": A, "picture A'": A_filtered, "picture B": B}
    A, A_filtered, B = (check_picture(picture, name, least=FINE) for name, picture in pictures.items())
    if A.shape != A_filtered.shape:
        raise InputError(
            f"A and A' must be one picture before and after a filter; got {A.shape} and {A_filtered.shape}"
        )
    side = min(*A.shape[:2], *B.shape[:2])
    most = int(math.log2(side / FINE)) + 1  # more, and the coarsest level would be smaller than a window
    if levels > most:
        remedy = "take fewer levels, or larger pictures"
        raise InputError(
            f"levels must be 1 to {most} where the shortest side has {side} pixels, got {levels}: {remedy}"
        )
    return _filtered(A, A_filtered, B, levels, kappa)


def _filtered(A, A_filtered, B, levels, kappa):
    Y_A, Y_filtered = _remapped(A @ LUMINANCE, A_filtered @ LUMINANCE, B @ LUMINANCE)
    pyramids = [_pyramid(picture, levels) for picture in (Y_A, Y_filtered, B @ LUMINANCE, B)]
    total = sum(a.size * b.size for a, _, b, _ in zip(*pyramids, strict=True))  # comparisons of neighbourhoods
    finished, coarser = 0, None
    for level, (a, a_filtered, b, colours) in enumerate(zip(*pyramids, strict=True)):
        painting = _Level(a, a_filtered, b, coarser, factor=1 + 2.0 ** (level - levels + 1) * kappa)
        for row in range(len(b)):
            painting.paint(row)
            finished += a.size * b.shape[1]
            yield painting.step(colours, finished / total)
        coarser = painting


def _remapped(A: Luminance, A_filtered: Luminance, B: Luminance) -> tuple[Luminance, Luminance]:
    """Return A and A' with the mean and the deviation that B has, by the map that gives them to A."""
    scale = B.std() / A.std() if A.std() > FLAT else 1.0
    return tuple((Y - A.mean()) * scale + B.mean() for Y in (A, A_filtered))


def _pyramid(picture: np.ndarray, levels: int) -> list[np.ndarray]:
    """Return the picture at each level, the coarsest first."""
    return [*pyramid_gaussian(picture, levels - 1, channel_axis=2 if picture.ndim == 3 else None)][::-1]


def _windows(picture: Luminance, side: int) -> Float[np.ndarray, "H W n"]:
    """Return each pixel's neighbourhood, Gaussian-weighted with sum 1; beyond the border its pixels go on."""
    padded = np.pad(picture, side // 2, mode="edge")
    weights = gaussian(side) / gaussian(side).sum()
    windows = sliding_window_view(padded, (side, side)) * np.sqrt(weights)
    return windows.reshape(*picture.shape, side**2)


def _given(fine: Luminance, coarser: Iterable[Luminance]) -> Float[np.ndarray, "H W n"]:
    """Return each pixel's neighbourhood in a picture, and those of its place at the next coarser level."""
    rows, columns = (np.arange(side) // 2 for side in fine.shape)
    halves = [_windows(picture, COARSE)[rows[:, None], columns] for picture in coarser]
    return np.concatenate([_windows(fine, FINE), *halves], axis=2)


def _neighbourhoods(margined: Float[np.ndarray, "H2 W2"]) -> Float[np.ndarray, "H W n"]:
    """Return what of each neighbourhood comes before its middle in raster order, of a picture with a margin."""
    windows = sliding_window_view(margined, (FINE, FINE))
    return windows.reshape(*windows.shape[:2], FINE**2)[..., : ABOVE + HALF]


class _Level:
    """One level of the pyramid: what B' looks like so far, and how its pixels are found.

    `painting` and `sources` have a margin of half a window, black and nowhere, so that every window is whole.
    """

    def __init__(self, a, a_filtered, b, coarser, factor):
        self.a, self.a_filtered, self.b, self.factor = a, a_filtered, b, factor
        rows, columns = b.shape[0] + 2 * HALF, b.shape[1] + 2 * HALF
        self.margined = np.zeros((rows, columns))
        self.origins = np.full((rows, columns, 2), NOWHERE)
        inside = np.s_[HALF : rows - HALF, HALF : columns - HALF]
        self.painting, self.sources = self.margined[inside], self.origins[inside]
        around = ((), ()) if coarser is None else ((coarser.a, coarser.a_filtered), (coarser.b, coarser.painting))
        given_a, self.given_b = _given(a, around[0]), _given(b, around[1])
        causal = _neighbourhoods(np.pad(a_filtered, HALF)).reshape(a.size, -1) * CAUSAL
        self.known = np.concatenate([given_a.reshape(a.size, -1), causal[:, :ABOVE]], axis=1)
        self.left = causal[:, ABOVE:].T.copy()  # (HALF, places of A)
        self.norms = (self.known**2).sum(axis=1) + (self.left**2).sum(axis=0)
        self.offsets = np.stack(np.divmod(np.arange(ABOVE + HALF), FINE), axis=1) - HALF

    def paint(self, row):
        """Find the sources of one row of B': the rows above it are known, its own pixels follow one by one."""
        above = _neighbourhoods(self.margined[row : row + FINE])[0, :, :ABOVE] * CAUSAL[:ABOVE]
        known = np.concatenate([self.given_b[row], above], axis=1)  # (W, numbers)
        at_once = max(1, AT_ONCE // self.a.size)
        for begin in range(0, len(known), at_once):
            chunk = known[begin : begin + at_once]
            distances = self.norms - 2 * chunk @ self.known.T + (chunk**2).sum(axis=1, keepdims=True)
            for column, each in enumerate(distances, start=begin):
                self._copy(row, column, each)

    def _copy(self, row, column, distances):
        """Copy the pixel of A' that fits best, or one going on where a neighbour's source was if it is near enough."""
        left = self.margined[row + HALF, column : column + HALF] * CAUSAL[ABOVE:]
        distances += left @ left - 2 * left @ self.left
        best = distances.argmin()
        around = self.origins[row : row + HALF + 1, column : column + FINE].reshape(-1, 2)[: ABOVE + HALF]
        places = around - self.offsets
        places = places[((places >= 0) & (places < self.a.shape)).all(axis=1)]
        if len(places):
            coherent = places[:, 0] * self.a.shape[1] + places[:, 1]
            nearest = coherent[distances[coherent].argmin()]
            limit = self.factor * (max(distances[best], 0) + ROUNDING)
            best = nearest if distances[nearest] <= limit else best
        place = divmod(int(best), self.a.shape[1])
        self.sources[row, column], self.painting[row, column] = place, self.a_filtered[place]

    def step(self, colours, done):
        """Return the PatchStep so far, in the colours of B at this level."""
        sources = np.maximum(self.sources, -1)
        return PatchStep(sources, done, partial(_drawn, self.painting.copy(), sources, colours))


def _drawn(luminance: Luminance, sources: np.ndarray, picture: Picture) -> Picture:
    """Give a picture the luminance painted so far, cut to [0, 1], and mid-grey where there is nothing yet.

    Its colours fade where they would leave the range of RGB.
    """
    Y = luminance.clip(0, 1)[..., None]
    chroma = picture - (picture @ LUMINANCE)[..., None]
    room = np.where(chroma > 0, 1 - Y, Y) / np.maximum(np.abs(chroma), 1e-12)
    drawn = (Y + chroma * room.min(axis=2, keepdims=True).clip(0, 1)).clip(0, 1)
    return np.where(sources[..., :1] < 0, 0.5, drawn)
