"""The public door: every name from the top of the package, loaded when asked for; the command line without PyTorch."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from conftest import last, picture, run
from PIL import Image

import stylekit
from stylekit import images, transfer
from stylekit.errors import AssetError, InputError, Interrupted, NonFiniteLoss, StylekitError, is_out_of_memory
from stylekit.networks import pick_device
from stylekit.presets import PRESETS


def python(*words):
    """Run Python in a process of its own, where nothing is loaded yet."""
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", stylekit.__all__)
def test_every_public_name_can_be_had_from_the_package_itself(name):
    assert getattr(stylekit, name) is not None and name in dir(stylekit)


def test_an_unknown_name_is_an_attribute_error_as_everywhere():
    with pytest.raises(AttributeError, match="has no attribute 'stylize'"):
        stylekit.stylize  # noqa: B018


def test_importing_the_package_loads_no_pytorch():
    code = "import sys, stylekit; stylekit.AssetError; print('torch' in sys.modules, 'matplotlib' in sys.modules)"
    assert python("-c", code).stdout.split() == ["False", "False"]


@pytest.mark.parametrize("words", [["--help"], ["asset"], ["assets"], ["stylise"[:4]]])
def test_help_a_typo_and_the_list_of_pictures_load_no_pytorch(words):
    code = f"import sys\nfrom stylekit.__main__ import main\ntry:\n    main({words!r})\nexcept SystemExit:\n    pass\n"
    found = python("-c", code + "print('loaded:', 'torch' in sys.modules)")
    assert found.stdout.splitlines()[-1] == "loaded: False", found.stderr


def test_all_that_the_kit_foresees_is_one_kind_of_error():
    assert all(issubclass(kind, StylekitError) for kind in (AssetError, InputError, NonFiniteLoss))
    assert issubclass(AssetError, ValueError) and issubclass(NonFiniteLoss, ArithmeticError)


def test_a_value_error_that_nobody_foresaw_is_no_bad_input(monkeypatch, capsys):
    def broken(*arguments, **options):
        raise ValueError("a mistake of our own")

    monkeypatch.setattr(images, "check_output", broken)
    with pytest.raises(ValueError, match="a mistake of our own"):
        run("stylise", "chelsea", "swirls", "-o", "x.png")


@pytest.mark.parametrize(
    ("error", "full"),
    [
        (MemoryError(), True),
        (RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"), True),
        (torch.OutOfMemoryError("CUDA out of memory"), True),
        (RuntimeError("expected contiguous memory format"), False),
        (ValueError("memory"), False),
    ],
)
def test_a_full_memory_is_known_by_its_kind_and_not_by_a_word(error, full):
    assert is_out_of_memory(error) is full


# What is taken for a picture.


def test_a_picture_may_be_a_tensor_an_array_a_pil_picture_a_name_or_a_path(tmp_path):
    image = picture(40, 56)
    images.save_image(image, tmp_path / "p.png")
    eight_bit = images.load_image(tmp_path / "p.png")
    array = eight_bit[0].permute(1, 2, 0).numpy()
    path = tmp_path / "p.png"
    forms = [eight_bit, eight_bit[0], array, Image.open(path), path, str(path)]
    assert all(torch.equal(images.as_image(form), eight_bit) for form in forms)
    assert images.as_image("chelsea", size=64).shape[-1] == 64
    assert images.as_image(array.astype(np.float64)).dtype == torch.float64


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (torch.zeros(1, 3, 40, 40, dtype=torch.uint8), "floats in .0, 1., got torch.uint8: divide 0..255"),
        (np.zeros((40, 40, 3), np.uint8), "got torch.uint8"),
        (torch.full((1, 3, 40, 40), 200.0), "got 200 to 200: divide 0..255 by 255 first"),
        (torch.full((1, 3, 40, 40), 1.2), "got 1.2 to 1.2: clamp it first"),
        (torch.zeros(2, 3, 40, 40), r"one image of shape \(1, 3, H, W\); got \(2, 3, 40, 40\)"),
        (torch.zeros(40, 40, 3), r"got \(1, 40, 40, 3\)"),
        (np.zeros((3, 40, 40)), r"an array of shape \(H, W, 3\), RGB; got \(3, 40, 40\)"),
        (torch.full((1, 3, 40, 40), float("nan")), "not finite"),
    ],
)
def test_what_is_no_picture_is_refused_with_what_to_do(wrong, words):
    with pytest.raises(InputError, match=words):
        images.as_image(wrong)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"content_weight": -1.0}, "content_weight must be a finite number"),
        ({"sizes": [64, 48]}, "in growing order"),
        ({"sizes": []}, "at least one"),
        ({"content_layers": "relu4_2"}, "not the text 'relu4_2'"),
        ({"style_layers": ["relu9_9"]}, "unknown layer 'relu9_9'"),
        ({"steps": 0}, "1 or more"),
        ({"style_size": 0.0}, "too small|above 0"),
        ({"optimiser": "newton"}, "newton"),
    ],
)
def test_stylise_says_what_makes_no_sense_when_it_is_called(network, arguments, words):
    with pytest.raises(InputError, match=words):
        transfer.stylise(picture(64, 64), picture(64, 64, 1), network, **arguments)  # and not at the first next()


def test_stylise_takes_names_and_paints_the_same_as_from_tensors(network):
    options = {"sizes": [48], "steps": 3}
    named = last(transfer.stylise("chelsea", "swirls", network, **options))
    given = last(transfer.stylise(images.load_image("chelsea"), images.load_image("swirls"), network, **options))
    assert torch.equal(named.image, given.image)


# Devices.


@pytest.mark.parametrize("name", ["cuda", "mps", "gpu", "cuda:7", "tpu"])
def test_a_device_that_is_not_there_is_one_sentence(name, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.mps, "is_available", lambda: False, raising=False)
    with pytest.raises(InputError, match=f"no device '{name}' here: expected auto, or one of cpu"):
        pick_device(name)
    assert run("stylise", "chelsea", "swirls", "-o", tmp_path / "x.png", "--device", name) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_auto_is_the_fastest_that_is_there(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert [str(pick_device(name)) for name in ("auto", "cuda:1", "cpu")] == ["cuda", "cuda:1", "cpu"]


# Presets and the style's size.


def test_the_more_photo_a_preset_promises_the_nearer_it_stays_and_balanced_is_the_default(network):
    p, a = images.load_image("coffee", 96), images.load_image("waves", 96)
    painted = lambda **options: last(transfer.stylise(p, a, network, steps=25, **options)).image  # noqa: E731
    found = {name: painted(**preset) for name, preset in PRESETS.items()}
    assert torch.equal(found["balanced"], painted())
    for nearer, farther, layer in (("more-photo", "balanced", "relu3_1"), ("balanced", "more-style", "relu4_2")):
        seen = {name: network.features(found[name], [layer])[layer] for name in (nearer, farther)}
        P = network.features(p, [layer])[layer]
        assert (seen[nearer] - P).norm() < 0.95 * (seen[farther] - P).norm(), nearer


def test_the_recipe_of_a_preset_holds_its_settings_and_makes_the_same_picture(tmp_path, capsys):
    words = ["stylise", "chelsea", "swirls", "--size", "64", "--steps", "3", "--style-size", "0.75"]
    assert run(*words, "--preset", "more-photo", "-o", tmp_path / "a.png") == 0
    assert run("recipe", tmp_path / "a.png") == 0
    command = capsys.readouterr().out.splitlines()[-1].split()[3:]
    for name, value in PRESETS["more-photo"].items():
        said = command[command.index("--" + name.replace("_", "-")) + 1]
        assert said == str(value[0] if isinstance(value, tuple) else value)
    command[command.index("-o") + 1] = str(tmp_path / "b.png")
    assert run(*command) == 0
    assert Image.open(tmp_path / "a.png").tobytes() == Image.open(tmp_path / "b.png").tobytes()


def test_the_style_size_is_that_of_the_style_picture_seen_and_not_of_the_painting(network, monkeypatch):
    seen = []
    build = transfer.painting_objective
    monkeypatch.setattr(transfer, "painting_objective", lambda *a, **k: seen.append(a[1:3]) or build(*a, **k))
    step = next(transfer.stylise(picture(64, 48), picture(96, 96, 1), network, style_size=0.5, sizes=[64], steps=1))
    ((photograph, style),) = seen
    assert (photograph.shape[-2:], style.shape[-2:]) == ((64, 48), (32, 32)) and step.image.shape[-2:] == (64, 48)


# Ctrl-C.


def test_ctrl_c_at_a_second_size_keeps_the_picture_so_far_and_shows_no_page_of_traceback(network, monkeypatch):
    calls = []
    features = network.features

    def pressed(image, layers):
        calls.append(max(image.shape[-2:]))
        if calls.count(64) == 6:
            raise KeyboardInterrupt
        return features(image, layers)

    monkeypatch.setattr(network, "features", pressed)
    seen = []
    with pytest.raises(KeyboardInterrupt) as stopped:
        for step in transfer.stylise(picture(64, 64), picture(64, 64, 1), network, sizes=[48, 64], steps=8):
            seen.append(step)
    assert isinstance(stopped.value, Interrupted) and stopped.value.last is seen[-1] and 0 < seen[-1].done < 1
    assert stopped.value._render_traceback_() == ["stopped: the last Step holds the picture so far"]


def test_a_loss_that_is_no_number_at_the_second_size_keeps_the_count_and_the_picture_of_all(network, monkeypatch):
    calls = []
    features = network.features

    def broken(image, layers):
        calls.append(max(image.shape[-2:]))
        factor = float("nan") if calls.count(64) >= 6 else 1.0
        return {name: factor * response for name, response in features(image, layers).items()}

    monkeypatch.setattr(network, "features", broken)
    seen = []
    with pytest.raises(NonFiniteLoss) as failed:
        for step in transfer.stylise(picture(64, 64), picture(64, 64, 1), network, sizes=[48, 64], steps=8):
            seen.append(step)
    assert failed.value.last is seen[-1] and seen[-1].scale == 1 and seen[-1].evaluations > 8


def test_done_grows_with_the_work_that_pixels_times_evaluations_are_and_ends_at_one(network):
    steps = list(transfer.stylise(picture(64, 64), picture(64, 64, 1), network, sizes=[32, 64], steps=6))
    done = [step.done for step in steps]
    assert done == sorted(done) and done[0] > 0 and done[-1] == 1
    ends = max(step.done for step in steps if step.scale == 0)
    assert ends == pytest.approx(6 * 32**2 / (6 * 32**2 + 3 * 64**2))
