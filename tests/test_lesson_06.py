"""Notebook 06: the total loss, its gradient and its scales, the starts, the seeds, and whose colours a painting has."""

import pytest
import torch

from stylekit.colour import keep_colour, match_colour
from stylekit.images import load_image
from stylekit.losses import (
    content_loss_gradient,
    gram_matrix,
    style_layer_loss_gradient,
    total_loss,
    total_variation,
)
from stylekit.networks import normalised
from stylekit.objective import CONTENT_LAYERS, STYLE_LAYERS, Objective, content_terms, in_units, scores, style_terms
from stylekit.transfer import stylise

ALPHA, BETA = 0.03, 11.0
SHIPPED = "chelsea coffee astronaut rocket swirls waves facets haze shapes glass points mosaic hatching woodblock"


def uniform(seed, height=37, width=53):
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def written_out(network, x, p, a, alpha=ALPHA, beta=BETA):
    """Return Eq. 7 for pictures of one size, with Eq. 1, 4 and 5 in it as einsums."""
    F, P = (network.features(image, ["relu4_2"])["relu4_2"][0].flatten(1) for image in (x, p))
    total = alpha * torch.einsum("ij,ij->", F - P, F - P) / 2
    for layer in STYLE_LAYERS:
        F, S = (network.features(image, [layer])[layer][0].flatten(1) for image in (x, a))
        G, A = (torch.einsum("ik,jk->ij", R, R) for R in (F, S))
        total = total + beta / 5 * ((G - A) ** 2).sum() / (2 * F.shape[0] * F.shape[1]) ** 2
    return total


def objective(network, p, a, scale, alpha=1.0, beta=1.0, layers=STYLE_LAYERS, content_layers=CONTENT_LAYERS):
    content = content_terms(network, p, content_layers, alpha, scale)
    styles = style_terms(network, a, layers, beta)
    if scale == "relative":
        styles = in_units(styles, scores(network, styles, p))  # E_l(p)
    return Objective(network, [*content, *styles])


def gradient(function, x):
    x = x.clone().requires_grad_(True)
    return torch.autograd.grad(function(x), x)[0]


def correlation(x, y):
    x, y = (z - z.mean(dim=(2, 3), keepdim=True) for z in (x, y))
    return float((x * y).sum() / (x.norm() * y.norm()))


def painted(p, a, network, **changes):
    options = {"content_weight": 1.0, "tv_weight": 0.02, "init": "noise", "sizes": [64], "steps": 30} | changes
    *_, last = stylise(p, a, network, **options)
    return last


def test_eq7_of_two_pictures_is_the_sum_written_out(precise):
    x, p, a = (uniform(seed) for seed in range(3))
    terms = objective(precise, p, a, "paper")(x)
    style = sum(terms[f"style {layer}"] for layer in STYLE_LAYERS) / 5
    expected = written_out(precise, x, p, a).item()
    assert total_loss(terms["content"], style, ALPHA, BETA).item() == pytest.approx(expected, rel=1e-10)
    assert objective(precise, p, a, "paper", ALPHA, BETA)(x)["total"].item() == pytest.approx(expected, rel=1e-10)


def test_the_gradient_of_eq7_is_alpha_times_one_plus_beta_times_the_other_and_the_central_difference(precise):
    x, p, a = (uniform(seed) for seed in range(3))
    content, style = (gradient(lambda x, w=w: written_out(precise, x, p, a, *w), x) for w in ((1, 0), (0, 1)))
    total = gradient(lambda x: objective(precise, p, a, "paper", ALPHA, BETA)(x)["total"], x)
    torch.testing.assert_close(total, ALPHA * content + BETA * style, rtol=1e-9, atol=1e-12)
    for place in ((0, 0, 5, 7), (0, 1, 17, 29), (0, 2, 36, 52)):
        bump = torch.zeros_like(x)
        bump[place] = 1e-5
        ends = [written_out(precise, x + sign * bump, p, a).item() for sign in (1, -1)]
        assert (ends[0] - ends[1]) / 2e-5 == pytest.approx(total[place].item(), abs=1e-6 * total.abs().max().item())


