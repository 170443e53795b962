"""Notebook 08: how three ways of descending behave, what L-BFGS does, and how curved a painting is."""

import math
from collections import deque
from itertools import pairwise

import numpy as np
import pytest
import torch
from conftest import taught_by

from stylekit.images import load_image
from stylekit.networks import load_network
from stylekit.objective import painting_objective
from stylekit.optimise import minimise
from stylekit.transfer import stylise

TAUGHT = ("evaluator", "gradient_descent", "adam", "dot", "lbfgs", "turning")
WEIGHTS = {"content_weight": 0.1, "style_weight": 1.0, "tv_weight": 0.003}


@pytest.fixture(scope="module")
def taught():
    """Return the functions that the notebook defines, by name."""
    return taught_by("08-how-to-descend", *(f"def {name}(" for name in TAUGHT))


def painting(network, size, style="waves", dtype=torch.float32):
    p, a = (load_image(name, size).to(dtype) for name in ("chelsea", style))
    return p, painting_objective(network.to(dtype), p, a, **WEIGHTS)


def places_of(method, objective, x, evaluations, *options, evaluator):
    places, (evaluate, record) = [], evaluator(objective)

    def noted(x):
        places.append(x.detach().clone())
        return evaluate(x)

    method(noted, x, evaluations, *options)
    return places, [loss for _, loss in record]


def torchs_places(optimiser, x, objective, steps):
    places = []

    def closure():
        optimiser.zero_grad()
        places.append(x.detach().clone())
        loss = objective(x)["total"]
        loss.backward()
        return loss

    for _ in range(steps):
        optimiser.step(closure)
    return places


def quartic(x):
    stiff = torch.logspace(0, 2, x.numel(), dtype=x.dtype).view(x.shape)
    return {"total": (stiff * x.square()).sum() + x.pow(4).sum()}


def ellipse(ratio):
    return lambda x: {"total": 0.5 * (x[0] ** 2 + ratio * x[1] ** 2)}


def scaled(objective, factor):
    return lambda x: {"total": factor * objective(x)["total"]}


def dense_bfgs_direction(g, pairs):
    """Return -H g with the n x n inverse Hessian H updated pair by pair (Nocedal and Wright 2006, equation 6.17)."""
    (s, y), identity = pairs[-1], np.eye(len(g))
    H = (s @ y) / (y @ y) * identity
    for s, y in pairs:
        left = identity - np.outer(s, y) / (s @ y)
        H = left @ H @ left.T + np.outer(s, s) / (s @ y)
    return -H @ g


@pytest.mark.parametrize("count", [1, 2, 5])
def test_the_two_loops_give_the_direction_of_the_dense_bfgs_matrix(taught, count):
    generator = np.random.default_rng(count)
    factor = generator.normal(size=(11, 11))
    hessian = factor @ factor.T + np.eye(11)
    pairs = [(s, hessian @ s) for s in generator.normal(size=(count, 11))]
    g = generator.normal(size=11)
    found = taught["direction"](torch.tensor(g), [(torch.tensor(s), torch.tensor(y)) for s, y in pairs])
    np.testing.assert_allclose(found.numpy(), dense_bfgs_direction(g, pairs), rtol=1e-9, atol=1e-12)


def test_without_a_history_the_direction_is_steepest_descent(taught):
    g = torch.rand(1, 3, 5, 7)
    torch.testing.assert_close(taught["direction"](g, deque()), -g)


def test_one_step_of_lbfgs_on_paper_gives_3_then_a_half_then_a_75th(taught):
    start = torch.tensor([2.0, 1.0], dtype=torch.float64)
    places, losses = places_of(taught["lbfgs"], ellipse(2), start, 3, 10, True, 1.0, evaluator=taught["evaluator"])
    assert losses == pytest.approx([3, 1 / 2, 1 / 75], abs=1e-12)
    torch.testing.assert_close(places[2], torch.tensor([2 / 15, -1 / 15], dtype=torch.float64))


@pytest.mark.parametrize("history", [1, 3, 10])
def test_lbfgs_evaluates_the_places_that_torchs_evaluates_on_a_quartic_and_on_the_painting(taught, network, history):
    p, objective = painting(load_network("compact", device="cpu"), 49, dtype=torch.float64)
    for function, start in ((quartic, torch.ones(5, 7, dtype=torch.float64)), (objective, p)):
        x = start.clone().requires_grad_(True)
        optimiser = torch.optim.LBFGS([x], max_iter=12, max_eval=99, history_size=history)
        theirs = torchs_places(optimiser, x, function, 1)
        options = (history, False, 1 / start.numel())
        ours, _ = places_of(taught["lbfgs"], function, start, 12, *options, evaluator=taught["evaluator"])
        assert len(ours) == len(theirs) == 12
        torch.testing.assert_close(torch.stack(ours), torch.stack(theirs), atol=1e-10, rtol=0)


