"""The book, built once: no warning, no dead link, nothing from elsewhere, mathematics, search, accessibility."""

import functools
import http.server
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
import threading
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

import pytest
from build_cheatsheet import MATHJAX, chromium

import stylekit

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = chromium()
pytestmark = pytest.mark.skipif(not MATHJAX.is_file(), reason="MathJax is not installed: make book does it")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed: apt-get install chromium")
PATIENCE = 60_000  # milliseconds for a page; what takes longer hangs
MODULES = sorted(path.stem for path in (ROOT / "docs" / "api").glob("*.rst"))
# Pages with long lines of code, long names, long words.
WIDE = ("notebooks/09-before-networks.html", "docs/contributing.html", "docs/lecturer.html")
# Where each equation of the slides is documented: the function and the notebook that derives it.
EQUATIONS = {
    "content_loss": "02-content-loss",
    "content_loss_gradient": "02-content-loss",
    "gram_matrix": "03-gram-matrix",
    "style_layer_loss": "04-style-loss",
    "style_layer_loss_gradient": "04-style-loss",
    "style_loss": "04-style-loss",
    "total_loss": "06-style-transfer",
}


class Page(HTMLParser):
    """What a page holds: the ids, the links, and what it loads."""

    def __init__(self, path):
        super().__init__()
        self.ids, self.links, self.loaded = set(), [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.ids |= {found.get("id"), found.get("name") if tag == "a" else None}
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])
        if tag in ("script", "img", "iframe", "source", "video"):
            self.loaded.append(found.get("src") or "")
        if tag == "link" and found.get("rel") not in ("next", "prev", "index", "search", "canonical"):
            self.loaded.append(found.get("href") or "")


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    out = tmp_path_factory.mktemp("book")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-c", "docs", ".", str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


@pytest.fixture(scope="module")
def pages(book):
    return {path: Page(path) for path in sorted(book.rglob("*.html"))}


def dead(pages, root):
    """Return the internal links that lead to no file, or to no place in it."""
    found = []
    for path, page in pages.items():
        for link in page.links:
            if not urlsplit(link).scheme:
                place, anchor = urldefrag(link)
                target = (path.parent / unquote(place)).resolve() if place else path
                known = pages.get(target)
                if not target.is_file() or (anchor and known and unquote(anchor) not in known.ids):
                    found.append(f"{path.relative_to(root)}: {link}")
    return found


def from_elsewhere(pages):
    """Return what pages load from another host."""
    return [source for page in pages.values() for source in page.loaded if urlsplit(source).netloc]


def test_every_internal_link_of_every_page_leads_somewhere(book, pages):
    assert len(pages) > 30
    assert dead(pages, book) == []


def test_the_check_of_links_sees_a_dead_page_a_dead_anchor_and_a_picture_from_elsewhere(tmp_path):
    (tmp_path / "a.html").write_text('<h1 id="x">A</h1><a href="b.html">b</a><a href="#y">y</a><a href="#x">x</a>')
    (tmp_path / "c.html").write_text('<a href="a.html#x">good</a><a href="a.html#z">z</a><img src="//host.invalid/p">')
    pages = {path: Page(path) for path in sorted(tmp_path.glob("*.html"))}
    assert dead(pages, tmp_path) == ["a.html: b.html", "a.html: #y", "c.html: a.html#z"]
    assert from_elsewhere(pages) == ["//host.invalid/p"]


def test_no_page_and_no_style_loads_anything_from_another_host(book, pages):
    assert from_elsewhere(pages) == []
    styles = {path.name: path.read_text(encoding="utf-8") for path in book.rglob("*.css")}
    assert [name for name, text in styles.items() if re.search(r"url\([\"']?(https?:)?//", text)] == []


def test_notebooks_stand_in_order_with_their_pictures_words_and_neighbours(book, pages):
    page = (book / "notebooks" / "03-gram-matrix.html").read_text(encoding="utf-8")
    assert "03 · Which features occur together" in page
    before, after = (re.search(rf'class="{arrow}"\s+href="([^"]+)"', page) for arrow in ("left-prev", "right-next"))
    assert (before[1], after[1]) == ("02-content-loss.html", "04-style-loss.html")
    assert re.search(r'<img alt="[^"]{20,}"', page)
    assert "google.colab" not in page  # the cell that installs the kit there is no part of the book


def test_the_number_of_a_notebook_is_a_link_where_the_text_names_it(book):
    page = (book / "notebooks" / "12-studio.html").read_text(encoding="utf-8")
    for name in ("06-style-transfer", "10-feed-forward", "09-before-networks"):
        assert re.search(rf'href="{name}.html">{name[:2]}</a>', page)


def test_a_widget_is_shown_by_its_picture(book):
    page = (book / "notebooks" / "03-gram-matrix.html").read_text(encoding="utf-8")
    after = page.split('id="any-entry"')[1].split('id="what-it-forgets-where"')[0]
    assert "GramViewer" in after and "<img" in after and "widget-view" not in after


DATA_ONLY = {"presets"}  # a room without a function or a class: its own words are its page


