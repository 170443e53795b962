"""The viewer of the Gram matrix of notebook 03: the entry, the two maps, their product, and the matrix to click."""

import math
import re

import numpy as np
import pytest
import torch
from conftest import picture
from test_widgets import WIDGET, controls, faults, move_in_browser  # noqa: F401 (faults is a fixture)
from test_widgets_features import dark_to_yellow, pictures

from stylekit.ui import GramViewer
from stylekit.ui.gram import CHOSEN

H, W = 37, 53
IMAGE = picture(H, W, seed=1).double()


@pytest.fixture(scope="module")
def network(precise):
    return precise


@pytest.fixture(scope="module")
def F(network):
    return network.features(IMAGE, ["relu1_1"])["relu1_1"][0]  # (16, H, W)


@pytest.fixture
def viewer(network):
    return GramViewer(network, IMAGE, "relu1_1", 9, 10)


def said(viewer):
    """Return i, j and the number in the sentence that the viewer says."""
    i, j, number = re.search(r'role="status"[^>]*>G\[(\d+), (\d+)\] = ([\d.e+-]+)[,:]', viewer.text.value).groups()
    return int(i), int(j), float(number)


def framed(viewer):
    """Return the entries whose buttons are framed."""
    return [place for place, button in viewer.buttons.items() if button.layout.border_top == CHOSEN]


@pytest.mark.parametrize(("i", "j"), [(0, 1), (13, 2), (4, 4), (15, 0)])
def test_the_number_is_the_sum_of_the_product_of_two_maps_over_all_positions(viewer, F, i, j):
    viewer.i.value, viewer.j.value = i, j
    total = math.fsum(one * two for one, two in zip(F[i].flatten().tolist(), F[j].flatten().tolist(), strict=True))
    assert said(viewer) == (i, j, pytest.approx(total, rel=1e-4))


def test_the_pictures_are_the_two_maps_and_their_product(viewer, F):
    viewer.choose(13, 2)
    one, two, product = pictures(viewer.maps.value)
    assert one.shape == two.shape == product.shape == (H, W, 3)
    for found, values, lowest, largest in (
        (one, F[13], F[13].min(), F[13].max()),
        (two, F[2], F[2].min(), F[2].max()),
        (product, F[13] * F[2], 0, F[13].max() * F[2].max()),
    ):
        expected = dark_to_yellow((values - lowest).numpy(), float(largest - lowest))
        assert np.abs(found.astype(int) - expected).max() <= 3  # the table has 256 steps


def test_the_product_of_maps_that_never_meet_is_dark_all_over(viewer):
    viewer.responses = torch.zeros(16, 5, 7)
    viewer.responses[3, 2, 2], viewer.responses[8, 2, 3] = 5.0, 1e-3
    viewer.choose(3, 8)
    one, two, product = pictures(viewer.maps.value)
    assert len(np.unique(one.reshape(-1, 3), axis=0)) == len(np.unique(two.reshape(-1, 3), axis=0)) == 2
    assert len(np.unique(product.reshape(-1, 3), axis=0)) == 1 and (product[0, 0] == one[0, 0]).all()


def test_on_the_diagonal_the_entry_is_explained_as_the_energy_of_the_filter(viewer, F):
    viewer.choose(6, 6)
    one, two, product = pictures(viewer.maps.value)
    assert said(viewer)[2] == pytest.approx(F[6].square().sum().item(), rel=1e-4)
    assert "the energy of filter 6, the sum of its squared responses at all 1961 positions" in viewer.text.value
    assert (one == two).all() and not (one == product).all()
    viewer.choose(6, 7)
    assert "energy of" not in viewer.text.value


def test_beside_the_diagonal_it_says_where_both_respond_and_how_much_they_keep_company(viewer, F):
    both = sum(1 for x, y in zip(F[9].flatten().tolist(), F[10].flatten().tolist(), strict=True) if x > 0 and y > 0)
    energies = [math.sqrt(math.fsum(x * x for x in F[n].flatten().tolist())) for n in (9, 10)]
    company = said(viewer)[2] / energies[0] / energies[1]
    assert f"Both filters respond at {100 * both / (H * W):.0f} % of them." in viewer.text.value
    assert f"energies: {company:.2f}." in viewer.text.value


