"""The benchmark: its contestants minimise one objective, each with the evaluations it is due; the verdicts hold."""

from pathlib import Path

import pytest
import torch

from stylekit.networks import LossNetwork

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"
SMALL = {"blocks": (2, 2, 4, 4, 1), "widths": (5, 7, 11, 13, 17)}  # as VGG-19 begins
AS_VGG16 = SMALL | {"blocks": (2, 2, 3, 3, 1)}  # as VGG-16 and the compact network do


@pytest.fixture(scope="module")
def modules():
    """The modules of benchmarks/, which is no package: contestants, peers, report."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        import contestants
        import peers
        import report
    return contestants, peers, report


def make_task(contestants, padding="replicate", shape=SMALL):
    """Return a task on a small network of random weights and two pictures of other shapes."""
    generator = torch.Generator().manual_seed(0)
    torch.manual_seed(0)
    network = LossNetwork(**shape, padding=padding)
    for convolution in network.convolutions.values():
        torch.nn.init.kaiming_normal_(convolution.weight)
    network.requires_grad_(False).to(memory_format=torch.channels_last)
    content, style = (0.3 + 0.4 * torch.rand(1, 3, *sides, generator=generator) for sides in ((37, 43), (41, 31)))
    return contestants.Task(network, content, style, content)


def build(contestants, name, task):
    if name not in contestants.installed_peers():
        pytest.skip(f"{name} is not installed: pip install --no-deps neural-style==0.5.7 pystiche==1.0.1")
    return contestants.PEERS[name](task)


@pytest.mark.parametrize(("padding", "shape"), [("zeros", SMALL), ("replicate", SMALL), ("replicate", AS_VGG16)])
@pytest.mark.parametrize("name", ["plain loop", "neural-style", "pystiche", "pystiche, frozen"])
def test_every_contestant_has_the_loss_and_the_gradient_of_the_kits_objective(modules, name, padding, shape):
    contestants, _, _ = modules
    task = make_task(contestants, padding, shape)
    problem = build(contestants, name, task)
    direction = torch.randn(task.content.shape, generator=torch.Generator().manual_seed(1)).clamp(-3, 3)
    with torch.no_grad():
        problem.x += 0.05 * direction  # away from the photograph, where the content term is 0
    image = problem.picture(problem.x.detach()).requires_grad_(True)
    total = task.objective(image)["total"]
    (gradient,) = torch.autograd.grad(total, image)
    assert float(torch.as_tensor(problem.evaluate()).detach()) == pytest.approx(task.factor * total.item(), rel=1e-4)
    with torch.no_grad():  # the contestant's space is an affine map of RGB: compare the slope along one direction
        move = problem.picture(problem.x + direction) - problem.picture(problem.x)
    theirs, ours = (problem.x.grad * direction).sum().item(), task.factor * (gradient * move).sum().item()
    assert theirs == pytest.approx(ours, rel=1e-3)


def test_the_losses_are_scaled_to_a_mean_gradient_of_one_at_the_photograph(modules):
    problem = build(modules[0], "plain loop", make_task(modules[0]))
    problem.evaluate()
    assert problem.x.grad.abs().mean().item() == pytest.approx(1, rel=1e-3)


def test_a_contestant_gets_its_evaluations_and_not_one_more(modules, monkeypatch):
    contestants, peers, _ = modules
    monkeypatch.setattr(peers, "EVALUATIONS", 23)
    task, calls = make_task(contestants), 0

    def counted(task):
        problem = contestants.plain_loop(task)
        plain = problem.evaluate

        def evaluate():
            nonlocal calls
            calls += 1
            return plain()

        problem.evaluate = evaluate
        return problem

    marks = peers.descend(counted, task)
    assert calls == 23
    assert [count for count, _, _ in marks] == [10, 20]
    assert task.judge(marks[-1][2]) < task.judge(marks[0][2]) < task.judge(task.content)


def test_the_kits_marks_count_on_from_the_coarse_sizes_and_name_where_its_default_ends(modules, monkeypatch):
    contestants, peers, _ = modules
    task = make_task(contestants)
    monkeypatch.setattr(
        peers, "coarse_to_fine", lambda size, coarsest: [37, size]
    )  # as if the picture were a large one
    monkeypatch.setattr(peers, "steps_at", lambda sizes: [80, 25])
    monkeypatch.setattr(peers, "EVALUATIONS", 60)
    marks, default = peers.paint(task, "content")
    coarse = marks[0][0] - 1
    assert 0 < coarse <= 80
    assert marks[-1][0] <= coarse + 60
    assert marks[default - 1][0] <= coarse + 25 < marks[default][0]
    assert task.judge(marks[-1][2]) < task.judge(marks[0][2])


def test_the_clock_stops_at_the_budget(modules, monkeypatch):
    _, peers, _ = modules
    clock = iter(range(1000))
    monkeypatch.setattr(peers, "now", lambda device: next(clock))
    monkeypatch.setattr(peers, "BUDGET", 5)
    found = peers.time_evaluations({name: lambda: None for name in "abc"}, torch.device("cpu"))
    assert found == {"a": 1, "b": 1}  # c would begin at the fifth tick and take one


def test_verdicts_name_the_figure_and_whether_it_is_reached(modules):
    contestants, _, report = modules
    times = {
        "float32": {512: {"stylekit": 0.9, report.CHAIN: 0.6, "plain loop": 1.2, "pystiche": 1.0}},
        "bfloat16": {512: {"stylekit": 0.7, "plain loop": 0.1}},
    }
    results = {
        "stylekit, 80 steps": None,
        "stylekit, 200 steps": (90, 4.0),
        "plain loop": (200, 10.0),
        "pystiche": None,
    }
    losses = {"stylekit, full size only": 0.6, "plain loop": 0.5}
    races = {
        (512, init): {
            name: report.Result(there, 11.0, losses.get(name, 0.7))
            for name, there in (results | {"stylekit, full size only": None}).items()
        }
        for init in ("content", "noise")
    }
    cells = [cell for (cell,) in report.time_targets(times, [512]).values()]
    assert cells == [
        "0.90, reached",  # against pystiche, the faster of the two
        "0.70, **not reached**",  # bfloat16 against the peers' float32
        "0.67, **not reached**",
        "not measured",
    ]
    assert list(report.race_targets(races).values()) == [
        ["1.20, **not reached**", "1.20, **not reached**"],
        ["0.40, reached", "0.40, **not reached**"],  # half is asked from the photograph, 0.3 from noise
    ]


def test_a_kit_that_never_gets_to_the_loss_has_no_time(modules):
    _, _, report = modules
    results = {"stylekit, full size only": report.Result(None, 9.0, 0.6)}
    results |= {"plain loop": report.Result((200, 9.0), 9.0, 0.5)}
    assert report.ahead(results) is None
    *_, (cell,) = report.race_targets({(512, "noise"): results}).values()
    assert cell == "never there, **not reached**"


def test_every_loss_is_that_of_the_picture_as_it_is_saved(modules):
    task = make_task(modules[0])
    outside = task.content + torch.where(task.content > 0.6, 0.7, 0.0)
    assert task.judge(outside) == task.judge(outside.clamp(0, 1)) != pytest.approx(task.judge(task.content))


@pytest.mark.parametrize("name", ["plain loop", "neural-style", "pystiche, frozen"])
def test_a_contestant_starts_where_it_is_told(modules, name):
    task = make_task(modules[0])
    task.start = torch.rand(task.content.shape, generator=torch.Generator().manual_seed(3))
    problem = build(modules[0], name, task)
    assert torch.allclose(problem.picture(problem.x.detach()), task.start, atol=1e-6)


def test_the_kit_at_one_size_spends_what_the_others_spend(modules, monkeypatch):
    contestants, peers, _ = modules
    monkeypatch.setattr(peers, "EVALUATIONS", 23)
    task = make_task(contestants)
    marks = peers.paint_at_one_size(task)
    assert marks[-1][0] == 23 and task.judge(marks[-1][2]) < task.judge(marks[0][2])


def test_the_report_on_patches_says_which_targets_are_reached_and_how_time_grows(modules):
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        import patches  # benchmarks/patches.py, not the package of that name
    run = lambda size: None  # noqa: E731
    fast, slow = patches.Case("fast", 64, 1.5, run), patches.Case("slow", 128, 4, run)
    text = patches.report({fast: {32: 0.25, 64: 1.0}, slow: {64: 2.0, 128: 5.0}})
    assert "| fast, 64 px | 1.000 | 1.5: 1.00, reached | 4.0 |" in text
    assert "| slow, 64 px | 2.000 |  |  |" in text
    assert "| slow, 128 px | 5.000 | 4: 5.00, **not reached** | 2.5 |" in text


@pytest.mark.slow
def test_each_case_of_the_benchmark_on_patches_makes_a_picture_of_its_size(modules):
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        import patches
    found = {case.name: case.run(64)() for case in patches.cases()[:5]}
    assert {name: step.image.shape for name, step in found.items()} == dict.fromkeys(found, (64, 64, 3))
    assert {name: step.done for name, step in found.items()} == dict.fromkeys(found, 1.0)
