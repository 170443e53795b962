"""Time of the non-parametric methods, and how it grows: `python benchmarks/patches.py [-o benchmarks/PATCHES.md]`.

Each method runs at the size its target is set for, then at half and twice that size, one after the other in one
process; a row's factor is its time by the time of half the size. PatchMatch stands beside the exact search.
"""

import argparse
import platform
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import median

import numpy as np
import scipy
from report import processor, quotient, table, verdict
from skimage.filters import gaussian

from stylekit import patches
from stylekit.images import load_image, to_array

REPEATS = 3
HEAD = """# Non-parametric methods: time, and how it grows

Measured in one run with `python benchmarks/patches.py -o benchmarks/PATCHES.md`: {date}, {processor}; {system}, Python
{python}, numpy {numpy}, scipy {scipy}. Median of {repeats}, at twice the size one run. Pictures are squares cut from
`brick`, `chelsea` and `waves`; the analogy is blurred `waves` : `waves` :: `chelsea`.
"""


@dataclass(frozen=True)
class Case:
    """A method at a size in pixels, the seconds it may take there, and what it does."""

    name: str
    size: int
    seconds: float | None
    run: object


def square(name, size):
    """Return a square of a picture, (size, size, 3), float64."""
    array = to_array(load_image(name, 2 * size)).astype(float)
    return np.ascontiguousarray(array[:size, :size])


def cases():
    return [
        Case("Efros-Leung, window 11, exemplar as large", 64, 1.5, grow),
        Case("quilting, block 32, exemplar half as large", 256, 0.3, quilt),
        Case("quilt transfer, block 24, overlap 8, three passes", 256, 10, transfer),
        Case("image analogy, three levels", 128, 4, analogy),
        Case("PatchMatch, 7 x 7, five passes", 128, 1, match),
        Case("exact nearest patches, 7 x 7", 128, None, exact),
    ]


def grow(size):
    exemplar = square("brick", size)
    return lambda: last(patches.efros_leung(exemplar, size))


def quilt(size):
    exemplar = square("brick", size // 2)
    return lambda: last(patches.quilt(exemplar, size))


def transfer(size):
    content, style = square("chelsea", size), square("waves", size)
    return lambda: last(patches.quilt_transfer(content, style, block=24, overlap=8, iterations=3))


def analogy(size):
    B, A_filtered = square("chelsea", size), square("waves", size)
    A = gaussian(A_filtered, 2, channel_axis=2).clip(0, 1)
    return lambda: last(patches.image_analogy(A, A_filtered, B, levels=3))


def match(size):
    a, b = square("chelsea", size), square("waves", size)
    return lambda: last(patches.patch_match(a, b, patch=7, iterations=5))


def exact(size):
    a, b = square("chelsea", size), square("waves", size)
    return lambda: patches.nearest_patches(a, b, patch=7)


def last(steps):
    *_, step = steps
    return step


def seconds(run, repeats=REPEATS):
    """Return the median time of a call."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return median(times)


def measure(case, largest):
    """Yield (size, seconds) at half the size, the size and twice the size, up to the largest."""
    for size in (case.size // 2, case.size, 2 * case.size):
        if size <= largest:
            yield size, seconds(case.run(size), repeats=1 if size > case.size else REPEATS)


def report(found):
    """Return the Markdown of {case: {size: seconds}}."""
    facts = {"date": date.today(), "processor": processor(), "system": f"{platform.system()} {platform.machine()}"}
    versions = {"python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__}
    rows = {}
    for case, times in found.items():
        for size, taken in times.items():
            factor = quotient(taken, times.get(size // 2))
            target = f"{case.seconds:g}: {verdict(taken, case.seconds)}" if case.seconds and size == case.size else ""
            rows[f"{case.name}, {size} px"] = [f"{taken:.3f}", target, f"{factor:.1f}" if factor else ""]
    head = HEAD.format(**facts, **versions, repeats=REPEATS)
    return head + "\n" + table(["method", "seconds", "at most", "by half the size"], rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--largest", type=int, default=512, help="leave larger pictures out (default %(default)s)")
    options = parser.parse_args()
    found = {}
    for case in cases():
        found[case] = dict(measure(case, options.largest))
        print(case.name, {size: round(taken, 3) for size, taken in found[case].items()}, flush=True)
    text = report(found)
    print("\n" + text)
    if options.output:
        options.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
