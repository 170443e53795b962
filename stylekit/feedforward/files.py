"""Weights and checkpoints on disk: written whole or not at all, read with a clear word on what is wrong."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import safetensors
import safetensors.torch
import torch

from stylekit import assets
from stylekit.errors import AssetError, InputError
from stylekit.feedforward.network import Architecture, TransformationNetwork
from stylekit.files import write_whole
from stylekit.networks import pick_device

ARCHITECTURE = "architecture"  # the keyword of the safetensors text that says what the weights are of
STYLES = "styles"  # and of the one that names the styles, in order, where there are several
STATE = {"network", "optimiser", "step", "seconds", "losses", "identity"}  # what a checkpoint holds


class CheckpointError(AssetError):
    """A checkpoint that cannot be read, or belongs to another training."""


def save_transformer(
    network: TransformationNetwork, path: str | Path, facts: dict[str, str] | None = None, styles: Sequence[str] = ()
) -> None:
    """Write a network as float16 safetensors with its architecture, its styles' names, and facts of its training."""
    if len(styles) != network.architecture.styles:
        raise InputError(f"expected {network.architecture.styles} names of styles, got {len(styles)}")
    facts = (facts or {}) | ({STYLES: json.dumps(list(styles))} if styles else {})
    weights = {name: value.half().cpu().contiguous() for name, value in network.state_dict().items()}
    texts = {ARCHITECTURE: json.dumps(asdict(network.architecture))} | facts
    write_whole(Path(path).expanduser(), safetensors.torch.save(weights, texts))


def load_transformer(
    style: str | Path | Mapping[str, float | int], device: str = "auto", file: str | Path | None = None
) -> TransformationNetwork:
    """Return a trained network of one style, frozen: that of a bundled style ("swirls"), of a file, or of a mixture.

    A mixture is a share for each style, {"swirls": 0.7, "waves": 0.3}; shares are divided by their sum. `file` is a
    network of several styles that knows them, in place of the one that ships. Raises AssetError for an unknown name,
    and for a file that does not hold a transformation network, InputError for shares that make no sense.
    """
    shares = dict(style) if isinstance(style, Mapping) else {str(style): 1.0}
    source = file or next(iter(shares), "")
    network, known = load_styles(source)
    if known:
        network = network.mixed(_shares(shares, known, source))
    elif file or len(shares) > 1:
        raise InputError(f"{source} is a network of one style: give it alone, and nothing to mix it with")
    return network.requires_grad_(False).eval().to(pick_device(device)).to(memory_format=torch.channels_last)


def load_styles(name: str | Path) -> tuple[TransformationNetwork, list[str]]:
    """Return the network of a file as it was trained, and the names of its styles; none if it knows one only."""
    path = _find(name)
    facts, weights = _read(path, _facts), _read(path, _weights)
    try:
        described = json.loads(facts[ARCHITECTURE])
        if described.pop("enlarge", 1) != 1:  # older files say it
            raise ValueError("it makes pictures larger, which the kit no longer does")
        network = TransformationNetwork(Architecture(**described))
        network.load_state_dict({key: value.float() for key, value in weights.items()})
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise AssetError(
            f"{path} does not hold the weights of a transformation network (another architecture?): "
            f"{str(error).splitlines()[0]}. Train one: python -m stylekit train STYLE --photos FOLDER"
        ) from error
    return network, json.loads(facts.get(STYLES, "[]"))


def _shares(styles, known, source):
    """Return the share of each known style, (S)."""
    if list(styles) == [str(source)] and str(source) not in known:
        raise InputError(
            f"{source} knows several styles: choose one or mix some of {', '.join(known)} (apply --network)"
        )
    for name, share in styles.items():
        if name not in known:
            raise InputError(
                f"{source} knows no style {name!r}{assets.suggest(name, known)}: expected {', '.join(known)}"
            )
        if not (math.isfinite(share) and share >= 0):
            raise InputError(f"the share of {name} must be a finite number of 0 or more, got {share}")
    shares = torch.tensor([float(styles.get(name, 0)) for name in known])
    if not shares.sum():
        raise InputError(f"one share of a mixture has to be above 0, got {dict(styles)}")
    return shares / shares.sum()


def transformers() -> dict[str, Path]:
    """Return the trained networks that ship with the kit: style -> file."""
    found = {}
    for path in sorted((assets.data_folder() / "feedforward").glob("*.safetensors")):
        found |= dict.fromkeys(json.loads(_read(path, _facts).get(STYLES, "[]")) or [path.stem], path)
    return found


def facts_of(name: str | Path) -> dict[str, str]:
    """Return what a file of weights says of itself: architecture, style, training."""
    return _read(_find(name), _facts)


def _find(name):
    """Return the file behind a style's name or a path."""
    known = transformers()
    if str(name) in known:
        return known[str(name)]
    path = Path(name).expanduser()
    if path.suffix != ".safetensors":
        raise AssetError(
            f"no trained network is named {str(name)!r}{assets.suggest(str(name), known)}: expected one of "
            f"{', '.join(known)}, or a .safetensors file that `python -m stylekit train` wrote"
        )
    if not path.is_file():
        raise AssetError(f"there is no file of weights at {path}")
    return path


def _facts(file):
    return file.metadata() or {}


def _weights(file):
    return {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118


def _read(path, take):
    """Return what `take` takes out of a safetensors file: its texts need no tensor to be read."""
    try:
        with safetensors.safe_open(path, "pt") as file:
            return take(file)
    except Exception as error:  # safetensors has its own exception, and others for files cut short
        raise AssetError(f"{path} is no readable safetensors file (cut short?): {error}") from error


def write_checkpoint(path: Path, state: dict) -> None:
    """Write the state of a training, all of STATE."""
    content = io.BytesIO()
    torch.save(state, content)
    write_whole(path, content.getvalue())


def read_checkpoint(path: Path) -> dict:
    """Return the state of a training. Raises CheckpointError for a file that holds none."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        missing = STATE - set(state)
    except Exception as error:  # whatever a reader makes of a damaged file, the sentence is the same
        raise CheckpointError(
            f"{path} is no readable checkpoint (cut short?): {error}. Remove it to begin again."
        ) from error
    if missing:
        raise CheckpointError(f"{path} is no checkpoint of a training: it lacks {', '.join(sorted(missing))}")
    return state
