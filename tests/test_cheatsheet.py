"""The page of all equations: it says what the docstrings say, and it is one page A4 on which nothing is cut."""

import inspect
import itertools
import re

import build_cheatsheet
import pytest
import torch

from stylekit import losses, objective, transfer
from stylekit.images import load_image

NUMBERS = {"N": 5, "M": 7, "C": 3, "H": 11, "W": 13}
PATIENCE = 60_000  # milliseconds for a page on a busy machine
# What stands farther out than 9 mm from an edge, is wider than its box, or lies below the box that follows.
CUT = """() => { const edge = 9 * 96 / 25.4, sheet = document.body.getBoundingClientRect(), wrong = [];
  for (const e of document.body.querySelectorAll('*:not(colgroup, col, mjx-container *)')) {
    const box = e.getBoundingClientRect(), next = e.nextElementSibling?.getBoundingClientRect();
    if (box.left < edge || box.right > sheet.width - edge || box.top < edge || box.bottom > sheet.height - edge
        || getComputedStyle(e).display !== 'inline' && (e.scrollWidth > e.clientWidth + 1)
        || next && next.height && next.top < box.bottom - 1 && next.left < box.right - 1)
      wrong.push(e.tagName + ' ' + e.textContent.trim().slice(0, 40)); }
  if (document.body.scrollHeight > document.body.clientHeight) wrong.push('page'); return wrong; }"""
SIZES = """() => [...document.querySelectorAll('body *:not(mjx-container *)')].filter(e => e.innerText?.trim())
  .map(e => parseFloat(getComputedStyle(e).fontSize) * 72 / 96)"""


# The text outside mathematics and code.
VISIBLE = """() => { const copy = document.body.cloneNode(true);
  copy.querySelectorAll('mjx-container, code, pre').forEach(e => e.remove()); return copy.textContent; }"""


@pytest.fixture(scope="module")
def markdown():
    return (build_cheatsheet.DOCS / build_cheatsheet.MARKDOWN).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def rows(markdown):
    """What is said of each loss: in words, of the equation, and of the gradient."""
    sections = markdown.split("\n### ")[1:]
    return [re.split(r"\*\*(?:Equation|Gradient)\*\*", section.split("\n## ")[0]) for section in sections]


