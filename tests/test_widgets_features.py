"""The feature browser of notebook 01: receptive fields, strongest positions, and what it shows of them."""

import base64
import copy
import io
import re

import matplotlib
import numpy as np
import pytest
import torch
from conftest import picture
from PIL import Image
from test_widgets import WIDGET, controls, faults, move_in_browser, shown  # noqa: F401 (faults is a fixture)

from stylekit.figures.drawing import COLOURS
from stylekit.networks import VGG19, LossNetwork, receptive_field
from stylekit.ui import FeatureBrowser, strongest
from stylekit.ui.features import coloured, framed, map_words

H, W = 37, 53
IMAGE = picture(H, W, seed=1)


@pytest.fixture
def browser(network):
    return FeatureBrowser(network, IMAGE, "relu2_1", 5)


def pictures(html):
    """Return every picture in an HTML text as an array (H, W, 3)."""
    return [np.asarray(shown(image).convert("RGB")) for image in re.findall(r"<img[^>]*>", html)]


def dark_to_yellow(array, largest):
    """Return numbers from 0 to `largest` in viridis, by looking each one up in its table."""
    table = (np.array(matplotlib.colormaps["viridis"].colors) * 255).round().astype(np.uint8)
    return table[np.minimum((array / largest * 256).astype(int), 255)]


@pytest.mark.parametrize("layer", ["conv1_1", "relu1_2", "conv2_1", "relu2_2", "relu3_1", "conv3_3"])
def test_the_receptive_field_is_exactly_the_pixels_that_have_a_gradient(layer):
    torch.manual_seed(0)
    narrow = LossNetwork(VGG19.blocks, widths=(2, 2, 2, 2, 2)).double().requires_grad_(False)
    for parameter in narrow.parameters():
        parameter.uniform_(0.1, 1)  # no response is 0, none cancels another
    white = torch.ones(1, 3, 83, 97, dtype=torch.float64, requires_grad=True)
    field = receptive_field(narrow, layer)
    row, column = 41 // field.distance, 47 // field.distance
    (gradient,) = torch.autograd.grad(narrow.features(white, [layer])[layer][0, :, row, column].sum(), white)
    rows, columns = (torch.nonzero(gradient[0].sum(dim=0).amax(dim=1 - side)).flatten() for side in (0, 1))
    top, left, height, width = field.box(row, column)
    assert (rows[0], rows[-1]) == (top, top + height - 1)
    assert (columns[0], columns[-1]) == (left, left + width - 1)


def test_a_layer_that_the_network_does_not_have_is_refused(network):
    for make in (lambda: receptive_field(network, "relu5_4"), lambda: FeatureBrowser(network, IMAGE, "relu5_4")):
        with pytest.raises(ValueError, match=r"layer .?relu5_4"):
            make()


@pytest.mark.parametrize("apart", [1, 2, 5])
def test_the_strongest_positions_are_those_of_a_search_through_all_of_them(apart):
    values = torch.randint(-9, 10, (13, 17), generator=torch.Generator().manual_seed(apart)).double()  # with ties
    expected = []
    for number in range(9, 0, -1):
        for row in range(13):
            for column in range(17):
                far = [max(abs(row - r), abs(column - c)) >= apart for r, c, _ in expected]
                if values[row, column] == number and all(far):
                    expected.append((row, column, number))
    found = [(spot.row, spot.column, spot.response) for spot in strongest(values, apart, count=13 * 17)]
    assert found == expected and len(found) > 4
    assert strongest(values, apart) == strongest(values, apart, count=13 * 17)[:4]


def test_a_map_that_is_nowhere_above_0_has_no_strongest_position():
    assert strongest(torch.zeros(5, 7), 1) == [] and strongest(-torch.ones(5, 7), 1) == []


