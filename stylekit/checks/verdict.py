"""What a check returns, and the check of a predicted value."""

from __future__ import annotations

import html
import math
import textwrap
from dataclasses import dataclass

NOT_ANSWERED = "not answered yet"
WIDTH = 96  # characters of a line of an error
RIGHT, WRONG, OPEN = "#009E73", "#D55E00", "#56B4E9"  # Okabe and Ito; the sentence says the same in words


class NotRight(AssertionError):
    """What `Verdict.require` raises; a notebook shows its sentence alone, because our code is no part of the answer."""

    def _render_traceback_(self) -> list[str]:  # IPython's own hook; feedback pages do not break lines
        return [part for line in str(self).splitlines() for part in textwrap.wrap(line, WIDTH)]


@dataclass(frozen=True)
class Verdict:
    """Whether an answer is right, and a sentence that says what it did; true in an `if` when right."""

    ok: bool
    message: str

    def __bool__(self) -> bool:
        return self.ok

    def __repr__(self) -> str:
        return self.message

    def require(self) -> Verdict:
        """Return the verdict of a right answer, for graders who know a wrong one by its error.

        Raises NotRight with the message as it stands if the answer is not right.
        """
        if not self.ok:
            raise NotRight(self.message)
        return self

    def _repr_html_(self) -> str:
        colour = RIGHT if self.ok else OPEN if self.message.startswith(NOT_ANSWERED) else WRONG
        return (
            f'<div style="border-left: 5px solid {colour}; padding: 2px 10px; white-space: pre-wrap">'
            f"{html.escape(self.message)}</div>"
        )


def check_value(answer, expected) -> Verdict:
    """Return whether a predicted value is the expected one: numbers within a thousandth, anything else if equal.

    `...` stands for a question not answered yet.
    """
    if answer is ...:
        return Verdict(False, f"{NOT_ANSWERED}: put your answer in place of the dots")
    if _same(answer, expected):
        return Verdict(True, f"right: {expected}")
    return Verdict(False, f"not so: you said {answer!r}, and it is {expected!r}. What did you leave out?")


def _same(answer, expected) -> bool:
    try:
        if isinstance(expected, (int, float)) and not isinstance(expected, bool):
            return math.isclose(answer, expected, rel_tol=1e-3, abs_tol=1e-9)
        if isinstance(expected, (list, tuple)) and isinstance(answer, (list, tuple)):
            return len(answer) == len(expected) and all(map(_same, answer, expected))
        return bool(answer == expected)
    except Exception:  # a predicted tensor, text for a number: whatever cannot be compared is not the same
        return False
