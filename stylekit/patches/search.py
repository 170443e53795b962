"""The search that growing and quilting share: how well does a template fit at each place of the exemplar?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from scipy import fft

ROUNDING = 1e-9  # added to the smallest distance, or rounding would tell exact matches apart


class Search:
    r"""Weighted squared distances of a template to every window of a picture of C channels, (H, W, C).

    .. math:: \sum w (X - T)^2 = \sum w X^2 - 2 \sum w T X + \sum w T^2

    over a window X is two correlations and a number (notebook 09). The correlations are products of spectra; those of
    the picture are taken once.
    """

    def __init__(self, picture: Float[np.ndarray, "H W C"]):
        self.sides = picture.shape[:2]
        self.lengths = tuple(fft.next_fast_len(side, real=True) for side in self.sides)
        self.squares = self._transform(picture**2).conj()
        self.products = -2 * self._transform(picture).conj()
        self.both = np.concatenate([self.squares.sum(axis=0, keepdims=True), self.products])

    def squared_norms(self, weights: Float[np.ndarray, "h w C"]) -> Float[np.ndarray, "Y X"]:
        """Return sum w X^2 for the window X at each place: (H - h + 1, W - w + 1) of them."""
        return self._correlate(self.squares, weights)

    def distances(
        self,
        terms: Sequence[tuple[Float[np.ndarray, "h w 1"] | Float[np.ndarray, "h w C"], Float[np.ndarray, "h w C"]]],
        squared_norms: Float[np.ndarray, "Y X"] | None = None,
    ) -> Float[np.ndarray, "Y X"]:
        """Return the sum over terms (w, T) of sum w (X - T)^2, at least 0, for the window X at each place.

        Weights have one channel that counts for all. With `squared_norms` for the sum of the terms' weights, they may
        have one each, and transforms are saved where templates change and weights stay.
        """
        weighted = sum(w * T for w, T in terms)  # (h, w, C)
        if squared_norms is None:
            weights = sum(w for w, _ in terms)
            found = self._correlate(self.both, np.concatenate([weights, weighted], axis=2))
        else:
            found = self._correlate(self.products, weighted) + squared_norms
        return np.maximum(found + sum((w * T * T).sum() for w, T in terms), 0)

    def _transform(self, picture):
        """Return spectra, (C, ...); one axis after the other, so that only the rows that are there are transformed."""
        channels = picture.transpose(2, 0, 1)  # (H, W, C) -> (C, H, W)
        return fft.fft(fft.rfft(channels, self.lengths[1], axis=2), self.lengths[0], axis=1)

    def _correlate(self, spectra, kernel):
        """Return the correlation of the picture with a kernel, summed over channels, where the kernel lies inside."""
        product = (spectra * self._transform(kernel)).sum(axis=0).conj()
        rows, columns = (side - length + 1 for side, length in zip(self.sides, kernel.shape, strict=False))
        return fft.irfft2(product, self.lengths)[:rows, :columns]


def choose(distances: Float[np.ndarray, "Y X"], tolerance: float | int, random: np.random.Generator) -> tuple[int, int]:
    """Return (row, column) of one among the distances of at most (1 + tolerance) times the smallest, at random."""
    (candidates,) = np.nonzero(distances.ravel() <= (1 + tolerance) * (distances.min() + ROUNDING))
    row, column = divmod(int(candidates[random.integers(len(candidates))]), distances.shape[1])
    return row, column
