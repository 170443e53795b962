"""Notebook 08: how three ways of descending behave, what L-BFGS does, and what an evaluation costs."""

import math
from collections import deque
from pathlib import Path

import jupytext
import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from stylekit.images import load_image
from stylekit.networks import COMPACT, VGG19, LossNetwork, load_network
from stylekit.objective import STYLE_LAYERS, painting_objective
from stylekit.optimise import minimise
from stylekit.transfer import stylise

SOURCE = Path(__file__).resolve().parent.parent / "notebooks" / "source" / "08-how-to-descend.py"
TAUGHT = ("looking", "gradient_descent", "adam", "dot", "direction", "lbfgs", "flops")
WEIGHTS = {"content_weight": 0.1, "style_weight": 1.0, "tv_weight": 0.003}


@pytest.fixture(scope="module")
def taught():
    """Return the functions that the notebook defines, by name."""
    cells = [cell.source for cell in jupytext.read(SOURCE).cells if cell.cell_type == "code"]
    space = {}
    exec(cells[0], space)
    for cell in cells:
        if cell.startswith(tuple(f"def {name}(" for name in TAUGHT)):
            exec(cell, space)
    return {name: space[name] for name in TAUGHT}


def painting(network, size, style="waves", dtype=torch.float32):
    p, a = (load_image(name, size).to(dtype) for name in ("chelsea", style))
    return p, painting_objective(network.to(dtype), p, a, **WEIGHTS)


def places_of(method, objective, x, looks, *options, looking):
    places, (look, record) = [], looking(objective)

    def noted(x):
        places.append(x.detach().clone())
        return look(x)

    method(noted, x, looks, *options)
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
    places, losses = places_of(taught["lbfgs"], ellipse(2), start, 3, 10, True, 1.0, looking=taught["looking"])
    assert losses == pytest.approx([3, 1 / 2, 1 / 75], abs=1e-12)
    torch.testing.assert_close(places[2], torch.tensor([2 / 15, -1 / 15], dtype=torch.float64))


@pytest.mark.parametrize("history", [1, 3, 10])
def test_lbfgs_looks_where_torchs_looks_on_a_quartic_and_on_the_painting(taught, network, history):
    p, objective = painting(load_network("compact", device="cpu"), 49, dtype=torch.float64)
    for function, start in ((quartic, torch.ones(5, 7, dtype=torch.float64)), (objective, p)):
        x = start.clone().requires_grad_(True)
        optimiser = torch.optim.LBFGS([x], max_iter=12, max_eval=99, history_size=history)
        theirs = torchs_places(optimiser, x, function, 1)
        options = (history, False, 1 / start.numel())
        ours, _ = places_of(taught["lbfgs"], function, start, 12, *options, looking=taught["looking"])
        assert len(ours) == len(theirs) == 12
        torch.testing.assert_close(torch.stack(ours), torch.stack(theirs), atol=1e-10, rtol=0)


def test_the_line_search_never_accepts_a_rise(taught):
    accepted = []
    look, _ = taught["looking"](quartic)

    def noted(x):
        L, g = look(x)
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
    ours, _ = places_of(taught[name], quartic, start, 17, rate, looking=taught["looking"])
    torch.testing.assert_close(torch.stack(ours), torch.stack(theirs), atol=1e-10, rtol=0)


@pytest.mark.parametrize("ratio, moves", [(25, 87), (100, 346)])
def test_gradient_descent_at_its_best_rate_needs_moves_in_proportion_to_the_ratio_of_curvatures(taught, ratio, moves):
    start = torch.tensor([1.0, 1.0], dtype=torch.float64)
    options = (2 / (1 + ratio),)
    method = taught["gradient_descent"]
    places, _ = places_of(method, ellipse(ratio), start * 1e-2, moves + 1, *options, looking=taught["looking"])
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
        runs = [places_of(taught[name], objective, p, 40, rate, looking=taught["looking"])[1] for rate in rates]
        ends[name] = min(run[-1] for run in runs)
    *_, last = minimise(p, objective, 40)
    assert last.losses["total"] < 1.2 * ends["adam"]
    assert last.losses["total"] < 0.85 * ends["gradient_descent"]


