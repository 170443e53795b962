"""Paintings: the composition of the objective against the equations, and what the weights do."""

import pytest
import torch
from conftest import last

from stylekit import transfer
from stylekit.images import load_image, resize_image
from stylekit.losses import content_loss, gram_matrix, style_layer_loss, total_variation
from stylekit.networks import normalised
from stylekit.objective import SCALES, painting_objective

WEIGHTS = {"content_weight": 0.3, "style_weight": 0.7, "tv_weight": 0.01}


@pytest.fixture(scope="module")
def content():
    return load_image("chelsea", 64)


@pytest.fixture(scope="module")
def style():
    return load_image("swirls", 64)


def flat(network, image, layer):
    return network.features(image, [layer])[layer].flatten(2)


def evaluate(network, content, style, image, scale, **weights):
    objective = painting_objective(
        network,
        content,
        style,
        content_layers=["relu4_2"],
        style_layers={"relu1_1": 3, "relu3_1": 1},
        scale=scale,
        **(WEIGHTS | weights),
    )
    return {name: term.item() for name, term in objective(image).items()}


def test_eq7_the_total_is_the_weighted_sum_of_the_terms(network, content, style):
    for scale in SCALES:
        terms = evaluate(network, content, style, content.flip(3), scale)
        styles = 0.75 * terms["style relu1_1"] + 0.25 * terms["style relu3_1"]
        expected = 0.3 * terms["content"] + 0.7 * styles + 0.01 * terms["tv"]
        assert terms["total"] == pytest.approx(expected, rel=1e-5)


def test_scale_paper_is_the_printed_sums(network, content):
    style = content.flip(2)  # the same size: the printed formula holds
    image = content.flip(3)
    terms = evaluate(network, content, style, image, "paper")
    F, P = flat(network, image, "relu4_2"), flat(network, content, "relu4_2")
    assert terms["content"] == pytest.approx(content_loss(F, P).item(), rel=1e-5)
    F, A = flat(network, image, "relu3_1"), gram_matrix(flat(network, style, "relu3_1"))
    assert terms["style relu3_1"] == pytest.approx(style_layer_loss(F, A).item(), rel=1e-4)
    assert terms["tv"] == pytest.approx(total_variation(image).item(), rel=1e-5)


def test_scale_mean_is_the_content_per_entry(network, content, style):
    image = content.flip(3)
    F = flat(network, image, "relu4_2")
    network = normalised(network, [content, style])
    sums, means = (evaluate(network, content, style, image, scale) for scale in ("paper", "mean"))
    assert means["content"] * F.shape[1] * F.shape[2] == pytest.approx(sums["content"], rel=1e-5)


def test_scale_relative_starts_at_one_for_style_and_zero_for_content(network, content, style):
    terms = evaluate(network, content, style, content, "relative")
    assert terms["content"] == 0
    assert terms["style relu1_1"] == pytest.approx(1) and terms["style relu3_1"] == pytest.approx(1)


def test_scale_mean_paints_with_the_normalised_network(network, content, style):
    step = next(transfer.stylise(content, style, network, scale="mean", sizes=[64], steps=1))
    exemplar = resize_image(style, 64)
    by_hand = normalised(network, [content, exemplar])
    F, A = flat(by_hand, content, "relu1_1"), flat(by_hand, exemplar, "relu1_1")
    expected = style_layer_loss(F, gram_matrix(A), A.shape[-1]).item()
    assert step.losses["style relu1_1"] == pytest.approx(expected, rel=1e-4)


def test_painting_lowers_every_style_term_and_keeps_the_shape(network, content, style):
    steps = list(transfer.stylise(content, style, network, steps=25, sizes=[64]))
    assert steps[-1].image.shape == content.shape
    for name, value in steps[0].losses.items():
        if name.startswith("style"):
            assert steps[-1].losses[name] < 0.7 * value


def test_more_content_weight_stays_nearer_to_the_photograph(network, content, style):
    paint = lambda w: last(transfer.stylise(content, style, network, content_weight=w, steps=15, sizes=[64]))  # noqa: E731
    assert paint(10.0).losses["content"] < 0.5 * paint(0.001).losses["content"]


def test_sizes_grow_by_two_and_end_at_the_size_asked_for():
    assert transfer.coarse_to_fine(512) == [128, 256, 512]
    assert transfer.coarse_to_fine(200) == [200]
    assert transfer.coarse_to_fine(1000) == [250, 500, 1000]


def test_from_noise_painting_begins_at_half_the_size(network, content, style):
    content, style = resize_image(content, 128), resize_image(style, 128)

    def sizes(**options):
        return {max(s.image.shape) for s in transfer.stylise(content, style, network, steps=2, **options)}

    assert sizes() == {128} and sizes(init="noise") == {64, 128}


