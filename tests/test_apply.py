"""`python -m stylekit apply`: photographs, folders and films; and the calming of films, by an independent measure."""

import argparse
import json
import shlex
import shutil
import signal
from fractions import Fraction

import moving
import numpy as np
import pytest
import torch
from PIL import Image

from stylekit import __main__ as cli
from stylekit import colour, images
from stylekit.commands import apply
from stylekit.errors import InputError
from stylekit.feedforward import Architecture, TransformationNetwork, load_transformer, save_transformer, transform
from stylekit.feedforward.motion import Steady, flicker, flow_between, paint_frames, trust, warp
from stylekit.files import RECIPE
from stylekit.video import Frame


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "thin.safetensors"
    torch.manual_seed(0)
    save_transformer(TransformationNetwork(Architecture(width=3)), path)
    return path


@pytest.fixture
def paint(network):
    def run(source, output, *words, style=network):
        parser = argparse.ArgumentParser()
        apply.add_options(parser)
        options = parser.parse_args([str(style), str(source), "-o", str(output), "--device", "cpu", *words])
        return apply.run(options)

    return run


def refused(paint, *words, **keywords):
    """Return the sentence with which a command is refused."""
    with pytest.raises(ValueError) as caught:
        paint(*words, **keywords)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def true_flicker(frames, dy, dx):
    """Return the mean difference of successive frames of a pan by dy, dx pixels, by slices, without any flow."""
    height, width = frames[0].shape[-2:]
    moved = [
        (later[..., : height - dy, : width - dx] - earlier[..., dy:, dx:]).abs().mean()
        for earlier, later in zip(frames, frames[1:], strict=False)
    ]
    return float(np.mean(moved))


# --- films that flicker less


def test_the_flow_of_a_pan_is_its_step():
    past, present = moving.pan(2, 107, 131, (2, 3))
    flow = flow_between(present, past)
    assert flow.shape == (1, 2, 107, 131)
    assert flow[0, 0].median().item() == pytest.approx(3, abs=0.25)  # to the right
    assert flow[0, 1].median().item() == pytest.approx(2, abs=0.25)  # down


def test_warping_by_whole_pixels_moves_a_picture_exactly():
    past, present = moving.pan(2, 67, 101, (2, 3))
    flow = torch.tensor([3.0, 2.0]).view(1, 2, 1, 1).expand(1, 2, 67, 101)
    torch.testing.assert_close(warp(past, flow)[..., :65, :98], present[..., :65, :98], atol=1e-4, rtol=0)
    assert trust(present, past, flow)[..., :60, :90].min() > 0.99
    assert trust(present, past, flow)[..., 65:, :].max() == 0  # from beyond the edge


def test_what_was_covered_before_is_not_trusted():
    background = moving.pan(1, 96, 128)[0]
    frames = []
    for x in (30, 54):
        frames.append(background.clone())
        frames[-1][..., 30:60, x : x + 24] = torch.tensor([0.0, 0.9, 0.2]).view(1, 3, 1, 1)
    seen = trust(frames[1], frames[0], flow_between(frames[1], frames[0]))
    assert seen[..., 34:56, 34:48].mean() < 0.2  # uncovered
    assert seen[..., :20, :].mean() > 0.9  # where nothing moved


def test_flicker_is_none_for_pictures_that_only_move_and_that_of_the_noise_otherwise():
    frames = moving.pan(4, 107, 131, (1, 2))
    assert flicker(frames, frames) < 0.006
    noisy = [
        frame + 0.05 * torch.randn(frame.shape, generator=torch.Generator().manual_seed(7 + n))
        for n, frame in enumerate(frames)
    ]
    expected = true_flicker(noisy, 1, 2)
    assert expected == pytest.approx(0.05 * 2 / np.sqrt(np.pi), rel=0.03)  # E|a - b| of two normal deviates
    assert flicker(frames, noisy) == pytest.approx(expected, rel=0.2)  # between pixels, noise averages


def test_flicker_needs_two_frames():
    with pytest.raises(ValueError, match="two or more"):
        flicker(moving.pan(1, 64, 64), moving.pan(1, 64, 64))


