"""Try an answer on inputs that tell answers apart, and say in one sentence what it did."""

from __future__ import annotations

import contextlib
import dis
import inspect
import math
import re
import warnings
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from stylekit.assets import suggest
from stylekit.checks import guard
from stylekit.checks.compare import as_numbers, close, error_of, name_thing, repeated, single, untouched, value_of
from stylekit.checks.diagnose import Results, name_crash, name_mistake
from stylekit.checks.flow import check_gradient
from stylekit.checks.tasks import SINGLE, TASKS, Task, changed
from stylekit.checks.verdict import NOT_ANSWERED, Verdict
from stylekit.errors import InputError

TORCHS_OWN = re.compile("implemented for|Could not run|required")  # a NotImplementedError that is no stub's
FINE = 1e-8  # relative error in float64: float32 leaves 6e-8 of each number


def check(task: str, answer) -> Verdict:
    """Return whether a function answers a task, and what it did if not.

    The tasks: content_loss(F, P), content_loss_gradient(F, P), gram_matrix(F), style_layer_loss(F, A) with A a Gram
    matrix of as many positions, style_layer_loss_gradient(F, A), style_loss(losses, weights), total_variation(x) and
    total_loss(content, style, alpha, beta). F and P have shape (N, M), x has (1, 3, H, W). `...` stands for a task
    not answered yet. Whatever the answer does, a Verdict comes back, after 10 seconds if the answer hangs.
    Raises InputError for an unknown task.
    """
    if not isinstance(task, str) or task not in TASKS:
        raise InputError(f"unknown task {task!r}{suggest(str(task), TASKS)}; there are {list(TASKS)}")
    task = TASKS[task]
    try:
        if answer is ... or _is_empty(answer):
            return Verdict(False, f"{NOT_ANSWERED}: write {task.signature}. As it stands it returns nothing (None)")
        with _own_settings():
            found = _judge(task, answer)
    except _NotAnswered:
        return Verdict(False, f"{NOT_ANSWERED}: write {task.signature} in place of the NotImplementedError")
    except Exception as crash:  # a result that crashes when it is looked at must not take the notebook with it
        found = f"the result cannot be judged: looking at it raised {type(crash).__name__}. Return a plain tensor"
    return Verdict(False, found) if isinstance(found, str) else Verdict(True, _praise(task, found))


def _praise(task: Task, error: float) -> str:
    to = " and ".join(task.arguments[: task.differentiable])
    flow = f"; the gradient flows back to {to}" if to else ""
    if error <= FINE:
        return f"right: {task.signature} is {task.equation}, in float32 and in float64{flow}"
    return (
        f"right: {task.signature} is {task.equation}, to {-math.log10(error):.0f} digits{flow}. Float64 has 15: does "
        "something turn into float32 (.float(), a new tensor without a dtype), or is it an approximation?"
    )


class _NotAnswered(Exception):
    """The answer raised NotImplementedError, as the stub of nbgrader does."""


@contextlib.contextmanager
def _own_settings() -> Iterator[None]:
    """Judge under torch's usual settings, whatever those of the notebook are, and leave its random numbers alone."""
    own_numbers, silence = torch.random.fork_rng(devices=[]), warnings.catch_warnings(action="ignore")
    with torch.inference_mode(False), torch.enable_grad(), torch.device("cpu"), own_numbers, silence:
        yield


def _is_empty(answer) -> bool:
    """Tell a function whose body is `...`, `pass` or a docstring: its bytecode only returns None."""
    if not inspect.isfunction(answer) or inspect.isgeneratorfunction(answer) or inspect.iscoroutinefunction(answer):
        return False
    harmless = {"RESUME", "NOP", "CACHE", "COPY_FREE_VARS", "LOAD_CONST", "RETURN_CONST", "RETURN_VALUE"}
    code = list(dis.get_instructions(answer))
    return {i.opname for i in code} <= harmless and all(i.argval is None for i in code if "CONST" in i.opname)


def _judge(task: Task, answer) -> str | float:
    """Return the sentence for the first thing that is wrong with an answer, or its relative error if nothing is."""
    wanted = f"expected a function {task.signature}, got"
    if inspect.isclass(answer):
        return f"{wanted} a class, {answer.__name__}: pass an object of it, or a function"
    if not callable(answer):
        return f"{wanted} {name_thing(answer)}: pass the function itself, not its result"
    cases, values = task.inputs(), []
    right = [value_of(task.function, case) for case in cases]
    for number, (case, expected) in enumerate(zip(cases, right, strict=True)):
        value, problem = _try(task, answer, case, again=number == 0)
        if problem:
            return problem
        if isinstance(value, str):
            return f"{value}. Expected {f'shape {tuple(expected.shape)}' if expected.dim() else 'one number'}"
        values.append(value if expected.dim() else single(value))
    results = Results(task, cases, values, right)
    if not all(results.agree):
        return name_mistake(results)
    flow = check_gradient(task, answer) if task.differentiable else 0.0
    if isinstance(flow, str):
        return flow
    return _check_batch(task, answer) or max(flow, *map(error_of, values[:-SINGLE], right))


def _check_batch(task: Task, answer: Callable) -> str:
    """Say if a function that is right for one image makes one Gram matrix for a whole batch; it may refuse a batch."""
    if task.name != "gram_matrix":
        return ""
    F = torch.stack([case[0] for case in task.inputs()[1:5:3]])  # (2, 5, 11)
    value = as_numbers(guard.call(answer, (F.clone(),)).value)
    rows, columns = F.flatten(0, 1), F.transpose(0, 1).flatten(1)
    if isinstance(value, Tensor) and any(close(value, whole @ whole.T) for whole in (rows, columns)):
        return "right for one image, but a batch (2, N, M) gets one Gram for the whole batch: make one per image"
    return ""


def _try(task: Task, answer: Callable, case: tuple, again: bool) -> tuple[Tensor | str, str]:
    """Call the answer on copies of a case, and once more on the same copies; return its value and what went wrong."""
    given = changed(case, Tensor.clone)
    outcome = guard.call(answer, given)
    value, problem = as_numbers(outcome.value), _misbehaved(task, outcome, case, given)
    if problem or not again:
        return value, problem
    second = guard.call(answer, given)
    if second.error or second.hung:
        trouble = _misbehaved(task, second, case, given)
        return value, f"the first call went well and a second with the same tensors did not: {trouble}"
    if not repeated(value, as_numbers(second.value)):
        return value, (
            "a second call with the same tensors gave another value: something is remembered between calls (a global "
            "variable, a list as default argument, gradients that add up in F.grad), or it is random"
        )
    return value, ""


def _misbehaved(task: Task, outcome: guard.Outcome, case: tuple, given: tuple) -> str:
    if outcome.hung:
        left = " It runs on in a thread that could not be stopped: restart the kernel to end it." * outcome.abandoned
        return f"it did not finish within {guard.LIMIT:g} seconds: does it hang in a loop that never ends?{left}"
    if isinstance(outcome.error, NotImplementedError) and not TORCHS_OWN.search(str(outcome.error)):
        raise _NotAnswered
    if outcome.error is not None:
        return name_crash(task, outcome.error, outcome.line, case)
    for name, before, after in zip(task.arguments, case, given, strict=True):
        if not untouched(before, after):
            return (
                f"the input was modified in place: {name} is not what it was before the call. Operations that end in "
                f"an underscore, += and assignments to {name}[...] change the caller's data: work on a copy"
            )
    if outcome.value is None:
        printed = " It printed something: did you print instead of return?" if outcome.printed else ""
        return f"the function returns nothing (None): is a `return` missing?{printed}"
    return ""
