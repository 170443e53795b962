"""The studio in JupyterLab: it stands, it works, and its keys stay its own."""

import pytest
from test_browser import CHROMIUM, RUN_ALL, lab, page, slider  # noqa: F401 (two of them are fixtures)

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed: apt-get install chromium")


@pytest.fixture
def name():
    return "12-studio"


def test_the_studio_works_in_jupyterlab_by_keyboard(page, tmp_path):  # noqa: F811
    page.wait_for_function("() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel")
    assert page.evaluate(RUN_ALL)
    studio = page.locator(".jp-OutputArea-output").filter(has=page.get_by_role("button", name="Start", exact=True))
    studio.wait_for()
    studio.get_by_role("button", name="instant", exact=True).focus()
    page.keyboard.press("Enter")
    for label, reads in (("size in pixels", "384"), ("colours", "photograph")):
        slider(page, studio, label).focus()
        page.keyboard.press("ArrowRight")
        studio.locator(".widget-inline-hbox").filter(has_text=label).get_by_text(reads).wait_for()
        assert slider(page, studio, label).get_attribute("aria-label") == label
    studio.get_by_role("button", name="Start", exact=True).focus()
    page.keyboard.press("Enter")
    studio.get_by_role("status").filter(has_text="Done in").wait_for()
    studio.get_by_role("link", name="Download chelsea-swirls.png").wait_for()
    page.screenshot(path=tmp_path / "lab.png")
