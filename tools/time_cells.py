"""Measure how long each code cell of the notebooks takes, and write docs/times.md.

    OMP_NUM_THREADS=2 python tools/time_cells.py              run all of them and write the page anew
    OMP_NUM_THREADS=2 python tools/time_cells.py 03-gram-matrix   only that one; the others keep their times

What runs is notebooks/NN-name.ipynb as it stands: the notebook for students, because that is what is opened in a room.
Its exercises are stubs, which take no time; the solved notebooks have the same other cells. A cell's seconds are those
between the kernel taking it up and its answer (nbclient's `record_timing`), without what a browser adds to show it.
Nothing else should compute meanwhile.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import nbformat
import torch
from build_notebooks import NOTEBOOKS, ROOT, execute
from nbclient.exceptions import CellExecutionError

PAGE = ROOT / "docs" / "times.md"
SLOW = 0.5  # seconds from which a cell stands in the short table
WIDEST = 70  # characters of a cell's first words that are shown
HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)

INTRODUCTION = """# How long each cell takes

Made by `tools/time_cells.py`; not written by hand. The notebooks are those for students, `notebooks/NN-name.ipynb`,
each run from top to bottom in a new kernel. A cell's seconds are those between the kernel taking it up and its answer.
What a browser needs to show a picture or a widget comes on top. The first imports are slow, because they load PyTorch.

Each notebook has a short table, of the cells that take half a second or more, and a long one with all of them, folded
where the page can fold. A cell is named by the heading above it and by its first words; its number is the one in
square brackets beside a cell that has run.
"""


class TimesError(Exception):
    """A notebook cannot be timed; the message says which, why, and what to do."""


@dataclass(frozen=True)
class Cell:
    """A code cell: its number from 1, the nearest heading above it, and its first words."""

    number: int
    section: str
    line: str


def code_cells(notebook: nbformat.NotebookNode) -> list[Cell]:
    """Return the code cells of a notebook in their order."""
    cells, section = [], ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            headings = HEADING.findall(FENCED.sub("", cell.source))
            section = headings[-1].strip() if headings else section
        elif cell.cell_type == "code":
            cells.append(Cell(len(cells) + 1, section, first_words(cell.source)))
    return cells


def first_words(source: str) -> str:
    """Return the first line of code; where it only opens a bracket, with those after it up to one that says more."""
    lines = [line.strip() for line in source.splitlines() if line.strip()] or [""]
    words = lines.pop(0)
    while lines and words.endswith(("(", "[", "{")):
        words += " " + lines.pop(0)
    return words


def time_notebook(path: Path) -> tuple[list[Cell], float, list[float]]:
    """Run a notebook, keep nothing of it; return its code cells, the seconds until the first began, and those of each.

    Raises TimesError if a cell fails.
    """
    notebook = nbformat.read(path, 4)
    begun = datetime.now(UTC)
    try:
        execute(notebook, path.parent)
    except CellExecutionError as error:
        raise TimesError(f"{path.stem}: a cell failed\n{error}") from error
    spans = [_span(cell) for cell in notebook.cells if cell.cell_type == "code"]
    seconds = [(end - start).total_seconds() for start, end in spans]
    return code_cells(notebook), (spans[0][0] - begun).total_seconds(), seconds


def _span(cell: nbformat.NotebookNode) -> tuple[datetime, datetime]:
    stamps = cell.metadata.execution
    return tuple(datetime.fromisoformat(stamps[key]) for key in ("iopub.execute_input", "shell.execute_reply"))


def machine() -> str:
    """Return one sentence on what computes: no path and no name of the computer."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    model = names[0] if names else platform.processor() or platform.machine()
    flags = [line for line in lines if line.startswith("flags")]  # elsewhere than on Linux nothing is said of bfloat16
    bf16 = f" {'with' if 'bf16' in flags[0] else 'without'} bfloat16 instructions," if flags else ""
    return (
        f"Measured on {model},{bf16} {os.cpu_count()} cores, "
        f"threads: {torch.get_num_threads()}; {platform.system()}, Python {platform.python_version()}, "
        f"torch {torch.__version__}."
    )


