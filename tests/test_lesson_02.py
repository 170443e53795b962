"""What notebook 02 says of the package: the mask, the way to the pixels, and what a layer remembers."""

import pytest
import torch
from conftest import last

from stylekit.images import load_image
from stylekit.losses import content_loss, content_loss_gradient
from stylekit.transfer import reconstruct


def picture(seed, height=37, width=43):
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture(scope="module")
def photograph():
    return load_image("coffee", size=56)


def half_squared_distance(precise, x, P):
    """Eq. 1 at relu4_2, from conv4_2 and without the package's loss."""
    return ((precise.features(x, ["conv4_2"])["conv4_2"].clamp(min=0) - P) ** 2).sum() / 2


@pytest.fixture(scope="module")
def way_to_the_pixels(precise):
    """Return x, P, Z, F, Eq. 2 at relu4_2, and the gradient by the pixels from end to end."""
    x, P = picture(1).requires_grad_(True), precise.features(picture(2), ["relu4_2"])["relu4_2"]
    found = precise.features(x, ["conv4_2", "relu4_2"])
    Z, F = found["conv4_2"], found["relu4_2"]
    eq2 = content_loss_gradient(F.flatten(2), P.flatten(2)).view_as(F).detach()
    (end_to_end,) = torch.autograd.grad(half_squared_distance(precise, x, P), x)
    return x, P, Z, F, eq2, end_to_end


def test_eq2_back_propagated_from_the_convolution_is_the_gradient_by_the_pixels(way_to_the_pixels):
    x, _, Z, _, eq2, end_to_end = way_to_the_pixels
    (gradient,) = torch.autograd.grad(Z, x, grad_outputs=eq2, retain_graph=True)
    torch.testing.assert_close(gradient, end_to_end, rtol=0, atol=1e-12 * end_to_end.abs().max().item())


def test_eq2_back_propagated_agrees_with_a_central_difference_in_the_pixels(precise, way_to_the_pixels):
    x, P, Z, _, eq2, _ = way_to_the_pixels
    (gradient,) = torch.autograd.grad(Z, x, grad_outputs=eq2, retain_graph=True)
    with torch.no_grad():
        d, h = picture(3) - 0.5, 1e-7
        ahead, behind = (half_squared_distance(precise, x + way * d, P).item() for way in (h, -h))
    assert (ahead - behind) / (2 * h) == pytest.approx((gradient * d).sum().item(), rel=1e-3)


def test_without_the_mask_the_gradient_by_the_pixels_is_far_off(way_to_the_pixels):
    x, P, Z, F, _, end_to_end = way_to_the_pixels
    (gradient,) = torch.autograd.grad(Z, x, grad_outputs=(F - P).detach(), retain_graph=True)
    assert (gradient - end_to_end).norm() > 0.4 * end_to_end.norm()


def test_from_the_rectified_response_the_mask_is_neither_needed_nor_harmful(way_to_the_pixels):
    x, P, _, F, eq2, end_to_end = way_to_the_pixels
    for outgoing in ((F - P).detach(), eq2):
        (gradient,) = torch.autograd.grad(F, x, grad_outputs=outgoing, retain_graph=True)
        torch.testing.assert_close(gradient, end_to_end, rtol=0, atol=1e-12 * end_to_end.abs().max().item())


def test_eq2_takes_the_left_derivative_at_the_kink_and_a_central_difference_the_mean_of_both():
    def loss(z):
        return content_loss(torch.tensor([[max(z, 0.0)]], dtype=torch.float64), torch.ones(1, 1).double()).item()

    h = 1e-6
    assert (loss(0) - loss(-h)) / h == 0
    assert (loss(h) - loss(0)) / h == pytest.approx(-1, abs=1e-5)
    assert (loss(h) - loss(-h)) / (2 * h) == pytest.approx(-0.5, abs=1e-5)
    assert content_loss_gradient(torch.zeros(1, 1), torch.ones(1, 1)).item() == 0
    z = torch.zeros(1, 1, requires_grad=True)
    assert torch.autograd.grad(content_loss(z.relu(), torch.ones(1, 1)), z)[0].item() == 0


def test_eq2_is_zero_where_the_photograph_responds_and_the_painting_does_not():
    F, P = torch.tensor([[0.0, 2.0, 0.0]]), torch.tensor([[3.0, 5.0, 0.0]])
    assert content_loss_gradient(F, P).tolist() == [[0.0, -3.0, 0.0]]
    assert content_loss(F, P).item() == 9.0  # though the first entry carries half of the loss


def test_reconstruct_minimises_eq1_divided_by_the_squared_response(network, photograph):
    step = next(reconstruct(photograph, network, "relu3_1", steps=1))
    F, P = (network.features(image, ["relu3_1"])["relu3_1"].double() for image in (step.image, photograph))
    by_hand = sum(((F[0, i] - P[0, i]) ** 2).sum().item() for i in range(F.shape[1])) / 2
    assert step.losses["total"] == pytest.approx(by_hand / (P**2).sum().item(), rel=1e-5)


def test_reconstruct_starts_from_white_noise_that_its_seed_determines(network, photograph):
    start = lambda seed: next(reconstruct(photograph, network, "relu1_1", steps=1, seed=seed)).image  # noqa: E731
    noise = start(0)
    assert torch.equal(noise, start(0)) and not torch.equal(noise, start(1))
    assert noise.min() >= 0 and noise.max() <= 1
    assert noise.mean().item() == pytest.approx(1 / 2, abs=0.02) and noise.var().item() == pytest.approx(
        1 / 12, abs=0.01
    )


def test_the_deeper_the_layer_the_more_of_the_pixels_is_forgotten(network, photograph):
    errors = []
    for layer in ("relu1_1", "relu3_1", "relu5_1"):
        ends = [last(reconstruct(photograph, network, layer, steps=100, seed=seed)) for seed in range(3)]
        step = min(ends, key=lambda end: end.losses["total"])  # from some noises relu5_1 is long in coming
        assert step.losses["total"] < 0.15  # of 0.5, what silence would cost
        errors.append((step.image - photograph).square().mean().sqrt().item())
    assert errors[0] < 0.04 and errors[1] > 3 * errors[0] and errors[2] > 1.3 * errors[1]


def test_relu5_1_has_a_third_as_many_numbers_as_the_picture_and_relu1_1_more_than_five_times_as_many(network):
    x = torch.zeros(1, 3, 96, 144)  # 41472 values
    found = network.features(x, ["relu1_1", "relu5_1"])
    assert found["relu5_1"].shape == (1, 256, 6, 9) and found["relu5_1"].numel() == 41472 / 3
    assert found["relu1_1"].shape == (1, 16, 96, 144) and found["relu1_1"].numel() > 5 * 41472


def test_there_are_pictures_that_relu5_1_cannot_tell_apart(precise):
    x = picture(4, height=16, width=23)
    response = lambda image: precise.features(image, ["relu5_1"])["relu5_1"].flatten()  # noqa: E731
    J = torch.autograd.functional.jacobian(response, x, vectorize=True).flatten(1)  # (N M, 3 H W)
    assert J.shape == (256, 3 * 16 * 23)
    d = picture(5, height=16, width=23).flatten() - 0.5
    d = 1e-7 * (d - torch.linalg.pinv(J) @ (J @ d))  # what of d the responses cannot see
    unseen, seen = d.view_as(x), d.norm() * (J[J.norm(dim=1).argmax()] / J.norm(dim=1).max()).view_as(x)
    moved = (response(x + unseen) - response(x)).norm()
    assert unseen.abs().max() > 1e-8
    assert moved < 1e-3 * (response(x + seen) - response(x)).norm()
