"""What notebook A1 says about the package: its scales are the formulae that they name; to normalise changes no word."""

import copy

import pytest
import torch

from stylekit.losses import content_loss, gram_matrix, style_layer_loss
from stylekit.networks import LossNetwork, load_network, normalised
from stylekit.objective import painting_objective

CONTENT, STYLE = "relu2_2", {"relu1_1": 3.0, "relu3_1": 1.0}
WEIGHTS = {"content_weight": 0.3, "style_weight": 0.7, "tv_weight": 0.0}


@pytest.fixture(scope="module")
def network(precise):
    return precise


@pytest.fixture(scope="module")
def pictures():
    generator = torch.Generator().manual_seed(7)
    sizes = {"x": (37, 41), "p": (37, 41), "a": (37, 41), "wide": (37, 53)}
    return {k: torch.rand(1, 3, *size, generator=generator, dtype=torch.float64) for k, size in sizes.items()}


@pytest.fixture
def responses():
    generator = torch.Generator().manual_seed(5)
    return [torch.rand(5, 7 * 11, generator=generator, dtype=torch.float64) - 0.2 for _ in range(3)]


def terms(network, pictures, scale, style="a", weights=WEIGHTS, layers=STYLE):
    p, a = pictures["p"], pictures[style]
    found = painting_objective(network, p, a, content_layers=[CONTENT], style_layers=layers, scale=scale, **weights)(
        pictures["x"]
    )
    return {name: term.item() for name, term in found.items()}


def response(network, picture, layer):
    """Return the response as a numpy array (N, M), so that nothing below is the package's arithmetic."""
    return network.features(picture, [layer])[layer][0].flatten(1).numpy()


def squares(network, pictures, layer, style="a"):
    """Return N, M and the bare sums of squares of content and, each Gram matrix divided by its own M, of style."""
    F, P, S = (response(network, pictures[k], layer) for k in ("x", "p", style))
    G, A = (f.dot(f.T) / f.shape[1] for f in (F, S))
    return *F.shape, ((F - P) ** 2).sum() if F.shape == P.shape else None, ((G - A) ** 2).sum()


def test_eq1_eq4_eq7_scale_paper_is_the_printed_formula_at_every_weight(network, pictures):
    found = terms(network, pictures, "paper")
    content = squares(network, pictures, CONTENT)[2] / 2
    E = {}
    for layer in STYLE:
        N, _, _, style = squares(network, pictures, layer)
        E[layer] = style / (4 * N**2)  # the 1 / M^2 of Eq. 4 is in the two Gram matrices
        assert found[f"style {layer}"] == pytest.approx(E[layer], rel=1e-12)
    assert found["content"] == pytest.approx(content, rel=1e-12)
    expected = 0.3 * content + 0.7 * (0.75 * E["relu1_1"] + 0.25 * E["relu3_1"])
    assert found["total"] == pytest.approx(expected, rel=1e-12)


def test_scale_paper_with_converted_weights_is_the_loss_of_the_pytorch_tutorial(network, pictures):
    N, M, content, _ = squares(network, pictures, CONTENT)
    tutorial, products = content / (N * M), {}
    for layer in STYLE:
        filters, _, _, style = squares(network, pictures, layer)
        tutorial += 1e6 * style / filters**4  # the mean of the squares of Gram matrices divided by N M
        products[layer] = 1e6 * 4 / filters**2
    weights = {"content_weight": 2 / (N * M), "style_weight": sum(products.values()), "tv_weight": 0.0}
    found = terms(network, pictures, "paper", weights=weights, layers=products)
    assert found["total"] == pytest.approx(tutorial, rel=1e-12)


def test_scale_mean_is_half_the_mean_for_content_and_each_gram_by_its_own_positions(network, pictures):
    found = terms(network, pictures, "mean", style="wide")
    network = normalised(network, [pictures["p"], pictures["wide"]])
    N, M, content, _ = squares(network, pictures, CONTENT)
    assert found["content"] == pytest.approx(content / (2 * N * M), rel=1e-12)
    for layer in STYLE:
        N, _, _, style = squares(network, pictures, layer, style="wide")
        assert found[f"style {layer}"] == pytest.approx(style / (4 * N**2), rel=1e-12)


def test_scale_relative_divides_content_by_the_photographs_responses_and_style_by_its_loss(network, pictures):
    found = terms(network, pictures, "relative", style="wide")
    P = response(network, pictures["p"], CONTENT)
    content = squares(network, pictures, CONTENT)[2]
    assert found["content"] == pytest.approx(content / 2 / (P**2).sum(), rel=1e-12)
    for layer in STYLE:
        painting = squares(network, pictures, layer, style="wide")[3]
        photograph = squares(network, pictures | {"x": pictures["p"]}, layer, style="wide")[3]
        assert found[f"style {layer}"] == pytest.approx(painting / photograph, rel=1e-12)


