"""The picture that a command makes, and in a PNG the recipe that `stylekit recipe` prints as a command again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn

from stylekit import assets, images
from stylekit.files import RECIPE, versions
from stylekit.networks import weights_hash


def recipe_of(arguments: Mapping, pictures: tuple[str, ...], network: nn.Module | None = None) -> dict:
    """Return what makes a picture: the arguments of a command, and what they stood for when it began.

    `pictures` are the arguments that name one.
    """
    hashes = {name: images.picture_hash(assets.open_picture(arguments[name])) for name in pictures}
    given = {name: value for name, value in arguments.items() if name != "run"}
    return {
        "arguments": given | {"output": str(arguments["output"])},
        "sha256": hashes | ({"weights": weights_hash(network)} if network else {}),
        "versions": versions(),
        "threads": torch.get_num_threads(),
    }


def save(image: Float[Tensor, "1 3 H W"], output: Path, recipe: dict) -> None:
    """Write a picture; only a .png carries its recipe."""
    metadata = {RECIPE: json.dumps(recipe)} if output.suffix.lower() == ".png" else None
    images.save_image(image, output, metadata)
