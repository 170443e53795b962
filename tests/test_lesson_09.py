"""What notebook 09 says of the methods before networks, beyond what the tests of the package say."""

import math

import numpy as np
import pytest
import torch
from conftest import last, patch_distances
from scipy.ndimage import gaussian_filter
from torch.nn.functional import conv2d, unfold

from stylekit.colour import LUMINANCE
from stylekit.images import load_image, to_array
from stylekit.losses import gram_matrix
from stylekit.patches import (
    efros_leung,
    minimum_cut,
    neighbours_kept,
    quilt,
    quilt_transfer,
    seam_contrast,
    straight_cut,
)


def pixels(name, size, top=0, left=0, height=None, width=None):
    picture = to_array(load_image(name, size=size)).astype(float)
    return picture[top:, left:][:height, :width]


@pytest.fixture(scope="module")
def wall():
    return pixels("brick", 192, height=48, width=48)


@pytest.fixture(scope="module")
def grown(wall):
    return {window: last(efros_leung(wall, 40, window, seed=0)) for window in (3, 9, 21)}


@pytest.mark.slow
def test_a_larger_window_keeps_more_neighbours_of_the_wall(grown):
    kept = [neighbours_kept(grown[window].sources) for window in (3, 9, 21)]
    assert kept[0] + 0.1 < kept[1] < kept[2]


def test_a_window_of_three_invents_more_than_one_of_nine(grown, wall):
    invented = {window: patch_distances(step.image, wall)[0] for window, step in grown.items()}
    assert invented[3] > 1.5 * invented[9]


@pytest.mark.parametrize("period", [4, 5])
def test_lines_go_on_without_fault_from_a_window_of_twice_the_period_minus_one(period):
    lines = np.full((19, 23, 3), 0.9)
    lines[:, ::period] = 0.1
    for window in (2 * period - 3, 2 * period - 1, 2 * period + 1):
        even = []
        for seed in range(3):
            dark = last(efros_leung(lines, 21, window, seed)).image[..., 0] < 0.5
            even.append(any((dark == (np.arange(21) % period == first)).all() for first in range(period)))
        assert even == [window >= 2 * period - 1] * 3


def test_no_tolerance_disturbs_a_piece_that_goes_on_exactly_and_a_large_one_disturbs_what_comes_after_it():
    sky = pixels("waves", 128, 10, 10, 40, 40)
    strict, lax = (list(efros_leung(sky, 44, 7, seed=1, tolerance=t)) for t in (0.1, 5))
    for steps in (strict, lax):
        assert neighbours_kept(steps[3].sources[17:26, 17:26]) == 1  # nine pixels and three rounds: one piece
    assert neighbours_kept(lax[-1].sources) < neighbours_kept(strict[-1].sources) - 0.03


def test_the_cut_hides_seams_that_the_best_block_alone_leaves():
    sky = pixels("swirls", 160, height=96, width=96)
    ways = ({"tolerance": math.inf, "cut": straight_cut}, {"cut": straight_cut}, {})
    steps = [last(quilt(sky, 100, 28, 7, seed=1, **how)) for how in ways]
    any_block, fitting, cut = (seam_contrast(step.image, step.sources) for step in steps)
    assert any_block > 1.2 * fitting and fitting > 1.1 * cut
    assert min(neighbours_kept(step.sources) for step in steps) > 0.9


def test_the_worked_cut_of_the_lesson_costs_7_by_hand():
    e = np.array([[3.0, 1, 4], [1, 5, 9], [2, 6, 5], [3, 5, 8]])
    assert minimum_cut(e).tolist() == [1, 0, 0, 0] and e[range(4), [1, 0, 0, 0]].sum() == 7


