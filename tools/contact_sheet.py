"""Paint the contact sheets of `docs/` from what ships with the kit.

    python tools/contact_sheet.py                  all four
    python tools/contact_sheet.py --only passes    those of one pass: a minute, the others take several

`presets.jpg`: two photographs in four styles, by each preset. `balanced.jpg`: every photograph in every style, by the
preset balanced. `passes.jpg`: the same in one pass. `sizes.jpg`: one photograph in one pass at three sizes, squares of
each as they are, pixel by pixel.
"""

import argparse
import functools
import itertools
from pathlib import Path

import torch
from paint_styles import PAINTERS

from stylekit.feedforward import load_transformer, transform
from stylekit.files import write_whole
from stylekit.images import jpeg_bytes, load_image, resize_image
from stylekit.networks import load_network
from stylekit.presets import PRESETS
from stylekit.transfer import stylise

PHOTOGRAPHS = ("astronaut", "chelsea", "coffee", "rocket")
PASSES = ("china", *PHOTOGRAPHS)
FEW = ("swirls", "waves", "glass", "mosaic")
SIZE, SMALL, GAP = 256, 144, 4  # pixels of the longer side of a painting, of a side in the sheet, between two pictures
SIZES, LOOKED_AT = (256, 512, 1024), "astronaut"


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


def square(image, side):
    """Return the square of a picture that lies in the middle and a little above it, not resized."""
    height, width = image.shape[-2:]
    top, left = (height - side) // 4, (width - side) // 2
    return image[..., top : top + side, left : left + side]


def shown(name):
    return tile(load_image(name, SIZE))


def write(name, rows):
    write_whole(Path("docs") / name, jpeg_bytes(sheet(rows), quality=85))


def presets():
    rows = [[None, *map(shown, FEW)]]
    for photograph, preset in itertools.product(PHOTOGRAPHS[:2], PRESETS):
        rows.append([shown(photograph), *(painted(photograph, style, preset) for style in FEW)])
    write("presets.jpg", rows)
    rows = [[None, *map(shown, PAINTERS)]]
    for photograph in PHOTOGRAPHS:
        rows.append([shown(photograph), *(painted(photograph, style, "balanced") for style in PAINTERS)])
    write("balanced.jpg", rows)


def passes():
    networks = [load_transformer(style, "cpu") for style in PAINTERS]
    styles = [None, *map(shown, PAINTERS)]
    paint = lambda image: [transform(network, image) for network in networks]  # noqa: E731
    pictures = [load_image(photograph, SIZE) for photograph in PASSES]
    write("passes.jpg", [styles, *([tile(x), *map(tile, paint(x))] for x in pictures)])
    pictures = [load_image(LOOKED_AT, size) for size in SIZES]
    write("sizes.jpg", [styles, *([square(y, SMALL) for y in (x, *paint(x))] for x in pictures)])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sheets = {"presets": presets, "passes": passes}
    parser.add_argument("--only", choices=sheets)
    only = parser.parse_args().only
    for name in [only] if only else sheets:
        sheets[name]()


if __name__ == "__main__":
    main()
