"""Join each lesson with its solutions in build/lessons, so that one run of a notebook tests both.

    python tools/join_solutions.py

A lesson and its solved notebook differ in the answers only, which stand at the end. So the joined notebook holds the
lesson as students get it, unanswered, and after it the solved one from the first answer on; there, a check that does
not say "right" is an error. A notebook without exercises is copied.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
from build_course import make_source
from build_notebooks import NOTEBOOKS, ROOT
from nbformat import NotebookNode

OUT = ROOT / "build" / "lessons"


def join(lesson: NotebookNode, solved: NotebookNode, tested: NotebookNode) -> NotebookNode:
    """Return the lesson with the cells of `solved` after it, from the first code cell on that differs.

    `tested` is the solved notebook with its checks made into tests: those of its cells stand in for the checks.
    """
    cells = [
        (mine, right, test)
        for mine, right, test in zip(lesson.cells, solved.cells, tested.cells, strict=True)
        if mine.cell_type == "code"
    ]
    first = next(n for n, (mine, right, _) in enumerate(cells) if mine.source != right.source)
    answers = [right if test.source == right.source else _strict(test) for _, right, test in cells[first:]]
    for number, cell in enumerate(answers):
        cell.id = f"solved-{number}"
    return nbformat.from_dict(lesson | {"cells": [*lesson.cells, *answers]})


def _strict(test: NotebookNode) -> NotebookNode:
    """Return a test in which each of several checks must be right; what it shows differs from what is stored."""
    body, _, last = test.source.rpartition("\n")
    if last.startswith("sum("):
        test.source = f"{body}\nassert all(verdicts), verdicts"
    test.metadata.pop("tags", None)
    return test


def join_all(out: Path = OUT) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for old in out.glob("*.ipynb"):
        old.unlink()
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        lesson, solution = nbformat.read(path, 4), NOTEBOOKS / "solutions" / path.name
        if solution.exists():
            lesson = join(lesson, nbformat.read(solution, 4), make_source(solution))
        nbformat.write(lesson, out / path.name)


if __name__ == "__main__":
    sys.exit(join_all())