def test_a_slider_moved_in_the_browser_shows_another_entry(viewer):
    before = viewer.maps.value
    move_in_browser(viewer.i, 2)
    assert said(viewer)[:2] == (2, 10) and framed(viewer) == [(2, 10)] and viewer.maps.value != before
    move_in_browser(viewer.j, 0)
    assert said(viewer)[:2] == (2, 0) and framed(viewer) == [(2, 0)]


def test_a_click_moves_both_sliders_and_is_announced_once(viewer):
    announced = []
    viewer.text.observe(lambda change: announced.append(change.new), "value")
    for place in ((3, 12), (12, 3), (12, 5), (7, 5)):
        viewer.buttons[place].click()
        assert (viewer.i.value, viewer.j.value) == said(viewer)[:2] == place and framed(viewer) == [place]
    assert len(announced) == 4
    viewer.i.value = 1  # the sliders still work
    assert said(viewer)[:2] == (1, 5)


def test_each_button_says_its_entry_and_the_larger_the_entry_the_lighter_the_button(viewer, F):
    light = {}
    for (i, j), button in viewer.buttons.items():
        entry = (F[i] * F[j]).sum().item()
        assert button.tooltip == f"G[{i}, {j}] = {entry:.4g}"
        red, green, blue = (int(button.style.button_color[k : k + 2], 16) for k in (1, 3, 5))
        light[entry] = 0.2126 * red + 0.7152 * green + 0.0722 * blue  # viridis grows lighter all the way
    in_order = [light[entry] for entry in sorted(light)]
    assert in_order == sorted(in_order) and in_order[-1] - in_order[0] > 100


def test_of_a_wide_layer_the_filters_of_the_most_energy_can_be_clicked_and_the_sliders_reach_all(network):
    viewer = GramViewer(network, IMAGE, "relu3_1")
    F = network.features(IMAGE, ["relu3_1"])["relu3_1"][0]
    energy = {n: F[n].square().sum().item() for n in range(96)}
    expected = sorted(sorted(energy, key=energy.get, reverse=True)[:16])
    assert list(viewer.buttons) == [(i, j) for i in expected for j in expected]
    other = next(n for n in energy if n not in expected and energy[n] > 0)
    viewer.i.value = other
    assert viewer.i.max == 95 and said(viewer) == (other, 1, pytest.approx((F[other] * F[1]).sum().item(), rel=1e-4))
    assert framed(viewer) == []


def test_a_layer_that_is_no_relu_a_filter_that_is_not_there_and_a_small_picture_are_refused(network, viewer):
    with pytest.raises(ValueError, match="layer is one of relu1_1, .*; got 'conv1_1'"):
        GramViewer(network, IMAGE, "conv1_1")
    with pytest.raises(ValueError, match="relu1_1 has filters 0 to 15; got 16"):
        GramViewer(network, IMAGE, "relu1_1", 3, 16)
    with pytest.raises(ValueError, match="relu1_1 has filters 0 to 15; got -1"):
        viewer.choose(-1, 3)
    with pytest.raises(ValueError, match="too small for block 4"):
        GramViewer(network, IMAGE[..., :7, :7], "relu4_1")


def test_every_control_has_words_and_the_tab_key_reaches_the_sliders_only(viewer):
    found = list(controls(viewer.view))
    sliders = [control for control in found if control not in viewer.buttons.values()]
    assert [slider.description for slider in sliders] == ["filter i (row)", "filter j (column)"]
    assert len(found) == 258 and len({button.tooltip for button in viewer.buttons.values()}) == 256
    assert {button.tabbable for button in viewer.buttons.values()} == {False}
    assert len(re.findall(r'<img alt="[^"]{20,}"', viewer.maps.value)) == 3


def test_without_a_widget_manager_the_viewer_is_a_picture_with_words_of_the_entry_shown_now(viewer):
    data, metadata = viewer._repr_mimebundle_()
    assert data[WIDGET]["model_id"] and data["text/html"].startswith("<img alt=")
    assert f"G[9, 10] = {viewer.G[9, 10].item():.5g}, as G[10, 9]" in metadata["image/png"]["alt"]
    viewer.choose(4, 4)
    again, words = viewer._repr_mimebundle_()
    assert again["image/png"] != data["image/png"] and "the energy of filter 4" in words["image/png"]["alt"]


def test_closing_takes_the_viewer_and_all_its_buttons_away(viewer):
    parts = [viewer.view, viewer.i, viewer.j, viewer.maps, viewer.text, *viewer.buttons.values()]
    assert all(part.comm is not None for part in parts)
    viewer.close()
    assert all(part.comm is None for part in parts)
