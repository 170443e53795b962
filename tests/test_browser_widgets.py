"""The widgets of notebooks 01 and 03 in a real browser: by keyboard, by a click, and what the page then shows."""

import re

import pytest
from test_browser import CHROMIUM, RUN_ALL, lab, page, slider  # noqa: F401 (two of them are fixtures)

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed: apt-get install chromium")
BROWSER, GRAM = "01-what-a-network-sees", "03-gram-matrix"


@pytest.fixture
def name(request):
    return request.param


def run_notebook(page, label):  # noqa: F811
    """Run the whole notebook; return the widget that has a control with this label."""
    page.wait_for_function("() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel")
    assert page.evaluate(RUN_ALL)
    widget = page.locator(".jp-OutputArea-output").filter(has=page.get_by_text(label, exact=True))
    widget.wait_for()
    widget.scroll_into_view_if_needed()
    return widget


def sources(widget):
    return widget.locator("img").evaluate_all("images => images.map(image => image.src)")


def without_words(widget):
    """Return the pictures without alternative text, and the controls without a name."""
    return widget.evaluate(
        """widget => [...widget.querySelectorAll('img')].filter(image => image.alt.length < 20).map(i => i.outerHTML)
        .concat([...widget.querySelectorAll('button, select, [role=slider]')].filter(control => !(control.title ||
        control.ariaLabel || control.labels?.[0]?.innerText || control.closest('.widget-inline-hbox')?.querySelector(
        '.widget-label')?.innerText)).map(control => control.outerHTML))"""
    )


@pytest.mark.parametrize("name", [BROWSER], indirect=True)
def test_the_feature_browser_moves_by_keyboard_from_filter_to_filter_and_to_another_layer(page, tmp_path):  # noqa: F811
    widget = run_notebook(page, "layer")
    status = widget.get_by_role("status")
    assert status.inner_text().startswith("relu3_1, filter 13 of 0 to 95:")
    before = sources(widget)
    assert len(before) == 6 and without_words(widget) == []
    page.screenshot(path=tmp_path / "browser.png")

    slider(page, widget, "filter").focus()
    page.keyboard.press("ArrowRight")
    widget.get_by_text("relu3_1, filter 14 of 0 to 95:").wait_for()
    after = sources(widget)
    assert after[0] != before[0] and after[1] != before[1]

    slider(page, widget, "layer").focus()
    page.keyboard.press("ArrowRight")
    widget.get_by_text(re.compile(r"conv3_2, filter \d+ of 0 to 95: .*purple below 0")).wait_for()
    assert sources(widget)[0] != after[0]
    assert without_words(widget) == []
    page.screenshot(path=tmp_path / "conv.png")


@pytest.mark.parametrize("name", [GRAM], indirect=True)
def test_an_entry_of_the_gram_matrix_is_chosen_by_keyboard_and_by_a_click(page, tmp_path):  # noqa: F811
    widget = run_notebook(page, "filter i (row)")
    status = widget.get_by_role("status")
    assert status.inner_text().startswith("G[0, 10] = ")
    before = sources(widget)
    assert len(before) == 3 and without_words(widget) == []
    page.screenshot(path=tmp_path / "gram.png")

    slider(page, widget, "filter i (row)").focus()
    page.keyboard.press("ArrowRight")
    widget.get_by_text("G[1, 10] = ").wait_for()
    after = sources(widget)
    assert after[0] != before[0] and after[1] == before[1] and after[2] != before[2]
    page.keyboard.press("Tab")  # the number beside the slider, which can be typed
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowLeft")
    widget.get_by_text("G[1, 9] = ").wait_for()
    now = sources(widget)
    assert now[0] == after[0] and now[1] != after[1]

    entry = widget.get_by_title(re.compile(r"^G\[4, 13\] = "))
    entry.click()
    widget.get_by_text("G[4, 13] = ").wait_for()
    assert entry.evaluate("button => getComputedStyle(button).borderTopWidth") == "3px"
    assert widget.locator("button").count() == 256
    assert widget.locator("button[tabindex='0'], button:not([tabindex])").count() == 0
    page.screenshot(path=tmp_path / "clicked.png")
