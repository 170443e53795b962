"""One transformation network of several styles: conditional instance normalisation, mixtures, training, files."""

import copy

import pytest
import torch
from conftest import photograph

from stylekit.errors import AssetError, InputError
from stylekit.feedforward import (
    Architecture,
    ManyStyles,
    Mosaics,
    PerceptualLoss,
    Photographs,
    Schedule,
    TransformationNetwork,
    files,
    load_styles,
    load_transformer,
    save_transformer,
    train,
    transform,
)
from stylekit.images import resize_image, save_image
from stylekit.objective import painting_objective, style_terms

STYLES = ("swirls", "waves", "facets")


@pytest.fixture
def three():
    """A network of three styles that differ."""
    torch.manual_seed(0)
    network = TransformationNetwork(Architecture(width=3, styles=3))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    return network


@pytest.fixture
def file(three, tmp_path):
    save_transformer(three, tmp_path / "three.safetensors", styles=STYLES)
    return tmp_path / "three.safetensors"


@pytest.fixture
def four():
    return [photograph(name)[0] for name in ("chelsea", "astronaut", "coffee", "rocket")]


# The network


def test_each_picture_of_a_batch_is_painted_in_its_own_style(three):
    x = torch.rand(3, 3, 40, 44)
    three.choose(torch.eye(3))
    together = three(x)
    for style in range(3):
        alone = three.mixed(torch.eye(3)[style])
        assert alone.architecture == Architecture(width=3)
        assert torch.allclose(alone(x[style : style + 1]), together[style : style + 1], atol=1e-5)
    assert not torch.allclose(three.mixed(torch.eye(3)[0])(x[1:2]), together[1:2], atol=0.01)


def test_a_mixture_has_the_mean_of_the_weights_and_biases_of_its_styles(three):
    x = torch.rand(1, 3, 24, 20)
    ends, middle = (three.mixed(torch.tensor(row)) for row in ([1.0, 0.0, 0.0], [0.75, 0.25, 0.0]))
    other = three.mixed(torch.tensor([0.0, 1.0, 0.0]))
    norm = "residual.0.normalisations.1.weight"
    assert torch.allclose(
        middle.state_dict()[norm], 0.75 * ends.state_dict()[norm] + 0.25 * other.state_dict()[norm], atol=1e-6
    )
    three.choose(torch.tensor([[0.75, 0.25, 0.0]]))  # one row serves a whole batch
    assert torch.allclose(three(x.expand(2, -1, -1, -1)), middle(x).expand(2, -1, -1, -1), atol=1e-5)


def test_a_network_of_one_style_becomes_one_of_several_that_paint_alike(three):
    alone = three.mixed(torch.tensor([0.2, 0.3, 0.5]))
    several = alone.mixed(torch.ones(4, 1))
    assert several.architecture.styles == 4
    several.choose(torch.eye(4)[2:3])
    x = torch.rand(1, 3, 24, 20)
    assert torch.allclose(several(x), alone(x), atol=1e-5)


def test_all_that_a_style_adds_are_two_numbers_for_each_normalised_channel():
    count = lambda n: sum(p.numel() for p in TransformationNetwork(Architecture(styles=n)).parameters())  # noqa: E731
    channels = 16 + 32 + 64 + 10 * 64 + 32 + 16
    assert count(11) - count(10) == 2 * channels == 1600


def test_shares_for_another_number_of_styles_are_refused(three):
    with pytest.raises(InputError, match="knows 3 styles, got 2 shares"):
        three.choose(torch.eye(2))


@pytest.mark.parametrize("wrong", [{"styles": -1}, {"styles": True}, {"styles": 2, "normalisation": "batch"}], ids=str)
def test_an_architecture_of_several_styles_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(InputError, match="styles"):
        Architecture(**wrong)


# Its training


def losses(network, four):
    return [PerceptualLoss(network, photograph(style), torch.stack(four)) for style in STYLES]


def test_the_styles_take_turns_and_each_picture_has_the_loss_of_its_own(network, three, four):
    learner = ManyStyles(three, losses(network, four))
    x = torch.stack(four)
    turns = []
    for _ in range(3):
        values = learner.objective(learner(x), x)
        turns += learner.turn.tolist()
    assert turns == [number % 3 for number in range(12)]
    last = learner.losses[turns[-1]](three.mixed(torch.eye(3)[turns[-1]])(x[3:]), x[3:])
    for name, value in values.items():
        assert value.shape == (4,) and value[3].item() == pytest.approx(last[name].item(), rel=1e-3)


def test_only_the_last_styles_learn_where_there_are_fewer_losses(network, three, four):
    before = copy.deepcopy(three.state_dict())
    learner = ManyStyles(three, losses(network, four)[:1])
    list(train(learner, learner.objective, four, Schedule(batch=2, crop=40, steps=2)))
    for name, part in three.named_modules():
        if hasattr(part, "shares"):
            assert torch.equal(part.weight[:2], before[f"{name}.weight"][:2])
            assert not torch.equal(part.weight[2], before[f"{name}.weight"][2])


