"""Tests of `stylekit.checks`: every right answer passes, every wrong one fails and is told what it did.

The answers are in check_answers.py. Each is checked once; the tests below look at that one verdict.
"""

from __future__ import annotations

import functools
import re
import signal
import sys
import threading
import time
from fractions import Fraction
from itertools import product

import check_answers
import numpy as np
import pytest
import torch

from stylekit import losses
from stylekit.checks import Verdict, check, check_value, guard
from stylekit.errors import InputError

TASKS = [
    "content_loss",
    "content_loss_gradient",
    "gram_matrix",
    "style_layer_loss",
    "style_layer_loss_gradient",
    "style_loss",
    "total_variation",
    "total_loss",
]
HAS_ALARM = hasattr(signal, "SIGALRM")


def global_state():
    """Return what an answer could change behind the back of the notebook."""
    alarm = (signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)) if HAS_ALARM else None
    return (
        torch.get_default_dtype(),
        torch.is_grad_enabled(),
        sys.stdout,
        sys.stderr,
        alarm,
        sys.getrecursionlimit(),
    )


@pytest.fixture(autouse=True)
def short_patience(monkeypatch, request):
    """Wait 2 seconds, not 10, for answers that never end; a right one may have to import something first."""
    if "right" not in request.node.name:
        monkeypatch.setattr(guard, "LIMIT", 2.0)


@functools.cache
def verdict_of(kind, index):
    """Check answer number `index` of the list `kind`: the verdict, and whether the global state is as before."""
    task, _, answer, *_ = getattr(check_answers, kind)[index]
    before = global_state()
    try:
        verdict = check(task, answer)
        return verdict, global_state() == before
    finally:  # a hostile answer must not spoil the tests that follow
        torch.set_default_dtype(before[0])
        torch.set_grad_enabled(before[1])
        sys.stdout, sys.stderr = before[2:4]
        if HAS_ALARM:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before[4][0])


def cases(kind):
    return [pytest.param(i, id=f"{a[0]}: {a[1]}") for i, a in enumerate(getattr(check_answers, kind))]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("index", cases("RIGHT"))
def test_right_answer_passes(index):
    verdict, restored = verdict_of("RIGHT", index)
    assert verdict.ok, verdict.message
    assert bool(verdict)
    assert restored


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("index", cases("WRONG"))
def test_wrong_answer_fails_and_leaves_no_trace(index):
    verdict, restored = verdict_of("WRONG", index)
    assert verdict.ok is False, verdict.message
    assert not verdict
    assert isinstance(verdict.message, str) and verdict.message.strip()
    assert restored, "default dtype, grad mode, stdout, stderr, the alarm or the recursion limit was left changed"


@pytest.mark.filterwarnings("ignore")
def test_nine_messages_in_ten_name_the_mistake():
    misses = []
    for i, (task, name, _, pattern) in enumerate(check_answers.WRONG):
        try:
            message = verdict_of("WRONG", i)[0].message
        except Exception as error:  # the test of this answer fails; here it is one that does not name the mistake
            message = f"check raised {type(error).__name__}"
        if not re.search(pattern, message, re.IGNORECASE):
            misses.append(f"{task}: {name}\n    {message}")
    total = len(check_answers.WRONG)
    print(f"{total - len(misses)} of {total} messages name the mistake; the others:", *misses, sep="\n")
    assert len(misses) <= total / 10, f"{len(misses)} of {total} messages do not name the mistake"


# A loss that is to be made small must let the gradient through, to every input that has one


FLOWS = {  # the right function, and its arguments that a gradient must reach
    "content_loss": (losses.content_loss, "F"),
    "gram_matrix": (losses.gram_matrix, "F"),
    "style_layer_loss": (losses.style_layer_loss, "F"),
    "style_loss": (losses.style_loss, "losses"),
    "total_loss": (losses.total_loss, "content and style"),
    "total_variation": (losses.total_variation, "x"),
}
CUTS = {
    ".item()": lambda value: value.item(),
    "float()": float,
    ".tolist()": lambda value: value.tolist(),
    "Numpy": lambda value: value.detach().numpy(),
    "torch.tensor": torch.tensor,
    ".detach()": lambda value: value.detach(),
    ".data": lambda value: value.data,
}


