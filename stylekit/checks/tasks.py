"""The tasks: what each asks for, the inputs that tell answers apart, and the right function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from stylekit import losses

# Filters, positions, size of the numbers: neither square nor all wide, one shape twice, small and large numbers, so
# that a fixed size, a remembered result, a threshold and an added epsilon all show.
RESPONSES = ((3, 7, 1.0), (5, 11, 1.0), (4, 6, 10.0), (7, 3, 3.0), (5, 11, 0.001))
PICTURES = ((5, 7), (4, 9), (7, 3), (5, 7))  # height, width
LAYERS = (3, 5, 2, 5)  # losses in a list
SINGLE = 2  # so many cases, the last, are in float32


@dataclass(frozen=True)
class Task:
    """A function to be written: how it is called, the equation, the inputs it is tried on.

    The right function is that of the same name in `stylekit.losses`. `sizes` names what a factor may depend on and
    reads it off the arguments. `differentiable` says to how many of the arguments, from the first, a gradient must flow
    back from the result.
    """

    signature: str
    equation: str
    inputs: Callable[[], list[tuple]]
    sizes: Callable[..., dict[str, int]]
    differentiable: int = 0

    @property
    def name(self) -> str:
        return self.signature.split("(")[0]

    @property
    def arguments(self) -> list[str]:
        return self.signature.split("(")[1].rstrip(")").split(", ")

    @property
    def function(self) -> Callable:
        return getattr(losses, self.name)


def _random(*shape: int, seed: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def _responses(N: int, M: int, size: float, seed: int) -> Tensor:
    """Return numbers of both signs, one in six exactly zero."""
    F = _random(N, M, seed=seed)
    F.view(-1)[seed % 6 :: 6] = 0
    return F * size


def _two_responses() -> list[tuple]:
    pairs = [(_responses(*shape, seed=n), _responses(*shape, seed=n + 100)) for n, shape in enumerate(RESPONSES)]
    return _both_dtypes(pairs)


def _one_response() -> list[tuple]:
    return [(F,) for F, _ in _two_responses()]


def _response_and_gram() -> list[tuple]:
    return [(F, losses.gram_matrix(P)) for F, P in _two_responses()]


def _losses_and_weights() -> list[tuple]:
    """Return lists in which neither the first nor the last layer is the largest or the smallest."""
    cases = []
    for n, layers in enumerate(LAYERS):
        values, weights = _random(layers, seed=n).exp().sort().values, _random(layers, seed=n + 100).exp().sort().values
        values, weights = values.roll(1).roll(layers // 2), (2 * weights).roll(layers // 2)
        cases.append(([value.clone() for value in values], [round(weight, 3) for weight in weights.tolist()]))
    return _both_dtypes(cases)


def _pictures() -> list[tuple]:
    return _both_dtypes([(_random(1, 3, *shape, seed=n) * 2 + 0.5,) for n, shape in enumerate(PICTURES)])


def _contents_and_styles() -> list[tuple]:
    numbers = [(_random(4, seed=n) * 2).exp() for n in range(5)]
    return _both_dtypes([(c.clone(), s.clone(), round(a.item(), 3), round(b.item(), 3)) for c, s, a, b in numbers])


def _both_dtypes(cases: list[tuple]) -> list[tuple]:
    """Return the cases in float64, and the first few in float32 as well."""
    return cases + [in_dtype(case, torch.float32) for case in cases[:SINGLE]]


def in_dtype(case: tuple, dtype: torch.dtype) -> tuple:
    """Return a case with its tensors in another dtype."""
    return changed(case, lambda tensor: tensor.to(dtype))


def changed(case: tuple, change: Callable[[Tensor], Tensor]) -> tuple:
    """Return a case with a change made to its tensors, those in lists too; lists are copied, numbers stay."""

    def one(thing):
        if isinstance(thing, list):
            return [one(each) for each in thing]
        return change(thing) if isinstance(thing, Tensor) else thing

    return tuple(map(one, case))


def _matrix(F: Tensor, *_) -> dict[str, int]:
    return {"N": F.shape[0], "M": F.shape[1]}


TASKS = {
    task.name: task
    for task in (
        Task("content_loss(F, P)", "Eq. 1", _two_responses, _matrix, 1),
        Task("content_loss_gradient(F, P)", "Eq. 2", _two_responses, _matrix),
        Task("gram_matrix(F)", "Eq. 3", _one_response, _matrix, 1),
        Task("style_layer_loss(F, A)", "Eq. 4", _response_and_gram, _matrix, 1),
        Task(
            "style_loss(losses, weights)", "Eq. 5", _losses_and_weights, lambda losses, weights: {"L": len(losses)}, 1
        ),
        Task("style_layer_loss_gradient(F, A)", "Eq. 6", _response_and_gram, _matrix),
        Task("total_loss(content, style, alpha, beta)", "Eq. 7", _contents_and_styles, lambda *_: {}, 2),
        Task("total_variation(x)", "the total variation", _pictures, lambda x: {"H": x.shape[2], "W": x.shape[3]}, 1),
    )
}
