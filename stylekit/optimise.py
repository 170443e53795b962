"""The minimiser: takes a picture and an objective, yields one `Step` per iteration. It knows no network.

An objective is a function of the picture that returns its loss terms by name, scalar tensors, "total" among them:
the one that is minimised. The picture is never clamped on the way: that would change it behind the minimiser's back.
Why it takes so many steps, and how they are chosen: notebook 08.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor

from stylekit.errors import InputError, NonFiniteLoss

METHODS = ("lbfgs", "adam")
FIRST_MOVE = 0.01  # of the range 0 to 1: how far the first trial of a line search moves a pixel on average
HISTORY = 10  # pairs of differences that L-BFGS remembers
LINE_SEARCH = 25  # evaluations after which a line search takes the best point it has
ADAM_RATE = 0.02


@dataclass(frozen=True)
class Step:
    """A picture on the way, (1, 3, H, W), not clamped, with its loss terms by name.

    `evaluations` counts the objective's evaluations so far, `seconds` their time, `scale` the sizes passed so far
    when painting coarse to fine (0 for the first).
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

    `method` is "lbfgs" (Gatys 2016; limited-memory BFGS with a strong Wolfe line search, Nocedal and Wright 2006,
    algorithms 7.5 and 3.5) or "adam" (Kingma and Ba 2015). The objective is never evaluated twice at one point.
    Raises ValueError for steps below 1 and an unknown method, NonFiniteLoss as soon as a term is not finite.
    """
    if steps < 1:
        raise InputError(f"steps must be 1 or more evaluations, got {steps}")
    methods = {"lbfgs": _lbfgs, "adam": _adam}
    if method not in methods:
        raise InputError(f'the optimiser must be "lbfgs" or "adam", not {method!r}')
    x = image.detach().clone().requires_grad_(True)
    evaluator = _Evaluator(objective, x, steps)
    yield from methods[method](x, evaluator)


def _lbfgs(x, evaluator):
    """Take torch's L-BFGS one iteration at a time.

    Its tolerances and its curvature test are absolute numbers, so a loss scaled tiny would stop it: here the loss it
    sees is scaled to a mean gradient of 1, and the tolerances are 0.
    """
    optimiser = torch.optim.LBFGS(
        [x],
        max_iter=1,
        max_eval=LINE_SEARCH,
        history_size=HISTORY,
        tolerance_grad=0,
        tolerance_change=0,
        line_search_fn="strong_wolfe",
    )
    yield evaluator.at(x)
    evaluator.scale_gradient()
    optimiser.param_groups[0]["lr"] = FIRST_MOVE * x.numel()  # torch divides the first step by the gradient's sum
    while evaluator.left:
        before = x.detach().clone()
        try:
            optimiser.step(evaluator)
        except _Spent:  # in the middle of a line search: its best point so far counts
            best = evaluator.best()
            if best is not None:
                yield best
            return
        if torch.equal(before, x):
            return  # no descent from here: converged
        optimiser.param_groups[0]["lr"] = 1
        yield evaluator.at(x)
        evaluator.forget_all_but(x)


def _adam(x, evaluator):
    optimiser = torch.optim.Adam([x], lr=ADAM_RATE)
    while True:
        step = evaluator.at(x)
        yield step
        if not evaluator.left:
            return
        evaluator()  # from memory: sets x.grad
        optimiser.step()
        evaluator.forget_all_but(None)


class _Spent(Exception):
    """The evaluations are used up."""


@dataclass
class _Evaluation:
    x: Tensor
    gradient: Tensor
    step: Step


@dataclass
class _Evaluator:
    """Evaluates an objective at x and remembers the points of the current line search, so that none is paid twice."""

    objective: Callable[[Tensor], dict[str, Tensor]]
    x: Tensor
    steps: int
    factor: float = 1.0
    memory: list[_Evaluation] = field(default_factory=list)
    evaluations: int = 0
    accepted: Step | None = None
    start: float = field(default_factory=time.perf_counter)

    @property
    def left(self) -> int:
        return self.steps - self.evaluations

    def __call__(self) -> Tensor:
        """Return the scaled loss at x with x.grad set: the closure that torch's optimisers ask for."""
        found = self._find(self.x) or self._evaluate()
        self.x.grad = found.gradient * self.factor
        return torch.tensor(found.step.losses["total"] * self.factor, dtype=torch.float64)

    def at(self, x: Tensor) -> Step:
        """Return the Step at x, the last one accepted from now on."""
        self.accepted = (self._find(x) or self._evaluate()).step
        return self.accepted

    def best(self) -> Step | None:
        """Return the best remembered Step if it is better than the accepted one."""
        best = min((m.step for m in self.memory), key=lambda step: step.losses["total"])
        return best if best.losses["total"] < self.accepted.losses["total"] else None

    def scale_gradient(self) -> None:
        mean = self.memory[-1].gradient.abs().mean().item()
        self.factor = 1 / mean if mean > 0 else 1.0

    def forget_all_but(self, x: Tensor | None) -> None:
        self.memory = [m for m in self.memory if x is not None and torch.equal(m.x, x)]

    def _find(self, x):
        return next((m for m in self.memory if torch.equal(m.x, x)), None)

    def _evaluate(self):
        if not self.left:
            raise _Spent
        with torch.enable_grad():
            terms = self.objective(self.x)
            (gradient,) = torch.autograd.grad(terms["total"].sum(), self.x)
        self.evaluations += 1
        losses = {name: term.sum().item() for name, term in terms.items()}
        self._check(losses, gradient)
        image = self.x.detach().clone()
        step = Step(
            image, losses, self.evaluations, time.perf_counter() - self.start, done=self.evaluations / self.steps
        )
        self.memory.append(_Evaluation(image, gradient, step))
        return self.memory[-1]

    def _check(self, losses, gradient):
        bad = [name for name, value in losses.items() if not math.isfinite(value)]
        if not bad and not gradient.isfinite().all():
            bad = ["gradient of the total"]
        if bad:
            raise NonFiniteLoss(
                f"step {self.evaluations}: the {bad[0]} loss is no longer a finite number. "
                "Try smaller weights; the picture of the last good step is kept.",
                self.accepted,
            )
