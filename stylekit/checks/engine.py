"""Try an answer on inputs that tell answers apart, and say in one sentence what it did."""

from __future__ import annotations

import difflib
import dis
import inspect
import numbers
import warnings
from collections.abc import Callable
from decimal import Decimal

import torch
from torch import Tensor

from stylekit.checks import guard
from stylekit.checks.diagnose import name_crash, name_gradient, name_mistake, name_thing
from stylekit.checks.tasks import TASKS, Task
from stylekit.checks.verdict import NOT_ANSWERED, Verdict

CLOSE = 2e-5  # of the largest entry: an answer may compute in float32 inside


def check(task: str, answer) -> Verdict:
    """Return whether a function answers a task, and what it did if not.

    The tasks: content_loss(F, P), content_loss_gradient(F, P), gram_matrix(F), style_layer_loss(F, A) with A a Gram
    matrix of as many positions, style_layer_loss_gradient(F, A), style_loss(losses, weights), total_variation(x) and
    total_loss(content, style, alpha, beta). F and P have shape (N, M), x has (1, 3, H, W). `...` stands for a task
    not answered yet. Whatever the answer does, a Verdict comes back, after 10 seconds if the answer hangs.
    Raises ValueError for an unknown task.
    """
    if task not in TASKS:
        near = difflib.get_close_matches(str(task), TASKS, 1)
        raise ValueError(
            f"unknown task {task!r}{f': did you mean {near[0]!r}?' if near else ''}; there are {list(TASKS)}"
        )
    task = TASKS[task]
    try:
        if answer is ... or _is_empty(answer):
            return Verdict(False, f"{NOT_ANSWERED}: write {task.signature}. As it stands it returns nothing (None)")
        with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            problem = _first_problem(task, answer)
    except _NotAnswered:
        return Verdict(False, f"{NOT_ANSWERED}: write {task.signature} in place of the NotImplementedError")
    except Exception as error:  # a result that crashes when it is looked at must not take the notebook with it
        problem = f"the result cannot be judged: looking at it raised {type(error).__name__}. Return a plain tensor"
    if problem:
        return Verdict(False, problem)
    flow = "; the gradient flows back to F" if task.differentiable else ""
    return Verdict(True, f"right: {task.signature} is {task.equation}, in float32 and in float64{flow}")


class _NotAnswered(Exception):
    """The answer raised NotImplementedError, as the stub of nbgrader does."""


def _is_empty(answer) -> bool:
    """Tell a function whose body is `...`, `pass` or a docstring: its bytecode only returns None."""
    if not inspect.isfunction(answer) or inspect.isgeneratorfunction(answer) or inspect.iscoroutinefunction(answer):
        return False
    harmless = {"RESUME", "NOP", "CACHE", "COPY_FREE_VARS", "LOAD_CONST", "RETURN_CONST", "RETURN_VALUE"}
    code = list(dis.get_instructions(answer))
    return {i.opname for i in code} <= harmless and all(i.argval is None for i in code if "CONST" in i.opname)


def _first_problem(task: Task, answer) -> str:
    """Return the sentence for the first thing that is wrong with an answer, or "" if nothing is."""
    if inspect.isclass(answer):
        return (
            f"expected a function {task.signature}, got a class, {answer.__name__}: pass an object of it, or a function"
        )
    if not callable(answer):
        return (
            f"expected a function {task.signature}, got {name_thing(answer)}: pass the function itself, not its result"
        )
    cases, values = task.inputs(), []
    for number, case in enumerate(cases):
        value, problem = _try(task, answer, case, again=number == 0)
        if problem:
            return problem
        values.append(value)
    right = [_right(task, case) for case in cases]
    raw, values = values, [_as_numbers(value) for value in values]
    for value, expected in zip(values, right, strict=True):
        if isinstance(value, str):
            return f"{value}; expected {_expected(task, expected)}"
    agree = [_close(_shaped(value, expected), expected) for value, expected in zip(values, right, strict=True)]
    if not all(agree):
        shaped = [_shaped(value, expected) for value, expected in zip(values, right, strict=True)]
        return name_mistake(task, cases, shaped, right, agree)
    return (_check_gradient(task, answer, raw) if task.differentiable else "") or _check_batch(task, answer)


def _check_batch(task: Task, answer: Callable) -> str:
    """Say if a function that is right for one image makes one Gram matrix for a whole batch; it may refuse a batch."""
    if task.name != "gram_matrix":
        return ""
    F = torch.stack([case[0] for case in task.inputs()[1:5:3]])  # (2, 5, 11)
    value = _as_numbers(guard.call(answer, (F.clone(),)).value)
    rows, columns = F.flatten(0, 1), F.transpose(0, 1).flatten(1)
    if isinstance(value, Tensor) and any(_close(value, whole @ whole.T) for whole in (rows, columns)):
        return "right for one image, but a batch (2, N, M) gets one Gram for the whole batch: make one per image"
    return ""


def _try(task: Task, answer: Callable, case: tuple, again: bool) -> tuple[object, str]:
    """Call the answer on copies of a case, and once more on the same copies; return its value and what went wrong."""
    given = _copy(case)
    outcome = guard.call(answer, given)
    problem = _misbehaved(task, outcome, case, given)
    if problem or not again:
        return outcome.value, problem
    first = _as_numbers(outcome.value)
    second = guard.call(answer, given)
    if second.error or second.hung:
        return None, "the first call went well and a second with the same tensors did not: " + (
            _misbehaved(task, second, case, given)
        )
    if not _equal(first, _as_numbers(second.value)):
        return None, (
            "a second call with the same tensors gave another value: something is remembered between calls (a global "
            "variable, a list as default argument, gradients that add up in F.grad), or it is random"
        )
    return outcome.value, ""