def test_more_pairs_help_where_the_curvature_stays_what_it_is(taught):
    start, ends = torch.ones(35, dtype=torch.float64), {}
    for m in (1, 50):
        ends[m] = min(places_of(taught["lbfgs"], quartic, start, 40, m, looking=taught["looking"])[1])
    assert ends[50] < ends[1] / 50


def test_on_a_painting_one_pair_is_nearly_as_good_as_fifty(taught, network):
    p, objective = painting(network, 56)
    ends = [places_of(taught["lbfgs"], objective, p, 80, m, looking=taught["looking"])[1][-1] for m in (1, 10, 50)]
    assert max(ends) < 1.3 * min(ends)


def test_clipping_alone_gets_stuck_where_holding_the_values_at_the_edge_arrives(taught):
    goal = torch.tensor([-0.5, 0.2, 0.3, 0.9, 1.7], dtype=torch.float64)
    stiff = torch.tensor([1.0, 3.0, 30.0, 7.0, 11.0], dtype=torch.float64)
    function = lambda x: {"total": (stiff * (x - goal).square()).sum()}  # noqa: E731
    middle, clip = torch.full_like(goal, 0.5), lambda x: x.clamp(0, 1)
    places, losses = places_of(taught["lbfgs"], function, middle, 40, 10, True, 0.01, clip, looking=taught["looking"])
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
    descend = lambda height, *options: taught["lbfgs"](taught["looking"](height)[0], p, 80, *options)  # noqa: E731
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


class Rough(LossNetwork):
    """A network whose convolutions compute in bfloat16."""

    def features(self, image, layers):
        with torch.autocast("cpu", torch.bfloat16):
            return {layer: F.float() for layer, F in super().features(image, layers).items()}


def slope(network, x):
    p, a = (load_image(name, 64).to(x.dtype) for name in ("chelsea", "waves"))
    objective = painting_objective(network, p, a, **WEIGHTS)
    x = x.clone().requires_grad_(True)
    return torch.autograd.grad(objective(x)["total"], x)[0].double().flatten()


def test_float32_has_the_slope_of_float64_and_bfloat16_loses_it_towards_the_end(network, precise):
    p, objective = painting(network, 64)
    *_, last = minimise(p, objective, 60)
    cosines = {}
    rough = Rough(COMPACT.blocks, COMPACT.widths, COMPACT.padding).requires_grad_(False)
    rough.load_state_dict(network.state_dict())
    for name, x in (("photograph", p), ("painting", last.image)):
        true, *others = slope(precise, x.double()), slope(network, x), slope(rough, x)
        cosines[name] = [torch.nn.functional.cosine_similarity(true, g, dim=0).item() for g in others]
    assert min(fine for fine, _ in cosines.values()) > 0.99999
    assert cosines["painting"][1] < cosines["photograph"][1] < 0.9999


@pytest.mark.parametrize("architecture", [COMPACT, VGG19], ids=["compact", "vgg19"])
def test_the_formula_counts_the_operations_that_torch_counts(taught, architecture):
    height, width = 75, 53
    with torch.device("meta"):
        network = architecture.build().requires_grad_(False)
        x = torch.rand(1, 3, height, width, requires_grad=True)
        with FlopCounterMode(display=False) as counter:
            responses = network.features(x, STYLE_LAYERS)
            torch.autograd.grad(sum(F.sum() for F in responses.values()), x)
        with FlopCounterMode(display=False) as products:
            for F in responses.values():
                D = F.flatten(2) @ F.flatten(2).transpose(1, 2)
                D @ F.flatten(2)  # the derivative, where D is dL/dG
    convolutions, grams = taught["flops"](architecture, height=height, width=width)
    assert (convolutions, grams) == (counter.get_total_flops(), products.get_total_flops())


def test_vgg19_at_512_pixels_takes_397_gflop_an_evaluation(taught):
    convolutions, grams = taught["flops"](VGG19, height=512, width=512)
    assert (round(convolutions / 1e9, 1), round((convolutions + grams) / 1e9, 1)) == (378.7, 396.9)
    assert math.isclose(500 * (convolutions + grams) / 100e9 / 60, 33, abs_tol=0.5)
