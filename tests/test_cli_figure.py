"""`python -m stylekit figure` as a user meets it: files, resuming, listing, and a sentence for what cannot be."""

import shlex
import signal

import pytest
from conftest import run
from PIL import Image

from stylekit import assets, paper
from stylekit.errors import AssetError

FAST = ["--size", "64", "--steps", "2"]


@pytest.mark.slow
def test_one_command_paints_a_figure_and_a_second_one_only_composes_it(tmp_path, capsys, monkeypatch):
    out = tmp_path / "mine"
    assert run("figure", "slides2", *FAST, "--out", out) == 0
    captured = capsys.readouterr()
    assert captured.out.split() == [str(out / name) for name in ("slides2.png", "slides2.pdf", "losses.csv")]
    assert "astronaut in place of the dancer" in captured.err
    assert {path.name for path in out.glob("*.png")} == {"photograph.png", "style.png", "painting.png", "slides2.png"}
    monkeypatch.setattr(paper.sweep, "paint", lambda *_: pytest.fail("painted again"))
    assert run("figure", "slides2", *FAST, "--out", out) == 0


def test_without_a_name_the_figures_are_listed_with_their_sources(capsys):
    assert run("figure") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(paper.FIGURES | paper.MEASURED)
    assert "2015, Fig. 3" in lines[2]


@pytest.mark.slow
def test_the_recipe_of_a_panel_is_the_command_of_its_figure(tmp_path, capsys):
    out = tmp_path / "mine"
    assert run("figure", "slides1", *FAST, "--out", out) == 0
    first = (out / "painting.png").read_bytes()
    capsys.readouterr()
    assert run("recipe", out / "painting.png") == 0
    *start, package, figure, name = shlex.split(capsys.readouterr().out)[:5]
    assert (*start, package, figure, name) == ("python", "-m", "stylekit", "figure", "slides1")
    assert run("recipe", out / "painting.png") == 0
    words = shlex.split(capsys.readouterr().out)[3:]
    assert run(*words, "--out", tmp_path / "again") == 0
    assert Image.open(tmp_path / "again" / "painting.png").tobytes() == Image.open(out / "painting.png").tobytes()
    assert (out / "painting.png").read_bytes() == first


def test_ctrl_c_keeps_the_finished_panels_and_says_how_to_go_on(tmp_path, capsys, monkeypatch):
    def interrupted(*arguments):
        for progress in paper.sweep.run(*arguments):
            yield progress
            if progress.recipe.panel == "painting":
                signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(paper, "run", interrupted)
    assert run("figure", "slides1", *FAST, "--out", tmp_path) == 130
    assert "goes on with the panels missing" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photograph.png", "style.png"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["fig9"], "did you mean 'fig"),
        (["fig1", "--variant", "online"], "online"),
        (["fig1", "--size", "7"], "size"),
        (["fig1", "--steps", "0"], "steps"),
        (["fig1", "--network", "compcat"], "did you mean 'compact'"),
        (["fig1", "--workers", "0"], "workers"),
        (["fig1", "--cluster", "somewhere"], "tcp://"),
    ],
)
def test_bad_arguments_end_in_a_sentence(tmp_path, capsys, words, expected):
    assert run("figure", *words, "--out", tmp_path / "new") == 2
    error = capsys.readouterr().err
    assert expected in error and "Traceback" not in error
    assert not list(tmp_path.iterdir()), "not even the folder is made"


def test_an_output_folder_that_is_a_file_is_told(tmp_path, capsys):
    (tmp_path / "taken").write_text("mine")
    assert run("figure", "slides1", *FAST, "--out", tmp_path / "taken") == 2
    assert "is a file" in capsys.readouterr().err and (tmp_path / "taken").read_text() == "mine"


def test_a_folder_of_another_recipe_is_told_and_kept(tmp_path, capsys):
    assert run("figure", "slides1", *FAST, "--out", tmp_path) == 0
    before = (tmp_path / "painting.png").read_bytes()
    assert run("figure", "slides1", "--size", "64", "--steps", "3", "--out", tmp_path) == 2
    assert "choose another folder" in capsys.readouterr().err
    assert (tmp_path / "painting.png").read_bytes() == before


@pytest.mark.slow
def test_the_papers_pictures_are_painted_by_the_compact_network_too(tmp_path, capsys):
    try:
        assets.open_picture("tubingen")
    except AssetError as error:
        pytest.skip(f"the papers' pictures are not at hand: {error}")
    assert run("figure", "cvpr4", "--variant", "paper", "--network", "compact", *FAST, "--out", tmp_path) == 0
    assert Image.open(tmp_path / "cvpr4.png").width > 1000
    assert "in place of" not in capsys.readouterr().err
