"""Paint the contact sheets of the presets, `docs/presets.jpg` and `docs/balanced.jpg`, from what ships with the kit.

    python tools/contact_sheet.py

The first: two photographs in four styles, by each preset. The second: every photograph in every style, by `balanced`.
"""

import functools
import itertools
from pathlib import Path

import torch
from paint_styles import PAINTERS

from stylekit.files import write_whole
from stylekit.images import jpeg_bytes, load_image, resize_image
from stylekit.networks import load_network
from stylekit.presets import PRESETS
from stylekit.transfer import stylise

PHOTOGRAPHS = ("astronaut", "chelsea", "coffee", "rocket")
FEW = ("swirls", "waves", "glass", "mosaic")
SIZE, SMALL, GAP = 256, 144, 4  # pixels of the longer side of a painting, of a side in the sheet, between two pictures


def tile(image):
    """Return the middle square of a picture, small."""
    side = min(image.shape[-2:])
    top, left = ((length - side) // 2 for length in image.shape[-2:])
    return resize_image(image[..., top : top + side, left : left + side], (SMALL, SMALL))


def sheet(rows):
    """Return rows of small squares, or of None for white, as one picture."""
    white = torch.ones(1, 3, SMALL, SMALL)
    padded = [
        [torch.nn.functional.pad(white if x is None else x, [0, GAP, 0, GAP], value=1.0) for x in r] for r in rows
    ]
    return torch.cat([torch.cat(row, dim=-1) for row in padded], dim=-2)


@functools.cache
def painted(photograph, style, preset):
    content, exemplar = load_image(photograph, SIZE), load_image(style, SIZE)
    *_, last = stylise(content, exemplar, load_network("compact", device="cpu"), **PRESETS[preset])
    print(photograph, style, preset, f"{last.seconds:.1f} s", flush=True)
    return tile(last.image)


def main():
    shown = lambda name: tile(load_image(name, SIZE))  # noqa: E731
    rows = [[None, *map(shown, FEW)]]
    for photograph, preset in itertools.product(PHOTOGRAPHS[:2], PRESETS):
        rows.append([shown(photograph), *(painted(photograph, style, preset) for style in FEW)])
    write_whole(Path("docs/presets.jpg"), jpeg_bytes(sheet(rows), quality=85))
    rows = [[None, *map(shown, PAINTERS)]]
    for photograph in PHOTOGRAPHS:
        rows.append([shown(photograph), *(painted(photograph, style, "balanced") for style in PAINTERS)])
    write_whole(Path("docs/balanced.jpg"), jpeg_bytes(sheet(rows), quality=85))


if __name__ == "__main__":
    main()
