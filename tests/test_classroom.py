"""A kit for a room: real JupyterHub with two students on loopback, the image's steps, the cluster's values."""

import json
import os
import re
import secrets
import shlex
import shutil
import subprocess
import sys
import time
import tomllib
import uuid
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest
import requests
import websocket
import yaml
from test_browser import environment, free_port
from traitlets.config.loader import PyFileConfigLoader

ROOT = Path(__file__).resolve().parent.parent
CLASSROOM = ROOT / "docs" / "classroom"
CONFIG = CLASSROOM / "jupyterhub_config.py"
PATIENCE = 60  # seconds for one answer on a busy machine; what takes longer hangs
BIN = Path(sys.executable).parent
PROXY = shutil.which("configurable-http-proxy", path=f"{BIN}{os.pathsep}{os.environ['PATH']}")
HUB_IS_HERE = find_spec("jupyterhub") is not None and PROXY is not None
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="neither JupyterHub nor the image runs on Windows")
needs_hub = pytest.mark.skipif(
    not HUB_IS_HERE,
    reason="JupyterHub or its proxy is not installed: see docs/classroom.md, 1. Install",
)
# The kit's folder and its Python, as the image and the hub would find them.
AROUND = {"STYLEKIT_KIT": str(ROOT), "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "OMP_NUM_THREADS": "1"}


def wait_until(true, what, process=None, log=None):
    end = time.monotonic() + PATIENCE
    while not true():
        words = log.read_text(errors="replace")[-3000:] if log else ""
        assert time.monotonic() < end and (process is None or process.poll() is None), f"{what}\n{words}"
        time.sleep(0.2)


def answers(address):
    try:
        return requests.get(address, timeout=5).ok
    except requests.ConnectionError:
        return False


def family(process):
    """Return a process and all that it has started, or nothing if it has ended."""
    if process.poll() is not None:
        return []
    return [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]


def run_as_root_where_we_are_root(home):
    """Let a server start in this home although the tests run as root, as they do in many containers."""
    (home / ".jupyter").mkdir(parents=True)
    settings = {"ServerApp": {"allow_root": True}}
    (home / ".jupyter" / "jupyter_server_config.json").write_text(json.dumps(settings))


class Student:
    """Somebody who has logged in to the hub and has a server there."""

    def __init__(self, hub, name, password):
        self.hub, self.name, self.base = hub, name, f"{hub}/user/{name}"
        session = requests.Session()
        session.get(f"{hub}/hub/login", timeout=PATIENCE)
        form = {"username": name, "password": password, "_xsrf": xsrf(session)}
        self.login = session.post(f"{hub}/hub/login", data=form, timeout=PATIENCE)
        if self.login.ok:
            own = {"X-XSRFToken": xsrf(session)}
            reply = session.post(f"{hub}/hub/api/users/{name}/tokens", headers=own, json={}, timeout=PATIENCE)
            self.headers = {"Authorization": f"token {reply.json()['token']}"}

    def has_server(self):
        answer = requests.get(f"{self.hub}/hub/api/users/{self.name}", headers=self.headers, timeout=PATIENCE)
        return answer.json()["servers"].get("", {}).get("ready", False)

    def ask(self, path, whose=None, method="GET", **body):
        address = f"{self.hub}/user/{whose or self.name}{path}"
        return requests.request(method, address, headers=self.headers, timeout=PATIENCE, **body)

    def open_notebook(self, name):
        """Open a notebook as JupyterLab does: its content, and a session with a kernel."""
        notebook = self.ask(f"/api/contents/{name}").json()
        wanted = {"path": name, "type": "notebook", "name": "", "kernel": {"name": "python3"}}
        self.kernel = self.ask("/api/sessions", method="POST", json=wanted).json()["kernel"]["id"]
        return notebook

    def run_cell(self, code):
        """Return (status, printed text) of code in the kernel, over the same WebSocket as the page's."""
        address = f"{self.base}/api/kernels/{self.kernel}/channels".replace("http", "ws", 1)
        line = websocket.create_connection(address, header=self.headers, timeout=PATIENCE)
        me, text, status, idle = uuid.uuid4().hex, "", None, False
        header = {"msg_id": me, "msg_type": "execute_request", "session": me, "username": self.name, "version": "5.3"}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": {"code": code}, "channel": "shell"}
        line.send(json.dumps(message))
        while status is None or not idle:  # the reply and what is printed come by different ways, in any order
            reply = json.loads(line.recv())
            if reply["parent_header"].get("msg_id") == me:
                text += reply["content"].get("text", "")
                status = reply["content"]["status"] if reply["msg_type"] == "execute_reply" else status
                idle = idle or reply["content"].get("execution_state") == "idle"
        line.close()
        return status, text


def xsrf(session):
    return next(cookie.value for cookie in session.cookies if cookie.name == "_xsrf" and cookie.path == "/hub/")


@pytest.fixture
def room(tmp_path):
    """Start JupyterHub with the kit's configuration, as a trial; yield its address, password and folder of homes."""
    port, password, log = free_port(), secrets.token_hex(8), tmp_path / "hub.log"
    homes, place = tmp_path / "homes", tmp_path / "run"
    place.mkdir()
    for name in ("ada", "ben"):
        run_as_root_where_we_are_root(homes / name)
    trial = {"STYLEKIT_TRIAL": str(homes), "STYLEKIT_TRIAL_PASSWORD": password}
    around = environment(tmp_path) | {"OMP_NUM_THREADS": "1", "STYLEKIT_URL": f"http://127.0.0.1:{port}"} | trial
    command = [sys.executable, "-m", "jupyterhub", "-f", CONFIG, f"--JupyterHub.hub_port={free_port()}"]
    command.append(f"--ConfigurableHTTPProxy.api_url=http://127.0.0.1:{free_port()}")
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=place, env=around, stdout=output, stderr=output)
    try:
        wait_until(lambda: answers(f"http://127.0.0.1:{port}/hub/api"), "no hub", process, log)
        yield f"http://127.0.0.1:{port}", password, homes
    finally:
        everyone = family(process)
        process.terminate()  # it stops the students' servers, and the proxy
        _, left = psutil.wait_procs(everyone, timeout=30)
        for one in left:
            one.kill()
    assert left == [], "processes outlive the hub"