def test_a_training_of_several_styles_that_was_resumed_makes_the_same_steps(network, three, four, tmp_path):
    def run(steps, checkpoint=None):
        learner = ManyStyles(copy.deepcopy(three), losses(network, four))
        *_, last = train(learner, learner.objective, four, Schedule(batch=2, crop=40, steps=steps), checkpoint)
        return last.losses, learner.network.state_dict()

    place = tmp_path / "three.checkpoint"
    learner = ManyStyles(copy.deepcopy(three), losses(network, four))
    stopped = train(learner, learner.objective, four, Schedule(batch=2, crop=40, steps=5), place, every=3)
    for step in stopped:
        if step.number == 3:
            break
    (expected, weights), (found, same) = run(5), run(5, place)
    assert found == pytest.approx(expected, rel=1e-5)
    assert all(torch.allclose(weights[name], same[name], atol=1e-6) for name in weights)


def test_the_gram_matrices_of_several_sizes_of_a_style_are_averaged(network):
    sizes = [resize_image(photograph("swirls"), size) for size in (48, 64)]
    each = [style_terms(network, size, ["relu2_1"], 1.0)[0].target for size in sizes]
    (both,) = style_terms(network, sizes, ["relu2_1"], 1.0)
    assert torch.allclose(both.target, (each[0] + each[1]) / 2, atol=1e-7) and not torch.allclose(each[0], each[1])
    one = painting_objective(network, photograph("coffee"), sizes[1], style_layers=["relu2_1"])
    assert torch.equal(one.terms["style relu2_1"].target, each[1])


def test_every_second_photograph_is_a_mosaic_of_four_at_half_the_size(four, tmp_path):
    for number, picture in enumerate(four):
        save_image(picture[None], tmp_path / f"{number}.png")
    photographs, halves = (Photographs(tmp_path, size) for size in (64, 32))
    mosaics = Mosaics(photographs)
    assert len(mosaics) == 4 and torch.equal(mosaics[2], photographs[2])
    corners = [mosaics[3][:, :32, :32], mosaics[3][:, :32, 32:], mosaics[3][:, 32:, :32], mosaics[3][:, 32:, 32:]]
    assert all(torch.equal(corner, halves[(3 + k) % 4]) for k, corner in enumerate(corners))


# Its files


def test_a_style_or_a_mixture_is_read_from_a_file_of_several(three, file):
    x = torch.rand(1, 3, 24, 20)
    found = load_transformer({"swirls": 7, "facets": 3}, "cpu", file)
    assert not any(parameter.requires_grad for parameter in found.parameters())
    assert torch.allclose(found(x), three.mixed(torch.tensor([0.7, 0.0, 0.3]))(x), atol=5e-3)  # stored in float16
    assert torch.allclose(load_transformer("waves", "cpu", file)(x), three.mixed(torch.eye(3)[1])(x), atol=5e-3)
    assert load_styles(file)[1] == list(STYLES)
    assert transform(found, x, tile=16).shape == x.shape


@pytest.mark.parametrize(
    ("style", "sentence"),
    [
        ({"swirl": 1}, "knows no style 'swirl'.*swirls"),
        ({"swirls": -1}, "share of swirls must be a finite number of 0 or more, got -1"),
        ({"swirls": float("nan")}, "share of swirls must be a finite number"),
        ({"swirls": 0, "waves": 0.0}, "above 0"),
        ("three", "knows no style 'three'"),
    ],
    ids=str,
)
def test_a_mixture_that_makes_no_sense_is_refused(file, style, sentence):
    with pytest.raises(InputError, match=sentence):
        load_transformer(style, "cpu", file)


def test_a_file_of_several_styles_alone_is_asked_which(file):
    with pytest.raises(InputError, match="knows several styles: .*swirls, waves, facets"):
        load_transformer(file, "cpu")


def test_the_styles_of_a_file_that_ships_are_known_by_name(three, file, monkeypatch):
    monkeypatch.setattr(files, "transformers", lambda: dict.fromkeys(STYLES, file))
    x = torch.rand(1, 3, 24, 20)
    assert torch.allclose(load_transformer("waves", "cpu")(x), three.mixed(torch.eye(3)[1])(x), atol=5e-3)
    both = load_transformer({"waves": 1, "facets": 1}, "cpu")
    assert torch.allclose(both(x), three.mixed(torch.tensor([0.0, 0.5, 0.5]))(x), atol=5e-3)


def test_a_network_of_one_style_is_not_mixed(tmp_path):
    save_transformer(TransformationNetwork(Architecture(width=3)), tmp_path / "one.safetensors")
    for arguments in [({"swirls": 1}, "cpu", tmp_path / "one.safetensors"), ({}, "cpu")]:
        with pytest.raises((InputError, AssetError)):
            load_transformer(*arguments)


def test_a_name_is_needed_for_each_style(three, tmp_path):
    with pytest.raises(InputError, match="3 names of styles, got 2"):
        save_transformer(three, tmp_path / "three.safetensors", styles=STYLES[:2])
    assert not list(tmp_path.iterdir())
