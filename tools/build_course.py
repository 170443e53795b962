"""Build an nbgrader course from the solved notebooks: one assignment for each lesson with exercises.

    python tools/build_course.py             into build/course
    python tools/build_course.py FOLDER      into another folder
    python tools/build_course.py --points    build nothing; print the table of points

source/ holds each lesson whole, with its solutions, and each cell with a check made into a locked test that nbgrader
grades; release/, which nbgrader itself makes, is what students get. What is there already is replaced, assignment by
assignment; submissions, grades and assignments of your own stay. docs/course.md says how to go on.
"""

from __future__ import annotations

import argparse
import ast
import logging
import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
from build_notebooks import NOTEBOOKS
from nbformat import NotebookNode
from nbgrader.converters import GenerateAssignment
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

ROOT = NOTEBOOKS.parent
CONFIG = ROOT / "docs" / "course" / "nbgrader_config.py"
SOLVED = sorted((NOTEBOOKS / "solutions").glob("*.ipynb"))  # every lesson that has solutions
CHECKS = {"check", "check_value", "check_cut"}
LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#|/)([^)#]+)")  # the file that a relative link in Markdown leads to
DURATION = re.compile(r"How long it runs\.\*\*\s+(?:About )?(.*?)(?: on two cores)?\.", re.DOTALL)


class CourseError(Exception):
    """The course cannot be built; the message says why, and what to do."""


def make_source(path: Path) -> NotebookNode:
    """Return a solved notebook as nbgrader's source: each cell with a check is a locked test, a point for each check.

    Raises CourseError if a cell with a check does not say "right".
    """
    notebook = nbformat.read(path, 4)
    tests = [cell for cell in notebook.cells if cell.cell_type == "code" and re.search(r"\bcheck\w*\(", cell.source)]
    for number, cell in enumerate(tests, start=1):
        texts = [output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell.outputs]
        points = len(re.findall(r"^right: ", "\n".join(texts), re.MULTILINE))
        if not points:
            raise CourseError(f"{path.name}: no check of cell {cell.id} says right. Build the notebook: make notebooks")
        cell.source = make_test(cell.source, points)
        known = {"schema_version": 3, "grade_id": f"{path.stem}-check-{number}", "points": points}
        cell.metadata["nbgrader"] = known | {"grade": True, "solution": False, "locked": True, "task": False}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def make_test(source: str, points: int) -> str:
    """Return a cell with checks so that nbgrader can grade it: it raises an error, or its value is a number of points.

    One check becomes `print(check(...).require())`. Several are counted, and their sentences printed; nbgrader takes
    the number in which a cell ends for partial credit. Raises CourseError for a check that is not shown.
    """
    lines, shown = source.split("\n"), list(_shown_checks(source))
    if len(shown) != len(re.findall(r"\bcheck\w*\(", source)):
        raise CourseError(f"a check is neither the value of the cell nor printed; write print(check(...)):\n{source}")
    for statement, call in reversed(shown):
        indent = " " * statement.col_offset
        counted = [f"{indent}verdicts.append({call})", f"{indent}print(verdicts[-1])"]
        new = counted if points > 1 else [f"{indent}print({call}.require())"]
        lines[statement.lineno - 1 : statement.end_lineno] = new
    if points > 1:
        lines = ["verdicts = []", *lines, "sum(map(bool, verdicts))  # the points"]
    return "\n".join(lines)


def _shown_checks(source: str) -> Iterator[tuple[ast.Expr, str]]:
    """Yield each statement that shows a verdict, top to bottom, with the text of the check in it."""
    statements = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Expr)]
    for statement in sorted(statements, key=lambda node: node.lineno):
        call = statement.value.args[0] if re.match(r"print\(check", ast.unparse(statement)) else statement.value
        if isinstance(call, ast.Call) and ast.unparse(call.func) in CHECKS:
            yield statement, ast.get_source_segment(source, call)


def write_source(path: Path, course: Path) -> None:
    """Write the source of one assignment, and beside it the files that its prose links to."""
    folder, notebook = course / "source" / path.stem, make_source(path)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for target in LINK.findall(cell.source):
                shutil.copy(path.parent / target, folder)
            cell.source = LINK.sub(lambda found: Path(found[0]).name, cell.source)
    nbformat.write(notebook, folder / f"{path.stem}.ipynb")


def build_course(course: Path, solved: list[Path]) -> None:
    """Write a course folder of solved notebooks: nbgrader's settings, source/, and release/, which nbgrader makes."""
    commands = str(Path(sys.executable).parent)  # nbgrader calls alembic by its name for a new gradebook
    os.environ["PATH"] = os.pathsep.join([commands, os.environ.get("PATH", os.defpath)])
    course.mkdir(parents=True, exist_ok=True)
    shutil.copy(CONFIG, course)
    for path in solved:
        write_source(path, course)
        config = load_config(course, path.stem)
        GenerateAssignment(coursedir=CourseDirectory(config=config), config=config, force=True).start()


def load_config(course: Path, assignment: str) -> Config:
    """Return nbgrader's settings for one assignment of a course, as its commands would read them in that folder."""
    config = PyFileConfigLoader("nbgrader_config.py", path=str(course)).load_config()
    config.CourseDirectory.update({"root": str(course.resolve()), "assignment_id": assignment})
    return config


def table_of_points() -> str:
    """Return a Markdown table: how long each assignment runs, and its points, by machine and by hand."""
    rows = []
    for path in SOLVED:
        cells = make_source(path).cells
        graded = [known for cell in cells if (known := cell.metadata.get("nbgrader", {})).get("grade")]
        machine = sum(known["points"] for known in graded if not known["solution"])
        hand = sum(known["points"] for known in graded if known["solution"])
        runs = " ".join(DURATION.search(cells[0].source)[1].split())
        rows.append((path.stem, runs, machine, hand, machine + hand))
    sums = [sum(row[column] for row in rows) for column in (2, 3, 4)]
    head = ["| assignment | runs about | checked by nbgrader | graded by hand | together |", "|---|---|--:|--:|--:|"]
    return "\n".join([*head, *("| " + " | ".join(map(str, row)) + " |" for row in [*rows, ("all", "", *sums)])])


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "build" / "course")
    parser.add_argument("--points", action="store_true", help="build nothing; print the table of points")
    options = parser.parse_args(arguments)
    logging.getLogger("traitlets").addHandler(logging.StreamHandler())  # what nbgrader has to say
    logging.getLogger("traitlets").setLevel(logging.ERROR)
    try:
        if not options.points:
            build_course(options.folder, SOLVED)
        print(table_of_points())
    except (CourseError, NbGraderException) as error:  # nbgrader's says: look at what stands above
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
