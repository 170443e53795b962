"""What notebook 01 says about the package: convolutions, receptive fields, filters and noise, pooling, a drawing."""

import copy
import math

import matplotlib.colors
import pytest
import torch
from torch import nn

from stylekit.figures import numbers
from stylekit.images import load_image
from stylekit.losses import total_variation
from stylekit.networks import COMPACT, VGG16, VGG19, LossNetwork
from stylekit.optimise import minimise

IMAGE = torch.rand(1, 3, 37, 43, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
# Sides of the receptive fields, by hand: of VGG-16, and of the compact network as far as it goes; then of VGG-19.
SIDES_16 = (3, 5, 10, 14, 24, 32, 40, 60, 76, 92, 132, 164, 196)
SIDES_19 = (3, 5, 10, 14, 24, 32, 40, 48, 68, 84, 100, 116, 156, 188, 220, 252)


def small_network(blocks, widths, **options):
    torch.manual_seed(0)
    return LossNetwork(blocks, widths, **options).double().requires_grad_(False)


@pytest.mark.parametrize(("row", "column"), [(7, 11), (0, 42), (36, 0)])
def test_conv1_1_is_the_loop_over_normalised_pixels_with_the_border_repeated(precise, row, column):
    convolution = precise.convolutions["conv1_1"]
    mean, deviation = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    expected = convolution.bias[5].item()
    for c in range(3):
        for u in (-1, 0, 1):
            for v in (-1, 0, 1):
                pixel = IMAGE[0, c, min(max(row + u, 0), 36), min(max(column + v, 0), 42)].item()
                expected += convolution.weight[5, c, u + 1, v + 1].item() * (pixel - mean[c]) / deviation[c]
    found = precise.features(IMAGE, ["conv1_1"])["conv1_1"][0, 5, row, column].item()
    assert found == pytest.approx(expected, abs=1e-6)  # mean and deviation are kept in float32


def test_vgg19_puts_zeros_at_the_border():
    network = small_network((1,), (5,), padding=VGG19.padding)
    convolution = network.convolutions["conv1_1"]
    x = ((IMAGE - network.mean) / network.deviation)[0, :, 35:, 41:]  # (3, 2, 2), the lower right corner
    expected = (convolution.weight[:, :, :2, :2] * x).sum(dim=(1, 2, 3)) + convolution.bias
    torch.testing.assert_close(network.features(IMAGE, ["conv1_1"])["conv1_1"][0, :, -1, -1], expected)


def test_each_block_halves_the_maps_and_drops_an_odd_row_or_column(precise):
    first = [f"relu{block}_1" for block in range(1, 6)]
    shapes = {layer: tuple(f.shape[1:]) for layer, f in precise.features(IMAGE, first).items()}
    expected = [(16, 37, 43), (48, 18, 21), (96, 9, 10), (192, 4, 5), (256, 2, 2)]
    assert shapes == dict(zip(first, expected, strict=True))


def test_the_compact_network_is_vgg16_as_far_as_conv5_1_at_a_quarter_to_a_half_of_the_width(precise):
    with torch.device("meta"):
        vgg16, vgg19 = VGG16.build(), VGG19.build()
    assert len(precise.convolutions) == 11 and vgg16.layers[:22] == precise.layers
    part = {"1": 1 / 4, "2": 3 / 8, "3": 3 / 8, "4": 3 / 8, "5": 1 / 2}  # of the filters, by block
    for name, convolution in precise.convolutions.items():
        assert convolution.out_channels == part[name[4]] * vgg16.convolutions[name].out_channels
        assert vgg16.convolutions[name].weight.shape == vgg19.convolutions[name].weight.shape
    assert sum(parameter.numel() for parameter in precise.parameters()) == 1_510_800


def test_every_layer_that_the_papers_name_is_in_all_three_networks(precise):
    named = {"relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1", "relu4_2"}
    with torch.device("meta"):
        networks = VGG16.build(), VGG19.build(), precise
    assert all(named <= set(network.layers) for network in networks)
    lacking = set(networks[1].layers) - set(networks[0].layers)  # what VGG-19 has and VGG-16 has not
    assert lacking == {f"{kind}{block}_4" for kind in ("conv", "relu") for block in (3, 4, 5)}


def test_nearly_all_filters_speak_to_one_photograph_and_the_deeper_the_layer_the_fewer_positions(precise):
    photograph = load_image("chelsea", size=192).double()
    above_0 = {}
    for layer in ("relu2_1", "relu3_1", "relu4_1", "relu5_1"):
        F = precise.features(photograph, [layer])[layer][0].flatten(1)
        assert (F.amax(dim=1) > 0).double().mean() > 0.8
        above_0[layer] = (F > 0).double().mean().item()
    assert above_0["relu2_1"] > 1.2 * above_0["relu3_1"] > 1.2 * above_0["relu4_1"] > 1.2 * above_0["relu5_1"]


def seen(network, layer, size, k):
    """Return the pixels (H, W) on which the responses at position (k, k) depend; all weights must be positive."""
    white = torch.ones(1, 3, size, size, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(network.features(white, [layer])[layer][0, :, k, k].sum(), white)
    return gradient[0].sum(dim=0) > 0


@pytest.mark.parametrize(("architecture", "sides"), [(COMPACT, SIDES_16[:11]), (VGG16, SIDES_16), (VGG19, SIDES_19)])
def test_the_receptive_field_of_every_layer_is_the_square_derived_by_hand(architecture, sides):
    network = small_network(architecture.blocks, (2, 3, 2, 3, 2), padding=architecture.padding)
    for parameter in network.parameters():
        parameter.uniform_(0.1, 1)
    names = list(network.convolutions)
    for name, side in zip(names, sides, strict=True):
        distance = 2 ** (int(name[4]) - 1)
        there = seen(network, name, 288, 144 // distance)
        rows, columns = there.nonzero(as_tuple=True)
        assert rows.max() - rows.min() + 1 == columns.max() - columns.min() + 1 == side, name
        first = distance * (144 // distance) - (side - distance) / 2  # around the position's own pixels
        assert rows.min() == columns.min() == first, name
        assert there.sum() == side**2, name
        next_one = seen(network, name, 288, 144 // distance + 1)
        assert torch.equal(next_one[distance:, distance:], there[:-distance, :-distance]), name


def test_to_count_a_tenth_of_what_is_below_zero_gives_a_silent_filter_a_slope_to_climb(precise):
    noise = (0.4 + 0.2 * IMAGE).requires_grad_()
    Z = precise.features(noise, ["conv5_1"])["conv5_1"][0, 254]
    slopes = [torch.autograd.grad(f(Z).mean(), noise, retain_graph=True)[0] for f in (nn.ReLU(), nn.Identity())]
    (counted,) = torch.autograd.grad(torch.maximum(Z, Z / 10).mean(), noise)
    assert Z.max() < 0 and slopes[0].count_nonzero() == 0 and counted.count_nonzero() > 0
    torch.testing.assert_close(counted, slopes[1] / 10)


@pytest.mark.parametrize("period", [6, 11])
def test_a_wave_three_times_as_long_has_a_ninth_of_the_roughness(period):
    rough = []
    for length in (period, 3 * period):
        wave = torch.sin(2 * math.pi * torch.arange(20 * length + 1, dtype=torch.float64) / length)
        rough.append(total_variation(wave.expand(1, 3, 5, -1)).item() / (20 * length))
    assert rough[0] == pytest.approx(15 * 2 * math.sin(math.pi / period) ** 2, rel=1e-9)  # its differences, by hand
    assert rough[1] == pytest.approx(rough[0] / 9, rel=0.1)


def test_pixels_can_be_found_from_noise_at_which_a_filter_is_louder_than_anywhere_in_a_photograph(precise):
    photograph = load_image("astronaut", size=192).double()
    u = precise.features(photograph, ["relu3_1"])["relu3_1"][0, 46].max()
    noise = torch.rand(1, 3, 37, 43, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    loud = lambda x: precise.features(x, ["conv3_1"])["conv3_1"][0, 46].mean()  # noqa: E731
    *_, last = minimise(noise, lambda x: {"total": total_variation(x) / x.numel() - loud(x) / u}, steps=20)
    assert loud(noise) < 0.2 * u
    assert precise.features(last.image, ["relu3_1"])["relu3_1"][0, 46].max() > 1.5 * u


@pytest.mark.parametrize(("pooling", "reached"), [("average", 4), ("max", 1)])
def test_average_pooling_hands_the_gradient_to_four_pixels_and_max_pooling_to_one(pooling, reached):
    network = small_network((1, 1), (5, 7), pooling=pooling)
    for convolution in network.convolutions.values():  # each response is the sum of the pixel's three colours
        convolution.weight.zero_()[:, :, 1, 1] = 1
        convolution.bias.fill_(9)  # no ReLU asleep
    image = IMAGE.clone().requires_grad_()
    network.features(image, ["relu2_1"])["relu2_1"][0, 0, 4, 6].backward()
    found = image.grad[0].sum(dim=0)
    assert found.count_nonzero() == found[8:10, 12:14].count_nonzero() == reached
    if pooling == "max":
        brightest = (IMAGE / network.deviation)[0, :, 8:10, 12:14].sum(dim=0).argmax()
        assert found[8:10, 12:14].flatten().argmax() == brightest


def test_a_doubled_filter_doubles_its_own_row_and_no_other(precise):
    doubled = copy.deepcopy(precise)
    doubled.convolutions["conv1_1"].weight[3] *= 2
    doubled.convolutions["conv1_1"].bias[3] *= 2
    old, new = (n.features(IMAGE, ["relu1_1"])["relu1_1"][0] for n in (precise, doubled))
    factor = torch.ones(16, 1, 1, dtype=torch.float64)
    factor[3] = 2
    assert old[3].sum() > 0
    torch.testing.assert_close(new, factor * old)


def test_the_features_of_the_lesson_are_those_of_torch_with_the_same_weights(precise):
    layers = [nn.ReLU(), precise.convolutions["conv1_2"], nn.ReLU(), nn.AvgPool2d(2), precise.convolutions["conv2_1"]]
    x = precise.convolutions["conv1_1"]((IMAGE - precise.mean) / precise.deviation)
    torch.testing.assert_close(precise.features(IMAGE, ["conv2_1"])["conv2_1"], nn.Sequential(*layers)(x))


def test_numbers_writes_each_number_to_two_decimals_in_one_range_of_colours():
    drawing = numbers({"a": torch.tensor([[1.0, -0.001], [0.25, 9.0]]), "b": torch.tensor([[0.126]])}, alt="five")
    first, second = drawing.figure.axes
    assert [text.get_text() for text in first.texts] == ["1", "0", "0.25", "9"]
    assert [text.get_position() for text in first.texts] == [(0, 0), (1, 0), (0, 1), (1, 1)]
    assert [text.get_text() for text in second.texts] == ["0.13"]
    assert first.images[0].get_clim() == second.images[0].get_clim() == pytest.approx((-0.001, 9.0))
    assert [text.get_color() for text in first.texts] == ["white", "white", "white", "black"]  # 9 is bright yellow
    assert matplotlib.colors.is_color_like(second.texts[0].get_color())
    assert drawing.alt == "five"
