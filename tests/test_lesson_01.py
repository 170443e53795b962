"""What notebook 01 says about the package: convolutions, receptive fields, pooling, normalisation, one drawing."""

import copy

import matplotlib.colors
import pytest
import torch
from torch import nn

from stylekit.figures import numbers
from stylekit.networks import COMPACT, VGG19, LossNetwork, normalised

IMAGE = torch.rand(1, 3, 37, 43, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
SIDES = (3, 5, 10, 14, 24, 32, 40, 48, 68, 84, 100, 116, 156, 188, 220, 252)  # of the receptive fields, by hand


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
    expected = [(16, 37, 43), (32, 18, 21), (64, 9, 10), (128, 4, 5), (128, 2, 2)]
    assert shapes == dict(zip(first, expected, strict=True))


def test_the_compact_network_is_vgg19_as_far_as_conv5_1_at_a_quarter_of_the_width(precise):
    with torch.device("meta"):
        vgg19 = VGG19.build()
    assert vgg19.layers[: len(precise.layers)] == precise.layers
    for name in precise.convolutions.keys() - {"conv5_1"}:
        assert vgg19.convolutions[name].out_channels == 4 * precise.convolutions[name].out_channels
    assert vgg19.convolutions["conv5_1"].out_channels == 4 * precise.convolutions["conv5_1"].out_channels == 512


def seen(network, layer, size, k):
    """Return the pixels (H, W) on which the responses at position (k, k) depend; all weights must be positive."""
    white = torch.ones(1, 3, size, size, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(network.features(white, [layer])[layer][0, :, k, k].sum(), white)
    return gradient[0].sum(dim=0) > 0


@pytest.mark.parametrize(("architecture", "convolutions"), [(COMPACT, 13), (VGG19, 16)])
def test_the_receptive_field_of_every_layer_is_the_square_derived_by_hand(architecture, convolutions):
    network = small_network(architecture.blocks, (2, 3, 2, 3, 2), padding=architecture.padding)
    for parameter in network.parameters():
        parameter.uniform_(0.1, 1)
    names = list(network.convolutions)
    assert len(names) == convolutions
    for name, side in zip(names, SIDES, strict=False):
        distance = 2 ** (int(name[4]) - 1)
        there = seen(network, name, 288, 144 // distance)
        rows, columns = there.nonzero(as_tuple=True)
        assert rows.max() - rows.min() + 1 == columns.max() - columns.min() + 1 == side, name
        assert there.sum() == side**2, name
        next_one = seen(network, name, 288, 144 // distance + 1)
        assert torch.equal(next_one[distance:, distance:], there[:-distance, :-distance]), name


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


@pytest.mark.parametrize("pooling", ["average", "max"])
def test_normalised_divides_a_filter_by_its_mean_and_multiplies_the_channel_that_listens(pooling):
    network = small_network((1, 2), (5, 7), pooling=pooling)
    for convolution in network.convolutions.values():
        convolution.bias.fill_(0.5)
    names = list(network.convolutions)
    responses = network.features(IMAGE, ["relu" + name[4:] for name in names])
    mu = [[max(f[0, i].mean().item(), 0) or 1.0 for i in range(f.shape[1])] for f in responses.values()]
    found = normalised(network, [IMAGE])
    for number, name in enumerate(names):
        old, new = network.convolutions[name], found.convolutions[name]
        incoming = mu[number - 1] if number else [1.0, 1.0, 1.0]
        for i, own in enumerate(mu[number]):
            assert new.bias[i].item() == pytest.approx(old.bias[i].item() / own, rel=1e-12)
            for j, theirs in enumerate(incoming):
                torch.testing.assert_close(new.weight[i, j], old.weight[i, j] * (theirs / own))


def test_to_forget_the_next_layer_is_a_gross_error(precise):
    mu = precise.features(IMAGE, ["relu1_1"])["relu1_1"].mean(dim=(0, 2, 3))
    forgotten = copy.deepcopy(precise)
    forgotten.convolutions["conv1_1"].weight /= mu.view(-1, 1, 1, 1)
    forgotten.convolutions["conv1_1"].bias /= mu
    old, bad = (n.features(IMAGE, ["relu1_2"])["relu1_2"] for n in (precise, forgotten))
    assert (bad - old).norm() > 0.3 * old.norm()


def test_a_doubled_filter_doubles_its_own_row_and_no_other(precise):
    doubled = copy.deepcopy(precise)
    doubled.convolutions["conv1_1"].weight[12] *= 2
    doubled.convolutions["conv1_1"].bias[12] *= 2
    old, new = (n.features(IMAGE, ["relu1_1"])["relu1_1"][0] for n in (precise, doubled))
    factor = torch.ones(16, 1, 1, dtype=torch.float64)
    factor[12] = 2
    assert old[12].sum() > 0
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