@pytest.mark.parametrize("step", [(0, 0), (1, 2)])
def test_blending_calms_a_noisy_pan_by_the_true_measure_and_by_ours(step):
    inputs = moving.pan(5, 83, 107, step, noise=0.03)
    paintings = [1 - frame for frame in inputs]  # a painter that keeps all the noise
    blend = Steady(0.5)
    calm = [blend(*pair) for pair in zip(inputs, paintings, strict=True)]
    assert true_flicker(calm, *step) < 0.65 * true_flicker(paintings, *step)
    assert flicker(inputs, calm) < 0.65 * flicker(inputs, paintings)
    clean = 1 - moving.pan(5, 83, 107, step)[-1]
    assert (calm[-1] - clean).abs().mean() < (paintings[-1] - clean).abs().mean()  # calm, and not by being elsewhere


def test_no_blending_leaves_paintings_alone_and_a_cut_is_not_blended():
    first, second = moving.pan(1, 64, 96)[0], moving.pan(1, 64, 96)[0].flip(-1).flip(-2)
    blend = Steady(0.0)
    assert [torch.equal(blend(frame, frame), frame) for frame in (first, second)] == [True, True]
    blend = Steady(0.5)
    blend(torch.zeros_like(first), first)
    torch.testing.assert_close(blend(torch.ones_like(first), second), second)


@pytest.mark.parametrize("step", [(0, 0), (1, 2), (-3, -2)])
def test_noise_moves_with_the_camera(step):
    blend, corners = Steady(0.5), []
    for frame in moving.pan(5, 96, 128, step, noise=0.02):
        corners.append(blend.follow(frame))
        blend.blend(frame)
    assert corners == [(number * step[0], number * step[1]) for number in range(5)]
    blend = Steady(0.0)
    assert [blend.follow(frame) for frame in moving.pan(3, 64, 96, (1, 2))] == [(0, 0)] * 3


def test_noise_that_moves_with_the_camera_flickers_less_than_noise_on_the_screen():
    network = load_transformer("swirls", "cpu")
    inputs = moving.pan(6, 96, 128, (1, 3))
    frames = [Frame(image, Fraction(n, 25), Fraction(1, 25)) for n, image in enumerate(inputs)]
    moved, still = (
        flicker(inputs, [frame.image for frame in paint_frames(frames, paint, (96, 128))])
        for paint in (
            lambda image, corner: transform(network, image, corner=corner),
            lambda image, corner: transform(network, image),
        )
    )
    assert moved < 0.9 * still


@pytest.mark.parametrize("strength", [-0.1, 1.0, 2.5])
def test_a_strength_that_is_none_is_refused(strength):
    with pytest.raises(ValueError, match="0 to less than 1"):
        Steady(strength)
    with pytest.raises(InputError, match="0 to less than 1"):  # when called, not at the first frame
        paint_frames([], lambda image, corner: image, (64, 64), strength)


# --- the command: films


@pytest.mark.parametrize(("height", "width"), [(74, 106), (67, 101)])
def test_a_video_comes_out_with_its_frames_size_rate_and_sound(tmp_path, paint, capsys, height, width):
    pixel = "yuv420p" if height % 2 == 0 else "yuv444p"
    source = moving.make_video(tmp_path / "in.mp4", moving.pan(11, height, width), 25, pixel=pixel)
    assert paint(source, tmp_path / "out.mp4") == 0
    before, rate_before = moving.read_video(source)
    after, rate = moving.read_video(tmp_path / "out.mp4")
    assert after.shape == before.shape == (11, height, width, 3)
    assert rate == rate_before == 25
    assert np.abs(after.astype(int) - before).mean() > 10  # painted
    np.testing.assert_array_equal(moving.read_sound(tmp_path / "out.mp4")[0], moving.read_sound(source)[0])
    captured = capsys.readouterr()
    assert "11 frames" in captured.out
    assert "frames/s" in captured.err


