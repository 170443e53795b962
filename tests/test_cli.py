"""The command line as a user meets it: paintings with recipes, and a sentence and exit code 2 for bad input."""

import shlex
import signal

import numpy as np
import pytest
from conftest import run
from PIL import Image

from stylekit import images, transfer
from stylekit.commands import stylise as command
from stylekit.optimise import NonFiniteLoss

FAST = ["--size", "64", "--steps", "3"]


def stylise(out, *words, content="chelsea", style="swirls"):
    return run("stylise", content, style, "-o", out, *FAST, *words)


def test_a_painting_is_written_and_its_place_printed(tmp_path, capsys):
    out = tmp_path / "painting.png"
    assert stylise(out) == 0
    assert str(out) in capsys.readouterr().out
    assert max(Image.open(out).size) == 64


@pytest.mark.parametrize("colour", ["none", "keep", "match"])
def test_the_printed_recipe_makes_the_same_painting_again(tmp_path, capsys, colour):
    first, second = tmp_path / "one.png", tmp_path / "two.png"
    layers = ["--layers", "relu1_1", "relu3_1=0.5"]
    assert stylise(first, "--init", "noise", "--seed", "5", "--colour", colour, *layers) == 0
    capsys.readouterr()
    assert run("recipe", first) == 0
    python, dash, package, *words = shlex.split(capsys.readouterr().out)
    assert (python, dash, package) == ("python", "-m", "stylekit")
    words[words.index("-o") + 1] = str(second)
    assert run(*words) == 0
    assert np.array_equal(np.asarray(Image.open(first)), np.asarray(Image.open(second)))


def test_keep_keeps_the_chroma_of_the_photograph(tmp_path):
    kept, plain = tmp_path / "kept.png", tmp_path / "plain.png"
    stylise(kept, "--colour", "keep", content="coffee")
    stylise(plain, content="coffee")
    photograph = images.to_array(images.load_image("coffee", 64))
    chroma = lambda x: x - x.mean(axis=2, keepdims=True)  # noqa: E731
    distance = lambda file: np.abs(chroma(images.to_array(images.load_image(file))) - chroma(photograph)).mean()  # noqa: E731
    assert distance(kept) < 0.5 * distance(plain)


def test_assets_lists_names_with_licence_and_credit(capsys):
    assert run("assets") == 0
    listing = capsys.readouterr().out
    for word in ("chelsea", "swirls", "starry_night", "CC BY 3.0", "Andreas Praefcke"):
        assert word in listing


def bad_files(folder):
    """Make one file of each bad kind and return their paths by kind."""
    good = folder / "good.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (50, 70, 3), np.uint8)).save(good)
    kinds = {kind: folder / f"{kind}.png" for kind in ("empty", "truncated", "text", "dot", "eight", "thin")}
    kinds["empty"].write_bytes(b"")
    kinds["truncated"].write_bytes(good.read_bytes()[:2000])
    kinds["text"].write_text("not a picture")
    for kind, size in (("dot", (1, 1)), ("eight", (8, 8)), ("thin", (1, 4000))):
        Image.new("RGB", size).save(kinds[kind])
    return kinds | {"missing": folder / "missing.png", "directory": folder}


@pytest.mark.parametrize("place", ["content", "style"])
@pytest.mark.parametrize("kind", ["empty", "truncated", "text", "thin", "missing", "directory", "dot", "eight"])
def test_a_bad_picture_ends_in_a_sentence(tmp_path, capsys, kind, place):
    file = bad_files(tmp_path)[kind]
    before = sorted(tmp_path.iterdir())
    words = [] if kind not in ("dot", "eight") else ["--size", "31"]
    assert stylise(tmp_path / "out.png", *words, **{place: file}) == 2
    error = capsys.readouterr().err
    assert error.startswith("stylekit: ") and "Traceback" not in error
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    "words, expected",
    [
        (["--size", "0"], "size"),
        (["--size", "-1"], "size"),
        (["--size", "1000000"], "size"),
        (["--content-weight", "nan"], "content_weight"),
        (["--style-weight", "inf"], "style_weight"),
        (["--layers", "relu1_9"], "relu1_9"),
        (["--layers", "relu1_1=much"], "much"),
        (["--network", "compcat"], "did you mean 'compact'"),
        (["--steps", "0"], "steps"),
        (["--optimiser", "newton"], "newton"),
        (["--size", "large"], "large"),
    ],
)
def test_bad_arguments_end_in_a_sentence(tmp_path, capsys, words, expected):
    assert stylise(tmp_path / "out.png", *words) == 2
    assert expected in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_misspelt_picture_name_suggests_the_nearest(tmp_path, capsys):
    assert stylise(tmp_path / "out.png", style="swrils") == 2
    assert "did you mean 'swirls'" in capsys.readouterr().err


@pytest.mark.parametrize("out", ["no/such/folder/out.png", "out.xyz", "."])
def test_a_bad_output_is_told_before_any_work(tmp_path, capsys, monkeypatch, out):
    monkeypatch.setattr(command, "load_network", lambda *_, **__: pytest.fail("work was begun"))
    assert stylise(tmp_path / out) == 2
    assert capsys.readouterr().err.startswith("stylekit: ")


def test_the_painting_never_replaces_its_own_photograph(tmp_path):
    photograph = tmp_path / "mine.png"
    images.save_image(images.load_image("coffee", 64), photograph)
    before = photograph.read_bytes()
    assert stylise(photograph, content=photograph) == 2
    assert photograph.read_bytes() == before


def test_ctrl_c_keeps_the_picture_so_far_and_says_where(tmp_path, capsys, monkeypatch):
    def interrupted(*arguments, **options):
        for number, step in enumerate(transfer.stylise(*arguments, **options)):
            if number == 1:
                signal.raise_signal(signal.SIGINT)
            yield step

    monkeypatch.setattr(command, "stylise", interrupted)
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)  # a program begun in the background ignores it
    out = tmp_path / "out.png"
    try:
        assert stylise(out) == 130
    finally:
        signal.signal(signal.SIGINT, handler)
    captured = capsys.readouterr()
    assert "keeping the picture so far" in captured.err and str(out) in captured.out
    assert Image.open(out).size[0] == 64


def test_a_loss_that_explodes_keeps_the_last_good_picture(tmp_path, capsys, monkeypatch):
    def exploding(*arguments, **options):
        step = next(transfer.stylise(*arguments, **options))
        yield step
        raise NonFiniteLoss("step 2: the content loss is no longer a finite number.", step)

    monkeypatch.setattr(command, "stylise", exploding)
    assert stylise(tmp_path / "out.png") == 2
    assert "step 2: the content loss" in capsys.readouterr().err
    Image.open(tmp_path / "out.png").load()


def test_a_picture_without_a_recipe_is_told(tmp_path, capsys):
    file = tmp_path / "plain.png"
    Image.new("RGB", (40, 40)).save(file)
    assert run("recipe", file) == 2
    assert "no recipe" in capsys.readouterr().err
