"""Factors that answers are off by: a constant and the exponents of the task's sizes, and what that means.

(2, -1, -1) for the sizes N and M says: the result is 2/(N M) times the right one. Known ones are in factors.json.
"""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

FACTORS = json.loads(Path(__file__).with_name("factors.json").read_text(encoding="utf-8"))  # by task, with sentences
COEFFICIENTS = {  # of the equations, in the same way, where they have one
    "content_loss": (1 / 2, 0, 0),
    "style_layer_loss": (1 / 4, -2, -2),
    "style_layer_loss_gradient": (1, -2, -2),
}


def name_factor(task: str, factor: tuple, sizes: list[str]) -> str:
    """Return the sentence for a factor: the known one, or which number stands in place of which."""
    for known, sentence in FACTORS.get(task, []):
        if all(abs(a - b) < 1e-3 * abs(b) + 1e-9 for a, b in zip(factor, known, strict=True)):
            return sentence
    result = f"the result is {write_factor(factor, sizes)} times the right one"
    if task in COEFFICIENTS and _fraction(factor[0]):
        constant, *exponents = right = COEFFICIENTS[task]
        theirs = constant * factor[0], *map(sum, zip(exponents, factor[1:], strict=True))
        return f"{write_factor(theirs, sizes)} stands where {{equation}} has {write_factor(right, sizes)}: {result}"
    fixed = ", or does a fixed number stand where a size belongs (hard-coded)" if any(factor[1:]) else ""
    return f"{result}: is a factor missing, or too many{fixed}?"


def write_factor(factor: tuple, sizes: list[str]) -> str:
    """Return a factor in words: (2, -1, -1) as "2/(N M)"."""
    constant, *exponents = factor
    fraction = _fraction(constant)
    above = [str(fraction.numerator) if fraction else f"{constant:.4g}"]
    below = [str(fraction.denominator) if fraction else "1"]
    for name, e in zip(sizes, exponents, strict=True):
        power = {0.5: f"sqrt({name})", 1: name}.get(abs(e), f"{name}^{abs(e):g}")
        if e:
            (above if e > 0 else below).append(power)
    top, bottom = (" ".join(words[1:] if words[0] == "1" and words[1:] else words) for words in (above, below))
    if bottom == "1":
        return top
    return f"{top}/({bottom})" if " " in bottom else f"{top}/{bottom}"


def _fraction(number: float) -> Fraction | None:
    """Return the simple fraction that a number is, or None."""
    simple = Fraction(number).limit_denominator(64)
    return simple if abs(float(simple) - number) < 1e-5 * abs(number) else None
