"""The check of a boundary cut by hand: what it says to each kind of answer."""

from itertools import product

import numpy as np
import pytest
import torch

from stylekit.checks import check_cut
from stylekit.checks.verdict import NOT_ANSWERED

ERRORS = [[1, 5, 4], [6, 7, 2], [9, 8, 3], [1, 4, 6]]  # cheapest: 4 + 2 + 3 + 4 = 13; greedy: 1 + 6 + 8 + 1 = 16


def legal_paths(rows, columns):
    """Return all cuts, by trying every list of columns."""
    every = product(range(columns), repeat=rows)
    return [path for path in every if all(abs(path[i] - path[i - 1]) <= 1 for i in range(1, rows))]


def cost(errors, path):
    return sum(row[column] for row, column in zip(errors, path, strict=True))


@pytest.mark.parametrize("seed", range(3))
def test_of_all_cuts_exactly_the_cheapest_are_right(seed):
    errors = np.random.default_rng(seed).integers(0, 5, (5, 3)).tolist()  # small whole numbers: ties
    paths = legal_paths(5, 3)
    least = min(cost(errors, path) for path in paths)
    for path in paths:
        verdict = check_cut(errors, list(path))
        assert verdict.ok == (cost(errors, path) == least)
        assert f"costs {cost(errors, path)}" in verdict.message


def test_every_cut_of_a_plain_surface_is_right_also_where_sums_are_rounded():
    for path in legal_paths(4, 3):
        assert check_cut(np.full((4, 3), 0.1), path).message == "right: a cheapest cut, it costs 0.4"


@pytest.mark.parametrize("path", [[2, 2, 2, 1], (2, 2, 2, 1), np.array([2, 2, 2, 1]), torch.tensor([2, 2, 2, 1])])
def test_a_cut_may_come_as_a_list_a_tuple_or_an_array(path):
    assert check_cut(ERRORS, path).message == "right: a cheapest cut, it costs 13"


@pytest.mark.parametrize("path", [..., None, [...], [..., ..., ..., ...], [2, 2, ..., 1]])
def test_dots_are_a_question_not_answered_yet(path):
    verdict = check_cut(ERRORS, path)
    assert not verdict and verdict.message.startswith(NOT_ANSWERED)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ([2, 2, 1], "3 columns for 4 rows"),
        ([], "0 columns for 4 rows"),
        ([2, 2, 2, 1, 1], "5 columns for 4 rows"),
        ([3, 2, 2, 1], "row 0 has no column 3: the columns are 0 to 2"),
        ([2, 2, 2, -1], "row 3 has no column -1"),
        ([0, 0, 2, 1], "from row 1 to row 2 it steps by 2 columns, from 0 to 2"),
        ([2, 2, 1.5, 1], "one whole number for each row"),
        ([2, 2, float("nan"), 1], "one whole number for each row"),
        ([[2], [2], [2], [1]], "one whole number for each row"),
        ([[2], [2, 2], [1]], "one whole number for each row"),
        ("2221", "one whole number for each row"),
        (["2", "2", "2", "1"], "one whole number for each row"),
        ({2, 1}, "one whole number for each row"),
        (13, "one whole number for each row"),
        ([True, True, True, True], "one whole number for each row"),
        ([1, 2, 2, 1], "it costs 14 and the cheapest costs 13. E in the last row"),
        ([0, 0, 1, 0], "it costs 16 and the cheapest costs 13. You took the smallest number within reach"),
    ],
)
def test_a_wrong_answer_is_told_what_it_did(path, words):
    verdict = check_cut(ERRORS, path)
    assert not verdict and words in verdict.message


@pytest.mark.parametrize("errors", [[1, 2, 3], [[1, float("inf")]], np.zeros((0, 3))])
def test_errors_that_are_no_surface_are_refused(errors):
    with pytest.raises(ValueError, match="rows and columns"):
        check_cut(errors, [0])
