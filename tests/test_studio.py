"""The studio without a browser: its runs, its words when something goes wrong, and what it does with uploads."""

import base64
import gc
import io
import shlex
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import replace
from datetime import datetime

import av
import numpy as np
import pytest
import torch
from conftest import wait_for
from moving import make_video, pan
from PIL import Image

from stylekit import __main__ as cli
from stylekit import colour, figures, images, patches
from stylekit.background import Worker, stop_workers
from stylekit.errors import AssetError, InputError, NonFiniteLoss
from stylekit.feedforward import files, load_transformer, tiles
from stylekit.feedforward.tiles import transform
from stylekit.networks import load_network
from stylekit.optimise import Step
from stylekit.presets import PRESETS
from stylekit.transfer import stylise
from stylekit.ui import Studio, StudioSettings, gallery, jobs
from stylekit.ui import studio as page
from stylekit.video import open_film

PATIENCE = 60  # seconds; what takes longer hangs


@pytest.fixture
def studio():
    """A studio with small pictures and few steps."""
    studio = Studio()
    studio.size.value, studio.steps.value = 128, 10
    yield studio
    for worker in stop_workers():
        worker.join(PATIENCE)
    studio.close()


def run(studio, button="start_button"):
    getattr(studio, button).click()
    wait_for(lambda: not studio.working)


def pixels(content):
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


def upload(picker, content, kind="image/jpeg", name="photo.jpg"):
    picker.upload.value = (
        {"name": name, "type": kind, "size": len(content), "content": content, "last_modified": datetime(2020, 1, 1)},
    )


def as_file(picture, form="JPEG", **options):
    content = io.BytesIO()
    picture.save(content, form, **options)
    return content.getvalue()


