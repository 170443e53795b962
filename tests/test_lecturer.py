"""What docs/lecturer.md says of the notebooks is so: cells exist, stored numbers stand there, plans fit their time."""

import re
from functools import cache
from pathlib import Path

import nbformat
import pytest
import time_cells
from test_times import rows_of

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = {path.name[:2]: path for path in sorted((ROOT / "notebooks").glob("*.ipynb"))}
PAGE = ROOT / "docs" / "lecturer.md"
LIMITS = {  # the heading of a plan, and the minutes that it may take
    "One lecture of 50 minutes": 50,
    "One lecture of 90 minutes": 90,
    "First afternoon: what is measured": 180,
    "Second afternoon: what is painted": 180,
}
GROUPS = ["Layers and ReLU", "Gram and normalisation", "Optimiser and training", "Pictures and colours", "Machines"]
KINDS = {"live", "slide", "talk", "lab", "break", "slack"}
LESSONS = [f"{number:02}" for number in range(1, 12)]

# [03, What it forgets: where][03] `change = ...`, then `...`: a section of a notebook, and a line of each of its cells.
REFERENCE = re.compile(r"\[(\w\d), ([^\]]+)\]\[(\w\d)\]((?:,?(?: then| and)? `[^`]+`)*)")
SPAN = re.compile(r"`([^`]+)`")
STEP = re.compile(r"^- \*\*(\d):(\d\d), (\d+) min, (\w+)\.\*\*")
STORED = re.compile(r"Stored: ((?:`[^`]+`(?:, )?)+)\.")
NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?!\w|\.\d)")
ISSUE = re.compile(r"\[([\w.-]+/[\w.-]+#\d+)\](?!:)")
DEFINITION = re.compile(r"^\[([^\]]+)\]: (\S+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def page():
    return PAGE.read_text(encoding="utf-8")


def squeezed(text):
    return " ".join(text.split())


def sections(page, level):
    """Return the text under each heading of a level, by the heading, up to the next one of that level or above."""
    parts = re.split(rf"^(#{{1,{level}}}) (.+)$", page, flags=re.MULTILINE)
    return {title: text for marks, title, text in zip(parts[1::3], parts[2::3], parts[3::3], strict=True) if marks}


def items(text):
    """Return the items of the lists of a text, each in one line."""
    found = re.findall(r"^- .*(?:\n  .*)*", text, re.MULTILINE)
    return [squeezed(item) for item in found]


@cache
def cells_of(number):
    """Return (headings above it, source, printed output) of each code cell; and all headings, of a notebook."""
    cells, path, every = [], {}, set()
    for cell in nbformat.read(NOTEBOOKS[number], 4).cells:
        if cell.cell_type == "markdown":
            for marks, title in re.findall(r"^(#+) +(.*)$", cell.source, re.MULTILINE):
                path = {depth: name for depth, name in path.items() if depth < len(marks)} | {len(marks): title.strip()}
                every.add(title.strip())
        else:
            said = [o.get("text") or o.get("data", {}).get("text/plain", "") for o in cell.outputs]
            cells.append((set(path.values()), cell.source, squeezed(" ".join(said))))
    return cells, every


def cells_named(number, section, beginning):
    """Return the cells of a section in which a line, and what follows it, begins so."""
    wanted = squeezed(beginning)
    has = lambda lines: any(squeezed("\n".join(lines[n:])).startswith(wanted) for n in range(len(lines)))  # noqa: E731
    return [cell for cell in cells_of(number)[0] if section in cell[0] and has(cell[1].split("\n"))]


def references(text):
    """Return (notebook, section, [beginnings of cells]) for each place of a notebook that a text names."""
    found = REFERENCE.findall(squeezed(text))
    return [(number, section, SPAN.findall(spans)) for number, section, _, spans in found]


def wrong_places(page):
    """Return what a page names and no notebook has: notebooks, sections, cells; and cells that are not the only one."""
    wrong, targets = [], dict(DEFINITION.findall(page))
    for number, section, label, spans in REFERENCE.findall(squeezed(page)):
        if number not in NOTEBOOKS or number != label or targets.get(label) != f"../notebooks/{NOTEBOOKS[number].name}":
            wrong.append(f"{number}, {section}: leads to no such notebook")
        elif section not in cells_of(number)[1]:
            wrong.append(f"{number}: no section {section!r}")
        else:
            wrong += [
                f"{number}, {section}: {len(named)} cells have a line {beginning!r}"
                for beginning in SPAN.findall(spans)
                if len(named := cells_named(number, section, beginning)) != 1
            ]
    return wrong


def stands_in(quotation, output):
    """Tell whether an output has these words, with these numbers but for what another build of it changes.

    A descent ends a little elsewhere with another number of threads, so a number may be off by 3 per cent or by 0.01.
    """
    wanted = [float(number) for number in NUMBER.findall(quotation)]
    pattern = f"({NUMBER.pattern})".join(re.escape(words) for words in NUMBER.split(quotation))
    found = [[float(number) for number in match.groups()] for match in re.finditer(f"(?={pattern})", output)]
    return any(numbers == pytest.approx(wanted, rel=0.03, abs=0.0101) for numbers in found)


def wrong_numbers(text):
    """Return the quotations after "Stored:" that neither the cell named before them prints nor the next two."""
    wrong = []
    for item in items(text):
        for match in STORED.finditer(item):
            number, section, beginnings = references(item[: match.start()])[-1]
            cells = cells_of(number)[0]
            first = cells.index(cells_named(number, section, beginnings[-1])[0])
            output = " ".join(said for _, _, said in cells[first : first + 3])
            wrong += [
                f"{number}, {section}: {q!r}" for q in SPAN.findall(match[1]) if not stands_in(squeezed(q), output)
            ]
    return wrong


def steps(plan):
    """Return (beginning in minutes, minutes, kind, text) of each step of a plan."""
    found = [(STEP.match(item), item) for item in items(plan)]
    assert all(match for match, _ in found), "a step begins with - **h:mm, N min, kind.**"
    return [(60 * int(m[1]) + int(m[2]), int(m[3]), m[4], item) for m, item in found]


def wrong_times(plan, limit):
    """Return what does not add up in a plan."""
    wrong, now = [], 0
    for begin, minutes, kind, text in steps(plan):
        if begin != now:
            wrong.append(f"a step begins at {begin}, the one before ends at {now}")
        if kind not in KINDS:
            wrong.append(f"{kind}: no such kind of step")
        if kind == "live" and not any(cells for _, _, cells in references(text)):
            wrong.append(f"nothing to run: {text}")
        now += minutes
    return wrong + ([f"{now} minutes of {limit}"] if now > limit else [])


def wrong_issues(page):
    """Return what is wrong with the issues: addresses that are not theirs, named twice, defined and never named."""
    addresses = {label: url for label, url in DEFINITION.findall(page) if "#" in label}
    named = [issue for item in misunderstandings(page) for issue in ISSUE.findall(item)]
    right = {issue: "https://github.com/{}/issues/{}".format(*issue.split("#")) for issue in named}
    return [
        *(f"{issue} leads to {addresses.get(issue)}" for issue in right if addresses.get(issue) != right[issue]),
        *(f"{issue} is said of two things" for issue in right if named.count(issue) > 1),
        *(f"{issue} is not named" for issue in addresses if issue not in named),
    ]


def misunderstandings(page):
    return [item for title, part in sections(page, 3).items() if title in GROUPS for item in items(part)]


def test_every_notebook_section_and_cell_that_the_page_names_exists_and_is_the_only_one(page):
    assert wrong_places(page) == []
    assert len(references(page)) > 150


def test_every_number_that_is_said_to_be_stored_stands_under_its_cell(page):
    assert wrong_numbers(page) == []


@pytest.mark.parametrize("number", LESSONS)
def test_each_lesson_has_two_or_three_questions_with_a_cell_an_answer_and_a_tempting_one(page, number):
    text = next(part for title, part in sections(page, 3).items() if title.startswith(f"{number} "))
    questions = items(text)
    assert 2 <= len(questions) <= 3
    for question in questions:
        assert re.match(r"- \*\*[^*]+\?\*\* Before \[", question)
        assert "Expected: " in question and STORED.search(question) and "Tempting: " in question
        assert [(n, len(cells)) for n, _, cells in references(question)] == [(number, 1)]


@pytest.mark.parametrize("title", LIMITS)
def test_the_minutes_of_a_plan_add_up_to_its_time_and_leave_slack(page, title):
    plan = sections(page, 3)[title]
    assert wrong_times(plan, LIMITS[title]) == []
    assert sum(minutes for _, minutes, kind, _ in steps(plan) if kind == "slack") >= LIMITS[title] / 20


@pytest.mark.parametrize("title", list(LIMITS)[:2])
def test_a_lecture_opens_the_notebooks_and_the_decks_that_its_steps_use(page, title):
    plan = sections(page, 3)[title]
    live, decks = (
        set(re.search(rf"{words}: ([\d, ]+)\.", plan)[1].split(", ")) for words in ("Live notebooks", "Open decks")
    )
    assert live == {number for *_, text in steps(plan) for number, _, cells in references(text) if cells}
    assert decks == {number for *_, text in steps(plan) for number in re.findall(r"[Dd]eck (\d\d)", text)}


@pytest.mark.parametrize("title", LIMITS)
def test_the_cells_of_a_step_leave_at_least_half_of_its_time_for_talking(page, title):
    _, parts = time_cells.read_page(time_cells.PAGE.read_text(encoding="utf-8"))
    seconds = {number: [seconds for *_, seconds in rows_of(parts[path.stem])] for number, path in NOTEBOOKS.items()}
    for _, minutes, kind, text in steps(sections(page, 3)[title]):
        indices = [
            (number, cells_of(number)[0].index(cells_named(number, section, beginning)[0]))
            for number, section, cells in references(text)
            for beginning in cells
        ]
        assert sum(seconds[number][index] for number, index in indices) <= 60 * minutes / 2, f"{kind}: {text}"


def test_a_cell_before_which_a_plan_asks_has_its_question_in_the_list(page):
    asked = {(number, *cells) for part in sections(page, 3).items() if part[0][:2] in LESSONS
             for item in items(part[1]) for number, _, cells in references(item)}  # fmt: skip
    plans = squeezed("".join(sections(page, 3)[title] for title in LIMITS))
    announced = [references(text)[0] for text in plans.split("Ask, then run ")[1:]]
    assert len(announced) >= 10
    assert [place for place in announced if (place[0], place[2][0]) not in asked] == []


def test_exercises_that_a_plan_sets_exist(page):
    plans = squeezed("".join(sections(page, 3)[title] for title in LIMITS))
    found = re.findall(r"exercises (\d) (?:and|to) (\d) of \[(\d\d), Exercises\]", plans)
    assert len(found) == 5
    for first, last, number in found:
        headings = {title.split(".")[0] for title in cells_of(number)[1] if re.match(r"\d\. ", title)}
        assert {first, last} <= headings


def test_every_issue_has_its_address_and_is_said_of_one_thing_only(page):
    assert wrong_issues(page) == []
    assert len(misunderstandings(page)) >= 20


def test_every_misunderstanding_has_an_issue_a_place_in_the_kit_and_a_question(page):
    for item in misunderstandings(page):
        assert re.match(r"- \*\*[^*?]+\.\*\* Seen in \[", item) and ISSUE.search(item), item
        assert references(item), item
        assert re.search(r"Ask: [^?]+\?$", item), item


def test_an_issue_that_an_exhibit_of_the_museum_names_leads_to_that_exhibit(page):
    exhibits = re.split(r"^## (?=Exhibit)", "\n".join(
        cell.source for cell in nbformat.read(NOTEBOOKS["A2"], 4).cells if cell.cell_type == "markdown"
    ), flags=re.MULTILINE)[1:]  # fmt: skip
    leads = {
        issue: {place[1] for place in references(item)}
        for item in misunderstandings(page)
        for issue in ISSUE.findall(item)
    }
    seen = 0
    for exhibit in exhibits:
        title, repository = exhibit.splitlines()[0], None
        for owner, number in re.findall(r"([\w.-]+/[\w.-]+)?#(\d+)", exhibit):
            repository = owner or repository
            assert title in leads[f"{repository}#{number}"], f"{repository}#{number} belongs to {title}"
            seen += 1
    assert seen >= 15


def test_no_graphics_card_is_taken_by_the_notebooks_that_the_page_says_take_none(page):
    assert 'The notebooks 01 to 11, A1 and A2 all say `device="cpu"`' in squeezed(page)
    for number in [*LESSONS, "A1", "A2"]:
        calls = re.findall(r"load_network\([^)]*\)", " ".join(source for _, source, _ in cells_of(number)[0]))
        assert calls and [call for call in calls if 'device="cpu"' not in call] == []


def test_links_of_the_page_lead_to_files(page):
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)[^)]*\)", page) + [
        url for _, url in DEFINITION.findall(page) if url[0] == "."
    ]:
        assert (PAGE.parent / target).is_file(), f"{target} leads nowhere"


