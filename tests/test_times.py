"""docs/times.md lists the code cells of the present notebooks, and the tool behind it measures what a cell takes."""

import html
import re
from pathlib import Path

import nbformat
import pytest
import time_cells

NOTEBOOKS = sorted((Path(__file__).resolve().parent.parent / "notebooks").glob("*.ipynb"))
ROW = re.compile(r"^\| (\d+) \| (.*) \| (`.*`) \| (< 0\.1|\d+\.\d) \|$", re.MULTILINE)


def rows_of(part, folded=True):
    """Return (number, section, first words, seconds at most) of each row of a notebook's long or short table."""
    short, long = part.split("<details>")
    return [
        (int(n), section, words, float(s.split()[-1]))
        for n, section, words, s in ROW.findall(long if folded else short)
    ]


def expected(path):
    """Return (number, section, first words) of the code cells of a notebook, as the page writes them."""
    found, section = [], ""
    for cell in nbformat.read(path, 4).cells:
        if cell.cell_type == "code":
            lines = [line.strip() for line in cell.source.split("\n") if line.strip()]
            words = lines[0]
            for line in lines[1:]:
                if words[-1] not in "([{":
                    break
                words = f"{words} {line}"
            found.append((len(found) + 1, section, words))
        else:
            for line in cell.source.split("\n"):
                section = line.lstrip("#").strip() if line.startswith("#") else section
    return found


@pytest.fixture(scope="module")
def parts():
    return time_cells.read_page(time_cells.PAGE.read_text(encoding="utf-8"))[1]


def test_the_page_has_a_part_for_each_notebook_and_no_other(parts):
    assert list(parts) == [path.stem for path in NOTEBOOKS], "run: OMP_NUM_THREADS=2 python tools/time_cells.py"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_page_lists_exactly_the_code_cells_of_a_notebook_in_their_order(parts, path):
    listed, cells = rows_of(parts[path.stem]), expected(path)
    assert [(n, section.replace(r"\|", "|")) for n, section, *_ in listed] == [(n, section) for n, section, _ in cells]
    for (_, _, shown, _), (_, _, words) in zip(listed, cells, strict=True):
        shown = shown.strip("` ").replace(r"\|", "|")
        assert words.startswith(shown.removesuffix("…").rstrip()) and (
            shown.endswith("…") or shown == words.strip("` ")
        )


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_short_table_has_the_slow_cells_and_the_sum_is_theirs_and_the_kernels(parts, path):
    part = parts[path.stem]
    listed, total = rows_of(part), re.search(r"(\d+) code cells; ([\d.]+) s in all, .* start is ([\d.]+) s", part)
    assert rows_of(part, folded=False) == [row for row in listed if row[3] >= time_cells.SLOW]
    assert int(total[1]) == len(listed)
    assert abs(float(total[2]) - float(total[3]) - sum(row[3] for row in listed)) <= 0.1 * (len(listed) + 2)


def test_the_page_says_on_which_machine_and_nothing_of_its_place_or_name(parts):
    text = time_cells.PAGE.read_text(encoding="utf-8")
    assert re.search(r"^Measured on .+, \d+ cores, threads: \d+; .+ torch \d", text, re.MULTILINE)
    assert not re.search(r"/(home|work|root|tmp|Users)/", text)


CELLS = [
    ("markdown", "# Try\n\n```\n# no heading\n```"),
    ("code", "import time"),
    ("markdown", "## Wait a little"),
    ("code", "\nmax(\n    [\n    time.sleep(0.7) or 1,\n    2]\n)"),
    ("code", "x = 1 | 2"),
]


def write(folder, cells):
    make = {"markdown": nbformat.v4.new_markdown_cell, "code": nbformat.v4.new_code_cell}
    nbformat.write(nbformat.v4.new_notebook(cells=[make[kind](text) for kind, text in cells]), folder / "00-try.ipynb")


def test_the_tool_finds_the_cell_that_waits(tmp_path):
    write(tmp_path, CELLS)
    before = (tmp_path / "00-try.ipynb").read_bytes()
    time_cells.update([], tmp_path / "times.md", tmp_path)
    part = time_cells.read_page((tmp_path / "times.md").read_text())[1]["00-try"]
    first, slow, last = rows_of(part)
    assert first[:3] == (1, "Try", "`import time`")
    assert slow[:3] == (2, "Wait a little", "`max( [ time.sleep(0.7) or 1,`")
    assert last[:3] == (3, "Wait a little", r"`x = 1 \| 2`")
    assert slow[3] >= 0.7 and rows_of(part, folded=False)[0] == slow
    assert (tmp_path / "00-try.ipynb").read_bytes() == before, "the notebook itself is only read"


def test_a_named_notebook_is_measured_anew_and_the_others_keep_their_times(tmp_path):
    write(tmp_path, CELLS)
    kept = time_cells.part("A9-kept", [time_cells.Cell(1, "Kept", "pass")], 1.0, [31.0])
    (tmp_path / "times.md").write_text(time_cells.page(time_cells.machine(), {"A9-kept": kept}))
    time_cells.update(["00-try"], tmp_path / "times.md", tmp_path)
    parts = time_cells.read_page((tmp_path / "times.md").read_text())[1]
    assert list(parts) == ["00-try", "A9-kept"] and parts["A9-kept"].strip() == kept.strip()


def test_times_of_two_machines_are_not_mixed(tmp_path):
    write(tmp_path, CELLS)
    (tmp_path / "times.md").write_text(time_cells.page("Measured on another machine.", {}))
    with pytest.raises(time_cells.TimesError, match="another machine"):
        time_cells.update(["00-try"], tmp_path / "times.md", tmp_path)
    with pytest.raises(time_cells.TimesError, match="no notebook 01-none: there are 00-try"):
        time_cells.update(["01-none"], tmp_path / "times.md", tmp_path)


def test_a_cell_that_fails_says_which_notebook_it_is_in(tmp_path):
    write(tmp_path, [*CELLS[:2], ("code", "1 / 0")])
    with pytest.raises(time_cells.TimesError, match="00-try: a cell failed"):
        time_cells.update([], tmp_path / "times.md", tmp_path)
    assert not (tmp_path / "times.md").exists()


def test_both_tables_of_a_part_are_tables_where_html_is_understood():
    markdown_it = pytest.importorskip("markdown_it")
    part = time_cells.part(
        "00-try", [time_cells.Cell(1, "A | B", "x = 1 | 2"), time_cells.Cell(2, "C", "`")], 1.0, [0.7, 0.01]
    )
    rendered = markdown_it.MarkdownIt("commonmark", {"html": True}).enable("table").render(part)
    inside = rendered.split("<details>")[1].split("</details>")[0]
    assert rendered.count("<table>") == 2 and inside.count("<tr>") == 3
    assert (
        "<td>A | B</td>" in inside
        and "<code>x = 1 | 2</code>" in inside
        and "&lt; 0.1" in html.unescape(inside).replace("<", "&lt;")
    )


def test_a_page_that_is_read_back_and_written_again_is_the_same():
    text = time_cells.PAGE.read_text(encoding="utf-8")
    assert time_cells.page(*time_cells.read_page(text)) == text
