"""Texture and style transfer from square blocks (Efros and Freeman, "Image quilting", SIGGRAPH 2001)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product

import numpy as np
from jaxtyping import Float, Int
from skimage.exposure import match_histograms

from stylekit.colour import LUMINANCE
from stylekit.errors import InputError
from stylekit.patches.search import Search, choose
from stylekit.patches.step import PatchStep, Picture, check_count, check_picture, check_real, check_size, copied

TOLERANCE = 0.1  # candidates lie within 1 + this of the best
SHRINK = 2 / 3  # of the block, from one pass of a transfer to the next
ALPHA = (0.1, 0.9)  # weight of the overlap against the correspondence, in the first and the last pass of a transfer
# In a transfer the style has four channels, R, G, B and luminance: the weights of each in a term, and a
# picture's place among them. Luminance weighs 3, as the three channels of a grey picture would.
COLOURS, LIGHT = np.array([1.0, 1, 1, 0]), np.array([0.0, 0, 0, 3])
INTO_COLOURS, INTO_LIGHT = np.eye(3, 4), np.eye(1, 4, 3)


def minimum_cut(errors: Float[np.ndarray, "n overlap"]) -> Int[np.ndarray, " n"]:
    r"""Return, for each row of an error surface, the column at which the cheapest cut from top to bottom crosses it.

    .. math:: E_{ij} = e_{ij} + \min(E_{i-1,j-1}, E_{i-1,j}, E_{i-1,j+1})

    The cut steps by at most one column a row (Efros and Freeman 2001, section 2.1; notebook 09). Of cuts that cost the
    same, the leftmost at its lower end. Raises ValueError unless the surface has two dimensions, a row and a column at
    least, and finite numbers.
    """
    errors = np.asarray(errors, dtype=float)
    if errors.ndim != 2 or not errors.size or not np.isfinite(errors).all():
        raise InputError(
            f"an error surface has rows and columns of finite numbers; got shape {errors.shape}, NaN, or infinity"
        )
    n, overlap = errors.shape
    E = np.full((n, overlap + 2), np.inf)  # a wall on each side
    E[0, 1:-1] = errors[0]
    for i in range(1, n):
        E[i, 1:-1] = errors[i] + np.minimum(np.minimum(E[i - 1, :-2], E[i - 1, 1:-1]), E[i - 1, 2:])
    path = np.empty(n, dtype=int)
    path[-1] = E[-1].argmin()
    for i in range(n - 2, -1, -1):
        left = path[i + 1] - 1
        path[i] = left + E[i, left : left + 3].argmin()
    return path - 1


def straight_cut(errors: Float[np.ndarray, "n overlap"]) -> Int[np.ndarray, " n"]:
    """Return the cut along the left side: the new block covers the whole overlap, as before cuts were thought of."""
    return np.zeros(len(errors), dtype=int)


def quilt(
    exemplar: Picture,
    size: int | tuple[int, int],
    block: int = 32,
    overlap: int | None = None,
    seed: int = 0,
    *,
    tolerance: float | int = TOLERANCE,
    cut: Callable[[np.ndarray], np.ndarray] = minimum_cut,
) -> Iterator[PatchStep]:
    """Lay blocks of the exemplar in raster order, each fitted to its neighbours and joined along the cheapest cut.

    A block is drawn at random among those whose overlap with what lies there is within 1 + tolerance of the best
    (Efros and Freeman 2001, section 2); `overlap` is a sixth of the block unless said. With `tolerance=math.inf` any
    block will do, with `cut=straight_cut` it simply covers the overlap: the paper's figure 2, (a) and (b). Yields a
    PatchStep after each block. Raises InputError at once for a block larger than the exemplar or than `size`, an
    overlap that is not below the block, a negative tolerance, and an exemplar that is no picture.
    """
    (block, overlap), tolerance = _check_block(block, overlap, 6), check_real(tolerance, "tolerance")
    exemplar = check_picture(exemplar, "exemplar", least=block)
    height, width = check_size(size, "size (block or more)", block)
    return _quilted(_Layout(exemplar, height, width, block, overlap, cut), tolerance, np.random.default_rng(seed))


def _quilted(layout, tolerance, random):
    search = Search(layout.exemplar)
    for number, (top, left) in enumerate(layout.corners, start=1):
        weights = layout.overlapping(top, left)
        distances = search.distances([(weights, layout.block_at(layout.picture, top, left))])
        layout.lay(top, left, choose(distances, tolerance, random))
        yield layout.step(number / len(layout.corners))


def quilt_transfer(
    content: Picture,
    style: Picture,
    block: int = 24,
    overlap: int | None = None,
    iterations: int = 3,
    seed: int = 0,
    tolerance: float | int = TOLERANCE,
) -> Iterator[PatchStep]:
    r"""Quilt the content out of blocks of the style: each must fit its neighbours and the luminance it stands for.

    In pass i of N a block minimises a weighted sum of squared distances, the luminance taken for a grey picture of
    three channels:

    .. math:: \alpha_i \, (\mathrm{overlap} + \mathrm{pass\ before}) + (1 - \alpha_i) \, \mathrm{luminance}, \qquad
       \alpha_i = 0.1 + 0.8 \, \frac{i - 1}{N - 1}

    and 0.1 for a single pass. From pass to pass the block shrinks by a third, the overlap with it (a third of the
    block unless said; Efros and Freeman 2001, section 3; notebook 09). Departure: the content's luminances are first
    given the style's distribution (rank by rank), or flat parts of a bright photograph would all ask for one block.
    Yields a PatchStep after each row of blocks. Raises InputError at once as `quilt` does, and for so many passes that
    a block would have fewer than 3 pixels.
    """
    iterations, tolerance = check_count(iterations, "iterations", 1), check_real(tolerance, "tolerance")
    schedule = transfer_schedule(*_check_block(block, overlap, 3), iterations)
    content = check_picture(content, "content", least=block)
    style = check_picture(style, "style", least=block)
    return _transferred(content, style, schedule, tolerance, np.random.default_rng(seed))


def _transferred(content, style, schedule, tolerance, random):
    luminance = style @ LUMINANCE
    wanted = match_histograms(content @ LUMINANCE, luminance)[..., None]  # (H, W, 1)
    search, before = Search(np.dstack([style, luminance])), None
    for number, (block, overlap, alpha) in enumerate(schedule):
        layout = _Layout(style, *content.shape[:2], block, overlap, minimum_cut, before)
        fit = _Fit(search, layout, wanted, alpha)
        for top, left in layout.corners:
            layout.lay(top, left, choose(fit.distances(top, left), tolerance, random))
            if left == layout.corners[-1][1]:
                yield layout.step((number + (top + block) / len(layout.picture)) / len(schedule))
        before = layout.step(1).sources


def transfer_schedule(block: int, overlap: int, iterations: int) -> list[tuple[int, int, float]]:
    """Return block, overlap and alpha of each pass. Raises ValueError where a block would have under 3 pixels."""
    smallest = round(block * SHRINK ** (iterations - 1))
    if smallest < 3:
        raise InputError(
            f"{iterations} iterations from a block of {block} would end at {smallest} pixels, and 3 are the least: "
            "begin with a larger block, or take fewer iterations"
        )
    blocks = [round(block * SHRINK**i) for i in range(iterations)]
    first, last = ALPHA
    alphas = [first + (last - first) * i / max(iterations - 1, 1) for i in range(iterations)]
    overlaps = [min(max(1, round(side * overlap / block)), side - 1) for side in blocks]
    return list(zip(blocks, overlaps, alphas, strict=True))


def _check_block(block, overlap, part):
    block = check_count(block, "block", 3)
    overlap = max(1, round(block / part)) if overlap is None else check_count(overlap, "overlap", 1)
    if overlap >= block:
        raise InputError(
            f"overlap must be smaller than the block of {block} pixels, got {overlap}: try {max(1, block // part)}"
        )
    return block, overlap


class _Layout:
    """Overlapping blocks on a canvas large enough for whole ones, empty or with the sources of the pass before."""

    def __init__(self, exemplar, height, width, block, overlap, cut, before=None):
        self.exemplar, self.block, self.overlap, self.cut = exemplar, block, overlap, cut
        self.height, self.width = height, width
        stride = block - overlap
        downs, acrosses = (math.ceil((side - overlap) / stride) for side in (height, width))
        self.corners = [(i * stride, j * stride) for i, j in product(range(downs), range(acrosses))]
        canvas = downs * stride + overlap, acrosses * stride + overlap
        self.sources = np.full((*canvas, 2), -1, np.int32) if before is None else _extended(before, canvas)
        self.picture = copied(exemplar, self.sources)
        self.grid = np.stack(np.meshgrid(np.arange(block), np.arange(block), indexing="ij"), axis=2)

    def block_at(self, array, top, left):
        return array[top : top + self.block, left : left + self.block]

    def overlapping(self, top, left):
        """Return 1 where a block overlaps what lies there, else 0, (block, block, 1)."""
        mask = np.zeros((self.block, self.block, 1))
        mask[: self.overlap if top else 0] = 1
        mask[:, : self.overlap if left else 0] = 1
        return mask

    def lay(self, top, left, match):
        """Lay the exemplar's block at `match` at (top, left), below and right of the cuts through the overlap."""
        new = self.block_at(self.exemplar, *match)
        errors = ((new - self.block_at(self.picture, top, left)) ** 2).sum(axis=2)  # (block, block)
        rows, columns = self.grid[..., 0], self.grid[..., 1]
        taken = np.ones((self.block, self.block), bool)
        if left:
            taken &= columns >= self.cut(errors[:, : self.overlap])[:, None]
        if top:
            taken &= rows >= self.cut(errors[: self.overlap].T)
        self.block_at(self.picture, top, left)[taken] = new[taken]
        self.block_at(self.sources, top, left)[taken] = (self.grid + match)[taken]

    def step(self, done):
        """Return the PatchStep so far, without what juts out."""
        sources = self.sources[: self.height, : self.width].copy()
        return PatchStep(sources, float(done), partial(copied, self.exemplar, sources))


