"""The decks: what a slide shows of a notebook, and every slide in a headless Chromium at 1280 x 720."""

from pathlib import Path

import build_slides
import nbformat
import pytest
from build_cheatsheet import chromium
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

NOTEBOOKS = sorted(build_slides.NOTEBOOKS.glob("[01][0-9]-*.ipynb"))
CHROMIUM = chromium()
INSTALLED = all((build_slides.NODE_MODULES / asset).is_file() for asset in build_slides.ASSETS)
needs_assets = pytest.mark.skipif(not INSTALLED, reason="reveal.js and MathJax are not installed: make slides does it")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed: apt-get install chromium")
PATIENCE = 120_000  # milliseconds; what takes longer hangs

# What is wrong with the slide that is shown: nothing may leave it, be too small to read, or be left unrendered.
INSPECT = r"""() => {
  const slide = Reveal.getCurrentSlide(), edge = slide.getBoundingClientRect(), wrong = [];
  const said = (what, element) =>
    wrong.push(`${what}: ${element.tagName} ${(element.textContent || element.alt || '').trim().slice(0, 60)}`);
  if (!slide.querySelector('aside.notes')) said('without notes', slide);
  if (!slide.innerText.trim() && !slide.querySelector('img, mjx-container')) said('empty', slide);
  for (const element of slide.querySelectorAll('h1, h2, h3, p, li, pre, table, blockquote, img, mjx-container, svg')) {
    if (element.closest('aside, svg svg')) continue;
    const box = element.getBoundingClientRect(), size = parseFloat(getComputedStyle(element).fontSize);
    const outside = box.right > edge.right - 20 || box.left < edge.left || box.bottom > edge.bottom - 30;
    if (outside) said('leaves the slide', element);
    if (element.tagName === 'IMG') {
      const dense = element.closest('p') ? 2 : 1; // a stored figure has 200 dots per inch, a cell's has 100
      const scale = Math.min(box.width / element.naturalWidth, box.height / element.naturalHeight);
      if (!(dense * scale >= 0.8)) said('small or missing', element);
    } else if (size < 20) said('small', element);
  }
  for (const broken of slide.querySelectorAll('mjx-merror, [data-mjx-error]')) said('mathematics', broken);
  const words = [...slide.querySelectorAll('h1, h2, h3, p, li, td, th, aside')].map((element) => {
    const copy = element.cloneNode(true);
    copy.querySelectorAll('mjx-container, code, pre').forEach((part) => part.remove());
    return copy.textContent;
  }).join(' ');
  if (/\$|\\[a-z]{2,}/.test(words)) wrong.push(`raw mathematics: ${words.match(/.{0,20}(\$|\\[a-z]{2,}).{0,20}/)[0]}`);
  return wrong;
}"""
SHOW = "k => { const at = Reveal.getIndices(Reveal.getSlides()[k]); Reveal.slide(at.h, at.v, 99); }"


@pytest.fixture(scope="module")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: pip install playwright")
    with sync_api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


def opened(browser, page):
    """Return a deck in a page of 1280 x 720, and the lists into which its errors and its requests elsewhere go."""
    tab, errors, elsewhere = browser.new_page(viewport={"width": 1280, "height": 720}), [], []
    local = ("file:", "data:", "blob:", "about:")
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.on("request", lambda request: None if request.url.startswith(local) else elsewhere.append(request.url))
    tab.goto(page.as_uri())
    tab.wait_for_selector("html.ready", timeout=PATIENCE)
    return tab, errors, elsewhere


def faults(browser, page):
    """Return everything that is wrong with a deck, slide by slide, with all fragments shown."""
    tab, errors, elsewhere = opened(browser, page)
    found = []
    for k in range(tab.evaluate("Reveal.getSlides().length")):
        tab.evaluate(SHOW, k)
        found += [f"slide {k + 1}: {wrong}" for wrong in tab.evaluate(INSPECT)]
    tab.close()
    return [*found, *errors, *(f"asks for {url}" for url in elsewhere)]


@needs_assets
@needs_chromium
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_slide_of_a_deck_fits_is_readable_and_asks_for_nothing_from_elsewhere(browser, tmp_path, notebook):
    page = build_slides.build_deck(notebook, tmp_path)
    assert faults(browser, page) == []


def saved(tmp_path, *cells):
    path = tmp_path / "00-try.ipynb"
    nbformat.write(new_notebook(cells=list(cells)), path)
    return path


def prose(source, kind=None):
    return new_markdown_cell(source, metadata={"slideshow": {"slide_type": kind}} if kind else {})


@needs_assets
@needs_chromium
@pytest.mark.parametrize(
    ("cell", "complaint"),
    [
        (new_code_cell("\n".join(f"x_{k} = {k}" for k in range(40))), "leaves the slide"),
        (prose("$$\\frac{1}$$"), "mathematics"),
        (prose("**costs $5, of $x$**"), "raw mathematics"),
        (prose("![A picture from elsewhere](https://example.invalid/picture.png)"), "asks for https://example.invalid"),
        (prose("$$" + " + ".join(f"x_{{{k}}}" for k in range(60)) + "$$"), "leaves the slide"),
    ],
)
def test_the_inspection_sees_a_slide_that_is_not_fit_to_be_shown(browser, tmp_path, cell, complaint):
    page = build_slides.build_deck(saved(tmp_path, prose("# Try\n\n**The question.** Why?"), cell), tmp_path)
    assert any(complaint in fault for fault in faults(browser, page))


