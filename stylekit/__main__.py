"""The command line: `python -m stylekit COMMAND`. A thin skin over the package."""

from __future__ import annotations

import argparse
import importlib
import sys

from stylekit.commands import BAD_INPUT
from stylekit.errors import StylekitError, is_out_of_memory

COMMANDS = {  # a module of stylekit.commands, loaded when it is asked for, and what it does
    "stylise": "paint a photograph in the manner of a picture",
    "apply": "paint a photograph, a folder, a GIF or a video with a trained network",
    "train": "teach a network one style, so that it paints in one pass",
    "texture": "make a picture of pieces of another, as before networks",
    "figure": "paint a figure of the papers or the slides, panel by panel",
    "export-onnx": "write a network as an ONNX file, for phones, browsers and other languages",
    "recipe": "print the command that made a painting",
    "assets": "list the pictures known by name, with licence and credit",
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code: 0, 2 for bad input (a sentence on stderr), 130 after Ctrl-C."""
    arguments = sys.argv[1:] if arguments is None else arguments
    options = parser(arguments).parse_args(arguments)
    try:
        return options.run(options)
    except (StylekitError, OSError) as error:
        print(f"stylekit: {error}", file=sys.stderr)
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        print("stylekit: not enough memory for a picture of this size; try a smaller --size", file=sys.stderr)
    return BAD_INPUT


def parser(arguments: list[str]) -> argparse.ArgumentParser:
    """Return the parser of the command line: of all commands the names, and the options of the one that is asked for.

    Most options have defaults that live beside what they are the defaults of, and that needs PyTorch.
    """
    top = argparse.ArgumentParser(
        prog="python -m stylekit", description=sys.modules["stylekit"].__doc__.splitlines()[0]
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    for name, words in COMMANDS.items():
        command = commands.add_parser(name, help=words, description=words)
        if name in arguments[:1]:
            module = importlib.import_module(f"stylekit.commands.{name.replace('-', '_')}")
            module.add_options(command)
            command.set_defaults(run=module.run)
    return top


if __name__ == "__main__":
    sys.exit(main())
