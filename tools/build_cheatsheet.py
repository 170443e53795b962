"""Build docs/cheatsheet.md and docs/cheatsheet.pdf: every equation of the slides on one page.

    python tools/build_cheatsheet.py            build both
    python tools/build_cheatsheet.py --check    say which are not built from the present docstrings; exit 1 if any

Words and equations are read from the docstrings of stylekit.losses, shapes from its signatures, layers from
stylekit.transfer; the code is tools/cheatsheet.py. The templates tools/cheatsheet.*.jinja say only
where each stands. Both results are kept, because who pins the page up need not have a browser that prints it. The
PDF's last line is the hash of the page that was printed.
"""

from __future__ import annotations

import argparse
import hashlib
import html
import inspect
import itertools
import re
import shutil
import sys
import typing
from collections.abc import Sequence
from pathlib import Path

import jinja2

from stylekit import losses, transfer

ROOT = Path(__file__).resolve().parent.parent
DOCS, TOOLS = ROOT / "docs", ROOT / "tools"
MARKDOWN, PDF = "cheatsheet.md", "cheatsheet.pdf"
MATHJAX = Path(sys.prefix) / "lib" / "node_modules" / "mathjax" / "es5" / "tex-svg-full.js"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ROWS = [  # each loss beside what is its gradient, where that has code of its own
    (losses.content_loss, losses.content_loss_gradient),
    (losses.gram_matrix, losses.GramMatrix),
    (losses.style_layer_loss, losses.style_layer_loss_gradient),
    (losses.style_loss, None),
    (losses.total_loss, None),
    (losses.total_variation, None),
]
CAREFUL = (losses.content_loss_gradient, losses.style_layer_loss, losses.style_layer_loss_gradient)
DISPLAYED = re.compile(r"^\.\. math::(.*(?:\n+ +.*)*)", re.MULTILINE)
INLINE = re.compile(r":math:`([^`]*)`")
SOURCE = re.compile(r"\((\w+ \d{4}, [^;]*); notebook (\w\w)\)")


class BuildError(Exception):
    """The page cannot be built; the message says why, and what to do."""


def equations(thing: object) -> list[str]:
    """Return the LaTeX of the displayed equations in a docstring, each in one line."""
    return [" ".join(latex.split()) for latex in DISPLAYED.findall(inspect.getdoc(thing))]


def paragraphs(thing: object) -> list[str]:
    """Return the prose of a docstring, each paragraph in one line, with `$...$` around what is mathematics."""
    prose = DISPLAYED.sub("", inspect.getdoc(thing)).split("\n\n")
    return [INLINE.sub(r"$\1$", " ".join(text.split())) for text in prose if text.strip()]


def symbols() -> list[tuple[str, str]]:
    """Return each symbol with its meaning, from the definition list in the docstring of stylekit.losses."""
    found = re.findall(r"^:math:`(.*)`\n    (.*)$", inspect.getdoc(losses), re.MULTILINE)
    return [(f"${latex}$", INLINE.sub(r"$\1$", meaning)) for latex, meaning in found]


def row(loss: typing.Callable, gradient: object) -> dict:
    """Return what the page says of a loss: its words, its source, and two cells, the loss and its gradient."""
    first, second, *_ = paragraphs(loss)
    source, number = SOURCE.search(second).groups()
    (notebook,) = (ROOT / "notebooks").glob(f"{number}-*.ipynb")
    words = first.removeprefix("Return ")
    return {
        "name": loss.__name__.replace("_", " ").capitalize(),
        "words": words[0].upper() + words[1:],
        "source": source,
        "number": number,
        "notebook": f"../notebooks/{notebook.name}",
        "loss": cell(loss, equations(loss)[0]),
        "gradient": cell(gradient, equations(gradient)[0]) if gradient else {"latex": equations(loss)[1]},
        "note": "" if inspect.isfunction(gradient) else note(gradient or loss),
    }


def cell(function: object, latex: str) -> dict:
    """Return an equation with its number, the function that computes it, and the shapes that go in and come out."""
    numbered = re.search(r"^Eq\. \d(?= \()", inspect.getdoc(function), re.MULTILINE)
    code = {"call": call(function), "shapes": shapes(function)} if inspect.isfunction(function) else {}
    return {"latex": latex, "tag": numbered[0] if numbered else ""} | code


def note(thing: object) -> str:
    """Return what a docstring says right before the gradient's equation."""
    (text,) = (text for text in paragraphs(thing) if text.startswith(("Its gradient: ", "With ")))
    text = text.removeprefix("Its gradient: ").rstrip(":.")
    return f"{text[0].upper()}{text[1:]}."


