"""What answers to Eq. 5, Eq. 7 and the total variation do instead."""

from __future__ import annotations

from itertools import combinations

import torch
from torch import Tensor
from torch.nn import functional

from stylekit.losses import total_variation


def _weighted(values, weights):
    return torch.stack([w * value.double() for value, w in zip(values, weights, strict=True)])


HALVED = "weights that halve from layer to layer: the weights given are not used"
STYLE_LOSS = [
    (lambda E, w: sum(value / 2**n for n, value in enumerate(E)), HALVED),
    (lambda E, w: _weighted(E, w), "not summed: Eq. 5 is one number, the sum over the layers"),
    (lambda E, w: sum(E), "the weights are not used (ignored): Eq. 5 multiplies each E_l by its w_l"),
    (lambda E, w: sum(E) / len(E), "the mean of the losses, and the weights are not used: sum the w_l E_l"),
    (lambda E, w: _weighted(E, w).min(), "only the smallest layer: Eq. 5 is a sum"),
    (lambda E, w: sum(w), "the losses are not used: Eq. 5 multiplies each E_l by its w_l"),
    (lambda E, w: _weighted(E, w).sum() / sum(w), "divided by the sum of the weights: a weighted mean"),
    (lambda E, w: _weighted(E, w[::-1]).sum(), "the weights are in reverse order: w_l belongs to E_l"),
    (lambda E, w: _weighted(sorted(E), sorted(w)).sum(), "losses and weights were sorted: w_l belongs to E_l"),
    (lambda E, w: _weighted(sorted(E), w).sum(), "the losses were sorted: w_l belongs to E_l"),
    (lambda E, w: sum(E) * sum(w), "sum times sum: multiply each pair, then sum"),
    (lambda E, w: sum(E) * w[0], "every loss got the first layer's weight: w_l belongs to E_l"),
    (lambda E, w: sum(E) * w[-1], "every loss got the last layer's weight: w_l belongs to E_l"),
    (lambda E, w: _weighted(E, w)[0], "only the first layer: was `return` inside the loop?"),
    (lambda E, w: _weighted(E, w)[-1], "only the last layer: = stands where += should, in the loop"),
    (lambda E, w: _weighted(E, w)[:-1].sum(), "the last layer is left out: a range one too short?"),
    (lambda E, w: _weighted(E, w)[1:].sum(), "the first layer is left out: a range that starts at 1?"),
    (lambda E, w: _weighted(E, w).prod(), "a product over the layers: Eq. 5 is a sum"),
    (lambda E, w: _weighted(E, w).max(), "only the largest layer: Eq. 5 is a sum"),
    (lambda E, w: _weighted(E, w).square().sum(), "the weighted losses are squared: Eq. 5 has none"),
    (lambda E, w: _weighted(E, [1 / v for v in w]).sum(), "divided by the weights: Eq. 5 multiplies"),
    (lambda E, w: sum(map(torch.add, E, w)), "the weights were added: Eq. 5 multiplies"),
]

