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


@dataclass(frozen=True)
class Task:
    """A function to be written: its name, the equation, the right function, and the inputs it is tried on.

    `sizes` names what a factor may depend on and reads it off the arguments. `differentiable`: a gradient must flow
    from the result back to the first argument.
    """

    name: str
    equation: str
    signature: str
    function: Callable
    inputs: Callable[[], list[tuple]]
    sizes: Callable[..., dict[str, int]]
    differentiable: bool = False


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
    """Return the cases in float64, and the first two in float32 as well."""
    return cases + [in_dtype(case, torch.float32) for case in cases[:2]]


def in_dtype(case: tuple, dtype: torch.dtype) -> tuple:
    """Return a case with its tensors in another dtype, those in lists too; numbers stay."""
    return tuple(_in_dtype(thing, dtype) for thing in case)


def _in_dtype(thing, dtype):
    if isinstance(thing, list):
        return [_in_dtype(one, dtype) for one in thing]
    return thing.to(dtype) if isinstance(thing, Tensor) else thing


def _matrix(F: Tensor, *_) -> dict[str, int]:
    return {"N": F.shape[0], "M": F.shape[1]}


def _picture(x: Tensor) -> dict[str, int]:
    return {"H": x.shape[2], "W": x.shape[3]}


TASKS = {
    task.name: task
    for task in (
        Task("content_loss", "Eq. 1", "content_loss(F, P)", losses.content_loss, _two_responses, _matrix, True),
        Task(
            "content_loss_gradient",
            "Eq. 2",
            "content_loss_gradient(F, P)",
            losses.content_loss_gradient,
            _two_responses,
            _matrix,
        ),
        Task("gram_matrix", "Eq. 3", "gram_matrix(F)", losses.gram_matrix, _one_response, _matrix, True),
        Task(
            "style_layer_loss",
            "Eq. 4",
            "style_layer_loss(F, A)",
            losses.style_layer_loss,
            _response_and_gram,
            _matrix,
            True,
        ),
        Task(
            "style_loss",
            "Eq. 5",
            "style_loss(losses, weights)",
            losses.style_loss,
            _losses_and_weights,
            lambda values, weights: {"L": len(values)},
        ),
        Task(
            "style_layer_loss_gradient",
            "Eq. 6",
            "style_layer_loss_gradient(F, A)",
            losses.style_layer_loss_gradient,
            _response_and_gram,
            _matrix,
        ),
        Task(
            "total_loss",
            "Eq. 7",
            "total_loss(content, style, alpha, beta)",
            losses.total_loss,
            _contents_and_styles,
            lambda *_: {},
        ),
        Task(
            "total_variation",
            "the total variation",
            "total_variation(x)",
            losses.total_variation,
            _pictures,
            _picture,
        ),
    )
}
