"""`stylekit train` as a user meets it: weights, preview, resuming, two processes, and a sentence for bad input."""

import itertools
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest
import safetensors.torch
import torch

from stylekit import __main__ as cli
from stylekit import images
from stylekit.commands import train as command
from stylekit.feedforward import (
    ARCHITECTURES,
    Architecture,
    TransformationNetwork,
    facts_of,
    load_styles,
    load_transformer,
    save_transformer,
)
from stylekit.feedforward.noise import add_noise

FAST = ["--size", "48", "--crop", "32", "--batch", "2", "--device", "cpu"]
THIN = ["--width", "3"]  # but for a network that is there already


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """A folder of three photographs and a file that is none."""
    folder = tmp_path_factory.mktemp("photos")
    for name in ("chelsea", "coffee", "rocket"):
        images.save_image(images.load_image(name, 80), folder / f"{name}.png")
    (folder / "broken.png").write_bytes(b"not a picture")
    return folder


def words(photos, out, *more, style="swirls"):
    fast = FAST if "--add" in more else FAST + THIN
    return ["train", *style.split(), "--photos", str(photos), "-o", str(out), *fast, *map(str, more)]


def train(*arguments, **options):
    """Return the exit code, also where argparse itself leaves."""
    try:
        return cli.main(words(*arguments, **options))
    except SystemExit as left:
        return left.code


def weights(path):
    return safetensors.torch.load_file(path)


def test_training_writes_a_network_that_paints_a_preview_and_what_it_was_made_with(photos, tmp_path, capsys):
    out = tmp_path / "mine.safetensors"
    assert train(photos, out, "--steps", 5, "--every", 2) == 0
    assert "mine.safetensors (5 steps" in capsys.readouterr().out
    network = load_transformer(out)
    assert network.architecture == Architecture(width=3)
    assert network(torch.rand(1, 3, 40, 56)).shape == (1, 3, 40, 56)
    assert images.load_image(tmp_path / "mine.preview.png").shape == (1, 3, 160, 5 * 160)
    facts = facts_of(out)
    training = json.loads(facts["training"])
    assert facts["style"] == "swirls" and training["trained steps"] == 5 and training["photographs"] == 4
    assert training["losses"].keys() == {"content", "style", "tv", "total"}


@pytest.mark.parametrize(("architecture", "norm"), [("kit", "batch"), ("paper", "instance")])
def test_how_a_network_normalises_is_a_choice_in_either_architecture(photos, tmp_path, architecture, norm):
    out = tmp_path / "mine.safetensors"
    assert train(photos, out, "--steps", 1, "--architecture", architecture, "--norm", norm) == 0
    assert load_transformer(out).architecture == replace(ARCHITECTURES[architecture], width=3, normalisation=norm)


def test_the_noise_of_a_training_is_added_when_it_paints_and_another_may_begin_without(photos, tmp_path):
    first, second, third = (tmp_path / f"{name}.safetensors" for name in ("first", "second", "third"))
    begun = ["--steps", 1, "--start", first, "--rate", "1e-9"]
    assert train(photos, first, "--steps", 1, "--noise", 0.2) == 0
    assert train(photos, second, *begun, "--noise", 0, style="waves") == 0
    assert train(photos, third, *begun, style="waves") == 0
    noisy, plain, image = load_transformer(first, "cpu"), load_transformer(second, "cpu"), torch.rand(1, 3, 32, 32)
    assert (noisy.architecture.noise, plain.architecture.noise) == (0.2, 0.0)
    assert torch.allclose(noisy(image), plain(add_noise(image, 0.2)), atol=1e-3)
    assert [json.loads(facts_of(file)["training"])["noise"] for file in (first, second, third)] == [0.2, 0.0, 0.2]


def test_unreadable_pictures_are_counted(photos, tmp_path, capsys):
    assert train(photos, tmp_path / "a.safetensors", "--steps", 2) == 0
    assert "1 pictures could not be read and were skipped: broken.png" in capsys.readouterr().err


def test_the_same_command_goes_on_and_ends_as_if_it_had_not_been_stopped(photos, tmp_path, monkeypatch, capsys):
    whole, stopped = tmp_path / "whole.safetensors", tmp_path / "stopped.safetensors"
    assert train(photos, whole, "--steps", 6, "--every", 2) == 0
    steps = command.train

    def interrupted(*arguments):
        for step in steps(*arguments):
            yield step
            if step.number == 5:
                raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(command, "train", interrupted)
        assert train(photos, stopped, "--steps", 6, "--every", 2) == 130
    assert "goes on from its last checkpoint" in capsys.readouterr().err and stopped.is_file()
    assert train(photos, stopped, "--steps", 6, "--every", 2) == 0
    assert train(photos, whole, "--steps", 6, "--every", 2) == 0
    assert "whole.checkpoint has had all of it already" in capsys.readouterr().err
    for name, value in weights(whole).items():
        assert torch.allclose(value, weights(stopped)[name], atol=2e-3), name


