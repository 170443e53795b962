"""What is given on one device is moved to where the network is: shown with a device that only pretends to be one.

The oracle is the same work on the CPU alone: the fake device computes there, too, so the numbers must be the same.
"""

import copy
from functools import partial

import pytest
import torch
from conftest import last, picture
from fake_device import DEVICE, FakeDevice, moved

from stylekit import images, networks
from stylekit.colour import finish_colours, prepare_style
from stylekit.errors import InputError
from stylekit.feedforward import Architecture, TransformationNetwork, files, load_transformer, transform
from stylekit.networks import load_network
from stylekit.transfer import reconstruct, stylise, synthesise_texture

P, A = picture(37, 53, seed=1), picture(41, 47, seed=2)
CPU = torch.device("cpu")
WORK = {  # takes a network, a photograph and a style picture, wherever they may be; yields Steps
    "stylise": lambda n, p, a: stylise(p, a, n, sizes=[40, 48], steps=2),
    "stylise from noise with Adam": lambda n, p, a: stylise(p, a, n, init="noise", optimiser="adam", steps=2),
    "stylise from the style, scale mean": lambda n, p, a: stylise(p, a, n, init="style", scale="mean", steps=2),
    "reconstruct": lambda n, p, a: reconstruct(p, n, "relu2_1", steps=2),
    "synthesise_texture": lambda n, p, a: synthesise_texture(a, n, ["relu1_1", "relu2_1"], steps=2),
}
PLACES = {  # where the network, the photograph and the style picture are
    "the network alone is elsewhere": (True, False, False),
    "the pictures are elsewhere": (False, True, True),
    "the photograph alone is elsewhere": (False, True, False),
    "the style picture alone is elsewhere": (False, False, True),
    "all are elsewhere": (True, True, True),
}
every_place = pytest.mark.parametrize("places", PLACES.values(), ids=PLACES)


def placed(network, places):
    """Return a copy of the network and the two pictures, each here or elsewhere."""
    there, *others = places
    network = moved(copy.deepcopy(network)) if there else network
    return network, *(x.to(DEVICE) if away else x for x, away in zip((P, A), others, strict=True))


def test_the_fake_device_refuses_a_mixture_and_computes_elsewhere_what_is_elsewhere():
    with FakeDevice():
        there = P.to(DEVICE)
        assert there.device == DEVICE and (there + 1).device == DEVICE and there.double().device == DEVICE
        assert torch.zeros(3, device=DEVICE).device == DEVICE and there.cpu().device == P.device == P.to(P).device
        for mix in (lambda: there + P, lambda: torch.cat([P, there]), lambda: torch.matmul(P, other=there.mT)):
            with pytest.raises(RuntimeError, match="mixes tensors"):
                mix()
        with pytest.raises(TypeError, match="numpy"):
            there.numpy()


@every_place
@pytest.mark.parametrize("work", WORK.values(), ids=WORK)
def test_pictures_are_moved_to_the_networks_device_and_painted_there(network, work, places):
    expected = last(work(network, P, A)).image
    with FakeDevice():
        painted = last(work(*placed(network, places))).image
        assert painted.device == (DEVICE if places[0] else CPU)
    torch.testing.assert_close(painted.as_subclass(torch.Tensor), expected)


@every_place
@pytest.mark.parametrize("tile", [None, 16])
def test_a_transformation_network_takes_a_picture_from_another_device(tile, places):
    torch.manual_seed(0)
    painter = TransformationNetwork(Architecture(width=3)).requires_grad_(False).eval()
    expected = transform(painter, P, tile)
    with FakeDevice():
        there, image, _ = placed(painter, places)
        painted = transform(there, image, tile)
        assert painted.device == (DEVICE if places[0] else CPU)
    torch.testing.assert_close(painted.as_subclass(torch.Tensor), expected)


GIVEN = {"a name": "chelsea", "a PIL picture": images.to_pil(P), "an array": images.to_array(P), "a tensor": P}


@pytest.mark.parametrize("given", GIVEN.values(), ids=GIVEN)
def test_as_image_puts_what_it_takes_on_the_device_it_is_told(given):
    with FakeDevice():
        assert images.as_image(given, device=DEVICE).device == DEVICE
        assert images.as_image(given, device="cpu").device == CPU


def test_as_image_leaves_a_tensor_where_it_is_unless_it_is_told_a_device():
    with FakeDevice():
        there = P.to(DEVICE)
        assert images.as_image(there).device == DEVICE and images.as_image(there, device="cpu").device == CPU
        assert images.as_image(P).device == CPU


@pytest.mark.parametrize(
    "change", [lambda x, p: prepare_style("match", x, p), lambda x, p: finish_colours("keep", x, p)]
)
def test_colours_are_taken_from_a_photograph_on_another_device(change):
    expected = change(P, A)
    with FakeDevice():
        for picture, photograph in ((P.to(DEVICE), A), (P, A.to(DEVICE))):
            found = change(picture, photograph)
            assert found.device == picture.device
            torch.testing.assert_close(found.as_subclass(torch.Tensor), expected)


@pytest.mark.parametrize("load", [load_network, partial(load_transformer, "swirls")])
def test_all_of_a_network_is_loaded_to_the_device_asked_for(load, monkeypatch):
    for module in (networks, files):  # "meta" is a device that computes nothing, so it is refused as a rule
        monkeypatch.setattr(module, "pick_device", torch.device, raising=False)
    network = load(device="meta")
    assert {t.device.type for t in (*network.parameters(), *network.buffers())} == {"meta"}


@pytest.mark.parametrize("name", ["cuda:99", "mps", "gpu", "the fast one"])
def test_a_device_that_is_not_here_is_told_in_one_sentence(name):
    if name == "mps" and torch.backends.mps.is_available():
        pytest.skip("there is such a device")
    with pytest.raises(InputError) as told:
        load_network(device=name)
    assert name in str(told.value) and "\n" not in str(told.value)
