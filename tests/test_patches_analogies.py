"""Image analogies against a plain re-implementation, and against identities that the algorithm must obey."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.transform import pyramid_reduce

from stylekit.images import load_image, to_array
from stylekit.patches import analogies, image_analogy, neighbours_kept

Y = np.array([0.299, 0.587, 0.114])  # luminance of R, G, B


def noise(*shape, seed=0, low=0.0, high=1.0):
    return low + (high - low) * np.random.default_rng(seed).random(shape)


def finish(*arguments):
    (*_, last) = image_analogy(*arguments)
    return last


# --- the algorithm, once more, in plain words -------------------------------------------------------------------------


def weight(i, j, side):
    return np.exp(-(i**2 + j**2) / (2 * (side / 6.4) ** 2))


SQUARE = {side: [(i - side // 2, j - side // 2) for i, j in np.ndindex(side, side)] for side in (3, 5)}
CAUSAL = [(i, j) for i, j in SQUARE[5] if i < 0 or (i == 0 and j < 0)]


def look(picture, row, column, offsets, side, beyond):
    """Return a pixel's weighted neighbours as a list; beyond the border the picture goes on, or is black."""
    total = sum(weight(i, j, side) for i, j in offsets)
    numbers = []
    for i, j in offsets:
        r, c = row + i, column + j
        inside = 0 <= r < picture.shape[0] and 0 <= c < picture.shape[1]
        if beyond == "goes on":
            r, c, inside = min(max(r, 0), picture.shape[0] - 1), min(max(c, 0), picture.shape[1] - 1), True
        numbers.append((weight(i, j, side) / total) ** 0.5 * (picture[r, c] if inside else 0.0))
    return numbers


