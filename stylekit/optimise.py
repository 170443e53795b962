"""The minimiser: takes a picture and an objective, yields one `Step` per iteration. It knows no network.

Every picture on the way lies in the box [0, 1], in which pictures are saved: what is minimised is what is saved.
Why it takes so many steps, and how they are chosen: notebook 08.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from stylekit.errors import InputError, Interrupted, NonFiniteLoss

METHODS = ("lbfgs", "adam")

HISTORY = 20  # pairs of differences that L-BFGS remembers: 40 pictures, 126 MB at 512 x 512, 503 MB at 1024 x 1024
LENGTHEN = 2.0  # factor on the usual guess at what no pair knows: from 4 % better to 10 % worse than 1 (64, 112 pixels)
FIRST_MOVE = 0.01  # of the range 0 to 1: how far the first trial moves a value on average
ARMIJO = 1e-4  # of the fall that the slope promises: a trial has to keep this much
TRIALS = 12  # on one way down, before it is given up
CURVATURE = 1e-6  # cosine between the differences of a pair, below which L-BFGS does not use it
ADAM_RATE = 0.02


@dataclass(frozen=True)
class Step:
    """A picture on the way, (B, 3, H, W), in [0, 1], with its loss terms by name, each the sum over the batch.

    `evaluations` counts those of the objective so far, `seconds` is the time of the minimiser alone, `scale` counts
    the sizes passed so far when painting coarse to fine, and `done` is how much of the work is done, 1 at the end.
    """

    image: Tensor
    losses: dict[str, float]
    evaluations: int
    seconds: float
    scale: int = 0
    done: float = 1.0


def minimise(
    image: Tensor, objective: Callable[[Tensor], dict[str, Tensor]], steps: int, method: str = "lbfgs"
) -> Iterator[Step]:
    """Yield a Step for the starting picture and one for each iteration, with at most `steps` evaluations in all.

    An objective takes pictures, (B, 3, H, W), and returns its loss terms by name, one value or one for each picture;
    "total" is among them: the one that is minimised, summed over the batch. No Step pays for one point twice.
    `method` is "lbfgs" (limited-memory BFGS, as in Gatys 2016, projected into the box) or "adam" (Kingma and Ba 2015).
    A descent that can go no further ends early. Where evaluations were spent after the last Step, it comes once more
    with the true count: the last Step always has `done` 1. Raises InputError for steps below 1 and an unknown method,
    NonFiniteLoss as soon as a term is not finite, Interrupted for Ctrl-C; both carry the last good Step.
    """
    check_descent(steps, method)
    evaluate = _Evaluator(objective, steps)
    return _steps({"lbfgs": _lbfgs, "adam": _adam}[method](image.detach().clamp(0, 1), evaluate), evaluate)


def check_descent(steps: int, method: str) -> None:
    """Raise InputError for a number of evaluations below 1, and for an unknown method."""
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
        raise InputError(f"steps are evaluations of the objective: a whole number, 1 or more; got {steps!r}")
    if method not in METHODS:
        raise InputError(f"the optimiser must be one of {', '.join(METHODS)}, not {method!r}")


def _steps(points, evaluate):
    """Yield a Step for each point. The clock stands still while the consumer has a Step."""
    step, seconds = None, 0.0
    while step is None or step.done < 1:
        start = time.perf_counter()
        try:
            point = next(points, None)
        except _Spent:  # on the way to a point that is not there yet
            point = None
        except KeyboardInterrupt:
            raise Interrupted(step) from None
        except NonFiniteLoss as error:
            error.last = step
            raise
        seconds += time.perf_counter() - start
        evaluate.tried.clear()
        if point is None:
            step = dataclasses.replace(step, evaluations=evaluate.count, seconds=seconds, done=1.0)
        else:
            step = Step(point.image, point.losses, evaluate.count, seconds, done=evaluate.count / evaluate.steps)
        yield step


def _lbfgs(x, evaluate):
    """Yield points of projected L-BFGS, each below the one before.

    A value is held where it lies on the edge of the box and the descent would push it out; the others are free, and
    follow the direction of L-BFGS among themselves, on a path bent at the edges: Bertsekas (1982), "Projected Newton
    methods for optimization problems with simple constraints".
    """
    point, pairs = evaluate(x), deque(maxlen=HISTORY)
    while True:
        yield point
        found = _down(point, pairs, evaluate)
        if found is None and pairs:
            pairs.clear()  # what they tell of is too far away: once more, along the gradient
            found = _down(point, pairs, evaluate)
        if found is None:
            return  # no way down from here: converged
        s, y = found.image - point.image, found.gradient - point.gradient
        pairs.append((s, y, CURVATURE * math.sqrt(_dot(s, s) * _dot(y, y))))
        point = found


def _down(point, pairs, evaluate):
    """Return a point below this one, the first tried on the way that L-BFGS proposes if all is well, or None.

    Tries x(t) = clamp(x + t d) from t = 1 until the loss falls enough (Armijo's rule; Bertsekas 1982, equation 12);
    after a trial in vain t goes where the parabola through what is known has its minimum.
    """
    x, g = point.image, point.gradient
    free = (~((x <= 0) & (g > 0) | (x >= 1) & (g < 0))).to(x.dtype)
    known = _known(pairs, free)
    d = -two_loop_recursion(g * free, known)
    t = 1.0 if known else FIRST_MOVE / max(d.abs().mean().item(), torch.finfo(d.dtype).tiny)
    for _ in range(TRIALS):
        trial = (x + t * d).clamp(0, 1)
        slope = _dot(g, trial - x)  # what the loss would change by if it were linear
        rise = 0.0
        if slope < 0:
            found = evaluate(trial)
            if found.loss <= point.loss + ARMIJO * slope:
                return found
            rise = found.loss - point.loss - slope
        t *= min(0.5, max(0.1, -slope / (2 * rise))) if rise > 0 else 0.5
    return None


def _known(pairs, free):
    """Return what the pairs tell of the free values, as (s, y, their product), where there is curvature enough."""
    among = [(s * free, y * free, least) for s, y, least in pairs]
    known = [(s, y, _dot(s, y), least) for s, y, least in among]
    return [(s, y, product) for s, y, product, least in known if product > least]


def two_loop_recursion(gradient: Tensor, pairs: Sequence[tuple[Tensor, Tensor, float]]) -> Tensor:
    r"""Return the gradient times the inverse Hessian as far as the pairs know it: the heart of L-BFGS.

    Nocedal and Wright (2006), algorithm 7.4, in its symbols: a pair is :math:`s_i = x_{i+1} - x_i`,
    :math:`y_i = \nabla f_{i+1} - \nabla f_i` and their product :math:`s_i^T y_i > 0`, the oldest first. Where nothing
    is known the inverse Hessian is taken for :math:`\gamma I`, :math:`\gamma` twice that of equation 7.20, which knows
    the steep directions only; without any pair it is I.
    """
    q, alphas = gradient, []
    for s, y, sy in reversed(pairs):
        alphas.append(_dot(s, q) / sy)
        q = q.sub(y, alpha=alphas[-1])
    if not pairs:
        return q
    _, y, sy = pairs[-1]
    r = (LENGTHEN * sy / _dot(y, y)) * q
    for s, y, sy in pairs:
        r = r.add(s, alpha=alphas.pop() - _dot(y, r) / sy)
    return r


def _dot(a, b) -> float:
    return torch.dot(a.reshape(-1), b.reshape(-1)).item()


def _adam(x, evaluate):
    """Yield the points of Adam, put back into the box after each of its steps.

    To clamp inside the objective, as plain loops do, is another thing: the optimiser then believes in a step that was
    not taken. Adam remembers gradients only, and each is that of the picture that it was given.
    """
    x = x.clone()
    optimiser = torch.optim.Adam([x], lr=ADAM_RATE)
    while True:
        point = evaluate(x.clone())
        yield point
        x.grad = point.gradient
        optimiser.step()
        x.clamp_(0, 1)
        if torch.equal(x, point.image):
            return


class _Spent(Exception):
    """The evaluations are used up."""


@dataclass(frozen=True)
class _Point:
    """A picture and what the objective says of it; loss and gradient are divided by the evaluator's unit."""

    image: Tensor
    losses: dict[str, float]
    loss: float
    gradient: Tensor


class _Evaluator:
    """Evaluates the objective and its gradient, and counts.

    All is divided by the mean gradient at the first point: so a loss of 1e-12 descends as one of 1 does.
    """

    def __init__(self, objective, steps):
        self.objective, self.steps, self.count, self.unit = objective, steps, 0, None
        self.tried = []  # points since the last Step: the box may cut two trials down to one point

    def __call__(self, image):
        known = next((point for point in self.tried if torch.equal(point.image, image)), None)
        if known is None:
            known = self._evaluate(image)
            self.tried.append(known)
        return known

    def _evaluate(self, image):
        if self.count == self.steps:
            raise _Spent
        x = image.detach().requires_grad_(True)
        with torch.enable_grad():
            terms = {name: term.sum() for name, term in self.objective(x).items()}
            (gradient,) = torch.autograd.grad(terms["total"], x)
        self.count += 1
        losses = {name: term.item() for name, term in terms.items()}
        self._check(losses, gradient)
        if self.unit is None:
            self.unit = gradient.abs().mean().item() or 1.0
        return _Point(image, losses, losses["total"] / self.unit, gradient / self.unit)

    def _check(self, losses, gradient):
        bad = [name for name, value in losses.items() if not math.isfinite(value)]
        if not bad and not gradient.isfinite().all():
            bad = ["gradient of the total"]
        if bad:
            raise NonFiniteLoss(
                f"the {bad[0]} loss is no longer a finite number. "
                "Try smaller weights; the picture of the last good step is kept."
            )
