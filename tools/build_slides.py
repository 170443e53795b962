"""Make a reveal.js deck of each notebook 00 to 12: build/slides/NN-name/index.html, which any browser opens offline.

    python tools/build_slides.py                   make all of them
    python tools/build_slides.py 03-gram-matrix    make one
    python tools/build_slides.py --out FOLDER      make them elsewhere

A deck is the executed notebook seen from the last row: nbconvert's slide metadata, set in notebooks/source, says where
a slide begins and what is skipped. Of the prose a slide shows headings, displayed equations, tables, lists and what is
bold; all of it, whole, is in the speaker notes (key S). A further equation in a cell, a step of a derivation, comes as
a fragment. Cells that only draw show their picture without the code.
"""

from __future__ import annotations

import argparse
import base64
import copy
import mimetypes
import re
import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import nbformat
from nbconvert import SlidesExporter
from traitlets.config import Config

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
TEMPLATES = Path(__file__).resolve().parent / "slides"
OUT = NOTEBOOKS.parent / "build" / "slides"
NODE_MODULES = Path(sys.prefix) / "lib" / "node_modules"
ASSETS = (
    "reveal.js/dist/reveal.css",
    "reveal.js/dist/reveal.js",
    "reveal.js/dist/plugin/notes.js",
    "mathjax/es5/tex-svg-full.js",
)
STARTS = ("slide", "subslide")
BLOCKS = re.compile(r"```.*?```|\$\$.*?\$\$(?:[.,;])?|(?:(?!\n[ \t]*\n|\$\$|```).)+", re.DOTALL)
BOLD = re.compile(r"\*\*(.+?)\*\*", re.DOTALL)
ITEM = re.compile(r"^(?:[-*]|\d+\.) ", re.MULTILINE)
RELATIVE_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\((?![a-z]+:)[^)]*\)")
PICTURE = re.compile(r"!\[([^\]]*)\]\((?![a-z]+:)([^)]+)\)")
QUESTION = "**The question.**"
LABELS = (QUESTION, "**What you need to know.**", "**How long it runs.**")
HEADING = re.compile(r"^#{2,3} (.*)$", re.MULTILINE)


class SlidesError(Exception):
    """A deck cannot be made; the message says which, why, and what to do."""


def slide_type(cell: nbformat.NotebookNode) -> str:
    """Return nbconvert's word for a cell: slide, subslide, fragment, skip, notes, or - for more of the same slide."""
    return cell.metadata.get("slideshow", {}).get("slide_type", "-")


def read_notebook(path: Path) -> nbformat.NotebookNode:
    """Return a notebook with the pictures of its prose in the text itself, so that a deck needs no other files."""
    notebook = nbformat.read(path, 4)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = PICTURE.sub(lambda found: f"![{found[1]}]({_data(path.parent / found[2])})", cell.source)
    return notebook


def _data(file: Path) -> str:
    return f"data:{mimetypes.guess_type(file)[0]};base64,{base64.b64encode(file.read_bytes()).decode()}"


def blocks(markdown: str) -> list[str]:
    """Return the parts of a Markdown cell: headings, paragraphs, lists, tables, displayed equations, fenced code."""
    return [block.strip() for block in BLOCKS.findall(markdown) if block.strip()]


def shown(block: str) -> str:
    """Return what a slide shows of a block: an equation, heading, table or picture whole, of prose what is bold."""
    if block.startswith(("#", "$$", "|", "![", "```", ">")):
        return block
    if block.startswith(LABELS):
        return block.removeprefix(QUESTION).strip() if block.startswith(QUESTION) else ""
    if ITEM.match(block):
        starts = [match.start() for match in ITEM.finditer(block)]
        items = [block[i:j].strip() for i, j in zip(starts, [*starts[1:], None], strict=True)]
        return "\n".join(_bold_item(item) for item in items) if BOLD.search(block) else block
    return "\n\n".join(bold[0].upper() + bold[1:].rstrip(",;") for bold in BOLD.findall(block))


def _bold_item(item: str) -> str:
    """Return an item of a list with only its bold words, whole if there are none."""
    return f"{ITEM.match(item).group()}{' '.join(BOLD.findall(item))}" if BOLD.search(item) else item


