"""The studio as a visitor meets it: `make studio`'s command, a headless Chromium, and real files."""

import io
import json
import subprocess
import sys
import time
from pathlib import Path

import av
import numpy as np
import pytest
from moving import make_video, pan
from PIL import Image
from test_browser import CHROMIUM, environment, free_port, sync_api, wait_for_answer

from stylekit.files import RECIPE

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed: apt-get install chromium")

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 60  # seconds for anything on a busy machine; what takes longer hangs
RECORD = """() => { const image = () => document.querySelector('img[alt="The picture as it is now"]');
  window.shown = []; const note = () => { const src = image()?.src;
    if (src && window.shown.at(-1) !== src) window.shown.push(src); };
  new MutationObserver(note).observe(document.body, {subtree: true, childList: true, attributes: true}); }"""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Serve the notebook as `make studio` does; Jupyter's own folders and all temporary files are ours."""
    folder, port = tmp_path_factory.mktemp("studio"), free_port()
    (folder / "temporary").mkdir()
    command = [sys.executable, "-m", "voila", "notebooks/12-studio.ipynb", "--no-browser", f"--port={port}"]
    command += [
        "--MappingKernelManager.cull_idle_timeout=10",
        "--MappingKernelManager.cull_interval=2",
    ]  # not 2 minutes
    around = environment(folder) | {"TMPDIR": str(folder / "temporary"), "OMP_NUM_THREADS": "1"}
    log = folder / "log"
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=around, stdout=output, stderr=output)
    try:
        wait_for_answer(f"http://127.0.0.1:{port}/voila/static/voila.js", process, log)
        yield f"http://127.0.0.1:{port}", folder / "temporary"
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])


@pytest.fixture
def page(browser, address, tmp_path):
    """Open the studio; a complaint of the page fails the test."""
    complaints = []
    page = browser.new_page(viewport={"width": 1280, "height": 1100}, accept_downloads=True)
    page.set_default_timeout(PATIENCE * 1000)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address[0])
    button(page, "Start").wait_for()
    yield page
    page.screenshot(path=tmp_path / "last.png", full_page=True)
    page.close()
    assert complaints == []


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)


def bring(page, number, name, content, kind):
    """Upload a file to the photographs (0) or the styles (1)."""
    with page.expect_file_chooser() as waiting:
        page.get_by_role("button", name="Upload").nth(number).click()
    waiting.value.set_files({"name": name, "mimeType": kind, "buffer": content})


def said(page, words):
    page.get_by_role("status").filter(has_text=words).first.wait_for()


def downloaded(page):
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download").click()
    return waiting.value


def test_the_page_shows_no_code_and_no_lesson(page):
    text = page.inner_text("body")
    assert "Choose, start, watch, keep" in text
    assert "import" not in text and "Roads not taken" not in text