def test_the_exercises_cut_has_one_cheapest_way_and_the_greedy_one_is_dearer():
    e = np.array([[2, 7, 3], [6, 4, 1], [8, 2, 9], [1, 6, 2]])
    paths = [path for path in np.ndindex(3, 3, 3, 3) if np.abs(np.diff(path)).max() <= 1]
    costs = {path: int(e[range(4), path].sum()) for path in paths}
    assert [path for path, cost in costs.items() if cost == min(costs.values())] == [(2, 2, 1, 0)]
    assert costs[2, 2, 1, 0] == 7 and costs[0, 1, 1, 0] == 9


@pytest.mark.parametrize(("block", "laid"), [(22, 49), (12, 196)])
def test_blocks_laid_for_142_pixels(block, laid):
    assert len(list(quilt(np.full((23, 23, 3), 0.5), 142, block, 2))) == laid


@pytest.fixture(scope="module")
def passes():
    """Return a photograph and the last step of each of three passes, for a cup and a cat."""
    waves, found = pixels("waves", 144), {}
    for name in ("coffee", "chelsea"):
        plan = pixels(name, 96)
        run = list(quilt_transfer(plan, waves, 12, 4, 3, seed=1))
        found[name] = plan, [[s for s in run if s.done < i / 3 + 1e-6][-1] for i in (1, 2, 3)]
    return found


def survived(plan, step):
    """Return how the coarse and the fine luminance of a photograph and of its transfer correlate."""
    Y, painted = plan @ LUMINANCE, step.image @ LUMINANCE
    coarse = gaussian_filter(Y, 3), gaussian_filter(painted, 3)
    fine = Y - coarse[0], painted - coarse[1]
    return [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in (coarse, fine)]


def test_a_transfer_keeps_the_coarse_luminance_of_a_cup_and_of_a_cat_and_little_of_what_is_fine(passes):
    cup, cat = (survived(plan, steps[-1]) for plan, steps in passes.values())
    assert min(cup[0], cat[0]) > 0.85 and max(cup[1], cat[1]) < 0.5
    assert abs(cup[0] - cat[0]) < 0.1 and abs(cup[1] - cat[1]) < 0.15  # the numbers hardly tell cup from cat


def test_the_cat_has_a_larger_part_of_her_variance_in_what_is_fine_than_the_cup():
    def fine(picture):
        Y = picture @ LUMINANCE
        return (Y - gaussian_filter(Y, 3)).var() / Y.var()

    assert fine(pixels("chelsea", 144)) > 1.5 * fine(pixels("coffee", 144)) > 1.5 * fine(pixels("china", 144))


def test_from_pass_to_pass_the_seams_of_a_transfer_fade(passes):
    for _, steps in passes.values():
        contrasts = [seam_contrast(step.image, step.sources) for step in steps]
        assert contrasts[0] > contrasts[1] > contrasts[2]


def test_raw_patches_cannot_tell_a_picture_from_its_negative_and_a_relu_can():
    x = load_image("swirls", 61).double() - 0.5
    filters = torch.randn(19, 3, 7, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    raw, linear, rectified = (
        (lambda z: gram_matrix(unfold(z, 7))),
        (lambda z: gram_matrix(conv2d(z, filters).flatten(2))),
        (lambda z: gram_matrix(conv2d(z, filters).relu().flatten(2))),
    )
    for gram in (raw, linear):
        torch.testing.assert_close(gram(-x), gram(x), rtol=1e-12, atol=1e-9)
    assert (rectified(-x) - rectified(x)).norm() > 0.5 * rectified(x).norm()


def test_the_gram_matrix_of_patches_holds_nothing_but_products_of_two_pixels():
    x = torch.rand(1, 3, 11, 13, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    G = gram_matrix(unfold(x, 3))[0].view(3, 3, 3, 3, 3, 3)  # colour, row, column, twice
    by_hand = sum(x[0, 2, y + 1, z] * x[0, 0, y + 2, z + 2] for y in range(9) for z in range(11))
    assert G[2, 1, 0, 0, 2, 2].item() == pytest.approx(by_hand.item(), rel=1e-12)
