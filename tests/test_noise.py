"""The noise that a transformation network adds: what it consists of, and what it keeps away."""

import pytest
import torch

from stylekit.feedforward import Architecture, TransformationNetwork
from stylekit.feedforward import noise as module
from stylekit.feedforward.noise import GRAINS, add_noise

torch.manual_seed(0)
IMAGE = torch.rand(1, 3, 128, 160)
DEVIATION = 12**-0.5  # of its pixels


def noise_of(image, noise, corner=(0, 0)):
    return add_noise(image, noise, corner) - image


def test_without_noise_an_image_is_left_as_it_is():
    assert add_noise(IMAGE, 0) is IMAGE


@pytest.mark.parametrize("noise", [0.01, 0.25, 1])
def test_noise_has_no_mean_and_so_much_of_the_deviation_of_an_image(noise):
    change = noise_of(IMAGE, noise)
    assert change.mean().abs() < 0.02 * noise
    assert abs(change.std().item() / (noise * DEVIATION) - 1) < 0.03


def test_contrast_brightness_and_a_cast_of_colour_change_nothing_but_the_strength():
    cast = torch.tensor([0.3, 0.0, 0.1]).view(1, 3, 1, 1)
    assert torch.allclose(noise_of(0.5 * IMAGE + cast, 0.3), 0.5 * noise_of(IMAGE, 0.3), atol=1e-6)
    assert torch.equal(noise_of(torch.full_like(IMAGE, 0.5), 0.3), torch.zeros_like(IMAGE))


def test_each_image_of_a_batch_gets_the_noise_that_it_gets_alone():
    both = torch.cat([IMAGE, 0.1 * IMAGE.flip(-1)])
    assert torch.allclose(noise_of(both, 0.3), torch.cat([noise_of(x[None], 0.3) for x in both]), atol=1e-6)


@pytest.mark.parametrize("corner", [(0, 0), (16_000_000, 48)])
@pytest.mark.parametrize("size", GRAINS)
def test_grains_are_squares_that_know_nothing_of_each_other(size, corner, monkeypatch):
    monkeypatch.setattr(module, "GRAINS", (size,))
    image = torch.tensor([0.0, 1.0]).repeat(60 * size).expand(1, 3, 100 * size, -1)  # deviation 1/2
    values = noise_of(image, 2 * DEVIATION, corner)[0]  # from -1/2 to 1/2
    grains = values[:, ::size, ::size]
    assert torch.allclose(values, grains.repeat_interleave(size, 1).repeat_interleave(size, 2), atol=1e-6)
    assert grains.min() > -0.5 - 1e-6 and grains.max() < 0.5
    assert abs(12 * grains.var() - 1) < 0.05 and grains.mean().abs() < 0.02
    neighbours = {(0, 1), (1, 0), (1, 1), (2, 0), (0, 2), (7, 3)}
    for down, right in neighbours:
        there = grains[:, : 100 - down, : 120 - right] * grains[:, down:, right:]
        assert 12 * there.mean((1, 2)).abs().max() < 0.05, (down, right)  # 4.5 deviations of chance
    assert 12 * (grains * grains.roll(1, 0)).mean((1, 2)).abs().max() < 0.05  # the colours


@pytest.mark.parametrize(("top", "left"), [(32, 64), (5, 0), (17, 63)])
@pytest.mark.parametrize("corner", [(0, 0), (-40, -1)])
def test_a_part_of_the_field_is_what_lies_there_in_the_whole(top, left, corner):
    image = IMAGE.round()  # half of it 0, half 1: a part has nearly the whole's deviation
    whole = noise_of(image, 0.1, corner)[..., top : top + 50, left : left + 70]
    part = noise_of(image[..., top : top + 50, left : left + 70], 0.1, (corner[0] + top, corner[1] + left))
    ratio = (part * whole).sum() / whole.square().sum()
    assert torch.allclose(part, ratio * whole, atol=1e-5) and abs(ratio - 1) < 0.01


def test_a_plain_picture_stays_plain_and_a_nearly_plain_one_does_not():
    torch.manual_seed(0)
    network = TransformationNetwork(Architecture(width=3, noise=0.3)).eval()
    torch.nn.init.normal_(network.last.weight, std=3.0)
    plain = torch.full((1, 3, 64, 64), 0.5)
    with torch.no_grad():
        assert network(plain).std((2, 3)).max() < 1e-5
        plain[..., 32, 32] += 0.01
        assert network(plain).std((2, 3)).min() > 1e-2