def test_blending_makes_a_painted_video_calmer(tmp_path, paint):
    frames = moving.pan(8, 64, 96, (0, 2), noise=0.05)
    source = moving.make_video(tmp_path / "in.mp4", frames, 25, sound=None, options={"crf": "1"})
    measured = {}
    for blend in ("0", "0.5"):
        assert paint(source, tmp_path / f"{blend}.mp4", "--blend", blend) == 0
        after = torch.from_numpy(moving.read_video(tmp_path / f"{blend}.mp4")[0]).permute(0, 3, 1, 2)[:, None] / 255
        measured[blend] = true_flicker(list(after), 0, 2)
    assert measured["0.5"] < 0.8 * measured["0"]


def test_size_of_a_video_is_its_longer_side_both_even(tmp_path, paint):
    source = moving.make_video(tmp_path / "in.mp4", moving.pan(3, 74, 106), 25, sound=None)
    assert paint(source, tmp_path / "out.mp4", "--size", "64") == 0
    assert moving.read_video(tmp_path / "out.mp4")[0].shape == (3, 44, 64, 3)  # 44.7 rounded to an even number


def test_a_gif_comes_out_as_a_gif_of_the_same_durations(tmp_path, paint):
    frames = [images.to_pil(frame) for frame in moving.pan(4, 41, 53)]
    frames[0].save(tmp_path / "in.gif", save_all=True, append_images=frames[1:], duration=[40, 90, 200, 30], loop=0)
    assert paint(tmp_path / "in.gif", tmp_path / "out.gif") == 0
    with Image.open(tmp_path / "out.gif") as gif:
        assert gif.size == (53, 41)
        assert gif.info["loop"] == 0
        durations = [(gif.seek(number), gif.info["duration"])[1] for number in range(gif.n_frames)]
    assert durations == [40, 90, 200, 30]


def test_tiles_paint_the_same_film(tmp_path, paint):
    source = moving.make_video(tmp_path / "in.mp4", moving.pan(2, 96, 64), 25, sound=None)
    assert paint(source, tmp_path / "a.mp4") == 0
    assert paint(source, tmp_path / "b.mp4", "--tile", "32") == 0
    whole, tiled = (moving.read_video(tmp_path / name)[0].astype(int) for name in ("a.mp4", "b.mp4"))
    assert np.abs(whole - tiled).mean() < 1


def strike(monkeypatch, after):
    """Press Ctrl-C while the painting number `after` is under way."""
    paint, count = apply.paint_image, iter(range(1000))

    def struck(*arguments, **keywords):
        if next(count) == after:
            signal.raise_signal(signal.SIGINT)
        return paint(*arguments, **keywords)

    monkeypatch.setattr(apply, "paint_image", struck)


def test_ctrl_c_leaves_a_video_that_plays_and_says_so(tmp_path, paint, capsys, monkeypatch):
    source = moving.make_video(tmp_path / "in.mp4", moving.pan(20, 64, 64), 25)
    strike(monkeypatch, 7)
    assert paint(source, tmp_path / "out.mp4") == 130
    assert len(moving.read_video(tmp_path / "out.mp4")[0]) == 7
    sound, rate = moving.read_sound(tmp_path / "out.mp4")
    assert len(sound) / rate == pytest.approx(7 / 25, abs=0.1)
    assert "stopped" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.mp4", "out.mp4"]


def test_ctrl_c_before_the_first_frame_leaves_nothing(tmp_path, paint, capsys, monkeypatch):
    source = moving.make_video(tmp_path / "in.mp4", moving.pan(3, 64, 64), 25)
    strike(monkeypatch, 0)
    assert paint(source, tmp_path / "out.mp4") == 130
    assert "nothing was written" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


# --- the command: photographs and folders


def width_and_height(path):
    with Image.open(path) as picture:
        return picture.size


def test_a_photograph_is_painted_at_its_own_size_or_another(tmp_path, paint):
    images.save_image(moving.pan(1, 67, 101)[0], tmp_path / "in.png")
    assert paint(tmp_path / "in.png", tmp_path / "out.png") == 0
    assert paint(tmp_path / "in.png", tmp_path / "out.jpg", "--size", "50") == 0
    assert width_and_height(tmp_path / "out.png") == (101, 67)
    assert width_and_height(tmp_path / "out.jpg") == (50, 33)
    assert paint("chelsea", tmp_path / "cat.png", "--size", "64") == 0
    assert width_and_height(tmp_path / "cat.png") == (64, 43)