class _Fit:
    """How well each block of the style fits at a place of a transfer."""

    def __init__(self, search, layout, wanted, alpha):
        self.search, self.layout, self.alpha = search, layout, alpha
        self.wanted = _extended(wanted, layout.picture.shape)
        self.before = None if layout.sources.min() < 0 else layout.picture.copy()
        self.norms = {}  # of the blocks of the style, by which sides overlap

    def distances(self, top, left):
        """Return alpha (overlap + the pass before) + (1 - alpha) (luminance) for each block of the style."""
        seen = np.ones((self.layout.block, self.layout.block, 1))
        overlap = self.alpha * self.layout.overlapping(top, left) * COLOURS
        terms = [(overlap, self.layout.block_at(self.layout.picture, top, left) @ INTO_COLOURS)]
        if self.before is not None:
            terms.append((self.alpha * seen * COLOURS, self.layout.block_at(self.before, top, left) @ INTO_COLOURS))
        terms.append(((1 - self.alpha) * seen * LIGHT, self.layout.block_at(self.wanted, top, left) * INTO_LIGHT))
        sides = bool(top), bool(left)
        if sides not in self.norms:
            self.norms[sides] = self.search.squared_norms(sum(w for w, _ in terms))
        return self.search.distances(terms, self.norms[sides])


def _extended(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return an array of a larger (height, width) whose last row and column go on."""
    down, across = shape[0] - array.shape[0], shape[1] - array.shape[1]
    return np.pad(array, ((0, down), (0, across), (0, 0)), mode="edge")