def test_at_one_layer_the_total_gradient_by_hand_is_autograds():
    Z, Q, S = (torch.randn(5, 7, generator=torch.Generator().manual_seed(n), dtype=torch.float64) for n in range(3))
    Z.requires_grad_(True)
    F, P, A = Z.relu(), Q.relu(), gram_matrix(S.relu())
    whole = ALPHA * ((F - P) ** 2).sum() / 2 + BETA * ((F @ F.T - A) ** 2).sum() / (4 * 5**2 * 7**2)
    (expected,) = torch.autograd.grad(whole, Z)
    by_hand = ALPHA * content_loss_gradient(F, P) + BETA * style_layer_loss_gradient(F, A)
    torch.testing.assert_close(by_hand.detach(), expected, rtol=1e-12, atol=1e-15)


def test_a_ratio_converts_from_means_to_sums_by_NM_and_to_relative_by_what_the_photograph_says(precise):
    x, p, a, ratio = uniform(0), uniform(1), uniform(2, 41, 43), 0.01
    P = precise.features(p, ["relu4_2"])["relu4_2"]
    E = {layer: objective(precise, p, a, "paper")(p)[f"style {layer}"].item() for layer in STYLE_LAYERS}
    to_relative = (P**2).mean().item() / (sum(E.values()) / 5)
    three = (
        objective(precise, p, a, "mean", ratio),
        objective(precise, p, a, "paper", ratio / P.numel()),
        objective(precise, p, a, "relative", ratio * to_relative, layers=E),
    )
    slopes = [gradient(lambda x, f=f: f(x)["total"], x).flatten() for f in three]
    for slope in slopes[1:]:
        assert (slope @ slopes[0] / (slope.norm() * slopes[0].norm())).item() == pytest.approx(1, abs=1e-12)
    unconverted = gradient(lambda x: objective(precise, p, a, "paper", ratio)(x)["total"], x).flatten()
    assert (unconverted @ slopes[0] / (unconverted.norm() * slopes[0].norm())).item() < 0.9


def test_in_the_printed_sums_content_grows_with_the_picture_and_style_does_not(precise):
    x, p, a = uniform(0, 32, 48), uniform(1, 32, 48), uniform(2, 32, 48) ** 3
    tiles, shallow = (1, 1, 4, 4), {"content_layers": ["relu2_1"]}  # deeper, every position sees a seam of the tiles
    small = objective(precise, p, a, "paper", **shallow)(x)
    large = objective(precise, p.repeat(tiles), a.repeat(tiles), "paper", **shallow)(x.repeat(tiles))
    assert large["content"].item() == pytest.approx(16 * small["content"].item(), rel=0.25)  # seams differ
    assert large["style relu1_1"].item() == pytest.approx(small["style relu1_1"].item(), rel=0.25)


@pytest.mark.parametrize("names", [("chelsea", "swirls"), ("coffee", "waves")], ids=" + ".join)
def test_a_mean_over_two_pictures_lets_rare_filters_drown_the_rest_in_noise_and_over_many_does_not(network, names):
    pair = [load_image(name, 128) for name in names]
    many = [load_image(name, 128) for name in SHIPPED.split()]
    x, deep, unlike = uniform(0, 85, 128).float(), {}, {}
    for count, pictures in ((2, pair), (len(many), many)):
        equal = normalised(network, pictures)
        S, F = (equal.features(image, ["relu5_1"])["relu5_1"][0].flatten(1) for image in (pair[1], x))
        D = F @ F.T / F.shape[1] - S @ S.T / S.shape[1]
        deep[count] = (D / (2 * len(D))).square().sum().item()  # Eq. 4 where M differs: Gram matrices over their M
        unlike[count] = D.diagonal().square().max().item() / D.diagonal().square().sum().item()
    assert deep[2] > 20 * deep[len(many)] and unlike[2] > 0.3


def test_both_weights_times_ten_is_the_same_painting_at_ten_times_the_loss(network):
    p, a = load_image("coffee", 64), load_image("waves", 64)
    options = {"tv_weight": 0.0, "steps": 10}
    one = painted(p, a, network, **options)
    ten = painted(p, a, network, content_weight=10.0, style_weight=10.0, **options)
    assert ten.losses["total"] == pytest.approx(10 * one.losses["total"], rel=1e-3)
    assert (ten.image - one.image).abs().max() < 0.01


