"""The graded course: what nbgrader releases, and what it makes of submissions. It runs in one kernel at a time."""

import html
import re
from pathlib import Path

import build_course
import nbformat
import pytest
from build_notebooks import NOTEBOOKS, STUBS
from nbgrader.api import Gradebook
from nbgrader.converters import Autograde, GenerateFeedback
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import CheckCellMetadata
from nbgrader.utils import compute_checksum
from traitlets.config.loader import PyFileConfigLoader

from stylekit.checks import check, check_value

SOLVED = build_course.SOLVED
LESSON = "03-gram-matrix"  # a quick one
# Both come from nbgrader's own code: its database, and the deleted cell that it puts back.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Object of type <Submitted"),
    pytest.mark.filterwarnings("ignore:Cell is missing an id field"),
]
EVERY = pytest.mark.parametrize("name", [path.stem for path in SOLVED])


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    folder = tmp_path_factory.mktemp("course")
    build_course.build_course(folder, SOLVED)
    return folder


def read(course, step, name):
    return nbformat.read(course / step / name / f"{name}.ipynb", 4)


def known(cell, key):
    return cell.metadata.get("nbgrader", {}).get(key)


def squeezed(text):
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


# What students get


@EVERY
def test_a_release_holds_no_solution_and_no_output(course, name):
    source = (NOTEBOOKS / "source" / f"{name}.py").read_text(encoding="utf-8")
    regions = re.findall(r"### BEGIN SOLUTION.*?\n(.*?)\n[^\n]*### END SOLUTION", source, re.DOTALL)
    cells = read(course, "release", name).cells
    text = squeezed("\n".join(cell.source for cell in cells))
    assert regions and "SOLUTION" not in text
    for region in regions:
        assert squeezed(re.sub(r"^# ?", "", region, flags=re.MULTILINE)) not in text
    assert [cell for cell in cells if cell.get("outputs") or cell.get("execution_count")] == []


@EVERY
def test_a_release_has_its_stubs_and_its_checks_which_are_locked_and_known_by_names_and_checksums(course, name):
    notebook = read(course, "release", name)
    CheckCellMetadata().preprocess(notebook, {})  # raises for a grade_id that is missing, not valid or stands twice
    stubs = {"code": STUBS["code_stub"]["python"].splitlines()[0], "markdown": STUBS["text_stub"]}
    solutions = [cell for cell in notebook.cells if known(cell, "solution")]
    tests = [cell for cell in notebook.cells if known(cell, "grade") and not known(cell, "solution")]
    assert solutions and all(stubs[cell.cell_type] in cell.source for cell in solutions)
    assert tests and all(known(cell, "locked") and cell.metadata["editable"] is False for cell in tests)
    assert all(known(cell, "checksum") == compute_checksum(cell) for cell in solutions + tests)
    assert [cell.source for cell in notebook.cells if "check" in cell.source and ").require()" in cell.source]


@EVERY
def test_links_of_a_release_lead_to_files_beside_it(course, name):
    text = "\n".join(cell.source for cell in read(course, "release", name).cells if cell.cell_type == "markdown")
    targets = set(re.findall(r"\]\((?![a-z]+:|#)([^)#]+)", text))
    assert "glossary.md" in targets
    for target in targets:
        assert Path(target).name == target and (course / "release" / name / target).is_file()


# Full marks without running a lesson again: what the solved notebooks showed when they were built


def first_words(path):
    notebook = nbformat.read(path, 4)
    shown = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    lines = "\n".join(o.get("text") or o.get("data", {}).get("text/plain", "") for o in shown).splitlines()
    return [line.split(":")[0] for line in lines if re.match(r"right: |not ", line)]


@EVERY
def test_there_is_a_point_for_each_verdict_of_a_lesson_and_the_solutions_get_them_all(course, name):
    cells = read(course, "source", name).cells
    points = sum(known(cell, "points") for cell in cells if known(cell, "grade") and not known(cell, "solution"))
    assert first_words(NOTEBOOKS / "solutions" / f"{name}.ipynb") == ["right"] * points
    assert first_words(NOTEBOOKS / f"{name}.ipynb") == ["not answered yet"] * points


# How a cell with a check becomes a test


def run(source, **names):
    exec(source, names)  # noqa: S102
    return names


