"""What every notebook owes its reader: it was executed, its pictures have words, its links lead somewhere."""

import copy
import re
import statistics
from pathlib import Path

import build_course
import build_notebooks
import join_solutions
import jupytext
import nbformat
import pytest
from build_cheatsheet import equations
from conftest import anchors
from nbgrader.preprocessors import CheckCellMetadata, ClearSolutions

from stylekit import losses

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "notebooks"
SOURCES = sorted((FOLDER / "source").glob("*.py"))
CLEARED = sorted(FOLDER.glob("*.ipynb"))
SOLVED = sorted((FOLDER / "solutions").glob("*.ipynb"))
LESSONS = [path.stem for path in SOURCES if re.match(r"0[1-9]|1[01]", path.name)]
REGION = re.compile(r"### BEGIN SOLUTION.*?\n(.*?)\n[^\n]*### END SOLUTION", re.DOTALL)
EQUATIONS = {
    "Eq. 1": losses.content_loss,
    "Eq. 2": losses.content_loss_gradient,
    "Eq. 3": losses.gram_matrix,
    "Eq. 4": losses.style_layer_loss,
    "Eq. 5": losses.style_loss,
    "Eq. 6": losses.style_layer_loss_gradient,
    "Eq. 7": losses.total_loss,
}

every = pytest.mark.parametrize("path", CLEARED + SOLVED, ids=lambda path: str(path.relative_to(FOLDER)))


def read(path):
    return nbformat.read(path, 4)


def code(path):
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def prose(path):
    return [cell.source for cell in read(path).cells if cell.cell_type == "markdown"]


