"""The figures as recipes: what they hold, how they are run, resumed, composed and stored, and what the paper claims."""

import csv
import dataclasses
import itertools
import re

import numpy as np
import pytest
import torch
from PIL import Image

from stylekit import assets, paper
from stylekit.errors import AssetError
from stylekit.files import LOSSES
from stylekit.images import load_image, read_metadata
from stylekit.networks import COMPACT, load_network, weights_hash
from stylekit.objective import STYLE_LAYERS
from stylekit.optimise import Step
from stylekit.paper import sweep
from stylekit.paper.panels import Record, machine

TOLERANCE = 0.03  # of an expected loss: rounding differs from processor to processor, and a descent amplifies it
FAST = {"size": 64, "steps": 3}


def panels(figure, variant="offline", **options):
    return {recipe.panel: recipe for recipe in paper.recipes(figure, variant, **options)}


def finish(recipes, folder):
    return [progress.recipe.panel for progress in paper.run(recipes, folder, "cpu") if progress.written]


# What the recipes hold: published numbers, typed here again.


def test_fig2_has_the_published_ratios_of_2015_and_cvpr3_those_of_2016():
    first, second = panels("fig2"), panels("cvpr3")
    assert {n: first[n].published for n in "BCDEF"} == {"B": 1e-3, "C": 1e-3, "D": 1e-3, "E": 1e-4, "F": 1e-4}
    assert {n: second[n].published for n in "BCDEF"} == {"B": 1e-3, "C": 8e-4, "D": 5e-3, "E": 5e-4, "F": 5e-4}


def test_fig3_grows_the_layers_downwards_and_the_ratio_to_the_right():
    recipes = paper.recipes("fig3")
    assert [(len(r.style_layers), r.published) for r in recipes] == [
        (n, ratio) for n in (1, 2, 3, 4, 5) for ratio in (1e-5, 1e-4, 1e-3, 1e-2)
    ]
    assert all(r.style_layers == STYLE_LAYERS[: len(r.style_layers)] for r in recipes)


def test_fig1_rebuilds_content_from_one_layer_and_style_from_growing_sets():
    for name, last in (("fig1", "_1"), ("cvpr1", "_2")):
        found = paper.recipes(name, "paper")
        content = [r.content_layers for r in found if r.method == "reconstruct"]
        assert content == [(f"relu{block}{last}",) for block in (1, 2, 3, 4, 5)]
        assert [len(r.style_layers) for r in found if r.method == "texture"] == [1, 2, 3, 4, 5]


def test_published_paintings_match_content_at_conv4_2_which_is_our_relu4_2():
    painted = [r for r in paper.recipes(variant="paper") if r.method == "stylise" and r.figure != "cvpr5"]
    assert {r.content_layers for r in painted} == {("relu4_2",)} and len(painted) > 30
    assert [r.content_layers for r in panels("cvpr5").values() if r.method == "stylise"] == [("relu2_2",), ("relu4_2",)]


def test_the_variant_paper_paints_as_published_with_vgg19():
    recipe = panels("fig3", "paper")["relu5_1-1e-03"]
    assert (recipe.network, recipe.scale, recipe.init, recipe.sizes) == ("vgg19", "mean", "noise", (512,))
    assert (recipe.content_weight, recipe.style_weight, recipe.tv_weight) == (1e-3, 1, 0)


def test_offline_needs_no_download_and_every_layer_is_in_the_compact_network():
    known, layers = assets.pictures(), COMPACT.build().layers
    for recipe in (r for r in paper.recipes() if r.figure in paper.FIGURES):
        assert {known[recipe.content].origin, known[recipe.style].origin} <= {"scikit-image", "scikit-learn", "data"}
        assert set(recipe.content_layers + recipe.style_layers) <= set(layers)
        assert recipe.network == "compact" and re.search(r"2015|CVPR|slides", recipe.source)