def _misbehaved(task: Task, outcome: guard.Outcome, case: tuple, given: tuple) -> str:
    if outcome.hung:
        left = " It runs on in a thread that could not be stopped: restart the kernel to end it." * outcome.abandoned
        return f"it did not finish within {guard.LIMIT:g} seconds: does it hang in a loop that never ends?{left}"
    if isinstance(outcome.error, NotImplementedError):
        raise _NotAnswered
    if outcome.error is not None:
        return name_crash(task, outcome.error, outcome.line, case)
    for name, before, after in zip(inspect.signature(task.function).parameters, case, given, strict=False):
        if not _equal(before, after):
            return (
                f"the input was modified in place: {name} is not what it was before the call. Operations that end in "
                f"an underscore, += and assignments to {name}[...] change the caller's data: work on a copy"
            )
    if outcome.value is None:
        printed = " It printed something: did you print instead of return?" if outcome.printed else ""
        return f"the function returns nothing (None): is a `return` missing?{printed}"
    return ""


def _check_gradient(task: Task, answer: Callable, values: list) -> str:
    """Return what is wrong with the gradient that flows from the result back to F."""
    broken = "no gradient flows back to F: a detach, .data, .item(), float(), no_grad or numpy round trip?"
    if not isinstance(values[0], Tensor):
        return f"the value is right, but it is {name_thing(values[0])}, not a tensor: {broken}"
    case = task.inputs()[0]
    given, reference = _copy(case), _copy(case)
    given[0].requires_grad_(True)
    outcome = guard.call(answer, given)
    if outcome.error is not None:
        return f"the value is right, but {broken} ({name_crash(task, outcome.error, outcome.line, case)})"
    if not (isinstance(outcome.value, Tensor) and outcome.value.requires_grad):
        return f"the value is right, but {broken}"
    right = task.function(reference[0].requires_grad_(True), *reference[1:])
    weights = torch.randn(right.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    weights = weights + weights.T if right.dim() else weights  # symmetric as G, so that half a gradient shows as half
    try:
        total = (outcome.value.reshape(right.shape) * weights).sum()
        (found,) = torch.autograd.grad(total, given[0], allow_unused=True)
    except RuntimeError as error:
        return f"the value is right, but its gradient cannot be computed: {error}".split("\n")[0]
    (expected,) = torch.autograd.grad((right * weights).sum(), reference[0])
    if found is None:
        return f"the value is right, but {broken}"
    return "" if _close(found.double(), expected) else name_gradient(found.double(), expected, given[0].detach())


def _copy(case: tuple) -> tuple:
    return tuple(_copied(thing) for thing in case)


def _copied(thing):
    if isinstance(thing, list):
        return [_copied(one) for one in thing]
    return thing.clone() if isinstance(thing, Tensor) else thing


def _right(task: Task, case: tuple) -> Tensor:
    """Return the right value in float64, of the numbers as given."""
    exact = [
        [v.double() for v in thing] if isinstance(thing, list) and isinstance(thing[0], Tensor) else thing
        for thing in (t.double() if isinstance(t, Tensor) else t for t in case)
    ]
    value = task.function(*exact)
    return value.reshape(()) if value.numel() == 1 else value


def _as_numbers(value) -> Tensor | str:
    """Return a result as a float64 tensor, or a phrase that says what it is if it is no array of real numbers."""
    try:
        rows = isinstance(value, tuple) and all(isinstance(row, Tensor) and row.dim() == 1 for row in value)
        if isinstance(value, list) or rows:
            rows = [_as_numbers(row) for row in value]
            return next((row for row in rows if isinstance(row, str)), None) or torch.stack(rows)
        if isinstance(value, (numbers.Real, Decimal)):
            value = torch.tensor(float(value), dtype=torch.float64)
        elif type(value).__module__ == "numpy":
            value = torch.as_tensor(value)
        if not isinstance(value, Tensor):
            return f"the function returns {name_thing(value)}"
        if value.is_complex():
            return "the function returns complex numbers: take the real part, or find where they come from"
        return value.detach().to("cpu", torch.float64).to_dense().clone()
    except Exception:  # a list of unequal rows, an object that only looks like an array
        return f"the function returns {name_thing(value)} that is no array of numbers"


def _shaped(value: Tensor, expected: Tensor) -> Tensor:
    """Return a single number without dimensions if that is what is expected: (1,) and (1, 1) are one number too."""
    return value.reshape(()) if expected.dim() == 0 and value.numel() == 1 else value


def _close(value: Tensor, expected: Tensor) -> bool:
    if value.shape != expected.shape:
        return False
    return bool(((value - expected).abs() <= CLOSE * expected.abs().max()).all())


def _equal(one, other) -> bool:
    """Tell whether two inputs or results are the same to the last digit (NaN is NaN)."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    if isinstance(one, Tensor) and isinstance(other, Tensor):
        return one.shape == other.shape and torch.allclose(
            one.detach(), other.detach(), rtol=1e-6, atol=0, equal_nan=True
        )
    return not isinstance(one, Tensor) and not isinstance(other, Tensor) and one == other


def _expected(task: Task, expected: Tensor) -> str:
    return f"a tensor of shape {tuple(expected.shape)}" if expected.dim() else "one number"