def part(name: str, cells: list[Cell], start: float, seconds: list[float]) -> str:
    """Return one notebook's part of the page."""
    rows = [(cell, _shown(spent)) for cell, spent in zip(cells, seconds, strict=True)]
    slow = [row for row, spent in zip(rows, seconds, strict=True) if round(spent, 1) >= SLOW]
    total = start + sum(seconds)
    return "\n".join(
        [
            f"## {name}",
            "",
            f"{len(cells)} code cells; {total:.1f} s in all, of which the kernel's start is {start:.1f} s.",
            "",
            *(_table(slow) if slow else ["No cell takes half a second."]),
            "",
            "<details>",
            f"<summary>All {len(cells)} cells</summary>",
            "",
            *_table(rows),
            "",
            "</details>",
            "",
        ]
    )


def _table(rows: Iterable[tuple[Cell, str]]) -> list[str]:
    head = ["| cell | section | first words | seconds |", "| --: | --- | --- | --: |"]
    return head + [f"| {c.number} | {_escaped(c.section)} | {code(c.line)} | {spent} |" for c, spent in rows]


def code(line: str) -> str:
    """Return a line of Python as a code span that may stand in a table."""
    short = line if len(line) <= WIDEST else line[: WIDEST - 1].rstrip() + "…"
    return f"`` {_escaped(short)} ``" if "`" in short else f"`{_escaped(short)}`"


def _escaped(text: str) -> str:
    return text.replace("|", r"\|")


def _shown(seconds: float) -> str:
    return f"{seconds:.1f}" if seconds >= 0.1 else "< 0.1"


def page(computer: str, parts: dict[str, str]) -> str:
    """Return the page: what was measured where, a table of the notebooks, and each notebook's part."""
    rows = []
    for name in sorted(parts):
        cells, total = re.search(r"^(\d+) code cells; ([\d.]+) s in all", parts[name], re.MULTILINE).groups()
        rows.append(f"| [{name}](../notebooks/{name}.ipynb) | {cells} | {total} |")
    head = ["| notebook | code cells | seconds, with the kernel's start |", "| --- | --: | --: |"]
    sections = [parts[name].rstrip() + "\n" for name in sorted(parts)]  # those of a page read back end in more
    return "\n".join([INTRODUCTION, computer, "", *head, *rows, "", *sections])


def read_page(text: str) -> tuple[str, dict[str, str]]:
    """Return the sentence on the machine and each notebook's part of a page, by its name."""
    _, *sections = re.split(r"^(?=## )", text, flags=re.MULTILINE)
    found = re.search(r"^Measured on .*$", text, re.MULTILINE)
    return found.group() if found else "", {s.splitlines()[0].removeprefix("## "): s for s in sections}


def update(names: list[str], page_path: Path = PAGE, folder: Path = NOTEBOOKS) -> None:
    """Time the notebooks named, or all of them, and write the page after each.

    Raises TimesError if a name is unknown, or if the page has times of another machine that would be kept.
    """
    known = sorted(path.stem for path in folder.glob("*.ipynb"))
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise TimesError(f"no notebook {', '.join(unknown)}: there are {', '.join(known)}")
    computer, parts = machine(), {}
    if names and page_path.exists():
        before, parts = read_page(page_path.read_text(encoding="utf-8"))
        if before != computer:
            raise TimesError(f"{page_path.name} has times of another machine: name no notebook, and all are timed anew")
    for name in names or known:
        cells, start, seconds = time_notebook(folder / f"{name}.ipynb")
        parts[name] = part(name, cells, start, seconds)
        page_path.write_text(page(computer, parts), encoding="utf-8", newline="\n")
        print(f"{name}: {start + sum(seconds):.1f} s", flush=True)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="notebooks to time, such as 03-gram-matrix (default: all)")
    try:
        update(parser.parse_args(arguments).names)
    except TimesError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