NO_NUMBER = [("gram_matrix", ".item()"), ("gram_matrix", "float()")]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("task", "cut"), [pair for pair in product(FLOWS, CUTS) if pair not in NO_NUMBER])
def test_an_answer_through_which_no_gradient_flows_is_told_what_cut_it_off(task, cut):
    function, to = FLOWS[task]
    verdict = check(task, lambda *arguments: CUTS[cut](function(*arguments)))
    assert not verdict.ok
    assert f"no gradient flows back to {to}:" in verdict.message and cut in verdict.message


@pytest.mark.parametrize("task", FLOWS)
def test_an_answer_under_no_grad_is_told_so(task):
    verdict = check(task, torch.no_grad()(lambda *arguments: FLOWS[task][0](*arguments)))
    assert not verdict.ok
    assert "no gradient flows back" in verdict.message and "no_grad" in verdict.message


@pytest.mark.parametrize("number", range(3))
def test_losses_that_are_detached_are_named(number):
    def answer(values, weights):
        values = [value.detach() if n == number else value for n, value in enumerate(values)]
        return losses.style_loss(values, weights)

    message = check("style_loss", answer).message
    assert f"no gradient flows back to losses[{number}]: .detach()" in message


@pytest.mark.parametrize("index", [i for i, a in enumerate(check_answers.WRONG) if "detached" in a[1]])
def test_a_part_that_is_detached_is_always_named(index):
    assert re.search(check_answers.WRONG[index][3], verdict_of("WRONG", index)[0].message)


@pytest.mark.parametrize("task", FLOWS)
def test_a_gradient_that_is_half_as_large_is_named(task):
    def answer(*arguments):
        value = FLOWS[task][0](*arguments)
        return (value + value.detach()) / 2

    message = check(task, answer).message
    assert "the value is right, but the gradient" in message and "is 0.5 times the right one" in message


def test_a_line_of_a_crash_is_the_answers_own_also_where_the_gradient_is_looked_at():
    def answer(x):
        if x.requires_grad:
            raise KeyError("no")
        return losses.total_variation(x)

    message = check("total_variation", answer).message
    assert "KeyError" in message
    assert int(re.search(r"in line (\d+)", message)[1]) == answer.__code__.co_firstlineno + 2


@pytest.mark.parametrize(
    ("task", "answer"),
    [
        ("content_loss_gradient", lambda F, P: ((F - P) * (F > 0)).float()),
        ("style_layer_loss_gradient", lambda F, A: losses.style_layer_loss_gradient(F.float(), A.float())),
        ("content_loss", lambda F, P: losses.content_loss(F.float(), P.float())),
        ("total_variation", lambda x: losses.total_variation(x.float()).double()),
        ("total_loss", lambda c, s, alpha, beta: (alpha * c).float() + beta * s),
        ("total_loss", lambda c, s, alpha, beta: alpha * c + beta * (s - s.detach()).float() + beta * s.detach()),
    ],
)
def test_what_is_right_to_the_digits_of_float32_is_right_and_is_told_so(task, answer):
    verdict = check(task, answer)
    assert verdict.ok and verdict.message.startswith("right: ")
    assert re.search(r"to [678] digits", verdict.message) and "float32" in verdict.message
    function = getattr(losses, task)
    assert "digits" not in check(task, lambda *arguments: function(*arguments)).message


def test_lists_are_long_enough_and_cover_every_task():
    assert len(check_answers.WRONG) >= 110
    assert len(check_answers.RIGHT) >= 60
    for kind in (check_answers.WRONG, check_answers.RIGHT):
        assert {answer[0] for answer in kind} == set(TASKS)
        assert len({answer[:2] for answer in kind}) == len(kind)


def test_no_pattern_matches_a_message_that_names_nothing():
    """Expected, got, and the inputs: no pattern may be content with that."""
    nothing = [
        "wrong: at [2, 3], where F is 1.05, P is -2.4, A is 0.3, expected 0.0051 and got -0.0091",
        "expected 14.67 and got 5.0704, for 3 losses, 3 weights",
        "expected 2.0167 and got 1.2014, for content = 21.8, style = 0.556, alpha = 0.013, beta = 3.117",
        "expected 1817 and got 249.93, for x, a picture, N = 3, M = 7",
    ]
    for task, name, _, pattern in check_answers.WRONG:
        for message in nothing:
            assert not re.search(pattern, message, re.IGNORECASE), f"{task}: {name} ({pattern}): {message}"


