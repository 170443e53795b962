"""Notebook 05: what a texture made from noise has of its style, and what it has not."""

import pytest
import torch

from stylekit.images import load_image
from stylekit.losses import gram_matrix, style_layer_loss
from stylekit.networks import COMPACT, VGG16, VGG19
from stylekit.objective import STYLE_LAYERS, painting_objective
from stylekit.transfer import synthesise_texture


@pytest.fixture(scope="module")
def style():
    return load_image("swirls", 61)


@pytest.fixture(scope="module")
def precise_style():
    return torch.rand(1, 3, 37, 53, generator=torch.Generator().manual_seed(7), dtype=torch.float64)


def distances(network, x, style, layers=STYLE_LAYERS):
    """Return Eq. 4 of each layer for pictures of one size, written out with einsum."""
    result = {}
    for layer in layers:
        F, P = (network.features(image, [layer])[layer][0].flatten(1) for image in (x, style))
        G, A = (torch.einsum("ik,jk->ij", R, R) for R in (F, P))
        result[layer] = ((G - A) ** 2).sum().item() / (4 * F.shape[0] ** 2 * F.shape[1] ** 2)
    return result


def correlation(x, y):
    x, y = (z - z.mean(dim=(2, 3), keepdim=True) for z in (x, y))
    return float((x * y).sum() / (x.norm() * y.norm()))


def test_eq4_eq5_texture_losses_are_those_of_the_equations_as_parts_of_the_noises(precise, precise_style):
    first, *_, last = synthesise_texture(precise_style, precise, steps=6)
    start, end = (distances(precise, step.image, precise_style) for step in (first, last))
    parts = {layer: end[layer] / start[layer] for layer in STYLE_LAYERS}
    for layer, part in parts.items():
        assert last.losses[f"style {layer}"] == pytest.approx(part, rel=1e-10)
    assert last.losses["total"] == pytest.approx(sum(parts.values()) / 5, rel=1e-10) and last.losses["total"] < 0.9


def test_texture_starts_from_uniform_noise_of_its_seed_whatever_the_layers(network, style):
    noise = torch.rand(style.shape, generator=torch.Generator().manual_seed(3))
    for layers in (STYLE_LAYERS[:1], STYLE_LAYERS):
        assert torch.equal(next(synthesise_texture(style, network, layers, seed=3)).image, noise)


def test_the_style_picture_itself_has_no_style_loss(precise, precise_style):
    noise = torch.rand(precise_style.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    weights = {"content_weight": 0.0, "style_weight": 1.0, "tv_weight": 0.0}
    objective = painting_objective(precise, precise_style, precise_style, reference=noise, content_layers=(), **weights)
    assert objective(precise_style)["total"].item() < 1e-20
    assert objective(precise_style.flip(3))["total"].item() > 1e-6


@pytest.mark.slow
def test_layers_that_were_not_asked_for_stay_further_away(network, style):
    noise = torch.rand(style.shape, generator=torch.Generator().manual_seed(0))
    before = distances(network, noise, style)
    for count in (1, 2, 4):
        *_, last = synthesise_texture(style, network, STYLE_LAYERS[:count], steps=60)
        after = distances(network, last.image, style)
        parts = [after[layer] / before[layer] for layer in STYLE_LAYERS]
        assert min(parts[count:]) > 3 * max(parts[:count])


@pytest.mark.slow
def test_two_seeds_give_two_arrangements_with_one_description(network, style):
    *_, one = synthesise_texture(style, network, STYLE_LAYERS[:3], steps=60, seed=0)
    *_, two = synthesise_texture(style, network, STYLE_LAYERS[:3], steps=60, seed=1)
    assert max(one.losses["total"], two.losses["total"]) < 0.01
    assert abs(correlation(one.image, two.image)) < 0.4 and abs(correlation(one.image, style)) < 0.4
    assert correlation(style, style) == pytest.approx(1, abs=1e-5)


def test_inside_a_plain_picture_every_pixel_has_one_gradient_at_relu2_1(precise, precise_style):
    grey = torch.full_like(precise_style, 0.5).requires_grad_(True)
    A = gram_matrix(precise.features(precise_style, ["relu2_1"])["relu2_1"].flatten(2))
    F = precise.features(grey, ["relu2_1"])["relu2_1"].flatten(2)
    (gradient,) = torch.autograd.grad(style_layer_loss(F, A).sum(), grey)
    inner = gradient[..., 16:-16, 16:-16]
    assert inner.abs().amax(dim=(2, 3)).min() > 0
    torch.testing.assert_close(inner, inner[..., :1, :1].expand_as(inner), rtol=1e-9, atol=0)


def test_relu1_1_sees_three_pixels_and_relu5_1_more_than_112_but_no_more_than_132(precise):
    x = torch.rand(1, 3, 176, 176, generator=torch.Generator().manual_seed(0), dtype=torch.float64, requires_grad=True)
    for layer, stride, smallest, largest in (("relu1_1", 1, 3, 3), ("relu5_1", 16, 113, 132)):
        response = precise.features(x, [layer])[layer]
        centre = response[..., 88 // stride, 88 // stride].sum()
        (gradient,) = torch.autograd.grad(centre, x)
        seen = (gradient.abs().sum(dim=(0, 1, 2)) > 0).nonzero().flatten()
        assert smallest <= int(seen.max() - seen.min()) + 1 <= largest


def test_a_style_is_57392_numbers_for_compact_and_305888_for_vgg16_and_vgg19():
    for architecture, numbers in ((COMPACT, 57_392), (VGG16, 305_888), (VGG19, 305_888)):
        with torch.device("meta"):
            found = architecture.build().features(torch.rand(1, 3, 48, 48), STYLE_LAYERS)
            grams = [gram_matrix(F.flatten(2)) for F in found.values()]
        assert sum(len(torch.triu_indices(*G.shape[1:])[0]) for G in grams) == numbers
