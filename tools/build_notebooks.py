"""Build notebooks/NN-name.ipynb from notebooks/source/NN-name.py (jupytext, py:percent), executed, outputs kept.

    python tools/build_notebooks.py                  build all of them
    python tools/build_notebooks.py 00-start-here    build one
    python tools/build_notebooks.py --check          say which are not built from their present source; exit 1 if any

Every notebook gets a first code cell that installs the kit on Colab and does nothing elsewhere. A cell that only draws
is tagged "hide-input": the book folds its code, the slides leave it out.

A source with exercises makes two notebooks: one whose solutions nbgrader's own preprocessor has cleared, and
notebooks/solutions/NN-name.ipynb, which keeps them between nbgrader's marks, so that it is an nbgrader source as it is.
A notebook is written whole or not at all: a cell that fails leaves the older file as it was.
"""

from __future__ import annotations

import argparse
import ast
import base64
import copy
import hashlib
import io
import json
import os
import re
import sys
import time
import tomllib
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbgrader.preprocessors import ClearSolutions
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
LARGEST = 1_500_000  # bytes of one notebook, so that code-hosting sites still show it
LARGE_PICTURE = 40_000  # characters of a PNG in a notebook, above which it becomes a JPEG if that is smaller
QUALITY = 72  # of a JPEG
TIMEOUT = 600  # seconds for one cell
WIDGET = "application/vnd.jupyter.widget-view+json"
MARK = "### BEGIN SOLUTION"
STUBS = {"code_stub": {"python": "# your answer here\npass"}, "text_stub": "*Your answer here.*"}
LINK = re.compile(r"(\]\()(?![a-z]+:|#|/)")  # the head of a relative link in Markdown
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
COLAB = """\
# @title On Colab, run this first: it installs the kit
import sys

if "google.colab" in sys.modules:  # anywhere else there is nothing to do
    {install}
    sys.modules["google.colab"].output.enable_custom_widget_manager()"""
FROM_ADDRESS = '%pip install -q "stylekit @ git+{address}" {widgets}'
FROM_WHEEL = "%pip install -q ./stylekit-*.whl {widgets}  # the wheel: docs/install.md"


class BuildError(Exception):
    """A notebook cannot be built; the message says which, why, and what to do."""


def source_hash(source: Path) -> str:
    """Return the SHA-256 of what a notebook is made of: its source, whatever its line ends, and the cell for Colab."""
    return hashlib.sha256((source.read_text(encoding="utf-8") + colab_cell().source).encode()).hexdigest()


def stale_notebooks(folder: Path = NOTEBOOKS) -> list[str]:
    """Return one sentence for each notebook that is missing, built from another source, or without a source."""
    expected = {path: source for source in (folder / "source").glob("*.py") for path in _targets(source, folder)}
    built = {*folder.glob("*.ipynb"), *folder.glob("solutions/*.ipynb")}
    name = lambda path: path.relative_to(folder).as_posix()  # noqa: E731
    return [
        *(f"{name(path)} is missing" for path in sorted(expected.keys() - built)),
        *(f"{name(path)} has no source" for path in sorted(built - expected.keys())),
        *(
            f"{name(path)} was not built from its present source"
            for path in sorted(expected.keys() & built)
            if _recorded_hash(path) != source_hash(expected[path])
        ),
    ]


def _targets(source: Path, folder: Path) -> list[Path]:
    """Return the notebooks that a source makes: one, and a solved one if it has solutions."""
    solved = [folder / "solutions" / f"{source.stem}.ipynb"] if MARK in source.read_text(encoding="utf-8") else []
    return [folder / f"{source.stem}.ipynb", *solved]


def _recorded_hash(notebook: Path) -> str | None:
    metadata = json.loads(notebook.read_text(encoding="utf-8")).get("metadata", {})
    return metadata.get("stylekit", {}).get("source_sha256")


def build(source: Path, folder: Path = NOTEBOOKS) -> list[Path]:
    """Execute one source in `folder` and return the notebooks written there: without solutions, and solved.

    Raises BuildError if a cell fails, if a notebook is over 1.5 MB, or if it shows a path of this machine.
    """
    digest = source_hash(source)
    solved = jupytext.read(source, fmt="py:percent")
    solved.metadata = nbformat.from_dict({"kernelspec": KERNEL})
    solved.cells.insert(1, colab_cell())
    _mark_drawings(solved)
    _mark_exercises(solved, source.stem)
    cleared, _ = ClearSolutions(**STUBS).preprocess(copy.deepcopy(solved), {})
    return [
        _build_one(notebook, path, digest)
        for notebook, path in zip((cleared, solved), _targets(source, folder), strict=False)
    ]


def colab_cell(project: Path = ROOT / "pyproject.toml") -> nbformat.NotebookNode:
    """Return the cell that installs the kit on Colab: from its address, or from an uploaded wheel while it has none."""
    facts = tomllib.loads(project.read_text(encoding="utf-8"))["project"]
    address, lab = facts["urls"]["Repository"], facts["optional-dependencies"]["lab"]
    # Not all of [lab], which would replace Colab's own server; but Colab's ipywidgets 7 would not do.
    widgets = " ".join(f'"{line}"' for line in lab if line.startswith(("anywidget", "ipywidgets")))
    install = (FROM_ADDRESS if address else FROM_WHEEL).format(address=address, widgets=widgets)
    hidden = {"cellView": "form", "jupyter": {"source_hidden": True}, "slideshow": {"slide_type": "skip"}}
    tags = {"tags": ["lesson", "remove-cell"]}  # no part of the studio's page, nor of the book
    return nbformat.v4.new_code_cell(COLAB.format(install=install), metadata=hidden | tags)


