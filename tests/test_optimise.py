"""The minimiser on functions whose minimum is known, and on its promises: box, counts, clock, ends, failures."""

from types import SimpleNamespace

import numpy
import pytest
import scipy.optimize
import torch

from stylekit import optimise
from stylekit.errors import InputError, Interrupted, NonFiniteLoss
from stylekit.optimise import minimise, two_loop_recursion

SHAPE = (1, 3, 5, 7)
METHODS = ("lbfgs", "adam")


class Valley:
    """An ill-conditioned quartic with its minimum at `goal`; remembers the points it saw."""

    def __init__(self, scale=1.0, low=0.0, high=1.0, shape=SHAPE, dtype=torch.float32):
        generator = torch.Generator().manual_seed(0)
        self.goal = low + (high - low) * torch.rand(shape, generator=generator, dtype=dtype)
        self.stiffness = torch.logspace(0, 3, self.goal.numel(), dtype=dtype).view(shape)
        self.scale, self.seen = scale, []

    def __call__(self, x):
        self.seen.append(x.detach().clone())
        d = x - self.goal
        loss = (self.stiffness * d.square() + d.pow(4)).sum(dim=(1, 2, 3))
        return {"valley": loss, "total": loss * self.scale}


class Coupled:
    """A quadratic whose minimum lies outside the box and whose variables all pull at each other."""

    def __init__(self):
        generator = torch.Generator().manual_seed(1)
        root = torch.randn(105, 105, generator=generator, dtype=torch.float64)
        self.A, self.b = root @ root.T / 105 + 0.1 * torch.eye(105), torch.randn(105, generator=generator).double()

    def __call__(self, x):
        v = x.flatten()
        return {"total": v @ self.A @ v / 2 - self.b @ v}


def rosenbrock(x):
    """Return Rosenbrock's function in a chain, with its minimum moved outside the box."""
    v = x.flatten()
    return {"total": (100 * (v[1:] - v[:-1].square()).square() + (1.2 - v[:-1]).square()).sum()}


def scipys_minimum(objective, start):
    def function(v):
        x = torch.from_numpy(v).view(SHAPE).requires_grad_(True)
        total = objective(x)["total"]
        (gradient,) = torch.autograd.grad(total, x)
        return total.item(), gradient.flatten().numpy()

    bounds = [(0, 1)] * start.numel()
    options = {"maxfun": 10**6, "maxiter": 10**6, "ftol": 1e-15, "gtol": 1e-10}
    found = scipy.optimize.minimize(
        function, start.flatten().numpy(), jac=True, method="L-BFGS-B", bounds=bounds, options=options
    )
    return torch.from_numpy(numpy.asarray(found.x)).view(SHAPE)


@pytest.mark.parametrize("scale", [1.0, 1e-12, 1e12])
def test_lbfgs_reaches_the_minimum_whatever_the_scale_of_the_loss(scale):
    valley = Valley(scale)
    *_, last = minimise(torch.zeros(SHAPE), valley, 200)
    torch.testing.assert_close(last.image, valley.goal, atol=1e-3, rtol=0)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("scale", [2.0**-40, 2.0**40])  # powers of two: floating-point numbers scale without rounding
def test_a_scaled_loss_descends_on_the_same_pictures(method, scale):
    for one, other in zip(*(minimise(torch.zeros(SHAPE), Valley(s), 20, method) for s in (1.0, scale)), strict=True):
        torch.testing.assert_close(one.image, other.image, atol=1e-6, rtol=0)


