"""What every method of `stylekit.patches` promises about its input: clear errors, or the right answer, never a hang."""

from __future__ import annotations

import math
from itertools import islice

import numpy as np
import pytest
import torch
from conftest import noise, patch_distances

from stylekit.errors import InputError
from stylekit.patches import (
    efros_leung,
    image_analogy,
    minimum_cut,
    nearest_patches,
    patch_match,
    quilt,
)
from stylekit.patches import quilt_transfer as transfer

GOOD = noise(13, 17, 3)

TAKES = [  # what a message calls a picture, and what is made of it and of good ones
    ("exemplar", lambda picture: efros_leung(picture, 9, 5)),
    ("exemplar", lambda picture: quilt(picture, 11, 5, 2)),
    ("content", lambda picture: transfer(picture, GOOD, 5, 2, 1)),
    ("style", lambda picture: transfer(GOOD, picture, 5, 2, 1)),
    ("picture A", lambda picture: image_analogy(picture, GOOD, GOOD, 1)),
    ("picture A'", lambda picture: image_analogy(GOOD, picture, GOOD, 1)),
    ("picture B", lambda picture: image_analogy(GOOD, GOOD, picture, 1)),
    ("picture a", lambda picture: patch_match(picture, GOOD, 5)),
    ("picture b", lambda picture: patch_match(GOOD, picture, 5)),
    ("picture a", lambda picture: iter(nearest_patches(picture, GOOD, 5))),
    ("picture b", lambda picture: iter(nearest_patches(GOOD, picture, 5))),
    ("picture a", lambda picture: iter(patch_distances(picture, GOOD, 5))),
]
GENERATORS = {  # each method, made of one picture alone
    "efros_leung": lambda picture: efros_leung(picture, (9, 11), 5),
    "quilt": lambda picture: quilt(picture, (19, 23), 5, 2),
    "quilt_transfer": lambda picture: transfer(picture, picture, 9, 3, 2),
    "image_analogy": lambda picture: image_analogy(picture, picture[::-1], picture, 2),
    "patch_match": lambda picture: patch_match(picture, picture[:, ::-1], 5, 2),
}


def message(steps):
    """Return what the error says that comes with the call, before the first step is asked for."""
    with pytest.raises(InputError) as caught:
        steps()
    return str(caught.value)


def changed(value):
    picture = GOOD.copy()
    picture[5, 7, 1] = value
    return picture


BAD = {
    "nan": (changed(np.nan), "not finite (NaN or infinite): give numbers in [0, 1]"),
    "infinite": (changed(np.inf), "not finite (NaN or infinite): give numbers in [0, 1]"),
    "above": (changed(1.5), "to 1.5: divide 0..255 by 255, or clip"),
    "below": (changed(-0.25), "must hold numbers in [0, 1], it holds -0.25 to "),
    "eight bits": ((GOOD * 255).astype(np.uint8), "it holds 0 to 254: divide 0..255 by 255, or clip"),
    "grey": (GOOD[..., 0], "must be an array of shape (H, W, 3), RGB in [0, 1]; got shape (13, 17)"),
    "alpha": (noise(13, 17, 4), "must be an array of shape (H, W, 3), RGB in [0, 1]; got shape (13, 17, 4)"),
    "channels first": (GOOD.transpose(2, 0, 1), "shape (H, W, 3), RGB in [0, 1]; got shape (3, 13, 17)"),
    "just above": (GOOD + 1.0004 - GOOD.max(), "to 1.0004: divide 0..255 by 255, or clip"),
    "a tensor": (torch.rand(13, 17, 3, requires_grad=True), "got Tensor: from stylekit.images, to_array(load_image"),
    "a name": ("gravel", "must be a NumPy array of numbers in [0, 1]; got str: from stylekit.images, to_array("),
    "complex": (GOOD + 0j, "must be a NumPy array of numbers in [0, 1]; got an array of complex128"),
    "nothing": (None, "must be a NumPy array of numbers in [0, 1]; got NoneType"),
    "empty": (np.zeros((0, 0, 3)), "must have 5 pixels or more on each side, it has 0 x 0: take a larger one"),
    "too low": (GOOD[:4], "must have 5 pixels or more on each side, it has 4 x 17: take a larger one"),
    "too narrow": (GOOD[:, :3], "must have 5 pixels or more on each side, it has 13 x 3: take a larger one"),
}


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize("name, make", TAKES)
def test_a_bad_picture_is_refused_with_its_name_what_it_is_and_what_to_do(name, make, kind, unhooked):
    picture, says = BAD[kind]
    said = message(lambda: make(picture))
    assert said.startswith(f"the {name} ") and says in said


NO_WHOLE_NUMBERS = [True, 7.0, "7", None, np.float64(7), (7,)]


