"""Name what an answer did, from what came out of it."""

from __future__ import annotations

import math
import re

import torch
from torch import Tensor

from stylekit.checks.factors import name_factor, write_factor
from stylekit.checks.mistakes import MISTAKES, mistakes_of
from stylekit.checks.tasks import Task, in_dtype

CLOSE = 2e-5  # of the largest entry: what still counts as right, for an answer may compute in float32 inside
SAME = 1e-4  # of the largest entry: how well a formula must agree with what it explains

MISFITS = (RuntimeError, ValueError, IndexError, TypeError)  # a formula that does not fit
UNPACKING = r"values to unpack|too many indices|Dimension out of range"
BATCH = "A batch needs one Gram matrix per image, never one Gram for the whole batch"
DTYPES = "Two dtypes met: a new tensor takes torch's float32 unless it is told dtype={input}.dtype"
REPEATED = "A list times a number repeats the list, `10 * losses`: multiply each loss by its weight"
FIT = "Do the shapes fit? {shapes}"
SHAPES = r"size of tensor|cannot be multiplied|must match|size mismatch|shapes?\b"

CRASHES = (  # a pattern of the exception's text, the task it is for ("" for all), and a likely cause
    (UNPACKING, "gram_matrix", "F has two dimensions here, one row per filter: no batch, height or width. " + BATCH),
    (UNPACKING, "", "Mind the dimensions: {shapes}"),
    (r"expected scalar type|dtype|Float but found Double|Double but found Float", "", DTYPES),
    (r"Inplace|in-place|leaf Variable", "", "An input is changed in place: work on a copy"),
    (r"numpy\(\) on Tensor", "", "Numpy knows no gradients: stay with torch"),
    (r"does not require grad", "", "Autograd wants a tensor that requires one: F.detach().clone().requires_grad_()"),
    (r"positional argument|unexpected keyword", "", "It is called as {signature}"),
    (r"multiply sequence|repeat", "style_loss", REPEATED),
    (SHAPES, "style_layer_loss_gradient", "The shapes do not fit: (G - A) @ F is N x N times N x M, matrices"),
    (
        SHAPES,
        "style_layer_loss",
        "The shapes do not fit: A is N x N and a Gram matrix already; G is F @ F.T, not F.T @ F",
    ),
    (r"size of tensor|cannot be multiplied|must match|size mismatch|invalid for input|view", "", FIT),
    (r"maximum recursion", "", "The function calls itself without end (recursion)"),
    (r"is not defined|referenced before", "", "A name that the function does not know"),
)


def name_mistake(task: Task, cases: list, values: list[Tensor], right: list[Tensor], agree: list[bool]) -> str:
    """Return a sentence on results that are not the right ones: the first explanation that fits all of them."""
    sizes = [task.sizes(*case) for case in cases]
    about = f"{task.signature}: "
    for explain in (_always_the_same, _remembered, _factor_only, _known_mistake, _no_numbers, _where_wrong, _by_looks):
        sentence = explain(task, cases, values, right, sizes)
        if sentence:
            return about + sentence.replace("{equation}", task.equation)
    ratios = [ratio_of(value, expected) for value, expected in zip(values, right, strict=True)]
    if None not in ratios and values[0].dim():
        listed = ", ".join(f"{ratio:.3g} at {_sizes(size)}" for ratio, size in zip(ratios[:4], sizes, strict=False))
        return (
            f"{about}right up to a factor that changes from input to input ({listed}): a divisor that does not belong?"
        )
    return about + _first_difference(task, cases, values, right, agree)


def _always_the_same(task, cases, values, right, sizes):
    if not any(value.dim() for value in values) and all(value == values[0] for value in values):
        return f"the same number for every input, {values[0].item():.5g}: are the arguments used?"
    if not any(value.any() for value in values):
        return "the result is 0 for every input: are the arguments used?"
    return ""


def _remembered(task, cases, values, right, sizes):
    """Say if a result is the right one of an earlier case of the same shape."""
    for n, value in enumerate(values):
        for earlier in right[:n]:
            if value.dim() and same(value, earlier) and not same(right[n], earlier):
                return "this is the result of an earlier call with the same shapes: it is remembered between calls"
    return ""


