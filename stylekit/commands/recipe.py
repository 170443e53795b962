"""`stylekit recipe`: print the command that made a painting; and the recipe that a command writes into its painting."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn

from stylekit import assets, images
from stylekit.colour import AFTERWARDS
from stylekit.errors import InputError
from stylekit.files import RECIPE, versions
from stylekit.networks import weights_hash
from stylekit.ui.settings import mixture


def recipe_of(arguments: Mapping, pictures: tuple[str, ...], network: nn.Module | None = None) -> dict:
    """Return what makes a picture: the arguments of a command, and what they stood for when it began.

    `pictures` are the arguments that name one, in the order in which the command takes them.
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


def add_options(command):
    command.add_argument("painting", metavar="OUT.png", type=Path)


def run(options) -> int:
    """Print the command that makes a painting again; on stderr, what it was made with."""
    metadata = images.read_metadata(options.painting)
    if RECIPE not in metadata:
        raise InputError(f"{options.painting} carries no recipe: expected a PNG painted by this kit")
    recipe = json.loads(metadata[RECIPE])
    print(shlex.join(["python", "-m", "stylekit", *_command(recipe)]))
    for key in ("versions", "sha256", "losses", "complete", "threads", "figure", "studio", "machine"):
        if key in recipe:
            print(f"# {key}: {json.dumps(recipe[key])}", file=sys.stderr)
    return 0


def _command(recipe):
    """Return the words of a command."""
    if "studio" in recipe:
        return _studio(recipe["studio"])
    if "figure" in recipe:
        made = recipe["figure"]
        options = {name: made[name] for name in ("variant", "network", "originals", "steps")}
        return ["figure", made["figure"], *_words(options | {"size": made["sizes"][-1]})]
    start = [word for key in ("texture", "apply") if key in recipe for word in (key, *_several(recipe[key]))]
    start = start or ["stylise"]
    options = recipe["arguments"]
    pictures = [options[name] for name in recipe["sha256"] if name in options]
    return [*start, *pictures, *_words({name: options[name] for name in options if name not in recipe["sha256"]})]


def _words(options):
    """Return options by name as words; what was not given, None or False, has none."""
    words = []
    for name, value in options.items():
        if value is not None and value is not False:
            words.append("-o" if name == "output" else "--" + name.replace("_", "-"))
            words += [str(one) for one in _several(value) if one is not True]
    return words


def _several(value):
    return value if isinstance(value, list) else [value]


def _studio(made):
    """Return the words for what the studio made; a picture of the visitor's own is called upload-1 or the like."""
    mixing = {"mix_with": "", "share": 0.5, "strength": 1.0}
    made = {"style_size": 1.0, "content_layers": ["relu4_2"]} | mixing | made  # older pictures do not say
    if made["method"] == "instant" and made["colour"] not in AFTERWARDS:
        made = made | {"colour": "none"}  # an older picture: there it changed nothing
    content, style = made["photograph"], made["style"]
    shares = mixture(style, made["mix_with"], made["share"])
    styles = [f"{name}={share}" for name, share in shares.items()] if len(shares) > 1 else [style]
    weighed = "content_weight", "content_layers", "style_size"
    start, names = {
        "paint": (["stylise", content, style], ("size", "network", *weighed, "steps", "colour")),
        "instant": (["apply", *styles, content], ("size", "colour", "strength")),
        "quilt": (["texture", "quilt-transfer", content, style], ("size", "seed", "colour")),
    }[made["method"]]
    return [*start, *_words({"output": "painting.png"} | {name: made[name] for name in names})]
