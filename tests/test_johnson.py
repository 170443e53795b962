"""Johnson's Table 1 and Fig. 5: what is measured, how it is put together, and what is stored."""

import json
from dataclasses import replace

import pytest
import torch

from stylekit import __main__ as cli
from stylekit import images, paper
from stylekit.errors import AssetError
from stylekit.feedforward import (
    Architecture,
    PerceptualLoss,
    TransformationNetwork,
    facts_of,
    load_transformer,
    save_transformer,
)
from stylekit.networks import weights_hash
from stylekit.optimise import Step
from stylekit.paper import johnson
from stylekit.paper.measurements import PUBLISHED, SIZES, STEPS


def test_both_are_recipes_and_no_two_share_a_name():
    for figure in paper.MEASURED:
        recipes = paper.recipes(figure)
        assert recipes and len({recipe.panel for recipe in recipes}) == len(recipes)
        assert set(recipes) <= set(paper.recipes())


def test_table_1_has_every_size_number_of_steps_and_network():
    recipes = paper.recipes("johnson1")
    descents = {(r.network, r.size, r.steps) for r in recipes if r.method == "descend"}
    assert descents == {(n, size, steps) for n in ("vgg16", "vgg19", "compact") for size in SIZES for steps in STEPS}
    assert len(recipes) - len(descents) == 9
    assert {r.published for r in recipes if r.network == "vgg16" and r.size == 512} == {10.97, 32.91, 54.85}


def test_the_published_ratio_is_three_orders_of_magnitude():
    for seconds in PUBLISHED.values():
        assert 1000 < seconds[500] / seconds[0] < 1100


def test_a_row_of_table_1_is_one_evaluation_times_the_steps(monkeypatch):
    ticks = iter([0, 9, 10, 12, 20, 23, 30, 37])  # begin and end of four evaluations: 9 (not counted), 2, 3, 7 seconds
    monkeypatch.setattr(johnson.time, "perf_counter", lambda: float(next(ticks)))
    monkeypatch.setattr(johnson, "_work", lambda *_: lambda: None)
    recipes = [r for r in paper.recipes("johnson1") if r.network == "vgg19" and r.size == 256]
    rows = list(paper.time_table(recipes, repeats=3))
    assert [(row["steps"], row["seconds"]) for row in rows] == [(100, 300), (300, 900), (500, 1500)]
    assert {row["seconds of one"] for row in rows} == {3} and {row["evaluations timed"] for row in rows} == {3}


@pytest.mark.parametrize("network", ["compact", "half width", "full width", "as published"])
def test_what_is_timed_is_a_gradient_or_a_painting_of_the_recipes_size(network):
    recipe = next(r for r in paper.recipes("johnson1") if r.network == network)
    small = johnson.Measurement(recipe.figure, recipe.panel, recipe.method, network, 64, recipe.steps, recipe.source)
    assert johnson._work(small, torch.device("cpu"))().shape == (1, 3, 64, 64)


def test_the_rows_of_table_1_put_seconds_by_size_and_ratios_under_them():
    rows = [{"network": r.network, "steps": r.steps, "size": r.size, "published": r.published} for r in johnson_rows()]
    for row in rows:
        row["seconds"] = row["size"] / 64 * (row["steps"] or 0.25)
    table = paper.table_rows(rows)
    assert table["vgg19, 500 evaluations *"] == {"256 px": 2000, "512 px": 4000, "1024 px": 8000}
    assert table["ratio: vgg19, 500 / half width"] == {"256 px": 2000, "512 px": 2000, "1024 px": 2000}
    assert table["published: ratio"]["256 px"] == 1057


def johnson_rows():
    return paper.recipes("johnson1")


def test_the_lowest_loss_so_far_is_filled_in_between_steps_and_after_the_last():
    image = torch.zeros(1, 3, 2, 2)
    steps = [Step(image, {"total": loss}, e, 0.0) for loss, e in ((9.0, 1), (5.0, 3), (6.0, 4), (1.0, 5))]
    assert johnson.lowest_so_far(iter(steps), 7) == [9, 9, 5, 5, 1, 1, 1]
    assert johnson.lowest_so_far(iter(steps), 2) == [9, 9]


def test_a_descent_meets_a_value_where_it_is_first_at_or_below_it():
    assert paper.meeting_point([9.0, 5.0, 5.0, 2.0], 5.0) == 2
    assert paper.meeting_point([9.0, 5.0], 4.0) is None