def test_a_mixture_of_styles_and_its_strength(tmp_path, paint, capsys):
    torch.manual_seed(0)
    several, file = TransformationNetwork(Architecture(width=3, styles=3)), tmp_path / "several.safetensors"
    for parameter in several.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    save_transformer(several, file, styles=("a", "b", "c"))
    photograph = images.load_image("coffee", 64)
    words = ["apply", "a=0.6", "c=0.2", "coffee", "--network", str(file), "--size", "64", "--device", "cpu"]
    for strength in (1.0, 0.25):
        assert cli.main([*words, "-o", str(tmp_path / f"{strength}.png"), "--strength", str(strength)]) == 0
    painting = transform(load_transformer({"a": 3, "c": 1}, "cpu", file), photograph)
    whole, weak = (images.load_image(tmp_path / f"{strength}.png") for strength in (1.0, 0.25))
    assert (whole - painting).abs().max() < 0.003  # half an 8-bit level
    assert (weak - (0.75 * photograph + 0.25 * painting)).abs().max() < 0.003
    again = printed(tmp_path / "0.25.png", capsys)
    again[again.index("-o") + 1] = str(tmp_path / "again.png")
    assert cli.main(again) == 0 and same(tmp_path / "0.25.png", tmp_path / "again.png")


@pytest.mark.parametrize(
    ("styles", "options", "sentence"),
    [
        (["swirls=much"], [], "expected a number after swirls=, got 'much'"),
        (["nothing=0.5", "waves"], [], "no trained network is named 'nothing'"),
        (["swirls"], ["--strength", "1.5"], "--strength is a number from 0 to 1, got 1.5"),
        (["swirls"], ["--network", "missing.safetensors"], "there is no file of weights at missing.safetensors"),
    ],
    ids=str,
)
def test_a_mixture_that_makes_no_sense_is_refused_by_the_command(tmp_path, capsys, styles, options, sentence):
    assert cli.main(["apply", *styles, "coffee", "-o", str(tmp_path / "out.png"), *options]) == 2
    assert sentence in capsys.readouterr().err and not list(tmp_path.iterdir())


def chroma(x):
    return x - (torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1) * x).sum(dim=1, keepdim=True)


def test_the_colours_of_a_photograph_are_kept_where_asked(tmp_path, paint, network):
    photograph = 0.25 + 0.5 * moving.pan(1, 67, 101)[0]  # far from black and white, at which colours are cut
    images.save_image(photograph, tmp_path / "in.png")
    read = images.load_image(tmp_path / "in.png")
    for mode in ("none", "keep"):
        assert paint(tmp_path / "in.png", tmp_path / f"{mode}.png", "--colour", mode) == 0
    plain, kept = (images.load_image(tmp_path / f"{mode}.png") for mode in ("none", "keep"))
    expected = colour.keep_colour(transform(load_transformer(network), read), read)
    assert (kept - expected).abs().max() < 0.003  # half an 8-bit level
    assert (chroma(plain) - chroma(read)).abs().mean() > 5 * (chroma(kept) - chroma(read)).abs().mean()


def test_the_colours_of_every_frame_are_kept_where_asked(tmp_path, paint):
    source = moving.make_video(tmp_path / "in.mp4", moving.pan(3, 64, 96), 25, sound=None, options={"crf": "1"})
    far = {}
    for mode in ("none", "keep"):
        assert paint(source, tmp_path / f"{mode}.mp4", "--colour", mode) == 0
        films = [moving.read_video(path)[0] / np.float32(255) for path in (source, tmp_path / f"{mode}.mp4")]
        before, after = (chroma(torch.from_numpy(film).permute(0, 3, 1, 2)) for film in films)
        far[mode] = (after - before).abs().mean(dim=(1, 2, 3))
    assert (far["keep"] < far["none"] / 3).all()


def test_a_mode_that_needs_the_style_picture_is_not_offered(tmp_path, paint, capsys):
    with pytest.raises(SystemExit):
        paint("chelsea", tmp_path / "out.png", "--colour", "match")
    assert "choose from" in capsys.readouterr().err


