"""The bug museum: the package is immune to the mistakes that notebook A2 exhibits, where no other test proves it."""

import pytest
import torch
from conftest import picture

from stylekit.losses import style_layer_loss, style_loss
from stylekit.networks import IMAGENET_DEVIATION, IMAGENET_MEAN
from stylekit.objective import painting_objective
from stylekit.optimise import NonFiniteLoss, minimise

WEIGHTS = {"content_weight": 1.0, "style_weight": 1.0, "tv_weight": 0.0}


def objective(network, photograph, style):
    return painting_objective(
        network, photograph, style, content_layers=["relu2_2"], style_layers=["relu2_1"], scale="paper", **WEIGHTS
    )


def test_layers_asked_for_together_are_those_asked_for_one_by_one(network):
    image = picture(37, 43, seed=0)
    together = network.features(image, network.layers)
    for layer in network.layers:
        assert torch.equal(together[layer], network.features(image, [layer])[layer]), layer


def test_red_is_the_first_plane(network):
    red = torch.zeros(1, 3, 7, 11)
    red[:, 0] = 1
    first = network.convolutions["conv1_1"]
    colour = [(value - IMAGENET_MEAN[c]) / IMAGENET_DEVIATION[c] for c, value in enumerate((1, 0, 0))]
    expected = first.bias + sum(first.weight[:, c].sum(dim=(1, 2)) * colour[c] for c in range(3))
    found = network.features(red, ["conv1_1"])["conv1_1"]  # a plain picture: the same at all positions
    torch.testing.assert_close(found, expected.view(1, -1, 1, 1).expand_as(found), rtol=1e-4, atol=1e-4)


def test_the_mean_colour_becomes_zero(network):
    plain = torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1).expand(1, 3, 5, 7)
    found = network.features(plain, ["conv1_1"])["conv1_1"]
    bias = network.convolutions["conv1_1"].bias.view(1, -1, 1, 1)
    torch.testing.assert_close(found, bias.expand_as(found), rtol=0, atol=1e-5)


def test_eq3_the_objectives_gram_matrix_pairs_filters_not_positions(network):
    style = picture(22, 34, seed=1)
    maps = network.features(style, ["relu2_1"])["relu2_1"][0]
    A = maps[0].numel() * objective(network, picture(26, 38, seed=2), style).terms["style relu2_1"].target[0]
    assert A.shape == (48, 48)
    for i, j in [(0, 0), (3, 17), (17, 3), (47, 5)]:
        assert A[i, j].item() == pytest.approx((maps[i] * maps[j]).sum().item(), rel=1e-4, abs=1e-5)


def test_eq4_two_copies_of_both_pictures_cost_what_one_costs():
    F, S = torch.rand(2, 5, 77, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    once = style_layer_loss(F, S @ S.T)
    twice = style_layer_loss(torch.cat([F, F], 1), 2 * S @ S.T)
    assert once > 0
    torch.testing.assert_close(twice, once)


def test_eq5_a_repeated_list_of_losses_is_refused():
    losses = [torch.tensor(0.5), torch.tensor(0.25)]
    with pytest.raises(ValueError, match="20 losses and 2 weights"):
        style_loss(10 * losses, [0.5, 0.5])


@pytest.mark.parametrize("method", ["lbfgs", "adam"])
def test_a_picture_stays_in_the_range_and_is_never_cut_off_behind_the_optimisers_back(method):
    goal = torch.tensor([1.5, 0.4, -0.5]).view(1, 3, 1, 1).expand(1, 3, 5, 7)
    looked = []

    def distance(x):
        looked.append(x.detach().clone())
        return {"total": (x - goal).square().sum()}

    steps = list(minimise(torch.full_like(goal, 0.9), distance, 90, method))
    assert all(x.min() >= 0 and x.max() <= 1 for x in [*looked, *(step.image for step in steps)])
    assert all(step.losses["total"] == distance(step.image)["total"].item() for step in steps)
    torch.testing.assert_close(steps[-1].image, goal.clamp(0, 1), atol=0.01, rtol=0)


def test_painting_leaves_no_gradient_on_the_weights(network):
    photograph = picture(26, 38, seed=4)
    list(minimise(photograph, objective(network, photograph, picture(22, 34, seed=5)), 3))
    assert all(w.grad is None for w in network.parameters())


def test_a_style_of_nan_is_told_at_the_first_step(network):
    photograph = picture(26, 38, seed=6)
    with pytest.raises(NonFiniteLoss, match="^the style relu2_1 loss"):
        list(minimise(photograph, objective(network, photograph, torch.full_like(photograph, torch.nan)), 3))
