"""What answers to Eq. 1 and Eq. 2 do instead."""

from __future__ import annotations

import torch
from torch.nn import functional

from stylekit.losses import content_loss, gram_matrix

NO_MASK = (
    "not this formula: there is no mask. This is the derivative by F itself: autograd's convention, right where a ReLU "
    "masks later. {equation} is the derivative by the response before the ReLU: 0 wherever F <= 0"
)
MASKS = {
    "masked with F >= 0: the mask is F > 0, so an entry that is exactly 0 gets gradient 0": lambda F, other: F >= 0,
    "masked with F != 0, which lets negative entries through: the mask is F > 0": lambda F, other: F != 0,
    "the mask is turned around: the gradient is 0 where F <= 0, not where F > 0": lambda F, other: F <= 0,
    "the mask is turned around (F < 0): the gradient is 0 where F <= 0, not where F > 0": lambda F, other: F < 0,
}
PHOTOGRAPH_MASKS = {
    "masked with P instead of F: the mask asks whether F > 0": lambda F, P: P > 0,
    "masked with P instead of F (P >= 0): the mask asks whether F > 0": lambda F, P: P >= 0,
    "masked with F - P instead of F: the mask asks whether F > 0, not whether the difference is": lambda F, P: F > P,
    "masked with both F and P: the mask asks only whether F > 0": lambda F, P: (F > 0) & (P > 0),
    "masked with F or P: the mask asks only whether F > 0": lambda F, P: (F > 0) | (P > 0),
    "masked with the sizes |F| > |P|: the mask asks whether F > 0": lambda F, P: F.abs() > P.abs(),
}


def masked(plain, masks):
    return [(lambda F, B, m=mask: plain(F, B) * m(F, B), sentence) for sentence, mask in masks.items()]


CONTENT_LOSS = [
    (lambda F, P: (F - P).square(), "not summed: this is one number for each entry, and Eq. 1 is the sum of them all"),
    (lambda F, P: (F - P).square().sum(dim=0), "summed over the filters only: sum over the positions (j) too"),
    (lambda F, P: (F - P).square().sum(dim=1), "summed over the positions only: sum over the filters (i) too"),
    (lambda F, P: (F - P).square().mean(dim=0), "a mean over the filters only: Eq. 1 is a sum over both indices"),
    (lambda F, P: (F - P).square().mean(dim=1), "a mean over the positions only: Eq. 1 is a sum over both indices"),
    (lambda F, P: (F - P).abs().sum(), "absolute differences (L1) stand where Eq. 1 has squares"),
    (lambda F, P: (F - P).norm(), "a square root was taken: this is the distance (the norm), Eq. 1 has its square"),
    (lambda F, P: (F - P).sum(), "the differences are not squared, so that positive and negative ones cancel"),
    (lambda F, P: (F - P).sum().square(), "summed first and then squared: square each difference, then sum"),
    (lambda F, P: ((F - P) * (F > 0)).square().sum(), "masked with F > 0: the mask belongs to the gradient (Eq. 2)"),
    (lambda F, P: ((F - P) * (P > 0)).square().sum(), "the loss is masked with P > 0: Eq. 1 has no mask"),
    (lambda F, P: (F.square() - P.square()).sum(), "a difference of squares: square the difference F - P"),
    (lambda F, P: (F + P).square().sum(), "F + P stands where Eq. 1 has F - P: the sign of P is turned"),
    (lambda F, P: F.square().sum(), "P is not used: this is the energy of F alone"),
    (lambda F, P: P.square().sum(), "F is not used: this is the energy of P alone"),
    (lambda F, P: (F * P).sum(), "a product F P stands where Eq. 1 has the difference F - P"),
    (lambda F, P: (F - P).square().sum() / P.square().sum(), "divided by P's sum of squares: Eq. 1 has no divisor"),
    (lambda F, P: functional.smooth_l1_loss(F, P, reduction="sum"), "a smooth L1 (Huber) loss, not the square"),
    (lambda F, P: (gram_matrix(F) - gram_matrix(P)).square().sum(), "compares Gram matrices: that is style (Eq. 4)"),
    (lambda F, P: ((F - P) @ (F - P).T).sum(), "a matrix product stands where each entry should be squared"),
    (lambda F, P: (F - P).abs().max(), "only the largest difference: Eq. 1 sums over all of them"),
    (lambda F, P: (F.mean(dim=1) - P.mean(dim=1)).square().sum(), "averaged over positions before the difference"),
    (lambda F, P: (F.sum(dim=1) - P.sum(dim=1)).square().sum(), "summed over positions before the difference"),
    (lambda F, P: (F - P).square()[0].sum(), "only the first filter: Eq. 1 sums over all rows"),
    (lambda F, P: (F - P).square()[:, 0].sum(), "only the first position: Eq. 1 sums over all columns"),
    (lambda F, P: (F - P).square()[:-1].sum(), "the last filter is left out: is a range one too short?"),
    (lambda F, P: (F - P).square()[:, :-1].sum(), "the last position is left out: is a range one too short?"),
    (lambda F, P: (F - P).square()[:-1, :-1].sum(), "the last row and column are left out: a range one too short?"),
    (lambda F, P: (F - P).square()[1:].sum(), "the first filter is left out: does a range start at 1?"),
    (lambda F, P: sum((F - P).square()[i, i] for i in range(min(F.shape))), "only the entries i = j are summed"),
    (lambda F, P: (F - P).pow(4).sum(), "squared twice: Eq. 1 has the second power"),
    (lambda F, P: (F - P).pow(3).sum(), "a third power stands where Eq. 1 has a square"),
    (
        lambda F, P: 1 - functional.cosine_similarity(F.flatten(), P.flatten(), dim=0),
        "a cosine distance: Eq. 1 compares the entries, not the angle",
    ),
    (lambda F, P: 1 - functional.cosine_similarity(F, P, dim=1).mean(), "a cosine distance of rows, not of entries"),
    (lambda F, P: F - P, "this is the difference F - P itself, neither squared nor summed"),
]

