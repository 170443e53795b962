"""What answers to Eq. 3 do instead."""

from __future__ import annotations

import torch
from torch import Tensor

from stylekit.checks.mistakes.shared import centred, unit_rows
from stylekit.losses import gram_matrix


def _turned(F: Tensor) -> Tensor:
    return F.reshape(F.shape[1], F.shape[0])


GRAM_MATRIX = [
    (lambda F: F.T @ F, "this is F.T @ F, M x M, products of positions: Eq. 3 has F @ F.T, N x N, of filters"),
    (lambda F: gram_matrix(_turned(F).T), "reshaped to (M, N), not transposed: rows now mix filters and positions"),
    (lambda F: gram_matrix(_turned(F)), "reshaped to (M, N): rows mix filters and positions"),
    (lambda F: gram_matrix(F.T.reshape(F.shape)), "transposed, then reshaped: rows mix filters and positions"),
    (lambda F: F @ _turned(F), "reshaped, not transposed: that mixes filters and positions"),
    (lambda F: gram_matrix(centred(F)), "each row's mean was taken off first (a covariance): Eq. 3 takes F as it is"),
    (lambda F: torch.cov(F), "this is the covariance matrix: Eq. 3 takes no mean off and does not divide"),
    (lambda F: gram_matrix(F - F.mean(dim=0)), "the mean over the filters was taken off first: Eq. 3 takes F as it is"),
    (lambda F: torch.corrcoef(F), "this is the matrix of correlations: Eq. 3 neither centres nor scales the rows"),
    (lambda F: gram_matrix(unit_rows(F)), "rows were scaled to length 1: these are cosines, not inner products"),
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