def not_executed(notebook):
    """Return the code cells that were not run one after the other from the top, or that ended in an error."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [
        cell.source
        for number, cell in enumerate(cells, start=1)
        if cell.execution_count != number or any(output.output_type == "error" for output in cell.outputs)
    ]


@every
def test_a_notebook_was_executed_from_top_to_bottom_without_an_error(path):
    assert not_executed(read(path)) == []


def test_the_check_of_execution_sees_a_cell_that_was_not_run_and_one_that_failed():
    cells = [nbformat.v4.new_code_cell(str(n), execution_count=n) for n in (1, 2, 3)]
    cells[1].execution_count = None
    cells[2].outputs = [nbformat.v4.new_output("error", ename="ValueError", evalue="", traceback=[])]
    assert not_executed(nbformat.v4.new_notebook(cells=cells)) == ["2", "3"]


@every
def test_every_picture_of_a_notebook_has_alternative_text(path):
    pictures = 0
    for output in (output for cell in code(path) for output in cell.outputs):
        for kind in ("image/png", "image/jpeg"):
            if kind in output.get("data", {}):
                alt = output.metadata[kind]["alt"]
                assert len(alt.split()) >= 4, f"too few words for a picture: {alt!r}"
                assert re.match(r'<img alt="[^"]{20,}" src="data:image/(png|jpeg);base64,', output.data["text/html"])
                pictures += 1
    assert pictures > 0
    assert [text for text in prose(path) if re.search(r"!\[\s*\]\(|<img(?![^>]*alt=)", text)] == []


@every
def test_relative_links_lead_to_a_file_and_to_a_heading_in_it(path):
    for target in re.findall(r"\]\((?![a-z]+:)([^)]+)\)", "\n".join(prose(path))):
        name, _, anchor = target.partition("#")
        file = path.parent / name
        assert file.is_file(), f"{target} leads nowhere"
        if anchor:
            assert anchor in anchors(file.read_text(encoding="utf-8")), f"{target} leads to no heading"


def test_the_glossary_is_linked_from_the_lessons_and_holds_no_term_that_nobody_links_to():
    linked = {a for path in CLEARED for text in prose(path) for a in re.findall(r"glossary\.md#([\w-]+)", text)}
    terms = anchors((FOLDER / "glossary.md").read_text(encoding="utf-8")) - {"glossary"}
    assert linked - terms == set()
    assert terms - linked == set()


@every
def test_a_notebook_opens_with_its_question_and_its_running_time_and_ends_with_what_was_learned(path):
    head, tail = prose(path)[0], "\n".join(prose(path)[1:])
    assert head.startswith("# ")
    for part in ("**The question.**", "**What you need to know.**", "**How long it runs.**"):
        assert part in head
    assert re.search(r"How long it runs\.\*\*[^*]*\b(\d+ seconds|half a minute|a minute)", head)
    assert "## What we learned" in tail and "## Roads not taken" in tail


@pytest.mark.parametrize("path", CLEARED, ids=lambda path: path.stem)
def test_code_cells_are_short_enough_to_project(path):
    shown = [cell for cell in code(path) if "google.colab" not in cell.source]  # that cell is folded away
    lengths = [sum(map(bool, cell.source.splitlines())) for cell in shown]  # lines with something on them
    assert statistics.median(lengths) <= 4
    assert max(lengths) <= 20


@pytest.mark.parametrize("equation", EQUATIONS)
def test_an_equation_of_the_slides_stands_in_a_notebook_in_a_docstring_and_in_the_name_of_a_test(equation):
    text = EQUATIONS[equation].__doc__
    number = re.search(rf"^ *{re.escape(equation)} \(.*; notebook (\d\d)\)", text, re.MULTILINE)[1]
    (path,) = FOLDER.glob(f"{number}-*.ipynb")
    tagged = re.findall(rf"\$\$([^$]*)\\tag{{{equation}}}\s*\$\$", "\n".join(prose(path)))
    written, *allowed = ("".join(latex.split()) for latex in (equations(EQUATIONS[equation])[0], *tagged))
    assert written in allowed, f"notebook {number} and the docstring write {equation} differently"
    tests = (ROOT / "tests" / "test_losses.py").read_text(encoding="utf-8")
    assert re.search(rf"def test_{equation.lower().replace('. ', '')}_", tests)


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_ends_in_two_to_five_exercises(name):
    text = (FOLDER / "source" / f"{name}.py").read_text(encoding="utf-8").split("## Exercises")[1]
    assert 2 <= len(re.findall(r"^# ### \d\. ", text, re.MULTILINE)) <= 5
    assert len(REGION.findall(text)) >= 2


def regions(source):
    """Return the solutions of a source, each as its lines that say something, without the comment signs."""
    found = [region.splitlines() for region in REGION.findall(source.read_text(encoding="utf-8"))]
    return [[line.removeprefix("# ").strip() for line in lines if line.strip(" #")] for lines in found]


@pytest.mark.parametrize("source", [path for path in SOURCES if regions(path)], ids=lambda path: path.stem)
def test_no_solution_survives_in_the_notebook_for_students(source):
    text = "\n".join(cell.source for cell in read(FOLDER / f"{source.stem}.ipynb").cells)
    squeezed = "\n".join(line.strip() for line in text.splitlines())
    assert "SOLUTION" not in text
    for lines in regions(source):
        assert "\n".join(lines) not in squeezed
    solved = "\n".join(line.strip() for line in "\n".join(c.source for c in read(solution(source)).cells).splitlines())
    links = re.compile(r"\]\(")  # a link from notebooks/solutions has another path
    assert all(line in solved or links.search(line) for lines in regions(source) for line in lines)


def solution(source):
    return FOLDER / "solutions" / f"{source.stem}.ipynb"


def verdicts(path):
    cells = [cell for cell in code(path) if re.search(r"^check(_value)?\(", cell.source, re.MULTILINE)]
    return [cell.outputs[-1].data["text/plain"] for cell in cells]


@pytest.mark.parametrize("name", LESSONS)
def test_checks_say_not_answered_yet_to_a_student_who_has_not_begun_and_right_to_the_solutions(name):
    begun, solved = verdicts(FOLDER / f"{name}.ipynb"), verdicts(FOLDER / "solutions" / f"{name}.ipynb")
    assert len(begun) == len(solved) > 0
    assert [message for message in begun if not message.startswith("not answered yet")] == []
    assert [message for message in solved if not message.startswith("right")] == []


@pytest.mark.parametrize("path", SOLVED, ids=lambda path: path.stem)
def test_a_solved_notebook_is_a_source_for_nbgrader_as_it_is(path):
    notebook = read(path)
    CheckCellMetadata().preprocess(notebook, {})  # raises for a grade_id that is missing or stands twice
    released, _ = ClearSolutions().preprocess(copy.deepcopy(notebook), {})  # raises for marks outside an exercise
    assert [cell.source for cell in released.cells if "SOLUTION" in cell.source] == []
    assert any("NotImplementedError" in cell.source for cell in released.cells)


EXERCISE = """# %% [markdown]
# # Try
# See [the glossary](glossary.md#relu) and [arXiv](https://arxiv.org/abs/1508.06576).

