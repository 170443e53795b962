"""Notebook 07 in a real browser: JupyterLab runs, a headless Chromium opens the notebook, sliders move by keyboard."""

import base64
import io
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: pip install playwright")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed: apt-get install chromium")

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
NAME = "07-what-the-weights-do"
PATIENCE = 120  # seconds for the whole notebook on a busy machine; what takes longer hangs
SETTINGS = {  # every cell stands in the page, and nothing pops up over it
    "notebook-extension/tracker": {"windowingMode": "none"},
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}
RUN_ALL = "() => window.jupyterapp.commands.execute('notebook:run-all-cells').then(() => true)"
RUN_CELL = """code => { const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
  const future = kernel.requestExecute({code}); let text = '';
  future.onIOPub = message => { text += message.content.text ?? ''; };
  return future.done.then(() => text); }"""
# Keep every picture that the image shows, with the words beside it at that moment.
RECORD = """image => { const box = image.closest('.widget-vbox'); window.shown = [];
  const note = () => { const src = box.querySelector('img').src;
    if (window.shown.at(-1)?.src !== src) window.shown.push({src, text: box.innerText, at: performance.now()}); };
  note(); new MutationObserver(note).observe(box, {subtree: true, childList: true}); }"""


@pytest.fixture
def name():
    """The notebook that is opened; a module that imports these fixtures has its own."""
    return NAME


@pytest.fixture
def lab(tmp_path, name):
    """Start JupyterLab on a copy of the notebook; yield its address and token."""
    root = tmp_path / "notebooks"
    root.mkdir()
    for file in (f"{name}.ipynb", "glossary.md"):
        shutil.copy(NOTEBOOKS / file, root)
    for key, settings in SETTINGS.items():
        path = tmp_path / "settings" / "@jupyterlab" / f"{key}.jupyterlab-settings"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(settings))
    port, token = free_port(), secrets.token_hex(16)
    log = tmp_path / "jupyter.log"
    with log.open("w") as output:
        process = subprocess.Popen(command(root, port, token), env=environment(tmp_path), stdout=output, stderr=output)
    try:
        wait_for_answer(f"http://127.0.0.1:{port}/api/status?token={token}", process, log)
        yield f"http://127.0.0.1:{port}", token
    finally:
        process.terminate()  # it ends its kernels, too
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def command(root, port, token):
    options = {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": port,
        "ServerApp.port_retries": 0,
        "ServerApp.root_dir": root,
        "ServerApp.allow_root": True,
        "IdentityProvider.token": token,
        "LabApp.expose_app_in_browser": True,
        "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
    }
    settings = [f"--{name}={value}" for name, value in options.items()]
    return [sys.executable, "-m", "jupyter", "lab", "--no-browser", *settings]


def environment(folder):
    """Return this process's environment, with every folder of Jupyter's own a temporary one."""
    own = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_WORKSPACES_DIR", "IPYTHONDIR")
    folders = {name: str(folder / name.lower()) for name in own}
    return os.environ | folders | {"JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"), "JUPYTER_PREFER_ENV_PATH": "1"}


def wait_for_answer(address, process, log):
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return urllib.request.urlopen(address, timeout=5).close()
        except OSError:
            assert process.poll() is None and time.monotonic() < end, f"no JupyterLab:\n{log.read_text()[-3000:]}"
            time.sleep(0.2)


@pytest.fixture
def page(lab, tmp_path, name):
    """Open the notebook in a headless browser; a complaint of the page about a widget fails the test."""
    address, token = lab
    complaints = []
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.set_default_timeout(PATIENCE * 1000)
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{address}/doc/tree/{name}.ipynb?token={token}")
        yield page
        page.screenshot(path=tmp_path / "last.png")
        browser.close()
    (tmp_path / "complaints.txt").write_text("\n".join(complaints))
    ours = [text for text in complaints if any(word in text.lower() for word in ("widget", "comm", "model", "mime"))]
    assert ours == []


def as_pixels(src):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(src.split(",", 1)[1]))).convert("RGB")).astype(float)


def distance(one, two):
    return float(np.abs(as_pixels(one) - as_pixels(two)).mean())


def slider(page, box, label):
    """Return the handle of the slider with this label, which the Tab key reaches."""
    row = box.locator(".widget-inline-hbox").filter(has_text=label)
    handle = row.locator(".noUi-handle")
    assert handle.get_attribute("tabindex") == "0" and handle.get_attribute("role") == "slider"
    return handle


def wait_for_frames(page, count):
    page.wait_for_function("count => window.shown.length >= count", arg=count)


def test_sliders_move_by_keyboard_and_the_live_painting_goes_on_from_its_picture(page, tmp_path):
    page.wait_for_function("() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel")
    assert page.evaluate(RUN_ALL)
    start = page.get_by_role("button", name="Start", exact=True)
    start.wait_for()
    explorer = page.locator(".widget-vbox").filter(has_text="style layers up to").first

    before = explorer.locator("img").get_attribute("src")
    explorer.scroll_into_view_if_needed()
    slider(page, explorer, "log10(alpha / beta)").focus()
    for _ in range(4):  # a quarter each
        page.keyboard.press("ArrowLeft")
    explorer.get_by_text("alpha / beta = 0.0001").wait_for()
    assert explorer.locator("img").get_attribute("src") != before
    page.keyboard.press("Tab")  # the number beside the slider, which can be typed
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowLeft")
    explorer.get_by_text("style layers relu1_1, relu2_1, relu3_1, relu4_1;").wait_for()
    page.screenshot(path=tmp_path / "explorer.png")

    knobs = page.locator(".jp-OutputArea-output").filter(has=start)
    start.scroll_into_view_if_needed()
    knobs.locator("img").evaluate(RECORD)
    start.focus()
    page.keyboard.press("Enter")
    wait_for_frames(page, 13)
    assert page.evaluate(RUN_CELL, "print(6 * 7 * 1000)").strip() == "42000"  # while it paints
    page.screenshot(path=tmp_path / "live.png")

    slider(page, knobs, "log10(alpha / beta)").focus()
    count = page.evaluate("window.shown.length")
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    page.wait_for_function("() => window.shown.at(-1).text.includes('content weight 3.')")
    wait_for_frames(page, count + 8)

    page.get_by_role("button", name="Stop", exact=True).click()
    knobs.get_by_text("Stopped.").wait_for()
    shown = page.evaluate("window.shown")
    page.wait_for_timeout(1000)
    assert page.evaluate("window.shown.length") == len(shown), "frames go on after the stop"
    page.screenshot(path=tmp_path / "stopped.png")
    (tmp_path / "shown.json").write_text(json.dumps(shown))

    pictures = [frame["src"] for frame in shown]
    assert len(set(pictures)) > 10
    first = next(number for number, frame in enumerate(shown) if "content weight 3." in frame["text"])
    assert distance(pictures[first], pictures[first - 1]) < distance(pictures[first], pictures[0]) / 3
    assert page.evaluate(RUN_CELL, "print(live.painting)").strip() == "False"