def test_a_picture_of_unclear_copyright_is_shown_only_when_asked_for_and_a_stand_in_is_named():
    known = assets.pictures()
    uses = lambda **options: {  # noqa: E731
        known[name].use
        for r in paper.recipes(variant="paper", **options)
        if r.figure in paper.FIGURES
        for name in (r.content, r.style)
    }
    assert uses() == {"open"} and "code-only" in uses(originals=True)
    assert panels("fig2", "paper")["E"].note == "udnie in place of Seated Nude"
    assert panels("fig2", "paper", originals=True)["E"].note == ""
    assert panels("fig2", "paper")["C"].note == ""
    night = panels("cvpr7", "paper", originals=True)["painting"]
    assert night.note == "tubingen in place of London; rocket in place of New York by night"


def test_no_two_panels_of_a_figure_share_a_name_that_is_a_file_name():
    for figure in paper.FIGURES:
        names = [r.panel for r in paper.recipes(figure)]
        assert len(set(names)) == len(names) > 2 and all(re.fullmatch(r"[\w-]+", name) for name in names)


@pytest.mark.parametrize(
    "arguments, words",
    [
        (("fig9",), "did you mean"),
        (("fig1", "online"), "variant"),
    ],
)
def test_an_unknown_figure_or_variant_is_told(arguments, words):
    with pytest.raises(ValueError, match=words):
        paper.recipes(*arguments)


@pytest.mark.parametrize(("options", "words"), [({"steps": 0}, "steps"), ({"size": 7}, "size")])
def test_numbers_that_make_no_sense_are_told(options, words):
    with pytest.raises(ValueError, match=words):
        paper.recipes("fig1", **options)


# How they are run.


def test_a_panel_carries_its_recipe_its_inputs_and_the_course_of_its_losses(tmp_path):
    recipe = panels("fig3", **FAST)["relu2_1-1e-03"]
    assert finish([recipe], tmp_path) == [recipe.panel]
    (found,) = paper.read_panels([recipe], tmp_path)
    assert found.recipe == recipe and found.image.shape[-1] == 64
    assert found.made_from.weights == weights_hash(load_network("compact", device="cpu"))
    course = list(csv.DictReader(found.course.splitlines()))
    assert float(course[-1]["total"]) == found.losses["total"] < float(course[0]["total"])
    assert int(course[-1]["evaluations"]) == found.evaluations == 3
    assert LOSSES in read_metadata(sweep.panel_file(tmp_path, recipe))


