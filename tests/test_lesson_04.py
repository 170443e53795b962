"""What notebook 04 says of the package: E_l, its gradient, the mask, the sizes and the weights of the layers."""

import pytest
import torch

from stylekit.images import load_image
from stylekit.losses import gram_matrix, style_layer_loss, style_layer_loss_gradient, style_loss
from stylekit.networks import load_network
from stylekit.objective import STYLE_LAYERS, layer_weights, painting_objective
from stylekit.optimise import minimise

N, M, M_STYLE = 5, 77, 53  # 7 x 11 positions; a style picture of another size


def responses(seed, filters=N, positions=M):
    """Responses after a ReLU: none negative, many exactly zero, float64."""
    Z = torch.randn(filters, positions, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return Z.clamp(min=0)


@pytest.fixture
def by_hand():
    """The example on paper: Z, F = max(Z, 0), and the Gram matrix of [[1, 0, 1], [1, 1, 0]]."""
    Z = torch.tensor([[1.0, 2, -1], [-2, 1, 3]], dtype=torch.float64)
    return Z, Z.clamp(min=0), torch.tensor([[2.0, 1], [1, 2]], dtype=torch.float64)


@pytest.fixture(scope="module")
def pictures():
    generator = torch.Generator().manual_seed(4)
    return [torch.rand(1, 3, 53, 37, generator=generator, dtype=torch.float64) for _ in range(2)]


def test_eq4_of_the_example_on_paper_is_75_over_144(by_hand):
    _, F, A = by_hand
    assert style_layer_loss(F, A).item() == pytest.approx(75 / 144, rel=1e-14)


def test_eq6_of_the_example_on_paper_is_zero_where_f_is_zero(by_hand):
    _, F, A = by_hand
    expected = torch.tensor([[3.0, 7, 0], [0, 10, 24]], dtype=torch.float64) / 36
    torch.testing.assert_close(style_layer_loss_gradient(F, A), expected, rtol=1e-14, atol=0)


def test_eq6_has_a_mask_only_when_the_variable_is_z(by_hand):
    Z, F, A = by_hand
    F.requires_grad_(True)
    (by_F,) = torch.autograd.grad(style_layer_loss(F, A), F)
    torch.testing.assert_close(by_F * 36, torch.tensor([[3.0, 7, 3], [1, 10, 24]], dtype=torch.float64))
    Z.requires_grad_(True)
    (by_Z,) = torch.autograd.grad(style_layer_loss(Z.relu(), A), Z)
    torch.testing.assert_close(style_layer_loss_gradient(F.detach(), A), by_Z)


@pytest.fixture
def board():
    """F and A of random responses, and lines 1 to 3 of the derivation, index by index."""
    F, A = responses(16, positions=7), gram_matrix(responses(17, positions=7))
    D, delta, M_board = F @ F.T - A, torch.eye(N, dtype=torch.float64), F.shape[1]
    line_1 = D / (2 * N**2 * M_board**2)
    line_2 = torch.einsum("ai,bj->abij", delta, F) + torch.einsum("bi,aj->abij", delta, F)
    return F, A, line_1, line_2, (D @ F + D.T @ F) / (2 * N**2 * M_board**2)


def test_line_1_of_the_board_is_the_derivative_by_g(board):
    F, A, line_1, *_ = board
    G = (F @ F.T).requires_grad_(True)
    (expected,) = torch.autograd.grad((G - A).square().sum() / (4 * N**2 * 7**2), G)
    torch.testing.assert_close(line_1, expected, rtol=1e-13, atol=0)


def test_line_2_of_the_board_is_the_derivative_of_the_gram_matrix_by_f(board):
    F, _, _, line_2, _ = board
    torch.testing.assert_close(line_2, torch.autograd.functional.jacobian(gram_matrix, F), rtol=1e-13, atol=0)


def test_line_3_of_the_board_is_the_chain_rule_and_line_4_the_derivative_by_f(board):
    F, A, line_1, line_2, line_3 = board
    chain = torch.zeros_like(F)
    for a in range(N):
        for b in range(N):
            chain += line_1[a, b] * line_2[a, b]
    torch.testing.assert_close(line_3, chain, rtol=1e-12, atol=1e-14)
    (by_F,) = torch.autograd.grad(style_layer_loss(F.requires_grad_(True), A), F)
    torch.testing.assert_close((F @ F.T - A) @ F / (N**2 * 7**2), by_F, rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(line_3, by_F, rtol=1e-12, atol=1e-14)


def test_the_printed_order_needs_symmetry(by_hand):
    _, F, A = by_hand
    D, B = F @ F.T - A, torch.tensor([[3.0, 1], [5, 8]], dtype=torch.float64)
    assert torch.equal((F.T @ D).T, D @ F)
    assert (F.T @ B).T.tolist() == [[3, 11, 15], [1, 10, 24]] and (B @ F).tolist() == [[3, 7, 3], [5, 18, 24]]


def test_eq6_on_responses_that_are_all_positive_is_the_derivative_by_f():
    F, A = (responses(1) + 0.1).requires_grad_(True), gram_matrix(responses(2))
    (by_F,) = torch.autograd.grad(style_layer_loss(F, A), F)
    torch.testing.assert_close(style_layer_loss_gradient(F.detach(), A), by_F, rtol=1e-12, atol=1e-14)


def test_eq4_times_four_is_the_mean_square_of_gram_matrices_per_position():
    F, A = responses(3), gram_matrix(responses(4))
    mean_square = sum((F[i] @ F[j] / M - A[i, j] / M).item() ** 2 for i in range(N) for j in range(N)) / N**2
    assert 4 * style_layer_loss(F, A).item() == pytest.approx(mean_square, rel=1e-12)


@pytest.mark.parametrize("dim", [0, 1], ids=["every filter twice", "every position twice"])
def test_eq4_does_not_grow_with_filters_or_positions_that_bring_nothing_new(dim):
    F, S = responses(5), responses(6)
    twice = style_layer_loss(torch.cat([F, F], dim=dim), gram_matrix(torch.cat([S, S], dim=dim)))
    torch.testing.assert_close(twice, style_layer_loss(F, gram_matrix(S)))


def test_eq4_grows_with_the_fourth_power_of_the_responses_and_eq6_with_the_third():
    F, S = responses(7), responses(8)
    grown = style_layer_loss(3 * F, gram_matrix(3 * S)) / style_layer_loss(F, gram_matrix(S))
    assert grown.item() == pytest.approx(81, rel=1e-12)
    steeper = style_layer_loss_gradient(3 * F, gram_matrix(3 * S))
    torch.testing.assert_close(steeper, 27 * style_layer_loss_gradient(F, gram_matrix(S)))


def test_eq4_with_unequal_sizes_divides_each_gram_matrix_by_its_own_positions():
    F, S = responses(9), responses(10, positions=M_STYLE)
    A, expected = gram_matrix(S), 0.0
    for i in range(N):
        for j in range(N):
            expected += ((F[i] @ F[j]).item() / M - (S[i] @ S[j]).item() / M_STYLE) ** 2 / (4 * N**2)
    assert style_layer_loss(F, A, M_style=M_STYLE).item() == pytest.approx(expected, rel=1e-12)
    assert style_layer_loss(F, A, M_style=M).item() == style_layer_loss(F, A).item() != pytest.approx(expected, rel=0.1)


def test_the_gradient_with_unequal_sizes_is_the_one_that_notebook_04_derives():
    Z = responses(11) - 0.05
    A = gram_matrix(responses(12, positions=M_STYLE))
    Z.requires_grad_(True)
    (gradient,) = torch.autograd.grad(style_layer_loss(Z.relu(), A, M_style=M_STYLE), Z)
    F = Z.detach().relu()
    by_hand = (F @ F.T / M - A / M_STYLE) @ F / (N**2 * M) * (F > 0)
    torch.testing.assert_close(gradient, by_hand, rtol=1e-12, atol=1e-14)


def test_eq5_pulls_with_the_weighted_sum_of_the_layers_gradients():
    F, A, B = responses(13).requires_grad_(True), gram_matrix(responses(14)), gram_matrix(responses(15))
    losses = [style_layer_loss(F, A), style_layer_loss(F, B)]
    first, second = (torch.autograd.grad(loss, F, retain_graph=True)[0] for loss in losses)
    (whole,) = torch.autograd.grad(style_loss(losses, [0.25, 3.0]), F)
    torch.testing.assert_close(whole, 0.25 * first + 3.0 * second)


@pytest.mark.parametrize("layer", STYLE_LAYERS)
def test_eq6_carried_from_z_to_the_pixels_is_the_gradient_of_the_whole(precise, pictures, layer):
    x, a = pictures[0].clone().requires_grad_(True), pictures[1]
    Z = precise.features(x, ["conv" + layer[4:]])["conv" + layer[4:]]
    A = gram_matrix(precise.features(a, [layer])[layer][0].flatten(1))
    (end_to_end,) = torch.autograd.grad(style_layer_loss(Z[0].relu().flatten(1), A), x, retain_graph=True)
    masked = style_layer_loss_gradient(Z[0].relu().flatten(1), A).detach()
    (carried,) = torch.autograd.grad(Z, x, grad_outputs=masked.view_as(Z))
    torch.testing.assert_close(carried, end_to_end, rtol=1e-9, atol=1e-14)


def losses_by_layer(network, x, A):
    F = network.features(x, STYLE_LAYERS)
    return {layer: style_layer_loss(F[layer][0].flatten(1), A[layer]) for layer in STYLE_LAYERS}


def pulls(network, x, A):
    """Return the length of each E_l's gradient by the pixels."""
    x = x.detach().clone().requires_grad_(True)
    E = losses_by_layer(network, x, A)
    return {layer: torch.autograd.grad(E[layer], x, retain_graph=True)[0].norm().item() for layer in STYLE_LAYERS}


def uneven(pull, weights):
    """Return the strongest weighted pull divided by the weakest."""
    weighted = [weights[layer] * pull[layer] for layer in STYLE_LAYERS]
    return max(weighted) / min(weighted)


@pytest.mark.slow
@pytest.mark.parametrize(("photograph", "style"), [("coffee", "mosaic"), ("astronaut", "woodblock")])
def test_weights_by_the_loss_leave_the_pulls_uneven_and_weights_by_the_pull_even_them_at_the_start(photograph, style):
    network, p = load_network("compact", device="cpu"), load_image(photograph, size=128)
    a = load_image(style, size=256)[:, :, : p.shape[2], :128]
    A = {layer: gram_matrix(F[0].flatten(1)) for layer, F in network.features(a, STYLE_LAYERS).items()}
    start, E = pulls(network, p, A), losses_by_layer(network, p, A)
    assert uneven(start, dict.fromkeys(STYLE_LAYERS, 1)) > 8
    assert uneven(start, {layer: 1 / value.item() for layer, value in E.items()}) > 4
    weights = {layer: 1 / value for layer, value in start.items()}

    def total(x):
        return {"total": sum(weights[layer] * value for layer, value in losses_by_layer(network, x, A).items())}

    *_, last = minimise(p, total, 20)
    assert uneven(start, weights) == pytest.approx(1)
    assert uneven(pulls(network, last.image, A), weights) > 1.3


def test_a_layer_of_weight_zero_cannot_spoil_the_loss(pictures):
    broken = load_network("compact", device="cpu").double()
    broken.convolutions["conv5_1"].bias.fill_(float("nan"))
    x, a = pictures
    layers = {"relu1_1": 1.0, "relu2_1": 3.0, "relu5_1": 0.0}
    assert layer_weights(layers) == {"relu1_1": 0.25, "relu2_1": 0.75}
    weights = {"content_weight": 0.0, "style_weight": 1.0, "tv_weight": 0.0}
    ran = []
    for name, convolution in broken.convolutions.items():
        convolution.register_forward_hook(lambda *_, name=name: ran.append(name))
    terms = painting_objective(broken, x, a, content_layers=(), style_layers=layers, scale="paper", **weights)(x)
    assert set(ran) == {"conv1_1", "conv1_2", "conv2_1"}
    assert terms.keys() == {"style relu1_1", "style relu2_1", "total"}
    by_hand = 0.25 * terms["style relu1_1"] + 0.75 * terms["style relu2_1"]
    torch.testing.assert_close(terms["total"], by_hand)