# %%
from stylekit.checks import check

# %%
def answer(F):
    ### BEGIN SOLUTION
    return F @ F.T
    ### END SOLUTION

# %%
check("gram_matrix", answer)

# %% [markdown]
# <!-- ### BEGIN SOLUTION -->
# Because of symmetry.
# <!-- ### END SOLUTION -->
"""


@pytest.mark.slow
def test_a_source_with_exercises_makes_a_notebook_without_solutions_and_one_with_them(tmp_path):
    (tmp_path / "source").mkdir()
    source = tmp_path / "source" / "00-try.py"
    source.write_text(EXERCISE)
    cleared, solved = (read(path) for path in build_notebooks.build(source, tmp_path))
    assert cleared.cells[1] == solved.cells[1] and "google.colab" in cleared.cells[1].source
    assert cleared.cells[3].source == "def answer(F):\n    # your answer here\n    pass"
    assert cleared.cells[5].source == "*Your answer here.*"
    assert cleared.cells[4].outputs[0].data["text/plain"].startswith("not answered yet")
    assert "return F @ F.T" in solved.cells[3].source and "symmetry" in solved.cells[5].source
    assert solved.cells[4].outputs[0].data["text/plain"].startswith("right")
    assert "(glossary.md#relu)" in cleared.cells[0].source
    assert "(../glossary.md#relu)" in solved.cells[0].source and "(https://arxiv" in solved.cells[0].source
    assert build_notebooks.stale_notebooks(tmp_path) == []
    (tmp_path / "solutions" / "00-try.ipynb").unlink()
    assert build_notebooks.stale_notebooks(tmp_path) == ["solutions/00-try.ipynb is missing"]


@pytest.mark.parametrize("path", SOLVED, ids=lambda path: path.stem)
def test_one_run_of_the_joined_notebook_runs_each_cell_of_the_lesson_and_each_of_the_solutions(path):
    lesson, solved, tested = read(FOLDER / path.name), read(path), build_course.make_source(path)
    joined = [cell for cell in join_solutions.join(lesson, solved, tested).cells if cell.cell_type == "code"]
    unsolved = code(FOLDER / path.name)
    assert [cell.source for cell in joined[: len(unsolved)]] == [cell.source for cell in unsolved]
    run = [cell.source for cell in joined]
    assert [cell.source for cell in code(path) if cell.source not in run] == []
    checks = [cell for cell in code(path) if re.search(r"\bcheck\w*\(", cell.source)]
    strict = [source for source in run if ".require())" in source or "assert all(verdicts)" in source]
    assert len(strict) == len(checks) > 0
    assert len({cell.id for cell in joined}) == len(joined)


def test_the_sources_are_plain_notebooks_to_jupytext():
    assert all(jupytext.read(source).cells for source in SOURCES)