def test_a_record_keeps_the_first_every_fifth_and_the_last_of_each_size():
    record = Record()
    for count in range(20):
        record.add(Step(torch.zeros(1, 3, 2, 2), {"total": 1.0}, count + 1, 0.0, scale=count // 13))
    assert [row["evaluations"] - 1 for row in record.rows] == [0, 5, 10, 12, 15, 19]


def test_what_is_done_is_not_painted_again_and_what_is_half_done_is_begun_again(tmp_path, monkeypatch):
    recipes = list(panels("cvpr4", **FAST).values())[:4]  # both inputs, two paintings
    begun = []
    paint = sweep.paint
    monkeypatch.setattr(sweep, "paint", lambda recipe, network: begun.append(recipe.panel) or paint(recipe, network))
    progress = paper.run(recipes, tmp_path, "cpu")
    while not begun or begun[-1] != recipes[3].panel:
        next(progress)
    progress.close()  # killed in the middle of the last panel
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(f"{r.panel}.png" for r in recipes[:3])
    begun.clear()
    assert finish(recipes, tmp_path) == [r.panel for r in recipes]
    assert begun == [recipes[3].panel]


def test_a_folder_with_panels_of_another_recipe_is_left_alone(tmp_path):
    (recipe,) = list(panels("slides1", **FAST).values())[2:]
    finish([recipe], tmp_path)
    before = sweep.panel_file(tmp_path, recipe).read_bytes()
    with pytest.raises(ValueError, match="another recipe .*choose another folder"):
        finish([dataclasses.replace(recipe, seed=1)], tmp_path)
    assert sweep.panel_file(tmp_path, recipe).read_bytes() == before


def test_labels_make_no_difference_but_weights_do():
    recipe = panels("fig3")["relu1_1-1e-03"]
    assert dataclasses.replace(recipe, row="another", note="x") == recipe
    assert dataclasses.replace(recipe, content_weight=0.2) != recipe


def test_the_progress_of_a_sweep_never_falls_and_ends_at_one(tmp_path):
    recipes = paper.recipes("slides2", **FAST)
    steps = list(paper.run(recipes, tmp_path, "cpu"))
    done = [step.done for step in steps]
    assert done == sorted(done) and done[0] >= 0 and done[-1] == 1
    assert [step.recipe.panel for step in steps if step.written] == ["photograph", "style", "painting"]
    assert [step.done for step in paper.run(recipes, tmp_path, "cpu")][-1] == 1  # nothing was left to paint


def test_a_sweep_loads_each_network_once_and_says_which_device_it_used(tmp_path, monkeypatch):
    loaded = []
    load = sweep.load_network
    monkeypatch.setattr(sweep, "load_network", lambda name, device: loaded.append(name) or load(name, device=device))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)  # it is there, and not used
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device=None: "a GPU")
    recipes = paper.recipes("fig2", **FAST)
    list(paper.run(recipes, tmp_path, "cpu"))
    assert loaded == ["compact"]
    assert {panel.machine for panel in paper.read_panels(recipes, tmp_path)} == {machine("cpu")}
    assert "no GPU" in machine("cpu")


def test_a_file_of_the_compact_kind_is_painted_like_the_compact_network(tmp_path):
    copy = tmp_path / "mine.safetensors"
    copy.write_bytes((assets.data_folder() / "compact.safetensors").read_bytes())
    ours, theirs = (paper.recipes("fig1", network=name) for name in ("compact", str(copy)))
    assert [dataclasses.replace(r, network="compact") for r in theirs] == ours


@pytest.mark.slow
@pytest.mark.parametrize("figure", paper.FIGURES)
def test_every_offline_figure_is_painted_composed_and_ends_at_the_expected_losses(tmp_path, figure):
    recipes = paper.recipes(figure, size=64, steps=6)
    finish(recipes, tmp_path)
    found = {p.recipe.panel: p.losses for p in paper.read_panels(recipes, tmp_path)}
    expected = paper.expected(figure)
    assert found.keys() == expected.keys()
    for name, losses in expected.items():
        assert found[name] == pytest.approx(losses, rel=TOLERANCE, abs=1e-6), name
    picture, document, table = paper.write_figure(paper.read_panels(recipes, tmp_path), tmp_path)
    assert Image.open(picture).width > 1000 and document.read_bytes().startswith(b"%PDF")
    with table.open(encoding="utf-8") as file:
        assert {row["panel"] for row in csv.DictReader(file)} == found.keys()


@pytest.mark.slow
def test_a_composed_grid_has_ratios_along_the_top_and_layers_down_the_side(tmp_path):
    recipes = paper.recipes("fig3", size=64, steps=1)
    finish(recipes, tmp_path)
    axes = paper.compose(paper.read_panels(recipes, tmp_path)).figure.axes
    assert len(axes) == 20
    titles = [ax.get_title() for ax in axes]
    assert [re.search(r"-\d", title)[0] for title in titles[:4]] == ["-5", "-4", "-3", "-2"] and not any(titles[4:])
    assert [ax.texts[0].get_text() for ax in axes[::4]] == ["relu1_1", *(f"+ {layer}" for layer in STYLE_LAYERS[1:])]


def test_a_composed_fig2_has_letters_and_the_style_in_the_corner(tmp_path):
    recipes = paper.recipes("fig2", size=64, steps=1)
    finish(recipes, tmp_path)
    axes = paper.compose(paper.read_panels(recipes, tmp_path)).figure.axes
    plates = [ax for ax in axes if ax.texts]
    assert [ax.texts[0].get_text() for ax in plates] == list("ABCDEF")
    assert [len(ax.child_axes) for ax in plates] == [0, 1, 1, 1, 1, 1]


