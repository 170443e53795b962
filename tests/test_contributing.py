"""What docs/install.md and docs/contributing.md name is there: files, functions, commands, make's targets, extras."""

import importlib
import re
import shlex
import tomllib
from pathlib import Path

import pytest
from conftest import anchors

from stylekit import __main__ as cli

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "docs" / "install.md", ROOT / "docs" / "contributing.md", ROOT / "CONTRIBUTING.md"]
FOLDERS = ("stylekit", "data", "tests", "tools", "notebooks", "docs", ".ci")
PLACEHOLDERS = re.compile(r"NN-name|NAME|STYLE")
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
BLOCK = re.compile(r"^ *```\w*\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)

every = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def spans(text):
    """Return what stands between backticks in prose, a line break in it read as a space."""
    return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", BLOCK.sub("", text))]


def commands(text):
    """Return what a reader is asked to type: spans with a space in them, and the lines of the blocks."""
    lines = [line.strip() for block in BLOCK.findall(text) for line in block.splitlines()]
    return [line for line in [*spans(text), *lines] if " " in line]


def missing_files(text):
    """Return the paths that lead nowhere; a bare name of a source, page or table may lie in any folder."""
    words = [word.replace("\\", "/") for one in [*spans(text), *commands(text)] for word in one.split()]
    paths = {word for word in words if word.startswith(tuple(f"{folder}/" for folder in FOLDERS))}
    bare = {span for span in spans(text) if re.fullmatch(r"[\w.-]+\.(py|md|toml|yml|txt|json)", span)}
    gone = {path for path in paths if not any(ROOT.glob(PLACEHOLDERS.sub("*", path.rstrip("/,;:"))))}
    known = {path.name for folder in FOLDERS for path in (ROOT / folder).rglob("*")} | {p.name for p in ROOT.iterdir()}
    return sorted(gone | (bare - known))


def missing_names(text):
    """Return the names that stand nowhere in the code, and `name` in `file.py` where the file does not have it."""
    code = "\n".join(path.read_text(encoding="utf-8") for f in ("stylekit", "tests", "tools") for path in sources(f))
    name = r"_?[a-z]+(?:_[a-z0-9]+)+|_?[A-Z]+(?:_[A-Z0-9]+)+|[A-Z]{4,}|[A-Z][a-z]+[A-Z]\w+"
    alone = {span for span in spans(text) if re.fullmatch(name, span) and not PLACEHOLDERS.fullmatch(span)}
    gone = {span for span in alone if not re.search(rf"\b{span}\b", code)}
    placed = re.findall(r"`(\w+)`\s(?:in|of)\s`([\w/]+\.py)`", text)
    return sorted(
        gone | {f"{n} in {file}" for n, file in placed if not re.search(rf"\b{n}\b", (ROOT / file).read_text())}
    )


def sources(folder):
    """Return the modules of a folder; this file, which makes names up, is left out."""
    return [path for path in (ROOT / folder).rglob("*.py") if path != Path(__file__).resolve()]


def missing_members(text):
    """Return the dotted names `stylekit.x.y` that cannot be imported."""
    gone = []
    for dotted in [span for span in spans(text) if re.fullmatch(r"stylekit(\.\w+)+", span)]:
        module, _, member = dotted.rpartition(".")
        try:
            importlib.import_module(dotted)
        except ModuleNotFoundError:
            if not hasattr(importlib.import_module(module), member):
                gone.append(dotted)
    return gone


def missing_targets(text):
    """Return the targets that the Makefile does not have."""
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    asked = [found[1] for line in commands(text) if (found := re.match(r"make ([a-z]+)", line))]
    return sorted(set(asked) - set(targets))


def refused(text):
    """Return the commands `python -m stylekit ...` that the command line does not take."""
    lines = [line.partition(" #")[0].replace("\\", "/") for line in commands(text)]
    asked = [shlex.split(line)[3:] for line in lines if re.match(r"\S*python -m stylekit \w", line)]
    bad = []
    for words in asked:
        try:
            cli.parser(words).parse_args(words)
        except SystemExit:
            bad.append(" ".join(words))
    return bad


@every
@pytest.mark.parametrize("search", [missing_files, missing_names, missing_members, missing_targets, refused])
def test_what_a_page_names_is_there(page, search):
    assert search(page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("search", "line"),
    [
        (missing_files, "`stylekit/nowhere.py`"),
        (missing_files, "`.venv/bin/python tools/build_nothing.py NN-name`"),
        (missing_files, "beside `nowhere.toml`"),
        (missing_names, "`OWN_PICTURES` is a list"),
        (missing_names, "`TASKS` in `stylekit/assets.py`"),
        (missing_members, "`stylekit.losses.gram_matrices`"),
        (missing_targets, "```\nmake coffee\n```"),
        (refused, "`.venv/bin/python -m stylekit apply NAME photo.jpg --brush 3`"),
    ],
)
def test_a_search_sees_what_is_not_there(search, line):
    assert len(search(line)) == 1


def test_the_searches_find_something_to_look_at():
    texts = [page.read_text(encoding="utf-8") for page in PAGES]
    assert sum("stylekit/" in span for text in texts for span in spans(text)) > 10
    assert sum(line.startswith("make ") for text in texts for line in commands(text)) > 5
    assert sum("-m stylekit" in line for text in texts for line in commands(text)) > 5


def test_the_table_of_extras_is_that_of_pyproject_and_every_command_asks_for_one_of_them():
    text = PAGES[0].read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \|", text.split("## Pip")[1].split("## Uv")[0], re.MULTILINE)
    assert sorted(rows) == sorted(EXTRAS)
    asked = {extra for found in re.findall(r'"(?:\.|stylekit)\[([\w,]+)\]"', text) for extra in found.split(",")}
    assert asked and asked <= set(EXTRAS)


def test_the_page_on_installation_names_no_place_to_fetch_packages_from():
    assert re.findall(r"https?://|--index-url|--extra-index-url|whl/", PAGES[0].read_text(encoding="utf-8")) == []


@every
def test_links_of_a_page_lead_to_a_file_and_to_a_heading_in_it(page):
    text = BLOCK.sub("", page.read_text(encoding="utf-8"))
    links = re.findall(r"\]\((?![a-z]+:)([^)]+)\)", re.sub(r"`[^`]+`", "", text))
    assert links
    for target in links:
        name, _, anchor = target.partition("#")
        file = page.parent / name if name else page
        assert file.is_file(), f"{target} leads nowhere"
        assert not anchor or anchor in anchors(file.read_text(encoding="utf-8")), f"{target} leads to no heading"
