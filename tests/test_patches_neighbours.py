"""PatchMatch against trying all patches, trying all against loops, and the measures on maps whose answer is known."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from conftest import noise, patch_distances

from stylekit.images import load_image, to_array
from stylekit.patches import (
    field_distances,
    field_of,
    nearest_patches,
    neighbours,
    neighbours_kept,
    patch_match,
    seam_contrast,
)

A_SIDES, B_SIDES = (11, 19), (17, 13)


@pytest.fixture(scope="module")
def pair():
    return noise(*A_SIDES, 3), noise(*B_SIDES, 3, seed=1)


def nearest_by_loops(a, b, patch):
    """Return for each patch of a the corner of the nearest in b, and the squared distance."""
    h, w = a.shape[0] - patch + 1, a.shape[1] - patch + 1
    field, distances = np.zeros((h, w, 2), int), np.full((h, w), np.inf)
    for i, j in np.ndindex(h, w):
        for row, column in np.ndindex(b.shape[0] - patch + 1, b.shape[1] - patch + 1):
            difference = a[i : i + patch, j : j + patch] - b[row : row + patch, column : column + patch]
            if (difference**2).sum() < distances[i, j]:
                field[i, j], distances[i, j] = (row, column), (difference**2).sum()
    return field, distances


@pytest.mark.parametrize("patch", [1, 4, 5])
def test_the_nearest_patches_are_those_that_loops_over_all_find(pair, patch):
    field, distances = nearest_patches(*pair, patch)
    expected, smallest = nearest_by_loops(*pair, patch)
    assert np.array_equal(field, expected) and np.allclose(distances, smallest, rtol=1e-12)


def test_the_nearest_patches_are_the_same_in_small_portions(pair, monkeypatch):
    whole = nearest_patches(*pair, 5)
    monkeypatch.setattr(neighbours, "AT_ONCE", 300)
    portions = nearest_patches(*pair, 5)
    assert np.array_equal(whole[0], portions[0]) and np.allclose(whole[1], portions[1])


def test_the_distances_of_a_field_equal_a_loop(pair):
    a, b = pair
    field = np.random.default_rng(2).integers(0, (15, 11), (9, 17, 2))
    found = field_distances(a, b, field, 3)
    for i, j in np.ndindex(9, 17):
        row, column = field[i, j]
        total = sum((a[i + k, j + n, c] - b[row + k, column + n, c]) ** 2 for k, n, c in np.ndindex(3, 3, 3))
        assert found[i, j] == pytest.approx(total, rel=1e-12)


# --- PatchMatch -----------------------------------------------------------------------------------------------------


def energies(a, b, patch, steps):
    return [field_distances(a, b, field_of(step, patch), patch).sum() for step in steps]


@pytest.mark.parametrize("seed", range(3))
def test_no_patch_gets_a_worse_match_from_pass_to_pass_and_none_beats_the_nearest(pair, seed):
    fields = [field_of(step, 3) for step in patch_match(*pair, 3, 4, seed)]
    distances = [field_distances(*pair, field, 3) for field in fields]
    assert len(fields) == 5
    for before, after in pairwise(distances):
        assert (after <= before).all()
    assert (distances[-1] >= nearest_patches(*pair, 3)[1] - 1e-12).all()
    assert distances[-1].sum() < 0.7 * distances[0].sum()


def test_matches_in_the_picture_itself_are_nearly_all_found():
    gravel = to_array(load_image("gravel", 128))[:37, :41]
    (*_, last) = patch_match(gravel, gravel, 5, 6)
    exact = field_distances(gravel, gravel, field_of(last, 5), 5) == 0
    assert exact.mean() > 0.95


def test_a_good_match_spreads_down_and_right_and_on_the_way_back_up_and_left():
    b = noise(23, 29, 3)
    a = b[3:20, 5:24]  # 15 x 17 patches, each found again at (3, 5) from its own place
    matching = neighbours._Matching(a, b, 3, np.random.default_rng(0))
    matching.field[:] = 0
    matching.field[6, 8] = (9, 13)
    matching.errors = field_distances(a, b, matching.field, 3)
    right = np.indices((15, 17)).transpose(1, 2, 0) + (3, 5)
    matching.propagate(1)
    rows, columns = np.nonzero((matching.field == right).all(axis=2))
    assert set(zip(rows, columns, strict=True)) >= {(i, j) for i in range(6, 15) for j in range(8, 17)}
    assert rows.min() >= 6 and columns.min() >= 8
    matching.propagate(-1)
    assert (matching.field == right).all()


def test_passes_go_down_and_up_by_turns(pair, monkeypatch):
    ways = []
    monkeypatch.setattr(neighbours._Matching, "propagate", lambda matching, way: ways.append(way))
    list(patch_match(*pair, 3, 5))
    assert ways == [1, -1, 1, -1, 1]


def test_the_random_search_never_makes_a_match_worse_and_one_in_many_finds_the_best():
    a, b = noise(3, 3, 3), noise(19, 23, 3, seed=1)
    found = set()
    for seed in range(200):
        matching = neighbours._Matching(a, b, 3, np.random.default_rng(seed))
        before = matching.errors[0, 0]
        matching.search()
        assert matching.errors[0, 0] <= before
        found.add(tuple(matching.field[0, 0]))
    best = min(np.ndindex(17, 21), key=lambda p: ((a - b[p[0] : p[0] + 3, p[1] : p[1] + 3]) ** 2).sum())
    assert best in found


@pytest.mark.parametrize(
    "a_sides, b_sides", [(A_SIDES, B_SIDES), ((5, 31), (29, 7)), ((29, 7), (5, 31)), ((5, 7), (5, 5))]
)
@pytest.mark.parametrize("patch", [1, 5])
def test_matches_and_the_sources_of_border_pixels_lie_inside_b(a_sides, b_sides, patch):
    a, b = noise(*a_sides, 3), noise(*b_sides, 3, seed=1)
    for step in patch_match(a, b, patch, 3):
        field = field_of(step, patch)
        assert step.sources.shape == (*a_sides, 2)
        assert field.shape == (a_sides[0] - patch + 1, a_sides[1] - patch + 1, 2)
        assert field.min() >= 0 and (field <= np.array(b_sides) - patch).all()
        assert step.sources.min() >= 0 and (step.sources < b_sides).all()


def test_every_pixel_is_that_of_b_at_its_source(pair):
    for step in patch_match(*pair, 5, 2):
        for place in np.ndindex(A_SIDES):
            assert (step.image[place] == pair[1][tuple(step.sources[place])]).all()


def test_a_border_pixel_belongs_to_the_nearest_whole_patch(pair):
    (*_, last) = patch_match(*pair, 5, 1)
    field = field_of(last, 5)
    assert tuple(last.sources[0, 0]) == tuple(field[0, 0])
    assert tuple(last.sources[10, 18]) == tuple(field[6, 14] + 4)
    assert tuple(last.sources[5, 1]) == tuple(field[3, 0] + (2, 1))


@pytest.mark.parametrize("iterations, done", [(0, [1]), (1, [0, 1]), (4, [0, 0.25, 0.5, 0.75, 1])])
def test_there_is_a_step_for_the_random_start_and_one_for_each_pass(pair, iterations, done):
    assert [step.done for step in patch_match(*pair, 3, iterations)] == done


def test_a_seed_gives_one_field_and_another_seed_another(pair):
    one, again, other = (list(patch_match(*pair, 3, 1, seed))[-1] for seed in (3, 3, 4))
    assert np.array_equal(one.sources, again.sources) and not np.array_equal(one.sources, other.sources)


# --- measures -------------------------------------------------------------------------------------------------------


def places(rows, columns):
    return np.indices((rows, columns)).transpose(1, 2, 0).copy()


def test_a_copy_keeps_all_neighbours_and_a_mirror_only_those_along_the_mirror():
    copy = places(5, 7)
    assert neighbours_kept(copy) == 1 and neighbours_kept(copy + (3, 11)) == 1
    assert neighbours_kept(copy[:, ::-1]) == pytest.approx(4 * 7 / (4 * 7 + 5 * 6))  # neighbours down are kept
    assert neighbours_kept(copy[::-1]) == pytest.approx(5 * 6 / (4 * 7 + 5 * 6))
    assert neighbours_kept(np.zeros((5, 7, 2), int)) == 0


def test_neighbours_turned_by_a_quarter_are_not_kept():
    assert neighbours_kept(places(5, 7)[..., ::-1]) == 0


def two_halves():
    """Return sources of 5 x 7 pixels whose right three columns come from elsewhere: one seam, five pixels long."""
    sources = places(5, 7)
    sources[:, 4:] += (11, 2)
    return sources


def test_a_seam_costs_the_neighbours_along_it():
    assert neighbours_kept(two_halves()) == pytest.approx(1 - 5 / (4 * 7 + 5 * 6))


def test_seam_contrast_is_the_gradient_across_seams_by_the_gradient_elsewhere():
    image = np.zeros((5, 7, 3))
    image[:] = (np.array([0, 0.1, 0.2, 0.3, 0.9, 0.8, 0.7]))[:, None]  # 0.6 across the seam, 0.1 across, 0 down
    assert seam_contrast(image, two_halves()) == pytest.approx(0.6 / (0.1 * 25 / (25 + 28)))


def test_seam_contrast_is_a_mean_over_the_channels():
    image = np.zeros((5, 7, 3))
    image[:, 4:, 0] = 0.6  # in red alone
    image[:, :, 1] = np.linspace(0, 0.6, 7)
    assert seam_contrast(image, two_halves()) == pytest.approx((0.7 / 3) / (0.1 / 3 * 25 / (25 + 28)))


@pytest.mark.parametrize("sources", [places(5, 7), np.zeros((5, 7, 2), int)])
@pytest.mark.filterwarnings("error")
def test_seam_contrast_is_nan_without_a_seam_and_where_all_is_seam(sources):
    assert math.isnan(seam_contrast(noise(5, 7, 3), sources))


def test_a_picture_has_invented_nothing_of_itself_and_misses_nothing():
    picture = noise(*A_SIDES, 3)
    assert patch_distances(picture, picture, 5) == (0, 0)


def test_a_crop_has_invented_nothing_of_the_whole_but_misses_some():
    whole = noise(*B_SIDES, 3)
    invented, missing = patch_distances(whole[2:11, 3:10], whole, 5)
    assert invented == 0 and missing > 0.1
    assert patch_distances(whole, whole[2:11, 3:10], 5) == (missing, invented)


def test_patch_distances_are_root_mean_square_differences():
    assert patch_distances(np.full((7, 11, 3), 0.2), np.full((5, 9, 3), 0.5), 5) == pytest.approx((0.3, 0.3))
    a, b = noise(7, 11, 3), noise(5, 9, 3, seed=1)
    expected = [np.sqrt(nearest_by_loops(*pair, 5)[1] / 75).mean() for pair in ((a, b), (b, a))]
    assert patch_distances(a, b, 5) == pytest.approx(expected)