def test_the_line_search_never_accepts_a_rise(taught):
    accepted = []
    evaluate, _ = taught["evaluator"](quartic)

    def noted(x):
        L, g = evaluate(x)
        if not accepted or accepted[-1] >= L:
            accepted.append(L)
        return L, g

    end = taught["lbfgs"](noted, torch.ones(11, dtype=torch.float64), 40, first=3.0)
    assert quartic(end)["total"].item() == pytest.approx(min(accepted), abs=1e-12)
    assert accepted[-1] < 1e-6 * accepted[0]


@pytest.mark.parametrize("name", ["gradient_descent", "adam"])
def test_gradient_descent_and_adam_are_torchs(taught, name):
    rate = {"gradient_descent": 0.002, "adam": 0.1}[name]
    start = torch.linspace(-0.05, 0.07, 13, dtype=torch.float64)
    x = start.clone().requires_grad_(True)
    optimiser = {"gradient_descent": torch.optim.SGD, "adam": torch.optim.Adam}[name]([x], lr=rate)
    theirs = torchs_places(optimiser, x, quartic, 17)
    ours, _ = places_of(taught[name], quartic, start, 17, rate, evaluator=taught["evaluator"])
    torch.testing.assert_close(torch.stack(ours), torch.stack(theirs), atol=1e-10, rtol=0)


@pytest.mark.parametrize("ratio, moves", [(25, 87), (100, 346)])
def test_gradient_descent_at_its_best_rate_needs_moves_in_proportion_to_the_ratio_of_curvatures(taught, ratio, moves):
    start = torch.tensor([1.0, 1.0], dtype=torch.float64)
    options = (2 / (1 + ratio),)
    method = taught["gradient_descent"]
    places, _ = places_of(method, ellipse(ratio), start * 1e-2, moves + 1, *options, evaluator=taught["evaluator"])
    distances = [place.norm().item() / start.norm().item() / 1e-2 for place in places]
    assert distances[moves] <= 1 / 1000 < distances[moves - 1]


@pytest.mark.slow
@pytest.mark.parametrize("names", [("chelsea", "waves"), ("coffee", "shapes")], ids=" + ".join)
def test_without_a_rate_lbfgs_gets_as_low_as_adam_at_the_best_of_three_and_lower_than_gradient_descent(
    taught, network, names
):
    p, a = (load_image(name, 80) for name in names)
    objective, ends = painting_objective(network, p, a, **WEIGHTS), {}
    for name, rates in (("gradient_descent", (1, 10, 100)), ("adam", (0.001, 0.05, 1.0))):
        runs = [places_of(taught[name], objective, p, 40, rate, evaluator=taught["evaluator"])[1] for rate in rates]
        ends[name] = min(run[-1] for run in runs)
    *_, last = minimise(p, objective, 40)
    assert last.losses["total"] < 1.2 * ends["adam"]
    assert last.losses["total"] < 0.85 * ends["gradient_descent"]


def test_more_pairs_help_where_the_curvature_stays_what_it_is(taught):
    start, ends = torch.ones(35, dtype=torch.float64), {}
    for m in (1, 50):
        ends[m] = min(places_of(taught["lbfgs"], quartic, start, 40, m, evaluator=taught["evaluator"])[1])
    assert ends[50] < ends[1] / 50


def test_on_a_painting_one_pair_is_nearly_as_good_as_fifty(taught, network):
    p, objective = painting(network, 56)
    ends = [places_of(taught["lbfgs"], objective, p, 80, m, evaluator=taught["evaluator"])[1][-1] for m in (1, 10, 50)]
    assert max(ends) < 1.3 * min(ends)


def test_clipping_alone_gets_stuck_where_holding_the_values_at_the_edge_arrives(taught):
    goal = torch.tensor([-0.5, 0.2, 0.3, 0.9, 1.7], dtype=torch.float64)
    stiff = torch.tensor([1.0, 3.0, 30.0, 7.0, 11.0], dtype=torch.float64)
    function = lambda x: {"total": (stiff * (x - goal).square()).sum()}  # noqa: E731
    middle, clip = torch.full_like(goal, 0.5), lambda x: x.clamp(0, 1)
    places, losses = places_of(
        taught["lbfgs"], function, middle, 40, 10, True, 0.01, clip, evaluator=taught["evaluator"]
    )
    assert all(x.min() >= 0 and x.max() <= 1 for x in places)
    lowest = function(clip(goal))["total"].item()
    assert min(losses) > 1.05 * lowest
    *_, last = minimise(middle, function, 40)
    assert last.losses["total"] == pytest.approx(lowest, rel=1e-6)


