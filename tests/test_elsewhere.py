"""The kit elsewhere: the cell that installs it on Colab, what Binder builds from, and its one public address."""

import json
import re
import shlex
import subprocess
import textwrap
import tomllib
from pathlib import Path

import build_notebooks
import nbformat
import pytest
import yaml
from nbclient import NotebookClient
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "notebooks"
BUILT = sorted([*FOLDER.glob("*.ipynb"), *FOLDER.glob("solutions/*.ipynb")])
ADDRESS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]["Repository"]
MADE_UP = "https://example.org/somebody/a-kit"

# What only a kit with a public address may carry: badges, and pages of the kit on a site that hosts code.
BADGES = re.compile(
    r"shields\.io|colab[-]badge|badge[_]logo|mybinder\.org/|colab\.research\.google\.com/"
    r"|(?:github|gitlab|codeberg)\.\w+[/:][\w.-]+/(?:[\w.-]*style[-_]?kit|neural-style-transfer-kit)",
    re.IGNORECASE,
)


def project(folder, address):
    """Write a pyproject.toml that names an address and the packages for reading, of which Colab has its own but two."""
    path = folder / "pyproject.toml"
    lab = '["jupyterlab>=4", "anywidget>=0.9,<1", "ipywidgets>=8.1,<9", "voila"]'
    text = f'[project.urls]\nRepository = "{address}"\n[project.optional-dependencies]\nlab = {lab}\n'
    path.write_text(text, encoding="utf-8")
    return path


def run(cell, colab):
    """Run a cell in a kernel of its own, with a fake google.colab or without; return what it asked for, in order."""
    before = """
        import sys, types
        asked = []
        get_ipython().register_magic_function(lambda line: asked.append(line), "line", "pip")
        """
    if colab:
        before += """
        fake = types.ModuleType("google.colab")
        fake.output = types.ModuleType("google.colab.output")
        fake.output.enable_custom_widget_manager = lambda: asked.append("widgets")
        sys.modules |= {"google.colab": fake, "google.colab.output": fake.output}
        """
    after = "import json; print(json.dumps(asked))"
    cells = [nbformat.v4.new_code_cell(textwrap.dedent(before)), cell, nbformat.v4.new_code_cell(after)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    assert notebook.cells[1].outputs == []
    return json.loads(notebook.cells[2].outputs[0].text)


def arguments(line):
    """Return the words that a shell makes of what follows %pip."""
    return shlex.split(line, comments=True)


def test_the_cell_does_nothing_where_there_is_no_colab():
    assert run(build_notebooks.colab_cell(), colab=False) == []


def test_on_colab_the_cell_installs_the_kit_from_its_address_and_switches_widgets_on(tmp_path):
    line, widgets = run(build_notebooks.colab_cell(project(tmp_path, MADE_UP)), colab=True)
    assert widgets == "widgets"
    assert arguments(line)[:2] == ["install", "-q"]
    kit, *others = (Requirement(word) for word in arguments(line)[2:])
    assert (kit.name, kit.url) == ("stylekit", f"git+{MADE_UP}")
    assert [str(other) for other in others] == ["anywidget<1,>=0.9", "ipywidgets<9,>=8.1"]


def test_on_colab_the_cell_installs_an_uploaded_wheel_while_the_kit_has_no_address(tmp_path):
    line, widgets = run(build_notebooks.colab_cell(project(tmp_path, "")), colab=True)
    assert widgets == "widgets"
    assert arguments(line) == ["install", "-q", "./stylekit-*.whl", "anywidget>=0.9,<1", "ipywidgets>=8.1,<9"]


@pytest.mark.parametrize("path", BUILT, ids=lambda path: str(path.relative_to(FOLDER)))
def test_the_first_code_cell_of_a_notebook_is_the_one_for_colab_and_it_stands_there_once(path):
    sources = [cell.source for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]
    cell = build_notebooks.colab_cell().source
    assert sources[0] == cell, "run: make notebooks"
    assert sources.count(cell) == 1


def tracked():
    """Return the text files of the kit: those that git knows, or would."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("this is no git checkout, so nobody can tell which files belong to the kit")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def written(path):
    """Return what people wrote in a file: no pictures, and in a notebook neither outputs nor the cell for Colab."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""
    if path.suffix == ".ipynb":
        sources = [cell.source for cell in nbformat.reads(text, 4).cells]
        return "\n\n".join(source for source in sources if source != build_notebooks.colab_cell().source)
    return text


def bare(address):
    """Return an address without what may differ from place to place: its scheme, its .git, its last slash."""
    return re.sub(r"^\w+://|(\.git)?/?$", "", address.strip())


def places(address, files):
    """Return the name of a file once for each time that it names the address."""
    return [path.name for path in files for _ in range(written(path).count(bare(address)))]


def adverts(files):
    """Return the badges and links to a public home of the kit, each with its file."""
    return [f"{path.name}: {found}" for path in files for found in BADGES.findall(written(path))]


def test_the_address_of_the_kit_stands_once_and_while_there_is_none_nothing_pretends_to_know_it():
    files = [path for path in tracked() if path != Path(__file__).resolve()]
    assert ROOT / "pyproject.toml" in files and ROOT / "README.md" in files
    if ADDRESS:
        assert ADDRESS.startswith("https://")
        assert places(ADDRESS, files) == ["pyproject.toml"]
    else:
        assert adverts(files) == []


def test_the_search_for_the_address_sees_it_in_other_forms_and_overlooks_only_the_cell_for_colab(tmp_path, monkeypatch):
    cell = build_notebooks.colab_cell(project(tmp_path, MADE_UP))
    monkeypatch.setattr(build_notebooks, "colab_cell", lambda: cell)
    notebook, page = tmp_path / "a.ipynb", tmp_path / "page.md"
    prose = nbformat.v4.new_markdown_cell(f"[home]({MADE_UP}.git)")
    nbformat.write(nbformat.v4.new_notebook(cells=[prose, cell]), notebook)
    page.write_text("git clone ssh://git@example.org/somebody/a-kit/ && cd a-kit")
    assert places(f"{MADE_UP}/", [tmp_path / "pyproject.toml", notebook, page]) == [
        "pyproject.toml",
        "a.ipynb",
        "page.md",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "![tests](https://img.shields.io/badge/tests-pass-green)",
        "[![Open](https://colab.research.google.com/assets/colab-badge.svg)](https://example.org)",
        "[![Binder](https://mybinder.org/badge_logo.svg)](https://example.org)",
        "see https://github.com/somebody/stylekit",
        "git clone git@github.com:somebody/style-kit.git",
    ],
)
def test_the_search_for_badges_sees_one(tmp_path, line):
    page = tmp_path / "page.md"
    page.write_text("No badge, but a link to https://github.com/pytorch/tutorials/issues/472.\n")
    assert adverts([page]) == []
    page.write_text(line)
    assert adverts([page]) != []


def test_binder_builds_from_environment_yml():
    """As repo2docker decides: a binder folder is looked at first, and a Dockerfile hides every other file."""
    for rival in ("binder", ".binder", "Dockerfile", "default.nix"):
        assert not (ROOT / rival).exists(), f"Binder would build from {rival}, and never look at environment.yml"
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    names = [entry.split()[0] for entry in environment["dependencies"] if isinstance(entry, str)]
    assert {"python", "pip", "pytorch", "jupyterlab", "ipywidgets", "anywidget"} <= set(names)
    assert environment["channels"] == ["conda-forge"]
    assert {"pip": ["-e ."]} in environment["dependencies"]