def test_a_finer_size_starts_with_the_detail_that_the_coarser_had_not(network):
    fine = torch.rand(1, 3, 64, 48, generator=torch.Generator().manual_seed(0))
    coarse = resize_image(fine, 32)
    objective = painting_objective(network, fine, fine)  # of no matter here
    stage, before = transfer.Stage(objective, fine, keep_detail=True), transfer.Stage(objective, coarse)
    assert torch.allclose(stage.start_from(coarse, before), fine)  # nothing painted yet: the photograph itself
    grey = torch.full_like(coarse, 0.5)
    painted = stage.start_from(grey, before)  # painted grey: all that is left are edges
    assert painted.mean().item() == pytest.approx(0.5, abs=0.01) and painted.std() > 0.1
    assert torch.equal(transfer.Stage(objective, fine).start_from(grey, before), resize_image(grey, (64, 48)))


def test_coarse_to_fine_counts_evaluations_and_scales_onwards(network, content, style):
    steps = list(transfer.stylise(content, style, network, sizes=[48, 64], steps=5))
    assert [s.evaluations for s in steps] == sorted(s.evaluations for s in steps)
    assert {s.scale for s in steps} == {0, 1}
    assert max(s.evaluations for s in steps if s.scale == 0) == 5 and steps[-1].evaluations == 5 + 3
    assert max(steps[0].image.shape) == 48 and max(steps[-1].image.shape) == 64


@pytest.mark.parametrize(
    ("sizes", "expected"), [([256], [9]), ([128, 256], [9, 5]), ([64, 128, 256], [9, 9, 5])], ids=str
)
def test_the_finest_of_several_sizes_gets_half_of_the_evaluations(sizes, expected):
    assert transfer.steps_at(sizes, 9) == expected


def test_the_same_seed_gives_the_same_painting_and_another_one_another(network, content, style):
    def paint(seed):
        return last(transfer.stylise(content, style, network, init="noise", seed=seed, steps=5, sizes=[64])).image

    assert torch.equal(paint(3), paint(3))
    assert not torch.equal(paint(3), paint(4))


@pytest.mark.parametrize("init", ["content", "style", "noise"])
def test_every_start_has_the_photographs_shape(network, content, style, init):
    step = next(transfer.stylise(content, style[:, :, :37], network, init=init, steps=1, sizes=[64]))
    assert step.image.shape == content.shape


def test_layers_without_weight_are_not_evaluated(network, content, style):
    calls = []
    hook = network.convolutions["conv5_1"].register_forward_hook(lambda *_: calls.append(1))
    layers = {"relu1_1": 1.0, "relu5_1": 0.0}
    last(transfer.stylise(content, style, network, style_layers=layers, steps=2, sizes=[64]))
    hook.remove()
    assert not calls


def test_reconstruction_from_a_low_layer_comes_back_to_the_photograph(network, content):
    steps = list(transfer.reconstruct(content, network, "relu1_1", steps=80))
    error = lambda image: (image - content).square().mean().item()  # noqa: E731
    assert error(steps[-1].image) < 0.05 * error(steps[0].image)


def test_texture_has_the_styles_gram_matrices(network, style):
    steps = list(transfer.synthesise_texture(style, network, ["relu1_1", "relu2_1"], steps=60))
    assert steps[0].losses["total"] == pytest.approx(1)
    assert steps[-1].losses["total"] < 0.02


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"content_weight": float("nan")}, "content_weight"),
        ({"style_weight": -1.0}, "style_weight"),
        ({"content_weight": 0.0, "style_weight": 0.0}, "nothing to minimise"),
        ({"scale": "percent"}, "scale"),
        ({"init": "chaos"}, "init"),
        ({"style_layers": {"relu1_1": -1.0}}, "layer weights"),
        ({"style_layers": ["relu1_7"]}, "relu1_7"),
        ({"optimiser": "newton"}, "optimiser"),
        ({"steps": 0}, "steps"),
    ],
)
def test_arguments_that_make_no_sense_are_told(network, content, style, arguments, words):
    with pytest.raises(ValueError, match=words):
        list(transfer.stylise(content, style, network, **({"sizes": [64]} | arguments)))


def test_total_variation_counts_in_the_relative_scale_only_unless_asked_for(network, content, style):
    def terms(**options):
        return next(transfer.stylise(content, style, network, sizes=[64], steps=1, **options)).losses

    assert terms()["tv"] == pytest.approx(1)  # relative to the photograph, where it starts
    assert "tv" not in terms(scale="paper") and "tv" not in terms(scale="mean")
    assert terms(scale="paper", tv_weight=0.5)["tv"] == pytest.approx(total_variation(content).item(), rel=1e-5)