@pytest.mark.parametrize("objective", [Coupled(), rosenbrock], ids=["quadratic", "rosenbrock"])
def test_lbfgs_finds_the_minimum_in_the_box_that_scipy_finds(objective):
    start = torch.full(SHAPE, 0.4, dtype=torch.float64)
    *_, last = minimise(start, objective, 3000)
    expected = scipys_minimum(objective, start)
    assert ((expected == 0) | (expected == 1)).any(), "no bound is active: the problem tests nothing"
    torch.testing.assert_close(last.image, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("method", METHODS)
def test_every_picture_lies_in_the_box_even_where_the_start_and_the_minimum_do_not(method):
    valley = Valley(low=-1, high=2, dtype=torch.float64)
    steps = list(minimise(torch.linspace(-1, 2, 105, dtype=torch.float64).view(SHAPE), valley, 200, method))
    assert all(x.min() >= 0 and x.max() <= 1 for x in valley.seen + [step.image for step in steps])
    torch.testing.assert_close(steps[-1].image, valley.goal.clamp(0, 1), atol=2e-2, rtol=0)


@pytest.mark.parametrize("method", METHODS)
def test_no_point_is_evaluated_twice(method):
    valley = Valley()
    list(minimise(torch.zeros(SHAPE), valley, 60, method))
    assert len({x.numpy().tobytes() for x in valley.seen}) == len(valley.seen)


def test_trials_that_the_box_cuts_down_to_one_point_are_evaluated_once():
    seen, corners = [], 0

    def wall(x):  # nearly straight before it: L-BFGS proposes to go far beyond the box, a tenth of that is no less
        seen.append(x.detach().clone())
        return {"total": (-x + 1e-3 * x.square() + 100 * (x - 0.9).clamp(min=0).square()).sum()}

    for _ in minimise(torch.full((1, 3, 1, 1), 0.5), wall, 40):
        assert len({x.numpy().tobytes() for x in seen}) == len(seen)
        corners += any((x == 1).all() for x in seen)
        seen.clear()
    assert corners, "no trial ended in the corner: the function tests nothing"


def test_lbfgs_needs_about_one_evaluation_per_iteration():
    valley = Valley()
    steps = list(minimise(torch.zeros(SHAPE), valley, 60))
    assert len(valley.seen) <= 1.5 * len(steps)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("steps", [1, 2, 7, 30])
def test_the_last_step_says_how_many_evaluations_were_spent(method, steps):
    valley = Valley(low=-1, high=2)
    *_, last = minimise(torch.zeros(SHAPE), valley, steps, method)
    assert last.evaluations == len(valley.seen) == steps
    assert last.done == 1


def test_a_search_cut_short_is_counted_and_leaves_the_picture_it_came_from():
    seen = []

    def cliff(x):  # every second evaluation is a trial in vain
        seen.append(x.detach().clone())
        return {"total": x.sum() if len(seen) % 2 else x.sum() + 10}

    *others, before, last = minimise(torch.ones(SHAPE), cliff, 4)
    assert (before.evaluations, last.evaluations, len(seen)) == (3, 4, 4)
    assert last.image is before.image and before.done < last.done == 1


@pytest.mark.parametrize("method", METHODS)
def test_a_step_carries_the_losses_of_its_own_image(method):
    for step in minimise(torch.zeros(SHAPE), Valley(), 9, method):
        assert step.losses["total"] == pytest.approx(Valley()(step.image)["total"].item(), rel=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_done_grows_to_one(method):
    done = [step.done for step in minimise(torch.zeros(SHAPE), Valley(), 20, method)]
    assert done == sorted(done) and done[0] == 1 / 20 and done[-1] == 1 and done.count(1) == 1


def test_lbfgs_never_goes_up():
    totals = [step.losses["total"] for step in minimise(torch.zeros(SHAPE), Valley(low=-1, high=2), 60)]
    assert totals == sorted(totals, reverse=True)
    assert totals[-1] < 0.9 * totals[0]


@pytest.mark.parametrize("method", METHODS)
def test_a_start_at_the_minimum_ends_at_once_and_says_that_it_is_done(method):
    valley = Valley()
    *_, last = minimise(valley.goal, valley, 50, method)
    assert last.losses["total"] == 0
    assert last.evaluations == len(valley.seen) < 50
    assert last.done == 1


@pytest.mark.parametrize("method", METHODS)
def test_a_corner_that_everything_pushes_into_is_an_end(method):
    *_, last = minimise(torch.full(SHAPE, 0.3), lambda x: {"total": x.sum()}, 400, method)
    assert not last.image.any() and last.evaluations < 400 and last.done == 1


@pytest.mark.parametrize("method", METHODS)
def test_seconds_are_the_minimisers_own_and_not_the_consumers(method, monkeypatch):
    now = 0

    def objective(x):
        nonlocal now
        now += 1
        return Valley()(x)

    monkeypatch.setattr(optimise, "time", SimpleNamespace(perf_counter=lambda: now))
    for step in minimise(torch.zeros(SHAPE), objective, 9, method):
        assert step.seconds == step.evaluations
        now += 1000


def raising_at(count, error):
    """Return a valley whose evaluation of that number goes wrong: a NaN, or an exception."""
    valley, seen = Valley(), []

    def objective(x):
        seen.append(x)
        terms = valley(x)
        if len(seen) < count:
            return terms
        if error is not None:
            raise error
        return terms | {"valley": terms["valley"] * float("nan")}

    return objective


@pytest.mark.parametrize("method", METHODS)
def test_a_loss_that_explodes_names_the_term_and_keeps_the_last_good_step(method):
    steps = []
    with pytest.raises(NonFiniteLoss, match="^the valley loss") as caught:
        for step in minimise(torch.zeros(SHAPE), raising_at(6, None), 60, method):
            steps.append(step)  # noqa: PERF402  the list has to outlive the error
    assert caught.value.last is steps[-1]


def test_a_gradient_that_explodes_is_told():
    with pytest.raises(NonFiniteLoss, match="gradient of the total") as caught:
        list(minimise(torch.zeros(SHAPE), lambda x: {"total": x.sqrt().sum()}, 60))
    assert caught.value.last is None


@pytest.mark.parametrize("method", METHODS)
def test_ctrl_c_within_an_evaluation_keeps_the_last_step_and_shows_one_line(method):
    steps = []
    with pytest.raises(Interrupted) as caught:
        for step in minimise(torch.zeros(SHAPE), raising_at(6, KeyboardInterrupt()), 60, method):
            steps.append(step)  # noqa: PERF402
    assert caught.value.last is steps[-1]
    assert isinstance(caught.value, KeyboardInterrupt) and len(caught.value._render_traceback_()) == 1


@pytest.mark.parametrize("method", METHODS)
def test_float64_stays_float64(method):
    valley = Valley(dtype=torch.float64)
    *_, last = minimise(torch.zeros(SHAPE, dtype=torch.float64), valley, 500, method)
    assert last.image.dtype == torch.float64
    if method == "lbfgs":  # closer than float32 could come
        torch.testing.assert_close(last.image, valley.goal, atol=1e-9, rtol=0)


def test_a_batch_descends_by_the_sum_of_its_losses():
    batch = (2, 3, 5, 7)
    valley = Valley(shape=batch)
    *_, last = minimise(torch.zeros(batch), valley, 300)
    torch.testing.assert_close(last.image, valley.goal, atol=1e-3, rtol=0)
    assert last.losses["total"] == pytest.approx(valley(last.image)["total"].sum().item())


def test_the_two_loop_recursion_is_the_inverse_hessian_of_bfgs_written_out():
    generator = torch.Generator().manual_seed(2)
    s = torch.randn(3, 11, generator=generator, dtype=torch.float64)
    y = s + 0.3 * torch.randn(3, 11, generator=generator, dtype=torch.float64)
    gradient, identity = torch.randn(11, generator=generator, dtype=torch.float64), torch.eye(11).double()
    H = optimise.LENGTHEN * (s[-1] @ y[-1]) / (y[-1] @ y[-1]) * identity
    for si, yi in zip(s, y, strict=True):  # Nocedal and Wright, equation 7.16
        rho = 1 / (yi @ si)
        V = identity - rho * torch.outer(yi, si)
        H = V.T @ H @ V + rho * torch.outer(si, si)
    pairs = [(si, yi, (si @ yi).item()) for si, yi in zip(s, y, strict=True)]
    torch.testing.assert_close(two_loop_recursion(gradient, pairs), H @ gradient)


def test_the_start_is_left_as_it_was_and_no_step_changes_later():
    start = torch.zeros(SHAPE)
    steps = [(step, step.image.clone()) for step in minimise(start, Valley(), 9)]
    assert not start.any()
    assert all(torch.equal(step.image, image) for step, image in steps)


def test_bad_arguments_are_told_when_called_and_not_at_the_first_step():
    with pytest.raises(InputError, match="1 or more"):
        minimise(torch.zeros(SHAPE), Valley(), 0)
    with pytest.raises(InputError, match="lbfgs"):
        minimise(torch.zeros(SHAPE), Valley(), 5, "newton")
