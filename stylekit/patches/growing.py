"""Texture grown pixel by pixel (Efros and Leung, "Texture synthesis by non-parametric sampling", ICCV 1999)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
from jaxtyping import Bool, Float
from scipy import ndimage

from stylekit.patches.search import Search, choose
from stylekit.patches.step import PatchStep, Picture, check_count, check_picture, check_real, check_size, copied

SEED_PATCH = 3  # pixels on each side
TOLERANCE = 0.1  # candidates lie within 1 + this of the best
MAX_ERROR = 0.3  # the largest mean squared distance, summed over R, G, B, at which a candidate is taken
PATIENCE = 1.1  # MAX_ERROR grows by this factor after a round in which nothing could be taken
SPREAD = 6.4  # the Gaussian's standard deviation is the window by this


def efros_leung(
    exemplar: Picture, size: int | tuple[int, int], window: int = 11, seed: int = 0, tolerance: float | int = TOLERANCE
) -> Iterator[PatchStep]:
    """Grow a texture of `size` pixels (or height, width) around a 3 x 3 patch of the exemplar, one pixel at a time.

    Each unfilled pixel at the border of what there is, those with most filled neighbours first, looks at its filled
    neighbours in a `window` x `window` square, finds the places of the exemplar that look alike (squared distance,
    Gaussian-weighted), and copies the middle pixel of one of them, at random among those within 1 + tolerance of
    the best (Efros and Leung 1999, section 2; numbers as on the authors' page). A pixel whose match is worse than 0.3
    waits for more neighbours; after a round in which all had to wait, the 0.3 grows by a tenth. "Most filled" is
    counted in the window, our reading of it. Yields a PatchStep after each round. Raises InputError at once for an even
    window, one larger than the exemplar, a size below 3, a negative tolerance, and what is no picture.
    """
    window, tolerance = check_count(window, "window", 3, odd=True), check_real(tolerance, "tolerance")
    exemplar = check_picture(exemplar, "exemplar", least=window)
    height, width = check_size(size, "size", SEED_PATCH)
    return _grown(_Growth(exemplar, height, width, window), tolerance, np.random.default_rng(seed))


def _grown(growth, tolerance, random):
    growth.plant(random)
    yield growth.step()
    max_error = MAX_ERROR
    while not growth.filled.all():
        taken = 0
        for row, column in frontier(growth.filled, growth.window, random):
            distances = growth.distances(row, column)
            match = choose(distances, tolerance, random)
            if distances[match] < max_error:
                growth.copy(row, column, match)
                taken += 1
        max_error *= 1 if taken else PATIENCE
        yield growth.step()


def frontier(filled: Bool[np.ndarray, "H W"], window: int, random: np.random.Generator) -> list[tuple[int, int]]:
    """Return the unfilled pixels beside filled ones: most filled pixels in their window first, ties in random order."""
    beside = ndimage.binary_dilation(filled, np.ones((3, 3), bool)) & ~filled
    pixels = random.permutation(np.argwhere(beside))
    counts = ndimage.uniform_filter(filled.astype(float), window, mode="constant") * window**2
    order = np.argsort(-counts[pixels[:, 0], pixels[:, 1]].round(), kind="stable")
    return [(int(row), int(column)) for row, column in pixels[order]]


def gaussian(window: int) -> Float[np.ndarray, "window window"]:
    """Return a Gaussian over a window, of standard deviation window / 6.4, whose middle is 1."""
    offsets = np.arange(window) - window // 2
    profile = np.exp(-0.5 * (offsets * SPREAD / window) ** 2)
    return np.outer(profile, profile)


class _Growth:
    """A picture that grows, with a margin of half a window, unfilled for ever, so that every window is whole."""

    def __init__(self, exemplar, height, width, window):
        self.exemplar, self.search = exemplar, Search(exemplar)
        self.window, self.half, self.weights = window, window // 2, gaussian(window)[..., None]
        sides = height + 2 * self.half, width + 2 * self.half
        self.inside = tuple(slice(self.half, side - self.half) for side in sides)
        self.picture, self.known = np.zeros((*sides, 3)), np.zeros((*sides, 1))
        self.sources = np.full((height, width, 2), -1)
        self.filled = self.known[self.inside][..., 0] > 0

    def plant(self, random):
        """Put a random patch of the exemplar into the middle."""
        rows, columns = self.exemplar.shape[:2]
        top, left = random.integers(rows - SEED_PATCH + 1), random.integers(columns - SEED_PATCH + 1)
        above, before = ((side - SEED_PATCH) // 2 for side in self.filled.shape)
        for down, across in np.ndindex(SEED_PATCH, SEED_PATCH):
            self._put(above + down, before + across, (top + down, left + across))

    def distances(self, row, column):
        """Return the mean weighted squared distance of a pixel's known neighbours to each window of the exemplar."""
        around = slice(row, row + self.window), slice(column, column + self.window)
        weights = self.weights * self.known[around]
        return self.search.distances([(weights, self.picture[around])]) / weights.sum()

    def copy(self, row, column, match):
        """Fill a pixel with the middle of the exemplar's window at `match`."""
        self._put(row, column, (match[0] + self.half, match[1] + self.half))

    def _put(self, row, column, source):
        self.sources[row, column], self.filled[row, column] = source, True
        self.known[row + self.half, column + self.half] = 1
        self.picture[row + self.half, column + self.half] = self.exemplar[source]

    def step(self):
        sources = self.sources.copy()
        return PatchStep(sources, float(self.filled.mean()), partial(copied, self.exemplar, sources))