def test_the_patches_are_the_pixels_that_the_strongest_positions_see_cut_at_the_border(browser):
    values = browser.responses[5]
    side, distance, first = 1 + 2 + 2 + 1 + 4, 2, 0 - 1 - 1 - 2  # of relu2_1: two convolutions, a pooling, another
    found = pictures(browser.patches.value)
    assert len(found) == 4
    place = divmod(values.argmax().item(), values.shape[1])
    assert place == (browser.spots[0].row, browser.spots[0].column)
    for spot, patch in zip(browser.spots, found, strict=True):
        assert spot.response == values[spot.row, spot.column]
        rows, columns = (
            [x for x in range(first + distance * k, first + distance * k + side) if 0 <= x < end]
            for k, end in ((spot.row, H), (spot.column, W))
        )
        expected = [[(IMAGE[0, :, r, c] * 255).round().byte().tolist() for c in columns] for r in rows]
        assert patch.tolist() == expected


def test_patches_do_not_overlap_also_where_the_distance_does_not_divide_their_side(network):
    browser, counts = FeatureBrowser(network, picture(131, 157, seed=1), "relu4_1"), []  # 60 pixels, 8 apart
    for channel in range(23):
        browser.channel.value = channel
        seen = torch.zeros(400, 400)
        for spot in browser.spots:
            top, left, height, width = browser.field.box(spot.row, spot.column)
            seen[100 + top : 100 + top + height, 100 + left : 100 + left + width] += 1
        counts.append(len(browser.spots))
        assert seen.max() <= 1
    assert max(counts) > 1


def test_a_map_is_dark_where_it_is_smallest_and_yellow_where_it_is_largest(browser):
    values = browser.responses[5].numpy()
    (found,) = pictures(browser.map.value)
    assert found.shape == (18, 26, 3)
    low = values.min()
    expected = dark_to_yellow(values - low, values.max() - low)
    assert np.abs(found.astype(int) - expected).max() <= 3  # the table has 256 steps
    assert f"from {low:.3g} to {values.max():.3g}" in browser.map.value


def test_a_signed_map_is_purple_below_0_and_orange_above():
    values = torch.tensor([[-2.0, 0, 1], [0.5, -1, 2]])
    purple_or_orange = coloured(values, signed=True).astype(int)
    sign = np.sign(purple_or_orange[..., 0] - purple_or_orange[..., 2])  # orange has more red than blue
    assert sign[values.numpy() > 0].tolist() == [1, 1, 1] and sign[values.numpy() < 0].tolist() == [-1, -1]
    assert (purple_or_orange[0, 1] > 240).all()
    assert map_words(values, signed=True).startswith(
        "from -2 to 2 (purple below 0, white at 0, orange above), above 0 at 50 %"
    )


def test_a_map_of_one_value_is_drawn_without_a_complaint():
    assert (coloured(torch.zeros(3, 5)) == coloured(torch.ones(1, 1))).all()
    assert (coloured(torch.zeros(3, 5), signed=True) > 240).all()


def test_a_frame_stands_around_its_box_in_the_colour_of_its_number():
    grey, boxes = torch.full((1, 3, 40, 80), 0.5), [(10, 20, 8, 8), (20, 60, 8, 8)]
    picture = np.asarray(framed(grey, boxes, 400)).astype(int)
    assert picture.shape == (200, 400, 3)
    for (top, left, height, width), colour in zip(boxes, COLOURS[1:3], strict=True):
        inside = picture[5 * top : 5 * (top + height), 5 * left : 5 * (left + width)]
        assert (np.abs(inside - 128) <= 1).all()
        rgb = [int(colour[k : k + 2], 16) for k in (1, 3, 5)]
        assert picture[5 * (top + height) + 1, 5 * left + 20].tolist() == rgb


def test_a_filter_moved_in_the_browser_changes_the_map_the_frames_and_the_sentence(browser):
    before = [part.value for part in (browser.map, browser.picture, browser.patches, browser.text)]
    move_in_browser(browser.channel, 7)
    after = [part.value for part in (browser.map, browser.picture, browser.patches, browser.text)]
    assert all(old != new for old, new in zip(before, after, strict=True))
    assert 'role="status"' in browser.text.value and "relu2_1, filter 7 of 0 to 47" in browser.text.value


