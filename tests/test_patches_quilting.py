"""Quilting and its transfer: the cheapest cut against all cuts, blocks replayed one by one, terms summed by loops."""

from __future__ import annotations

import math
from itertools import pairwise, product

import numpy as np
import pytest
from conftest import noise

from stylekit.images import load_image, to_array
from stylekit.patches import Search, minimum_cut, quilt, quilt_transfer, quilting, seam_contrast, straight_cut
from stylekit.patches.quilting import transfer_schedule

ROWS, COLUMNS = 17, 23  # of the exemplar
HEIGHT, WIDTH = 29, 37  # of what is made
Y = np.array([0.299, 0.587, 0.114])  # luminance of R, G, B


def smooth(height, width):
    """Return a picture without noise, three waves of different direction in three channels."""
    rows, columns = np.indices((height, width))
    waves = rows / 5 + columns / 11, columns / 7 - rows / 13, rows / 17 + columns / 19
    return 0.5 + 0.4 * np.sin(np.stack(waves, axis=2))


# --- the cut --------------------------------------------------------------------------------------------------------


def all_cuts(n, overlap):
    """Return every path from the first row to the last that steps by at most one column."""
    return [path for path in product(range(overlap), repeat=n) if all(abs(i - j) <= 1 for i, j in pairwise(path))]


def cost(errors, path):
    return sum(errors[row, column] for row, column in enumerate(path))


SHAPES = [(1, 1), (1, 3), (4, 1), (2, 3), (3, 2), (5, 3), (4, 5), (6, 4)]


@pytest.mark.parametrize("n, overlap", SHAPES)
def test_the_minimum_cut_is_the_cheapest_of_all_paths(n, overlap):
    paths = all_cuts(n, overlap)
    for seed in range(20):
        errors = noise(n, overlap, seed=seed)
        assert tuple(minimum_cut(errors)) == min(paths, key=lambda path: cost(errors, path))  # noqa: B023


@pytest.mark.parametrize("n, overlap", SHAPES)
def test_of_cuts_that_cost_the_same_the_leftmost_at_the_lower_end_is_taken(n, overlap):
    paths = all_cuts(n, overlap)
    for seed in range(20):
        errors = np.random.default_rng(seed).integers(0, 3, (n, overlap)).astype(float)
        least = min(cost(errors, path) for path in paths)
        cheapest = [path for path in paths if cost(errors, path) == least]
        cut = tuple(minimum_cut(errors))
        assert cut in cheapest and cut[-1] == min(path[-1] for path in cheapest)


def test_a_cut_steps_by_at_most_one_column_where_the_cheapest_pixels_lie_far_apart():
    errors = np.ones((7, 11))
    errors[::2, 0] = errors[1::2, 10] = 0
    cut = minimum_cut(errors)
    assert (np.abs(np.diff(cut)) <= 1).all() and cost(errors, cut) == 3


def test_the_straight_cut_runs_along_the_left_side():
    assert straight_cut(noise(5, 3)).tolist() == [0, 0, 0, 0, 0]


# --- quilting -------------------------------------------------------------------------------------------------------


def check_sources(steps, exemplar, height, width):
    """Check that every pixel is the exemplar's at its source, and grey without one."""
    for step in steps:
        assert step.image.shape == (height, width, 3) and step.sources.shape == (height, width, 2)
        laid = step.sources[..., 0] >= 0
        rows, columns = step.sources[laid].T
        assert rows.max() < exemplar.shape[0] and columns.min() >= 0 and columns.max() < exemplar.shape[1]
        assert (step.image[laid] == exemplar[rows, columns]).all()
        assert (step.image[~laid] == 0.5).all() and (step.sources[~laid] == -1).all()
    done = [step.done for step in steps]
    assert done == sorted(set(done)) and done[0] > 0 and done[-1] == 1
    assert steps[-1].sources.min() >= 0