@pytest.mark.parametrize("task", TASKS)
def test_ellipsis_is_not_answered_yet(task):
    verdict = check(task, ...)
    assert not verdict.ok
    assert "not answered yet" in verdict.message.lower()


@pytest.mark.parametrize("task", TASKS)
def test_stub_is_not_answered_yet(task):
    def stub(*arguments): ...

    def unwritten(*arguments):
        raise NotImplementedError("your answer here")

    for answer in (stub, unwritten):
        verdict = check(task, answer)
        assert not verdict.ok
        assert "not answered yet" in verdict.message.lower()


def test_unknown_task_raises_and_names_the_tasks():
    with pytest.raises(InputError) as caught:
        check("gram", lambda F: F @ F.T)
    for task in TASKS:
        assert task in str(caught.value)


def test_verdict_is_its_message():
    verdict = Verdict(ok=False, message="a <b> & c")
    assert not verdict
    assert bool(Verdict(ok=True, message="right")) is True
    assert repr(verdict) == "a <b> & c"
    html = verdict._repr_html_()
    assert "a &lt;b&gt; &amp; c" in html
    assert "<b>" not in html


def test_a_verdict_that_is_required_raises_its_message_unless_it_is_right():
    right = Verdict(ok=True, message="right")
    assert right.require() is right
    with pytest.raises(AssertionError, match=r"^not so: 1 < 2 \{why\}$") as caught:
        Verdict(ok=False, message="not so: 1 < 2 {why}").require()
    assert caught.value._render_traceback_() == ["not so: 1 < 2 {why}"]  # all that IPython shows of the error


def test_the_error_of_a_long_sentence_is_broken_into_lines_that_a_page_holds():
    message = "a matrix of " + "many, " * 40 + "numbers"
    with pytest.raises(AssertionError) as caught:
        Verdict(ok=False, message=message).require()
    lines = caught.value._render_traceback_()
    assert len(lines) > 2 and max(map(len, lines)) <= 96
    assert " ".join(lines) == message


def test_answer_cannot_write_html_into_its_verdict():
    def answer(F):
        raise ValueError("<script>alert(1)</script>")

    assert "<script>" not in check("gram_matrix", answer)._repr_html_()


@pytest.mark.parametrize("task", TASKS)
def test_answer_never_sees_the_same_numbers_in_every_check(task):
    """An answer that recites what it saw in an earlier check is not right for that."""
    seen = []
    index = next(i for i, a in enumerate(check_answers.RIGHT) if a[0] == task)
    answer = check_answers.RIGHT[index][2]

    def listening(*arguments):
        seen.append(arguments)
        return answer(*arguments)

    assert check(task, listening).ok
    recited = torch.as_tensor(answer(*seen[0]))
    assert not check(task, lambda *arguments: recited).ok


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("change", "task"), [("dtype", "total_loss"), ("grad", "total_loss"), ("stdout", "total_loss")]
)
def test_state_is_restored_after_an_answer_that_is_right_otherwise(change, task):
    def answer(content, style, alpha, beta):
        if change == "dtype":
            torch.set_default_dtype(torch.float64)
        elif change == "grad":
            torch.set_grad_enabled(False)
        else:
            sys.stdout = None
        return alpha * content + beta * style

    before = global_state()
    try:
        verdict = check(task, answer)
        assert isinstance(verdict, Verdict)
        assert global_state() == before
    finally:
        torch.set_default_dtype(before[0])
        torch.set_grad_enabled(before[1])
        sys.stdout = before[2]


def in_thread(task, answer, seconds):
    """Check in a thread that is not the main one, where no alarm can be set: the verdict and the time it took."""
    results = []
    thread = threading.Thread(target=lambda: results.append(check(task, answer)), daemon=True)
    start = time.monotonic()
    thread.start()
    thread.join(seconds)
    assert results, f"no verdict after {seconds} s"
    return results[0], time.monotonic() - start