TOTAL_LOSS = [
    (lambda c, s, a, b: b * c + a * s, "alpha and beta are swapped: alpha weighs the content, beta the style"),
    (lambda c, s, a, b: c + s, "the weights are not used (ignored): Eq. 7 is alpha content + beta style"),
    (lambda c, s, a, b: a * (c + s), "alpha weighs both: beta weighs the style"),
    (lambda c, s, a, b: b * (c + s), "beta weighs both: alpha weighs the content"),
    (lambda c, s, a, b: (a * c + b * s) / (a + b), "divided by alpha + beta: a weighted mean. Eq. 7 does not divide"),
    (lambda c, s, a, b: a * c + (1 - a) * s, "1 - alpha stands where Eq. 7 has beta: the weights need not sum to 1"),
    (lambda c, s, a, b: (1 - b) * c + b * s, "1 - beta stands where Eq. 7 has alpha: the weights need not sum to 1"),
    (lambda c, s, a, b: c + b * s, "alpha is not used: Eq. 7 weighs the content with it"),
    (lambda c, s, a, b: a * c + s, "beta is not used: Eq. 7 weighs the style with it"),
    (lambda c, s, a, b: a / b * c + s, "only the ratio alpha/beta is used: Eq. 7 has both weights"),
    (lambda c, s, a, b: c + b / a * s, "only the ratio beta/alpha is used: Eq. 7 has both weights"),
    (lambda c, s, a, b: c + a / b * s, "the ratio alpha/beta weighs the style: Eq. 7 is alpha content + beta style"),
    (lambda c, s, a, b: a * c - b * s, "a minus stands where Eq. 7 has a plus: both losses are to fall"),
    (lambda c, s, a, b: a * c * b * s, "a product of the two: Eq. 7 is a sum"),
    (lambda c, s, a, b: c * s, "a product of the two: Eq. 7 is a weighted sum"),
    (lambda c, s, a, b: torch.maximum(a * c, b * s), "only the larger of the two: Eq. 7 is their sum"),
    (lambda c, s, a, b: a * c, "the style is missing: beta style is to be added"),
    (lambda c, s, a, b: b * s, "the content is missing: alpha content is to be added"),
    (lambda c, s, a, b: a * b * (c + s), "both weights multiply both losses: alpha weighs the content, beta the style"),
    (lambda c, s, a, b: a + c + b + s, "the weights were added: Eq. 7 multiplies"),
    (lambda c, s, a, b: (a + c) * (b + s), "sums and products are exchanged: Eq. 7 is alpha content + beta style"),
    (lambda c, s, a, b: a**2 * c + b**2 * s, "the weights are squared: Eq. 7 takes them as they are"),
    (lambda c, s, a, b: (a * c) ** 2 + (b * s) ** 2, "the terms are squared: Eq. 7 has them as they are"),
    (lambda c, s, a, b: torch.stack([a * c, b * s]), "not summed: Eq. 7 is one number, the sum of both terms"),
    (lambda c, s, a, b: c / a + s / b, "divided by the weights: Eq. 7 multiplies"),
    (lambda c, s, a, b: a * (c + b * s), "alpha multiplies the style too: the brackets are too wide"),
    (lambda c, s, a, b: (a * c + s) * b, "beta multiplies the content too: the brackets are too wide"),
    (lambda c, s, a, b: (a + b) * (c + s), "alpha + beta multiplies the sum of both: each loss has its own weight"),
    (lambda c, s, a, b: c**a + s**b, "the weights stand as powers (exponents): Eq. 7 multiplies"),
    (lambda c, s, a, b: c**a * s**b, "the weights stand as powers (exponents): Eq. 7 multiplies"),
]


def _down(x: Tensor) -> Tensor:
    return x[..., 1:, :] - x[..., :-1, :]


def _across(x: Tensor) -> Tensor:
    return x[..., :, 1:] - x[..., :, :-1]


def _both(x: Tensor) -> tuple[Tensor, Tensor]:
    return _down(x), _across(x)


def _cropped(x: Tensor) -> tuple[Tensor, Tensor]:
    return _down(x)[..., :-1], _across(x)[..., :-1, :]


def _squares(*differences: Tensor) -> Tensor:
    return sum(d.square().sum() for d in differences)


def _isotropic(x: Tensor, power: float) -> Tensor:
    return sum(d.square() for d in _cropped(x)).pow(power).sum()


def _diagonal(x: Tensor) -> Tensor:
    return x[..., 1:, 1:] - x[..., :-1, :-1]


def _colours(x: Tensor) -> Tensor:
    return x[:, 1:] - x[:, :-1]


def _laplacian(x: Tensor, padding: int) -> Tensor:
    kernel = torch.tensor([[0, 1, 0], [1, -4, 1], [0, 1, 0]], dtype=x.dtype)[None, None]
    return functional.conv2d(x.movedim(1, 0), kernel, padding=padding)


