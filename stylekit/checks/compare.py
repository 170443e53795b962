"""Copy inputs, read results as numbers, and compare them."""

from __future__ import annotations

import numbers
from decimal import Decimal

import torch
from torch import Tensor

from stylekit.checks.diagnose import CLOSE, name_thing
from stylekit.checks.tasks import Task, changed, in_dtype


def copied(case: tuple) -> tuple:
    """Return copies of a case's tensors and lists."""
    return changed(case, Tensor.clone)


def right_value(task: Task, case: tuple) -> Tensor:
    """Return the right value in float64, of the numbers as given."""
    value = task.function(*in_dtype(case, torch.float64))
    return value.reshape(()) if value.numel() == 1 else value


def as_numbers(value) -> Tensor | str:
    """Return a result as a float64 tensor, or a phrase that says what it is if it is no array of real numbers."""
    try:
        of_rows = isinstance(value, tuple) and all(isinstance(row, Tensor) and row.dim() == 1 for row in value)
        if isinstance(value, list) or of_rows:
            rows = [as_numbers(row) for row in value]
            return next((row for row in rows if isinstance(row, str)), None) or torch.stack(rows)
        if isinstance(value, (numbers.Real, Decimal)):
            value = torch.tensor(float(value), dtype=torch.float64)
        elif type(value).__module__ == "numpy":
            value = torch.as_tensor(value)
        if not isinstance(value, Tensor):
            return f"the function returns {name_thing(value)}"
        if value.is_complex():
            return "the function returns complex numbers: take the real part, or find where they come from"
        if value.dtype == torch.bool:
            return "the function returns True and False: a comparison stands where numbers are expected"
        return value.detach().to("cpu", torch.float64).to_dense().clone()
    except Exception:  # a list of unequal rows, an object that only looks like an array
        return f"the function returns {name_thing(value)} that is no array of numbers"


def shaped(value: Tensor, expected: Tensor) -> Tensor:
    """Return a single number without dimensions if that is what is expected: (1,) and (1, 1) are one number too."""
    return value.reshape(()) if expected.dim() == 0 and value.numel() == 1 else value


def close(value: Tensor, expected: Tensor) -> bool:
    """Tell whether a result is right, up to rounding in float32."""
    return value.shape == expected.shape and error_of(value, expected) <= CLOSE


def error_of(value: Tensor, expected: Tensor) -> float:
    """Return the largest difference, as a part of the largest entry."""
    return ((value - expected).abs().max() / expected.abs().max()).item()


def untouched(before, after) -> bool:
    """Tell whether an input is what it was: type, shape and every number."""
    if isinstance(before, list):
        return isinstance(after, list) and len(before) == len(after) and all(map(untouched, before, after))
    if isinstance(before, Tensor):
        alike = isinstance(after, Tensor) and (before.dtype, before.shape) == (after.dtype, after.shape)
        return alike and torch.equal(before, after.detach())
    return not isinstance(after, Tensor) and before == after


def repeated(first: Tensor | str, second: Tensor | str) -> bool:
    """Tell whether two calls gave the same result, up to the order of a sum (NaN is NaN)."""
    if isinstance(first, Tensor) and isinstance(second, Tensor):
        return first.shape == second.shape and torch.allclose(first, second, rtol=1e-6, atol=0, equal_nan=True)
    return type(first) is type(second) and not isinstance(first, Tensor)
