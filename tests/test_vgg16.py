"""VGG-16 itself, where its weights are at hand: it paints, and the compact network agrees with it to a floor."""

import os

import agreement
import compact_lessons
import pytest
import torch

from stylekit.images import load_image, resize_image
from stylekit.networks import load_network
from stylekit.objective import painting_objective
from stylekit.transfer import stylise

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("STYLEKIT_VGG16" not in os.environ, reason="STYLEKIT_VGG16 names no file of VGG-16's weights"),
]
# Cosines of the centred linear kernels on the kit's own pictures: a little under what was measured.
FLOORS = {"relu1_1": 0.98, "relu2_1": 0.97, "relu3_1": 0.96, "relu4_1": 0.92, "relu4_2": 0.86, "relu5_1": 0.66}
PICTURES = ("astronaut", "chelsea", "coffee", "rocket", "swirls", "waves", "facets", "haze", "shapes", "brick")


@pytest.fixture(scope="module")
def vgg16():
    return load_network("vgg16", device="cpu")


def test_vgg16_paints_and_finds_its_painting_nearer_to_the_style_than_the_compact_networks(vgg16, network):
    content, style = load_image("coffee", 96), load_image("waves", 96)
    judge = painting_objective(vgg16, content, style)
    found = {}
    for painter in (vgg16, network):
        *_, last = stylise(content, style, painter, steps=15)
        with torch.no_grad():
            found[painter] = judge(last.image)["total"].item()
    assert found[vgg16] < found[network]
    with torch.no_grad():
        assert found[vgg16] < 0.2 * judge(content)["total"].item()


def test_the_compact_network_agrees_with_vgg16_no_less_than_its_floor(network):
    teacher = compact_lessons.load_teacher("vgg16")
    pictures = torch.cat([resize_image(load_image(name, 112), (112, 112)) for name in PICTURES])
    table = agreement.HeldOut(teacher, pictures).agreement(network)
    print(agreement.markdown(table))
    for layer, floor in FLOORS.items():
        assert table[layer]["linear"] > floor, layer
