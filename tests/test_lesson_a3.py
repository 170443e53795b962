"""What notebook A3 says of blending, beyond what the tests of the package say."""

import pytest
import torch

from stylekit.feedforward.motion import Steady, flicker

FRAMES = 60


@pytest.mark.parametrize("a", [0.25, 0.5, 0.9])
def test_of_flicker_that_is_noise_blending_leaves_one_minus_a_by_the_root_of_one_plus_a(a):
    weights = torch.zeros(FRAMES, FRAMES, dtype=torch.float64)  # of the error of each frame, in each blended frame
    for t in range(1, FRAMES):
        weights[t] = a * weights[t - 1]
        weights[t, t] = 1 - a
    change = (weights[-1] - weights[-2]).square().sum()
    spread = weights[-1].square().sum()
    assert change.item() == pytest.approx(2 * (1 - a) ** 2 / (1 + a), rel=0.02)
    assert spread.item() == pytest.approx((1 - a) / (1 + a), rel=0.02)


def test_what_errs_always_alike_is_not_calmed():
    torch.manual_seed(0)
    film = [torch.rand(1, 3, 48, 48)] * 12  # nothing moves: trust is 1 everywhere
    crawling = [0.4 + 0.01 * t + torch.zeros(1, 3, 48, 48) for t in range(12)]
    steady = Steady(0.5)
    calm = [steady(frame, painting) for frame, painting in zip(film, crawling, strict=True)]
    assert flicker(film[6:], calm[6:]) == pytest.approx(flicker(film[6:], crawling[6:]), rel=0.02)
