"""Notebook 07: what the stored grid of figure 3 says about layers and weights, and what each knob does."""

import math

import pytest
import torch

from stylekit.images import load_image
from stylekit.objective import STYLE_LAYERS, layer_weights, painting_objective
from stylekit.paper import stored
from stylekit.transfer import stylise
from stylekit.ui import FACTOR

RATIOS = (1e-5, 1e-4, 1e-3, 1e-2)


@pytest.fixture(scope="module")
def panels():
    """Return the stored panels by the number of style layers and the ratio."""
    return {(len(p.recipe.style_layers), p.recipe.published): p for p in stored("fig3").values()}


def style_terms(panel):
    return {name.removeprefix("style "): loss for name, loss in panel.losses.items() if name.startswith("style ")}


def test_the_stored_grid_is_five_growing_sets_of_layers_by_four_ratios(panels):
    assert set(panels) == {(count, ratio) for count in range(1, 6) for ratio in RATIOS}
    for (count, ratio), panel in panels.items():
        assert panel.recipe.style_layers == STYLE_LAYERS[:count] and panel.recipe.scale == "relative"
        assert panel.recipe.content_weight == pytest.approx(FACTOR * ratio)
        assert panel.seconds > 0 and panel.machine


def test_in_each_row_more_content_is_bought_with_style(panels):
    for count in range(1, 6):
        row = [panels[count, ratio] for ratio in RATIOS]
        content = [panel.losses["content"] for panel in row]
        style = [math.fsum(style_terms(panel).values()) / count for panel in row]
        assert content == sorted(content, reverse=True) and content[0] > 5 * content[-1]
        assert style[1] < style[2] < style[3] and style[3] > 5 * style[0]  # relu1_1 alone: the first step is free


def test_in_each_column_more_style_layers_cost_content_and_where_style_weighs_every_one_of_them(panels):
    for ratio in RATIOS:
        content = [panels[count, ratio].losses["content"] for count in range(1, 6)]
        assert content[-1] > 2 * content[0]
        assert content == sorted(content) or ratio > 1e-3


def test_the_stored_total_is_equation_7_of_the_stored_terms(panels):
    for (count, ratio), panel in panels.items():
        style = sum(style_terms(panel).values()) / count
        total = FACTOR * ratio * panel.losses["content"] + style + panel.recipe.tv_weight * panel.losses["tv"]
        assert panel.losses["total"] == pytest.approx(total, rel=1e-5)


def test_of_a_style_layer_that_was_not_asked_for_far_more_is_left_than_of_those_that_were(panels, network):
    p, a = load_image("chelsea", size=256), load_image("shapes", size=256)
    weights = {"content_weight": 1.0, "style_weight": 1.0, "tv_weight": 0.0}
    measure = painting_objective(network, p, a, **weights)
    with torch.no_grad():
        for count in range(1, 6):
            terms = measure(panels[count, 1e-5].image)
            losses = [terms[f"style {layer}"].item() for layer in STYLE_LAYERS]
            assert max(losses[:count]) < 0.03
            assert min(losses[count:], default=1.0) > 8 * max(losses[:count])
            assert losses[4] > 0.2 or count == 5


def test_doubling_every_weight_changes_nothing(network):
    p, a = load_image("chelsea", size=64), load_image("shapes", size=64)
    ends = []
    for factor in (1, 2):
        weights = {"content_weight": 0.3 * factor, "style_weight": 1.0 * factor, "tv_weight": 0.001 * factor}
        *_, end = stylise(p, a, network, steps=10, **weights)
        ends.append(end)
    torch.testing.assert_close(ends[0].image, ends[1].image, rtol=0, atol=1e-4)
    assert ends[1].losses["total"] == pytest.approx(2 * ends[0].losses["total"], rel=1e-4)


def test_only_the_proportions_of_the_layer_weights_count():
    assert layer_weights({"relu1_1": 0.2, "relu3_1": 0.6}) == pytest.approx({"relu1_1": 0.25, "relu3_1": 0.75})
    assert layer_weights({"relu1_1": 0.0, "relu5_1": 0.1}) == layer_weights({"relu5_1": 1.0})


@pytest.mark.slow
def test_content_at_a_low_layer_keeps_the_pixels_and_total_variation_takes_the_grain_away(network):
    p, a = load_image("chelsea", size=96), load_image("shapes", size=96)
    ends = {}
    for name, change in {"plain": {}, "low": {"content_layers": ["relu1_2"]}, "tv": {"tv_weight": 0.1}}.items():
        *_, ends[name] = stylise(p, a, network, **({"content_weight": 0.3, "steps": 40} | change))
    far = {name: (end.image - p).abs().mean() for name, end in ends.items()}
    assert far["low"] < far["plain"]
    rough = {
        name: end.image.diff(dim=2).square().sum() + end.image.diff(dim=3).square().sum() for name, end in ends.items()
    }
    assert rough["tv"] < rough["plain"] / 2
