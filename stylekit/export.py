"""Networks as ONNX files, which run without Python and PyTorch: on phones, in browsers, from other languages.

ONNX is a format for networks, https://onnx.ai; ONNX Runtime is one of the programs that run it.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Iterable
from types import ModuleType

import torch
from torch import Tensor, nn

from stylekit import __version__
from stylekit.errors import InputError
from stylekit.feedforward import TransformationNetwork
from stylekit.networks import LossNetwork

TRACED = (1, 3, 64, 48)  # shape of the image that the exporter follows through the network; the file takes others too


def onnx_package() -> ModuleType:
    """Return the package onnx. Raises InputError, with what to type, where it is not installed."""
    try:
        import onnx
    except ImportError as error:
        what = 'ONNX files are written with the package onnx, which is not installed: pip install -e ".[onnx]"'
        raise InputError(what) from error
    return onnx


def painting_onnx(network: TransformationNetwork, name: str) -> bytes:
    """Return a transformation network of one style as the content of an ONNX file: "photograph" in, "painting" out.

    Both are (B, 3, H, W), float32, RGB in [0, 1]: the painting is clamped. B, H and W are free, from 16 x 16 pixels;
    what is smaller the file does not refuse with a sentence, as the network does: checks in Python are not traced.
    `name` is written into the file. Raises InputError without the package onnx.
    """
    texts = {
        "network": f"{name}: a transformation network, paints a photograph in one pass (Johnson, Alahi and Li, 2016)",
        "input": "photograph: float32, (batch, 3, height, width), RGB in [0, 1], at least 16 x 16 pixels",
        "output": "painting: float32, RGB in [0, 1], as large as the photograph",
    }
    painter = _Traced(network, lambda photograph: network(photograph).clamp(0, 1))
    return _exported(painter, "photograph", ["painting"], texts)


def responses_onnx(network: LossNetwork, layers: Iterable[str], name: str) -> bytes:
    """Return a loss network as the content of an ONNX file: "image" in, the responses of the named layers out.

    The image is (B, 3, H, W), float32, RGB in [0, 1], and normalised inside; each output has its layer's name and is
    (B, N_l, H_l, W_l). The file holds no layer above the deepest of them. B, H and W are free, from 2^(b - 1) pixels
    for block b; what is smaller the file does not refuse with a sentence. `name` is written into the file. Raises
    InputError for an unknown layer, for none, and without the package onnx.
    """
    layers = list(dict.fromkeys(layers))
    if not layers:
        raise InputError(f"name at least one layer: {', '.join(network.layers)}")
    texts = {
        "network": f"{name}: a loss network, sees what a picture shows (Gatys, Ecker and Bethge, 2015)",
        "input": "image: float32, (batch, 3, height, width), RGB in [0, 1]; it is normalised inside",
        "output": f"responses of layers, (batch, filters, rows, columns): {', '.join(layers)}",
    }

    def responses(image):
        found = network.features(image, layers)
        return tuple(found[layer] for layer in layers)

    return _exported(_Traced(network, responses), "image", layers, texts)


class _Traced(nn.Module):
    """A function of images that a network computes, as the module that the exporter wants."""

    def __init__(self, network: nn.Module, function: Callable[[Tensor], Tensor | tuple[Tensor, ...]]):
        super().__init__()
        self.network, self.function = network, function
        self.train(network.training)  # the exporter leaves all of it as it finds this

    def forward(self, image):
        return self.function(image)


def _exported(module, given, outputs, texts):
    """Return a module as the content of an ONNX file that says what it is; rows, columns and batch stay free."""
    onnx, content = onnx_package(), io.BytesIO()
    image = torch.full(TRACED, 0.5, device=next(module.parameters()).device)
    free = {name: {0: "batch", 2: f"{name}_height", 3: f"{name}_width"} for name in (given, *outputs)}
    names = {"input_names": [given], "output_names": outputs, "dynamic_axes": free}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that checks in Python are not traced, and that there is a newer exporter
        # dynamo=True fails on the paper's border (`mirrored`; torch 2.15), wants onnxscript, and takes 5 s, not 0.3.
        # What is constant is left to the reader of the file to fold: the exporter loses those that are equal.
        torch.onnx.export(module, (image,), content, dynamo=False, do_constant_folding=False, **names)
    model = onnx.load_model_from_string(content.getvalue())
    model.doc_string = texts["network"]
    onnx.helper.set_model_props(model, texts | {"stylekit": __version__})
    onnx.checker.check_model(model)
    return model.SerializeToString()
