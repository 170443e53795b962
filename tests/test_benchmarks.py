"""The benchmark: its contestants minimise one objective, each with the evaluations it is due; the verdicts hold."""

import json
from pathlib import Path

import pytest
import torch

from stylekit.feedforward import (
    Architecture,
    PerceptualLoss,
    Photographs,
    TransformationNetwork,
    load_transformer,
    save_transformer,
)
from stylekit.images import load_image, save_image
from stylekit.networks import LossNetwork
from stylekit.objective import painting_objective
from stylekit.optimise import Step, minimise

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


# One pass against the descent: benchmarks/feedforward.py.


@pytest.fixture(scope="module")
def feedforward(modules):
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        import feedforward
    return feedforward


def noise(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def test_the_papers_descent_looks_at_pictures_in_the_box_only_one_an_iteration(feedforward):
    seen, target = [], 4 * noise(1, 3, 5, 7) - 1.5  # three quarters of it outside of [0, 1]
    scale = 1 + 50 * noise(1, 3, 5, 7, seed=1)

    def objective(x):
        seen.append(x.detach().clone())
        return {"total": (scale * (x - target) ** 2).sum()}

    steps = list(feedforward.projected(noise(1, 3, 5, 7, seed=2), objective, 60))
    assert len(seen) == 60 and [step.evaluations for step in steps] == list(range(1, 61))
    assert all(x.min() >= 0 and x.max() <= 1 for x in seen)
    assert all(torch.equal(x, step.image) for x, step in zip(seen, steps, strict=True))
    least = objective(target.clamp(0, 1))["total"].item()  # at the nearest that the box has
    first, *_, last = (step.losses["total"] - least for step in steps)
    assert 0 <= last < 1e-3 * first


def test_a_descent_is_left_where_it_meets_the_pass(feedforward):
    steps, taken = [Step(torch.zeros(1), {"total": 1 / n}, n, 0.0) for n in range(1, 9)], []

    def descent():
        for step in steps:
            taken.append(step.evaluations)
            yield step

    assert feedforward.until(descent(), 0.26, 8) == {"meets": 4, "lowest": 0.25}
    assert taken == [1, 2, 3, 4]
    assert feedforward.until(descent(), 0.01, 8) == {"meets": None, "lowest": 0.125}


def test_both_descents_lower_the_objective_that_the_network_was_trained_with(feedforward, network):
    photograph, style = noise(1, 3, 32, 32), noise(1, 3, 32, 32, seed=1)
    loss = PerceptualLoss(network, style, photograph, content_weight=0.7)
    objective, painting = feedforward.objective_at(loss, photograph), noise(1, 3, 32, 32, seed=2)
    expected = loss(painting, photograph)["total"].item()
    assert objective(painting)["total"].item() == pytest.approx(expected, rel=1e-5)
    found = feedforward.meet(lambda image: 1.5 - image, loss, photograph, 6)  # it is judged as it is saved, in [0, 1]
    with torch.no_grad():
        assert found["one pass"] == pytest.approx(objective((1.5 - photograph).clamp(0, 1))["total"].item())
        first = objective(noise(1, 3, 32, 32))["total"].item()
    assert feedforward.DESCENTS["kit"] is minimise
    assert all(found[name]["lowest"] <= first for name in feedforward.DESCENTS)


def test_style_is_interpolated_at_the_same_content_in_logarithms(feedforward):
    make = feedforward.Distances
    found = [make(1.0, 8.0), make(4.0, 0.5), make(16.0, 0.1), make(0.25, 90.0)]
    assert feedforward.interpolated(found, 2.0) == pytest.approx(2.0)  # half the way from 1 to 4, and from 8 to 1/2
    assert feedforward.interpolated(found, 4.0) == pytest.approx(0.5)
    assert feedforward.interpolated(found, 0.2) is feedforward.interpolated(found, 17.0) is None


@pytest.mark.parametrize("content", [0.013, 0.3, 2.9])
def test_the_content_weight_is_sought_until_both_keep_as_much_of_the_photograph(feedforward, content):
    tried = []

    def paint(weight):  # more weight, nearer to the photograph and further from the style
        tried.append(weight)
        return feedforward.Distances(1 / (1 + 5 * weight), weight**1.5)

    style, weight = feedforward.at_equal_content(paint, content, 0.1, 8)
    if content > 1:
        assert style is None and len(tried) == 8
        return
    exact = (1 / content - 1) / 5
    assert style == pytest.approx(exact**1.5, rel=0.05) and weight == pytest.approx(exact, rel=0.05)
    assert len(set(tried)) == len(tried) <= 8


def test_the_bare_chain_has_the_networks_convolutions_on_their_sizes(feedforward, monkeypatch):
    torch.manual_seed(0)
    network, image = TransformationNetwork(Architecture(width=2)).eval(), noise(1, 3, 36, 52)
    sizes, chained = [], []
    for part in network.modules():
        if isinstance(part, torch.nn.Conv2d):
            part.register_forward_hook(lambda layer, given, out: sizes.append((layer.weight.shape, out.shape)))
    run = feedforward.bare_chain(network, image)
    plain = torch.nn.functional.conv2d

    def conv2d(x, weight, *rest):
        out = plain(x, weight, *rest)
        chained.append((weight.shape, out.shape))
        return out

    monkeypatch.setattr(feedforward.functional, "conv2d", conv2d)
    sizes.clear()
    with torch.no_grad():
        network(image)
    chained.clear()
    assert run().shape == image.shape
    assert chained == sizes and len(sizes) == 16


def test_what_is_not_installed_is_named_and_left_out(feedforward, monkeypatch):
    monkeypatch.setattr(feedforward, "installed", lambda package: False)
    torch.manual_seed(0)
    found = feedforward.contestants(TransformationNetwork(Architecture(width=2)).eval(), 32, 1)
    assert found.pop("one pass")().shape == found.pop("bare chain")().shape == (1, 3, 32, 32)
    assert found == {"ONNX Runtime": None, "OpenVINO": None}


def test_the_tables_say_what_was_measured(feedforward):
    assert feedforward.spread_of([40, 62, None], 80) == "62 (40..> 80)"
    assert feedforward.spread_of([None, None], 80) == "> 80 (> 80..> 80)"
    assert feedforward.spread_of([7], 80) == "7"
    meets = lambda style, size, a, b: {  # noqa: E731
        "style": style,
        "size": size,
        "projected": {"meets": a},
        "kit": {"meets": b},
    }
    rows = [
        meets("haze", 256, 30, 10),
        meets("haze", 256, 40, 20),
        meets("haze", 512, 50, 9),
        meets("waves", 256, 8, 5),
    ]
    text = feedforward.curves_table({"rows": rows, "evaluations": 99})
    assert "| haze | 35 (30..40) | 15 (10..20) | 50 | 9 |" in text
    assert "| waves | 8 | 5 |  |  |" in text and "| all styles | 30 (8..40) | 10 (5..20) | 50 | 9 |" in text
    one = {"style": "haze", "content": 0.5, "one pass": 0.3, "stylise": 0.25, "ratio": 1.2}
    rows = [one, one | {"ratio": 1.4}, one | {"style": "waves", "ratio": 1.7}, one | {"stylise": None, "ratio": None}]
    text = feedforward.distances_table({"rows": rows})
    assert "| haze | 0.5 | 0.3 | 0.25 | 1.3 |" in text  # of the two that have a ratio
    assert "at most 1.3: 1.50, **not reached**. For 1 of 4" in text  # of styles, not of photographs
    seconds = {"one pass": 0.2, "bare chain": 0.1, "OpenVINO": None}
    text = feedforward.speed_table({"rows": [{"size": 256, "seconds": seconds}]})
    assert "| one pass | 5.0 | 0.50 |" in text and "| OpenVINO | not installed |  |" in text


@pytest.fixture
def small(tmp_path):
    """Three photographs and a network of two styles that learned from two of them: its options."""
    for number in range(3):
        save_image(noise(1, 3, 40, 40, seed=number), tmp_path / f"{number}.png")
    training = {
        "photographs": 3,
        "held out": 1,
        "size": 48,
        "styles": ["swirls", "waves"],
        "content weights": [1.0, 0.5],
    }
    training |= {"content layers": {"relu3_3": 1}, "style layers": {"relu1_1": 1}}
    training |= {"style_weight": 1.0, "tv_weight": 0.0}
    torch.manual_seed(0)
    network = TransformationNetwork(Architecture(width=2, styles=2))
    save_transformer(network, tmp_path / "n.safetensors", {"training": json.dumps(training)}, ["swirls", "waves"])
    options = ["--photos", tmp_path, "--network", tmp_path / "n.safetensors", "--sizes", 48, 64, "--film-size", 32]
    options += ["--pictures", "chelsea", "--evaluations", 3, "--steps", 2, "--trials", 2, "--judged", 1, "--frames", 2]
    options += ["--judge", "compact", "--threads", 1, "-o", tmp_path / "REPORT.md", "--results", tmp_path / "results"]
    return tmp_path, [str(option) for option in options]


def test_a_small_run_measures_stores_and_reports_every_section(feedforward, small, monkeypatch, capsys):
    folder, options = small
    monkeypatch.setattr(feedforward, "contestants", lambda *_: {"one pass": 2, "bare chain": 1, "OpenVINO": None})
    monkeypatch.setattr(feedforward, "time_evaluations", lambda functions, device: functions)
    feedforward.main([*options, "--sections", "film", "curves", "speed"])
    stored = {name: feedforward.measured(name, folder / "results") for name in ("curves", "speed", "film")}
    assert [(row["style"], row["size"]) for row in stored["curves"]["rows"]] == [
        ("swirls", 48),
        ("waves", 48),
        ("swirls", 64),
        ("waves", 64),
    ]
    assert {row["picture"] for row in stored["curves"]["rows"]} == {"held out 1", "chelsea"}
    assert all(len(found["rows"]) == found["planned"] for found in stored.values())
    text = (folder / "REPORT.md").read_text()
    assert "## How near" not in text
    feedforward.main([*options, "--sections", "distances", "--styles", "waves"])  # the rest is still there
    (row,) = feedforward.measured("distances", folder / "results")["rows"]
    text = (folder / "REPORT.md").read_text()
    assert text.index("## Where the descent") < text.index("## How near") < text.index("## Speed")
    assert f"| waves | {row['content']:.3g} | {row['one pass']:.3g} |" in text and "Broken off" not in text
    (shaken, _) = stored["film"]["rows"]
    assert f"| swirls | {shaken['flicker']['film']:.4f} | {shaken['flicker']['alone']:.4f} |" in text
    assert "| bare chain | 1.0 | 1.00 | 1.0 | 1.00 |" in text
    assert "film 2/2" in capsys.readouterr().out


def test_the_distances_are_the_judges_of_the_pass_as_it_is_saved(feedforward, small, network):
    folder, options = small
    feedforward.main([*options, "--sections", "distances", "--styles", "waves"])
    (row,) = feedforward.measured("distances", folder / "results")["rows"]
    photograph, style = Photographs(folder, 48)[2][None], load_image("waves", 48)
    with torch.no_grad():
        saved = load_transformer("waves", "cpu", folder / "n.safetensors")(photograph).clamp(0, 1)
        said = painting_objective(network, photograph, style, content_layers=["relu3_3"], content_weight=1.0)(saved)
    layers = [value.item() for name, value in said.items() if name.startswith("style")]
    assert len(layers) == 5 and row["one pass"] == pytest.approx(sum(layers) / 5, rel=1e-3)
    assert row["content"] == pytest.approx(said["content"].item(), rel=1e-3)


def test_a_section_that_was_broken_off_is_kept_and_says_so(feedforward, small, monkeypatch):
    folder, options = small

    def broken(options, painters):
        yield {"style": "swirls", "size": 32, "projected": {"meets": 3}, "kit": {"meets": 2}}
        raise KeyboardInterrupt

    monkeypatch.setitem(feedforward.MEASURES, "curves", broken)
    with pytest.raises(KeyboardInterrupt):
        feedforward.main([*options, "--sections", "curves"])
    feedforward.main([*options, "--sections"])  # none: the report alone
    text = (folder / "REPORT.md").read_text()
    assert "**Broken off** after 1 of 4" in text and "| swirls | 3 | 2 |" in text


def test_without_weights_of_vgg16_the_report_says_so(feedforward, small, monkeypatch):
    folder, options = small
    monkeypatch.delenv("STYLEKIT_VGG16", raising=False)
    feedforward.main([*options, "--judge", "vgg16", "--sections", "distances"])
    assert "**Not measured**: STYLEKIT_VGG16 names no file" in (folder / "REPORT.md").read_text()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--sections", "curves", "distances"], "curves and distances need --photos"),
        (["--sections", "film", "--frames", "1"], "give --frames 2 or more"),
        (["--sections", "speed", "--speed-sizes", "8"], "a size is 32 pixels or more, got 8"),
        (["--sections", "film", "--evaluations", "0"], "expected a whole number, 1 or more, got '0'"),
        (["--sections", "film", "--film", "nowhere.mp4"], "there is no file nowhere.mp4"),
        (["--sections", "speed", "--styles", "swrils"], "did you mean 'swirls'?"),
        (["--sections", "curves", "--photos", "nowhere"], "there is no folder or tar file of photographs at nowhere"),
        (["--sections", "speed", "-o", "nowhere/REPORT.md"], "the folder nowhere does not exist"),
    ],
)
def test_what_makes_no_sense_is_a_sentence_before_anything_is_measured(feedforward, small, words, sentence, capsys):
    folder, options = small
    own = options[options.index("--network") : options.index("--sizes")]
    with pytest.raises(SystemExit) as left:
        feedforward.main([*own, "-o", str(folder / "r.md"), "--results", str(folder), "--threads", "1", *words])
    assert left.value.code == 2 and sentence in " ".join(capsys.readouterr().err.split())