def test_weights_that_were_lost_come_back_from_a_training_that_is_over(photos, tmp_path, capsys):
    out = tmp_path / "lost.safetensors"
    assert train(photos, out, "--steps", 3) == 0
    whole, facts = weights(out), facts_of(out)
    out.unlink()
    assert train(photos, out, "--steps", 3) == 0
    assert "lost.checkpoint has had all of it already" in capsys.readouterr().err
    assert facts_of(out) == facts and all(torch.equal(value, weights(out)[name]) for name, value in whole.items())


def test_a_loss_that_explodes_keeps_what_was_learnt_and_says_how_to_go_on(photos, tmp_path, monkeypatch, capsys):
    learn, out, count = command.PerceptualLoss.__call__, tmp_path / "bad.safetensors", itertools.count(1)

    def exploding(self, painted, photographs):
        worst = float("inf") if next(count) == 3 else 1.0
        return {name: worst * value for name, value in learn(self, painted, photographs).items()}

    monkeypatch.setattr(command.PerceptualLoss, "__call__", exploding)
    assert train(photos, out, "--steps", 5) == 2
    said = capsys.readouterr()
    assert "no longer finite at step 3" in said.err and f"--start {out}" in said.err and "(2 steps" in said.out
    assert json.loads(facts_of(out)["training"])["trained steps"] == 2
    assert all(torch.isfinite(value).all() for value in weights(out).values())


def test_photographs_held_out_have_no_part_in_what_is_learnt_nor_in_the_units_of_the_loss(photos, tmp_path):
    found = []
    for number, name in enumerate(("coffee", "rocket")):
        folder = tmp_path / str(number)
        shutil.copytree(photos, folder)
        images.save_image(images.load_image(name, 80), folder / "zz.png")
        assert train(folder, tmp_path / f"{name}.safetensors", "--steps", 2, "--hold-out", 1) == 0
        found.append((weights(tmp_path / f"{name}.safetensors"), facts_of(tmp_path / f"{name}.safetensors")))
    (one, facts), (other, others) = found
    assert all(torch.equal(value, other[name]) for name, value in one.items())
    assert json.loads(facts["training"])["losses"] == json.loads(others["training"])["losses"]


@pytest.mark.slow
def test_two_processes_learn_what_one_learns(photos, tmp_path):
    """Each process has one picture of the two of a batch; after four steps both paint alike, so all steps agreed."""
    alone, together = tmp_path / "alone.safetensors", tmp_path / "together.safetensors"
    assert train(photos, alone, "--steps", 4) == 0
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    run = [*launcher, "-m", "stylekit", *words(photos, together, "--steps", 4)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(run, capture_output=True, text=True, timeout=300, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("together.safetensors (4 steps") == 1
    first, second = (json.loads(facts_of(path)["training"])["losses"] for path in (alone, together))
    assert second == pytest.approx(first, rel=1e-3)
    image = images.load_image("astronaut", 64)
    assert torch.allclose(load_transformer(alone)(image), load_transformer(together)(image), atol=1e-2)


def test_a_training_can_begin_with_another_styles_weights(photos, tmp_path):
    start = tmp_path / "start.safetensors"
    torch.manual_seed(7)
    network = TransformationNetwork(Architecture(width=3))
    save_transformer(network, start)
    assert train(photos, tmp_path / "next.safetensors", "--steps", 1, "--start", start, "--rate", "1e-9") == 0
    for name, value in weights(start).items():
        assert torch.allclose(value, weights(tmp_path / "next.safetensors")[name], atol=1e-4)


def test_a_batch_in_bfloat16_learns_too(photos, tmp_path):
    assert train(photos, tmp_path / "half.safetensors", "--steps", 1, "--precision", "bfloat16") == 0


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--steps", "0"], "steps must be a whole number above 0"),
        (["--minutes", "-1"], "seconds must be a finite number above 0"),
        (["--steps", "1", "--crop", "64"], "crop of 64 pixels is larger"),
        (["--steps", "1", "--batch", "0"], "batch must be"),
        (["--steps", "1", "--hold-out", "4"], "must leave some of the 4 photographs"),
        (["--steps", "1", "--every", "0"], "every must be"),
        (["--steps", "1", "--width", "0"], "width must be"),
        (["--steps", "1", "--start", "swrils"], "no trained network is named"),
        (["--steps", "1", "--style-layers", "relu9_9"], "unknown layer"),
        (["--steps", "1", "--style-layers", "relu1_1=x"], "--style-layers: expected a number after relu1_1="),
        (["--steps", "1", "--content-layers", "relu1_1=x"], "--content-layers: expected a number after relu1_1="),
        (["--steps", "1", "--minutes", "1"], "not allowed with"),
    ],
)
def test_numbers_that_make_no_sense_are_told_and_nothing_is_written(photos, tmp_path, capsys, more, sentence):
    assert train(photos, tmp_path / "bad.safetensors", *more) == 2
    assert sentence in capsys.readouterr().err and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("case", ["no photographs", "unknown style", "wrong suffix", "no folder"])
