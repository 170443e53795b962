"""Each equation of the slides against loops, hand values, autograd and central differences in float64."""

import pytest
import torch

from stylekit import losses

N, M = 5, 77  # 7 x 11 positions


def responses(seed, *shape):
    """Random responses with negatives and exact zeros, float64."""
    F = torch.randn(shape or (N, M), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return torch.where(F.abs() < 0.1, 0.0, F)


def central_difference(function, x, epsilon=1e-6):
    gradient = torch.zeros_like(x)
    for index in range(x.numel()):
        step = torch.zeros_like(x).flatten()
        step[index] = epsilon
        step = step.view_as(x)
        gradient.view(-1)[index] = (function(x + step) - function(x - step)) / (2 * epsilon)
    return gradient


def test_eq1_content_loss_is_half_the_sum_of_squared_differences():
    F, P = responses(1), responses(2)
    by_hand = sum((F[i, j].item() - P[i, j].item()) ** 2 for i in range(N) for j in range(M)) / 2
    assert losses.content_loss(F, P).item() == pytest.approx(by_hand, rel=1e-12)


def test_eq2_content_gradient_is_that_of_the_loss_before_the_relu():
    Z, P = responses(3).clone(), responses(4)
    Z[Z == 0] = 0.5  # away from the kink
    loss = lambda Z: losses.content_loss(Z.clamp(min=0), P)  # noqa: E731
    by_hand = losses.content_loss_gradient(Z.clamp(min=0), P)
    torch.testing.assert_close(by_hand, central_difference(loss, Z), atol=1e-7, rtol=0)
    Z.requires_grad_(True)
    torch.testing.assert_close(by_hand, torch.autograd.grad(loss(Z), Z)[0], atol=1e-12, rtol=0)


def test_eq2_content_gradient_by_the_responses_themselves_has_no_mask():
    F, P = responses(5).requires_grad_(True), responses(6)
    (gradient,) = torch.autograd.grad(losses.content_loss(F, P), F)
    torch.testing.assert_close(gradient, F - P)
    assert not torch.allclose(gradient, losses.content_loss_gradient(F, P))


def test_eq3_gram_matrix_is_all_inner_products_of_rows():
    F = responses(7)
    by_hand = [[sum(F[i, k].item() * F[j, k].item() for k in range(M)) for j in range(N)] for i in range(N)]
    torch.testing.assert_close(losses.gram_matrix(F), torch.tensor(by_hand, dtype=torch.float64))


def test_eq3_gram_matrix_forgets_where_features_are():
    F = responses(8)
    shuffled = F[:, torch.randperm(M, generator=torch.Generator().manual_seed(0))]
    torch.testing.assert_close(losses.gram_matrix(shuffled), losses.gram_matrix(F))


def test_eq3_a_batch_has_one_gram_matrix_per_image():
    F = responses(9, 3, N, M)
    G = losses.gram_matrix(F)
    assert G.shape == (3, N, N)
    torch.testing.assert_close(G[1], losses.gram_matrix(F[1]))


@pytest.mark.parametrize("shape", [(N, M), (3, N, M)])
def test_eq3_for_speed_has_the_value_and_the_derivative_of_the_plain_one(shape):
    F, D = responses(23, *shape).requires_grad_(True), responses(24, *shape[:-1], N)  # D is not symmetric
    plain, fast = losses.gram_matrix(F), losses.GramMatrix.apply(F)
    assert torch.equal(plain, fast)
    expected, found = (torch.autograd.grad((G * D).sum(), F)[0] for G in (plain, fast))
    torch.testing.assert_close(found, expected, atol=1e-12, rtol=1e-12)
    assert torch.autograd.gradgradcheck(losses.GramMatrix.apply, responses(25, 3, 7).requires_grad_(True))


def test_eq3_for_speed_gives_a_gradient_that_lies_in_memory_as_the_responses_do():
    F = responses(26, M, N).requires_grad_(True).T  # as a channels-last network stores it
    (gradient,) = torch.autograd.grad(losses.GramMatrix.apply(F).square().sum(), F)
    assert gradient.stride() == F.stride()


def test_eq4_style_layer_loss_by_loops():
    F, A = responses(10), losses.gram_matrix(responses(11))
    by_hand = 0.0
    for i in range(N):
        for j in range(N):
            by_hand += ((F[i] * F[j]).sum().item() - A[i, j].item()) ** 2
    assert losses.style_layer_loss(F, A).item() == pytest.approx(by_hand / (4 * N**2 * M**2), rel=1e-12)


def test_eq4_with_unequal_sizes_a_repeated_style_picture_costs_nothing():
    F = responses(12)
    A = losses.gram_matrix(torch.cat([F, F, F], dim=1))  # the same texture, three times as large
    assert losses.style_layer_loss(F, A, M_style=3 * M).item() == pytest.approx(0, abs=1e-20)
    assert losses.style_layer_loss(F, A).item() > 0.1


def test_eq5_style_loss_is_the_weighted_sum():
    E = [torch.tensor(2.0), torch.tensor(3.0), torch.tensor(5.0)]
    assert losses.style_loss(E, [0.5, 0.0, 2.0]).item() == 11.0
    with pytest.raises(ValueError, match="3 losses and 2 weights"):
        losses.style_loss(E, [1.0, 1.0])


def test_eq6_style_gradient_is_that_of_the_loss_before_the_relu():
    Z, A = responses(13).clone(), losses.gram_matrix(responses(14).clamp(min=0))
    Z[Z == 0] = 0.5
    loss = lambda Z: losses.style_layer_loss(Z.clamp(min=0), A)  # noqa: E731
    by_hand = losses.style_layer_loss_gradient(Z.clamp(min=0), A)
    torch.testing.assert_close(by_hand, central_difference(loss, Z), atol=1e-8, rtol=0)
    Z.requires_grad_(True)
    torch.testing.assert_close(by_hand, torch.autograd.grad(loss(Z), Z)[0], atol=1e-12, rtol=0)


def test_eq6_equals_the_transposed_form_as_printed():
    F, A = responses(15), losses.gram_matrix(responses(16))
    G = F @ F.T
    printed = (F.T @ (G - A)).T / (N**2 * M**2) * (F > 0)
    torch.testing.assert_close(losses.style_layer_loss_gradient(F, A), printed)


def test_eq7_total_loss_weighs_content_and_style():
    assert losses.total_loss(torch.tensor(3.0), torch.tensor(7.0), alpha=2.0, beta=0.5).item() == 9.5


def test_gradcheck_of_every_loss():
    F, P = responses(17, 2, 3, 7).requires_grad_(True), responses(18, 2, 3, 7)
    A = losses.gram_matrix(P)
    assert torch.autograd.gradcheck(lambda F: losses.content_loss(F, P), F)
    assert torch.autograd.gradcheck(lambda F: losses.style_layer_loss(F, A, M_style=11), F)
    assert torch.autograd.gradcheck(losses.total_variation, responses(19, 2, 3, 5, 7).requires_grad_(True))


def test_total_variation_is_the_sum_over_neighbours():
    x = responses(20, 1, 3, 5, 7)
    by_hand = 0.0
    for c in range(3):
        for i in range(5):
            for j in range(7):
                by_hand += (x[0, c, i + 1, j] - x[0, c, i, j]).item() ** 2 if i < 4 else 0
                by_hand += (x[0, c, i, j + 1] - x[0, c, i, j]).item() ** 2 if j < 6 else 0
    assert losses.total_variation(x).item() == pytest.approx(by_hand, rel=1e-12)


def test_losses_give_one_value_per_image_of_a_batch():
    F, P = responses(21, 2, N, M), responses(22, 2, N, M)
    assert losses.content_loss(F, P).shape == (2,)
    alone = losses.style_layer_loss(F[1], losses.gram_matrix(P[1]))
    torch.testing.assert_close(losses.style_layer_loss(F, losses.gram_matrix(P))[1], alone)
