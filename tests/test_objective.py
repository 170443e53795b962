"""The objective: a list of terms, one value per picture of a batch, and its weights in the paper's equations."""

import pytest
import torch

from stylekit.errors import InputError
from stylekit.losses import content_loss, gram_matrix, style_layer_loss, total_variation
from stylekit.objective import (
    Objective,
    Term,
    content_terms,
    layer_weights,
    painting_objective,
    paper_weights,
    style_terms,
    total_variation_term,
)

LAYERS = {"relu1_1": 3.0, "relu3_1": 1.0}
WEIGHTS = {"content_weight": 0.3, "style_weight": 0.7, "tv_weight": 0.01}


def pictures(count, seed, height=48, width=64):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(count, 3, height, width, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("scale", ["relative", "paper", "mean"])
def test_pictures_of_a_batch_score_what_each_scores_alone(precise, scale):
    x, p, a = pictures(3, 0), pictures(3, 1), pictures(1, 2, 40, 72)
    if scale == "mean":  # the network is normalised by the pictures, so each batch would have its own
        build = lambda p: Objective(precise, [*content_terms(precise, p, ["relu3_1"], 0.3, scale), *styles(a)])  # noqa: E731
        styles = lambda a: style_terms(precise, a, LAYERS, 0.7)  # noqa: E731
    else:
        build = lambda p: painting_objective(precise, p, a, style_layers=LAYERS, scale=scale, **WEIGHTS)  # noqa: E731
    together = build(p)(x)
    for number in range(3):
        alone = build(p[number : number + 1])(x[number : number + 1])
        assert together.keys() == alone.keys()
        for name, value in alone.items():
            assert together[name][number].item() == pytest.approx(value.item(), rel=1e-9)


def test_a_batch_may_have_one_style_picture_for_all_or_one_for_each(precise):
    x, styles = pictures(2, 0), pictures(2, 3)
    each = Objective(precise, style_terms(precise, styles, LAYERS, 1.0))(x)["total"]
    for number in range(2):
        one = Objective(precise, style_terms(precise, styles[number : number + 1], LAYERS, 1.0))(x)["total"][number]
        assert each[number].item() == pytest.approx(one.item(), rel=1e-9)
    assert each[0] != Objective(precise, style_terms(precise, styles[1:], LAYERS, 1.0))(x)["total"][0]


def test_the_total_is_the_weighted_sum_of_terms_written_out_by_hand(precise):
    x, p, a = pictures(1, 0), pictures(1, 1), pictures(1, 2)
    layers = {"content_layers": ["relu2_2"], "style_layers": LAYERS}
    found = painting_objective(precise, p, a, scale="paper", **layers, **WEIGHTS)(x)
    flat = lambda image, layer: precise.features(image, [layer])[layer].flatten(2)  # noqa: E731
    E = {layer: style_layer_loss(flat(x, layer), gram_matrix(flat(a, layer))) for layer in LAYERS}
    content = content_loss(flat(x, "relu2_2"), flat(p, "relu2_2"))
    by_hand = 0.3 * content + 0.7 * (0.75 * E["relu1_1"] + 0.25 * E["relu3_1"]) + 0.01 * total_variation(x)
    assert found["total"].item() == pytest.approx(by_hand.item(), rel=1e-12)


def test_several_content_layers_are_terms_of_their_own(precise):
    x, p = pictures(1, 0), pictures(1, 1)
    both = painting_objective(precise, p, p, content_layers={"relu2_2": 1, "relu3_1": 3}, style_weight=0.0)(x)
    alone = painting_objective(precise, p, p, content_layers=["relu3_1"], style_weight=0.0)(x)
    assert both["content relu3_1"].item() == pytest.approx(alone["content"].item(), rel=1e-12)


def test_a_new_term_needs_nothing_but_itself(precise):
    """What docs/contributing.md tells to do: a term that counts how dark a picture is."""
    darkness = Term("darkness", 0.5, lambda images, F: (1 - images).mean(dim=(1, 2, 3)))
    x, p = pictures(2, 0), pictures(2, 1)
    found = Objective(precise, [*content_terms(precise, p, ["relu1_1"], 1.0), darkness])(x)
    assert found["darkness"].tolist() == pytest.approx([1 - image.mean().item() for image in x], rel=1e-12)
    assert torch.equal(found["total"], found["content"] + 0.5 * found["darkness"])


def test_terms_that_weigh_nothing_are_left_out_and_their_layers_not_computed(precise):
    p = pictures(1, 1)
    objective = Objective(
        precise, [*content_terms(precise, p, ["relu1_1"], 1.0), *style_terms(precise, p, ["relu5_1"], 0.0)]
    )
    assert objective.layers == {"relu1_1"} and objective(p).keys() == {"content", "total"}


@pytest.mark.parametrize("scale", ["relative", "paper", "mean"])
def test_the_papers_weights_of_an_objective_make_the_same_total_of_the_printed_equations(precise, scale):
    x, p, a = pictures(1, 0), pictures(1, 1), pictures(1, 2)
    objective = painting_objective(
        precise, p, a, content_weight=0.3, style_layers=LAYERS, scale=scale, style_weight=2.0, tv_weight=0.0
    )
    paper = paper_weights(objective)
    assert sum(w.item() for w in paper.layers.values()) == pytest.approx(1, rel=1e-12)
    flat = lambda image, layer: objective.network.features(image, [layer])[layer].flatten(2)  # noqa: E731
    E = {layer: style_layer_loss(flat(x, layer), gram_matrix(flat(a, layer))) for layer in LAYERS}
    style = sum(w * E[layer] for layer, w in paper.layers.items())
    total = paper.alpha * content_loss(flat(x, "relu4_2"), flat(p, "relu4_2")) + paper.beta * style
    assert total.item() == pytest.approx(objective(x)["total"].item(), rel=1e-9)


def test_the_papers_weights_of_an_objective_in_the_papers_own_scale_are_its_own(precise):
    p, a = pictures(1, 1), pictures(1, 2)
    paper = paper_weights(painting_objective(precise, p, a, style_layers=LAYERS, scale="paper", **WEIGHTS))
    assert (paper.alpha.item(), paper.beta.item()) == (pytest.approx(0.3), pytest.approx(0.7))
    assert {layer: w.item() for layer, w in paper.layers.items()} == pytest.approx({"relu1_1": 0.75, "relu3_1": 0.25})


def test_scale_mean_is_whole_in_the_objective_too_its_network_responds_with_mean_one(precise):
    p, a = pictures(1, 1), pictures(1, 2)
    network = painting_objective(precise, p, a, scale="mean").network
    F = torch.cat([network.features(image, ["relu2_1"])["relu2_1"].flatten(2) for image in (p, a)], dim=2)
    means = F.mean(dim=2)
    assert means[means > 0].sub(1).abs().max() < 1e-9


class Four:
    """The least that a network needs: docs/contributing.md names the four things."""

    def __init__(self, network):
        self.layers, self.features, self.mean = network.layers, network.features, network.mean


def test_a_network_that_is_no_chain_is_normalised_as_a_chain_is(precise):
    x, p, a = pictures(1, 0), pictures(1, 1), pictures(1, 2)
    chain, other = (painting_objective(n, p, a, scale="mean")(x) for n in (precise, Four(precise)))
    assert {k: v.item() for k, v in other.items()} == pytest.approx({k: v.item() for k, v in chain.items()}, rel=1e-9)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"content_layers": "relu4_2"}, "several names, such as"),
        ({"style_layers": []}, None),
        ({"style_layers": [], "content_weight": 0.0}, "nothing to minimise"),
        ({"style_weight": 0.0, "content_weight": 0.0}, "nothing to minimise"),
        ({"tv_weight": -1.0}, "tv_weight must be a finite number, 0 or more"),
        ({"scale": "percent"}, "scale must be one of"),
    ],
)
def test_an_objective_says_what_makes_no_sense(precise, arguments, words):
    p = pictures(1, 1)
    if words is None:
        assert "content" in painting_objective(precise, p, p, **arguments)(p)
        return
    with pytest.raises(InputError, match=words):
        painting_objective(precise, p, p, **arguments)


def test_total_variation_is_per_value_or_summed():
    x = pictures(2, 0)
    mean, whole = (total_variation_term(1.0, 1.0, per_entry) for per_entry in (True, False))
    assert torch.allclose(mean.measure(x, {}) * x[0].numel(), whole.measure(x, {}), rtol=1e-12)


def test_a_bare_layer_name_is_not_taken_letter_by_letter():
    with pytest.raises(InputError, match=r"such as \('relu4_2',\), not the text 'relu4_2'"):
        layer_weights("relu4_2")
