"""`stylekit recipe`: print the command that made a painting."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

from stylekit import images
from stylekit.colour import AFTERWARDS
from stylekit.commands.texture import METHODS
from stylekit.errors import InputError
from stylekit.files import RECIPE


def add_options(command):
    command.add_argument("painting", metavar="OUT.png", type=Path)


def run(options) -> int:
    """Print the command that makes a painting again; on stderr, what it was made with."""
    metadata = images.read_metadata(options.painting)
    if RECIPE not in metadata:
        raise InputError(f"{options.painting} carries no recipe: expected a PNG painted by this kit")
    recipe = json.loads(metadata[RECIPE])
    command = next((COMMANDS[key] for key in COMMANDS if key in recipe), _stylise_command)
    print(shlex.join(["python", "-m", "stylekit", *command(recipe)]))
    for key in ("versions", "sha256", "losses", "complete", "threads", "figure", "studio", "machine"):
        if key in recipe:
            print(f"# {key}: {json.dumps(recipe[key])}", file=sys.stderr)
    return 0


def _figure_command(recipe):
    """Return the words that paint the figure to which a panel belongs."""
    made = recipe["figure"]
    words = ["figure", made["figure"], "--variant", made["variant"], "--network", made["network"]]
    words += ["--size", str(made["sizes"][-1]), "--steps", str(made["steps"])]
    return [*words, *(["--originals"] if made["originals"] else [])]


def _apply_command(recipe):
    return ["apply", *_words(recipe["apply"], "style", "input")]


def _texture_command(recipe):
    return ["texture", recipe["texture"], *_words(recipe["arguments"], *METHODS[recipe["texture"]])]


def _stylise_command(recipe):
    return ["stylise", *_words(recipe["arguments"], "content", "style"), "--layers", *recipe["arguments"]["layers"]]


def _words(arguments, *pictures):
    """Return the pictures, the output and the options of a command, but the layers."""
    options = {name: arguments[name] for name in arguments if name not in (*pictures, "output", "layers")}
    return [*(arguments[name] for name in pictures), "-o", arguments["output"], *_options(options)]


def _options(arguments):
    given = {name: value for name, value in arguments.items() if value is not None}
    return [word for name, value in given.items() for word in ("--" + name.replace("_", "-"), str(value))]


def _studio_command(recipe):
    """Return the words for what the studio made; a picture of the visitor's own is called upload-1 or the like."""
    made = recipe["studio"]
    if made["method"] == "instant" and made["colour"] not in AFTERWARDS:
        made = made | {"colour": "none"}  # an older picture: there it changed nothing
    content, style, output = made["photograph"], made["style"], ["-o", "painting.png"]
    words, names = {
        "paint": (["stylise", content, style], ("size", "network", "content_weight", "steps", "colour")),
        "instant": (["apply", style, content], ("size", "colour")),
        "quilt": (["texture", "quilt-transfer", content, style], ("size", "seed", "colour")),
    }[made["method"]]
    return [*words, *output, *_options({name: made[name] for name in names})]


COMMANDS = {  # by the key that only their recipes have
    "figure": _figure_command,
    "apply": _apply_command,
    "texture": _texture_command,
    "studio": _studio_command,
}