def _factor_only(task, cases, values, right, sizes):
    factor = _factor(values, right, sizes)
    return name_factor(task.name, factor, list(sizes[0])) if factor else ""


def _known_mistake(task, cases, values, right, sizes):
    """Return the sentence of a formula that gives just these results, or gives them up to a factor."""
    found = ""
    for formula, sentence in MISTAKES.get(task.name, []) + mistakes_of(task.function, task.arguments):
        theirs = _apply(formula, cases)
        if theirs is None:
            continue
        if all(same(value, other) for value, other in zip(values, theirs, strict=True)):
            return sentence + _other_shape(values[0], right[0])
        factor = None if found else _factor(values, theirs, sizes)
        if factor:
            times = "with the sign turned" if factor[0] == -1 else f"{write_factor(factor, list(sizes[0]))} times that"
            beside = f" (the result is {times})" * bool(right[0].dim())
            found = sentence + beside + _other_shape(values[0], right[0])
    return found


def _other_shape(value, expected) -> str:
    wanted = tuple(expected.shape) or "a single number"
    return "" if value.shape == expected.shape else f" (the result has shape {tuple(value.shape)}, expected {wanted})"


def _apply(formula, cases) -> list[Tensor] | None:
    results = []
    for case in cases:
        try:
            value = torch.as_tensor(formula(*in_dtype(case, torch.float64)), dtype=torch.float64)
        except MISFITS:
            return None
        results.append(value.reshape(()) if value.numel() == 1 else value)
    return results


def _no_numbers(task, cases, values, right, sizes):
    """Return a sentence on results of another shape, or with NaN in them."""
    if task.name == "style_loss" and all(value.dim() for value in values):
        shape = tuple(values[0].shape)
        return f"shape {shape}, expected one number: were the losses not summed, or the list repeated (`10 * losses`)?"
    for value, expected, case in zip(values, right, cases, strict=True):
        if value.shape != expected.shape:
            return (
                f"the result has shape {tuple(value.shape)}, expected "
                f"{tuple(expected.shape) or 'a single number, shape ()'}, for {_shapes(task, case)}"
            )
        if not value.isfinite().all():
            what = "NaN" if value.isnan().any() else "infinite numbers"
            return f"the result holds {what}: a division by 0, a root of 0?"
    return ""


def _by_looks(task, cases, values, right, sizes):
    """Return a sentence on what else can be seen in the results without a formula."""
    pairs = list(zip(values, right, strict=True))
    errors = [((value - expected).abs().max() / expected.abs().max()).item() for value, expected in pairs]
    lost = [not value.any() for value in values]  # the smallest numbers may be lost altogether
    if any(CLOSE < e <= 2e-2 for e in errors) and all(e <= 2e-2 or gone for e, gone in zip(errors, lost, strict=True)):
        return (
            "close, but to few digits only: half precision, rounding, something small added, or too wide a step of a "
            "finite difference?"
        )
    if task.name == "total_loss":
        terms = torch.stack([torch.stack(case[:2]).double() for case in cases])
        fit = torch.linalg.lstsq(terms, torch.stack(values)[:, None]).solution[:, 0]
        if same(terms @ fit, torch.stack(values)):
            a, b = fit.tolist()
            return f"alpha and beta are not used: fixed weights, {a:.4g} for the content and {b:.4g} for the style"
    if all(bool((value == value.round()).all()) for value in values):
        return "the result holds whole numbers only: was something rounded or made an integer?"
    if all(same(value.abs(), expected.abs()) for value, expected in pairs):
        return "right but for signs: some are turned"
    return ""


