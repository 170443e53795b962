"""The widgets of notebook 07: what they show, what their callbacks do, and that nothing fails unseen."""

import base64
import io
import logging
import math
import re
import threading
import time

import build_notebooks
import ipywidgets
import nbformat
import pytest
import torch
from conftest import picture, wait_for
from PIL import Image

from stylekit import ui
from stylekit.background import Worker, stop_workers
from stylekit.images import jpeg_bytes
from stylekit.objective import STYLE_LAYERS
from stylekit.paper import Panel, recipes
from stylekit.paper.panels import Inputs
from stylekit.ui import LivePainting, LiveSettings, WeightsExplorer, live, live_objective, nearest_panel

WIDGET = build_notebooks.WIDGET
PATIENCE = 30  # seconds; what takes longer hangs


@pytest.fixture(autouse=True)
def faults(caplog, monkeypatch):
    """Collect what ipywidgets and threading swallow: an exception in a callback or a thread fails the test."""
    found = []
    monkeypatch.setattr(threading, "excepthook", lambda fault: found.append(repr(fault.exc_value)))
    with caplog.at_level(logging.WARNING):
        yield found
    for worker in stop_workers():
        worker.join(PATIENCE)
    found += [record.getMessage() for record in caplog.get_records("call") if "xception" in record.getMessage()]
    assert found == []


@pytest.fixture
def painting(network):
    return LivePainting(picture(37, 53, seed=1), picture(41, 59, seed=2), network, size=53)


@pytest.fixture(scope="module")
def panels():
    """Twenty panels of one grey each, so that a picture tells which panel it is."""
    made = {}
    for number, recipe in enumerate(recipes("fig3")):
        styles = {f"style {layer}": 0.001 * (number + 1) for layer in recipe.style_layers}
        losses = {"content": 0.5 + number / 8} | styles | {"total": 7.0}
        grey = torch.full((1, 3, 11, 17), number / 19)
        made[recipe.panel] = Panel(recipe, Inputs("", "", ""), grey, losses, 450, 19.0, "an abacus")
    return made


def shown(html):
    """Return the picture in an <img>."""
    return Image.open(io.BytesIO(base64.b64decode(re.search(r"base64,([^\"]+)", html)[1])))


def frames_of(painting):
    """Return the list into which the pictures that a live painting shows are put."""
    frames = []
    painting.image.observe(lambda change: frames.append(change.new), "value")
    return frames


def moved(painting):
    """Tell whether the picture is another one than the photograph from which it began."""
    return not torch.equal(painting.picture, painting.content)


def move_in_browser(widget, value, trait="value"):
    """Send what a browser sends when a control is moved."""
    state = {"method": "update", "state": {trait: value}, "buffer_paths": []}
    widget._handle_msg({"content": {"data": state}, "buffers": []})