def test_a_layer_chosen_in_the_browser_begins_with_its_loudest_filter_and_announces_it_once(browser, network):
    said = []
    browser.text.observe(lambda change: said.append(change.new), "value")
    for layer in ("conv4_2", "relu1_1", "relu3_3"):
        move_in_browser(browser.layer, network.layers.index(layer), "index")
        responses = network.features(IMAGE, [layer])[layer][0]
        means = [values.mean().item() for values in responses]
        assert browser.channel.value == means.index(max(means)) and browser.channel.max == len(means) - 1
        assert f"{layer}, filter {browser.channel.value} of 0 to {len(means) - 1}:" in said[-1]
    assert len(said) == 3


def test_responses_are_computed_once_for_each_layer_and_only_those_of_one_are_kept(browser, network, monkeypatch):
    asked, features = [], network.features
    monkeypatch.setattr(network, "features", lambda image, layers: asked.append(layers) or features(image, layers))
    for channel in (1, 2, 3):
        browser.channel.value = channel
    browser.layer.value = "relu1_2"
    browser.channel.value = 9
    browser._repr_mimebundle_()
    assert asked == [["relu1_2"]] and browser.responses.shape == (16, H, W)
    assert not any(isinstance(value, dict) for value in vars(browser).values())


def test_only_layers_with_a_position_are_offered_and_a_deeper_one_is_refused(network):
    small = picture(7, 11, seed=1)
    offered = FeatureBrowser(network, small).layer.options
    assert list(offered) == [name for name in network.layers if int(name[4]) <= 3]
    with pytest.raises(ValueError, match="too small for block 4"):
        FeatureBrowser(network, small, "relu4_1")


@pytest.mark.parametrize("channel", [-1, 16])
def test_a_filter_that_the_layer_does_not_have_is_refused(network, channel):
    with pytest.raises(ValueError, match=f"relu1_1 has filters 0 to 15; got channel {channel}"):
        FeatureBrowser(network, IMAGE, "relu1_1", channel)


def test_a_silent_filter_is_said_to_be_silent_and_nothing_is_framed(network):
    silenced = copy.deepcopy(network)
    silenced.convolutions["conv4_1"].weight[7] = 0
    silenced.convolutions["conv4_1"].bias[7] = -1
    browser = FeatureBrowser(silenced, IMAGE, "relu4_1", 6)
    assert "silent" not in browser.text.value and browser.patches.value
    browser.channel.value = 7
    assert "silent, nowhere in this picture is it above 0" in browser.text.value
    assert browser.patches.value == "" and "without a frame" in browser.picture.value
    assert "silent" in browser._repr_mimebundle_()[1]["image/png"]["alt"]


def test_every_control_has_a_label_and_every_picture_words(browser):
    assert [control.description for control in controls(browser.view)] == ["layer", "filter"]
    html = browser.map.value + browser.picture.value + browser.patches.value
    assert len(re.findall(r'<img alt="[^"]{20,}"', html)) == html.count("<img") == 6


def test_without_a_widget_manager_the_browser_is_a_picture_with_words_of_what_it_shows_now(browser):
    data, metadata = browser._repr_mimebundle_()
    assert data[WIDGET]["model_id"] and data["text/html"].startswith("<img alt=")
    assert Image.open(io.BytesIO(base64.b64decode(data["image/png"]))).width > 400
    assert "relu2_1, filter 5 of 0 to 47: from" in metadata["image/png"]["alt"]
    browser.channel.value = 6
    again, words = browser._repr_mimebundle_()
    assert again["image/png"] != data["image/png"] and "filter 6 of" in words["image/png"]["alt"]


def test_closing_takes_the_browser_and_all_its_parts_away(browser):
    parts = [browser.view, browser.layer, browser.channel, browser.map, browser.picture, browser.patches, browser.text]
    assert all(part.comm is not None for part in parts)
    browser.close()
    assert all(part.comm is None for part in parts)
