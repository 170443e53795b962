"""Name what an answer did, from what came out of it."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from stylekit.checks.compare import CLOSE, SAME, close, error_of, ratio_of, same, value_of
from stylekit.checks.factors import name_factor, write_factor
from stylekit.checks.mistakes import MISTAKES, mistakes_of
from stylekit.checks.tasks import Task

MISFITS = (RuntimeError, ValueError, IndexError, TypeError)  # a formula that does not fit
# A pattern of an exception's text, the task it is for ("" for all), and a likely cause.
CRASHES = json.loads(Path(__file__).with_name("crashes.json").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Results:
    """What came of a task: its cases, the answer's values for them, and the right ones.

    `pairs` holds each value with the right one, `agree` whether they are close, `sizes` what a factor may depend on.
    """

    task: Task
    cases: list[tuple]
    values: list[Tensor]
    right: list[Tensor]

    @cached_property
    def pairs(self) -> list[tuple[Tensor, Tensor]]:
        return list(zip(self.values, self.right, strict=True))

    @cached_property
    def agree(self) -> list[bool]:
        return [close(*pair) for pair in self.pairs]

    @cached_property
    def sizes(self) -> list[dict[str, int]]:
        return [self.task.sizes(*case) for case in self.cases]

    def factor_to(self, others: list[Tensor]) -> tuple | None:
        """Return the factor (constant, exponents of the sizes) that makes the values of the others, or None."""
        ratios = [ratio_of(value, other) for value, other in zip(self.values, others, strict=True)]
        if None in ratios or len({math.copysign(1, ratio) for ratio in ratios}) > 1:
            return None
        logs = torch.tensor([math.log(abs(ratio)) for ratio in ratios], dtype=torch.float64)
        columns = [[1.0, *(math.log(n) for n in size.values())] for size in self.sizes]
        fit = torch.linalg.lstsq(torch.tensor(columns, dtype=torch.float64), logs[:, None]).solution[:, 0]
        exponents = [round(2 * e) / 2 for e in fit[1:].tolist()]
        powers = [math.prod(n**e for n, e in zip(size.values(), exponents, strict=True)) for size in self.sizes]
        constants = [ratio / power for ratio, power in zip(ratios, powers, strict=True)]
        constant = sum(constants) / len(constants)
        if max(abs(c - constant) for c in constants) > SAME * abs(constant):
            return None
        return (constant, *exponents)


def name_mistake(results: Results) -> str:
    """Return a sentence on results that are not the right ones: the first explanation that fits all of them."""
    known = (_always_the_same, _remembered, _factor_only, _known_mistake, _no_numbers, _where_wrong, _by_looks)
    sentences = (explain(results) for explain in (*known, _changing_factor, _first_difference))
    sentence = next(filter(None, sentences))
    return f"{results.task.signature}: {sentence.replace('{equation}', results.task.equation)}"


def _always_the_same(results: Results) -> str:
    values = results.values
    if not any(value.dim() for value in values) and all(value == values[0] for value in values):
        return f"the same number for every input, {values[0].item():.5g}: are the arguments used?"
    if not any(value.any() for value in values):
        return "the result is 0 for every input: are the arguments used?"
    return ""


def _remembered(results: Results) -> str:
    """Say if a result is the right one of an earlier case of the same shape."""
    for n, (value, expected) in enumerate(results.pairs):
        for earlier in results.right[:n]:
            if value.dim() and same(value, earlier) and not same(expected, earlier):
                return "this is the result of an earlier call with the same shapes: it is remembered between calls"
    return ""


def _factor_only(results: Results) -> str:
    factor = results.factor_to(results.right)
    return name_factor(results.task.name, factor, list(results.sizes[0])) if factor else ""


def _known_mistake(results: Results) -> str:
    """Return the sentence of a formula that gives just these results, or gives them up to a factor."""
    task, found = results.task, ""
    value, expected = results.pairs[0]
    wanted = tuple(expected.shape) or "a single number"
    other_shape = f" (the result has shape {tuple(value.shape)}, expected {wanted})" * (value.shape != expected.shape)
    for formula, sentence in MISTAKES.get(task.name, []) + mistakes_of(task.function, task.arguments):
        try:
            theirs = [value_of(formula, case) for case in results.cases]
        except MISFITS:
            continue
        if all(map(same, results.values, theirs)):
            return sentence + other_shape
        factor = None if found else results.factor_to(theirs)
        if factor:
            written = write_factor(factor, list(results.sizes[0]))
            times = "with the sign turned" if factor[0] == -1 else f"{written} times that"
            found = sentence + f" (the result is {times})" * bool(expected.dim()) + other_shape
    return found


def _no_numbers(results: Results) -> str:
    """Return a sentence on results of another shape, or with NaN in them."""
    if results.task.name == "style_loss" and all(value.dim() for value in results.values):
        shape = tuple(results.values[0].shape)
        return f"shape {shape}, expected one number: were the losses not summed, or the list repeated (`10 * losses`)?"
    for (value, expected), case in zip(results.pairs, results.cases, strict=True):
        if value.shape != expected.shape:
            wanted = tuple(expected.shape) or "a single number, shape ()"
            shapes = _shapes(results.task, case)
            return f"the result has shape {tuple(value.shape)}, expected {wanted}, for {shapes}"
        if not value.isfinite().all():
            what = "NaN" if value.isnan().any() else "infinite numbers"
            return f"the result holds {what}: a division by 0, a root of 0?"
    return ""


def _where_wrong(results: Results) -> str:
    """Return a sentence on arrays that are wrong in certain places only."""
    wrong = [(value - expected).abs() > CLOSE * expected.abs().max() for value, expected in results.pairs]
    if "gradient" in results.task.name:
        if all(not (w & (case[0] > 0)).any() for w, case in zip(wrong, results.cases, strict=True)):
            return "wrong only where F <= 0: there the mask makes the gradient 0"
        if all(not value[w].any() for value, w in zip(results.values, wrong, strict=True)):
            return "0 in places where F > 0: the mask is 1 wherever F > 0, and only there"
    if results.task.name == "gram_matrix":
        if all(torch.equal(w, torch.diag(w.diag())) for w in wrong):
            return "wrong only on the diagonal, i = j"
        if not any(w.diag().any() for w in wrong):
            return "wrong only off the diagonal: i and j different"
    return ""


def _by_looks(results: Results) -> str:
    """Return a sentence on what else can be seen in the results without a formula."""
    errors = [error_of(*pair) for pair in results.pairs]
    lost = [not value.any() for value in results.values]  # the smallest numbers may be lost altogether
    if any(CLOSE < e <= 2e-2 for e in errors) and all(e <= 2e-2 or gone for e, gone in zip(errors, lost, strict=True)):
        return (
            "close, but to few digits only: half precision, rounding, something small added, or too wide a step of a "
            "finite difference?"
        )
    if results.task.name == "total_loss":
        terms = torch.stack([torch.stack(case[:2]).double() for case in results.cases])
        values = torch.stack(results.values)
        fit = torch.linalg.lstsq(terms, values[:, None]).solution[:, 0]
        if same(terms @ fit, values):
            a, b = fit.tolist()
            return f"alpha and beta are not used: fixed weights, {a:.4g} for the content and {b:.4g} for the style"
    if all(bool((value == value.round()).all()) for value in results.values):
        return "the result holds whole numbers only: was something rounded or made an integer?"
    if all(same(value.abs(), expected.abs()) for value, expected in results.pairs):
        return "right but for signs: some are turned"
    return ""


def _changing_factor(results: Results) -> str:
    ratios = [ratio_of(*pair) for pair in results.pairs]
    if None in ratios or not results.values[0].dim():
        return ""
    sizes = [", ".join(f"{name} = {n}" for name, n in size.items()) for size in results.sizes]
    listed = ", ".join(f"{ratio:.3g} at {size}" for ratio, size in list(zip(ratios, sizes, strict=True))[:4])
    return f"right up to a factor that changes from input to input ({listed}): a divisor that does not belong?"


def _first_difference(results: Results) -> str:
    """Return where a result first differs from the right one, and on which kind of input."""
    index, shapes = results.agree.index(False), [_shapes(results.task, case) for case in results.cases]
    (value, expected), case, some = results.pairs[index], results.cases[index], ""
    good = {shape for shape, ok in zip(shapes, results.agree, strict=True) if ok}
    if shapes[index] in good:
        some = "right for some numbers but not for others: is there a threshold, a clamp, a dtype? "
    elif good:
        some = f"right for some inputs ({good.pop()}) but not for others: is a size written as a number? "
    if not expected.dim():
        return f"{some}expected {expected.item():.5g} and got {value.item():.5g}, for {shapes[index]}"
    place = tuple(int(n) for n in torch.unravel_index((value - expected).abs().argmax(), expected.shape))
    alike = ", ".join(
        f"{name} is {thing[place].item():.3g}"
        for name, thing in zip(results.task.arguments, case, strict=True)
        if isinstance(thing, Tensor) and thing.shape == expected.shape
    )
    at = f"at {list(place)}{f', where {alike},' if alike else ''}"
    return f"{some}{at} expected {expected[place].item():.5g} and got {value[place].item():.5g}"


def name_crash(task: Task, error: BaseException, line: int | None, case: tuple) -> str:
    """Return a sentence on an exception that an answer raised: what, where, for which input, and a likely cause."""
    text = f"{type(error).__name__}: {_text(error)}".strip().rstrip(":").split("\n")[0]
    place = f" in line {line} of its file or cell" if line else ""
    hints = [hint for pattern, tasks, hint in CRASHES if re.search(pattern, text) and tasks in ("", task.name)]
    filled = {"input": task.arguments[0], "signature": task.signature, "shapes": _shapes(task, case)}
    hint = f". {hints[0].format(**filled)}" if hints else ""
    kind = case[0][0] if isinstance(case[0], list) else case[0]
    return f"the function raised {text}{place}, for {_shapes(task, case)} in {str(kind.dtype).split('.')[1]}{hint}"


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # an exception of the answer's own, whose text crashes too
        return ""


def _shapes(task: Task, case: tuple) -> str:
    words = []
    for name, thing in zip(task.arguments, case, strict=True):
        if isinstance(thing, Tensor):
            words.append(f"{name} of shape {tuple(thing.shape)}" if thing.dim() else f"{name} = {thing.item():.3g}")
        else:
            words.append(f"{len(thing)} {name}" if isinstance(thing, list) else f"{name} = {thing}")
    return ", ".join(words)
