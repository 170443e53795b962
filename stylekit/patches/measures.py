"""What a picture made of pieces has kept of its exemplar, in numbers."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Int

from stylekit.patches.step import Picture

Sources = Int[np.ndarray, "H W 2"]


def neighbours_kept(sources: Sources) -> float:
    """Return the part of neighbouring pixels, across and down, that were neighbours in the exemplar in the same way.

    Of a finished picture: where nothing is yet, no neighbours are kept. NaN for a single pixel.
    """
    kept = _kept(sources)
    return float(kept.mean()) if kept.size else float("nan")


def seam_contrast(image: Picture, sources: Sources) -> float:
    """Return the mean gradient across the seams by the mean gradient elsewhere: 1 for seams that cannot be told apart.

    A gradient is the absolute difference of neighbouring pixels, a mean over R, G, B; a seam lies between neighbours
    that were none in the exemplar. Of a finished picture. NaN where there are no seams, or nothing but flat pieces.
    """
    differences = np.abs(image[:, 1:] - image[:, :-1]), np.abs(image[1:] - image[:-1])
    gradient = np.concatenate([each.mean(axis=2).ravel() for each in differences])
    kept = _kept(sources)
    if kept.all() or not gradient[kept].any():
        return float("nan")
    return float(gradient[~kept].mean() / gradient[kept].mean())


def _kept(sources: Sources) -> Bool[np.ndarray, " pairs"]:
    """Return for all neighbours across, then for all down, whether their sources are neighbours likewise."""
    across = (np.diff(sources, axis=1) == (0, 1)).all(axis=2)  # (H, W - 1)
    down = (np.diff(sources, axis=0) == (1, 0)).all(axis=2)  # (H - 1, W)
    return np.concatenate([across.ravel(), down.ravel()])