SPOILT = {
    "a cell": ("`change = (gram_matrix(shuffled)`", "`change = (gram_matrix(scrambled)`", wrong_places),
    "a cell of which there are two": ("`steps = [] for step in stylise(p`", "`st`", wrong_places),
    "a section": ("[03, What it forgets: where]", "[03, What it forgets: when]", wrong_places),
    "a notebook": ("[03]: ../notebooks/03-gram-matrix.ipynb", "[03]: ../notebooks/03-gram.ipynb", wrong_places),
    "a number": ("`relu1_1, 0.6 times itself`", "`relu1_1, 0.7 times itself`", wrong_numbers),
    "an address": ("tutorials/issues/143", "tutorials/issues/144", wrong_issues),
    "an issue named twice": ("[jcjohnson/neural-style#93].", "[jcjohnson/neural-style#87].", wrong_issues),
    "a minute too many": ("**0:03, 4 min, slide.**", "**0:03, 5 min, slide.**", lambda p: wrong_times(
        sections(p, 3)["One lecture of 50 minutes"], 50)),
    "a lecture too long": ("**0:46, 4 min, slack.**", "**0:46, 5 min, slack.**", lambda p: wrong_times(
        sections(p, 3)["One lecture of 50 minutes"], 50)),
    "nothing to run": ("**0:45, 1 min, talk.**", "**0:45, 1 min, live.**", lambda p: wrong_times(
        sections(p, 3)["One lecture of 50 minutes"], 50)),
}  # fmt: skip


@pytest.mark.parametrize("what", SPOILT)
def test_the_checks_see_a_page_that_is_spoilt(page, what):
    right, wrong, check = SPOILT[what]
    assert right in page
    assert check(page) == []
    assert len(check(page.replace(right, wrong))) >= 1