@pytest.fixture(scope="module")
def sheet():
    """The page in Chromium as it is printed, and the requests that it made."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: pip install playwright")
    program = build_cheatsheet.chromium()
    if program is None:
        pytest.skip("no Chromium is installed: apt-get install chromium")
    if not build_cheatsheet.MATHJAX.is_file():
        pytest.skip("MathJax is not installed: npm install mathjax")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program)
        page = browser.new_page(viewport={"width": 794, "height": 1123})  # A4 at 96 pixels for an inch
        page.set_default_timeout(PATIENCE)
        page.requests = []
        page.on("request", lambda request: page.requests.append(request.url))
        page.emulate_media(media="print")
        build_cheatsheet.show(page, build_cheatsheet.render("html"))
        yield page
        browser.close()


def test_the_page_says_what_the_docstrings_say_now():
    assert build_cheatsheet.stale() == [], "run: make cheatsheet"


def test_the_page_is_stale_as_soon_as_a_docstring_says_something_else(monkeypatch, tmp_path):
    assert build_cheatsheet.stale(tmp_path) == ["cheatsheet.md", "cheatsheet.pdf"]
    other = losses.gram_matrix.__doc__.replace("F_{jk}", "F_{kj}")
    monkeypatch.setattr(losses.gram_matrix, "__doc__", other)
    assert build_cheatsheet.stale() == ["cheatsheet.md", "cheatsheet.pdf"]


def test_every_equation_of_the_slides_stands_beside_its_gradient(rows):
    tags = [[re.match(r" \((Eq\. \d)\)\.", cell) for cell in row[1:]] for row in rows]
    assert [[tag and tag[1] for tag in pair] for pair in tags] == [
        ["Eq. 1", "Eq. 2"],
        ["Eq. 3", None],
        ["Eq. 4", "Eq. 6"],
        ["Eq. 5", None],
        ["Eq. 7", None],
        [None, None],  # total variation, which the slides do not have
    ]
    for (_, _, gradient), by in zip(rows, ("F_{ij}", "F", "F_{ij}", "F^l_{ij}", "x", "x_{ij}"), strict=True):
        assert re.search(rf"\$\$\n\\frac{{\\partial \w+.*?}}{{\\partial {re.escape(by)}}} = ", gradient)


def test_every_function_of_losses_stands_on_the_page_and_no_other(rows):
    named = {name for row in rows for cell in row[1:] for name in re.findall(r"`(\w+)\(", cell)}
    assert named == {name for name, thing in vars(losses).items() if inspect.isfunction(thing) and name[0] != "_"}


def test_functions_take_and_give_the_shapes_that_the_page_says(rows):
    tried = 0
    for cell in (cell for row in rows for cell in row[1:] if "→" in cell):
        name, given, result = re.search(r"`(\w+)\([^`]*`; (.*) → (.*)$", cell, re.MULTILINE).groups()
        arguments = {
            argument: example(argument, shape)
            for group in given.split("; ")
            for argument in group.split(": ")[0].split(", ")
            for shape in [group.split(": ")[1]]
        }
        answer = getattr(losses, name)(**arguments)
        assert tuple(answer.shape) == tuple(sizes(result)), name
        tried += 1
    assert tried == 8


def sizes(shape):
    return [NUMBERS[letter] for letter in re.findall(r"[A-Z]", shape)]


def example(argument, shape):
    """Return what the page calls (N, M), a number or numbers: losses are tensors, weights are plain numbers."""
    number = 2.0 if argument in ("alpha", "beta", "weights") else torch.tensor(2.0)
    return {"number": number, "numbers": [number] * 3}.get(shape, torch.rand(sizes(shape)))


def gradient(loss, x):
    (answer,) = torch.autograd.grad(loss(x), x)
    return answer


def test_the_gradient_of_total_variation_is_twice_the_sum_of_the_differences_to_the_neighbours():
    x = torch.rand(3, 5, 7, dtype=torch.float64, requires_grad=True)
    by_hand = torch.zeros_like(x)
    for i, j in itertools.product(range(5), range(7)):
        for a, b in ((i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1)):
            if a in range(5) and b in range(7):
                by_hand[:, i, j] += 2 * (x[:, i, j] - x[:, a, b]).detach()
    torch.testing.assert_close(gradient(losses.total_variation, x), by_hand)


def test_the_gradient_of_the_style_loss_by_one_layer_is_its_weight_times_that_of_the_layer():
    F, A, other = (torch.rand(n, m, dtype=torch.float64) for n, m in ((5, 7), (5, 5), (1, 1)))
    F.requires_grad_(True)
    layer = lambda F: losses.style_layer_loss(F, A)  # noqa: E731
    both = gradient(lambda F: losses.style_loss([other.sum(), layer(F)], [0.3, 0.7]), F)
    torch.testing.assert_close(both, 0.7 * gradient(layer, F))


def test_links_lead_to_files(markdown):
    links = re.findall(r"\]\(([^)]+)\)", markdown)
    assert len(links) == 7  # six rows have a notebook, and the PDF
    assert [link for link in links if not (build_cheatsheet.DOCS / link).is_file()] == []


def test_layers_weights_and_scales_are_those_of_the_package(markdown):
    said = re.findall(r"`(relu\d_\d)`", markdown.split("```")[2])
    assert tuple(said) == (*transfer.CONTENT_LAYERS, *transfer.STYLE_LAYERS)
    assert f"$w_l = 1/{len(transfer.STYLE_LAYERS)}$" in markdown
    assert re.findall(r"scale `(\w+)`", markdown) == [inspect.signature(transfer.stylise).parameters["scale"].default]
    assert set(re.findall(r'scale="(\w+)"', markdown)) < set(objective.SCALES)


def test_the_whole_of_gatys_in_code_paints(markdown, tmp_path, monkeypatch, capsys):
    code = re.search(r"```python\n(.*?)```", markdown, re.DOTALL)[1]
    monkeypatch.chdir(tmp_path)
    exec(code.replace("size=256", "size=49"), {})
    assert max(load_image("painting.png").shape) == 49
    said = capsys.readouterr().out.splitlines()
    assert said[-1].startswith(f"{transfer.STEPS} {{'content': ")


def test_the_pdf_is_one_page_of_a4():
    pdf = (build_cheatsheet.DOCS / build_cheatsheet.PDF).read_bytes()
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1
    (box,) = re.findall(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    assert [float(side) / 72 * 25.4 for side in box] == pytest.approx([210, 297], abs=0.5)  # millimetres


def test_nothing_is_cut_and_nothing_overlaps(sheet):
    assert sheet.evaluate(CUT) == []


@pytest.mark.parametrize(
    "spoil",
    [
        "document.querySelector('code').textContent += '_'.repeat(300)",
        "document.querySelector('h2').style.marginTop = '40mm'",
        "Object.assign(document.querySelector('table').style, {position: 'relative', top: '-9mm'})",
        "document.body.style.padding = 0",
    ],
)
def test_the_check_sees_what_is_too_wide_too_long_too_close_or_at_the_edge(sheet, spoil):
    kept = sheet.evaluate("document.body.outerHTML")
    try:
        sheet.evaluate(spoil)
        assert sheet.evaluate(CUT) != []
    finally:
        sheet.evaluate("html => { document.body.outerHTML = html }", kept)


def test_no_text_is_smaller_than_8_points(sheet):
    assert min(sheet.evaluate(SIZES)) >= 8


def test_mathematics_is_set_and_no_request_leaves_the_machine(sheet):
    found = build_cheatsheet.facts()["rows"]
    assert sheet.locator(".equation mjx-container svg").count() == 2 * len(found)
    assert sheet.locator("[data-mjx-error], mjx-merror").count() == 0
    assert not re.search(r"\\[a-z(]|\$", sheet.evaluate(VISIBLE))
    assert [url for url in sheet.requests if not url.startswith(("data:", "about:"))] == []


def test_an_equation_that_cannot_be_set_is_refused(sheet):
    page = sheet.context.browser.new_page()
    with pytest.raises(build_cheatsheet.BuildError, match="MathJax cannot set an equation: Undefined"):
        build_cheatsheet.show(page, build_cheatsheet.render("html").replace("\\alpha", "\\alpah"))
    page.close()


def test_the_page_prints_on_one_page(sheet):
    assert len(re.findall(rb"/Type\s*/Page\b", sheet.pdf(prefer_css_page_size=True))) == 1
