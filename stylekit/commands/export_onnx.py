"""`stylekit export-onnx`: write a network as an ONNX file, which runs without Python and PyTorch."""

from __future__ import annotations

from pathlib import Path

from stylekit import assets, export, files
from stylekit.errors import AssetError, InputError
from stylekit.feedforward import facts_of, load_transformer, transformers
from stylekit.feedforward.files import ARCHITECTURE
from stylekit.networks import NETWORKS, load_network
from stylekit.objective import CONTENT_LAYERS, STYLE_LAYERS

LAYERS = sorted({*CONTENT_LAYERS, *STYLE_LAYERS})
WEIGHTS = (".safetensors", ".pth")


def add_options(command):
    add = command.add_argument
    names = f"a style that ships, {', '.join(NETWORKS)}, or a file of weights of either kind"
    add("network", metavar="NAME", help=f"what paints or what sees: {names}")
    add("-o", "--output", metavar="FILE.onnx", required=True, type=Path)
    add("--layers", nargs="+", metavar="LAYER", help=f"outputs of a loss network (default {' '.join(LAYERS)})")


def run(options) -> int:
    """Write one network; everything is checked before weights are read, or downloaded."""
    name, output = options.network, options.output.expanduser()
    files.check_target(output, (".onnx",))
    export.onnx_package()
    if _paints(name):
        if options.layers:
            raise InputError(f"--layers names outputs of a loss network; {name} paints, and has one output: painting")
        given, outputs = "photograph", ["painting"]
        content = export.painting_onnx(load_transformer(name, "cpu"), Path(name).name)
    else:
        given, outputs = "image", options.layers or LAYERS
        content = export.responses_onnx(load_network(name, device="cpu"), outputs, Path(name).name)
    files.write_whole(output, content)
    print(f"{output} ({len(content) / 1e6:.1f} MB; in: {given}; out: {', '.join(outputs)})")
    return 0


def _paints(name):
    """Return whether a name or a file is a transformation network's, which paints; else it is a loss network's."""
    styles = transformers()
    if name in styles or name in NETWORKS:
        return name in styles
    if Path(name).suffix not in WEIGHTS:
        raise AssetError(
            f"no network is named {name!r}{assets.suggest(name, [*styles, *NETWORKS])}: expected a style "
            f"({', '.join(styles)}), a loss network ({', '.join(NETWORKS)}), or a {' or '.join(WEIGHTS)} file"
        )
    return Path(name).suffix == ".safetensors" and ARCHITECTURE in facts_of(name)