def photograph(width=90, height=60):
    """A picture that has a bright upper left corner."""
    array = np.full((height, width, 3), 90, np.uint8)
    array[: height // 2, : width // 2] = (250, 200, 10)
    return Image.fromarray(array)


def test_the_page_stands_before_pytorch_is_loaded():
    code = (
        "import sys; from stylekit.ui import Studio, studio; studio._load_jobs = lambda: None; Studio();"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize(
    ("method", "mode"),
    [
        ("paint", "none"),
        ("paint", "match"),
        ("instant", "none"),
        ("instant", "keep"),
        ("quilt", "keep"),
        ("quilt", "match"),
    ],
)
def test_a_result_is_what_the_printed_command_makes(studio, tmp_path, capsys, method, mode):
    studio.method.value, studio.colour.value = method, mode
    studio.photographs.choose("coffee")
    studio.styles.choose("waves")
    run(studio)
    assert "Done in" in studio.status.value
    out = tmp_path / "from-studio.png"
    out.write_bytes(studio.results[0].content)
    assert cli.main(["recipe", str(out)]) == 0
    words = shlex.split(capsys.readouterr().out)[3:]
    words[words.index("-o") + 1] = str(tmp_path / "again.png")
    assert cli.main(words) == 0
    assert np.array_equal(pixels((tmp_path / "again.png").read_bytes()), pixels(out.read_bytes()))


def test_instant_is_one_pass_of_the_network_of_that_style(studio):
    studio.method.value = "instant"
    studio.photographs.choose("chelsea")
    studio.styles.choose("facets")
    run(studio)
    expected = transform(load_transformer("facets"), images.load_image("chelsea", 128))
    assert np.array_equal(pixels(studio.results[0].content), np.asarray(images.to_pil(expected)))


def mixed(content, strength, **shares):
    """Return a photograph in its own colours, painted with a mixture, and then that much of the painting."""
    painting = colour.keep_colour(transform(load_transformer(shares), content), content)
    return (1 - strength) * content + strength * painting


@pytest.mark.parametrize(("share", "strength"), [(0.0, 1.0), (0.3, 0.6), (1.0, 0.25), (0.55, 0.0)])
def test_styles_mix_by_their_shares_and_the_printed_command_mixes_them_too(studio, tmp_path, capsys, share, strength):
    studio.method.value, studio.colour.value = "instant", "keep"
    studio.styles.choose("waves")
    studio.mix_with.value, studio.share.value, studio.strength.value = "facets", share, strength
    run(studio)
    made = pixels(studio.results[0].content)
    expected = mixed(images.load_image("chelsea", 128), strength, waves=1 - share, facets=share)
    assert np.abs(made.astype(int) - np.asarray(images.to_pil(expected))).max() <= 1
    (tmp_path / "out.png").write_bytes(studio.results[0].content)
    assert cli.main(["recipe", str(tmp_path / "out.png")]) == 0
    words = shlex.split(capsys.readouterr().out)[3:]
    assert words[:4] == ["apply", f"waves={round(1 - share, 2)}", f"facets={share}", "chelsea"]
    words[words.index("-o") + 1] = str(tmp_path / "again.png")
    assert cli.main(words) == 0 and np.array_equal(pixels((tmp_path / "again.png").read_bytes()), made)


def test_the_frames_of_a_film_are_mixed_as_pictures_are(tmp_path):
    make_video(tmp_path / "pan.mp4", pan(2, 96, 128), 10)
    mixing = {"mix_with": "haze", "share": 0.25, "strength": 0.5}
    settings = StudioSettings("upload-1", "swirls", method="instant", size=128, colour="keep", **mixing)
    first = next(jobs.make_film(settings, tmp_path / "pan.mp4", tmp_path / "painted.mp4"))
    frame = next(open_film(tmp_path / "pan.mp4").frames()).image
    torch.testing.assert_close(first.image, mixed(frame, 0.5, swirls=0.75, haze=0.25), atol=1e-5, rtol=0)


def displayed(studio):
    return [name for name in ("mix_with", "share", "strength") if getattr(studio, name).layout.display != "none"]


def test_the_controls_of_mixing_are_shown_where_they_count(studio):
    seen = {}
    for method in ("paint", "instant", "quilt", "instant"):
        studio.method.value = method
        seen[method] = displayed(studio)
    assert seen == {"paint": [], "quilt": [], "instant": ["mix_with", "strength"]}
    studio.mix_with.value = "waves"
    assert displayed(studio) == ["mix_with", "share", "strength"]
    studio.method.value = "paint"
    assert displayed(studio) == [] and studio.settings.mix_with == ""


def test_a_style_is_mixed_with_those_that_its_network_knows_and_never_with_itself(studio):
    offered = lambda: [name for _, name in studio.mix_with.options]  # noqa: E731
    studio.method.value = "instant"
    assert sorted(offered()) == sorted({"", *files.transformers()} - {"swirls"})
    studio.mix_with.value = "waves"
    studio.photographs.choose("coffee")
    studio.styles.choose("facets")
    assert studio.mix_with.value == "waves" and "swirls" in offered() and "facets" not in offered()
    studio.styles.choose("waves")
    assert studio.settings.mix_with == "" and displayed(studio) == ["mix_with", "strength"]
    studio.styles.choose("brick")
    assert offered() == [""] and displayed(studio) == ["strength"]


def test_a_network_of_one_style_mixes_with_none_and_one_of_several_with_the_others(monkeypatch):
    monkeypatch.setattr(jobs, "transformers", lambda: {"a": "one", "b": "two", "c": "two", "d": "two"})
    assert [jobs.companions(style) for style in "abce"] == [[], ["c", "d"], ["b", "d"], []]


def test_a_restored_result_brings_its_mixture_back(studio):
    studio.method.value = "instant"
    studio.mix_with.value, studio.share.value, studio.strength.value = "facets", 0.2, 0.4
    run(studio)
    first = studio.results[0]
    assert "chelsea-swirls-facets.png" in studio.download.value
    studio.styles.choose("facets")
    studio.strength.value = 1.0
    studio.method.value = "paint"
    studio.restore(first)
    assert studio.settings == first.settings
    assert (first.settings.mix_with, first.settings.share, first.settings.strength) == ("facets", 0.2, 0.4)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"mix_with": "facets", "share": 1.5}, "the share of swirls must be a finite number of 0 or more, got -0.5"),
        ({"mix_with": "brick"}, "knows no style 'brick'"),
        ({"strength": 1.5}, "strength of a painting is a number from 0 to 1, got 1.5"),
    ],
    ids=str,
)
def test_a_mixture_that_makes_no_sense_is_refused_in_a_sentence(change, sentence):
    settings = StudioSettings("upload-1", "swirls", method="instant", **change)
    with pytest.raises(InputError, match=sentence):
        next(jobs.make_picture(settings, photograph(), photograph()))


