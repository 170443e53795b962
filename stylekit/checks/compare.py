"""Read results as numbers, and compare them."""

from __future__ import annotations

import numbers
from collections.abc import Callable
from decimal import Decimal

import torch
from torch import Tensor

from stylekit.checks.tasks import in_dtype

CLOSE = 2e-5  # of the largest entry: what still counts as right, for an answer may compute in float32 inside
SAME = 1e-4  # of the largest entry: how well a formula must agree with what it explains
KINDS = {  # of Python objects, in words, for a student: what it is, and how it may have come about
    "NoneType": "nothing (None)",
    "str": "text (a string)",
    "tuple": "a tuple (is there a comma too many, or is autograd.grad without its [0]?)",
    "list": "a list",
    "dict": "a dictionary",
    "generator": "a generator: `yield` stands where `return` should",
    "coroutine": "a coroutine: leave out `async`",
    "function": "a function: is a call missing, f(...)?",
    "complex": "a complex number",
    "type": "a class",
}


def value_of(function: Callable, case: tuple) -> Tensor:
    """Return what a formula gives for a case, computed in float64 of the numbers as given."""
    return single(torch.as_tensor(function(*in_dtype(case, torch.float64)), dtype=torch.float64))


def single(value: Tensor) -> Tensor:
    """Return a single number without dimensions: (1,) and (1, 1) are one number too."""
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


def name_thing(value: object) -> str:
    """Return a Python object in words."""
    kind = type(value).__name__
    if kind == "coroutine":
        value.close()  # or Python warns that it was never awaited
    if isinstance(value, (int, float)):
        return f"a Python number ({kind})"
    return KINDS.get(kind, f"an object of type {kind}")


def close(value: Tensor, expected: Tensor) -> bool:
    """Tell whether a result is right, up to rounding in float32."""
    return value.shape == expected.shape and error_of(value, expected) <= CLOSE


def error_of(value: Tensor, expected: Tensor) -> float:
    """Return the largest difference, as a part of the largest entry."""
    return ((value - expected).abs().max() / expected.abs().max()).item()


def same(value: Tensor, other: Tensor) -> bool:
    """Tell whether a result is what a formula gives; a formula that gives nothing but NaN explains nothing."""
    value, other = single(value), single(other)
    if value.shape != other.shape or other.isinf().any() or other.isnan().all():
        return False
    if not torch.equal(value.isnan(), other.isnan()):
        return False
    value, other = value.nan_to_num(), other.nan_to_num()
    return bool(((value - other).abs() <= SAME * other.abs().max() + 1e-300).all())


def ratio_of(value: Tensor, other: Tensor) -> float | None:
    """Return r where value = r other, or None."""
    if value.shape != other.shape or not other.any() or not value.isfinite().all() or not other.isfinite().all():
        return None
    ratio = ((value * other).sum() / other.square().sum()).item()
    return ratio if ratio and same(value, ratio * other) else None


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