def test_works_outside_the_main_thread():
    assert in_thread("gram_matrix", lambda F: F @ F.T, 60)[0].ok
    verdict, _ = in_thread("gram_matrix", lambda F: F.T @ F, 60)
    assert not verdict.ok
    assert re.search(r"F\.T @ F|M x M", verdict.message)


def test_what_cuts_the_gradient_off_is_named_outside_the_main_thread_too():
    verdict, _ = in_thread("total_loss", lambda c, s, alpha, beta: alpha * c.item() + beta * s, 60)
    assert "no gradient flows back to content: .item()" in verdict.message


@pytest.mark.skipif(not HAS_ALARM, reason="this platform has no alarm, which is what a destructor would swallow")
def test_an_alarm_in_a_destructor_is_not_reported_beside_the_verdict(monkeypatch):
    reported = []
    monkeypatch.setattr(sys, "unraisablehook", reported.append)
    assert not check("content_loss", check_answers.content_hangs_in_a_destructor).ok
    assert not reported and sys.unraisablehook == reported.append


def test_hanging_answer_outside_the_main_thread_is_abandoned_and_that_is_said():
    stop = threading.Event()

    def answer(F):
        while not stop.wait(0.02):
            pass

    try:
        verdict, seconds = in_thread("gram_matrix", answer, 60)
    finally:
        stop.set()
    assert not verdict.ok
    assert re.search(r"\d s\b|second|time|finish|never ends", verdict.message, re.IGNORECASE)
    assert re.search(r"thread|background|abandon|still run", verdict.message, re.IGNORECASE)
    assert seconds < 45


@pytest.mark.parametrize("tell", [False, True])
def test_prediction_not_made_is_not_answered_yet(tell):
    for prediction, truth in ((..., 4), (..., 0.5), (..., "larger"), (..., (5, 7)), ((5, ...), (5, 7))):
        verdict = check_value(prediction, truth, tell=tell)
        assert not verdict.ok
        assert verdict.message == "not answered yet: put your answer in place of the dots"


@pytest.mark.parametrize(
    ("prediction", "truth"),
    [
        (4, 4),
        (4.0, 4),
        (1.0005, 1.0),
        (999.5, 1000),
        (-2.001, -2),
        (0, 0),
        (0.0, 0),
        (Fraction(1, 2), 0.5),
        ("larger", "larger"),
        (" Larger", "larger"),
        (True, True),
        (torch.tensor(4.0), 4),
        (torch.tensor([4]), 4),
        (torch.tensor([[4.0]], requires_grad=True), 4),
        (np.float32(4), 4),
        ((2, 1), (2.0, 1.0)),
        ([2, 1], (2, 1)),
        (np.array([49, 196]), [49, 196]),
        (torch.tensor([[1.0, 2.0]]), [[1.0, 2.0]]),
    ],
)
def test_equal_values_are_right(prediction, truth):
    verdict = check_value(prediction, truth)
    assert verdict.ok, verdict.message
    assert verdict.message == f"right: {truth}"


@pytest.mark.parametrize(
    ("prediction", "truth", "words"),
    [
        (5, 4, "5 is too large"),
        (3, 4, "3 is too small"),
        (1.1, 1.0, "1.1 is too large"),
        (1.005, 1.0, "a little too large: it counts as right within a thousandth"),
        (995, 1000, "a little too small"),
        (-995, -1000, "-995 is a little too large"),
        (-2, 2, "-2 has the wrong sign"),
        (0.1, 0, "too large"),
        (float("nan"), 1.0, "nan is no number"),
        (float("inf"), 1.0, "too large"),
        (-(10**400), 1.0, "too small"),
        (torch.tensor(5.0), 4, "5.0 is too large"),
        ("4", 4, "a number was expected, and text came: write 4 without quotes"),
        (" 5.0", 4, "write 5.0 without quotes"),
        ("four", 4, "a number was expected, and text came"),
        (None, 4, "a number was expected, and nothing (None) came"),
        (torch.ones(3), 1, "a number was expected"),
        (torch.tensor([]), 1, "a number was expected"),
        ([1, 2], 1, "a number was expected, and a list came"),
        (1j, 1, "a complex number came"),
        (object(), 1, "a number was expected"),
        (lambda: 4, 4, "is a call missing"),
        ("smaller", "larger", "'smaller' is not it"),
        (4, "larger", "text was expected, in quotes"),
        (None, "larger", "text was expected, in quotes"),
        (True, False, "True is not it"),
        ("yes", True, "'yes' is not it"),
        (5, (5, 7), "a list of 2 was expected, and a Python number (int) came"),
        ((5, 7, 9), (5, 7), "3 values came, and 2 are asked"),
        ((5, 6), (5, 7), "at [1], 6 is too small"),
        ([[[1.0, 8.0], [7.0, 9.0]]], [[[1.0, 8.0], [6.0, 9.0]]], "at [0][1][0], 7.0 is too large"),
    ],
)
def test_a_wrong_value_is_told_the_direction_and_not_the_value(prediction, truth, words):
    verdict = check_value(prediction, truth)
    assert not verdict.ok
    assert verdict.message.startswith("not so: ") and words in verdict.message
    told = check_value(prediction, truth, tell=True)
    assert not told.ok and words in told.message and f"It is {truth!r}." in told.message
    assert f"It is {truth!r}" not in verdict.message and "tell=True" in verdict.message


