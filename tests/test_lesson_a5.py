"""What notebook A5 says of PatchMatch and of image analogies, beyond what the tests of the package say."""

import numpy as np
import pytest
from conftest import last
from scipy.ndimage import gaussian_filter

from stylekit.colour import LUMINANCE
from stylekit.images import load_image, to_array
from stylekit.patches import field_distances, field_of, image_analogy, nearest_patches, neighbours_kept, patch_match


def pixels(name, size, top=0, left=0, height=None, width=None):
    picture = to_array(load_image(name, size=size)).astype(float)
    return picture[top:, left:][:height, :width]


def patches_of(picture, field):
    """Return the 7 x 7 patch at each place of a field, cut out one by one."""
    return np.array([picture[y : y + 7, x : x + 7] for y, x in field.reshape(-1, 2)])


@pytest.mark.parametrize(("of", "among"), [("swirls", "waves"), ("chelsea", "coffee")])
def test_what_is_good_for_a_patch_is_good_for_its_neighbour_moved_along_by_a_pixel(of, among):
    a, b = pixels(of, 64), pixels(among, 64)
    height, width, limit = a.shape[0] - 6, a.shape[1] - 6, np.array(b.shape[:2]) - 7
    guesses = np.random.default_rng(1).integers(0, limit + (1, 0), (height, width - 1, 2))  # one column is left free
    here = np.stack(np.indices((height, width - 1)), axis=2)
    apart = lambda step: ((patches_of(a, here + step) - patches_of(b, guesses + step)) ** 2).mean(axis=(1, 2, 3))  # noqa: E731
    guessed, told = apart((0, 0)), apart((0, 1))
    best = guessed <= np.quantile(guessed, 0.02)
    assert told[best].mean() < 1.3 * guessed[best].mean() < 0.3 * guessed.mean()


def test_five_passes_of_patch_match_come_close_to_the_exact_field_and_none_is_worse_than_the_one_before():
    a, b = pixels("chelsea", 64), pixels("astronaut", 64)
    steps = list(patch_match(a, b, 7, 5, seed=0))
    root = lambda field: np.sqrt(field_distances(a, b, field, 7)).mean()  # noqa: E731
    reached, best = [root(field_of(step, 7)) for step in steps], root(nearest_patches(a, b, 7)[0])
    assert reached == sorted(reached, reverse=True) and best <= reached[-1] < 1.15 * best
    assert reached[0] > 2 * best


@pytest.fixture(scope="module")
def analogy():
    painting = pixels("waves", 128, 16, 0, 44, 44)
    return gaussian_filter(painting, (2, 2, 0)), painting, pixels("chelsea", 144, 16, 40, 44, 44)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["chelsea", "china"])
def test_kappa_trades_the_photographs_luminance_for_whole_strokes(analogy, name):
    photograph = pixels(name, 144, 16, 40, 44, 44)
    answers = [last(image_analogy(*analogy[:2], photograph, 2, kappa)) for kappa in (0, 5, 25)]
    kept = [neighbours_kept(step.sources) for step in answers]
    assert kept[0] + 0.2 < kept[1] < kept[2]
    B = photograph @ LUMINANCE
    alike = [np.corrcoef((step.image @ LUMINANCE).ravel(), B.ravel())[0, 1] for step in answers]
    assert alike[0] > alike[1] > alike[2]


def test_a_filter_that_does_nothing_is_no_identity_but_holds_luminances_of_the_pair_only(analogy):
    _, painting, photograph = analogy
    step = last(image_analogy(painting, painting, photograph, 2, 0))
    Y_A, Y_B, answer = (picture @ LUMINANCE for picture in (painting, photograph, step.image))
    remapped = (Y_A - Y_A.mean()) * Y_B.std() / Y_A.std() + Y_B.mean()
    distance = np.abs(answer.reshape(-1, 1) - remapped.clip(0, 1).reshape(1, -1)).min(axis=1)
    assert distance.max() < 1e-12  # each is one of those of A'
    assert np.abs(answer - Y_B).mean() > 0.01


def test_with_the_blurred_picture_itself_for_b_the_answer_is_the_painting(analogy):
    blurred, painting, _ = analogy
    step = last(image_analogy(blurred, painting, blurred, 2, 0))
    assert np.abs((step.image - painting) @ LUMINANCE).max() < 1e-6
