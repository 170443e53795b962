"""Painting in tiles is painting in one pass: the same picture, without a seam, and far less memory."""

import copy

import pytest
import torch
from torch import nn

from stylekit.feedforward import Architecture, TransformationNetwork
from stylekit.feedforward.network import InstanceNorm
from stylekit.feedforward.tiles import transform


def random_network(seed=0, **architecture):
    """A network whose normalisations move each channel differently, so that their statistics matter."""
    torch.manual_seed(seed)
    network = TransformationNetwork(Architecture(**({"width": 3} | architecture))).eval()
    for module in network.modules():
        if isinstance(module, InstanceNorm | nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.5, 0.5)
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.3, 0.3)
            nn.init.uniform_(module.running_var, 0.1, 0.3)
    nn.init.normal_(network.last.weight, std=0.3)
    return network


def landscape(height, width):
    """A picture that is dark and smooth above, bright and rough below: no part has the statistics of the whole."""
    torch.manual_seed(1)
    ramp = torch.linspace(0, 1, height).view(1, 1, -1, 1)
    return (0.7 * ramp + 0.3 * ramp.square() * torch.rand(1, 3, height, width)).clamp(0, 1)


def in_one_pass(network, image):
    with torch.no_grad():
        return network(image).clamp(0, 1)


@pytest.mark.parametrize("size", [(80, 61), (67, 53), (97, 31), (83, 128), (65, 17), (17, 211)])
def test_in_tiles_a_picture_of_any_size_comes_out_as_in_one_pass(size):
    network, image = random_network(), landscape(*size)
    whole = in_one_pass(network, image)
    assert whole.std() > 0.02
    assert (transform(network, image, 16) - whole).abs().max() < 1e-4


@pytest.mark.parametrize("tile", [16, 39, 60, 500])
def test_the_size_of_a_tile_does_not_change_the_painting(tile):
    network, image = random_network(), landscape(131, 71)
    assert (transform(network, image, tile) - in_one_pass(network, image)).abs().max() < 1e-4


@pytest.mark.parametrize(
    "architecture",
    [
        {"normalisation": "batch"},
        {"upsampling": "transposed"},
        {"normalisation": "batch", "upsampling": "transposed", "slope": 1.0},
        {"slope": 0.5},
        {"noise": 0.1},
    ],
    ids=str,
)
def test_every_architecture_without_a_border_can_paint_in_tiles(architecture):
    network, image = random_network(**architecture), landscape(71, 37)
    whole, tiled = in_one_pass(network, image), transform(network, image, 16)
    assert tiled.shape == whole.shape and whole.std() > 0.02
    assert (tiled - whole).abs().max() < 1e-4


def test_statistics_that_are_given_are_kept_in_tiles_too():
    network, image = random_network(), landscape(71, 37)
    free = in_one_pass(network, image)
    norm = network.residual[2].normalisations[0]
    norm.fixed = (torch.full((1, 12, 1, 1), 0.3), torch.full((1, 12, 1, 1), 2.0))
    whole = in_one_pass(network, image)
    assert (whole - free).abs().max() > 0.01
    assert (transform(network, image, 16) - whole).abs().max() < 1e-4


def test_tiles_with_their_own_statistics_would_show_seams_and_ours_show_none():
    """The step across a border of tiles, in the difference to the painting in one pass, against steps elsewhere."""
    network, image = random_network(), landscape(96, 64)
    whole = in_one_pass(network, image)
    alone = torch.cat([in_one_pass(network, strip) for strip in image.split(32, dim=-2)], dim=-2)
    tiled = transform(network, image, 45)  # 45 x 45 pixels: strips of 28 rows

    def steps(painting, rows):
        change = (painting - whole).mean(dim=(0, 1, 3)).diff().abs()  # (95,), of the rows' mean brightness
        borders = [number - 1 for number in range(rows, 96, rows)]
        return change[borders].min(), change.median()

    border, elsewhere = steps(alone, 32)
    assert border > 3 * elsewhere and border > 0.02
    assert (tiled - whole).mean(dim=(0, 1, 3)).diff().abs().max() < 1e-5


def test_the_network_is_left_as_it_was():
    network = random_network()
    before, state = copy.deepcopy(network.state_dict()), [m.training for m in network.modules()]
    transform(network, landscape(71, 37), 16)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert all(m.fixed is None for m in network.modules() if isinstance(m, InstanceNorm))
    assert [m.training for m in network.modules()] == state


def largest_tensor(work):
    """Return the number of values of the largest tensor that an operation of some work returns."""
    sizes = []

    class Watch(torch.utils._python_dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            result = function(*args, **(kwargs or {}))
            sizes.extend(t.numel() for t in torch.utils._pytree.tree_leaves(result) if isinstance(t, torch.Tensor))
            return result

    with Watch():
        work()
    return max(sizes)


def test_no_tensor_is_larger_than_the_responses_kept_between_stages():
    """Those are 4 width responses at a sixteenth of the positions: width / 4 values for each pixel."""
    network, image = random_network(width=16), landscape(512, 64)
    pixels = 512 * 64
    assert largest_tensor(lambda: in_one_pass(network, image)) >= 32 * pixels
    assert largest_tensor(lambda: transform(network, image, 45)) == 4 * pixels


@pytest.mark.parametrize("tile", [None, 16])
def test_a_loss_can_learn_through_what_is_made_of_a_painting(tile):
    painting = transform(random_network(), landscape(71, 37), tile)
    weight = torch.ones(1, 3, 1, 1, requires_grad=True)
    (weight * painting).sum().backward()
    assert torch.allclose(weight.grad, painting.sum(dim=(2, 3), keepdim=True))
    assert not painting.requires_grad


def test_an_image_on_another_device_or_of_another_precision_is_moved_to_the_networks():
    assert transform(random_network().to("meta"), landscape(71, 37)).device.type == "meta"
    network, image = random_network(), landscape(71, 37)
    assert torch.equal(transform(network, image.double()), transform(network, image))


@pytest.mark.parametrize("tile", [-1, 0, 15])
def test_a_tile_that_is_too_small_is_refused(tile):
    with pytest.raises(ValueError, match=f"expected at least 16, got {tile}"):
        transform(random_network(), landscape(71, 37), tile)


def test_a_border_around_the_whole_is_refused_in_tiles_alone():
    network, image = random_network(normalisation="batch", padding="border"), landscape(71, 37)
    assert transform(network, image).shape == image.shape
    with pytest.raises(ValueError, match='a network with padding "same"'):
        transform(network, image, 16)


@pytest.mark.parametrize("tile", [None, 16])
def test_batch_normalisation_in_training_is_refused(tile):
    with pytest.raises(ValueError, match="call network.eval"):
        transform(random_network(normalisation="batch").train(), landscape(71, 37), tile)