@needs_hub
def test_two_students_each_open_and_run_their_own_copy_of_the_kit(room):
    hub, password, homes = room
    assert Student(hub, "ada", "a guess").login.status_code == 403
    kept = homes / "ben" / "stylekit-notebooks" / "glossary.md"
    kept.parent.mkdir()
    kept.write_text("mine, from last week")
    ada, ben = students = [Student(hub, name, password) for name in ("ada", "ben")]
    for student in students:  # each login has asked for a server
        wait_until(student.has_server, f"the server of {student.name} does not come up")
    for student in students:
        notebook = student.open_notebook("00-start-here.ipynb")
        first = next(cell["source"] for cell in notebook["content"]["cells"] if cell["cell_type"] == "code")
        assert "stylekit" in first
        assert student.run_cell(first)[0] == "ok"
        status, text = student.run_cell("import os, torch\nprint(os.getcwd(), torch.get_num_threads())")
        assert (status, text.strip()) == ("ok", f"{homes}/{student.name}/stylekit-notebooks 1")
    assert kept.read_text() == "mine, from last week"
    one_students_change_stays_there(ada, ben)
    what_is_not_theirs_is_refused(ada)
    the_studio_takes_a_large_upload(ada)


def one_students_change_stays_there(ada, ben):
    path, before = "/api/contents/00-start-here.ipynb", (ROOT / "notebooks" / "00-start-here.ipynb").read_bytes()
    notebook = ada.ask(path).json()["content"]
    notebook["cells"][0]["source"] = "ada was here"
    assert ada.ask(path, method="PUT", json={"type": "notebook", "content": notebook}).ok
    assert ada.ask(path).json()["content"]["cells"][0]["source"] == "ada was here"
    assert "ada was here" not in ben.ask(path).text
    assert (ROOT / "notebooks" / "00-start-here.ipynb").read_bytes() == before
    assert ada.kernel not in ben.ask("/api/kernels").text


def what_is_not_theirs_is_refused(ada):
    assert ada.ask("/api/contents/solutions").status_code == 404
    assert ada.ask("/api/contents/nowhere.ipynb").status_code == 404
    assert ada.ask("/files/..%2F..%2Fben%2Fstylekit-notebooks%2Fglossary.md").status_code == 403
    assert ada.ask("/api/contents", whose="ben").status_code in (403, 404)
    assert requests.get(f"{ada.base}/api/contents", timeout=PATIENCE).status_code == 403  # nobody


