"""What a check returns."""

from __future__ import annotations

import html
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


def has_dots(answer) -> bool:
    """Tell whether an answer is still `...`, or a list with `...` in it."""
    return answer is ... or (isinstance(answer, (list, tuple)) and any(map(has_dots, answer)))