def test_fig_5_compares_one_objective_of_one_photograph(network):
    photograph = images.resize_image(images.load_image("chelsea", 96), (64, 64))
    objective = PerceptualLoss(network, photograph.flip(-1), photograph)
    torch.manual_seed(0)
    transformer = TransformationNetwork(Architecture(width=2))
    (found,) = paper.compare(transformer, objective, [photograph[0]], steps=8)
    with torch.no_grad():
        saved = transformer(photograph).clamp(0, 1)
    assert found["one pass"] == pytest.approx(objective(saved, photograph)["total"].item(), rel=1e-5)
    assert found["photograph"][0] == pytest.approx(objective(photograph, photograph)["total"].item(), rel=1e-5)
    for start in paper.DESCENTS:
        curve = found[start]
        assert len(curve) == 8 and curve == sorted(curve, reverse=True) and curve[-1] < curve[0]


def test_a_summary_is_the_mean_place_by_place(tmp_path):
    network = str(tmp_path / "n.safetensors")
    save_transformer(TransformationNetwork(Architecture(width=2)), tmp_path / "n.safetensors")
    found = [
        {"one pass": 3.0, "noise": [9.0, 3.0], "photograph": [2.0, 1.0]},
        {"one pass": 1.0, "noise": [7.0, 5.0], "photograph": [4.0, 1.0]},
    ]
    summary = paper.summary(found, network)
    assert summary["mean"] == {"one pass": 2, "noise": [8, 4], "photograph": [3, 1]}
    assert summary["meets after"] == {"noise": [2, None], "photograph": [1, 2]}


def test_fig_5_asks_for_the_photographs_and_refuses_others(tmp_path, capsys):
    assert cli.main(["figure", "johnson5"]) == 2
    assert "needs --photos" in capsys.readouterr().err
    images.save_image(images.load_image("chelsea", 64), tmp_path / "one.png")
    network = TransformationNetwork(Architecture(width=2))
    save_transformer(network, tmp_path / "n.safetensors", {"training": json.dumps({"photographs": 5, "held out": 2})})
    with pytest.raises(AssetError, match="holds 1 photographs, and .* was trained on 5, 2 of them held out"):
        next(paper.curves(tmp_path, str(tmp_path / "n.safetensors")))


def test_fig_5_takes_its_units_from_photographs_that_were_learnt_from_and_measures_the_others(tmp_path, monkeypatch):
    for number in range(3):
        images.save_image(torch.full((1, 3, 40, 40), number / 5), tmp_path / f"{number}.png")
    training = {"photographs": 3, "held out": 1, "size": 32, "content layers": {"relu1_1": 1}}
    training |= {"style layers": {"relu1_1": 1}, "content_weight": 1.0, "style_weight": 1.0, "tv_weight": 0.0}
    save_transformer(
        TransformationNetwork(Architecture(width=2)), tmp_path / "n.safetensors", {"training": json.dumps(training)}
    )
    monkeypatch.setattr(johnson, "load_image", lambda *_: torch.rand(1, 3, 32, 32))
    monkeypatch.setattr(johnson, "PerceptualLoss", lambda network, style, reference, **_: reference)
    monkeypatch.setattr(johnson, "compare", lambda _, reference, photographs: [(reference, list(photographs))])
    ((reference, photographs),) = paper.curves(tmp_path, str(tmp_path / "n.safetensors"))
    assert [round(5 * one.mean().item()) for one in reference] == [0, 1]
    assert [round(5 * one.mean().item()) for one in photographs] == [2]


def test_fig_5_weighs_the_content_as_it_was_weighed_for_that_style():
    assert johnson._content_weight({"content_weight": 0.25}, "waves") == 0.25
    several = {"styles": ["swirls", "waves"], "content weights": [1.0, 0.5]}
    assert johnson._content_weight(several, "waves") == 0.5
    with pytest.raises(AssetError, match="does not say how it learned haze: only swirls, waves"):
        johnson._content_weight(several, "haze")


# What ships.


def test_the_stored_table_reaches_three_orders_of_magnitude():
    rows = paper.measured("johnson1")
    assert {row["panel"] for row in rows} == {recipe.panel for recipe in paper.recipes("johnson1")}
    assert paper.table_rows(rows)["ratio: vgg19, 500 / half width"]["256 px"] >= 1000
    assert all(row["machine"] and row["seconds"] > 0 for row in rows)


def test_the_stored_curves_are_of_the_network_that_ships():
    stored = paper.measured("johnson5")
    training = json.loads(facts_of(stored["style"])["training"])
    assert stored["photographs"] == training["held out"] == 20
    assert replace(load_transformer(stored["style"]).architecture, noise=0.0) == Architecture()
    assert stored["weights sha256"] == weights_hash(load_transformer(stored["style"]))
    assert stored["mean"]["noise"][0] > stored["mean"]["one pass"] > stored["mean"]["noise"][-1]
