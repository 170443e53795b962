"""`stylekit assets`: list the pictures known by name."""

from __future__ import annotations

from stylekit import assets


def add(commands):
    listing = commands.add_parser("assets", help="list the pictures known by name, with licence and credit")
    listing.set_defaults(run=run)


def run(options) -> int:
    """Print the pictures known by name."""
    for picture in assets.pictures().values():
        print(f"{picture.name:26} {picture.role:8} {picture.use:12} {picture.title}; {picture.artist}")
        print(f"{'':26} {picture.licence}. {picture.credit}")
    return 0