def test_every_name_that_the_room_offers_is_there_and_another_is_an_error():
    assert set(ui.__all__) <= set(dir(ui)) and all(getattr(ui, name) is not None for name in ui.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Settings'"):
        ui.Settings  # noqa: B018


# Stored panels


def test_the_nearest_panel_is_that_of_the_layers_with_the_smallest_distance_in_log10(panels):
    for count in range(1, 6):
        for place in [-9.0, -5.0, -4.5, -4.49, -3.75, -3.5, -3.01, -2.2, 0.0]:
            found = nearest_panel(panels, place, STYLE_LAYERS[:count]).recipe
            exponents = [-5, -4, -3, -2]
            best = exponents[0]
            for exponent in exponents:
                if abs(exponent - place) < abs(best - place):
                    best = exponent
            assert (found.style_layers, found.published) == (STYLE_LAYERS[:count], 10.0**best)


def test_layers_of_which_no_panel_is_stored_are_refused(panels):
    with pytest.raises(ValueError, match="no panel has the style layers relu2_1"):
        nearest_panel(panels, -3, ("relu2_1",))


def test_each_place_of_the_sliders_shows_one_stored_panel_and_nothing_in_between(panels):
    explorer, seen = WeightsExplorer(panels), set()
    for _, layers in explorer.layers.options:
        explorer.layers.value = layers
        for quarter in range(-20, -7):
            explorer.log_ratio.value = quarter / 4
            panel = nearest_panel(panels, quarter / 4, layers)
            (grey,) = {shown(explorer.picture.value).getpixel((x, y)) for x in (0, 16) for y in (0, 10)}
            assert abs(grey[0] - 255 * panel.image.max().item()) < 3
            assert "<b>stored</b>" in explorer.text.value and "an abacus" in explorer.text.value
            assert f"alpha / beta = {panel.recipe.published:g}," in explorer.text.value
            assert f"content {panel.losses['content']:.3g}" in explorer.text.value
            seen.add(panel.recipe.panel)
    assert seen == set(panels)


def test_a_slider_moved_in_the_browser_changes_the_picture(panels):
    explorer = WeightsExplorer(panels)
    before = explorer.picture.value
    move_in_browser(explorer.log_ratio, -5)
    assert explorer.picture.value != before and "1e-05" in explorer.text.value
    before = explorer.picture.value
    move_in_browser(explorer.layers, 0, "index")
    assert explorer.picture.value != before and "style layers relu1_1;" in explorer.text.value


def test_without_a_widget_manager_all_panels_and_their_losses_are_shown_as_a_picture(panels):
    data, metadata = WeightsExplorer(panels)._repr_mimebundle_()
    assert data[WIDGET]["model_id"] and data["text/html"].startswith("<img alt=")
    assert Image.open(io.BytesIO(base64.b64decode(data["image/png"]))).width > 400
    for panel in panels.values():
        assert f"C {panel.losses['content']:.2g}, S {panel.losses['style relu1_1']:.2g}" in metadata["image/png"]["alt"]


# The objective that the sliders stand for


def test_the_objective_is_equation_7_with_the_weights_of_the_sliders(network):
    content, style, x = picture(37, 53, seed=1), picture(41, 59, seed=2), picture(37, 53, seed=3)
    given = {"relu1_1": 0.3, "relu2_1": 0.0, "relu4_1": 0.9}
    terms = live_objective(content, style, network, LiveSettings(-1.5, given, "relu2_2", 0.01))(x)

    F, P = (network.features(image, ["relu2_2"])["relu2_2"] for image in (x, content))
    expected = live.FACTOR * 10**-1.5 * 0.5 * ((F - P) ** 2).mean() / (P**2).mean()
    for layer, weight in (("relu1_1", 0.25), ("relu4_1", 0.75)):
        grams = []
        for image in (x, content, style):
            rows = network.features(image, [layer])[layer][0].flatten(1)
            grams.append(torch.einsum("ik,jk->ij", rows, rows) / rows.shape[1])
        expected = expected + weight * ((grams[0] - grams[2]) ** 2).sum() / ((grams[1] - grams[2]) ** 2).sum()
    variations = [(i.diff(dim=2) ** 2).sum() + (i.diff(dim=3) ** 2).sum() for i in (x, content)]
    expected = expected + 0.01 * variations[0] / variations[1]
    assert terms["total"].item() == pytest.approx(expected.item(), rel=1e-4)
    assert "style relu2_1" not in terms


def test_with_all_layer_weights_at_zero_only_content_and_smoothness_count(network):
    content, style, x = (picture(37, 53, seed=seed) for seed in (1, 2, 3))
    terms = live_objective(content, style, network, LiveSettings(layer_weights=dict.fromkeys(STYLE_LAYERS, 0.0)))(x)
    assert set(terms) == {"content", "tv", "total"}


def test_a_place_of_the_slider_means_the_same_content_weight_as_in_the_stored_panels():
    for recipe in recipes("fig3"):
        weight = LiveSettings(log_ratio=math.log10(recipe.published)).content_weight
        assert weight == pytest.approx(recipe.content_weight) and recipe.scale == "relative"


# The live painting


def test_nothing_is_painted_before_start_is_pressed(painting):
    frames = frames_of(painting)
    time.sleep(0.2)
    assert not painting.painting and stop_workers() == [] and frames == []
    assert "press Start" in painting.status.value
    assert shown(painting.image.value).size == (53, 37)


def test_start_paints_frames_that_lower_the_loss_and_stop_ends_them(painting, monkeypatch):
    monkeypatch.setattr(live, "FRAME", 0.0)
    frames, totals = frames_of(painting), []
    painting.text.observe(lambda change: totals.append(float(change.new.rsplit(" ", 1)[1])), "value")
    painting.start_button.click()
    wait_for(lambda: len(frames) > 10)
    painting.stop_button.click()
    wait_for(lambda: "Stopped" in painting.status.value)
    count = len(frames)
    time.sleep(0.2)
    assert len(frames) == count and stop_workers() == []
    assert len(set(frames)) > 10 and totals[-1] < totals[0] / 2
    kept = base64.b64encode(jpeg_bytes(painting.picture, 85)).decode()
    assert kept in painting.image.value


def spy(monkeypatch):
    """Return the pictures from which descents start and those they yield; no two descents may run at one time."""
    starts, yielded, running, real = [], [], [], live.minimise

    def minimise(image, *arguments):
        starts.append(image)
        running.append(1)
        try:
            assert len(running) == 1, "two descents at one time"
            for step in real(image, *arguments):
                yielded.append(step.image)
                yield step
        finally:
            running.pop()

    monkeypatch.setattr(live, "minimise", minimise)
    return starts, yielded


@pytest.mark.parametrize(
    ("name", "value"), [("log_ratio", -1.0), ("relu3_1", 0.0), ("content_layer", "relu2_2"), ("tv_weight", 0.1)]
)
def test_a_slider_that_moves_goes_on_from_the_present_picture_with_its_value(painting, monkeypatch, name, value):
    (starts, yielded), settings = spy(monkeypatch), []
    monkeypatch.setattr(live, "live_objective", lambda *a: settings.append(a[-1]) or live_objective(*a))
    slider = painting.layer_weights[name] if name in STYLE_LAYERS else getattr(painting, name)
    painting.start_button.click()
    wait_for(lambda: moved(painting) and len(starts) == 1)
    slider.value = value
    wait_for(lambda: len(starts) == 2)
    painting.stop()
    first, second = starts
    assert first is painting.content and not torch.equal(first, second)
    assert any(second is image for image in yielded)
    said = settings[1].layer_weights[name] if name in STYLE_LAYERS else getattr(settings[1], name)
    assert said == value and settings[0] != settings[1]


def test_while_it_is_stopped_a_slider_paints_nothing_and_start_goes_on_with_the_picture(painting, monkeypatch):
    starts, _ = spy(monkeypatch)
    painting.start()
    wait_for(lambda: moved(painting))
    painting.stop()
    wait_for(lambda: "Stopped" in painting.status.value)
    kept = painting.picture
    painting.log_ratio.value = -1
    time.sleep(0.1)
    assert len(starts) == 1
    painting.start()
    wait_for(lambda: len(starts) == 2)
    assert starts[1] is kept


def test_at_its_end_a_painting_rests_and_a_slider_wakes_it(painting, monkeypatch):
    monkeypatch.setattr(live, "STEPS", 5)
    starts, _ = spy(monkeypatch)
    painting.start()
    wait_for(lambda: "At rest" in painting.status.value)
    assert not painting.painting and "5 evaluations" in painting.text.value
    painting.tv_weight.value = 0.1
    wait_for(lambda: len(starts) == 2 and "At rest" in painting.status.value)
    assert not torch.equal(starts[0], starts[1])


@pytest.mark.parametrize("init", ["noise", "style", "content"])
def test_begin_anew_shows_the_start_that_was_chosen_also_while_it_paints(painting, init):
    noise = torch.rand(1, 3, 37, 53, generator=torch.Generator().manual_seed(0))
    painting.start()
    wait_for(lambda: moved(painting))
    painting.stop()
    wait_for(lambda: "Stopped" in painting.status.value)
    painting.begin_from.value = "style" if init == "noise" else "noise"
    painting.begin_from.value = init
    expected = {"noise": noise, "content": painting.content}.get(init)
    assert painting.picture.shape == (1, 3, 37, 53)
    assert expected is None or torch.equal(painting.picture, expected)
    painting.start()
    painting.begin_button.click()
    wait_for(lambda: painting.painting and "evaluations" in painting.text.value)


def test_two_presses_on_start_make_one_worker(painting, monkeypatch):
    starts, _ = spy(monkeypatch)
    painting.start_button.click()
    painting.start_button.click()
    wait_for(lambda: moved(painting))
    assert len([t for t in threading.enumerate() if isinstance(t, Worker)]) == 1
    for _ in range(7):
        painting.stop_button.click()
        painting.start_button.click()
    wait_for(lambda: len(starts) >= 2 and len([t for t in threading.enumerate() if isinstance(t, Worker)]) == 1)
    assert painting.painting  # that two descents never ran at one time the spy has asserted


def test_a_second_painting_stops_the_first(painting, network, monkeypatch):
    spy(monkeypatch)
    painting.start()
    wait_for(lambda: moved(painting))
    second = LivePainting(picture(37, 53, seed=3), picture(41, 59, seed=2), network, size=53)
    wait_for(lambda: "Stopped" in painting.status.value)
    assert not painting.painting
    painting.start()
    second.start()
    wait_for(lambda: moved(second))
    assert second.painting and not painting.painting


def test_an_error_while_it_paints_is_a_sentence_in_the_widget_and_a_slider_tries_again(painting, monkeypatch):
    def fail(*arguments):
        raise ValueError("the weights <b>are</b> odd")

    monkeypatch.setattr(live, "live_objective", fail)
    painting.start_button.click()
    wait_for(lambda: "odd" in painting.status.value)
    assert "ValueError: the weights &lt;b&gt;are&lt;/b&gt; odd" in painting.status.value and not painting.painting
    monkeypatch.setattr(live, "live_objective", live_objective)
    painting.log_ratio.value = -2
    wait_for(lambda: moved(painting))


def test_closing_a_painting_stops_it(painting):
    painting.start()
    wait_for(lambda: moved(painting))
    painting.close()
    assert not painting.painting and painting.view.comm is None


def controls(widget):
    for child in getattr(widget, "children", ()):
        yield from controls(child)
    if not isinstance(widget, ipywidgets.Box | ipywidgets.HTML):
        yield widget


def test_every_control_has_a_label_and_every_picture_words(painting, panels):
    for view, number in ((WeightsExplorer(panels).view, 2), (painting.view, 12)):
        labels = [control.description for control in controls(view)]
        assert len(labels) == len(set(labels)) == number and all(labels)
    assert re.match(r'<img alt="[^"]{20,}"', WeightsExplorer(panels).picture.value)
    assert re.match(r'<img alt="[^"]{20,}"', painting.image.value)


def test_without_a_widget_manager_the_painting_is_shown_as_it_is_now(painting):
    data, metadata = painting._repr_mimebundle_()
    assert data[WIDGET]["model_id"] and data["text/html"].startswith("<img alt=")
    assert "the painting as it is now" in metadata["image/png"]["alt"]
    before = data["image/png"]
    painting.begin_from.value = "noise"
    assert painting._repr_mimebundle_()[0]["image/png"] != before


def test_a_built_notebook_keeps_the_picture_in_place_of_a_widget_and_drops_a_bare_widget(painting):
    data, metadata = painting._repr_mimebundle_()
    bare = {WIDGET: {"model_id": "x"}, "text/plain": "IntSlider()"}
    outputs = [nbformat.v4.new_output("display_data", data, metadata=metadata)]
    outputs.append(nbformat.v4.new_output("display_data", bare))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("painting", outputs=outputs)])
    build_notebooks._tidy(notebook)
    (kept,) = notebook.cells[0].outputs
    assert WIDGET not in kept.data and kept.data["text/html"].startswith("<img alt=")


def test_the_check_for_faults_sees_an_exception_in_a_callback_and_in_a_thread(faults, caplog):
    button = ipywidgets.Button(description="wrong")
    button.on_click(lambda button: 1 / 0)
    button.click()
    thread = threading.Thread(target=lambda: 1 / 0)
    thread.start()
    thread.join()
    assert len(faults) == 1 and "division" in faults[0]
    assert any("Exception in callback" in record.getMessage() for record in caplog.records)
    faults.clear()
    caplog.clear()