def test_one_check_becomes_an_error_with_its_sentence():
    source = build_course.make_test("wanted = 1 + 1  # a comment\ncheck_value(\n    mine,\n    wanted,\n)", 1)
    assert source == "wanted = 1 + 1  # a comment\nprint(check_value(\n    mine,\n    wanted,\n).require())"
    run(source, mine=2, check_value=check_value)
    with pytest.raises(AssertionError, match="not so: 3 is too large"):
        run(source, mine=3, check_value=check_value)


def test_several_checks_end_in_the_number_of_those_that_are_right(capsys):
    source = "for answer, truth in zip(mine, (2, 3)):\n    print(check_value(answer, truth))\ncheck_value(last, 5)"
    *body, value = build_course.make_test(source, 3).splitlines()
    assert value == "sum(map(bool, verdicts))  # the points"
    body = "\n".join([*body, f"value = {value}"])
    for mine, last, points in (((2, 3), 5, 3), ((2, 4), 5, 2), ((..., ...), 5, 1), ((..., ...), 6, 0)):
        assert run(body, mine=mine, last=last, check_value=check_value)["value"] == points
    assert capsys.readouterr().out.count("right: ") == 6


@pytest.mark.parametrize("source", ["verdict = check_value(mine, 2)", "print('so:', check_value(mine, 2))"])
def test_a_check_whose_verdict_is_not_shown_is_refused(source):
    with pytest.raises(build_course.CourseError, match="neither the value of the cell nor printed"):
        build_course.make_test(source, 1)


def test_a_lesson_whose_solution_is_not_right_is_refused(tmp_path):
    cell = nbformat.v4.new_code_cell("check_value(1, 2)", outputs=[shown("not so: 1 is too small")])
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "wrong.ipynb")
    with pytest.raises(build_course.CourseError, match="wrong.ipynb.*make notebooks"):
        build_course.make_source(tmp_path / "wrong.ipynb")


# What nbgrader makes of submissions


def submit(course, name, student, answers):
    """Hand in a release with answers, by grade_id, in place of what stands in those cells; None deletes a cell."""
    notebook = read(course, "release", name)
    for cell in notebook.cells:
        cell.source = answers.get(known(cell, "grade_id"), cell.source)
    notebook.cells = [cell for cell in notebook.cells if cell.source is not None]
    folder = course / "submitted" / student / name
    folder.mkdir(parents=True)
    nbformat.write(notebook, folder / f"{name}.ipynb")


def solutions(course, name):
    return {
        known(cell, "grade_id"): cell.source for cell in read(course, "source", name).cells if known(cell, "solution")
    }


def autograde(course, name):
    """Run nbgrader on all submissions of an assignment; return the points that it gives, by student and grade_id."""
    config = build_course.load_config(course, name)
    for step in (Autograde, GenerateFeedback):
        step(coursedir=CourseDirectory(config=config), config=config).start()
    with Gradebook(f"sqlite:///{course}/gradebook.db", "stylekit") as gradebook:
        return {
            submission.student.id: {grade.name: grade.auto_score for grade in submission.notebooks[0].grades}
            for submission in gradebook.assignment_submissions(name)
        }


def feedback(course, student, name):
    """Return the words of a feedback page, with one space between any two."""
    page = (course / "feedback" / student / name / f"{name}.html").read_text(encoding="utf-8")
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", page)).split())


@pytest.fixture(scope="module")
def graded(course):
    right = solutions(course, LESSON)
    half = {
        f"{LESSON}-1": "def my_gram_matrix(F):\n    return F.T @ F",
        f"{LESSON}-2": right[f"{LESSON}-2"],
        f"{LESSON}-3": "factor_predicted = 2",
    }
    submit(course, LESSON, "all", right)
    submit(course, LESSON, "half", half)
    return autograde(course, LESSON)


def checked(points):
    """Return the points of the checks alone, in order."""
    return [points[grade_id] for grade_id in sorted(points) if "-check-" in grade_id]


def test_the_solutions_of_a_lesson_get_full_marks_and_its_written_answers_wait_for_a_hand(graded):
    assert checked(graded["all"]) == [1, 1, 1]
    assert [graded["all"][f"{LESSON}-{number}"] for number in (4, 5)] == [None, None]


