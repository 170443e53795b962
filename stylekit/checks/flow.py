"""Whether a gradient flows back through an answer, and the right one."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from stylekit.checks import guard
from stylekit.checks.compare import close, error_of, name_thing, ratio_of, same
from stylekit.checks.diagnose import name_crash
from stylekit.checks.mistakes import GRADIENTS
from stylekit.checks.tasks import Task, changed

CUTS = {  # the functions of torch that end a gradient, and what each does
    "item": ".item() takes a plain number out of a tensor",
    "__float__": "float() takes a plain number out of a tensor, and so does math",
    "tolist": ".tolist() takes plain numbers out of a tensor",
    "numpy": "Numpy knows no gradients, stay with torch",
    "__array__": "Numpy knows no gradients, stay with torch",
    "tensor": "torch.tensor(...) makes a new tensor, which does not know where its numbers came from",
    "new_tensor": ".new_tensor(...) makes a new tensor, which does not know where its numbers came from",
    "detach": ".detach() cuts the gradient off",
    "detach_": ".detach_() cuts the gradient off",
    "data": ".data cuts the gradient off",
    "_set_grad_enabled": "no_grad cuts the gradient off",
}


class _Seen(TorchFunctionMode):
    """Notes which functions that end a gradient an answer calls."""

    def __init__(self) -> None:
        super().__init__()
        self.cuts = {}  # used as a set that keeps its order

    def __torch_function__(self, function, types, args=(), kwargs=None):
        name = function.__name__
        name = function.__self__.__name__ if name == "__get__" else name  # an attribute, such as .data
        if name in CUTS:
            self.cuts[CUTS[name]] = True
        return function(*args, **(kwargs or {}))


def check_gradient(task: Task, answer: Callable) -> str | float:
    """Return what is wrong with the gradient that flows back to a task's first arguments, or its relative error."""
    case, seen = task.inputs()[0], _Seen()
    given, inputs = _with_gradients(task, case)
    outcome = guard.call(answer, given, watch=seen)
    value = outcome.value
    if isinstance(value, (list, tuple)) and value and isinstance(value[0], Tensor):
        return "the values are right, but they are a list, not one tensor: torch.stack makes one, gradients and all"
    if outcome.hung or not (isinstance(value, Tensor) and value.requires_grad):
        return _name_lost(task, list(inputs), seen, _reason(task, outcome, case))
    reference, theirs = _with_gradients(task, case)
    right = task.function(*reference)
    weights = torch.randn(right.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    weights = weights + weights.T if right.numel() > 1 else 1  # symmetric as G, so that half a gradient shows as half
    expected = torch.autograd.grad((right * weights).sum(), list(theirs.values()))
    total = (value.reshape(right.shape) * weights).sum()
    back = guard.call(lambda: torch.autograd.grad(total, list(inputs.values()), allow_unused=True), ())
    if back.error is not None or back.hung:
        return f"the value is right, but its gradient cannot be computed: {back.error or 'the way back hangs'}"
    return _compare(task, inputs, back.value, expected, seen)


def _with_gradients(task: Task, case: tuple) -> tuple[tuple, dict[str, Tensor]]:
    """Return copies of a case's arguments, and those that ask for a gradient, by name: F, losses[0], losses[1], ..."""
    given, inputs = changed(case, Tensor.clone), {}
    for name, thing in zip(task.arguments[: task.differentiable], given, strict=False):
        several = {f"{name}[{n}]": one for n, one in enumerate(thing)} if isinstance(thing, list) else {name: thing}
        inputs |= {name: one.requires_grad_(True) for name, one in several.items()}
    return given, inputs


def _compare(task: Task, inputs: dict[str, Tensor], found: tuple, expected: tuple, seen: _Seen) -> str | float:
    lost = [name for name, gradient in zip(inputs, found, strict=True) if gradient is None or not gradient.any()]
    if lost:
        return _name_lost(task, list(inputs), seen, "is a part detached?", lost)
    for (name, thing), mine, right in zip(inputs.items(), found, expected, strict=True):
        if not close(mine, right):
            return f"the value is right, but the gradient that flows back to {name} {_name(task, thing, mine, right)}"
    return max(map(error_of, found, expected))


def _name_lost(task: Task, names: list[str], seen: _Seen, otherwise: str, lost: list[str] | None = None) -> str:
    whole = lost is None or lost == names
    to = " and ".join(task.arguments[: task.differentiable] if whole else lost)
    return f"the value is right, but no gradient flows back to {to}: {'; '.join(seen.cuts) or otherwise}"


def _reason(task: Task, outcome: guard.Outcome, case: tuple) -> str:
    """Return why a result has no gradient, where no function is known that ended it."""
    if outcome.hung:
        return "asked for one, the function does not finish"
    if outcome.error is not None:
        return f"asked for one, {name_crash(task, outcome.error, outcome.line, case)}"
    if isinstance(outcome.value, Tensor):
        return "is something detached, or under inference_mode?"
    return f"the result is {name_thing(outcome.value)}, no tensor"


def _name(task: Task, thing: Tensor, mine: Tensor, right: Tensor) -> str:
    """Return what is wrong with the gradient by one argument."""
    ratio = ratio_of(mine, right)
    if ratio is not None and abs(ratio) > 1e-6:
        return f"is {ratio:.3g} times the right one" + ": is it detached in one of two places?" * (
            abs(ratio - 0.5) < 1e-3
        )
    if mine.isnan().any():
        return "is NaN: a root of 0, or a division by 0?"
    if same(mine, right * (thing.detach() > 0)):
        return "is masked: leave the mask to the network's ReLU"
    for function, sentence in GRADIENTS.get(task.name, []):
        leaf = thing.detach().requires_grad_(True)
        if same(mine, torch.autograd.grad(function(leaf), leaf)[0]):
            return sentence
    return "is not: is a part of it detached (.detach(), .data)?"