def printed(path, capsys):
    """Return the words of the command that a picture's recipe says."""
    capsys.readouterr()
    assert cli.main(["recipe", str(path)]) == 0
    python, dash, package, *words = shlex.split(capsys.readouterr().out)
    assert (python, dash, package) == ("python", "-m", "stylekit")
    return words


def same(a, b):
    return np.array_equal(np.asarray(Image.open(a)), np.asarray(Image.open(b)))


@pytest.mark.parametrize("words", [(), ("--colour", "keep", "--size", "64", "--tile", "32")], ids=["plain", "all"])
def test_the_printed_recipe_paints_the_same_picture_again(tmp_path, paint, capsys, words):
    out = tmp_path / "out.png"
    images.save_image(moving.pan(1, 67, 101)[0], tmp_path / "my photo.png")
    assert paint(tmp_path / "my photo.png", out, *words) == 0
    again = printed(out, capsys)
    again[again.index("-o") + 1] = str(tmp_path / "again.png")
    assert cli.main(again) == 0 and same(out, tmp_path / "again.png")


def test_each_picture_of_a_folder_has_its_own_recipe_and_a_jpeg_none(tmp_path, paint, capsys):
    paint(photographs(tmp_path / "in"), tmp_path / "out", "--size", "48")
    again = printed(tmp_path / "out" / "c.webp.png", capsys)
    again[again.index("-o") + 1] = str(tmp_path / "again.png")
    assert cli.main(again) == 0 and same(tmp_path / "out" / "c.webp.png", tmp_path / "again.png")
    assert cli.main(["recipe", str(tmp_path / "out" / "b.JPG")]) == 2
    assert "carries no recipe" in capsys.readouterr().err


@pytest.mark.parametrize(("mode", "printed_mode"), [("none", "none"), ("keep", "keep"), ("match", "none")])
def test_what_the_studio_painted_in_one_pass_is_a_command_with_its_colours(tmp_path, capsys, mode, printed_mode):
    made = {"method": "instant", "photograph": "coffee", "style": "waves", "size": 64, "colour": mode}
    content = images.load_image("coffee", 64)
    images.save_image(content, tmp_path / "made.png", {RECIPE: json.dumps({"studio": made})})
    again = printed(tmp_path / "made.png", capsys)
    assert again[again.index("--colour") + 1] == printed_mode
    again[again.index("-o") + 1] = str(tmp_path / "again.png")
    assert cli.main([*again, "--device", "cpu"]) == 0
    expected = colour.finish_colours(mode, transform(load_transformer("waves", "cpu"), content), content)
    assert np.array_equal(np.asarray(Image.open(tmp_path / "again.png")), np.asarray(images.to_pil(expected)))


def photographs(folder):
    folder.mkdir()
    for number, name in enumerate(("a.png", "b.JPG", "c.webp")):
        with Image.open(_png(folder.parent, number)) as picture:
            picture.save(folder / name)
    (folder / "notes.txt").write_text("no picture")
    (folder / "cut.jpg").write_bytes((folder / "b.JPG").read_bytes()[:900])
    Image.new("RGB", (1, 1)).save(folder / "dot.png")
    (folder / ".hidden").write_text("")
    return folder


def _png(folder, number):
    path = folder / "photograph.png"
    images.save_image(moving.pan(1, 37 + number, 53)[0], path)
    return path


def test_a_folder_is_painted_under_the_same_names_and_what_is_no_picture_is_named(tmp_path, paint, capsys):
    source = photographs(tmp_path / "in")
    before = {path.name: path.read_bytes() for path in source.iterdir()}
    assert paint(source, tmp_path / "out") == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.png", "b.JPG", "c.webp.png"]
    assert width_and_height(tmp_path / "out" / "b.JPG") == (53, 38)
    captured = capsys.readouterr()
    assert "3 painted, 3 skipped" in captured.out
    assert all(name in captured.err for name in ("notes.txt", "cut.jpg", "dot.png"))
    assert {path.name: path.read_bytes() for path in source.iterdir()} == before


