"""The book: Sphinx reads the repository as it is (sphinx-build -c docs . build/book), so a link works in both places.

The notebooks are shown as they were executed; nothing is run. Nothing in the built folder comes from the internet.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ConfigError

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
MATHJAX = Path(sys.prefix) / "lib" / "node_modules" / "mathjax" / "es5" / "tex-svg-full.js"  # one file, with its shapes

if not MATHJAX.is_file():
    raise ConfigError(f"{MATHJAX} is missing, which draws the equations: run `make book`, which installs it first")

project = "stylekit"
author = "The stylekit authors"
copyright = author
language = "en"
root_doc = "docs/index"
include_patterns = [
    "docs/*.md",
    "docs/api/*",
    "notebooks/*.ipynb",
    "notebooks/glossary.md",
    "benchmarks/*.md",
    "data/README.md",
]
exclude_patterns = [".*", "build"]
extensions = ["sphinx.ext.autodoc", "sphinx.ext.mathjax", "myst_nb"]
default_role = "py:obj"
highlight_language = "text"  # of a block that names none: most are commands
add_module_names = False

nb_execution_mode = "off"
nb_ipywidgets_js = {}  # a widget is shown by its picture
nb_mime_priority_overrides = [("html", "text/html", 0)]  # which says what the picture shows
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4
myst_dmath_double_inline = True
myst_links_external_new_tab = False

autodoc_default_options = {"members": True}
autodoc_inherit_docstrings = False
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints_format = "short"

mathjax_path = MATHJAX.name
mathjax3_config = {"options": {"enableMenu": False}}  # the menu would load more from elsewhere
html_theme = "sphinx_book_theme"
html_title = "How a neural network paints"
html_static_path = ["_static", str(MATHJAX)]
templates_path = ["_templates"]
html_additional_pages = {"index": "enter.html"}  # the first page is docs/index.html; this leads there
html_css_files = ["book.css"]
html_js_files = ["book.js"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_theme_options = {
    "use_download_button": False,
    "use_fullscreen_button": False,
    "use_repository_button": False,
    "home_page_in_toc": True,
    "show_navbar_depth": 1,
    "max_navbar_depth": 2,
    "navbar_persistent": [],  # one search button is enough
    "footer_content_items": ["copyright.html"],
}
html_context = {"default_mode": "auto"}
NOTEBOOKS = {path.stem[:2]: path.stem for path in sorted((ROOT / "notebooks").glob("*.ipynb"))}
NUMBER = re.compile(rf"(?:[Nn]otebook\s)?\b({'|'.join(NOTEBOOKS)})\b")
NAMED = re.compile(rf"\b[Nn]otebooks?\s{NUMBER.pattern}(?:(?:\s\(\w+\))?(?:,| and| or| to)\s{NUMBER.pattern})*")


def link_notebooks(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Make "notebook 03" a link wherever it stands: in the notebooks, on the pages, and in the package's docstrings."""
    for line_end in [text for text in doctree.findall(nodes.Text) if text == "\n"]:  # MyST keeps each line by itself
        _join(line_end)
    for text in list(doctree.findall(nodes.Text)):
        around = text.parent
        while around and not isinstance(around, nodes.reference | nodes.title | nodes.literal | nodes.literal_block):
            around = around.parent
        if around is None and "otebook" in text:
            text.parent.replace(text, _linked(app, docname, text))


def _join(line_end: nodes.Text) -> None:
    """Make one text of the end of a line and the texts on both of its sides: a name may go on in the next line."""
    siblings = line_end.parent.children
    middle = next(number for number, sibling in enumerate(siblings) if sibling is line_end)
    first, last = middle, middle + 1
    if middle and isinstance(siblings[middle - 1], nodes.Text):
        first -= 1
    if last < len(siblings) and isinstance(siblings[last], nodes.Text):
        last += 1
    line_end.parent[first:last] = [nodes.Text("".join(siblings[first:last]))]


def _linked(app: Sphinx, docname: str, text: str) -> list[nodes.Node]:
    """Return a text in pieces: the numbers of notebooks after the word "notebook" as links, the rest as it is."""
    pieces, end = [], 0
    for named in NAMED.finditer(text):
        for found in NUMBER.finditer(text, named.start(), named.end()):
            target = f"notebooks/{NOTEBOOKS[found[1]]}"
            if target != docname:
                pieces.append(nodes.Text(text[end : found.start()]))
                address = app.builder.get_relative_uri(docname, target)
                pieces.append(nodes.reference("", found[0], refuri=address, internal=True))
                end = found.end()
    return [*pieces, nodes.Text(text[end:])]


def number_notebook(app: Sphinx, doctree: nodes.document) -> None:
    """Put a notebook's number before its title, by which the others speak of it."""
    found = re.match(r"notebooks/(\d\d|A\d)-", app.env.current_document.docname)
    if found:
        title = next(doctree.findall(nodes.title))
        title.insert(0, nodes.Text(f"{found[1]} \N{MIDDLE DOT} "))


def keep_equations_whole(app: Sphinx, doctree: nodes.document) -> None:
    """Hand equations with line breaks on as they are: Sphinx would put them into `split`, which allows no tag."""
    for equation in doctree.findall(nodes.math_block):
        if r"\\" in equation.astext():
            equation["no-wrap"] = True
            equation.children = [nodes.Text(rf"\[{equation.astext()}\]")]


def setup(app: Sphinx) -> None:
    app.connect("doctree-read", number_notebook, priority=400)  # before Sphinx collects the titles
    app.connect("doctree-read", keep_equations_whole)
    app.connect("doctree-resolved", link_notebooks)