def test_quilt_is_quilt_transfer_with_the_seed_of_the_page(studio):
    studio.method.value, studio.seed.value = "quilt", 5
    run(studio)
    content, style = (images.to_array(images.load_image(name, 128)) for name in ("chelsea", "swirls"))
    *_, last = patches.quilt_transfer(content, style, seed=5)
    assert np.array_equal(pixels(studio.results[0].content), np.asarray(images.to_pil(images.from_array(last.image))))


def test_the_colours_of_the_photograph_are_kept_where_asked(studio):
    studio.method.value, studio.colour.value = "instant", "keep"
    run(studio)
    content = images.load_image("chelsea", 128)
    expected = colour.keep_colour(transform(load_transformer("swirls"), content), content)
    assert np.array_equal(pixels(studio.results[0].content), np.asarray(images.to_pil(expected)))


def test_a_film_keeps_the_colours_of_its_frames_where_asked(tmp_path):
    make_video(tmp_path / "pan.mp4", pan(2, 96, 128), 10)
    settings = StudioSettings("upload-1", "swirls", method="instant", size=128, colour="keep")
    first = next(jobs.make_film(settings, tmp_path / "pan.mp4", tmp_path / "painted.mp4"))
    frame = next(open_film(tmp_path / "pan.mp4").frames()).image
    assert torch.equal(first.image, colour.keep_colour(transform(load_transformer("swirls"), frame), frame))


def test_quilt_paints_from_the_matched_style_where_asked(studio):
    studio.method.value, studio.colour.value = "quilt", "match"
    run(studio)
    content, style = (images.load_image(name, 128) for name in ("chelsea", "swirls"))
    matched = images.to_array(colour.match_colour(style, content))
    *_, last = patches.quilt_transfer(images.to_array(content), matched)
    assert np.array_equal(pixels(studio.results[0].content), np.asarray(images.to_pil(images.from_array(last.image))))


def test_the_page_offers_every_mode_of_colour_and_for_instant_those_that_prepare_no_style_picture(studio):
    offered = lambda: [mode for _, mode in studio.colour.options]  # noqa: E731
    assert offered() == list(colour.MODES)
    for before, after in (("match", "none"), ("keep", "keep")):
        studio.method.value, studio.colour.value = "quilt", before
        studio.method.value = "instant"
        assert (offered(), studio.colour.value) == (list(colour.AFTERWARDS), after)
    studio.method.value = "paint"
    assert (offered(), studio.colour.value) == (list(colour.MODES), "keep")


def test_instant_in_colours_that_are_matched_before_is_refused_in_a_sentence():
    picture, settings = photograph(), StudioSettings("upload-1", "swirls", method="instant", colour="match")
    with pytest.raises(InputError, match="its colours are none or keep, not match"):
        next(jobs.make_picture(settings, picture, picture))


def test_instant_paints_pictures_and_films_on_the_device_that_there_is(tmp_path, monkeypatch):
    make_video(tmp_path / "pan.mp4", pan(2, 96, 128), 10)
    seen = []

    def spy(network, image, tile, corner):
        seen.append(network.last.weight.device.type)
        return torch.zeros(1, 3, 96, 128)

    monkeypatch.setattr(files, "pick_device", lambda name: torch.device("meta"))  # a device that every machine has
    monkeypatch.setattr(tiles, "transform", spy)
    settings = StudioSettings("upload-1", "swirls", method="instant", size=128)
    list(jobs.make_picture(settings, photograph(128, 96), photograph()))
    list(jobs.make_film(settings, tmp_path / "pan.mp4", tmp_path / "painted.mp4"))
    assert seen == ["meta"] * 3  # to which transform moves each image


def test_previews_come_while_it_paints_and_the_bar_fills(studio, monkeypatch):
    monkeypatch.setattr(page, "FRAME", 0)
    shown, bar = [], []
    studio.image.observe(lambda change: shown.append(change.new), "value")
    studio.bar.observe(lambda change: bar.append(change.new), "value")
    run(studio)
    assert len(set(shown)) > 5
    assert bar == sorted(bar) and bar[-1] == 1


