"""`stylekit recipe`: print the command that made a painting."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

from stylekit import images, paper


def add(commands):
    recipe = commands.add_parser("recipe", help="print the command that made a painting")
    recipe.add_argument("painting", metavar="OUT.png", type=Path)
    recipe.set_defaults(run=run)


def run(options) -> int:
    """Print the command that makes a painting again; on stderr, what it was made with."""
    metadata = images.read_metadata(options.painting)
    if paper.RECIPE not in metadata:
        raise ValueError(f"{options.painting} carries no recipe: expected a PNG painted by this kit")
    recipe = json.loads(metadata[paper.RECIPE])
    print(_figure_command(recipe) if "figure" in recipe else _stylise_command(recipe))
    for key in ("versions", "sha256", "losses", "complete", "threads", "figure", "machine"):
        if key in recipe:
            print(f"# {key}: {json.dumps(recipe[key])}", file=sys.stderr)
    return 0


def _figure_command(recipe):
    """Return the command that paints the figure to which a panel belongs."""
    made = recipe["figure"]
    words = [made["figure"], "--variant", made["variant"], "--network", made["network"]]
    words += ["--size", str(made["sizes"][-1]), "--steps", str(made["steps"])]
    return shlex.join(["python", "-m", "stylekit", "figure", *words, *(["--originals"] if made["originals"] else [])])


def _stylise_command(recipe):
    arguments = dict(recipe["arguments"])
    words = [arguments.pop("content"), arguments.pop("style"), "-o", arguments.pop("output")]
    layers = arguments.pop("layers")
    for name, value in arguments.items():
        if value is not None:
            words += ["--" + name.replace("_", "-"), str(value)]
    return shlex.join(["python", "-m", "stylekit", "stylise", *words, "--layers", *layers])
