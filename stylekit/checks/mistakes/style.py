"""What answers to Eq. 3, Eq. 4 and Eq. 6 do instead."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from stylekit.checks.mistakes.content import MASKS, NO_MASK, masked
from stylekit.losses import gram_matrix, style_layer_loss

A_IS_GRAM = "A is a Gram matrix already, and you took the Gram matrix of it again"
RESHAPED = "reshaped, not transposed: that mixes filters and positions"
TWO_DIVISORS = "G was divided by N*M, A by N*N: treat them alike"
ONE_SIDE = "only one of the two was divided: G and A must be treated alike"


def _centred(F: Tensor) -> Tensor:
    return F - F.mean(dim=1, keepdim=True)


def _unit_rows(F: Tensor) -> Tensor:
    return F / F.norm(dim=1, keepdim=True).clamp(min=1e-30)


def _turned(F: Tensor) -> Tensor:
    return F.reshape(F.shape[1], F.shape[0])


GRAM_MATRIX = [
    (lambda F: F.T @ F, "this is F.T @ F, M x M, products of positions: Eq. 3 has F @ F.T, N x N, of filters"),
    (lambda F: gram_matrix(_turned(F).T), "reshaped to (M, N), not transposed: rows now mix filters and positions"),
    (lambda F: gram_matrix(_turned(F)), "reshaped to (M, N): rows mix filters and positions"),
    (lambda F: gram_matrix(F.T.reshape(F.shape)), "transposed, then reshaped: rows mix filters and positions"),
    (lambda F: F @ _turned(F), "reshaped, not transposed: that mixes filters and positions"),
    (lambda F: gram_matrix(_centred(F)), "each row's mean was taken off first (a covariance): Eq. 3 takes F as it is"),
    (lambda F: torch.cov(F), "this is the covariance matrix: Eq. 3 takes no mean off and does not divide"),
    (lambda F: gram_matrix(F - F.mean(dim=0)), "the mean over the filters was taken off first: Eq. 3 takes F as it is"),
    (lambda F: torch.corrcoef(F), "this is the matrix of correlations: Eq. 3 neither centres nor scales the rows"),
    (lambda F: gram_matrix(_unit_rows(F)), "rows were scaled to length 1: these are cosines, not inner products"),
    (lambda F: gram_matrix(F / F.norm(dim=0).clamp(min=1e-30)), "columns were scaled to length 1: take F as it is"),
    (lambda F: gram_matrix(F) / gram_matrix(F).max(), "divided by its own largest entry: Eq. 3 has no divisor"),
    (lambda F: gram_matrix(F) / gram_matrix(F).trace(), "divided by its own trace: Eq. 3 has no divisor"),
    (lambda F: gram_matrix(F) / gram_matrix(F).sum(), "divided by its own sum: Eq. 3 has no divisor"),
    (lambda F: gram_matrix(F).triu(), "only the upper triangle: the matrix is symmetric, fill the lower half too"),
    (lambda F: gram_matrix(F).tril(), "only the lower triangle: the matrix is symmetric, fill the upper half too"),
    (lambda F: gram_matrix(F).triu(1), "only above the diagonal: the diagonal and the lower half are missing"),
    (lambda F: gram_matrix(F).tril(-1), "only below the diagonal: the diagonal and the upper half are missing"),
    (lambda F: torch.diag(gram_matrix(F).diag()), "only the diagonal: the products of different filters are missing"),
    (lambda F: gram_matrix(F).diag(), "only the diagonal, one number for each filter: Eq. 3 has all pairs, N x N"),
    (lambda F: gram_matrix(F) - torch.diag(gram_matrix(F).diag()), "the diagonal is missing: i = j belongs to it"),
    (lambda F: F * F, "elementwise squares: Eq. 3 has inner products of rows, F @ F.T, an N x N matrix"),
    (lambda F: torch.outer(F.sum(dim=1), F.sum(dim=1)), "rows were summed before multiplying: multiply, then sum"),
    (lambda F: torch.outer(F.mean(dim=1), F.mean(dim=1)), "rows were averaged before multiplying: multiply, then sum"),
    (lambda F: torch.outer(F[:, 0], F[:, 0]), "only the first position: sum over all k"),
    (lambda F: gram_matrix(F[:, :-1]), "the last position is left out: is a range one too short?"),
    (lambda F: gram_matrix(F[:, 1:]), "the first position is left out: does a range start at 1?"),
    (lambda F: gram_matrix(F).abs().sqrt(), "a square root was taken: Eq. 3 has none"),
    (lambda F: gram_matrix(F).square(), "the inner products are squared: that belongs to Eq. 4"),
    (lambda F: (F[:, None] - F[None]).square().sum(dim=-1), "squared distances of rows: Eq. 3 has inner products"),
    (lambda F: torch.cdist(F, F), "distances of rows: Eq. 3 has inner products"),
    (lambda F: (F[:, None] + F[None]).sum(dim=-1), "sums F_ik + F_jk stand where Eq. 3 has products"),
    (lambda F: torch.outer(F.flatten(), F.flatten()), "F was flattened to one row: rows are multiplied, N x N"),
    (lambda F: torch.linalg.eigvalsh(gram_matrix(F)), "these are the eigenvalues: Eq. 3 is the matrix itself"),
    (lambda F: gram_matrix(F).sum(), "summed to one number: Eq. 3 is the N x N matrix"),
    (lambda F: F.square().sum(), "one number, the sum of all squares: Eq. 3 is the N x N matrix of rows"),
    (lambda F: gram_matrix(F).sum(dim=1), "summed over one index: Eq. 3 is the N x N matrix"),
    (lambda F: gram_matrix(F)[None], "one dimension too many in front: Eq. 3 is an N x N matrix"),
    (lambda F: gram_matrix((F > 0).double()), "the Gram matrix of the mask F > 0: Eq. 3 takes F itself"),
    (lambda F: gram_matrix(F) + torch.eye(len(F)), "1 was added on the diagonal: Eq. 3 adds nothing"),
    (lambda F: gram_matrix(torch.softmax(F, dim=1)), "a softmax was taken first: Eq. 3 takes F as it is"),
]


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
    (lambda F, A: (gram_matrix(_centred(F)) - A).square().sum(), "each row's mean was taken off: that is a covariance"),
    (lambda F, A: (gram_matrix(_unit_rows(F)) - A).square().sum(), "F's rows were scaled to length 1: take F as it is"),
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
