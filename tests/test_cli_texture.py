"""`stylekit texture` as a user meets it: each method, its recipe, Ctrl-C, and a sentence for bad input."""

import shlex

import numpy as np
import pytest
from conftest import run
from PIL import Image

from stylekit import images, patches
from stylekit.commands import texture
from stylekit.files import RECIPE

FAST = {
    "efros-leung": ["brick", "--size", "11", "--exemplar-size", "32", "--window", "5"],
    "quilt": ["swirls", "--size", "47", "--exemplar-size", "44", "--block", "16", "--overlap", "5"],
    "quilt-transfer": ["chelsea", "waves", "--size", "48", "--block", "12", "--iterations", "2"],
    "analogy": ["facets", "waves", "chelsea", "--size", "48", "--levels", "2", "--kappa", "5"],
}


def pixels(path):
    return np.asarray(Image.open(path))


@pytest.mark.parametrize("method", FAST)
def test_each_method_writes_a_picture_of_the_size_asked_for(tmp_path, capsys, method):
    out = tmp_path / "made.png"
    assert run("texture", method, *FAST[method], "-o", out) == 0
    assert str(out) in capsys.readouterr().out
    assert max(Image.open(out).size) == int(FAST[method][FAST[method].index("--size") + 1])


@pytest.mark.parametrize("method", FAST)
def test_the_printed_recipe_makes_the_same_picture_again(tmp_path, capsys, method):
    first, second = tmp_path / "one.png", tmp_path / "two.png"
    assert run("texture", method, *FAST[method], "-o", first) == 0
    capsys.readouterr()
    assert run("recipe", first) == 0
    python, dash, package, *words = shlex.split(capsys.readouterr().out)
    assert (python, dash, package) == ("python", "-m", "stylekit")
    words[words.index("-o") + 1] = str(second)
    assert run(*words) == 0
    assert np.array_equal(pixels(first), pixels(second))


def test_the_picture_written_is_the_last_step_of_the_generator(tmp_path):
    out = tmp_path / "made.png"
    assert run("texture", "quilt", *FAST["quilt"], "--seed", "3", "-o", out) == 0
    exemplar = images.to_array(images.load_image("swirls", 44))
    *_, last = patches.quilt(exemplar, 47, block=16, overlap=5, seed=3)
    assert np.array_equal(pixels(out), (last.image * 255).round().astype(np.uint8))


def test_a_jpeg_is_written_without_a_recipe(tmp_path, capsys):
    out = tmp_path / "made.jpg"
    assert run("texture", "quilt", *FAST["quilt"], "-o", out) == 0
    assert Image.open(out).format == "JPEG"
    assert run("recipe", out) == 2
    assert "carries no recipe" in capsys.readouterr().err


def test_ctrl_c_keeps_the_picture_so_far_and_says_so(tmp_path, capsys, monkeypatch):
    def interrupted(*arguments):
        for number, step in enumerate(patches.quilt(*arguments)):
            if number == 2:
                raise KeyboardInterrupt
            yield step

    monkeypatch.setattr(texture, "_steps", lambda options, pictures: interrupted(*pictures, 47, 16, 5))
    out = tmp_path / "made.png"
    assert run("texture", "quilt", *FAST["quilt"], "-o", out) == 130
    assert "keeping the picture so far" in capsys.readouterr().err
    assert '"complete": false' in images.read_metadata(out)[RECIPE]
    assert (pixels(out)[-1, -1] == 128).all(), "grey where nothing is laid yet"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["quilt", "swirls", "--block", "300"], "exemplar must have 300 pixels or more"),
        (["quilt", "swirls", "--size", "20"], "20"),
        (["quilt", "swirls", "--block", "16", "--overlap", "16"], "overlap must be smaller than the block"),
        (["efros-leung", "brick", "--window", "8"], "window must be an odd number"),
        (["efros-leung", "brik"], "did you mean 'brick'"),
        (["efros-leung", "brick", "--exemplar-size", "0"], "size is the longer side"),
        (["quilt-transfer", "chelsea", "waves", "--size", "64", "--iterations", "9"], "larger block"),
        (["analogy", "waves", "facets", "chelsea", "--size", "48", "--levels", "7"], "got 7: take fewer levels"),
        (["analogy", "waves", "coffee", "chelsea", "--size", "48"], "before and after a filter"),
        (["analogy", "waves", "facets", "chelsea", "--kappa", "-1"], "kappa must be a number, 0 or more"),
    ],
)
def test_bad_input_gets_a_sentence_and_exit_code_2_and_writes_nothing(tmp_path, capsys, words, sentence):
    assert run("texture", *words, "-o", tmp_path / "made.png") == 2
    error = capsys.readouterr().err
    assert sentence in error and "Traceback" not in error
    assert list(tmp_path.iterdir()) == []


def test_a_picture_to_be_read_is_never_written_over(tmp_path, capsys):
    path = tmp_path / "mine.png"
    Image.new("RGB", (64, 64), "red").save(path)
    before = path.read_bytes()
    assert run("texture", "quilt", path, "-o", path) == 2
    assert "choose another name" in capsys.readouterr().err
    assert path.read_bytes() == before


def test_a_method_that_is_none_is_refused_with_the_names_of_those_there_are(capsys):
    assert run("texture", "stitch", "swirls", "-o", "x.png") == 2
    error = capsys.readouterr().err
    assert [method for method in texture.METHODS if method not in error] == []