def test_the_bar_stands_where_the_painting_says_also_when_a_size_ends_early(studio, monkeypatch):
    monkeypatch.setattr(page, "FRAME", 0)
    said, bar = [(3, 0, 0.1), (3, 1, 0.25), (9, 1, 0.625), (13, 2, 1.0)], []  # evaluations, scale, done
    grey = torch.full((1, 3, 85, 128), 0.5)
    steps = [Step(grey, {"total": 1.0}, count, 0.1, scale=scale, done=done) for count, scale, done in said]
    monkeypatch.setattr(jobs, "stylise", lambda *_, **options: iter(steps))
    studio.bar.observe(lambda change: bar.append(change.new), "value")
    run(studio)
    assert bar == [0.1, 0.25, 0.625, 1.0]


def test_a_pressed_thumbnail_is_the_one_chosen_also_when_pressed_twice(studio):
    buttons = studio.styles._buttons
    for key in ("waves", "facets", "facets"):
        buttons[key].value = not buttons[key].value
        assert studio.styles.key == key
        assert [name for name, button in buttons.items() if button.value] == [key]
    assert "Facets" in studio.styles.credit.value


def test_start_twice_is_one_run(studio):
    studio.steps.value = 200
    studio.start()
    studio.start()
    assert len([thread for thread in threading.enumerate() if isinstance(thread, Worker)]) == 1
    studio.stop()
    wait_for(lambda: not studio.working and not studio.start_button.disabled)
    assert len(studio.results) <= 1


def test_a_setting_that_changes_in_mid_run_counts_for_the_next_run(studio):
    studio.steps.value = 50
    studio.start()
    studio.size.value, studio.method.value = 192, "instant"
    wait_for(lambda: studio.results)
    wait_for(lambda: not studio.working)
    assert (studio.results[0].settings.size, studio.results[0].settings.method) == (128, "paint")
    run(studio)
    assert pixels(studio.results[0].content).shape == (128, 192, 3)


def test_pause_holds_the_picture_and_resume_goes_on_from_it(studio, monkeypatch):
    monkeypatch.setattr(page, "FRAME", 0)
    studio.steps.value = 200
    studio.start()
    wait_for(lambda: studio.bar.value > 0.05)
    studio.pause_button.click()
    assert studio.pause_button.description == "Resume" and "Paused" in studio.status.value
    time.sleep(0.5)
    held = studio.bar.value
    time.sleep(0.5)
    assert studio.bar.value == held
    studio.pause_button.click()
    wait_for(lambda: studio.bar.value > held)
    studio.stop_button.click()
    wait_for(lambda: not studio.start_button.disabled)


def test_stop_keeps_the_picture_so_far_and_says_so(studio):
    studio.steps.value = 200
    studio.start()
    wait_for(lambda: "At work" in studio.status.value)
    studio.stop_button.click()
    wait_for(lambda: not studio.start_button.disabled)
    assert "Stopped after" in studio.status.value
    assert pixels(studio.results[0].content).shape == (85, 128, 3)
    assert "Download" in studio.download.value


def test_a_paused_run_can_be_stopped(studio):
    studio.steps.value = 200
    studio.start()
    wait_for(lambda: "At work" in studio.status.value)
    studio.pause_button.click()
    studio.stop_button.click()
    wait_for(lambda: not studio.start_button.disabled)
    assert len(studio.results) == 1