@pytest.mark.parametrize("block, overlap", [(7, 2), (5, 4), (11, None), (17, 3)])
def test_every_pixel_of_a_quilt_is_the_exemplars_at_its_source(block, overlap):
    exemplar = noise(ROWS, COLUMNS, 3)
    check_sources(list(quilt(exemplar, (HEIGHT, WIDTH), block, overlap)), exemplar, HEIGHT, WIDTH)


def test_a_quilt_of_the_size_of_one_block_is_that_block():
    (step,) = quilt(noise(ROWS, COLUMNS, 3), 7, 7)
    steps = step.sources - step.sources[0, 0]
    assert (steps == np.indices((7, 7)).transpose(1, 2, 0)).all()


def test_the_overlap_is_a_sixth_of_the_block_unless_said():
    exemplar = noise(ROWS, COLUMNS, 3)
    unsaid, said = (list(quilt(exemplar, (HEIGHT, WIDTH), 12, *overlap)) for overlap in ((), (2,)))
    assert len(unsaid) == len(said) == 3 * 4
    assert np.array_equal(unsaid[-1].sources, said[-1].sources)


BLOCK, OVERLAP, STRIDE = 5, 3, 2
CORNERS = [(top, left) for top in (0, 2, 4) for left in (0, 2, 4, 6)]  # of a quilt of 9 x 11 pixels


def replay(exemplar, steps):
    """Yield for each block its corner, the corner of its source, and the Steps before and after it was laid."""
    grey = np.full((9, 11, 3), 0.5)
    for (top, left), image, step in zip(CORNERS, [grey, *(s.image for s in steps)], steps, strict=False):
        match = step.sources[top + BLOCK - 1, left + BLOCK - 1] - (BLOCK - 1)  # no cut reaches the last pixel
        yield top, left, match, image, step.image


@pytest.mark.parametrize("tolerance", [0.1, math.inf])
def test_old_pixels_stay_left_of_and_above_the_cheapest_cuts_and_all_others_are_the_new_blocks(tolerance):
    exemplar = noise(13, 17, 3)
    steps = list(quilt(exemplar, (9, 11), BLOCK, OVERLAP, tolerance=tolerance))
    assert len(steps) == len(CORNERS)
    cuts = all_cuts(BLOCK, OVERLAP)
    for top, left, (row, column), before, after in replay(exemplar, steps):
        new, expected = exemplar[row : row + BLOCK, column : column + BLOCK], before.copy()
        errors = ((new - before[top : top + BLOCK, left : left + BLOCK]) ** 2).sum(axis=2)
        beside = min(cuts, key=lambda path: cost(errors, path)) if left else [0] * BLOCK  # noqa: B023
        above = min(cuts, key=lambda path: cost(errors.T, path)) if top else [0] * BLOCK  # noqa: B023
        for i, j in np.ndindex(BLOCK, BLOCK):
            if j >= beside[i] and i >= above[j]:
                expected[top + i, left + j] = new[i, j]
        assert np.array_equal(after, expected)


def test_with_the_straight_cut_a_block_covers_all_that_lies_under_it():
    exemplar = noise(13, 17, 3)
    steps = list(quilt(exemplar, (9, 11), BLOCK, OVERLAP, cut=straight_cut))
    for top, left, (row, column), _, after in replay(exemplar, steps):
        covered = after[top : top + BLOCK, left : left + BLOCK]
        assert np.array_equal(covered, exemplar[row : row + BLOCK, column : column + BLOCK])


