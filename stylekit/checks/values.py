"""The check of a predicted value: a number, a word, or a list of them."""

from __future__ import annotations

import contextlib
import math
from reprlib import repr as short

from stylekit.checks.compare import name_thing
from stylekit.checks.verdict import NOT_ANSWERED, Verdict, has_dots

CLOSE = 1e-3  # of the value: what still counts as right
NEAR = 1e-2  # of the value: what may be wrong by rounding alone


def check_value(answer, expected, tell: bool = False) -> Verdict:
    """Return whether a predicted value is the expected one, and which way it is off if not.

    Numbers count as right within a thousandth, words whatever their capitals, anything else if equal. `...` stands for
    a question not answered yet. Only `tell=True` says the value itself, and only after an answer.
    """
    if has_dots(answer):
        return Verdict(False, f"{NOT_ANSWERED}: put your answer in place of the dots")
    miss = _miss(answer, expected)
    if not miss:
        return Verdict(True, f"right: {expected}")
    if tell:
        return Verdict(False, f"not so: {miss}. It is {expected!r}. What did you leave out?")
    return Verdict(False, f"not so: {miss}. Try again; check_value(..., tell=True) shows the value")


def _miss(answer, expected, place: str = "") -> str:
    """Return what is wrong with an answer, or "" if nothing is; for a list, what is wrong in the first such place."""
    if isinstance(expected, (list, tuple)):
        return _miss_in_list(answer, expected, place)
    if isinstance(expected, bool) or not isinstance(expected, (int, float, str)):
        miss = "" if _equal(answer, expected) else f"{short(answer)} is not it"
    else:
        miss = (_miss_of_word if isinstance(expected, str) else _miss_of_number)(answer, expected)
    return f"at {place}, {miss}" if miss and place else miss


def _miss_in_list(answer, expected, place: str) -> str:
    with contextlib.suppress(AttributeError):  # a tensor or an array counts as a list
        answer = answer.tolist()
    if not isinstance(answer, (list, tuple)):
        return f"a list of {len(expected)} was expected, and {name_thing(answer)} came"
    if len(answer) != len(expected):
        return f"{len(answer)} values came, and {len(expected)} are asked"
    misses = (_miss(*pair, f"{place}[{n}]") for n, pair in enumerate(zip(answer, expected, strict=True)))
    return next(filter(None, misses), "")


def _equal(answer, expected) -> bool:
    try:
        return bool(answer == expected)
    except Exception:  # an array: whatever cannot be compared is not the same
        return False


def _miss_of_word(answer, expected: str) -> str:
    if not isinstance(answer, str):
        return f"text was expected, in quotes, and {name_thing(answer)} came"
    return "" if answer.strip().casefold() == expected.strip().casefold() else f"{short(answer)} is not it"


def _miss_of_number(answer, expected: int | float) -> str:
    with contextlib.suppress(Exception):  # a tensor or an array of one number counts as that number
        answer = answer.item()
    try:
        number = float(answer)
    except OverflowError:  # a whole number beyond all floats
        number = math.inf if answer > 0 else -math.inf
    except Exception:
        came = f"text came, {short(answer)}" if isinstance(answer, str) else f"{name_thing(answer)} came"
        return f"a number was expected, and {came}"
    if isinstance(answer, str):
        return f"a number was expected, and text came: write {answer.strip()} without quotes"
    if math.isclose(number, expected, rel_tol=CLOSE, abs_tol=1e-9):
        return ""
    if math.isnan(number):
        return "nan is no number: a division by 0, a root of 0?"
    if math.isclose(-number, expected, rel_tol=CLOSE):
        return f"{short(answer)} has the wrong sign"
    way = "too large" if number > expected else "too small"
    if math.isclose(number, expected, rel_tol=NEAR):
        return f"{short(answer)} is a little {way}: it counts as right within a thousandth"
    caret = ". Did you write ^ for a power? In Python a power is a**b; a^b is another thing (XOR)"
    return f"{short(answer)} is {way}{caret * _has_caret(answer, expected)}"


def _has_caret(answer, expected: int | float) -> bool:
    """Tell whether an answer may be `c * a ^ b` where c a^b is expected: Python reads that as (c * a) XOR b."""
    if type(answer) is not int or abs(answer) > 1e15 or expected <= 0:
        return False
    for b in (*range(-9, 0), *range(2, 17)):
        product = answer ^ b  # XOR takes itself back: this would be c * a
        a = round((expected / product) ** (1 / (b - 1))) if product > 1 else 0
        if a > 1 and product % a == 0 and math.isclose(product * float(a) ** (b - 1), expected, rel_tol=CLOSE):
            return True
    return False
