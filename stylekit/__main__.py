"""The command line: `python -m stylekit COMMAND`. A thin skin over the package."""

from __future__ import annotations

import argparse
import sys

from stylekit.commands import apply, figure, pictures, recipe, stylise, texture, train
from stylekit.commands.outcome import BAD_INPUT
from stylekit.errors import StylekitError, is_out_of_memory

COMMANDS = (stylise, apply, train, texture, figure, recipe, pictures)


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code: 0, 2 for bad input (a sentence on stderr), 130 after Ctrl-C."""
    options = parser().parse_args(arguments)
    try:
        return options.run(options)
    except (StylekitError, OSError) as error:
        print(f"stylekit: {error}", file=sys.stderr)
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        print("stylekit: not enough memory for a picture of this size; try a smaller --size", file=sys.stderr)
    return BAD_INPUT


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    top = argparse.ArgumentParser(prog="python -m stylekit", description=sys.modules["stylekit"].__doc__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(commands)
    return top


if __name__ == "__main__":
    sys.exit(main())