def _mark_drawings(notebook: nbformat.NotebookNode) -> None:
    """Tag the cells that only draw: apart from imports, one call with `alt`, the words of the picture."""
    for cell in notebook.cells:
        if cell.cell_type == "code" and "alt=" in cell.source:
            body = [line for line in ast.parse(cell.source).body if not isinstance(line, ast.Import | ast.ImportFrom)]
            call = body[0].value if len(body) == 1 and isinstance(body[0], ast.Expr) else None
            if isinstance(call, ast.Call) and "alt" in [keyword.arg for keyword in call.keywords]:
                cell.metadata["tags"] = [*cell.metadata.get("tags", []), "hide-input"]


def _mark_exercises(notebook: nbformat.NotebookNode, name: str) -> None:
    """Give the cells with solutions the metadata by which nbgrader knows them; a written answer is graded by hand."""
    exercises = [cell for cell in notebook.cells if MARK in cell.source]
    for number, cell in enumerate(exercises, start=1):
        written = {"points": 1} if cell.cell_type == "markdown" else {}
        known = {"schema_version": 3, "grade_id": f"{name}-{number}", "solution": True, "grade": bool(written)}
        cell.metadata["nbgrader"] = known | written | {"locked": False, "task": False}


def _build_one(notebook: nbformat.NotebookNode, path: Path, digest: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    if path.parent.name == "solutions":
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                cell.source = LINK.sub(r"\1../", cell.source)
    try:
        execute(notebook, path.parent)
    except CellExecutionError as error:
        raise BuildError(f"{path.stem}: a cell failed\n{error}") from error
    notebook.metadata = nbformat.from_dict(
        {"kernelspec": KERNEL, "language_info": {"name": "python"}, "stylekit": {"source_sha256": digest}}
    )
    _tidy(notebook)
    return _write(notebook, path)


def execute(notebook: nbformat.NotebookNode, folder: Path) -> None:
    """Run a notebook in a folder; each code cell then has its outputs, and in its metadata when it began and ended.

    Raises CellExecutionError if a cell fails.
    """
    NotebookClient(
        notebook,
        timeout=TIMEOUT,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        record_timing=True,
        store_widget_state=False,
    ).execute()


def _tidy(notebook: nbformat.NotebookNode) -> None:
    """Give cells ids that follow from their text, and drop what differs from run to run."""
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    seen: dict[str, int] = {}
    for cell in notebook.cells:
        count = seen[cell.source] = seen.get(cell.source, 0) + 1
        cell.id = hashlib.sha256(f"{count} {cell.source}".encode()).hexdigest()[:12]
        for key in ("execution", "lines_to_next_cell"):
            cell.metadata.pop(key, None)
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if not _is_noise(output)]
            for output in cell.outputs:
                output.get("data", {}).pop(WIDGET, None)
                _shrink(output)


def _shrink(output: nbformat.NotebookNode) -> None:
    """Keep a large picture as JPEG where that is smaller: photographs and paintings are, by five times."""
    data, metadata = output.get("data", {}), output.get("metadata", {})
    encoded = data.get("image/png", "").strip()
    if len(encoded) > LARGE_PICTURE:
        jpeg = io.BytesIO()
        picture = Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGB")
        picture.save(jpeg, "JPEG", quality=QUALITY, optimize=True)
        smaller = base64.b64encode(jpeg.getvalue()).decode()
        if len(smaller) < len(encoded):
            data["image/jpeg"] = smaller
            del data["image/png"]
            metadata["image/jpeg"] = metadata.pop("image/png", {})
            if "text/html" in data:  # a Drawing shows the same picture there, with its alternative text
                html = data["text/html"].replace(f"png;base64,{encoded}", f"jpeg;base64,{smaller}")
                data["text/html"] = html


def _is_noise(output: nbformat.NotebookNode) -> bool:
    """Tell a progress bar on stderr, and a widget, dead without its kernel, that has no picture in its place."""
    progress = output.get("name") == "stderr" and ("\r" in output.text or "it/s]" in output.text)
    data = output.get("data", {})
    return progress or (WIDGET in data and "image/png" not in data)


def _write(notebook: nbformat.NotebookNode, path: Path) -> Path:
    nbformat.validate(notebook)
    text = nbformat.writes(notebook) + "\n"
    size = len(text.encode())
    if size > LARGEST:
        raise BuildError(f"{path.name} would have {size / 1e6:.2f} MB, over 1.5 MB: show fewer or smaller pictures")
    for place in (ROOT, Path.home()):
        if json.dumps(str(place))[1:-1] in text:
            raise BuildError(f"{path.name} would show a path of this machine ({place}): print the file's name only")
    temporary = path.with_suffix(".part")
    temporary.write_text(text, encoding="utf-8", newline="\n")
    os.replace(temporary, path)
    return path


def _sources(names: list[str]) -> list[Path]:
    known = {path.stem: path for path in sorted((NOTEBOOKS / "source").glob("*.py"))}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise BuildError(f"no source for {', '.join(unknown)}: there are {', '.join(known) or 'none yet'}")
    return [known[name] for name in names or known]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="notebooks to build, such as 00-start-here (default: all)")
    parser.add_argument("--check", action="store_true", help="build nothing; say which notebooks are stale")
    options = parser.parse_args(arguments)
    if options.check:
        stale = stale_notebooks()
        print("\n".join([*stale, "run: make notebooks"]) if stale else "all notebooks are fresh")
        return bool(stale)
    try:
        for source in _sources(options.names):
            start = time.perf_counter()
            paths = build(source)
            sizes = " and ".join(f"{path.stat().st_size / 1e6:.2f} MB" for path in paths)
            print(f"{source.stem}: {time.perf_counter() - start:.0f} s, {sizes}", flush=True)
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
