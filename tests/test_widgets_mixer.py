"""The mixer of styles: what it paints, what it shows while a slider is drawn, and what it refuses."""

import re
import threading

import numpy as np
import pytest
import torch
from conftest import picture, wait_for
from test_widgets import WIDGET, controls, faults, move_in_browser, shown  # noqa: F401 (faults is a fixture)

from stylekit.errors import InputError
from stylekit.feedforward import Architecture, TransformationNetwork, load_styles, save_transformer
from stylekit.images import load_image, to_pil
from stylekit.ui import StyleMixer, mixer
from stylekit.ui.html import picture_html

H, W = 41, 59
KNOWN = ("swirls", "waves", "own")  # the last is no picture of the kit


@pytest.fixture(scope="module")
def several(tmp_path_factory):
    """A file of three styles that paint very differently, without having learned anything."""
    torch.manual_seed(0)
    network = TransformationNetwork(Architecture(width=3, styles=3, slope=1.0))
    for parameter in network.parameters():
        parameter.data += 0.3 * torch.randn_like(parameter)
    path = tmp_path_factory.mktemp("weights") / "several.safetensors"
    save_transformer(network, path, styles=KNOWN)
    return path


@pytest.fixture(scope="module")
def photograph():
    return picture(H, W, seed=1)


@pytest.fixture
def mixed(several, photograph):
    mixer = StyleMixer(photograph, ("swirls", "waves"), several, size=W, device="cpu")
    yield mixer
    mixer.close()


def as_shown(image):
    """Return the pixels of a picture after its way through a page, which shows JPEGs."""
    return np.asarray(shown(picture_html(to_pil(image), ""))).astype(float)


def expected(several, photograph, strength, **shares):
    """Return what is to be seen: the three-style network itself paints, told the shares."""
    network, names = load_styles(several)
    network.choose(torch.tensor([[shares.get(name, 0.0) for name in names]]))
    with torch.no_grad():
        painting = network(photograph).clamp(0, 1)
    return as_shown(photograph + strength * (painting - photograph))


def distance(widget, pixels):
    """Return how far the picture that is shown is from the one expected, in levels of 256."""
    return np.abs(np.asarray(shown(widget.image.value)).astype(float) - pixels).mean()


def settled(widget):
    """Wait until the sentence tells what the controls say."""
    shares, strength = widget.mixed
    wait_for(lambda: f"Shown: {mixer.in_words(shares)}, strength {strength:.3g};" in widget.text.value)


@pytest.mark.parametrize(
    ("share", "strength"), [(0.5, 0.9), (0.0, 1.0), (1.0, 1.0), (0.3, 1.0), (0.8, 0.4), (0.3, 0.0)]
)
def test_the_picture_is_painted_with_the_shares_and_the_strength_of_the_sliders(
    mixed, several, photograph, share, strength
):
    mixed.share.value, mixed.strength.value = share, strength
    settled(mixed)
    assert distance(mixed, expected(several, photograph, strength, swirls=1 - share, waves=share)) < 1
    if strength:
        near = abs(share - 0.1)
        assert distance(mixed, expected(several, photograph, strength, own=1.0)) > 5
        assert distance(mixed, expected(several, photograph, strength, swirls=1 - near, waves=near)) > 1
        assert distance(mixed, expected(several, photograph, strength / 2, swirls=1 - share, waves=share)) > 5


def test_a_control_moved_in_the_browser_paints_anew(mixed, several, photograph):
    move_in_browser(mixed.share, 1)
    settled(mixed)
    assert distance(mixed, expected(several, photograph, 1, waves=1.0)) < 1
    move_in_browser(mixed.second, 2, "index")
    settled(mixed)
    assert mixed.second.value == "own" and distance(mixed, expected(several, photograph, 1, own=1.0)) < 1
    move_in_browser(mixed.strength, 0.5)
    settled(mixed)
    assert distance(mixed, expected(several, photograph, 0.5, own=1.0)) < 1


def test_one_style_chosen_twice_is_that_style_whatever_its_share(mixed, several, photograph):
    mixed.second.value = "swirls"
    for share in (0.0, 0.4, 1.0):
        mixed.share.value = share
        settled(mixed)
        assert distance(mixed, expected(several, photograph, 1, swirls=1.0)) < 1


def given(widget):
    """Return the pictures that are given, by their captions."""
    found = re.findall(r"<figcaption>([^<]*)</figcaption>(<img[^>]*>)", widget.given.value)
    return {caption: np.asarray(shown(image)).astype(float) for caption, image in found}


def test_beside_it_stand_the_photograph_and_the_pictures_of_the_styles_that_have_one(mixed, photograph):
    before = given(mixed)
    assert list(before) == ["photograph", "first style: swirls", "second style: waves"]
    assert np.abs(before["photograph"] - as_shown(photograph)).mean() < 1
    for name, caption in (("swirls", "first style: swirls"), ("waves", "second style: waves")):
        assert np.abs(before[caption] - as_shown(load_image(name, W))).mean() < 1
    mixed.first.value, mixed.second.value = "waves", "own"
    assert list(given(mixed)) == ["photograph", "first style: waves"]
    settled(mixed)