def public(module):
    """Return what a module of the reference offers: its own functions and classes, or those of a package's modules."""
    offered = getattr(module, "__all__", None) or [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and f"{getattr(value, '__module__', '')}.".startswith(f"{module.__name__}.")
    ]
    values = {name: getattr(module, name) for name in offered}  # ui imports its names when they are asked for
    return [name for name, value in values.items() if inspect.isfunction(value) or inspect.isclass(value)]


def test_every_part_of_the_house_has_a_page_in_the_reference():
    parts = {module.name for module in pkgutil.iter_modules(stylekit.__path__)} - {"commands", "__main__"}
    assert parts == set(MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_everything_public_stands_in_the_reference_with_its_words(pages, book, name):
    module = importlib.import_module(f"stylekit.{name}")
    ids = pages[book / "docs" / "api" / f"{name}.html"].ids
    names = public(module)
    assert bool(names) != (name in DATA_ONLY)
    assert f"module-stylekit.{name}" in ids and module.__doc__
    for offered in names:
        value = getattr(module, offered)
        assert value.__doc__, f"{offered} has no docstring"
        assert {f"stylekit.{name}.{offered}", f"{value.__module__}.{offered}"} & ids, f"{offered} is not in the book"


@pytest.mark.parametrize("function", EQUATIONS)
def test_an_equation_is_drawn_beside_its_function_with_a_link_to_the_notebook_that_derives_it(book, function):
    page = (book / "docs" / "api" / "losses.html").read_text(encoding="utf-8")
    entry = page.split(f'id="stylekit.losses.{function}"', 1)[1].split("</dl>", 1)[0]
    assert 'class="math notranslate nohighlight"' in entry
    assert f"notebooks/{EQUATIONS[function]}.html" in entry


@pytest.fixture(scope="module")
def site(book):
    """Serve the book and open a browser; yield a function that opens a page, and the list of requests elsewhere."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: pip install playwright")
    handler = functools.partial(Quiet, directory=str(book))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address, elsewhere = f"http://127.0.0.1:{server.server_port}/", []
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": 1280, "height": 900})
        tab.on("request", lambda r: None if r.url.startswith((address, "data:")) else elsewhere.append(r.url))
        tab.set_default_timeout(PATIENCE)
        yield lambda page: (tab.goto(address + page), tab)[1], elsewhere
        browser.close()
    server.shutdown()
    server.server_close()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@needs_chromium
@pytest.mark.parametrize(
    "page", ["notebooks/04-style-loss.html", "notebooks/glossary.html", "docs/cheatsheet.html", "docs/api/losses.html"]
)
def test_mathematics_is_drawn_without_errors_and_without_the_internet(site, page):
    go, elsewhere = site
    tab = go(page)
    tab.wait_for_function("window.MathJax && MathJax.startup && MathJax.startup.promise")
    tab.evaluate("MathJax.startup.promise")
    assert tab.locator("mjx-container svg").count() > 5
    assert tab.locator("mjx-merror, [data-mjx-error]").count() == 0
    text = tab.locator("article").evaluate(
        "page => { const copy = page.cloneNode(true);"
        " copy.querySelectorAll('mjx-container, code, pre').forEach(part => part.remove()); return copy.textContent; }"
    )
    assert not re.search(r"\$|\\\(|\\frac", text)
    assert elsewhere == []


@needs_chromium
def test_a_wide_equation_begins_inside_a_narrow_window(site):
    go, _ = site
    tab = go("notebooks/03-gram-matrix.html")
    tab.set_viewport_size({"width": 390, "height": 900})
    tab.reload()
    tab.wait_for_function("window.MathJax && MathJax.startup && MathJax.startup.promise")
    tab.evaluate("MathJax.startup.promise")
    lefts = tab.locator("div.math mjx-container").evaluate_all("all => all.map(e => e.getBoundingClientRect().left)")
    tab.set_viewport_size({"width": 1280, "height": 900})
    assert lefts and min(lefts) >= 0


@needs_chromium
def test_search_finds_the_notebook_on_the_gram_matrix(site):
    go, elsewhere = site
    tab = go("search.html?q=gram+matrix")
    tab.get_by_role("link", name=re.compile("^03 · Which features occur together")).first.wait_for()
    assert elsewhere == []


@needs_chromium
def test_the_first_page_leads_into_the_book(site):
    go, _ = site
    tab = go("index.html")
    tab.wait_for_url("**/docs/index.html")
    assert tab.get_by_role("heading", level=1).inner_text().startswith("How a neural network paints")


@needs_chromium
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("page", [*WIDE, "docs/index.html", "docs/cheatsheet.html", "docs/api/paper.html"])
def test_no_page_is_wider_than_the_window(site, page, width):
    go, _ = site
    tab = go(page)
    tab.set_viewport_size({"width": width, "height": 900})
    tab.wait_for_load_state("load")
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    tab.set_viewport_size({"width": 1280, "height": 900})


@needs_chromium
@pytest.mark.parametrize(
    "page", ["docs/index.html", "notebooks/03-gram-matrix.html", "notebooks/glossary.html", "docs/api/losses.html"]
)
def test_axe_finds_nothing_serious(site, page):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    go, _ = site
    tab = go(page)
    tab.wait_for_load_state("load")
    violations = axe.Axe().run(tab).response["violations"]
    serious = [
        (rule["id"], rule["nodes"][0]["html"][:120]) for rule in violations if rule["impact"] in ("serious", "critical")
    ]
    assert serious == []