CONTENT_GRADIENT = [
    (lambda F, P: F - P, NO_MASK),
    *masked(lambda F, P: F - P, MASKS | PHOTOGRAPH_MASKS),
    (lambda F, P: F.relu() - P.relu(), "F and P were rectified instead of the gradient being masked where F <= 0"),
    (lambda F, P: F.relu() - P, "the mask is on F alone: it belongs on F - P, so that where F <= 0 the result is 0"),
    (lambda F, P: (F - P).sign() * (F > 0), "only the sign of F - P: that is the gradient of absolute differences"),
    (lambda F, P: (F - P)[F > 0], "only the entries with F > 0 are returned, as a list: keep the shape, with zeros"),
    (lambda F, P: ((F - P) * (F > 0)).sum(), "summed: the gradient has one entry for each entry of F"),
    (lambda F, P: ((F - P) * (F > 0)).sum(dim=0), "summed over the filters: the gradient has F's shape"),
    (lambda F, P: ((F - P) * (F > 0)).sum(dim=1), "summed over the positions: the gradient has F's shape"),
    (lambda F, P: ((F - P) * (F > 0)).T, "transposed: the gradient has F's shape, (N, M)"),
    (lambda F, P: (F - P).T, "transposed, and without a mask: the gradient has F's shape, (N, M)"),
    (lambda F, P: content_loss(F, P), "this is the loss (Eq. 1), one number; its gradient has F's shape"),
    (lambda F, P: F - (F > 0) * P, "the mask is on P alone: it belongs on the whole difference F - P"),
    (lambda F, P: (F + P) * (F > 0), "F + P stands where Eq. 2 has F - P"),
    (lambda F, P: F * (F > 0), "P is not used: where F > 0 the gradient is F - P"),
    (lambda F, P: (F - P) * F, "multiplied by F itself: the mask is 1 or 0, whether F > 0"),
    (lambda F, P: (F - P) * F.relu(), "multiplied by F itself: the mask is 1 or 0, whether F > 0"),
    (lambda F, P: (F - P) * F.sign(), "multiplied by the sign of F, which is -1 where F < 0: the mask is 0 there"),
    (lambda F, P: torch.where(F > 0, F - P, F), "where F <= 0 the result is F: there it must be 0"),
    (lambda F, P: torch.where(F > 0, F - P, 1.0), "where F <= 0 the result is 1: there it must be 0"),
    (lambda F, P: torch.where(F > 0, F - P, torch.nan), "where F <= 0 the result is NaN: there it must be 0"),
    (lambda F, P: (F > 0) * 1.0, "this is the mask alone: it multiplies F - P"),
    (lambda F, P: (F - P) * (F > 1), "masked with F > 1: the mask is F > 0"),
    (lambda F, P: (F - P) * (F > 0) / (F - P).norm(), "divided by its own norm: that is the gradient of the distance"),
]