def test_a_second_studio_stops_the_first(studio):
    studio.steps.value = 200
    studio.start()
    second = Studio()
    wait_for(lambda: not studio.working)
    second.close()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"method": "instant", "style": "brick"}, "instant knows only the styles it was trained for: facets"),
        ({"network": "vgg19"}, "vgg19"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(studio, monkeypatch, tmp_path, change, sentence):
    monkeypatch.setenv("STYLEKIT_CACHE", str(tmp_path))  # no weights there
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    for name, value in change.items():
        studio.styles.choose(value) if name == "style" else setattr(getattr(studio, name), "value", value)
    run(studio)
    assert "This cannot be done." in studio.status.value and sentence in studio.status.value
    assert not studio.start_button.disabled and studio.results == []


def test_a_fault_of_ours_is_said_in_a_sentence_too(studio, monkeypatch):
    monkeypatch.setattr(jobs, "make_picture", lambda *_: iter([None]))
    run(studio)
    assert "Something went wrong (AttributeError" in studio.status.value


def test_what_was_painted_before_an_error_is_kept(studio, monkeypatch):
    def breaks(settings, photograph, style):
        yield jobs.Preview(torch.full((1, 3, 37, 53), 0.25), 0.5, {"total": 3.0}, 7)
        raise NonFiniteLoss("step 8: the total loss is no longer a finite number.")

    monkeypatch.setattr(jobs, "make_picture", breaks)
    run(studio)
    assert "step 8: the total loss is no longer a finite number" in studio.status.value
    assert (pixels(studio.results[0].content) == 64).all() and "Download" in studio.download.value


def test_a_film_that_breaks_off_gives_its_last_frame_and_never_the_film_before(studio, tmp_path, monkeypatch):
    upload(studio.photographs, film(tmp_path), "video/mp4")
    run(studio)
    assert studio.results[0].kind == "video/mp4"

    def breaks(*_):
        yield jobs.Preview(torch.full((1, 3, 96, 128), 0.25), 0.5)
        raise AssetError("the disk is full")

    monkeypatch.setattr(jobs, "make_film", breaks)
    run(studio)
    assert "the disk is full" in studio.status.value and studio.results[0].kind == "image/png"
    assert (pixels(studio.results[0].content) == 64).all()


def test_a_photograph_from_a_phone_is_turned_upright_and_made_smaller(studio):
    exif = Image.Exif()
    exif[0x0112] = 6  # taken with the camera turned: to be shown rotated by 90 degrees
    upload(studio.photographs, as_file(photograph(4000, 3000), exif=exif))
    choice = studio.photographs.choice
    assert choice.picture.size == (1536, 2048)
    right, left = choice.picture.getpixel((1400, 100)), choice.picture.getpixel((100, 100))
    assert right[0] > 200 > 150 > left[0], "the bright corner is upper right"
    studio.method.value = "instant"
    run(studio)
    assert pixels(studio.results[0].content).shape == (128, 96, 3)


@pytest.mark.parametrize(
    ("content", "kind", "sentence"),
    [
        (b"", "image/jpeg", "empty"),
        (b"not a picture", "image/png", "not a picture"),
        (as_file(photograph())[:300], "image/jpeg", "damaged or cut short"),
        (b"GIF89a, or not", "image/gif", "not a picture"),
        (b"\0" * 2000, "video/mp4", "cannot be used"),
        (b"\0" * 2000, "video/x-matroska", "reads MP4, MOV, WebM and GIF"),
    ],
)
def test_an_upload_that_is_no_picture_is_refused_in_a_sentence_and_changes_nothing(studio, content, kind, sentence):
    before = studio.photographs.key
    upload(studio.photographs, content, kind)
    assert "That file cannot be used" in studio.status.value and sentence in studio.status.value
    assert studio.photographs.key == before and studio.photographs.upload.value == ()


def test_an_upload_that_is_too_large_is_refused(studio, monkeypatch):
    monkeypatch.setattr(gallery, "MOST", 500)
    upload(studio.styles, as_file(photograph()))
    assert "are the most" in studio.status.value


def test_uploads_touch_no_file_whatever_they_are_called(studio, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    upload(studio.photographs, as_file(photograph()), name="../../etc/$(touch oops).jpg")
    studio.method.value = "instant"
    run(studio)
    assert list(tmp_path.rglob("*")) == []
    assert "oops" not in studio.download.value + studio.photographs.credit.value


def film(tmp_path):
    path = tmp_path / "pan.mp4"
    make_video(path, pan(7, 96, 128), 10)
    return path.read_bytes()


def test_a_film_is_painted_and_its_folder_goes_with_it(studio, tmp_path, monkeypatch):
    content, folder = film(tmp_path), tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    upload(studio.photographs, content, "video/mp4", "../pan.mp4")
    assert studio.method.value == "instant" and studio.try_button.layout.display == ""
    run(studio, "try_button")
    assert studio.results[0].kind == "image/png"
    run(studio)
    result = studio.results[0]
    with av.open(io.BytesIO(result.content)) as made, av.open(io.BytesIO(content)) as given:
        assert sum(1 for _ in made.decode(video=0)) == sum(1 for _ in given.decode(video=0))
    assert studio.film.value == result.content and "painting.mp4" not in studio.download.value
    assert len(list(folder.iterdir())) == 1
    upload(studio.photographs, as_file(photograph()))
    for _ in range(page.KEPT):  # until the history has forgotten the film, too
        run(studio)
    del result
    gc.collect()
    assert list(folder.iterdir()) == []


def test_a_film_is_not_painted_by_descending(studio, tmp_path):
    upload(studio.photographs, film(tmp_path), "video/mp4")
    studio.method.value = "paint"
    run(studio)
    assert "choose that one" in studio.status.value


def test_the_history_is_bounded_and_a_click_restores_what_was_set(studio, monkeypatch):
    monkeypatch.setattr(page, "KEPT", 2)
    studio.method.value = "instant"
    upload(studio.photographs, as_file(photograph()))
    run(studio)
    own = studio.results[0]
    upload(studio.photographs, as_file(photograph(70, 50)))
    studio.styles.choose("haze")
    studio.size.value = 192
    run(studio)
    assert len(studio.history.children) == 2
    studio.history.children[1].children[1].click()
    assert studio.settings == own.settings and studio.photographs.choice is own.photograph
    assert "chelsea" not in studio.download.value and "swirls.png" in studio.download.value
    run(studio)
    assert len(studio.results) == len(studio.history.children) == 2


def test_the_divider_shows_the_photograph_left_and_the_result_right(studio):
    studio.method.value = "instant"
    run(studio)
    studio.divider.value = 50
    shown = studio.image.value.split("base64,")[1].split('"')[0]
    both = pixels(base64.b64decode(shown)).astype(float)
    result = pixels(studio.results[0].content).astype(float)
    before = np.asarray(studio.results[0].photograph.picture.resize((128, 85), Image.Resampling.LANCZOS)).astype(float)
    left, right = np.s_[:, :56], np.s_[:, 72:]  # JPEG mixes a few columns at the divider
    assert np.abs(both[left] - before[left]).mean() < 6 < np.abs(both[left] - result[left]).mean()
    assert np.abs(both[right] - result[right]).mean() < 6 < np.abs(both[right] - before[right]).mean()


def test_the_losses_are_drawn_at_the_evaluations_and_scales_of_the_painting(studio, monkeypatch):
    drawn, draw = [], figures.loss_curves
    monkeypatch.setattr(figures, "loss_curves", lambda steps, title: drawn.extend(steps) or draw(steps, title))
    studio.size.value = 256
    run(studio)
    content, style = (images.load_image(name, 256) for name in ("chelsea", "swirls"))
    expected = [(s.evaluations, s.scale, s.losses) for s in stylise(content, style, load_network(), steps=10)]
    assert [(point.evaluations, point.scale, point.losses) for point in drawn] == expected
    assert {scale for _, scale, _ in expected} == {0, 1}


def test_the_losses_are_drawn_and_folded_away(studio):
    run(studio)
    assert studio.folded.selected_index is None
    assert 'alt="' in studio.curves.value and "base64" in studio.curves.value


def test_a_preset_sets_weight_and_layer_of_the_content_and_the_style_size_goes_into_the_painting(monkeypatch):
    studio = Studio()
    studio.preset.value = "more-photo"
    for name, value in PRESETS["more-photo"].items():
        assert getattr(studio.settings, name) == value
    studio.style_size.value = 0.5
    asked = []
    monkeypatch.setattr(jobs, "stylise", lambda *pictures, **options: asked.append(options) or iter(()))
    photograph = images.to_pil(images.load_image("chelsea", 64))
    list(jobs.make_picture(replace(studio.settings, size=64), photograph, photograph))
    assert asked[0]["style_size"] == 0.5
    assert {name: asked[0][name] for name in PRESETS["more-photo"]} == PRESETS["more-photo"]
    studio.close()
