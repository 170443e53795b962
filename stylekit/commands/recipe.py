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
    print(shlex.join(["python", "-m", "stylekit", *_command(recipe)]))
    for key in ("versions", "sha256", "losses", "complete", "threads", "figure", "studio", "machine"):
        if key in recipe:
            print(f"# {key}: {json.dumps(recipe[key])}", file=sys.stderr)
    return 0


def _command(recipe):
    """Return the words of a command, by the key that only its recipes have."""
    if "studio" in recipe:
        return _studio(recipe["studio"])
    if "figure" in recipe:
        made = recipe["figure"]
        size_and_steps = {"size": made["sizes"][-1], "steps": made["steps"]}
        options = {name: made[name] for name in ("variant", "network", "originals")}
        return ["figure", made["figure"], *_words(options | size_and_steps)]
    if "texture" in recipe:
        start, pictures = ["texture", recipe["texture"]], METHODS[recipe["texture"]]
    elif "apply" in recipe:
        start, pictures = ["apply", recipe["apply"]], ("input",)
    else:
        start, pictures = ["stylise"], ("content", "style")
    options = recipe["arguments"]
    return [*start, *(options[name] for name in pictures), *_words(options, but=pictures)]


def _words(options, but=()):
    """Return options by name as words; what was not given, None or False, has none."""
    words = []
    for name, value in options.items():
        if name not in but and value is not None and value is not False:
            values = value if isinstance(value, list) else [value]
            words.append("-o" if name == "output" else "--" + name.replace("_", "-"))
            words += [str(one) for one in values if one is not True]
    return words


def _studio(made):
    """Return the words for what the studio made; a picture of the visitor's own is called upload-1 or the like."""
    if made["method"] == "instant" and made["colour"] not in AFTERWARDS:
        made = made | {"colour": "none"}  # an older picture: there it changed nothing
    content, style = made["photograph"], made["style"]
    start, names = {
        "paint": (["stylise", content, style], ("size", "network", "content_weight", "steps", "colour")),
        "instant": (["apply", style, content], ("size", "colour")),
        "quilt": (["texture", "quilt-transfer", content, style], ("size", "seed", "colour")),
    }[made["method"]]
    return [*start, *_words({"output": "painting.png"} | {name: made[name] for name in names})]