SECOND = "second differences (a Laplacian): take the first, of neighbours"
PAIRS = "you divided by the number of pairs: a mean"
PADDED = "padded with zeros: no neighbours are beyond the edge"
WRAPPED = "the picture wraps around (roll): its borders are no neighbours"
PRODUCTS = "products of neighbours: squared differences are asked"
FAR = "every second pixel: neighbours are one apart"
TOTAL_VARIATION = [
    (lambda x: sum(d.sum().square() for d in _both(x)), "summed before the square: square each difference"),
    (lambda x: (x[..., 1:, :] * x[..., :-1, :]).sum() + (x[..., 1:] * x[..., :-1]).sum(), PRODUCTS),
    (lambda x: _laplacian(x, 0).square().sum(), SECOND),
    (lambda x: _laplacian(x, 1).square().sum(), SECOND),
    (lambda x: _laplacian(x, 0).abs().sum(), SECOND),
    (lambda x: _laplacian(x, 1).abs().sum(), SECOND),
    (lambda x: _squares(_down(x)), "only differences down the picture: the ones across are missing"),
    (lambda x: _squares(_across(x)), "only differences across the picture: the ones down are missing"),
    (lambda x: sum(d.abs().sum() for d in _both(x)), "absolute differences (L1), as in tf.image: take squares"),
    (lambda x: sum(d.abs().mean() for d in _both(x)), "means of absolute differences, d2l's convention"),
    (lambda x: sum(d.sum() for d in _both(x)), "the differences are not squared, so that they cancel"),
    (lambda x: sum(d.sum() for d in _both(x)).square(), "summed first and then squared: square each difference"),
    (lambda x: sum(d.norm() for d in _both(x)), "square roots were taken: the sum of squares has none"),
    (lambda x: sum(d.square().mean() for d in _both(x)), PAIRS),
    (lambda x: _squares(_down(x)) / (x.shape[2] - 1) + _squares(_across(x)) / (x.shape[3] - 1), PAIRS),
    (lambda x: _squares(*_both(x)) / sum(d.numel() for d in _both(x)), PAIRS),
    (lambda x: _squares(x - x.roll(1, 2), x - x.roll(1, 3)), WRAPPED),
    (lambda x: _squares(*_cropped(x)), "the last row and column are left out (cropped)"),
    (lambda x: _isotropic(x, 0.5), "a square root was taken at each pixel (isotropic): the sum of squares is asked"),
    (lambda x: _isotropic(x, 1.25), "not this formula, but Keras's convention: cropped, power 1.25"),
    (lambda x: total_variation(x[:, :1]), "only the first colour: sum over all three"),
    (lambda x: total_variation(x.mean(dim=1, keepdim=True)), "the colours were averaged first: sum over all three"),
    (lambda x: total_variation(x.sum(dim=1, keepdim=True)), "the colours were added first: square in each of them"),
    (lambda x: _squares(_colours(x), _down(x)), "differences between colours were taken: neighbours are in 2 and 3"),
    (lambda x: _squares(_colours(x), *_both(x)), "differences between colours were added: neighbours are in 2 and 3"),
    (lambda x: _squares(_colours(x)), "differences between colours only: neighbours are in 2 and 3"),
    (lambda x: total_variation(functional.pad(x, (1, 1, 1, 1))), PADDED),
    (lambda x: total_variation(functional.pad(x, (0, 1, 0, 1))), PADDED),
    (lambda x: _squares(x[..., 2:, :] - x[..., :-2, :], x[..., 2:] - x[..., :-2]), FAR),
    (lambda x: _squares(*_both(x), _diagonal(x)), "diagonal neighbours too: down and across are asked"),
    (lambda x: _squares(_diagonal(x)), "diagonal neighbours: down and across are asked"),
    (lambda x: _squares(_down(_down(x)), _across(_across(x))), "second differences were taken"),
    (lambda x: _squares(_down(x)) * _squares(_across(x)), "a product of both directions: the sum is asked"),
    (lambda x: _squares(_down(x)) - _squares(_across(x)), "the two directions are subtracted: add them"),
    (lambda x: _squares(sum(_cropped(x))), "both directions were added before squaring"),
    (lambda x: x.var() * x.numel(), "this is the spread about the mean (variance), not differences of neighbours"),
    (lambda x: x.square().sum(), "this is the sum of the squared pixels: take differences of neighbours"),
    (lambda x: sum(d.square().sum(dim=(2, 3)) for d in _both(x)), "one number for each colour: sum over them"),
]


def _detached(x: Tensor, places: tuple[str, ...]) -> Tensor:
    """Return the total variation in which these of each difference's two pixels are detached."""
    part = lambda place, pixels: pixels.detach() if place in places else pixels  # noqa: E731
    down = part("below", x[..., 1:, :]) - part("above", x[..., :-1, :])
    across = part("right", x[..., 1:]) - part("left", x[..., :-1])
    return down.square().sum() + across.square().sum()


ONE_NEIGHBOUR = "is that of one neighbour only: in a difference the other is detached"
ONE_WAY = {
    ("below", "above"): "is that of the differences across only: those down are detached",
    ("right", "left"): "is that of the differences down only: those across are detached",
}
VARIATION_GRADIENT = [
    (lambda x, places=places: _detached(x, places), ONE_WAY.get(places, ONE_NEIGHBOUR))
    for number in (1, 2, 3)
    for places in combinations(("below", "above", "right", "left"), number)
]
