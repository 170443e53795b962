"""The minimiser on functions whose minimum is known, and on its promises: evaluations, budget, non-finite losses."""

import pytest
import torch

from stylekit.optimise import NonFiniteLoss, minimise

SHAPE = (1, 3, 5, 7)


class Valley:
    """An ill-conditioned quartic with its minimum at `goal`; counts its evaluations and the points it saw."""

    def __init__(self, scale=1.0):
        generator = torch.Generator().manual_seed(0)
        self.goal = torch.rand(SHAPE, generator=generator)
        self.stiffness = torch.logspace(0, 3, self.goal.numel()).view(SHAPE)
        self.scale, self.seen = scale, []

    def __call__(self, x):
        self.seen.append(x.detach().clone())
        d = x - self.goal
        loss = (self.stiffness * d.square()).sum() + d.pow(4).sum()
        return {"valley": loss, "total": loss * self.scale}


@pytest.mark.parametrize("scale", [1.0, 1e-12, 1e9])
def test_lbfgs_reaches_the_minimum_whatever_the_scale_of_the_loss(scale):
    valley = Valley(scale)
    *_, last = minimise(torch.zeros(SHAPE), valley, 200)
    torch.testing.assert_close(last.image, valley.goal, atol=1e-3, rtol=0)


@pytest.mark.parametrize("method", ["lbfgs", "adam"])
def test_no_point_is_evaluated_twice(method):
    valley = Valley()
    steps = list(minimise(torch.zeros(SHAPE), valley, 60, method))
    distinct = {x.numpy().tobytes() for x in valley.seen}
    assert len(distinct) == len(valley.seen)
    assert steps[-1].evaluations <= len(valley.seen) <= 60


def test_lbfgs_needs_about_one_evaluation_per_iteration():
    valley = Valley()
    steps = list(minimise(torch.zeros(SHAPE), valley, 60))
    assert len(valley.seen) <= 1.5 * len(steps)


@pytest.mark.parametrize("method", ["lbfgs", "adam"])
@pytest.mark.parametrize("steps", [1, 2, 7])
def test_the_budget_of_evaluations_is_kept(method, steps):
    valley = Valley()
    list(minimise(torch.zeros(SHAPE), valley, steps, method))
    assert len(valley.seen) == steps


@pytest.mark.parametrize("method", ["lbfgs", "adam"])
def test_a_step_carries_the_losses_of_its_own_image(method):
    for step in minimise(torch.zeros(SHAPE), Valley(), 9, method):
        assert step.losses["total"] == pytest.approx(Valley()(step.image)["total"].item(), rel=1e-6)


def test_lbfgs_never_goes_up():
    totals = [step.losses["total"] for step in minimise(torch.zeros(SHAPE), Valley(), 60)]
    assert totals == sorted(totals, reverse=True)
    assert totals[-1] < totals[0] / 1000


def test_a_start_at_the_minimum_ends_at_once():
    valley = Valley()
    steps = list(minimise(valley.goal, valley, 50))
    assert steps[-1].losses["total"] == 0
    assert len(valley.seen) < 50


@pytest.mark.parametrize("method", ["lbfgs", "adam"])
def test_a_loss_that_explodes_names_step_and_term_and_keeps_the_last_good_step(method):
    valley, count = Valley(), 0

    def objective(x):
        nonlocal count
        count += 1
        terms = valley(x)
        return terms | {"valley": terms["valley"] * float("nan")} if count == 6 else terms

    with pytest.raises(NonFiniteLoss, match="step 6: the valley loss") as caught:
        list(minimise(torch.zeros(SHAPE), objective, 60, method))
    assert caught.value.last.image.isfinite().all()


def test_the_start_is_left_as_it_was():
    start = torch.zeros(SHAPE)
    list(minimise(start, Valley(), 9))
    assert not start.any()


def test_bad_arguments_are_told():
    with pytest.raises(ValueError, match="1 or more"):
        next(minimise(torch.zeros(SHAPE), Valley(), 0))
    with pytest.raises(ValueError, match="lbfgs"):
        next(minimise(torch.zeros(SHAPE), Valley(), 5, "newton"))