def test_a_half_right_submission_gets_the_points_of_what_is_right(graded):
    assert checked(graded["half"]) == [0, 1, 0]
    assert [graded["half"][f"{LESSON}-{number}"] for number in (4, 5)] == [0, 0]  # what was not touched


def test_feedback_says_what_the_check_says(graded, course):
    page = feedback(course, "half", LESSON)
    assert check("gram_matrix", lambda F: F.T @ F).message in page
    assert "not so: 2 is too small" in page
    assert "right: 36864" in page
    assert "Traceback (most recent call last)" not in page  # the sentence alone
    assert "not so" not in feedback(course, "all", LESSON)


# A lesson of four exercises, so that what goes wrong in class is quick to try


def shown(text):
    return nbformat.v4.new_output("execute_result", {"text/plain": text})


def exercise(number, stub, solution):
    source = f"{stub}\n### BEGIN SOLUTION\n{solution}\n### END SOLUTION"
    about = {"schema_version": 3, "grade_id": f"little-{number}", "grade": False, "solution": True, "locked": False}
    return nbformat.v4.new_code_cell(source, metadata={"nbgrader": about | {"task": False}})


@pytest.fixture(scope="module")
def little(tmp_path_factory):
    folder = tmp_path_factory.mktemp("little")
    right, two = [shown("right: 1")], [nbformat.v4.new_output("stream", text="right: 1\nright: 2\n")]
    loop = "for answer, truth in zip(d, (1, 2)):\n    print(check_value(answer, truth))"
    cells = [
        nbformat.v4.new_code_cell("from stylekit.checks import check_value"),
        exercise(1, "a = ...", "a = 1"),
        nbformat.v4.new_code_cell("check_value(a, 1)", outputs=right),
        exercise(2, "b = ...", "b = 1"),
        nbformat.v4.new_code_cell("check_value(b, 1)", outputs=right),
        exercise(3, "c = ...", "c = 1"),
        nbformat.v4.new_code_cell("check_value(c, 1)", outputs=right),
        exercise(4, "d = ..., ...", "d = 1, 2"),
        nbformat.v4.new_code_cell(loop, outputs=two),
    ]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "3"}})
    nbformat.write(notebook, folder / "little.ipynb")
    build_course.build_course(folder / "course", [folder / "little.ipynb"])
    return folder / "course"


CARELESS = {
    "little-1": "raise KeyError('half a thought')",
    "little-2": "b = 2",
    "little-check-2": "print('right, I should say')",
    "little-3": "c = 1",
    "little-check-3": None,
    "little-4": "d = 1, 3",
}


@pytest.fixture(scope="module")
def little_graded(little):
    for student, answers in {"all": solutions(little, "little"), "none": {}, "careless": CARELESS}.items():
        submit(little, "little", student, answers)
    return autograde(little, "little")


def test_the_solutions_get_full_marks_and_an_untouched_release_nothing(little_graded, little):
    assert checked(little_graded["all"]) == [1, 1, 1, 2]
    assert checked(little_graded["none"]) == [0, 0, 0, 0]
    assert feedback(little, "none", "little").count("not answered yet: ") == 5


def test_an_error_costs_its_own_points_a_changed_or_deleted_check_comes_back_and_half_a_cell_counts_half(
    little_graded, little
):
    assert checked(little_graded["careless"]) == [0, 0, 1, 1]
    page = feedback(little, "careless", "little")
    assert "KeyError: 'half a thought'" in page and "NameError: name 'a' is not defined" in page
    assert "right, I should say" not in page and "not so: 2 is too large" in page
    assert "little-check-3) was missing from the submission" in page
    assert "not so: 3 is too large" in page


# The page and the settings


def test_the_settings_stub_solutions_as_the_lessons_do_and_name_no_machine():
    text = build_course.CONFIG.read_text(encoding="utf-8")
    config = PyFileConfigLoader(build_course.CONFIG.name, path=str(build_course.CONFIG.parent)).load_config()
    assert dict(config.ClearSolutions) == STUBS
    assert re.findall(r"^c\..*[\"'](?:/|[A-Z]:|https?:)", text, re.MULTILINE) == []


def test_the_page_for_lecturers_prints_the_points_that_there_are():
    page = (NOTEBOOKS.parent / "docs" / "course.md").read_text(encoding="utf-8")
    assert build_course.table_of_points() in page
