"""The noise that a transformation network adds: what it consists of, and what it keeps away."""

import pytest
import torch

from stylekit.feedforward import Architecture, TransformationNetwork
from stylekit.feedforward import noise as module
from stylekit.feedforward.noise import GRAINS, add_noise

GREY = torch.full((1, 3, 128, 160), 0.5)


def test_without_noise_an_image_is_left_as_it_is():
    assert add_noise(GREY, 0.0) is GREY


@pytest.mark.parametrize("noise", [0.01, 0.06, 1])
def test_noise_has_no_mean_and_the_deviation_asked_for(noise):
    change = add_noise(GREY, noise) - GREY
    assert change.mean().abs() < 0.05 * noise
    assert abs(change.std().item() / noise - 1) < 0.03


def test_each_image_of_a_batch_gets_the_same_noise():
    both = add_noise(torch.cat([GREY, 0 * GREY]), 0.1)
    assert torch.allclose(both[0] - 0.5, both[1], atol=1e-6)


@pytest.mark.parametrize("corner", [(0, 0), (16_000_000, 48)])
@pytest.mark.parametrize("size", GRAINS)
def test_grains_are_squares_that_know_nothing_of_each_other(size, corner, monkeypatch):
    monkeypatch.setattr(module, "GRAINS", (size,))
    values = add_noise(torch.zeros(1, 3, 100 * size, 120 * size), 12**-0.5, corner)[0]  # from -1/2 to 1/2
    grains = values[:, ::size, ::size]
    assert torch.equal(values, grains.repeat_interleave(size, 1).repeat_interleave(size, 2))
    assert grains.min() > -0.5 - 1e-6 and grains.max() < 0.5
    assert abs(12 * grains.var() - 1) < 0.05 and grains.mean().abs() < 0.02
    neighbours = {(0, 1), (1, 0), (1, 1), (2, 0), (0, 2), (7, 3)}
    for down, right in neighbours:
        there = grains[:, : 100 - down, : 120 - right] * grains[:, down:, right:]
        assert 12 * there.mean((1, 2)).abs().max() < 0.05, (down, right)  # 4.5 deviations of chance
    assert 12 * (grains * grains.roll(1, 0)).mean((1, 2)).abs().max() < 0.05  # the colours


def test_a_part_of_the_field_is_what_lies_there_in_the_whole():
    whole, part = add_noise(GREY, 0.1), add_noise(GREY[..., :50, :70], 0.1, (32, 64))
    assert torch.allclose(part, whole[..., 32:82, 64:134])


def test_an_even_picture_stays_even_unless_there_is_noise():
    torch.manual_seed(0)
    network = TransformationNetwork(Architecture(width=3)).eval()
    torch.nn.init.normal_(network.last.weight, std=3.0)
    noisy = TransformationNetwork(Architecture(width=3, noise=0.1)).eval()
    noisy.load_state_dict(network.state_dict())
    with torch.no_grad():
        assert network(GREY).std((2, 3)).max() < 1e-5
        assert noisy(GREY).std((2, 3)).min() > 1e-2