def _markdown(source: str, kind: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_markdown_cell(source, metadata={"slideshow": {"slide_type": kind}})


def _on_slide(cell: nbformat.NotebookNode) -> Iterator[nbformat.NotebookNode]:
    """Yield what a cell puts on its slide: itself, or of prose the visible part, cut before each further equation."""
    if cell.cell_type == "code":
        cell = copy.deepcopy(cell)
        cell.source = re.sub(r"\n{3,}", "\n\n", cell.source)
        cell.metadata["slideshow"] = {"slide_type": "fragment" if slide_type(cell) == "fragment" else "-"}
        yield cell
        return
    parts: list[list[str]] = [[]]
    for block in blocks(RELATIVE_LINK.sub(r"\1", cell.source)):
        if block.startswith("$$") and any(b.startswith("$$") for b in parts[-1]):
            parts.append([])
        if text := shown(block):
            parts[-1].append(text)
    kinds = ["fragment" if slide_type(cell) == "fragment" else "-", *("fragment" for _ in parts[1:])]
    yield from (_markdown("\n\n".join(part), kind) for part, kind in zip(parts, kinds, strict=True) if part)


def _slides(cells: Iterable[nbformat.NotebookNode]) -> list[list[nbformat.NotebookNode]]:
    """Return the cells of each slide; those that are skipped are left out."""
    slides: list[list[nbformat.NotebookNode]] = []
    for cell in cells:
        if slide_type(cell) == "skip":
            continue
        if slide_type(cell) in STARTS or not slides:
            slides.append([])
        slides[-1].append(cell)
    return slides


def arrange(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Return the notebook as nbconvert wants it: each slide's visible cells, its speaker notes after the first."""
    arranged: list[nbformat.NotebookNode] = []
    heading = ""
    for slide in _slides(notebook.cells):
        visible = [part for cell in slide for part in _on_slide(cell)]
        notes = _markdown("\n\n".join(cell.source for cell in slide if cell.cell_type == "markdown"), "notes")
        notes.source = RELATIVE_LINK.sub(r"\1", re.sub(r"!\[([^\]]*)\]\([^)]*\)", r"(Picture: \1)", notes.source))
        if not visible:
            raise SlidesError(
                f"a slide would be empty: make bold what it is to show, or skip it: {notes.source[:80]!r}"
            )
        headings = [found for cell in slide if cell.cell_type == "markdown" for found in HEADING.findall(cell.source)]
        if heading and not headings:
            visible.insert(0, _markdown(f'<p class="running">{heading}</p>', "-"))
        heading = headings[-1] if headings else heading
        visible[0].metadata["slideshow"] = {"slide_type": slide_type(slide[0]) if arranged else "slide"}
        arranged += [visible[0], notes, *visible[1:]]
    return nbformat.v4.new_notebook(cells=arranged, metadata=notebook.metadata)


def build_deck(notebook: Path, out: Path = OUT, node_modules: Path = NODE_MODULES) -> Path:
    """Write a notebook's deck into a folder of its own under `out` and return its page.

    Raises SlidesError if reveal.js or MathJax are not installed, or a slide would be empty.
    """
    missing = [asset for asset in ASSETS if not (node_modules / asset).is_file()]
    if missing:
        raise SlidesError(f"{missing[0]} is not installed: run `make slides`, which fetches it with npm")
    config = Config(TagRemovePreprocessor={"enabled": True, "remove_input_tags": {"hide-input"}})
    config.CSSHTMLHeaderPreprocessor.style = "default"
    config.HTMLExporter.exclude_input_prompt = config.HTMLExporter.exclude_output_prompt = True
    exporter = SlidesExporter(config=config, template_file=str(TEMPLATES / "deck.html.j2"))
    try:
        deck = arrange(read_notebook(notebook))
    except SlidesError as error:
        raise SlidesError(f"{notebook.stem}: {error}") from error
    page, _ = exporter.from_notebook_node(deck, {"metadata": {"name": title(deck)}})
    folder = out / notebook.stem
    folder.mkdir(parents=True, exist_ok=True)
    for asset in [*(node_modules / asset for asset in ASSETS), TEMPLATES / "deck.css", TEMPLATES / "deck.js"]:
        shutil.copy(asset, folder)
    (folder / "index.html").write_text(page, encoding="utf-8")
    return folder / "index.html"


def title(notebook: nbformat.NotebookNode) -> str:
    """Return a notebook's title, its first heading."""
    return notebook.cells[0].source.splitlines()[0].removeprefix("# ")


def build_all(names: list[str], out: Path = OUT, node_modules: Path = NODE_MODULES) -> list[Path]:
    """Make the decks named, or all of them and a page that lists them; return their pages."""
    known = lessons()
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SlidesError(f"no notebook for {', '.join(unknown)}: there are {', '.join(known)}")
    pages = [build_deck(known[name], out, node_modules) for name in names or known]
    return pages if names else [*pages, write_index(out)]


def lessons() -> dict[str, Path]:
    """Return the notebooks that have a deck, by name, in the order of the course."""
    return {path.stem: path for path in sorted(NOTEBOOKS.glob("[01][0-9]-*.ipynb"))}


def write_index(out: Path) -> Path:
    """Write the page that lists all decks, and return it."""
    titles = {name: title(nbformat.read(path, 4)) for name, path in lessons().items()}
    links = [f'<li><a href="{name}/index.html">{name[:2]} {text}</a></li>' for name, text in titles.items()]
    index = (TEMPLATES / "index.html").read_text(encoding="utf-8").replace("DECKS", "\n".join(links))
    (out / "index.html").write_text(index, encoding="utf-8")
    return out / "index.html"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="notebooks, such as 03-gram-matrix (default: all)")
    parser.add_argument("--out", type=Path, default=OUT, help="folder for the decks (default: build/slides)")
    options = parser.parse_args(arguments)
    try:
        for page in build_all(options.names, options.out):
            print(page.relative_to(Path.cwd()) if page.is_relative_to(Path.cwd()) else page)
    except SlidesError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