def test_panels_of_two_figures_are_not_composed(tmp_path):
    both = [*paper.recipes("slides1", **FAST)[:1], *paper.recipes("cvpr4", **FAST)[1:2]]
    finish(both, tmp_path)
    with pytest.raises(ValueError, match="one figure"):
        paper.compose(paper.read_panels(both, tmp_path))
    with pytest.raises(ValueError, match="none"):
        paper.compose([])


# What ships: panels that were painted once.


@pytest.mark.parametrize("figure", paper.FIGURES)
def test_what_is_stored_was_painted_by_the_present_recipes_and_weights(figure):
    stored = paper.stored(figure)
    weights = weights_hash(load_network("compact", device="cpu"))
    assert [p.recipe for p in stored.values()] == paper.recipes(figure)
    assert {p.made_from.weights for p in stored.values()} == {weights}, "run: make figures"
    for found in stored.values():
        assert max(found.image.shape) == 256 and found.machine
        assert found.recipe.evaluations == 0 or 0 < found.evaluations <= found.recipe.evaluations


def test_storing_and_reading_again_gives_the_same_facts_and_nearly_the_same_picture(tmp_path):
    recipes = paper.recipes("slides1", **FAST)
    finish(recipes, tmp_path / "panels")
    before = paper.read_panels(recipes, tmp_path / "panels")
    paper.store(before, tmp_path)
    for was, now in zip(before, paper.stored("slides1", tmp_path).values(), strict=True):
        assert (was.recipe, was.losses, was.made_from) == (now.recipe, now.losses, now.made_from)
        assert (was.image - now.image).abs().mean() < 0.05
    with pytest.raises(AssetError, match="make figures"):
        paper.stored("fig1", tmp_path)


def test_fig3_more_content_as_the_ratio_rises_and_more_style_as_it_falls():
    stored = paper.stored("fig3")
    for layer in STYLE_LAYERS:
        row = [stored[f"{layer}-{ratio:.0e}"].losses for ratio in (1e-5, 1e-4, 1e-3, 1e-2)]
        content = [losses["content"] for losses in row]
        style = [sum(v for k, v in losses.items() if k.startswith("style")) for losses in row]
        assert content == sorted(content, reverse=True)
        assert all(b > 0.9 * a for a, b in itertools.pairwise(style)), layer  # relu1_1 alone: free at first
        assert content[0] > 2 * content[-1] and style[-1] > 2 * style[0]


@pytest.mark.parametrize("figure", ["fig1", "cvpr1"])
def test_fig1_a_deeper_layer_gives_back_less_of_the_photograph(figure):
    stored = paper.stored(figure)
    photograph = stored["photograph"].image
    rebuilt = [p.image for p in stored.values() if p.recipe.method == "reconstruct"]
    errors = [(image - photograph).square().mean().item() for image in rebuilt]
    assert max(errors[:3]) < 0.3 * min(errors[3:]), errors
    assert errors[-1] > 10 * errors[0]


def test_cvpr4_and_cvpr5_content_follows_the_ratio_and_the_layer():
    content = [p.losses["content"] for p in paper.stored("cvpr4").values() if p.losses]
    assert content == sorted(content, reverse=True)
    low, high = (paper.stored("cvpr5")[layer].image for layer in ("relu2_2", "relu4_2"))
    photograph = load_image("chelsea", 256)
    edges = lambda x: (x[..., 1:] - x[..., :-1]).mean(dim=1)  # noqa: E731
    likeness = lambda x: np.corrcoef(edges(x).flatten(), edges(photograph).flatten())[0, 1]  # noqa: E731
    assert likeness(low) > likeness(high) + 0.1, "the low layer keeps the photograph's fine structure"