def features(plain, filtered, row, column, coarser):
    numbers = look(plain, row, column, SQUARE[5], 5, "goes on") + look(filtered, row, column, CAUSAL, 5, "black")
    for picture in coarser:
        numbers += look(picture, row // 2, column // 2, SQUARE[3], 3, "goes on")
    return numbers


def paint_plainly(a, a_filtered, b, coarser_a, coarser_b, factor):
    """Return B' and its sources at one level, pixel by pixel."""
    places = list(np.ndindex(a.shape))
    all_a = np.array([features(a, a_filtered, *place, coarser_a) for place in places])
    painting, sources = np.zeros(b.shape), {}
    for row, column in np.ndindex(b.shape):
        distances = ((all_a - features(b, painting, row, column, coarser_b)) ** 2).sum(axis=1)
        best = int(distances.argmin())
        coherent = []
        for i, j in CAUSAL:
            if (row + i, column + j) in sources:
                source = sources[row + i, column + j]
                place = source[0] - i, source[1] - j
                if place in places:
                    coherent.append(places.index(place))
        if coherent:
            candidate = min(coherent, key=lambda k: distances[k])  # noqa: B023
            if distances[candidate] <= factor * distances[best]:
                best = candidate
        sources[row, column] = places[best]
        painting[row, column] = a_filtered[places[best]]
    return painting, np.array([sources[place] for place in np.ndindex(b.shape)]).reshape(*b.shape, 2)


def remapped(A, A_filtered, B):
    """Return luminances of A and A' by the straight line that gives A the mean and the deviation of B."""
    A, A_filtered, B = (np.array([[pixel @ Y for pixel in row] for row in picture]) for picture in (A, A_filtered, B))
    slope = np.sqrt(((B - B.mean()) ** 2).mean() / ((A - A.mean()) ** 2).mean())
    return slope * (A - A.mean()) + B.mean(), slope * (A_filtered - A.mean()) + B.mean(), B


PICTURES = noise(9, 11, 3), noise(9, 11, 3, seed=1), noise(13, 7, 3, seed=2)


@pytest.mark.parametrize("kappa", [0, 0.5, 3])
def test_one_level_takes_the_sources_that_a_plain_search_takes(kappa):
    expected = paint_plainly(*remapped(*PICTURES), [], [], 1 + kappa)[1]
    assert np.array_equal(finish(*PICTURES, 1, kappa).sources, expected)


@pytest.mark.parametrize("kappa", [0, 3])
def test_two_levels_take_the_sources_that_a_plain_search_takes(kappa):
    A, A_filtered, B = noise(11, 13, 3), noise(11, 13, 3, seed=1), noise(17, 10, 3, seed=2)
    fine = remapped(A, A_filtered, B)
    coarse = [pyramid_reduce(picture, channel_axis=None) for picture in fine]
    painting, below = paint_plainly(*coarse, [], [], 1 + kappa / 2)
    expected = paint_plainly(*fine, [coarse[0], coarse[1]], [coarse[2], painting], 1 + kappa)[1]
    steps = list(image_analogy(A, A_filtered, B, 2, kappa))
    assert np.array_equal(steps[8].sources, below)  # 9 rows at the coarser level
    assert np.array_equal(steps[-1].sources, expected)


def test_the_search_is_the_same_in_small_portions(monkeypatch):
    whole = finish(*PICTURES, 1, 3)
    monkeypatch.setattr(analogies, "AT_ONCE", 250)
    assert np.array_equal(finish(*PICTURES, 1, 3).sources, whole.sources)


# --- identities -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kappa", [0, 5])
@pytest.mark.parametrize("levels", [1, 2, 3])
def test_what_was_done_to_a_is_done_to_b_exactly_where_b_is_a(levels, kappa):
    A, A_filtered = noise(23, 29, 3), noise(23, 29, 3, seed=1)
    last = finish(A, A_filtered, A, levels, kappa)
    assert np.abs(last.image @ Y - A_filtered @ Y).max() < 1e-6
    assert np.array_equal(last.sources, np.indices((23, 29)).transpose(1, 2, 0))


def test_a_filter_that_does_nothing_is_no_identity():
    A, B = noise(11, 13, 3), noise(13, 11, 3, seed=1)
    assert np.abs(finish(A, A, B, 1, 0).image @ Y - B @ Y).max() > 0.05


def test_a_shift_of_luminance_is_learned():
    B = noise(11, 13, 3, low=0.2, high=0.5)
    last = finish(B[::-1], B[::-1] + 0.3, B, 1, 0)
    assert (last.image @ Y).mean() == pytest.approx((B @ Y).mean() + 0.3, abs=0.03)


# --- what is yielded --------------------------------------------------------------------------------------------------


def luminances(A_filtered, A, B, levels):
    """Return A' remapped, from the coarsest level to the finest."""
    pyramid = [remapped(A, A_filtered, B)[1]]
    while len(pyramid) < levels:
        pyramid.insert(0, pyramid_reduce(pyramid[0], channel_axis=None))
    return pyramid


@pytest.mark.parametrize("hard", [False, True])
def test_every_pixel_has_the_remapped_luminance_of_a_filtered_at_its_source_cut_to_the_range(hard):
    A, A_filtered, B = noise(20, 23, 3, low=0.3, high=0.7), noise(20, 23, 3, seed=1), noise(29, 21, 3, seed=2)
    B = B.round() if hard else 0.4 + B / 5
    sides, clipped = [(8, 6), (15, 11), (29, 21)], 0
    steps, pyramid = list(image_analogy(A, A_filtered, B, 3)), luminances(A_filtered, A, B, 3)
    assert [step.image.shape[:2] for step in steps] == [side for side in sides for _ in range(side[0])]
    for step in steps:
        level = sides.index(step.image.shape[:2])
        made = step.sources[..., 0] >= 0
        expected = np.array([pyramid[level][tuple(place)] for place in step.sources[made]])
        clipped += ((expected < 0) | (expected > 1)).sum()
        assert np.allclose((step.image @ Y)[made], expected.clip(0, 1), atol=1e-9)
        assert (step.image[~made] == 0.5).all() and (step.sources[~made] == -1).all()
    assert (clipped > 0) == hard and steps[-1].sources.min() >= 0


def test_each_step_is_a_row_more_and_done_rises_to_one():
    steps = list(image_analogy(*PICTURES, 1))
    for number, step in enumerate(steps, start=1):
        assert (step.sources[:number] >= 0).all() and (step.sources[number:] == -1).all()
    done = [step.done for step in image_analogy(noise(10, 11, 3), noise(10, 11, 3), noise(17, 10, 3), 2)]
    assert done == sorted(set(done)) and len(done) == 9 + 17 and done[-1] == 1


def test_a_is_given_the_mean_and_the_deviation_of_b_and_its_filtered_version_goes_along():
    A, A_filtered, B = (noise(7, 11, seed=i, high=high) for i, high in ((0, 1), (1, 1), (2, 0.3)))
    Y_A, Y_filtered = analogies._remapped(A, A_filtered, B)
    assert (Y_A.mean(), Y_A.std()) == pytest.approx((B.mean(), B.std()))
    slope = (Y_A[0, 0] - Y_A[3, 5]) / (A[0, 0] - A[3, 5])
    assert np.allclose(Y_filtered - Y_A, slope * (A_filtered - A))


def test_colours_have_the_hue_of_b_at_most_as_strong_and_lie_within_the_range():
    B = noise(13, 7, 3, seed=2)
    image = finish(*PICTURES[:2], B, 1).image
    assert image.min() >= 0 and image.max() <= 1
    strengths = []
    for place in np.ndindex(13, 7):
        of_b, made = (picture[place] - picture[place] @ Y for picture in (B, image))
        strength = (made @ of_b) / (of_b @ of_b)
        assert np.allclose(made, strength * of_b, atol=1e-9)
        strengths.append(strength)
    assert min(strengths) >= 0 and max(strengths) == pytest.approx(1) and min(strengths) < 0.9
    assert max(strengths) <= 1 + 1e-9


def test_colours_are_those_of_b_where_there_is_room():
    A, B = noise(9, 11, 3), noise(7, 13, 3, seed=2, low=0.4, high=0.6)
    image = finish(A, A, B, 1).image
    assert np.allclose(image - (image @ Y)[..., None], B - (B @ Y)[..., None])


def test_a_larger_kappa_keeps_more_neighbours():
    gravel = to_array(load_image("gravel", 128))
    A, B = gravel[:23, :29], gravel[60:79, 40:63]
    kept = [neighbours_kept(finish(A, A[::-1].copy(), B, 2, kappa).sources) for kappa in (0, 2, 25)]
    assert kept[0] < kept[1] < kept[2]


@pytest.mark.parametrize("value", [0.1, 0.3, 0.7])
def test_a_constant_a_moves_only_the_mean_of_its_filtered_version(value):
    A, A_filtered = np.full((23, 29, 3), value), np.full((23, 29, 3), value + 0.05)
    B = 0.4 + np.random.default_rng(0).random((11, 13, 3)) / 5
    (*_, last) = image_analogy(A, A_filtered, B, 1, 0)
    Y = np.array([0.299, 0.587, 0.114])
    assert np.allclose(last.image @ Y, (B @ Y).mean() + 0.05)