def test_bad_files_are_told_and_nothing_is_written(photos, tmp_path, capsys, case):
    folder, style, out = photos, "swirls", tmp_path / "bad.safetensors"
    if case == "no photographs":
        folder = tmp_path / "nowhere"
    if case == "unknown style":
        style = "swrils"
    if case == "wrong suffix":
        out = tmp_path / "bad.pth"
    if case == "no folder":
        out = tmp_path / "nowhere" / "bad.safetensors"
    assert train(folder, out, "--steps", 1, style=style) == 2
    assert len(capsys.readouterr().err.strip()) > 30 and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("more", "content", "style"),
    [
        (["--network", "vgg16"], ["relu2_2"], ["relu1_2", "relu2_2", "relu3_3", "relu4_3"]),
        ([], ["relu3_3"], ["relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"]),
        (["--content-layers", "relu2_2=3", "--style-layers", "relu1_1"], ["relu2_2"], ["relu1_1"]),
    ],
)
def test_vgg16_is_compared_at_the_papers_layers_and_others_at_the_kits(more, content, style):
    words = ["train", "swirls", "--photos", ".", *more]
    options = cli.parser(words).parse_args(words)
    assert [list(layers) for layers in command._layers(options)] == [content, style]


def test_several_styles_make_one_network_and_more_are_added_to_it(photos, tmp_path, capsys):
    two, three = tmp_path / "two.safetensors", tmp_path / "three.safetensors"
    assert (
        train(photos, two, "--steps", 4, "--every", 2, "--mosaics", "--style-sizes", 48, 64, style="swirls waves") == 0
    )
    assert images.load_image(tmp_path / "two.preview.png").shape == (1, 3, 2 * 160, 5 * 160)  # a row for each style
    assert load_styles(two)[1] == ["swirls", "waves"] and facts_of(two)["style"] == "swirls waves"
    assert train(photos, three, "--add", two, "--steps", 3, style="facets") == 0
    network, known = load_styles(three)
    assert known == ["swirls", "waves", "facets"]
    before = load_styles(two)[0]
    image = torch.rand(1, 3, 32, 32)
    for style in (0, 1):  # what it knew it paints as before
        old, new = before.mixed(torch.eye(2)[style]), network.mixed(torch.eye(3)[style])
        assert torch.equal(old(image), new(image))
    assert train(photos, three, "--add", two, "--steps", 3, style="facets") == 0
    assert "has had all of it already" in capsys.readouterr().err


def test_several_styles_can_begin_with_the_weights_of_others(photos, tmp_path):
    two, begun = tmp_path / "two.safetensors", tmp_path / "begun.safetensors"
    assert train(photos, two, "--steps", 2, style="swirls waves") == 0
    assert train(photos, begun, "--start", two, "--steps", 1, "--rate", 1e-9, style="waves glass") == 0
    (old, _), (new, names) = load_styles(two), load_styles(begun)
    image = torch.rand(1, 3, 32, 32)
    assert names == ["waves", "glass"]
    assert torch.allclose(new.mixed(torch.eye(2)[0])(image), old.mixed(torch.eye(2)[1])(image), atol=1e-3)
    mean = old.mixed(torch.tensor([0.5, 0.5]))
    assert torch.allclose(new.mixed(torch.eye(2)[1])(image), mean(image), atol=1e-3)


@pytest.mark.parametrize(
    ("styles", "more", "sentence"),
    [
        ("swirls swirls", [], "two of the styles are called swirls"),
        ("swirls waves", ["--content-weight", "1", "2", "3"], "one number, or one for each of 2 styles; got 3"),
        ("swirls waves", ["--architecture", "paper"], 'several styles need normalisation "instance"'),
        ("swirls waves", ["--norm", "batch"], 'several styles need normalisation "instance"'),
        ("swirls", ["--add", "TWO"], "it knows a style swirls already"),
        ("waves", ["--add", "ONE"], "expected a network of several styles"),
        ("waves", ["--add", "TWO", "--noise", "0.1", "--width", "8"], "as it is: leave out --width, --noise"),
        ("waves", ["--add", "TWO", "--norm", "batch", "--start", "ONE"], "as it is: leave out --norm, --start"),
        ("swirls waves", ["--start", "TWO", "--width", "4"], "has another architecture"),
    ],
    ids=str,
)
def test_several_styles_that_do_not_fit_together_are_refused(photos, tmp_path, capsys, styles, more, sentence):
    files = {"ONE": tmp_path / "in" / "one.safetensors", "TWO": tmp_path / "in" / "two.safetensors"}
    files["ONE"].parent.mkdir()
    save_transformer(TransformationNetwork(Architecture(width=3)), files["ONE"])
    save_transformer(TransformationNetwork(Architecture(width=3, styles=2)), files["TWO"], styles=("swirls", "haze"))
    more = [str(files.get(word, word)) for word in more]
    assert train(photos, tmp_path / "out.safetensors", *more, "--steps", 1, style=styles) == 2
    assert sentence in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["in"]
