"""What holds the project together: the packages it names, the direction of its imports, notebooks that are fresh."""

import ast
import re
import sys
import tomllib
from itertools import product
from pathlib import Path

import build_notebooks
import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import stylekit

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONSTRAINTS = (ROOT / "constraints.txt").read_text(encoding="utf-8")
CONDA_NAMES = {"pytorch": "torch", "playwright-python": "playwright"}
IMPORT_NAMES = {"PIL": "pillow", "skimage": "scikit-image", "sklearn": "scikit-learn", "yaml": "pyyaml"}
FOR_READERS = ("lab", "cluster", "onnx")  # the extras whose packages a module may import, each in one place

# The house, from the ground up: a module imports only from modules named before it.
FLOORS = (
    ("errors", "presets", "files", "assets", "images", "colour"),
    ("losses", "optimise", "patches", "video", "background", "memory"),
    ("networks", "figures"),
    ("objective",),
    ("transfer", "feedforward", "export"),
    ("paper", "checks"),
    ("ui", "commands", "__main__"),
)
ROWS = [module for floor in FLOORS for module in floor]
MODULES = sorted((ROOT / "stylekit").rglob("*.py"))

SYSTEMS = {
    "Linux": {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "platform_machine": "x86_64"},
    "macOS": {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix", "platform_machine": "arm64"},
    "Windows": {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt", "platform_machine": "AMD64"},
}
PYTHONS = ("3.11", "3.12", "3.13")


def required():
    """Return {package: range} of everything pyproject.toml names, extras included, the package itself left out."""
    lines = [*PROJECT["dependencies"], *(line for extra in PROJECT["optional-dependencies"].values() for line in extra)]
    requirements = [Requirement(line) for line in lines]
    return {canonicalize_name(r.name): r.specifier for r in requirements if r.name != PROJECT["name"]}


def pinned(system, python):
    """Return {package: [versions]} of the constraints that apply to a system and a Python."""
    environment = default_environment() | SYSTEMS[system]
    environment |= {"python_version": python, "python_full_version": f"{python}.9"}
    pins = {}
    for line in CONSTRAINTS.splitlines():
        if line and not line.startswith("#"):
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate(environment):
                pins.setdefault(canonicalize_name(requirement.name), []).append(requirement.specifier)
    return pins


def test_environment_yml_names_the_same_packages_and_ranges_as_pyproject():
    entries = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    named = {}
    for entry in entries:
        if isinstance(entry, str):
            name, _, specifier = entry.partition(" ")
            named[CONDA_NAMES.get(name, name)] = SpecifierSet(specifier)
    assert named.pop("python") == SpecifierSet(PROJECT["requires-python"])
    assert named.pop("pip") == SpecifierSet("")
    assert entries[-1] == {"pip": ["-e ."]}
    assert named == required()


@pytest.mark.parametrize(("system", "python"), list(product(SYSTEMS, PYTHONS)))
def test_constraints_pin_each_required_package_once_and_within_its_range(system, python):
    pins = pinned(system, python)
    assert {name: versions for name, versions in pins.items() if len(versions) > 1} == {}
    for name, allowed in required().items():
        (pin,) = pins[name][0]
        assert pin.operator == "=="
        assert allowed.contains(pin.version), f"{name} {pin.version} is outside {allowed}"


def test_constraints_name_no_address_and_no_place_to_fetch_from():
    assert re.findall(r"https?:|file:|www|index|find-links|@|/", CONSTRAINTS) == []


def imported(path):
    """Yield the full name of everything a file imports, at its head or inside a function."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*parents, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def wrong_arrows(module, imports):
    """Return the imports of a module that do not point down: to a later row, or to what the table does not name.

    The version and `lazy` stand in __init__.py, below the house, which imports nothing of it (below is empty there).
    """
    inner = [name.split(".")[1] if "." in name else name for name in imports if name.split(".")[0] == "stylekit"]
    below = ["__version__", "lazy", *ROWS[: ROWS.index(module)]] if module in ROWS else []
    return [name for name in inner if name not in below and name != module]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_arrows_point_down(path):
    inside = path.relative_to(ROOT / "stylekit")
    module = inside.parts[0].removesuffix(".py")
    assert module in [*ROWS, "__init__"], f"{module} stands in no floor of the table in this test"
    assert wrong_arrows(module, imported(path)) == []


def test_the_check_of_arrows_sees_one_that_points_up(tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    (tmp_path / "stylekit").mkdir()
    path = tmp_path / "stylekit" / "losses.py"
    path.write_text(
        "import numpy\nfrom stylekit import images, transfer\ndef f():\n    from .networks import LossNetwork\n"
    )
    assert wrong_arrows("losses", imported(path)) == ["transfer", "networks"]
    path.write_text("import stylekit.optimise\nimport stylekit\nfrom . import assets\n")
    assert wrong_arrows("losses", imported(path)) == ["optimise", "stylekit"]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_package_imports_only_what_pyproject_depends_on(path):
    roots = {name.split(".")[0] for name in imported(path)} - sys.stdlib_module_names - {"stylekit"}
    extras = PROJECT["optional-dependencies"]
    lines = [*PROJECT["dependencies"], *(line for extra in FOR_READERS for line in extras[extra])]
    declared = {canonicalize_name(Requirement(line).name) for line in lines}
    assert {IMPORT_NAMES.get(root, root) for root in roots} <= declared


def test_version_is_the_same_in_pyproject_citation_and_package():
    assert stylekit.__version__ == PROJECT["version"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert (citation["version"], citation["license"]) == (PROJECT["version"], PROJECT["license"])


def test_notebooks_are_built_from_their_present_sources():
    assert build_notebooks.stale_notebooks() == [], "run: make notebooks"


def test_a_notebook_is_stale_when_its_source_has_changed_is_gone_or_is_new(tmp_path):
    (tmp_path / "source").mkdir()
    for name in ("00-changed", "01-new", "02-fresh"):
        (tmp_path / "source" / f"{name}.py").write_text(f"# %%\n{name!r}\n")
    fresh = build_notebooks.source_hash(tmp_path / "source" / "02-fresh.py")
    for name, digest in (("00-changed", "0" * 64), ("02-fresh", fresh), ("03-gone", "0" * 64)):
        metadata = f'{{"stylekit": {{"source_sha256": "{digest}"}}}}'
        (tmp_path / f"{name}.ipynb").write_text(f'{{"metadata": {metadata}, "cells": []}}')
    assert [sentence.split(".")[0] for sentence in build_notebooks.stale_notebooks(tmp_path)] == [
        "01-new",
        "03-gone",
        "00-changed",
    ]


def source(folder, text):
    (folder / "source").mkdir()
    path = folder / "source" / "00-try.py"
    path.write_text(text)
    return path


@pytest.mark.slow
def test_building_keeps_outputs_and_drops_progress_bars(tmp_path):
    noise = "import sys\nsys.stderr.write('50%\\r')"
    path = source(tmp_path, f"# %% [markdown]\n# A sum.\n\n# %%\n{noise}\n6 * 7\n")
    (built,) = build_notebooks.build(path, tmp_path)
    first = built.read_bytes()
    cells = build_notebooks.nbformat.reads(first.decode(), 4).cells
    assert [output.data["text/plain"] for output in cells[-1].outputs] == ["42"]
    assert build_notebooks.stale_notebooks(tmp_path) == []
    assert build_notebooks.build(path, tmp_path)[0].read_bytes() == first  # the same source gives the same file


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("1 / 0", "a cell failed"),
        ("print('x' * 1_600_000)", "over 1.5 MB"),
        (f"print({str(ROOT)!r})", "a path of this"),
    ],
)
def test_a_notebook_that_cannot_be_built_leaves_the_older_one(tmp_path, code, reason):
    path = source(tmp_path, f"# %%\n{code}\n")
    (tmp_path / "00-try.ipynb").write_text("older")
    with pytest.raises(build_notebooks.BuildError, match=reason):
        build_notebooks.build(path, tmp_path)
    assert [(file.name, file.read_text()) for file in tmp_path.glob("00-try.*")] == [("00-try.ipynb", "older")]


def test_a_large_picture_in_a_notebook_is_kept_as_jpeg_and_a_small_one_as_png(tmp_path):
    draw = "from PIL import Image\nimport numpy as np\nrandom = np.random.default_rng(0)\n"
    noise = "Image.fromarray(random.integers(0, 255, ({0}, {0}, 3), np.uint8))"
    path = source(tmp_path, f"# %%\n{draw}{noise.format(16)}\n\n# %%\n{noise.format(400)}\n")
    cells = build_notebooks.nbformat.read(build_notebooks.build(path, tmp_path)[0], 4).cells
    small, large = (cell.outputs[0].data for cell in cells if cell.get("outputs"))  # the cell for Colab has none
    assert "image/png" in small
    assert "image/jpeg" in large and "image/png" not in large
