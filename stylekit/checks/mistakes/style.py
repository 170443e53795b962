"""What answers to Eq. 4 and Eq. 6 do instead."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from stylekit.checks.mistakes.shared import MASKS, NO_MASK, centred, masked, unit_rows
from stylekit.losses import gram_matrix, style_layer_loss

A_IS_GRAM = "A is a Gram matrix already, and you took the Gram matrix of it again"
RESHAPED = "reshaped, not transposed: that mixes filters and positions"
TWO_DIVISORS = "G was divided by N*M, A by N*N: treat them alike"
ONE_SIDE = "only one of the two was divided: G and A must be treated alike"


def _off(F: Tensor, A: Tensor) -> Tensor:
    return gram_matrix(F) - A


STYLE_LAYER_LOSS = [
    (lambda F, A: (gram_matrix(F) - gram_matrix(A)).square().sum() / _four(F), A_IS_GRAM),
    (lambda F, A: (gram_matrix(F) / F.numel() - gram_matrix(A) / A.numel()).square().sum(), A_IS_GRAM),
    (lambda F, A: (gram_matrix(F) / F.shape[1] - A).square().sum() / _four(F), ONE_SIDE),
    (lambda F, A: (gram_matrix(F) / F.numel() - A).square().sum() / _four(F), ONE_SIDE),
    (lambda F, A: (gram_matrix(F) / F.numel() - A / A.numel()).square().sum(), TWO_DIVISORS),
    (lambda F, A: _off(F, A).square() / _four(F), "not summed: E_l is one number, the sum over i and j"),
    (lambda F, A: _off(F, A).square().sum(dim=0) / _four(F), "summed over one index only: sum over i and j"),
    (lambda F, A: _off(F, A).abs().sum(), "absolute differences (L1) stand where Eq. 4 has squares"),
    (lambda F, A: _off(F, A).norm(), "a square root was taken: Eq. 4 has the square of this distance (norm)"),
    (lambda F, A: _off(F, A).sum(), "the differences are not squared, so that they cancel"),
    (lambda F, A: _off(F, A).sum().square(), "summed before the square: square each, then sum"),
    (lambda F, A: (gram_matrix(F).square() - A.square()).sum(), "a difference of squares: square the difference G - A"),
    (lambda F, A: (gram_matrix(F) + A).square().sum(), "G + A stands where Eq. 4 has G - A"),
    (lambda F, A: gram_matrix(F).square().sum(), "A is not used: Eq. 4 compares G with A"),
    (lambda F, A: A.square().sum(), "F is not used: Eq. 4 compares G with A"),
    (lambda F, A: _off(F, A).triu().square().sum(), "only half of the matrix is summed: sum over all i and j"),
    (lambda F, A: _off(F, A).triu(1).square().sum(), "only half of the matrix is summed: sum over all i and j"),
    (lambda F, A: _off(F, A).diag().square().sum(), "only the diagonal is summed: sum over all i and j"),
    (lambda F, A: _off(F, A)[:-1, :-1].square().sum(), "the last filter is left out: is a range one too short?"),
    (lambda F, A: (_off(F, A) @ _off(F, A)).sum(), "a matrix product stands where each entry is squared"),
    (lambda F, A: (gram_matrix(centred(F)) - A).square().sum(), "each row's mean was taken off: that is a covariance"),
    (lambda F, A: (gram_matrix(unit_rows(F)) - A).square().sum(), "F's rows were scaled to length 1: take F as it is"),
    (lambda F, A: _off(F, A).abs().max(), "only the largest difference: Eq. 4 sums over all of them"),
    (lambda F, A: _off(F, A).square().sum() / A.square().sum(), "divided by A's squares: Eq. 4 divides by 4 N^2 M^2"),
    (lambda F, A: (F.sum(dim=1) - A.sum(dim=1)).square().sum(), "F itself is compared with A: take its Gram matrix"),
    (lambda F, A: gram_matrix(F), "this is the Gram matrix of F (Eq. 3): E_l is one number that compares it with A"),
    (lambda F, A: _off(F, A), "this is the difference G - A: square it, sum it, divide by 4 N^2 M^2"),
    (lambda F, A: functional.smooth_l1_loss(gram_matrix(F), A), "a smooth L1 (Huber) loss, not the square"),
]


def _four(F: Tensor) -> int:
    return 4 * F.numel() ** 2


def _style_gradient(F: Tensor, A: Tensor) -> Tensor:
    return _off(F, A) @ F / F.numel() ** 2


STYLE_GRADIENT = [
    (_style_gradient, NO_MASK),
    *masked(_style_gradient, MASKS),
    (lambda F, A: _style_gradient(F, A).relu(), "masked with the gradient's own sign: the mask asks whether F > 0"),
    (lambda F, A: _style_gradient(F.relu(), A), "F was rectified first (a ReLU), in G too: take F as it is"),
    (lambda F, A: _off(F, A) @ F.relu() / F.numel() ** 2, "the mask is on the last factor: mask the product"),
    (lambda F, A: (_off(F, A) * (_off(F, A) > 0)) @ F / F.numel() ** 2, "the mask is on G - A: mask the product"),
    (lambda F, A: (_off(F, A) * (gram_matrix(F) > 0)) @ F / F.numel() ** 2, "the mask is on G: mask the product"),
    (lambda F, A: _style_gradient(F, A) * F, "multiplied by F itself: the mask is 1 or 0, whether F > 0"),
    (lambda F, A: F.T @ _off(F, A) / F.numel() ** 2, "this is F^T (G - A), M x N, without the mask: transpose it (ji)"),
    (lambda F, A: (F.T @ _off(F, A)).reshape(F.shape) * (F > 0) / F.numel() ** 2, RESHAPED),
    (lambda F, A: (F.T @ _off(F, A)).reshape(F.shape) / F.numel() ** 2, "reshaped, not transposed, without the mask"),
    (lambda F, A: gram_matrix(F) @ F * (F > 0) / F.numel() ** 2, "A is missing: Eq. 6 has G - A"),
    (lambda F, A: A @ F * (F > 0) / F.numel() ** 2, "G is missing: Eq. 6 has G - A"),
    (lambda F, A: (gram_matrix(F) + A) @ F * (F > 0) / F.numel() ** 2, "G + A stands where Eq. 6 has G - A"),
    (lambda F, A: _off(F, A) / (2 * F.numel() ** 2), "this is the derivative by G, N x N: the chain rule goes on to F"),
    (lambda F, A: _off(F, A).abs() @ F * (F > 0) / F.numel() ** 2, "absolute values: G - A keeps its sign"),
    (lambda F, A: _off(F, A).square() @ F * (F > 0) / F.numel() ** 2, "G - A is squared: the gradient has none"),
    (lambda F, A: (gram_matrix(F) - gram_matrix(A)) @ F * (F > 0) / F.numel() ** 2, A_IS_GRAM),
    (lambda F, A: (gram_matrix(F) / F.shape[1] - A) @ F * (F > 0) / F.numel() ** 2, ONE_SIDE),
    (lambda F, A: (gram_matrix(F) / F.numel() - A) @ F * (F > 0) / F.numel() ** 2, ONE_SIDE),
    (lambda F, A: (_style_gradient(F, A) * (F > 0)).sum(), "summed: the gradient has one entry for each entry of F"),
    (lambda F, A: _style_gradient(F, A)[F > 0], "only the entries with F > 0, as a list: keep the shape, with zeros"),
    (lambda F, A: style_layer_loss(F, A), "this is the loss (Eq. 4), one number; its gradient has F's shape"),
    (lambda F, A: (F > 0) * 1.0, "this is the mask alone"),
    (lambda F, A: _off(F, A).diag()[:, None] * F * (F > 0), "elementwise: Eq. 6 multiplies matrices"),
]
