"""One bar for whatever goes on for a while: all of it yields things that say how much is done, from 0 to 1."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tqdm import tqdm

from stylekit.commands import BAD_INPUT, INTERRUPTED
from stylekit.errors import NonFiniteLoss

LAYOUT = "{desc} {percentage:3.0f}%|{bar}| {elapsed} < {remaining} {postfix}"


@dataclass(frozen=True)
class Counted:
    """The number of one of several things, from 1, and about how much is done with it."""

    number: int
    done: float


def counted(things: Iterable[Any], total: int) -> Iterator[Counted]:
    """Yield a count for each of `total` things, or about as many, that do not say themselves how much is done."""
    for number, _ in enumerate(things, start=1):
        yield Counted(number, min(1.0, number / max(total, 1)))


def follow(
    steps: Iterable[Any],
    name: str,
    words: Callable[[Any], str] = lambda step: "",
    kept: str = "keeping the picture so far",
    shown: bool = True,
) -> tuple[Any, int]:
    """Show a bar while steps come; return the last one, or None, and the exit code, whatever ended them.

    `words` are put beside the bar; `kept` says what remains after Ctrl-C. The last good step of a descent whose loss is
    no longer finite is returned too.
    """
    last = None
    with tqdm(total=1.0, desc=name, bar_format=LAYOUT, file=sys.stderr, disable=not shown) as bar:
        try:
            for step in steps:
                last = step
                bar.set_postfix_str(words(step), refresh=False)
                bar.update(step.done - bar.n)
        except KeyboardInterrupt:
            print(f"\nstylekit: stopped; {kept if last else 'nothing was written'}", file=sys.stderr)
            return last, INTERRUPTED
        except NonFiniteLoss as error:
            if shown:
                print(f"\nstylekit: {error}", file=sys.stderr)
            return error.last or last, BAD_INPUT
    return last, 0