@needs_assets
@needs_chromium
def test_the_speaker_view_shows_the_whole_prose_with_its_mathematics(browser, tmp_path):
    cells = prose("# Try\n\n**The question.** Why?"), prose("## One\n\nSoftly: $x^2$ is what counts.", "slide")
    tab, _, _ = opened(browser, build_slides.build_deck(saved(tmp_path, *cells), tmp_path))
    tab.keyboard.press("ArrowRight")
    with tab.expect_popup() as popup:
        tab.keyboard.press("s")
    notes = popup.value.locator(".speaker-controls-notes .value")
    notes.get_by_text("Softly").wait_for(timeout=PATIENCE)
    assert notes.locator("mjx-container svg").count() == 1
    assert "$" not in notes.inner_text()
    tab.close()


@needs_assets
@needs_chromium
def test_steps_of_a_derivation_come_one_at_a_time(browser, tmp_path):
    cells = (
        prose("# Try\n\n**The question.** Why?"),
        prose("## One\n\n$$a = b$$\n\nso\n\n$$b = c$$\n\nand\n\n$$c = d$$", "slide"),
    )
    tab, _, _ = opened(browser, build_slides.build_deck(saved(tmp_path, *cells), tmp_path))
    tab.keyboard.press("ArrowRight")
    visible = lambda: tab.evaluate("document.querySelectorAll('section.present .fragment.visible').length")  # noqa: E731
    seen = []
    for _ in range(3):
        seen.append(visible())
        tab.keyboard.press("ArrowDown")
    assert seen == [0, 1, 2]
    tab.close()


def test_blocks_are_told_apart_without_blank_lines_inside_equations():
    text = "## One\n\nSee this:\n$$a\n\n= b$$\nand that.\n\n- x\n- y\n\n| h |\n|---|\n| 1 |"
    assert build_slides.blocks(text) == [
        "## One", "See this:", "$$a\n\n= b$$", "and that.", "- x\n- y", "| h |\n|---|\n| 1 |",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("block", "shown"),
    [
        ("## A heading", "## A heading"),
        ("$$a = b$$", "$$a = b$$"),
        ("Plain prose says nothing on a slide.", ""),
        ("For **each row counts**, and **it shows,** too.", "Each row counts\n\nIt shows"),
        ("- one\n- two", "- one\n- two"),
        ("- **one** and more\n- two\n  lines", "- one\n- two\n  lines"),
        ("1. a\n2. b **c**", "1. a\n2. c"),
        ("**The question.** Why?", "Why?"),
        ("**How long it runs.** About 8 seconds.", ""),
    ],
)
def test_of_prose_a_slide_shows_what_is_bold(block, shown):
    assert build_slides.shown(block) == shown


def arranged(*cells):
    return [
        (cell.metadata.slideshow.slide_type, cell.source)
        for cell in build_slides.arrange(new_notebook(cells=cells)).cells
    ]


def test_the_whole_prose_of_a_slide_is_in_its_notes_and_skipped_cells_are_nowhere():
    skipped = prose("Nobody sees this.", "skip")
    cells = (
        prose("# T\n\nTold, not shown."),
        skipped,
        prose("## One\n\nTold **and shown** [here](glossary.md#x).", "slide"),
    )
    assert arranged(*cells, new_code_cell("1 + 1")) == [
        ("slide", "# T"), ("notes", "# T\n\nTold, not shown."),
        ("slide", "## One\n\nAnd shown"), ("notes", "## One\n\nTold **and shown** here."), ("-", "1 + 1"),
    ]  # fmt: skip


def test_a_slide_without_a_heading_repeats_that_of_its_section():
    code = new_code_cell("2", metadata={"slideshow": {"slide_type": "subslide"}})
    repeated = arranged(prose("# T"), prose("## One", "slide"), code)
    assert repeated[4:] == [("subslide", '<p class="running">One</p>'), ("notes", ""), ("-", "2")]


def test_a_slide_that_would_show_nothing_is_an_error_that_says_which():
    with pytest.raises(build_slides.SlidesError, match="would be empty.*Only told"):
        arranged(prose("# T"), prose("Only told.", "slide"))


@needs_assets
def test_a_cell_that_only_draws_shows_its_picture_without_its_code(tmp_path):
    picture = new_output("display_data", data={"text/html": "<p>the picture</p>"})
    drawing = new_code_cell("draw_it()", metadata={"tags": ["hide-input"]}, outputs=[picture])
    page = build_slides.build_deck(saved(tmp_path, prose("# T"), drawing), tmp_path).read_text(encoding="utf-8")
    assert "the picture" in page and "draw_it" not in page


def test_what_is_not_installed_and_what_is_not_there_is_said_in_a_sentence(tmp_path, capsys):
    with pytest.raises(build_slides.SlidesError, match="reveal.css is not installed: run `make slides`"):
        build_slides.build_deck(NOTEBOOKS[0], tmp_path, node_modules=tmp_path)
    assert build_slides.main(["no-such-notebook", "--out", str(tmp_path)]) == 2
    assert "no notebook for no-such-notebook: there are 00-start-here, " in capsys.readouterr().err
    assert list(Path(tmp_path).iterdir()) == []


@needs_assets
def test_a_page_lists_all_decks(tmp_path):
    build_slides.write_index(tmp_path)
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert all(f'href="{notebook.stem}/index.html"' in page for notebook in NOTEBOOKS)
