"""Paint every offline figure once and keep it in the repository: panels, figure, losses and times in data/results.

    python tools/make_figures.py [FIGURE ...]      all figures, or those named
    python tools/make_figures.py --small           only the small panels whose losses the tests paint again

Panels are painted into build/figures first, as `python -m stylekit figure` does, so a run that was stopped goes on
where it stopped. The final losses of small versions (64 pixels, 6 evaluations at each size) go into data/expected, one
file for each figure; tests/test_paper.py paints those again and compares.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from stylekit.commands.progress import follow
from stylekit.paper import FIGURES, compose, read_panels, recipes, run, store, write_figure

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "build" / "figures"
RESULTS = ROOT / "data" / "results"
DPI = 140  # of a stored figure: about 1,500 pixels wide
JPEG = {"quality": 85}
SMALL = {"size": 64, "steps": 6}  # few: after 12, rounding alone moves a loss by up to 29 %
DIGITS = 4  # significant digits of an expected loss


def paint(figure: str, folder: Path, **options) -> list:
    """Paint the panels of a figure into a folder, with a progress bar, and return them."""
    wanted = recipes(figure, "offline", **options)
    follow(run(wanted, folder, device="cpu"), figure)
    return read_panels(wanted, folder)


def keep_expected(figure: str) -> None:
    """Write the final losses of a figure's small panels."""
    panels = paint(figure, WORK / "small" / figure, **SMALL)
    losses = {p.recipe.panel: {k: float(f"{v:.{DIGITS}g}") for k, v in p.losses.items()} for p in panels}
    target = ROOT / "data" / "expected" / f"{figure}.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(losses, indent=1) + "\n", encoding="utf-8", newline="\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help=", ".join(FIGURES))
    parser.add_argument("--small", action="store_true", help="only data/expected")
    options = parser.parse_args()
    unknown = [name for name in options.figures if name not in FIGURES]
    if unknown:
        parser.error(f"unknown figure {unknown[0]!r}: expected {', '.join(FIGURES)}")
    for figure in options.figures or FIGURES:
        keep_expected(figure)
        if not options.small:
            panels = paint(figure, WORK / figure)
            store(panels, RESULTS)
            write_figure(panels, WORK / figure)
            compose(panels).savefig(RESULTS / figure / f"{figure}.jpg", dpi=DPI, bbox_inches="tight", pil_kwargs=JPEG)
    return 0


if __name__ == "__main__":
    sys.exit(main())
