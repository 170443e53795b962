"""The search that growing and quilting share, against loops over every window, pixel and channel."""

from __future__ import annotations

import math

import numpy as np
import pytest
from conftest import noise

from stylekit.patches import Search
from stylekit.patches.search import choose

H, W = 17, 23


def by_loops(picture, terms):
    """Sum w (X - T)^2 for the window X at each place."""
    h, w, channels = terms[0][1].shape
    found = np.zeros((picture.shape[0] - h + 1, picture.shape[1] - w + 1))
    for top, left in np.ndindex(found.shape):
        for weights, template in terms:
            for i, j, c in np.ndindex(h, w, channels):
                weight = weights[i, j, c if weights.shape[2] == channels else 0]
                found[top, left] += weight * (picture[top + i, left + j, c] - template[i, j, c]) ** 2
    return found


def terms_of(number, h, w, channels, weight_channels):
    return [(noise(h, w, weight_channels, seed=i), noise(h, w, channels, seed=i + 99)) for i in range(number)]


@pytest.mark.parametrize("h, w", [(5, 7), (7, 2), (1, 1), (H, W), (1, W)])
@pytest.mark.parametrize("number", [1, 3])
def test_distances_equal_a_loop_for_one_term_and_for_several(h, w, number):
    picture, terms = noise(H, W, 3, seed=5), terms_of(number, h, w, 3, 1)
    found = Search(picture).distances(terms)
    assert found.shape == (H - h + 1, W - w + 1)
    assert np.allclose(found, by_loops(picture, terms), rtol=1e-11, atol=1e-12)


def test_distances_equal_a_loop_where_each_of_four_channels_has_its_own_weights():
    picture, terms = noise(H, W, 4, seed=5), terms_of(2, 3, 5, 4, 4)
    search = Search(picture)
    norms = search.squared_norms(sum(weights for weights, _ in terms))
    assert np.allclose(norms, by_loops(picture, [(weights, 0 * T) for weights, T in terms]), rtol=1e-11)
    assert np.allclose(search.distances(terms, norms), by_loops(picture, terms), rtol=1e-11)


def test_a_weight_of_zero_hides_a_pixel():
    picture = noise(H, W, 3)
    template, weights = picture[4:9, 8:15].copy(), np.ones((5, 7, 1))
    template[2, 3], weights[2, 3] = 77, 0
    found = Search(picture).distances([(weights, template)])
    assert np.unravel_index(found.argmin(), found.shape) == (4, 8) and found.min() < 1e-9


def test_no_distance_is_negative_though_an_exact_match_is_a_difference_of_large_numbers():
    picture = 0.9 + noise(H, W, 3) / 10
    search, weights = Search(picture), np.ones((5, 7, 1))
    places = list(np.ndindex(H - 5 + 1, W - 7 + 1))[::17]
    for top, left in places:
        found = search.distances([(weights, picture[top : top + 5, left : left + 7])])
        assert found.min() >= 0 and found[top, left] < 1e-11


def drawn(distances, tolerance, seeds=400):
    return {choose(distances, tolerance, np.random.default_rng(seed)) for seed in range(seeds)}


@pytest.mark.parametrize("tolerance", [0, 0.1, 0.5])
def test_choose_draws_all_candidates_within_the_tolerance_of_the_best_and_no_other(tolerance):
    distances = 1 + noise(5, 7)
    best = min(distances.ravel().tolist())
    within = {place for place in np.ndindex(5, 7) if distances[place] <= (1 + tolerance) * best}
    assert drawn(distances, tolerance) == within


def test_choose_draws_every_place_where_the_tolerance_has_no_end():
    assert drawn(noise(5, 7), math.inf) == set(np.ndindex(5, 7))


def test_of_many_exact_matches_none_is_lost_to_rounding():
    tile = noise(5, 7, 3)
    picture = np.tile(tile, (3, 3, 1))
    found = Search(picture).distances([(np.ones((5, 7, 1)), tile)])
    assert drawn(found, 0.1) == {(5 * i, 7 * j) for i, j in np.ndindex(3, 3)}