def call(function: typing.Callable) -> str:
    """Return a function's name and arguments as they stand in its signature, without the types."""
    signature = inspect.signature(function)
    bare = [parameter.replace(annotation=parameter.empty) for parameter in signature.parameters.values()]
    arguments = str(signature.replace(parameters=bare, return_annotation=signature.empty))
    return function.__name__ + re.sub(r"<function (\w+)[^>]*>", r"\1", arguments)


def shapes(function: typing.Callable) -> str:
    """Return the shapes of what a function needs and gives, for one image: `F: (N, M) → (N, N)`."""
    hints = typing.get_type_hints(function)
    needed = [n for n, value in inspect.signature(function).parameters.items() if value.default is value.empty]
    alike = itertools.groupby(needed, key=lambda name: shape(hints[name]))
    given = "; ".join(f"{', '.join(names)}: {sizes}" for sizes, names in alike)
    return f"{given} → {shape(hints['return'])}"


def shape(hint: object) -> str:
    """Return the shape that a type hint asks for, without the dimensions of the batch."""
    if typing.get_origin(hint) is Sequence:
        return f"{shape(typing.get_args(hint)[0])}s"
    sizes = [size for size in getattr(hint, "dim_str", "").split() if not size.startswith("*")]
    return f"({', '.join(sizes)})" if sizes else "number"


def facts() -> dict:
    """Return everything that the templates show."""
    return {
        "symbols": symbols(),
        "rows": [row(*pair) for pair in ROWS],
        "careful": [(cell(thing, "")["tag"], paragraphs(thing)[2]) for thing in CAREFUL],
        "code": (TOOLS / "cheatsheet.py").read_text(encoding="utf-8").strip(),
        "content_layers": transfer.CONTENT_LAYERS,
        "style_layers": transfer.STYLE_LAYERS,
    }


def render(kind: str) -> str:
    """Return a template filled with the facts: "md" or "html"."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TOOLS), trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    environment.filters["html"] = to_html
    return environment.get_template(f"cheatsheet.{kind}.jinja").render(facts())


def to_html(text: str) -> str:
    """Return a paragraph with its mathematics in MathJax's marks and its code in <code>."""
    text = re.sub(r"\$([^$]*)\$", r"\\(\1\\)", html.escape(text))
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", text)


def mark(page: str) -> bytes:
    """Return the last line of the PDF, a comment: the hash of the page that was printed."""
    return f"% printed from {hashlib.sha256(page.encode()).hexdigest()}\n".encode()


def stale(docs: Path = DOCS) -> list[str]:
    """Return the names of the results that are missing or not made from the present docstrings."""
    found = {name: path.read_bytes() for name in (MARKDOWN, PDF) if (path := docs / name).is_file()}
    fresh = [found.get(MARKDOWN) == render("md").encode(), found.get(PDF, b"").endswith(mark(render("html")))]
    return [name for name, good in zip((MARKDOWN, PDF), fresh, strict=True) if not good]


def show(page, text: str) -> None:
    """Show a text in a Playwright page and set its mathematics.

    Raises BuildError if MathJax is missing, or if it cannot set an equation.
    """
    if not MATHJAX.is_file():
        raise BuildError(f"{MATHJAX} is missing: run `make cheatsheet`, which fetches MathJax with npm")
    page.set_content(text)
    page.add_script_tag(path=MATHJAX)
    page.evaluate("MathJax.startup.promise")
    wrong = page.locator("[data-mjx-error]").all()
    if wrong:
        raise BuildError(f"MathJax cannot set an equation: {wrong[0].get_attribute('data-mjx-error')}")


def chromium() -> str | None:
    """Return the Chromium that is installed here, if there is one."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def print_page(text: str) -> bytes:
    """Return a page as PDF, printed by Chromium. Raises BuildError as `show` does, or if there is no Chromium."""
    from playwright.sync_api import sync_playwright  # only printing needs it

    if chromium() is None:
        raise BuildError(f"expected one of {', '.join(BROWSERS)} to print the page: apt-get install chromium")
    with sync_playwright() as playwright:
        page = playwright.chromium.launch(executable_path=chromium()).new_page()
        show(page, text)
        return page.pdf(prefer_css_page_size=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="build nothing; say what is stale")
    if parser.parse_args().check:
        names = stale()
        print("\n".join([*names, "run: make cheatsheet"]) if names else "the cheat sheet is fresh")
        return bool(names)
    page = render("html")
    try:
        printed = print_page(page) + mark(page)
    except BuildError as error:  # neither file is touched then
        print(error, file=sys.stderr)
        return 1
    (DOCS / MARKDOWN).write_text(render("md"), encoding="utf-8")
    (DOCS / PDF).write_bytes(printed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
