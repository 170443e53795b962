"""Paint the style pictures of the kit from seeded random numbers.

python tools/paint_styles.py                     paint all of them into data/styles
python tools/paint_styles.py swirls haze         paint two of them
python tools/paint_styles.py --out /tmp/styles   paint them elsewhere
"""

import argparse
import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageFile
from styles.glass import glass
from styles.hatching import hatching
from styles.mosaic import mosaic
from styles.painted import facets, haze, shapes, swirls, waves
from styles.points import points
from styles.woodblock import woodblock

OUT = Path(__file__).resolve().parent.parent / "data" / "styles"
LARGEST = 300_000  # bytes of one JPEG file
ImageFile.MAXBLOCK = 4 * 768 * 576  # optimising, Pillow gives up on a JPEG that is larger than its buffer

PAINTERS = {
    "swirls": (swirls, 11),
    "waves": (waves, 23),
    "facets": (facets, 12),
    "haze": (haze, 42),
    "shapes": (shapes, 8),
    "glass": (glass, 4),
    "points": (points, 7),
    "mosaic": (mosaic, 2),
    "hatching": (hatching, 5),
    "woodblock": (woodblock, 7),
}


def encoded(picture):
    """Return the picture as JPEG bytes, at the best quality that fits the limit."""
    image = Image.fromarray(np.rint(picture * 255).astype(np.uint8))
    for quality in range(94, 40, -2):
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=quality, optimize=True, subsampling=0)
        if buffer.tell() <= LARGEST:
            return buffer.getvalue()
    raise ValueError(f"no JPEG quality brings this picture under {LARGEST} bytes")


def main():
    """Paint the pictures named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which pictures (default: {', '.join(PAINTERS)})")
    parser.add_argument("--out", type=Path, default=OUT, help="folder to write to")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(PAINTERS)
    if unknown:
        parser.error(f"no such picture: {', '.join(sorted(unknown))}")
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name in arguments.names or PAINTERS:
        painter, seed = PAINTERS[name]
        data = encoded(painter(np.random.default_rng(seed)))
        (arguments.out / f"{name}.jpg").write_bytes(data)
        print(f"{name}.jpg  {len(data) // 1000} kB")


if __name__ == "__main__":
    main()