def test_what_weighs_more_becomes_smaller_content_or_style(network):
    p, a = load_image("coffee", 64), load_image("waves", 64)
    losses = [painted(p, a, network, content_weight=ratio).losses for ratio in (0.01, 1.0, 100.0)]
    styles = [sum(loss[f"style {layer}"] for layer in STYLE_LAYERS) for loss in losses]
    contents = [loss["content"] for loss in losses]
    assert contents[0] > 1.5 * contents[1] > 1.5**2 * contents[2]
    assert 1.5**2 * styles[0] < 1.5 * styles[1] < styles[2]


def test_the_total_falls_at_every_step_and_a_single_term_need_not(network):
    p, a = load_image("coffee", 64), load_image("waves", 64)
    options = {"content_weight": 1.0, "tv_weight": 0.0, "init": "noise", "sizes": [64], "steps": 40}
    losses = [step.losses for step in stylise(p, a, network, **options)]
    rises = {name: sum(b[name] > a[name] for a, b in zip(losses, losses[1:], strict=False)) for name in losses[0]}
    assert rises["total"] == 0 and max(rises.values()) > 0


@pytest.mark.slow
def test_total_variation_calms_a_painting_the_more_the_more_it_weighs(network):
    p, a = load_image("coffee", 64), load_image("waves", 64)
    rough = [total_variation(painted(p, a, network, tv_weight=weight).image).item() for weight in (0.0, 0.02, 0.5)]
    assert rough[0] > 1.5 * rough[1] > 1.5**2 * rough[2]


@pytest.mark.slow
def test_each_start_leaves_its_trace(network):
    p, a = load_image("coffee", 64), load_image("waves", 64)[..., : load_image("coffee", 64).shape[2], :]
    noise, content, style = (painted(p, a, network, init=init).image for init in ("noise", "content", "style"))
    assert correlation(content, p) > correlation(noise, p) + 0.2
    assert correlation(style, a) > correlation(noise, a) + 0.2


@pytest.mark.slow
def test_two_seeds_agree_at_the_content_layer_with_content_weight_and_not_without(network):
    p, a = load_image("coffee", 64), load_image("waves", 64)
    alike, totals = {}, {}
    for ratio in (0.01, 3.0):
        pair = [painted(p, a, network, content_weight=ratio, seed=seed) for seed in (0, 1)]
        alike[ratio] = correlation(*(network.features(step.image, ["relu4_2"])["relu4_2"] for step in pair))
        totals[ratio] = [step.losses["total"] for step in pair]
    assert alike[3.0] > 0.8 > alike[0.01] + 0.3
    assert max(totals[3.0]) < 1.3 * min(totals[3.0])


def test_luminance_only_keeps_the_differences_of_the_photographs_colours():
    painting, photograph = 0.4 + uniform(0) / 5, 0.4 + uniform(1) / 5  # nothing is cut off
    kept = keep_colour(painting, photograph)
    torch.testing.assert_close(kept[:, 0] - kept[:, 2], photograph[:, 0] - photograph[:, 2])
    torch.testing.assert_close(kept[:, 1] - kept[:, 2], photograph[:, 1] - photograph[:, 2])
    light = [0.299 * x[:, 0] + 0.587 * x[:, 1] + 0.114 * x[:, 2] for x in (kept, painting)]
    torch.testing.assert_close(*light)


def test_a_grey_style_matched_to_colours_has_one_direction_of_colour_and_no_nan():
    grey = (0.3 + 0.4 * uniform(0)[:, :1]).expand(-1, 3, -1, -1)
    photograph = 0.4 + 0.2 * uniform(1)
    spread = torch.linalg.eigvalsh(torch.cov(match_colour(grey, photograph)[0].flatten(1)))
    assert torch.isfinite(spread).all() and spread[1] < 1e-6 * spread[2]
    assert torch.linalg.eigvalsh(torch.cov(photograph[0].flatten(1)))[0] > 0.1 * spread[2]
