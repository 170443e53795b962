"""`python -m stylekit export-onnx`: what ONNX Runtime computes from the file is what PyTorch computes."""

import copy
import re
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import safetensors.torch
import torch
from conftest import picture, run
from PIL import Image
from torch import nn

from stylekit import __version__, export, images
from stylekit.commands import export_onnx as command
from stylekit.errors import InputError
from stylekit.feedforward import KIT, PAPER, TransformationNetwork, load_transformer, save_transformer
from stylekit.networks import NETWORKS, load_network
from stylekit.objective import CONTENT_LAYERS, STYLE_LAYERS

README = Path(__file__).resolve().parent.parent / "README.md"
SIZES = ((1, 67, 101), (3, 45, 35))  # batch, rows, columns: no multiples of 4, larger and smaller than what is traced
THIN = {  # every manner in which a network can be built
    "kit": replace(KIT, width=4),
    "paper": replace(PAPER, width=4),
    "noise": replace(KIT, width=4, noise=0.1),
    "plain": replace(KIT, width=4, normalisation="none", upsampling="transposed"),
}


def session(content):
    """Return ONNX Runtime with a network, on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def ask(network, image):
    """Return all outputs by name."""
    (given,) = network.get_inputs()
    names = [output.name for output in network.get_outputs()]
    return dict(zip(names, network.run(names, {given.name: image.numpy()}), strict=True))


def saved(path, architecture):
    torch.manual_seed(0)
    network = TransformationNetwork(architecture)
    with torch.no_grad():
        network.last.weight.mul_(30 / architecture.slope)  # far into the tanh: much of the painting is to be clamped
    save_transformer(network, path)
    return path


def assert_same_paintings(file, network):
    runtime, exact = session(file), copy.deepcopy(network).double()
    for size in SIZES:
        image = picture(*size[1:]).repeat(size[0], 1, 1, 1) * torch.linspace(0.5, 1, size[0]).view(-1, 1, 1, 1)
        with torch.no_grad():
            expected = exact(image.double()).clamp(0, 1).numpy()
        found = ask(runtime, image)["painting"]
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, atol=1e-4, rtol=0)
        yield expected


@pytest.mark.parametrize("name", THIN)
def test_a_network_paints_in_onnx_runtime_as_in_pytorch(tmp_path, name):
    weights, out = saved(tmp_path / "thin.safetensors", THIN[name]), tmp_path / "out.onnx"
    assert run("export-onnx", weights, "-o", out) == 0
    for painting in assert_same_paintings(out, load_transformer(weights, "cpu")):
        assert 0.01 < np.mean((painting == 0) | (painting == 1)) < 0.99  # some of it is cut, and not all
        assert painting.std() > 0.1


def test_a_style_that_ships_paints_in_onnx_runtime_as_in_pytorch_and_says_what_it_is(tmp_path, capfd):
    out = tmp_path / "swirls.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert run("export-onnx", "swirls", "-o", out) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["swirls.onnx"]  # all in one file
    assert all(painting.std() > 0.05 for painting in assert_same_paintings(out, load_transformer("swirls", "cpu")))
    printed = capfd.readouterr()
    assert printed.out.startswith(f"{out} (1.") and printed.out.count("\n") == 1 and printed.err == ""
    model = onnx.load(out)
    texts = {entry.key: entry.value for entry in model.metadata_props}
    assert texts["network"] == model.doc_string and model.doc_string.startswith("swirls: a transformation network")
    assert "RGB in [0, 1], at least 16 x 16" in texts["input"] and texts["stylekit"] == __version__


def test_the_lines_of_the_readme_paint_what_apply_paints(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    images.save_image(picture(45, 67), "photo.jpg")
    assert run("export-onnx", "swirls", "-o", "swirls.onnx") == 0
    assert run("apply", "swirls", "photo.jpg", "-o", "applied.png", "--device", "cpu") == 0
    (lines,) = re.findall(r"```\n(import numpy, onnxruntime\n.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    exec(lines, {})
    painting, applied = (np.asarray(Image.open(name)).astype(int) for name in ("painting.png", "applied.png"))
    assert painting.shape == (45, 67, 3)
    assert np.abs(painting - applied).max() <= 1  # of 255


def test_a_picture_of_the_smallest_size_is_painted(tmp_path):
    weights = saved(tmp_path / "thin.safetensors", THIN["kit"])
    network, image = load_transformer(weights, "cpu"), picture(16, 16)
    found = ask(session(export.painting_onnx(network, "thin")), image)["painting"]
    np.testing.assert_allclose(found, network(image).clamp(0, 1).numpy(), atol=1e-4, rtol=0)


@pytest.fixture
def loss_network(request, tmp_path, monkeypatch):
    """Return what is asked for, a name, or a file for a suffix; all but "compact" have random weights."""
    name = request.param
    if name == "compact":
        return name
    torch.manual_seed(0)
    network = NETWORKS["compact" if name.startswith(".") else name].build()
    for convolution in network.convolutions.values():
        nn.init.kaiming_normal_(convolution.weight)  # responses as large at depth as at the pixels
    file = tmp_path / f"weights{name if name.startswith('.') else '.safetensors'}"
    save = torch.save if name == ".pth" else safetensors.torch.save_file
    save(network.convolutions.state_dict(), file)
    if name.startswith("."):
        return file
    monkeypatch.setenv(f"STYLEKIT_{name.upper()}", str(file))
    return name


@pytest.mark.parametrize("loss_network", ["compact", "vgg16", "vgg19", ".safetensors", ".pth"], indirect=True)
@pytest.mark.parametrize("layers", [(), ("relu3_1", "conv2_2", "relu1_1")], ids=["default", "chosen"])
def test_a_loss_network_sees_in_onnx_runtime_what_it_sees_in_pytorch(tmp_path, loss_network, layers):
    words = ["--layers", *layers] if layers else []
    assert run("export-onnx", loss_network, "-o", tmp_path / "out.onnx", *words) == 0
    layers = list(layers) or command.LAYERS
    network, runtime = load_network(loss_network, device="cpu"), session(tmp_path / "out.onnx")
    for batch, height, width in SIZES:
        image = picture(height, width).repeat(batch, 1, 1, 1)
        image[-1] = image[-1].flip(-1)
        expected, found = network.features(image, layers), ask(runtime, image)
        assert list(found) == layers
        for layer in layers:
            np.testing.assert_allclose(found[layer], expected[layer].numpy(), atol=1e-4, rtol=0)
            assert expected[layer].std() > 0.1


def test_without_layers_those_of_the_content_and_the_style_come_out():
    assert set(command.LAYERS) == {*CONTENT_LAYERS, *STYLE_LAYERS}


def test_a_file_holds_no_convolution_above_the_deepest_layer_and_a_layer_named_twice_once(network):
    model = onnx.load_model_from_string(export.responses_onnx(network, ["relu2_1", "relu1_1", "relu2_1"], "mine"))
    assert [output.name for output in model.graph.output] == ["relu2_1", "relu1_1"]
    assert sum(node.op_type == "Conv" for node in model.graph.node) == 3  # conv1_1, conv1_2, conv2_1
    assert "normalised inside" in {entry.key: entry.value for entry in model.metadata_props}["input"]


def test_the_sizes_in_a_file_have_names_of_their_own(network):
    runtime = session(export.responses_onnx(network, ["relu2_1"], "mine"))
    assert runtime.get_inputs()[0].shape == ["batch", 3, "image_height", "image_width"]
    assert runtime.get_outputs()[0].shape == ["batch", 48, "relu2_1_height", "relu2_1_width"]


@pytest.mark.parametrize("training", [True, False])
def test_a_network_is_left_as_it_was(training):
    network = TransformationNetwork(THIN["paper"]).train(training)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    export.painting_onnx(network, "mine")
    assert all(part.training == training for part in network.modules())
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())


def test_no_layer_at_all_is_refused(network):
    with pytest.raises(InputError, match="at least one layer: conv1_1, relu1_1"):
        export.responses_onnx(network, [], "mine")


def test_without_the_extra_a_sentence_says_what_to_type_before_any_weights_are_read(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)  # importing it is an ImportError now
    monkeypatch.setattr(command, "load_network", lambda *_, **__: pytest.fail("work was begun"))
    assert run("export-onnx", "vgg19", "-o", tmp_path / "out.onnx") == 2
    error = capsys.readouterr().err
    assert error.startswith("stylekit: ") and error.count("\n") == 1
    assert "package onnx" in error and 'pip install -e ".[onnx]"' in error
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["swrils", "-o", "out.onnx"], "did you mean 'swirls'"),
        (["compcat", "-o", "out.onnx"], "did you mean 'compact'"),
        (["folder", "-o", "out.onnx"], "no network is named"),
        (["folder.safetensors", "-o", "out.onnx"], "no file of weights"),
        (["missing.safetensors", "-o", "out.onnx"], "no file of weights"),
        (["missing.pth", "-o", "out.onnx"], "no file of weights"),
        (["cut.safetensors", "-o", "out.onnx"], "no readable safetensors"),
        (["other.safetensors", "-o", "out.onnx"], "fit none of vgg19"),
        (["swirls", "-o", "out.png"], "must end in .onnx"),
        (["swirls", "-o", "folder"], "is a folder"),
        (["swirls", "-o", "no/out.onnx"], "does not exist"),
        (["swirls", "-o", "out.onnx", "--layers", "relu1_1"], "outputs of a loss network"),
        (["compact", "-o", "out.onnx", "--layers", "relu1_1", "relu9_1"], "unknown layer 'relu9_1'"),
    ],
)
def test_bad_input_is_refused_in_one_sentence_and_nothing_is_written(tmp_path, capsys, monkeypatch, words, sentence):
    monkeypatch.chdir(tmp_path)
    for folder in ("folder", "folder.safetensors"):
        (tmp_path / folder).mkdir()
    (tmp_path / "cut.safetensors").write_bytes(b"\x10\0\0")
    safetensors.torch.save_file({"weight": torch.zeros(3)}, tmp_path / "other.safetensors")
    before = sorted(tmp_path.rglob("*"))
    assert run("export-onnx", *words) == 2
    error = capsys.readouterr().err
    assert error.startswith("stylekit: ") and error.count("\n") == 1 and sentence in error
    assert sorted(tmp_path.rglob("*")) == before
