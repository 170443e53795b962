"""Efros and Leung's growing: what it copies, in which order, and how much structure its window keeps."""

from __future__ import annotations

from itertools import islice, pairwise

import numpy as np
import pytest
from conftest import noise

from stylekit.images import load_image, to_array
from stylekit.patches import efros_leung, growing, neighbours_kept

ROWS, COLUMNS = 17, 23  # of the exemplar
HEIGHT, WIDTH = 13, 19  # of what is grown


def grow(exemplar, size, window, seed=0, **options):
    """Return the Steps; 5000 rounds are more than any picture here needs, so that a hang fails instead."""
    steps = list(islice(efros_leung(exemplar, size, window, seed, **options), 5000))
    assert steps[-1].done == 1
    return steps


@pytest.fixture(scope="module")
def steps():
    return grow(noise(ROWS, COLUMNS, 3), (HEIGHT, WIDTH), 5)


def test_every_pixel_is_the_exemplars_at_its_source_and_grey_without_one(steps):
    exemplar = noise(ROWS, COLUMNS, 3)
    for step in steps:
        for place in np.ndindex(HEIGHT, WIDTH):
            row, column = step.sources[place]
            if row == -1:
                assert column == -1 and (step.image[place] == 0.5).all()
            else:
                assert 0 <= row < ROWS and 0 <= column < COLUMNS
                assert (step.image[place] == exemplar[row, column]).all()


def test_a_texture_has_the_height_and_width_asked_for_and_ends_whole(steps):
    assert all(step.image.shape == (HEIGHT, WIDTH, 3) and step.sources.shape == (HEIGHT, WIDTH, 2) for step in steps)
    assert steps[-1].sources.min() >= 0


def test_one_number_asks_for_a_square():
    assert grow(noise(ROWS, COLUMNS, 3), 7, 5)[-1].image.shape == (7, 7, 3)


def test_done_is_the_part_of_the_pixels_that_is_filled_and_what_is_filled_stays(steps):
    for step in steps:
        assert step.done == pytest.approx((step.sources[..., 0] >= 0).mean())
    for before, after in pairwise(steps):
        filled = before.sources[..., 0] >= 0
        assert after.done > before.done and (after.sources[filled] == before.sources[filled]).all()


def test_a_round_fills_only_pixels_beside_filled_ones(steps):
    for before, after in pairwise(steps):
        filled = before.sources[..., 0] >= 0
        for row, column in np.argwhere((after.sources[..., 0] >= 0) & ~filled):
            assert filled[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2].any()


def test_growth_begins_with_three_by_three_pixels_of_the_exemplar_in_the_middle(steps):
    rows, columns = np.nonzero(steps[0].sources[..., 0] >= 0)
    assert (set(rows), set(columns)) == ({5, 6, 7}, {8, 9, 10}) and len(rows) == 9
    assert neighbours_kept(steps[0].sources[5:8, 8:11]) == 1


def test_the_smallest_texture_is_the_seed_alone():
    (step,) = grow(noise(ROWS, COLUMNS, 3), 3, 5)
    assert step.sources.min() >= 0


# --- order and distances --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("window", [3, 5, 9])
def test_the_frontier_is_the_unfilled_pixels_beside_filled_ones_sorted_by_filled_pixels_in_the_window(window):
    filled, half = noise(11, 17) < 0.15, window // 2
    pixels = growing.frontier(filled, window, np.random.default_rng(0))

    def count(row, column, reach):
        return filled[max(row - reach, 0) : row + reach + 1, max(column - reach, 0) : column + reach + 1].sum()

    beside = {place for place in np.ndindex(11, 17) if not filled[place] and count(*place, 1)}
    counts = [count(*place, half) for place in pixels]
    assert len(pixels) == len(set(pixels)) and set(pixels) == beside
    assert counts == sorted(counts, reverse=True) and len(set(counts)) > 2


def test_ties_in_the_frontier_come_in_random_order():
    filled = np.zeros((11, 17), bool)
    filled[4:7, 7:10] = True
    orders = {tuple(growing.frontier(filled, 9, np.random.default_rng(seed))) for seed in range(20)}
    assert len(orders) == 20


@pytest.mark.parametrize("place", [(0, 0), (5, 7), (12, 18), (4, 9)])
def test_distances_are_weighted_means_over_the_filled_neighbours_alone(place):
    exemplar, window = noise(ROWS, COLUMNS, 3), 7
    growth = growing._Growth(exemplar, HEIGHT, WIDTH, window)
    random = np.random.default_rng(1)
    known = {}
    for row, column in np.ndindex(HEIGHT, WIDTH):
        if random.random() < 0.4 and (row, column) != place:
            match = int(random.integers(ROWS - window + 1)), int(random.integers(COLUMNS - window + 1))
            growth.copy(row, column, match)
            known[row, column] = exemplar[match[0] + 3, match[1] + 3]
    found = growth.distances(*place)
    assert found.shape == (ROWS - window + 1, COLUMNS - window + 1)
    for top, left in np.ndindex(found.shape):
        total = weights = 0
        for i, j in np.ndindex(window, window):
            neighbour = place[0] + i - 3, place[1] + j - 3
            if neighbour in known:
                weight = np.exp(-((i - 3) ** 2 + (j - 3) ** 2) / (2 * (window / 6.4) ** 2))
                total += weight * ((known[neighbour] - exemplar[top + i, left + j]) ** 2).sum()
                weights += weight
        assert found[top, left] == pytest.approx(total / weights, rel=1e-9)


def test_a_pixel_without_a_good_match_waits_until_the_largest_error_has_grown(monkeypatch):
    monkeypatch.setattr(growing, "MAX_ERROR", 1e-3)
    black_or_white = noise(ROWS, COLUMNS, 3).round()
    steps = grow(black_or_white, 9, 5)
    idle = [after.done == before.done for before, after in pairwise(steps)]
    assert any(idle) and not all(idle)


# --- what grows -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("window", [9, 11])
def test_a_tile_repeated_goes_on_exactly_periodic(window, seed):
    tile = noise(8, 8, 3)
    step = grow(np.tile(tile, (3, 4, 1)), (21, 19), window, seed)[-1]
    row, column = step.sources[0, 0]
    expected = [[tile[(row + i) % 8, (column + j) % 8] for j in range(19)] for i in range(21)]
    assert np.array_equal(step.image, expected)


def test_a_seed_gives_one_picture_and_another_seed_another():
    one, again, other = (grow(noise(ROWS, COLUMNS, 3), 9, 5, seed)[-1] for seed in (3, 3, 4))
    assert np.array_equal(one.image, again.image) and np.array_equal(one.sources, again.sources)
    assert not np.array_equal(one.image, other.image)


def test_an_endless_tolerance_keeps_fewer_neighbours_than_none():
    exemplar = noise(ROWS, COLUMNS, 3)
    kept = [neighbours_kept(grow(exemplar, 11, 5, tolerance=t)[-1].sources) for t in (0, np.inf)]
    assert kept[0] > kept[1]


def test_a_larger_window_keeps_more_neighbours_of_a_brick_wall():
    wall = to_array(load_image("brick", 128))[:37, :41]
    kept = [
        np.mean([neighbours_kept(grow(wall, (23, 29), window, seed)[-1].sources) for seed in range(3)])
        for window in (3, 5, 9)
    ]
    assert kept[0] + 0.2 < kept[1] and kept[1] + 0.05 < kept[2]