def test_scale_relative_does_not_feel_the_scale_of_the_responses_but_scale_paper_does(network, pictures):
    """One layer's responses three times as large: content is 9 and style 81 times as large, in "relative" neither."""
    layer = "relu1_1"
    louder = load_network("compact", device="cpu").double()
    louder.convolutions["conv1_1"].weight.mul_(3)
    louder.convolutions["conv1_1"].bias.mul_(3)
    for scale, growth in (("paper", (9, 81)), ("relative", (1, 1))):
        p, a, x = (pictures[k] for k in ("p", "a", "x"))
        before, after = (
            painting_objective(n, p, a, content_layers=[layer], style_layers=[layer], scale=scale, **WEIGHTS)(x)
            for n in (network, louder)
        )
        ratios = [(after[k] / before[k]).item() for k in ("content", f"style {layer}")]
        assert ratios == pytest.approx(growth, rel=1e-9)


def test_four_copies_of_a_picture_leave_eq4_alone_and_make_eq1_four_times_as_large(responses):
    F, P, S = responses
    F4, P4, S4 = (f.repeat(1, 4) for f in responses)
    style, style4 = style_layer_loss(F, gram_matrix(S)), style_layer_loss(F4, gram_matrix(S4))
    assert style4.item() == pytest.approx(style.item(), rel=1e-12)
    assert content_loss(F4, P4).item() == pytest.approx(4 * content_loss(F, P).item(), rel=1e-12)


def test_eq4_is_a_quarter_of_the_mean_square_of_gram_matrices_divided_by_positions(responses):
    F, _, S = responses
    mean = sum(((F[i] @ F[j] - S[i] @ S[j]) / 77) ** 2 for i in range(5) for j in range(5)) / 25
    assert style_layer_loss(F, gram_matrix(S)).item() == pytest.approx(mean.item() / 4, rel=1e-12)


@pytest.mark.parametrize("pooling", ["average", "max"])
def test_normalised_divides_a_filter_by_its_mean_and_multiplies_the_channel_that_listens(pictures, pooling):
    torch.manual_seed(0)
    network = LossNetwork((1, 2), (5, 7), pooling=pooling).double().requires_grad_(False)
    for convolution in network.convolutions.values():
        convolution.bias.fill_(0.5)
    names = list(network.convolutions)
    responses = network.features(pictures["p"], ["relu" + name[4:] for name in names])
    mu = [[max(f[0, i].mean().item(), 0) or 1.0 for i in range(f.shape[1])] for f in responses.values()]
    found = normalised(network, [pictures["p"]])
    for number, name in enumerate(names):
        old, new = network.convolutions[name], found.convolutions[name]
        incoming = mu[number - 1] if number else [1.0, 1.0, 1.0]
        for i, own in enumerate(mu[number]):
            assert new.bias[i].item() == pytest.approx(old.bias[i].item() / own, rel=1e-12)
            for j, theirs in enumerate(incoming):
                torch.testing.assert_close(new.weight[i, j], old.weight[i, j] * (theirs / own))


def test_to_forget_the_next_layer_is_a_gross_error(network, pictures):
    mu = network.features(pictures["p"], ["relu1_1"])["relu1_1"].mean(dim=(0, 2, 3))
    forgotten = copy.deepcopy(network)
    forgotten.convolutions["conv1_1"].weight /= mu.view(-1, 1, 1, 1)
    forgotten.convolutions["conv1_1"].bias /= mu
    old, bad = (n.features(pictures["p"], ["relu1_2"])["relu1_2"] for n in (network, forgotten))
    assert (bad - old).norm() > 0.3 * old.norm()


def test_without_biases_responses_grow_as_their_input_does_and_the_gram_matrix_as_its_square(network, pictures):
    bare, louder = copy.deepcopy(network), copy.deepcopy(network)
    for convolution in (*bare.convolutions.values(), *louder.convolutions.values()):
        convolution.bias.zero_()
    louder.deviation = louder.deviation / 58  # what goes in is 58 times as large
    for layer in ("relu1_1", "relu5_1"):
        quiet, loud = (response(n, pictures["x"], layer) for n in (bare, louder))
        assert quiet.max() > 0
        assert loud == pytest.approx(58 * quiet, rel=1e-12)
        assert loud.dot(loud.T) == pytest.approx(58**2 * quiet.dot(quiet.T), rel=1e-12)