@pytest.mark.parametrize("truth", [7, 4096, 0.0371, "2431", (12, 34)])
@pytest.mark.parametrize("prediction", [1, -3.5, 10**9, float("nan"), "1234", "9", None, True, (1, 2), object])
def test_the_first_miss_does_not_hold_the_value(prediction, truth):
    message = check_value(prediction, truth).message
    for part in truth if isinstance(truth, tuple) else (truth,):
        assert str(part) not in message.removeprefix(f"not so: {prediction}").replace("tell=True", "")


POWERS = {
    "2 ^ 6": (2 ^ 6, 2**6),
    "2 ^ 2": (2 ^ 2, 2**2),
    "128 ^ 2": (128 ^ 2, 128**2),
    "512 * 64 ^ 2": (512 * 64 ^ 2, 512 * 64**2),
    "5 * 10 ^ -4": (5 * 10 ^ -4, 5 * 10**-4),
    "10 ^ -3": (10 ^ -3, 10**-3),
}


@pytest.mark.parametrize("written", POWERS)
def test_a_power_written_with_a_caret_has_its_own_sentence(written):
    prediction, truth = POWERS[written]
    message = check_value(prediction, truth).message
    assert "^" in message and "a**b" in message
    assert str(truth) not in message


@pytest.mark.parametrize(("prediction", "truth"), [(5, 4), (17, 16), (16000, 16384), (6.0, 64), (True, 4), (3, 7.3)])
def test_no_caret_is_seen_where_none_was(prediction, truth):
    assert "^" not in check_value(prediction, truth).message


@pytest.mark.parametrize("setting", [torch.no_grad, torch.inference_mode, lambda: torch.device("meta")])
def test_a_right_answer_is_right_whatever_the_settings_of_the_notebook(setting):
    with setting():
        verdict = check("gram_matrix", lambda F: F @ F.T)
    assert verdict.ok, verdict.message


def test_a_result_remembered_by_shape_is_named():
    kept = {}
    verdict = check("gram_matrix", lambda F: kept.setdefault(F.shape, F @ F.T))
    assert not verdict.ok
    assert "remembered" in verdict.message


def test_an_operation_that_torch_does_not_implement_is_a_crash_not_a_question_left_open():
    verdict = check("gram_matrix", lambda F: (F > 0) @ (F > 0).T)
    assert not verdict.ok
    assert "NotImplementedError" in verdict.message and "not answered yet" not in verdict.message


def test_an_answer_that_closes_stdout_or_sets_torch_to_be_strict_leaves_no_trace():
    def answer(F):
        sys.stdout.close()
        torch.use_deterministic_algorithms(True)
        return F @ F.T

    stdout, strict = sys.stdout, torch.are_deterministic_algorithms_enabled()
    assert check("gram_matrix", answer).ok
    assert sys.stdout is stdout and not stdout.closed
    assert torch.are_deterministic_algorithms_enabled() == strict


def test_a_crash_is_placed_in_the_answer_not_in_torch():
    verdict = check("content_loss", torch.no_grad()(lambda F, P: 1 / 0))
    line = re.search(r"in line (\d+)", verdict.message)
    assert int(line[1]) > 200  # of this file