def test_a_block_agrees_with_what_it_overlaps_within_the_tolerance_of_the_best():
    exemplar, ranks = noise(13, 17, 3), []
    for top, left, match, before, _ in replay(exemplar, list(quilt(exemplar, (9, 11), BLOCK, OVERLAP))):
        mismatch = np.zeros((13 - BLOCK + 1, 17 - BLOCK + 1))
        for place in np.ndindex(mismatch.shape):
            for i, j in np.ndindex(BLOCK, BLOCK):
                if (top and i < OVERLAP) or (left and j < OVERLAP):
                    source = exemplar[place[0] + i, place[1] + j]
                    mismatch[place] += ((source - before[top + i, left + j]) ** 2).sum()
        assert mismatch[tuple(match)] <= 1.1 * mismatch.min() + 1e-6
        ranks.append((mismatch < mismatch[tuple(match)]).sum())
    assert len(ranks) == 12


@pytest.mark.parametrize("block, overlap", [(12, 4), (16, 8), (11, 5)])
def test_a_tile_repeated_is_quilted_exactly_periodic(block, overlap):
    tile = noise(8, 8, 3)
    step = list(quilt(np.tile(tile, (3, 4, 1)), (29, 37), block, overlap))[-1]
    row, column = step.sources[0, 0]
    expected = [[tile[(row + i) % 8, (column + j) % 8] for j in range(37)] for i in range(29)]
    assert np.array_equal(step.image, expected)


def test_a_seed_gives_one_quilt_and_another_seed_another():
    one, again, other = (list(quilt(noise(ROWS, COLUMNS, 3), 23, 7, 2, seed))[-1] for seed in (3, 3, 4))
    assert np.array_equal(one.image, again.image) and np.array_equal(one.sources, again.sources)
    assert not np.array_equal(one.image, other.image)


def test_seams_show_less_from_random_blocks_to_fitting_ones_to_the_cut():
    gravel = to_array(load_image("gravel", 128))[:61, :64]
    ways = {"tolerance": math.inf, "cut": straight_cut}, {"cut": straight_cut}, {}

    def contrast(seed, way):
        step = list(quilt(gravel, (61, 53), 12, 4, seed, **way))[-1]
        return seam_contrast(step.image, step.sources)

    any_block, best, cut = (np.mean([contrast(seed, way) for seed in range(3)]) for way in ways)
    assert any_block > best + 0.1 and best > cut + 0.1 and cut == pytest.approx(1, abs=0.1)


# --- transfer -------------------------------------------------------------------------------------------------------


def test_the_schedule_of_three_passes_shrinks_the_block_by_thirds_and_raises_alpha_from_a_tenth_to_nine():
    schedule = transfer_schedule(24, 8, 3)
    assert [(block, overlap) for block, overlap, _ in schedule] == [(24, 8), (16, 5), (11, 4)]
    assert [alpha for _, _, alpha in schedule] == pytest.approx([0.1, 0.5, 0.9])


def test_a_single_pass_has_the_first_alpha_and_four_have_equal_steps():
    assert transfer_schedule(24, 8, 1) == [(24, 8, 0.1)]
    assert [alpha for *_, alpha in transfer_schedule(27, 9, 4)] == pytest.approx(
        [0.1, 0.1 + 0.8 / 3, 0.9 - 0.8 / 3, 0.9]
    )


@pytest.mark.parametrize("iterations", [1, 2])
def test_every_pixel_of_every_step_of_a_transfer_is_the_styles_at_its_source(iterations):
    style = noise(ROWS, COLUMNS, 3)
    steps = list(quilt_transfer(smooth(HEIGHT, WIDTH), style, 9, iterations=iterations))
    check_sources(steps, style, HEIGHT, WIDTH)
    assert len(steps) == sum(math.ceil((HEIGHT - o) / (b - o)) for b, o in ((9, 3), (6, 2))[:iterations])


def test_the_overlap_of_a_transfer_is_a_third_of_the_block_unless_said():
    unsaid, said = (
        list(quilt_transfer(smooth(HEIGHT, WIDTH), noise(ROWS, COLUMNS, 3), 9, *overlap, iterations=1))[-1]
        for overlap in ((), (3,))
    )
    assert np.array_equal(unsaid.sources, said.sources)