def test_a_folder_without_a_picture_is_refused_and_makes_no_folder(tmp_path, paint):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "notes.txt").write_text("no picture")
    assert "none of the 1 files" in refused(paint, tmp_path / "in", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_link_to_a_photograph_is_not_painted_over(tmp_path, paint, capsys):
    source = photographs(tmp_path / "in")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.png").symlink_to(source / "a.png")
    before = (source / "a.png").read_bytes()
    assert paint(source, tmp_path / "out") == 0
    assert (source / "a.png").read_bytes() == before
    assert "itself" in capsys.readouterr().err


def test_ctrl_c_in_a_folder_keeps_what_is_painted(tmp_path, paint, capsys, monkeypatch):
    source = photographs(tmp_path / "in")
    strike(monkeypatch, 1)
    assert paint(source, tmp_path / "out") == 130
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.png"]
    assert "1 of 6" in capsys.readouterr().err


# --- the command: what is refused


def content(folder):
    return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


@pytest.mark.parametrize(
    ("source", "output", "words", "sentence"),
    [
        ("film.mp4", "film.mp4", (), "choose another name"),
        ("photo.png", "photo.png", (), "choose another name"),
        ("folder", "folder", (), "choose another name"),
        ("folder", "out.png", (), "OUT must be one too"),
        ("folder", "film.mp4", (), "OUT must be one too"),
        ("folder", "no/such", (), "does not exist"),
        ("film.mp4", "out.png", (), "is a video, so OUT must end in"),
        ("film.mp4", "out.avi", (), "is a video, so OUT must end in"),
        ("film.mp4", "folder", (), "is a video, so OUT must end in"),
        ("film.mp4", "no/out.mp4", (), "does not exist"),
        ("photo.png", "out.mp4", (), "is one picture, not a film"),
        ("photo.png", "out.xyz", (), "must end in .png"),
        ("chelsea", "out.gif", (), "chelsea is a photograph"),
        ("dot.png", "out.png", (), "short side needs at least"),
        ("missing.png", "out.png", (), "no such file"),
        ("missing.mp4", "out.mp4", (), "there is no file"),
        ("cut.mp4", "out.mp4", (), "cut short"),
        ("photo.png", "out.png", ("--size", "5"), "from 32 to"),
        ("photo.png", "out.png", ("--tile", "3"), "at least 16"),
        ("film.mp4", "out.mp4", ("--tile", "3"), "at least 16"),
        ("film.mp4", "out.mp4", ("--blend", "1"), "--blend"),
    ],
)
def test_bad_input_is_refused_in_one_sentence_and_nothing_is_written(tmp_path, paint, source, output, words, sentence):
    images.save_image(moving.pan(1, 64, 64)[0], tmp_path / "photo.png")
    Image.new("RGB", (1, 1)).save(tmp_path / "dot.png")
    (tmp_path / "folder").mkdir()
    film = moving.make_video(tmp_path / "film.mp4", moving.pan(20, 64, 64), 10, sound=None)
    (tmp_path / "cut.mp4").write_bytes(film.read_bytes()[:3000])
    before = content(tmp_path)
    source = source if source == "chelsea" else tmp_path / source
    assert sentence in refused(paint, source, tmp_path / output, *words)
    assert content(tmp_path) == before


def test_weights_of_another_architecture_are_refused_before_anything_is_written(tmp_path, paint, network):
    from safetensors.torch import load_file, save_file

    weights = load_file(network)
    weights["last.weight"] = weights["last.weight"][:, :2].contiguous()
    moving.make_video(tmp_path / "in.mp4", moving.pan(2, 64, 64), 10)
    save_file(weights, tmp_path / "other.safetensors", {"architecture": '{"width": 3}'})
    shutil.copy(network, tmp_path / "cut.safetensors")
    with open(tmp_path / "cut.safetensors", "r+b") as file:
        file.truncate(2000)
    for style, sentence in (("other", "does not hold the weights"), ("cut", "cut short")):
        found = refused(paint, tmp_path / "in.mp4", tmp_path / "out.mp4", style=tmp_path / f"{style}.safetensors")
        assert sentence in found
    assert "no trained network is named" in refused(paint, "chelsea", tmp_path / "out.png", style="swirlz")
    assert not list(tmp_path.glob("*out*"))