def the_studio_takes_a_large_upload(ada):
    page = ada.ask("/voila/render/12-studio.ipynb")
    assert page.ok and "Roads not taken" not in page.text
    photograph = "x" * 12_000_000  # a WebSocket of Tornado takes 10 MB if nobody says otherwise
    assert ada.run_cell(f"print(len('{photograph}'))") == ("ok", "12000000\n")


def settings(monkeypatch, **around):
    """Return what the configuration sets with these environment variables."""
    for name in [name for name in os.environ if name.startswith("STYLEKIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PATH", os.environ["PATH"])  # the configuration changes it, and here it is put back
    for name, value in around.items():
        monkeypatch.setenv(name, value)
    return PyFileConfigLoader(CONFIG.name, str(CLASSROOM)).load_config()


def test_without_the_trial_only_the_machines_own_accounts_come_in_and_only_from_this_machine(monkeypatch):
    real = settings(monkeypatch)
    assert (real.JupyterHub.authenticator_class, real.JupyterHub.spawner_class) == ("pam", "localprocess")
    assert real.JupyterHub.bind_url.startswith("http://127.0.0.1:")
    assert "SharedPasswordAuthenticator" not in real and "allow_all" not in str(real)


def test_a_trial_without_a_password_lets_nobody_in(monkeypatch, tmp_path):
    trial = settings(monkeypatch, STYLEKIT_TRIAL=str(tmp_path))
    assert trial.JupyterHub.authenticator_class == "shared-password"
    assert trial.SharedPasswordAuthenticator.user_password == ""


def instructions():
    """Yield (instruction, rest) of each line of the Dockerfile, continued lines joined."""
    text = re.sub(r"^#.*\n", "", (ROOT / "docs" / "classroom" / "Dockerfile").read_text(), flags=re.MULTILINE).replace(
        "\\\n", " "
    )
    for line in filter(str.strip, text.splitlines()):
        word, rest = line.split(maxsplit=1)
        yield word, rest


def copied():
    """Return the paths of the repository that the image has, and after how many instructions each comes."""
    return {
        source: number
        for number, (word, rest) in enumerate(instructions())
        if word == "COPY"
        for source in rest.split()[:-1]
    }


def test_the_image_installs_what_the_tests_ran_with_from_what_it_copied(tmp_path):
    """The Dockerfile's own pip commands, dry, in a folder with nothing but what it copied before them."""
    seen, dry = 0, f"{shlex.quote(sys.executable)} -m pip install --dry-run -q"
    for word, rest in instructions():
        if word == "COPY":
            put(rest.split()[:-1], tmp_path)
        if word == "RUN" and "pip install" in rest:
            command = ["sh", "-ec", rest.replace("python -m pip install", dry)]
            around = os.environ | {"TORCH_INDEX": ""}
            result = subprocess.run(command, cwd=tmp_path, env=around, capture_output=True, text=True)
            if "No matching distribution found for hatchling" in result.stderr:
                pytest.skip("no network: pip cannot fetch what builds the package")
            assert result.returncode == 0, f"{rest}\n{result.stderr[-2000:]}"
            seen += 1
    assert seen == 2


def put(sources, folder):
    for source in sources:
        target = folder / source
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, target, ignore=shutil.ignore_patterns("__pycache__", "source", "solutions"))
        else:
            shutil.copy(ROOT / source, target)


def test_the_image_runs_as_a_student_who_may_not_change_the_kit():
    words = list(instructions())
    assert words[0] == ("FROM", "python:3.12-slim")
    user = words.index(("USER", "student"))
    assert all(number < user for number in copied().values())
    assert not any(word == "RUN" and re.search(r"chown|chmod", rest) for word, rest in words)
    assert words[-1] == ("CMD", '["lab"]')


def test_the_image_gets_every_file_it_copies_and_no_solution():
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"
    assert {line[1:] for line in lines if line.startswith("!")} == set(copied())
    assert {"notebooks/source", "notebooks/solutions"} <= set(lines)
    assert all((ROOT / source).exists() for source in copied())


def test_the_extras_that_the_image_installs_exist():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (extras,) = re.findall(r'"\.\[([a-z,]+)\]"', (ROOT / "docs" / "classroom" / "Dockerfile").read_text())
    assert set(extras.split(",")) <= set(project["optional-dependencies"])


