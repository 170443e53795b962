"""Build notebooks/NN-name.ipynb from notebooks/source/NN-name.py (jupytext, py:percent), executed, outputs kept.

    python tools/build_notebooks.py                  build all of them
    python tools/build_notebooks.py 00-start-here    build one
    python tools/build_notebooks.py --check          say which are not built from their present source; exit 1 if any

A notebook is written whole or not at all: a cell that fails leaves the older file as it was.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import json
import os
import sys
import time
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from PIL import Image

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
LARGEST = 1_000_000  # bytes of one notebook, so that code-hosting sites still show it
LARGE_PICTURE = 150_000  # characters of a PNG in a notebook, above which it becomes a JPEG
TIMEOUT = 600  # seconds for one cell
WIDGET = "application/vnd.jupyter.widget-view+json"
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


class BuildError(Exception):
    """A notebook cannot be built; the message says which, why, and what to do."""


def source_hash(source: Path) -> str:
    """Return the SHA-256 of a source's text, whatever its line ends."""
    return hashlib.sha256(source.read_text(encoding="utf-8").encode()).hexdigest()


def stale_notebooks(folder: Path = NOTEBOOKS) -> list[str]:
    """Return one sentence for each notebook that is missing, built from another source, or without a source."""
    sources = {path.stem: path for path in (folder / "source").glob("*.py")}
    built = {path.stem: path for path in folder.glob("*.ipynb")}
    return [
        *(f"{name}.ipynb is missing" for name in sorted(sources.keys() - built.keys())),
        *(f"{name}.ipynb has no source" for name in sorted(built.keys() - sources.keys())),
        *(
            f"{name}.ipynb was not built from its present source"
            for name in sorted(sources.keys() & built.keys())
            if _recorded_hash(built[name]) != source_hash(sources[name])
        ),
    ]


def _recorded_hash(notebook: Path) -> str | None:
    metadata = json.loads(notebook.read_text(encoding="utf-8")).get("metadata", {})
    return metadata.get("stylekit", {}).get("source_sha256")


def build(source: Path, folder: Path = NOTEBOOKS) -> Path:
    """Execute one source in `folder` and return the notebook written there.

    Raises BuildError if a cell fails, if the notebook is over 1 MB, or if it shows a path of this machine.
    """
    digest = source_hash(source)
    notebook = jupytext.read(source, fmt="py:percent")
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNEL})
    client = NotebookClient(
        notebook,
        timeout=TIMEOUT,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
        store_widget_state=False,
    )
    try:
        client.execute()
    except CellExecutionError as error:
        raise BuildError(f"{source.name}: a cell failed\n{error}") from error
    notebook.metadata = nbformat.from_dict(
        {"kernelspec": KERNEL, "language_info": {"name": "python"}, "stylekit": {"source_sha256": digest}}
    )
    _tidy(notebook)
    return _write(notebook, folder / f"{source.stem}.ipynb")


def _tidy(notebook: nbformat.NotebookNode) -> None:
    """Give cells ids that follow from their text, and drop what differs from run to run."""
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    seen: dict[str, int] = {}
    for cell in notebook.cells:
        count = seen[cell.source] = seen.get(cell.source, 0) + 1
        cell.id = hashlib.sha256(f"{count} {cell.source}".encode()).hexdigest()[:12]
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if not _is_noise(output)]
            for output in cell.outputs:
                _shrink(output)


def _shrink(output: nbformat.NotebookNode) -> None:
    """Keep a large picture as JPEG: photographs and paintings take five times as many bytes as PNG."""
    encoded = output.get("data", {}).get("image/png", "")
    if len(encoded) > LARGE_PICTURE:
        jpeg = io.BytesIO()
        picture = Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGB")
        picture.save(jpeg, "JPEG", quality=90, optimize=True)
        del output.data["image/png"]
        output.data["image/jpeg"] = base64.b64encode(jpeg.getvalue()).decode()


def _is_noise(output: nbformat.NotebookNode) -> bool:
    """Tell a progress bar on stderr, and a widget, which is dead without its kernel."""
    progress = output.get("name") == "stderr" and ("\r" in output.text or "it/s]" in output.text)
    return progress or WIDGET in output.get("data", {})


def _write(notebook: nbformat.NotebookNode, path: Path) -> Path:
    nbformat.validate(notebook)
    text = nbformat.writes(notebook) + "\n"
    size = len(text.encode())
    if size > LARGEST:
        raise BuildError(f"{path.name} would have {size / 1e6:.2f} MB, over 1 MB: show fewer or smaller pictures")
    for place in (NOTEBOOKS.parent, Path.home()):
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
            path = build(source)
            print(f"{path.name}: {time.perf_counter() - start:.0f} s, {path.stat().st_size / 1e6:.2f} MB", flush=True)
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