@pytest.mark.parametrize("window", [*NO_WHOLE_NUMBERS, 4, 6, 2, 1, 0, -3])
def test_a_window_that_is_not_odd_and_three_or_more_is_refused(window, unhooked):
    said = message(lambda: efros_leung(GOOD, 9, window))
    assert said == f"window must be an odd number, 3 or more; got {window!r}"


@pytest.mark.parametrize("window", [15, 101])
def test_a_window_larger_than_the_exemplar_is_refused(window):
    said = message(lambda: efros_leung(GOOD, 9, window))
    assert f"exemplar must have {window} pixels or more on each side, it has 13 x 17" in said


SIZES = [(size, size) for size in (True, 7.0, "7", None, 2, 0, -7)]
PAIRS = [((9, 2), 2), ((True, 9), True), ((9, 7.0), 7.0), ([9, "7"], "7")]


@pytest.mark.parametrize("size, wrong", SIZES + PAIRS)
def test_a_size_that_is_no_whole_number_of_pixels_or_too_small_is_refused(size, wrong, unhooked):
    said = message(lambda: efros_leung(GOOD, size, 5))
    assert said == f"size must be a whole number, 3 or more; got {wrong!r}"


@pytest.mark.parametrize("size", [(7, 8, 9), (7,), ()])
@pytest.mark.parametrize("method", [efros_leung, quilt])
def test_a_size_of_other_than_two_numbers_is_refused(method, size, unhooked):
    said = message(lambda: method(GOOD, size, 5))
    assert f"must be one number of pixels, or (height, width); got {size!r}" in said


@pytest.mark.parametrize("size", [6, (6, 9), (9, 6)])
def test_a_quilt_smaller_than_its_block_is_refused(size):
    said = message(lambda: quilt(GOOD, size, 7, 2))
    assert said == "size (block or more) must be a whole number, 7 or more; got 6"


BLOCKS = [lambda *sizes: quilt(GOOD, 23, *sizes), lambda *sizes: transfer(GOOD, GOOD, *sizes, 1)]


@pytest.mark.parametrize("block", [*NO_WHOLE_NUMBERS, 2, 0, -7])
@pytest.mark.parametrize("make", BLOCKS)
def test_a_block_that_is_no_whole_number_or_under_three_is_refused(make, block, unhooked):
    assert message(lambda: make(block, 1)) == f"block must be a whole number, 3 or more; got {block!r}"


@pytest.mark.parametrize("overlap", [*(each for each in NO_WHOLE_NUMBERS if each is not None), 0, -1])
@pytest.mark.parametrize("make", BLOCKS)
def test_an_overlap_that_is_no_whole_number_or_under_one_is_refused(make, overlap, unhooked):
    assert message(lambda: make(7, overlap)) == f"overlap must be a whole number, 1 or more; got {overlap!r}"


@pytest.mark.parametrize("overlap", [12, 13, 99])
@pytest.mark.parametrize("make, remedy", [(BLOCKS[0], 2), (BLOCKS[1], 4)])
def test_an_overlap_as_large_as_the_block_is_refused_with_one_that_would_do(make, remedy, overlap):
    said = message(lambda: make(12, overlap))
    assert said == f"overlap must be smaller than the block of 12 pixels, got {overlap}: try {remedy}"
    next(make(12, remedy))


@pytest.mark.parametrize("make", BLOCKS)
def test_a_block_larger_than_the_picture_is_refused(make):
    assert "must have 14 pixels or more on each side, it has 13 x 17" in message(lambda: make(14, 3))


@pytest.mark.parametrize("iterations", [*NO_WHOLE_NUMBERS, 0, -1])
def test_passes_of_a_transfer_that_are_no_whole_number_or_none_are_refused(iterations, unhooked):
    said = message(lambda: transfer(GOOD, GOOD, 9, 3, iterations))
    assert said == f"iterations must be a whole number, 1 or more; got {iterations!r}"


@pytest.mark.parametrize("block, most", [(9, 4), (12, 4), (3, 1)])  # 9, 6, 4, 3 and 12, 8, 5, 4; then comes 2
def test_so_many_passes_that_the_block_vanishes_are_refused_and_one_less_is_not(block, most):
    next(transfer(GOOD, GOOD, block, 1, most))
    said = message(lambda: transfer(GOOD, GOOD, block, 1, most + 1))
    assert said.startswith(f"{most + 1} iterations from a block of {block} would end at 2 pixels, and 3 are the least")
    assert "begin with a larger block, or take fewer iterations" in said


@pytest.mark.parametrize("patch", [*NO_WHOLE_NUMBERS, 0, 2, 4, -1])
def test_a_patch_that_is_not_odd_is_refused(patch, unhooked):
    said = message(lambda: patch_match(GOOD, GOOD, patch))
    assert said == f"patch must be an odd number, 1 or more; got {patch!r}"


@pytest.mark.parametrize("iterations", [*NO_WHOLE_NUMBERS, -1])
def test_passes_of_patch_match_that_are_no_whole_number_are_refused(iterations, unhooked):
    said = message(lambda: patch_match(GOOD, GOOD, 5, iterations))
    assert said == f"iterations must be a whole number, 0 or more; got {iterations!r}"