def _where_wrong(task, cases, values, right, sizes):
    """Return a sentence on arrays that are wrong in certain places only."""
    wrong = [
        (value - expected).abs() > CLOSE * expected.abs().max() for value, expected in zip(values, right, strict=True)
    ]
    if "gradient" in task.name:
        if all(not (w & (case[0] > 0)).any() for w, case in zip(wrong, cases, strict=True)):
            return "wrong only where F <= 0: there the mask makes the gradient 0"
        if all(not value[w].any() for value, w in zip(values, wrong, strict=True)):
            return "0 in places where F > 0: the mask is 1 wherever F > 0, and only there"
    if task.name == "gram_matrix":
        if all(torch.equal(w, torch.diag(w.diag())) for w in wrong):
            return "wrong only on the diagonal, i = j"
        if not any(w.diag().any() for w in wrong):
            return "wrong only off the diagonal: i and j different"
    return ""


def _first_difference(task, cases, values, right, agree) -> str:
    """Return where a result first differs from the right one, and on which kind of input."""
    index = agree.index(False)
    value, expected, case = values[index], right[index], cases[index]
    some = ""
    if any(agree):
        good = {_shapes(task, one) for one, ok in zip(cases, agree, strict=True) if ok}
        if _shapes(task, case) in good:
            some = "right for some numbers but not for others: is there a threshold, a clamp, a dtype? "
        else:
            some = f"right for some inputs ({good.pop()}) but not for others: is a size written as a number? "
    if not expected.dim():
        return f"{some}expected {expected.item():.5g} and got {value.item():.5g}, for {_shapes(task, case)}"
    place = tuple(int(n) for n in torch.unravel_index((value - expected).abs().argmax(), expected.shape))
    where = ", ".join(f"{name} is {thing[place].item():.3g}" for name, thing in _alike(task, case, expected))
    at = f"at {list(place)}{f', where {where},' if where else ''}"
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


def name_thing(value: object) -> str:
    """Return a Python object in words, for a student: what it is, and how it may have come about."""
    kinds = {
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
    if type(value).__name__ == "coroutine":
        value.close()  # or Python warns that it was never awaited
    plain = f"a Python number ({type(value).__name__})" if isinstance(value, (int, float)) else None
    return plain or kinds.get(type(value).__name__, f"an object of type {type(value).__name__}")


def same(value: Tensor, other: Tensor) -> bool:
    """Tell whether a result is what a formula gives; a formula that gives nothing but NaN explains nothing."""
    if value.numel() == other.numel() == 1:
        value, other = value.reshape(()), other.reshape(())
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


def _factor(values, others, sizes) -> tuple | None:
    """Return the factor (constant, exponents of the sizes) that makes the values of the others, or None."""
    ratios = [ratio_of(value, other) for value, other in zip(values, others, strict=True)]
    if None in ratios or len({math.copysign(1, ratio) for ratio in ratios}) > 1:
        return None
    logs = torch.tensor([math.log(abs(ratio)) for ratio in ratios], dtype=torch.float64)
    columns = [[1.0, *(math.log(n) for n in size.values())] for size in sizes]
    fit = torch.linalg.lstsq(torch.tensor(columns, dtype=torch.float64), logs[:, None]).solution[:, 0]
    exponents = [round(2 * e) / 2 for e in fit[1:].tolist()]
    powers = [math.prod(n**e for n, e in zip(size.values(), exponents, strict=True)) for size in sizes]
    constants = [ratio / power for ratio, power in zip(ratios, powers, strict=True)]
    constant = sum(constants) / len(constants)
    if max(abs(c - constant) for c in constants) > SAME * abs(constant):
        return None
    return (constant, *exponents)


def _shapes(task: Task, case: tuple) -> str:
    words = []
    for name, thing in zip(task.arguments, case, strict=True):
        if isinstance(thing, Tensor):
            words.append(f"{name} of shape {tuple(thing.shape)}" if thing.dim() else f"{name} = {thing.item():.3g}")
        else:
            words.append(f"{len(thing)} {name}" if isinstance(thing, list) else f"{name} = {thing}")
    return ", ".join(words)


def _alike(task: Task, case: tuple, expected: Tensor) -> list[tuple[str, Tensor]]:
    return [
        (name, thing)
        for name, thing in zip(task.arguments, case, strict=True)
        if isinstance(thing, Tensor) and thing.shape == expected.shape
    ]


def _sizes(size: dict[str, int]) -> str:
    return ", ".join(f"{name} = {n}" for name, n in size.items())