class Gate:
    """Stands in for the painting: each pass waits until it is let through, and then is one grey of its own."""

    def __init__(self, monkeypatch):
        self.strengths, self.through = [], threading.Semaphore(0)
        monkeypatch.setattr(mixer, "paint_image", self.paint)

    def paint(self, network, image, strength):
        self.strengths.append(strength)
        self.through.acquire()
        return torch.full_like(image, strength)


def test_a_pass_is_shown_when_it_is_done_and_the_next_is_of_the_last_change(mixed, monkeypatch):
    gate, grey = Gate(monkeypatch), []
    mixed.image.observe(lambda change: grey.append(shown(change.new).getpixel((7, 5))[0]), "value")
    mixed.strength.value = 0.0
    wait_for(lambda: gate.strengths == [0.0])
    for strength in (0.2, 0.4, 0.6, 0.8):  # while the first pass goes on
        mixed.strength.value = strength
    gate.through.release()
    wait_for(lambda: gate.strengths == [0.0, 0.8])
    assert grey == [0] and "strength 0;" in mixed.text.value  # it is not held back by the change that waits
    gate.through.release()
    settled(mixed)
    assert grey == [0, 204] and gate.strengths == [0.0, 0.8]


def test_of_many_changes_the_last_one_is_what_stays(mixed, several, photograph):
    for place in range(60):
        mixed.share.value = place % 20 / 20
    mixed.share.value = 0.15
    settled(mixed)
    wait_for(lambda: not mixed._worker.is_alive())
    settled(mixed)
    assert distance(mixed, expected(several, photograph, 1, swirls=0.85, waves=0.15)) < 1


def test_an_error_is_a_sentence_in_the_widget_which_keeps_its_picture_and_a_slider_tries_again(mixed, monkeypatch):
    def fail(*arguments, **options):
        raise ValueError("the weights <b>are</b> odd")

    before, paint = mixed.image.value, mixer.paint_image
    monkeypatch.setattr(mixer, "paint_image", fail)
    mixed.share.value = 0.1
    wait_for(lambda: "odd" in mixed.text.value)
    assert "ValueError: the weights &lt;b&gt;are&lt;/b&gt; odd" in mixed.text.value and mixed.image.value == before
    monkeypatch.setattr(mixer, "paint_image", paint)
    mixed.share.value = 0.2
    settled(mixed)
    assert mixed.image.value != before


def test_closing_takes_all_away_and_a_pass_that_goes_on_is_not_shown(several, photograph, monkeypatch):
    widget = StyleMixer(photograph, ("swirls", "waves"), several, size=W, device="cpu")
    gate, before = Gate(monkeypatch), widget.image.value
    widget.strength.value = 0.5
    wait_for(lambda: gate.strengths == [0.5])
    worker = widget._worker
    widget.close()
    gate.through.release()
    worker.join()
    assert widget.image.value == before
    parts = [widget.view, widget.given, widget.image, widget.text, *widget.controls]
    assert all(part.comm is None for part in parts)


@pytest.mark.parametrize(
    ("styles", "sentence"),
    [(("swirls", "wave"), "knows no style 'wave' .did you mean 'waves'"), (("nothing", "waves"), "no style 'nothing'")],
)
def test_styles_that_the_network_does_not_know_are_refused(several, photograph, styles, sentence):
    with pytest.raises(InputError, match=sentence):
        StyleMixer(photograph, styles, several)


def test_a_network_of_one_style_is_refused(photograph, tmp_path):
    save_transformer(TransformationNetwork(Architecture(width=3)), tmp_path / "one.safetensors")
    with pytest.raises(InputError, match="knows two styles or more: .*one.safetensors is one of a single style"):
        StyleMixer(photograph, file=tmp_path / "one.safetensors")


def test_the_network_that_ships_mixes_the_styles_that_it_knows(photograph):
    widget = StyleMixer(photograph, size=W)
    _, names = load_styles("swirls")
    assert list(widget.first.options) == list(widget.second.options) == names
    assert "Shown: 0.5 swirls + 0.5 waves, strength 1;" in widget.text.value
    widget.close()


def test_every_control_has_a_label_and_every_picture_words(mixed):
    labels = [control.description for control in controls(mixed.view)]
    assert labels == ["first style", "second style", "share of the second", "strength"]
    assert re.match(r'<img alt="[^"]*0.5 swirls \+ 0.5 waves, strength 1"', mixed.image.value)
    assert re.findall(r'<img alt="([^"]*)"', mixed.given.value)[1:] == [
        "The first style: swirls",
        "The second style: waves",
    ]


def test_without_a_widget_manager_it_is_a_picture_of_both_styles_and_of_the_mixture_as_it_is_now(mixed):
    data, metadata = mixed._repr_mimebundle_()
    assert data[WIDGET]["model_id"] and data["text/html"].startswith("<img alt=")
    words = metadata["image/png"]["alt"]
    assert "swirls; 0.5 swirls + 0.5 waves; waves. Strength 1." in words
    mixed.share.value, mixed.strength.value = 0.25, 0.5
    again, words = mixed._repr_mimebundle_()
    assert again["image/png"] != data["image/png"]
    assert "0.75 swirls + 0.25 waves; waves. Strength 0.5." in words["image/png"]["alt"]