@pytest.mark.parametrize("levels", [*NO_WHOLE_NUMBERS, 0, -1])
def test_levels_that_are_no_whole_number_or_none_are_refused(levels, unhooked):
    said = message(lambda: image_analogy(GOOD, GOOD, GOOD, levels))
    assert said == f"levels must be a whole number, 1 or more; got {levels!r}"


@pytest.mark.parametrize("levels", [3, 20, 20000])
def test_more_levels_than_there_are_pixels_for_are_refused_with_the_most_that_would_do(levels):
    next(image_analogy(GOOD, GOOD, GOOD, 2))
    said = message(lambda: image_analogy(GOOD, GOOD, GOOD, levels))
    assert said.startswith("levels must be 1 to 2 where the shortest side has 13 pixels")
    assert said.endswith(f"got {levels}: take fewer levels, or larger pictures")


NO_WEIGHTS = [-1, -1e-9, float("nan"), float("-inf"), "2", None, True]


@pytest.mark.parametrize("kappa", NO_WEIGHTS)
def test_a_kappa_below_zero_or_no_number_is_refused(kappa, unhooked):
    said = message(lambda: image_analogy(GOOD, GOOD, GOOD, 1, kappa))
    assert said == f"kappa must be a number, 0 or more; got {kappa!r}"


@pytest.mark.filterwarnings("error")
def test_an_infinite_kappa_goes_on_where_it_can():
    (*_, last) = image_analogy(GOOD, GOOD, GOOD, 1, math.inf)
    assert last.sources.min() >= 0


@pytest.mark.parametrize("tolerance", NO_WEIGHTS)
def test_a_tolerance_below_zero_or_no_number_is_refused(tolerance, unhooked):
    words = f"tolerance must be a number, 0 or more; got {tolerance!r}"
    assert message(lambda: efros_leung(GOOD, 9, 5, tolerance=tolerance)) == words
    assert message(lambda: quilt(GOOD, 23, 5, 2, tolerance=tolerance)) == words
    assert message(lambda: transfer(GOOD, GOOD, 5, 2, 1, tolerance=tolerance)) == words


@pytest.mark.parametrize("patch", [0, -1, "7", 1.5, True])
def test_a_patch_that_is_no_whole_number_is_refused_by_the_measures_too(patch, unhooked):
    with pytest.raises(ValueError, match="patch must be a whole number, 1 or more"):
        patch_distances(GOOD, GOOD, patch)


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (3,)])
def test_an_error_surface_without_rows_or_columns_is_refused(shape, unhooked):
    with pytest.raises(ValueError, match="error surface"):
        minimum_cut(np.zeros(shape))


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_an_error_surface_with_other_than_finite_numbers_is_refused(value):
    with pytest.raises(ValueError, match="finite numbers"):
        minimum_cut(np.array([[1, value]]))


def test_a_and_its_filtered_version_must_have_one_shape():
    said = message(lambda: image_analogy(GOOD, GOOD[:, :11], GOOD, 1))
    assert said == "A and A' must be one picture before and after a filter; got (13, 17, 3) and (13, 11, 3)"


# --- the right answer -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("name", GENERATORS)
@pytest.mark.filterwarnings("error")
def test_a_constant_picture_stays_constant(name, value):
    steps = list(islice(GENERATORS[name](np.full((13, 17, 3), value)), 2000))
    assert steps[-1].done == 1 and steps[-1].sources.min() >= 0
    for step in steps:
        assert np.allclose(step.image[step.sources[..., 0] >= 0], value, atol=1e-9)


@pytest.mark.filterwarnings("error")
def test_a_constant_b_stays_constant_in_an_analogy():
    (*_, last) = image_analogy(GOOD, noise(13, 17, 3, seed=1), np.full((11, 19, 3), 0.3), 2)
    assert np.allclose(last.image, 0.3)


@pytest.mark.parametrize("name", GENERATORS)
def test_float32_is_taken_for_the_same_numbers_in_float64(name):
    single = GOOD.astype(np.float32)
    one, other = (list(GENERATORS[name](picture))[-1] for picture in (single, single.astype(np.float64)))
    assert np.array_equal(one.image, other.image) and one.image.dtype == np.float64
    assert np.array_equal(one.sources, other.sources)


@pytest.mark.parametrize("name", GENERATORS)
def test_whoever_draws_on_a_step_spoils_neither_the_next_ones_nor_the_input(name):
    picture = GOOD.copy()
    clean = list(GENERATORS[name](GOOD))
    for step, same in zip(GENERATORS[name](picture), clean, strict=True):
        assert np.array_equal(step.image, same.image) and np.array_equal(step.sources, same.sources)
        step.image[:] = 0.7
        step.sources[:] = 1
    assert np.array_equal(picture, GOOD)
