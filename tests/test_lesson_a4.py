"""Notebook A4: how many operations an evaluation takes, what a clock adds up, and how many digits a slope needs."""

import time

import pytest
import torch
from conftest import taught_by
from torch.utils.flop_counter import FlopCounterMode

from stylekit.images import load_image
from stylekit.networks import COMPACT, VGG19, LossNetwork
from stylekit.objective import STYLE_LAYERS, painting_objective
from stylekit.optimise import minimise

WEIGHTS = {"content_weight": 0.1, "style_weight": 1.0, "tv_weight": 0.003}


@pytest.fixture(scope="module")
def taught():
    """Return what the notebook defines, by name."""
    return taught_by("A4-the-machine", "def flops(", "class Clock(", "class Rough(")


@pytest.mark.parametrize("architecture", [COMPACT, VGG19], ids=["compact", "vgg19"])
def test_the_formula_counts_the_operations_that_torch_counts(taught, architecture):
    height, width = 75, 53
    with torch.device("meta"):
        network = architecture.build().requires_grad_(False)
        x = torch.rand(1, 3, height, width, requires_grad=True)
        with FlopCounterMode(display=False) as counter:
            responses = network.features(x, STYLE_LAYERS)
            torch.autograd.grad(sum(F.sum() for F in responses.values()), x)
        with FlopCounterMode(display=False) as products:
            for F in responses.values():
                D = F.flatten(2) @ F.flatten(2).transpose(1, 2)
                D @ F.flatten(2)  # the derivative, where D is dL/dG
    convolutions, grams = taught["flops"](architecture, height=height, width=width)
    assert (convolutions, grams) == (counter.get_total_flops(), products.get_total_flops())


@pytest.mark.parametrize(("size", "gflop"), [(256, (94.7, 99.2)), (512, (378.7, 396.9))])
def test_vgg19_takes_99_gflop_an_evaluation_at_256_pixels_and_397_at_512(taught, size, gflop):
    convolutions, grams = taught["flops"](VGG19, height=size, width=size)
    assert (round(convolutions / 1e9, 1), round((convolutions + grams) / 1e9, 1)) == gflop


def test_the_clock_counts_each_operation_once_and_its_seconds_are_no_more_than_those_that_passed(taught):
    x = torch.rand(1, 3, 13, 11, requires_grad=True)
    weights = torch.rand(5, 3, 3, 3)
    begun = time.perf_counter()
    with taught["Clock"]() as clock:
        torch.autograd.grad(torch.conv2d(torch.conv2d(x, weights), weights[:, :1].expand(5, 5, 3, 3)).sum(), x)
    passed = time.perf_counter() - begun
    assert clock.calls["convolution"] == clock.calls["convolution_backward"] == 2
    assert 0 < sum(clock.seconds.values()) < passed


def slope(network, x):
    p, a = (load_image(name, 64).to(x.dtype) for name in ("chelsea", "waves"))
    objective = painting_objective(network, p, a, **WEIGHTS)
    x = x.clone().requires_grad_(True)
    return torch.autograd.grad(objective(x)["total"], x)[0].double().flatten()


def test_float32_has_the_slope_of_float64_and_bfloat16_loses_it_towards_the_end(taught, network, precise):
    p, a = (load_image(name, 64) for name in ("chelsea", "waves"))
    *_, last = minimise(p, painting_objective(network, p, a, **WEIGHTS), 60)
    cosines = {}
    rough: LossNetwork = taught["Rough"](COMPACT.blocks, COMPACT.widths, COMPACT.padding).requires_grad_(False)
    rough.load_state_dict(network.state_dict())
    for name, x in (("photograph", p), ("painting", last.image)):
        true, *others = slope(precise, x.double()), slope(network, x), slope(rough, x)
        cosines[name] = [torch.nn.functional.cosine_similarity(true, g, dim=0).item() for g in others]
    assert min(fine for fine, _ in cosines.values()) > 0.99999
    assert cosines["painting"][1] < cosines["photograph"][1] < 0.9999