def test_a_later_pass_begins_with_the_picture_of_the_pass_before():
    content, style = smooth(HEIGHT, WIDTH), noise(ROWS, COLUMNS, 3)
    steps = list(quilt_transfer(content, style, 9, 3, 2))
    first = math.ceil((HEIGHT - 3) / (9 - 3))
    end, begun = steps[first - 1], steps[first]
    assert np.array_equal(begun.sources[6:], end.sources[6:])  # the second pass has laid one row of 6 x 6 blocks
    assert not np.array_equal(begun.sources[:6], end.sources[:6])


def test_a_picture_transferred_to_itself_is_found_again():
    picture = smooth(31, 37)
    (*_, last) = quilt_transfer(picture, picture, 7, 2, 1)
    assert np.corrcoef((picture @ Y).ravel(), (last.image @ Y).ravel())[0, 1] > 0.99
    assert np.abs(last.image - picture).mean() < 0.05


def test_a_transfer_follows_the_contents_luminance_though_its_range_is_another():
    content, style = 0.9 + 0.1 * smooth(HEIGHT, WIDTH), noise(ROWS, COLUMNS, 3)
    (*_, last) = quilt_transfer(content, style, 5, 1, 1)
    assert np.corrcoef((content @ Y).ravel(), (last.image @ Y).ravel())[0, 1] > 0.4
    assert (last.image @ Y).mean() == pytest.approx((style @ Y).mean(), abs=0.05)


@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize("top, left", [(0, 0), (0, 4), (4, 0), (8, 12)])
def test_a_block_of_a_transfer_is_judged_by_overlap_and_pass_before_against_luminance(top, left, later):
    style, wanted, alpha = noise(11, 13, 3), noise(HEIGHT, WIDTH, 1, seed=1), 0.3
    before = np.random.default_rng(2).integers(0, 11, (HEIGHT, WIDTH, 2)) if later else None
    layout = quilting._Layout(style, HEIGHT, WIDTH, 7, 3, minimum_cut, before)
    fit = quilting._Fit(Search(np.dstack([style, style @ Y])), layout, wanted, alpha)
    lying = noise(*layout.picture.shape, seed=3)
    layout.picture[:] = lying  # what has been laid meanwhile
    found = fit.distances(top, left)
    assert found.shape == (11 - 7 + 1, 13 - 7 + 1)
    for place in np.ndindex(found.shape):
        terms = 0.0
        for i, j in np.ndindex(7, 7):
            row, column, colour = top + i, left + j, style[place[0] + i, place[1] + j]
            if (top and i < 3) or (left and j < 3):
                terms += alpha * ((colour - lying[row, column]) ** 2).sum()
            if later:
                terms += alpha * ((colour - style[tuple(before[row, column])]) ** 2).sum()
            terms += (1 - alpha) * 3 * (colour @ Y - wanted[row, column, 0]) ** 2
        assert found[place] == pytest.approx(terms, rel=1e-9)


def test_a_seed_gives_one_transfer_and_another_seed_another():
    pictures = smooth(HEIGHT, WIDTH), noise(ROWS, COLUMNS, 3)
    one, again, other = (list(quilt_transfer(*pictures, 6, 2, 1, seed, 1.0))[-1] for seed in (3, 3, 4))
    assert np.array_equal(one.image, again.image) and not np.array_equal(one.image, other.image)


@pytest.mark.parametrize(("block", "overlap", "iterations"), [(24, 23, 3), (7, 6, 3), (9, 8, 4), (32, 30, 6)])
def test_every_pass_of_a_transfer_has_an_overlap_below_its_block(block, overlap, iterations):
    assert all(each < side for side, each, _ in transfer_schedule(block, overlap, iterations))


def test_the_schedule_of_absurdly_many_passes_is_refused_at_once():
    with pytest.raises(ValueError, match="fewer iterations"):
        transfer_schedule(24, 8, 10**9)