def saved_by_each_road(taught, network, names):
    """Return the loss as saved of clamping at the end, and of the roads that know the box: walls, clipping, package."""
    p, a = (load_image(name, 64) for name in names)
    objective = painting_objective(network, p, a, **WEIGHTS)
    walled = lambda x: {"total": objective(x)["total"] + 10 * (x - x.clamp(0, 1)).square().mean()}  # noqa: E731
    descend = lambda height, *options: taught["lbfgs"](taught["evaluator"](height)[0], p, 80, *options)  # noqa: E731
    *_, last = minimise(p, objective, 80)
    clipped = descend(objective, 10, True, 0.01, lambda x: x.clamp(0, 1))
    ends = [descend(objective), descend(walled), clipped, last.image]
    assert torch.equal(last.image, last.image.clamp(0, 1))
    return [objective(end.clamp(0, 1))["total"].item() for end in ends]


@pytest.mark.slow
def test_to_clamp_only_at_the_end_saves_a_higher_loss_than_the_roads_that_know_the_box(taught, network):
    dearer = []
    for names in (("chelsea", "waves"), ("coffee", "shapes")):
        clamped, *others = saved_by_each_road(taught, network, names)
        dearer += [math.log(clamped / other) for other in others]
    assert math.exp(math.fsum(dearer) / len(dearer)) > 1.03  # about 1.15


def test_torchs_lbfgs_takes_a_tiny_loss_for_the_bottom_and_stylekits_does_not(network):
    p, objective = painting(network, 48)
    tiny = scaled(objective, 1e-8)
    x = p.clone().requires_grad_(True)
    assert len(torchs_places(torch.optim.LBFGS([x], max_iter=12), x, tiny, 1)) == 1
    *_, last = minimise(p, tiny, 12)
    assert 1e8 * last.losses["total"] < 0.5 * objective(p)["total"].item()


def test_without_tolerances_torchs_lbfgs_still_remembers_no_pair_of_a_tiny_loss(network):
    p, objective = painting(network, 48)
    remembered = {}
    for factor in (1, 1e-8):
        x = p.clone().requires_grad_(True)
        optimiser = torch.optim.LBFGS([x], max_iter=8, tolerance_grad=0, tolerance_change=0)
        torchs_places(optimiser, x, scaled(objective, factor), 1)
        remembered[factor] = len(optimiser.state[x]["old_dirs"])
    assert remembered == {1: 7, 1e-8: 0}


@pytest.mark.slow
def test_small_first_gets_lower_from_noise_for_the_same_work(network):
    p, a = load_image("chelsea", 128), load_image("swirls", 128)
    options = {"init": "noise", "content_weight": 0.1}
    *_, large = stylise(p, a, network, sizes=[128], steps=42, **options)
    *_, both = stylise(p, a, network, sizes=[64, 128], steps=56, **options)
    assert 56 / 4 + 28 == 42 and large.evaluations <= 42 and both.evaluations <= 56 + 28
    assert both.losses["total"] < large.losses["total"]


def bowl_of(curvatures, seed):
    """Return a quadratic function of as many unknowns with these curvatures, along directions drawn by chance."""
    axes, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(len(curvatures), len(curvatures))))
    hessian = torch.tensor(axes @ np.diag(curvatures) @ axes.T)
    return lambda x: {"total": 0.5 * x @ hessian @ x}


@pytest.mark.parametrize("seed", [2, 3, 5])
def test_the_curvatures_of_moves_lie_between_the_least_and_the_greatest_and_turning_finds_the_greatest(taught, seed):
    curvatures = np.array([0.03, 0.2, 0.5, 1.1, 2.3, 3.0, 17.0])
    objective, start = bowl_of(curvatures, seed), torch.linspace(-1, 2, 7, dtype=torch.float64)
    evaluate, _ = taught["evaluator"](objective)
    places, _ = places_of(taught["lbfgs"], objective, start, 6, evaluator=taught["evaluator"])
    slopes = [evaluate(place)[1] for place in places]
    moves = [(x - places[0], g - slopes[0]) for x, g in zip(places[1:], slopes[1:], strict=True)]
    along = [(taught["dot"](s, y) / taught["dot"](s, s)).item() for s, y in moves]
    ordinary, *_, steep = taught["turning"](evaluate, start, turns=12)
    assert all(curvatures[0] < curvature < curvatures[-1] for curvature in [*along, ordinary])
    assert steep == pytest.approx(curvatures[-1], rel=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("names", [("chelsea", "waves"), ("coffee", "shapes")], ids=" + ".join)
def test_on_a_painting_the_steepest_direction_is_steeper_than_the_last_moves_and_far_steeper_than_an_ordinary_one(
    taught, network, names
):
    p, a = (load_image(name, 80) for name in names)
    objective = painting_objective(network, p, a, **WEIGHTS)
    evaluate, _ = taught["evaluator"](objective)
    *steps, last = minimise(p, objective, 40)
    visited = [(step.image, evaluate(step.image)[1]) for step in steps[-19:]]
    pairs = [(x_new - x, g_new - g) for (x, g), (x_new, g_new) in pairwise(visited)]
    along = [(taught["dot"](s, y) / taught["dot"](s, s)).item() for s, y in pairs]
    ordinary, *_, steep = taught["turning"](evaluate, last.image)
    assert steep > max(along) and steep > 60 * ordinary > 0
