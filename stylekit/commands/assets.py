"""`stylekit assets`: list the pictures known by name."""

from __future__ import annotations

from stylekit.assets import pictures


def add_options(command):
    """It takes none."""


def run(options) -> int:
    """Print the pictures known by name."""
    for picture in pictures().values():
        print(f"{picture.name:26} {picture.role:8} {picture.use:12} {picture.title}; {picture.artist}")
        print(f"{'':26} {picture.licence}. {picture.credit}")
    return 0
