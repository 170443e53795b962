"""The check of a boundary cut made by hand."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from stylekit.checks.verdict import NOT_ANSWERED, Verdict, has_dots
from stylekit.errors import InputError
from stylekit.patches import minimum_cut


def check_cut(errors, path) -> Verdict:
    """Return whether a path, one column for each row of an error surface (n, overlap), is a cut and a cheapest one.

    Columns count from 0; from row to row the cut steps by at most one (Efros and Freeman 2001, section 2.1). Any cut of
    the least cost is right. `...` stands for a question not answered yet. Raises InputError for errors that are no
    surface of finite numbers.
    """
    errors = np.asarray(errors, dtype=float)
    if errors.ndim != 2 or not errors.size or not np.isfinite(errors).all():
        raise InputError(f"errors must be finite numbers in rows and columns; got shape {errors.shape}")
    if path is None or has_dots(path):
        return Verdict(False, f"{NOT_ANSWERED}: put a column for each row, from the top, in place of the dots")
    try:
        problem = _broken_rule(errors.shape, path)
    except (TypeError, ValueError):  # text, a dictionary, rows of unequal length
        problem = f"not a cut: give a list of columns, one whole number for each row, not {path!r}"
    return Verdict(False, problem) if problem else _judge_cost(errors, [int(column) for column in path])


def _broken_rule(shape, path) -> str:
    """Return which rule of a cut a path breaks, or "" if it breaks none."""
    rows, columns = shape
    array = np.asarray(path)
    if array.ndim != 1 or array.dtype == bool or (array != np.round(array)).any():  # NaN is not equal to itself
        return f"not a cut: give a list of columns, one whole number for each row, not {path!r}"
    if len(array) != rows:
        return f"not a cut yet: {len(array)} columns for {rows} rows. It crosses every row once, from top to bottom"
    for row, column in enumerate(array):
        if not 0 <= column < columns:
            return f"row {row} has no column {column:g}: the columns are 0 to {columns - 1}, counted from 0"
    for row, (here, next_one) in enumerate(pairwise(array)):
        if abs(next_one - here) > 1:
            return (
                f"not a cut: from row {row} to row {row + 1} it steps by {abs(next_one - here):g} columns, from "
                f"{here:g} to {next_one:g}, and one is the most"
            )
    return ""


def _judge_cost(errors, path: list[int]) -> Verdict:
    cost, cheapest = (float(sum(errors[range(len(errors)), way])) for way in (path, minimum_cut(errors)))
    if math.isclose(cost, cheapest, rel_tol=1e-9, abs_tol=1e-12):
        return Verdict(True, f"right: a cheapest cut, it costs {cost:g}")
    hint = "E in the last row says what the cheapest one costs; go back up from there"
    if path == _greedy(errors):
        hint = "You took the smallest number within reach, row by row: a dear row may lie below. Add up E first"
    return Verdict(False, f"a cut, but it costs {cost:g} and the cheapest costs {cheapest:g}. {hint}")


def _greedy(errors) -> list[int]:
    """Return the path that takes the smallest number of the first row, then always the smallest within reach."""
    path = [int(errors[0].argmin())]
    for row in errors[1:]:
        left = max(path[-1] - 1, 0)
        path.append(left + int(row[left : path[-1] + 2].argmin()))
    return path