def test_a_phone_photograph_is_painted_while_the_preview_changes_and_what_is_stopped_can_be_kept(page, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright
    content, row = io.BytesIO(), np.linspace(0, 255, 4000).astype(np.uint8)
    Image.fromarray(np.broadcast_to(row[None, :, None], (3000, 4000, 3)).copy()).save(content, "JPEG", exif=exif)
    bring(page, 0, "IMG_0001 (2).JPG", content.getvalue(), "image/jpeg")
    page.get_by_text("It stays in the memory").wait_for()
    page.evaluate(RECORD)
    page.get_by_label("size in pixels").press("End")  # a small painting may be done before Pause is clicked
    button(page, "Start").click()
    page.wait_for_function("() => window.shown.length > 3")
    button(page, "Pause").click()
    said(page, "Paused")
    page.screenshot(path=tmp_path / "painting.png", full_page=True)
    button(page, "Resume").click()
    button(page, "Stop and keep").click()
    said(page, "Stopped after")
    file = downloaded(page)
    file.save_as(tmp_path / "kept.png")
    kept = Image.open(tmp_path / "kept.png")
    assert kept.format == "PNG" and kept.height > kept.width, "upright, as EXIF says"
    assert len(set(page.evaluate("window.shown"))) > 3


def test_instant_gives_the_picture_and_the_history_brings_it_back(page, tmp_path):
    button(page, "instant").click()
    button(page, "chelsea").click()
    button(page, "waves").click()
    button(page, "Start").click()
    said(page, "Done in")
    downloaded(page).save_as(tmp_path / "one.png")
    button(page, "haze").click()
    button(page, "Start").click()
    page.get_by_role("link", name="Download chelsea-haze.png").wait_for()
    page.screenshot(path=tmp_path / "instant.png", full_page=True)
    button(page, "Restore").nth(1).click()
    page.get_by_role("link", name="Download chelsea-waves.png").wait_for()
    downloaded(page).save_as(tmp_path / "two.png")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_the_colours_that_instant_has_are_reached_by_keyboard_and_paint_has_one_more(page):
    row = page.locator(".widget-inline-hbox").filter(has_text="colours")
    for method, largest, last in (("quilt", 2, "matched"), ("instant", 1, "style"), ("paint", 2, "matched")):
        button(page, method).click()
        handle = row.locator(f".noUi-handle[aria-valuemax='{largest}.0']")
        handle.wait_for()
        if method == "instant":  # which cannot match
            row.get_by_text("style").wait_for()
        else:
            handle.focus()
            page.keyboard.press("End")
        row.get_by_text(last).wait_for()


def test_styles_are_mixed_by_keyboard_and_the_second_stays_when_the_first_changes(page, tmp_path):
    button(page, "instant").click()
    second = page.get_by_label("mix with")
    second.select_option("waves")
    for label, key in (("its share", "End"), ("strength", "Home")):
        page.get_by_role("slider", name=label, exact=True).focus()
        page.keyboard.press(key)
    button(page, "facets").click()
    second.locator("option", has_text="swirls").wait_for(state="attached")
    assert second.locator("option:checked").inner_text() == "waves"
    button(page, "Start").click()
    page.get_by_role("link", name="Download chelsea-facets-waves.png").wait_for()
    page.screenshot(path=tmp_path / "mixed.png", full_page=True)
    downloaded(page).save_as(tmp_path / "mixed-painting.png")
    made = json.loads(Image.open(tmp_path / "mixed-painting.png").text[RECIPE])["studio"]
    assert (made["style"], made["mix_with"], made["share"], made["strength"]) == ("facets", "waves", 1.0, 0.0)
    button(page, "waves").click()  # with which it cannot be mixed any longer
    page.get_by_role("slider", name="its share", exact=True).wait_for(state="hidden")
    assert second.locator("option:checked").inner_text() == "nothing"


def test_the_divider_moves_by_keyboard(page):
    button(page, "instant").click()
    button(page, "Start").click()
    image = page.locator('img[alt="The finished picture"]')
    image.wait_for()
    page.locator(".widget-inline-hbox").filter(has_text="before | after").locator(".noUi-handle").focus()
    for _ in range(5):
        page.keyboard.press("PageUp")
    page.locator('img[alt^="The photograph left of"]').wait_for()


def test_a_film_is_tried_painted_played_and_downloaded(page, tmp_path):
    make_video(tmp_path / "pan.mp4", pan(7, 96, 128), 10)
    bring(page, 0, "../pan.mp4", (tmp_path / "pan.mp4").read_bytes(), "video/mp4")
    button(page, "Try one frame").click()
    said(page, "Done in")
    button(page, "Start").click()
    page.locator("video").wait_for()
    file = downloaded(page)
    assert file.suggested_filename.endswith(".mp4")
    file.save_as(tmp_path / "painted.mp4")
    with av.open(str(tmp_path / "painted.mp4")) as film:
        assert sum(1 for _ in film.decode(video=0)) == 7
    assert page.locator("video").evaluate("film => film.play().then(() => film.videoWidth)") >= 96
    page.screenshot(path=tmp_path / "film.png", full_page=True)


def test_a_corrupt_file_is_refused_in_the_page_and_the_page_goes_on(page):
    bring(page, 0, "holiday.jpg", b"\xff\xd8\xff\xe0 not really", "image/jpeg")
    said(page, "That file cannot be used")
    assert "Traceback" not in page.inner_text("body")
    button(page, "instant").click()
    button(page, "Start").click()
    said(page, "Done in")


def test_two_visitors_have_two_studios(browser, address, page):
    other = browser.new_page()
    other.set_default_timeout(PATIENCE * 1000)
    other.goto(address[0])
    button(other, "waves").click()
    other.get_by_text("Waves.").wait_for()
    assert page.get_by_text("Waves.").count() == 0
    for each in (page, other):
        button(each, "instant").click()
        button(each, "Start").click()
    for each, name in ((page, "chelsea-swirls.png"), (other, "chelsea-waves.png")):
        each.get_by_role("link", name=f"Download {name}").wait_for()
    other.close()


def test_when_visitors_have_gone_nothing_of_theirs_is_left(browser, address, tmp_path):
    make_video(tmp_path / "pan.mp4", pan(3, 96, 128), 10)
    page = browser.new_page()
    page.set_default_timeout(PATIENCE * 1000)
    page.goto(address[0])
    bring(page, 0, "pan.mp4", (tmp_path / "pan.mp4").read_bytes(), "video/mp4")
    page.get_by_text("It stays in the memory").wait_for()
    assert list(address[1].glob("stylekit-studio-*"))
    page.goto("about:blank")
    end = time.monotonic() + PATIENCE
    while list(address[1].glob("stylekit-studio-*")):
        assert time.monotonic() < end, "the upload is still there"
        time.sleep(0.2)


def test_axe_finds_no_serious_violation(page):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    button(page, "instant").click()
    button(page, "Start").click()
    said(page, "Done in")
    found = axe.Axe().run(page).response["violations"]
    serious = {
        v["id"]: [node["html"][:200] for node in v["nodes"][:3]]
        for v in found
        if v["impact"] in ("serious", "critical")
    }
    assert serious == {}