@pytest.fixture
def started(tmp_path):
    """Start the image's ENTRYPOINT with words after it, in a temporary home; end what it started."""
    running = []

    def start(*words, port=0):
        entry = json.loads(next(rest for word, rest in instructions() if word == "ENTRYPOINT"))
        command = [word.replace("/opt/stylekit", str(ROOT)) for word in entry]
        around = environment(tmp_path) | AROUND | {"HOME": str(tmp_path / "home"), "STYLEKIT_PORT": str(port)}
        log = tmp_path / f"{len(running)}.log"
        with log.open("w") as output:
            running.append(subprocess.Popen([*command, *words], env=around, stdout=output, stderr=output))
        return running[-1], log

    (tmp_path / "home").mkdir()
    yield start
    for process in running:
        everyone = family(process)
        process.terminate()
        _, left = psutil.wait_procs(everyone, timeout=20)
        for one in left:
            one.kill()


def test_the_image_serves_jupyterlab_and_asks_for_its_token(started, tmp_path):
    port = free_port()
    (command,) = [json.loads(rest) for word, rest in instructions() if word == "CMD"]
    process, log = started(*command, "--allow-root", port=port)
    wait_until(lambda: answers(f"http://127.0.0.1:{port}/lab"), "no JupyterLab", process, log)
    assert requests.get(f"http://127.0.0.1:{port}/api/contents", timeout=PATIENCE).status_code == 403
    (token,) = set(re.findall(r"token=([0-9a-f]{48})", log.read_text()))
    answer = requests.get(f"http://127.0.0.1:{port}/api/contents", params={"token": token}, timeout=PATIENCE).json()
    shown = {entry["name"] for entry in answer["content"]}
    assert shown == {path.name for path in (ROOT / "notebooks").iterdir() if path.suffix in (".ipynb", ".md")}


def test_the_image_serves_the_studio(started):
    port = free_port()
    process, log = started("studio", port=port)
    wait_until(lambda: answers(f"http://127.0.0.1:{port}/voila/static/voila.js"), "no studio", process, log)
    page = requests.get(f"http://127.0.0.1:{port}/", timeout=PATIENCE)
    assert page.ok and "Roads not taken" not in page.text


def test_what_a_student_has_is_never_overwritten_and_the_kit_is_only_read(started, tmp_path):
    own = tmp_path / "home" / "stylekit-notebooks"
    own.mkdir()
    (own / "glossary.md").write_text("mine")
    before = {path: path.stat().st_mtime_ns for path in (ROOT / "notebooks").iterdir()}
    for _ in range(2):
        process, log = started("sh", "-c", "pwd && touch made-here && ls -A")
        assert process.wait(30) == 0
        assert log.read_text().splitlines()[0] == str(own)
    assert (own / "glossary.md").read_text() == "mine"
    assert (own / "02-content-loss.ipynb").read_bytes() == (ROOT / "notebooks" / "02-content-loss.ipynb").read_bytes()
    assert not (own / "solutions").exists() and not list(own.glob("*.part"))
    assert {path: path.stat().st_mtime_ns for path in (ROOT / "notebooks").iterdir()} == before


def test_the_clusters_values_agree_with_the_image_and_let_nobody_in_until_they_are_filled_in():
    values = yaml.safe_load((CLASSROOM / "values.yaml").read_text())
    student, words = values["singleuser"], list(instructions())
    assert student["cmd"] == "jupyterhub-singleuser"
    assert f"--uid {student['uid']} student" in next(rest for word, rest in words if rest.startswith("useradd"))
    assert ("WORKDIR", student["storage"]["homeMountPath"]) in words
    assert float(student["extraEnv"]["OMP_NUM_THREADS"]) <= student["cpu"]["limit"]
    server, studio = student["extraFiles"]["server"]["data"], json.loads((ROOT / "voila.json").read_text())
    assert server["ServerApp"]["tornado_settings"] == studio["Voila"]["tornado_settings"]
    assert server["TagRemovePreprocessor"] == studio["TagRemovePreprocessor"]
    assert values["hub"]["config"]["SharedPasswordAuthenticator"]["user_password"] == ""
    assert "FILL-IN" in student["image"]["name"]


def test_the_page_names_files_and_commands_that_exist():
    page = (ROOT / "docs" / "classroom.md").read_text()
    for path in re.findall(r"docs/classroom/[\w.]+\w", page):
        assert (ROOT / path).exists(), path
    for name in re.findall(r"\bSTYLEKIT_[A-Z_]+\b", page):
        assert name in CONFIG.read_text() + (CLASSROOM / "start.sh").read_text(), name
