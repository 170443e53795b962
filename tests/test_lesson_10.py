"""What notebook 10 says of feed-forward networks, beyond what the tests of the package say."""

import math

import pytest
import torch
from torch import nn

from stylekit.feedforward import KIT, Architecture, PerceptualLoss, Schedule, TransformationNetwork, train
from stylekit.images import load_image
from stylekit.networks import load_network
from stylekit.objective import STYLE_LAYERS

DOWN = [("conv", 9, 1), ("conv", 3, 2), ("conv", 3, 2)]
BLOCKS = [("conv", 3, 1)] * 10
UP = [("double",), ("conv", 3, 1)] * 2 + [("conv", 9, 1)]


@pytest.fixture(scope="module")
def painter():
    torch.manual_seed(3)
    return TransformationNetwork(Architecture(width=5)).double().requires_grad_(False)


def picture(seed=0, height=44, width=52):
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def field_by_indices(pixel):
    """Return how many pixels one pixel of the painting sees, following the set of their indices layer by layer."""
    seen = {pixel}
    for kind, *how in reversed(DOWN + BLOCKS + UP):
        if kind == "double":
            seen = {n // 2 for n in seen}
        else:
            size, stride = how
            seen = {stride * n + d - size // 2 for n in seen for d in range(size)}
    return max(seen) - min(seen) + 1


def field_by_gradient(pixel):
    """Return the same, measured: where the photograph has a gradient. Without statistics over the whole picture."""
    torch.manual_seed(0)
    network = TransformationNetwork(Architecture(width=4, normalisation="batch")).double().eval()
    x = picture(1, 32, 160).requires_grad_(True)
    (gradient,) = torch.autograd.grad(network(x)[..., pixel].sum(), x)
    seen = (gradient.abs().sum(dim=(0, 1, 2)) > 0).nonzero().flatten()
    return int(seen.max() - seen.min()) + 1


def test_a_pixel_of_the_painting_sees_at_most_111_pixels_of_the_photograph_in_a_row():
    n = 1  # the exercise's rule, from the painting back to the photograph
    for kind, *how in reversed(DOWN + BLOCKS + UP):
        n = n // 2 + 1 if kind == "double" else how[1] * (n - 1) + how[0]
    spans = {pixel: field_by_indices(pixel) for pixel in range(80, 84)}
    assert n == max(spans.values()) == 111
    assert {pixel: field_by_gradient(pixel) for pixel in spans} == spans


def test_with_instance_normalisation_a_pixel_sees_the_whole_photograph(painter):
    x = picture(1, 24, 160).requires_grad_(True)
    (gradient,) = torch.autograd.grad(painter(x)[..., 80].sum(), x)
    assert (gradient.abs().sum(dim=(0, 1, 2)) > 0).all()


@pytest.mark.parametrize(
    ("factor", "added", "same"),
    [(0.5, (0.25, 0.25, 0.25), True), (0.5, (0, 0, 0), True), (0.6, (0.4, 0, 0), True), (-1, (1, 1, 1), False)],
)
def test_contrast_brightness_and_a_cast_of_colour_are_forgotten_and_a_negative_is_not(painter, factor, added, same):
    x = picture()
    changed = factor * x + torch.tensor(added, dtype=torch.float64).view(1, 3, 1, 1)
    difference = (painter(changed) - painter(x)).abs().mean()
    assert (difference < 1e-4) == same and (same or difference > 1e-2)


def test_faint_noise_on_grey_is_painted_as_strongly_as_a_photograph(painter):
    noise = picture() - 0.5
    faint, strong = painter(0.5 + 0.02 * noise), painter(0.5 + noise)
    assert 0.8 < faint.std() / strong.std() < 1.25


def test_halves_painted_apart_do_not_fit_the_whole(painter):
    x = torch.cat([picture(0, 22, 52), 0.2 * picture(1, 22, 52)], dim=2)
    apart = torch.cat([painter(half) for half in x.chunk(2, dim=2)], dim=2)
    assert (apart - painter(x)).abs().mean() > 1e-2


def test_the_tanh_reaches_beyond_white_and_keeps_28_per_cent_of_its_slope_there():
    network = TransformationNetwork(Architecture(width=1, slope=1.0)).double()
    nn.init.zeros_(network.last.weight)
    slopes = []
    for z in (0.0, math.atanh(0.5 / (150 / 255))):  # grey, white
        nn.init.constant_(network.last.bias, z)
        value = network(picture(0, 16, 16))[0, 0, 0, 0]
        (gradient,) = torch.autograd.grad(value, network.last.bias)
        slopes.append(gradient[0].item())
    assert value.item() == pytest.approx(1) and slopes[1] / slopes[0] == pytest.approx(0.2775)
    nn.init.constant_(network.last.bias, 50)
    assert network(picture(0, 16, 16)).max().item() == pytest.approx(1.0882, abs=1e-4)


def test_the_layers_of_the_table_go_down_to_a_quarter_and_up_again():
    network, x, sizes = TransformationNetwork(KIT), torch.rand(1, 3, 128, 128), []
    for layer in [*network.down, *network.residual, *network.up, network.last]:
        x = layer(x)
        sizes.append(tuple(x.shape[1:3]))
    assert sizes == [(16, 128), (32, 64), *[(64, 32)] * 6, (32, 64), (16, 128), (3, 128)]


@pytest.mark.slow
def test_sixty_steps_on_three_photographs_take_most_of_the_style_loss_off_one_that_was_not_among_them():
    seen = [load_image(name, 96)[0, :, :64, :64] for name in ("astronaut", "coffee", "rocket")]
    unseen, losses = load_image("chelsea", 96)[..., :64, 16:80], load_network("compact", device="cpu")
    objective = PerceptualLoss(
        losses, load_image("waves", 64), torch.stack(seen), content_layers=("relu2_2",), style_layers=STYLE_LAYERS[:4]
    )
    torch.manual_seed(0)
    student = TransformationNetwork(Architecture(width=8))
    style = lambda: objective(student(unseen), unseen)["style"].item()  # noqa: E731
    before = style()
    for _ in train(student, objective, seen, Schedule(batch=1, crop=64, rate=2e-3, steps=60)):
        pass
    assert style() < before / 4
