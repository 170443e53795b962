"""Factors that answers are off by, as data: a constant and the exponents of the task's sizes, and what that means.

(2, -1, -1) for the sizes N and M says: the result is 2 / (N M) times the right one.
"""

from __future__ import annotations

from fractions import Fraction

HALF_MISSING = "twice as large: the factor 1/2 is missing"
CONVENTION = "Not this formula: this is {}'s convention"

COEFFICIENTS = {  # of the equations, in the same way, where they have one
    "content_loss": (1 / 2, 0, 0),
    "style_layer_loss": (1 / 4, -2, -2),
    "style_layer_loss_gradient": (1, -2, -2),
}
FACTORS = {
    "content_loss": {
        (2, 0, 0): f"{HALF_MISSING}. {CONVENTION.format('Keras')}, the plain sum of squares",
        (2, -1, -1): "you divided by N*M: that is a mean, without the 1/2 (mse_loss). "
        + CONVENTION.format("the PyTorch tutorial"),
        (1, -1, -1): "you divided by N*M: that is half a mean; Eq. 1 is half the sum",
        (0.5, -1, -1): "1/(4 N M) stands where Eq. 1 has 1/2, so you divided by N*M as in a mean. "
        + CONVENTION.format("the deeplearning.ai course"),
        (-1, 0, 0): "the sign is turned: a loss is at least 0",
        (1, -1, 0): "you divided by N: that is a mean over the filters",
        (1, 0, -1): "you divided by M: that is a mean over the positions",
    },
    "content_loss_gradient": {
        (2, 0, 0): "twice as large: the square brings a 2, which the 1/2 of Eq. 1 cancels (the factor 1/2 is missing)",
        (0.5, 0, 0): "half as large: the square brings a factor 2, which cancels the 1/2 of Eq. 1",
        (-1, 0, 0): "the sign is turned: P - F stands where Eq. 2 has F - P",
        (-2, 0, 0): "the sign is turned (P - F), and it is twice as large: the factor 1/2 is missing",
        (2, -1, -1): "you divided by N*M and left the 1/2 out: that is the gradient of a mean. "
        + CONVENTION.format("the PyTorch tutorial (mse_loss)"),
        (1, -1, -1): "you divided by N*M: that is the gradient of a mean",
        (1, -1, 0): "you divided by N: that is a mean over the filters",
        (1, 0, -1): "you divided by M: that is a mean over the positions",
    },
    "gram_matrix": {
        (1, 0, -1): "you divided by M, the number of positions: that is a mean over positions. Not this formula: "
        "this is the convention of the TensorFlow tutorial and of Gatys' released code; Eq. 3 has the plain sum",
        (1, -1, -1): "you divided by N*M: that is a mean. Not this formula: this is the convention of the PyTorch "
        "tutorial and of Johnson; Eq. 3 has the plain sum",
        (1, -1, 0): "you divided by N, the number of filters: Eq. 3 has the plain sum",
        (0.5, 0, 0): "half as large: Eq. 3 has no factor 1/2",
        (2, 0, 0): "twice as large: Eq. 3 has no factor 2 (was each product added twice?)",
        (0.5, -1, -1): "you divided by 2*N*M: Eq. 3 has the plain sum, neither a mean nor a 1/2",
        (-1, 0, 0): "the sign is turned",
        (1, -0.5, -0.5): "you divided by sqrt(N*M): Eq. 3 has the plain sum",
        (1, -2, -2): "you divided by N^2 M^2: that belongs to Eq. 4, Eq. 3 has the plain sum",
    },
    "style_layer_loss": {
        (4, 0, 0): "four times as large: the factor 1/4 is missing. Not this formula: this is the convention of the "
        "TensorFlow tutorial, fast.ai and CS231n, mean((G/M - A/M)^2)",
        (4, 2, 2): "the factor 1/(4 N^2 M^2) is missing: this is the plain sum of squares",
        (4, 0, 2): "this is the mean of (G - A)^2, divided by N^2 only: the division by M^2 and the 1/4 are missing",
        (4, -2, 0): "each Gram matrix was divided by N*M and the mean taken, so N counts twice: 1/(N^4 M^2). Not this "
        "formula: this is the convention of the PyTorch tutorial, d2l and neural-style",
        (1, -2, 0): "each Gram matrix was divided by N*M, so N counts twice: 1/(4 N^4 M^2), not this formula",
        (4000, -2, 0): "1000/(N^4 M^2): not this formula, but the convention of Gatys' released code",
        (4, -1, 1): "1/(N^3 M) stands where Eq. 4 has 1/(4 N^2 M^2): not this formula, but Udacity's convention",
        (1 / 9, 2, 0): "1/(36 M^2) stands where Eq. 4 has 1/(4 N^2 M^2): not this formula, but Keras's convention, "
        "with 3 channels for every layer",
        (-1, 0, 0): "the sign is turned: a loss is at least 0",
        (1, 4, 4): "multiplied by N^2 M^2 where Eq. 4 divides: a bracket is missing, / (4 * N**2 * M**2)",
        (1, 0, 4): "multiplied by M^2 where Eq. 4 divides: a bracket is missing, / (4 * N**2 * M**2)",
    },
    "style_layer_loss_gradient": {
        (1, 4, 4): "multiplied by N^2 M^2 where Eq. 6 divides: a bracket is missing, / (N**2 * M**2)",
        (1, 0, 4): "multiplied by M^2 where Eq. 6 divides: a bracket is missing, / (N**2 * M**2)",
        (4, 0, 0): "four times as large: the 4 in Eq. 4 cancels the 2 * 2 of the derivative. This is the gradient "
        "without the 1/4, the convention of the TensorFlow tutorial",
        (2, 0, 0): "twice as large: the 4 in Eq. 4 cancels the 2 of the square and the 2 of the product rule",
        (0.5, 0, 0): "half as large: G = F F^T has F twice, so the product rule gives two equal terms (a factor 2 is "
        "missing)",
        (0.25, 0, 0): "a quarter of the right value: 1/(4 N^2 M^2) stands where Eq. 6 has 1/(N^2 M^2): the derivative "
        "brings a factor 2 * 2 that cancels the 4",
        (-1, 0, 0): "the sign is turned: A - G stands where Eq. 6 has G - A",
        (1, 2, 2): "the factor 1/(N^2 M^2) is missing",
        (4, -2, 0): "each Gram matrix was divided by N*M and the mean taken: the gradient of the PyTorch tutorial's "
        "convention, not of this formula",
        (4, 2, 2): "the factor 1/(N^2 M^2) is missing, and a 4 stands there: the gradient of the plain sum of squares",
    },
    "style_loss": {
        (1, -1): "you divided by the number of layers: that is a mean. Not this formula: this is Keras's convention; "
        "Eq. 5 is the sum",
        (0.5, 0): "half as large: Eq. 5 has no factor 1/2",
        (2, 0): "twice as large: Eq. 5 has no factor 2",
        (1, 1): "multiplied by the number of layers: was a list repeated, or the sum built in a loop too many?",
    },
    "total_loss": {
        (0.5,): "half as large: Eq. 7 is the sum, not the mean, of the two terms",
        (2,): "twice as large: Eq. 7 has no factor 2",
        (-1,): "the sign is turned",
    },
    "total_variation": {
        (2, 0, 0): "twice as large: each pair of neighbours counts once (were all four directions taken?)",
        (0.5, 0, 0): "half as large: the sum has no factor 1/2",
        (1, -1, -1): "you divided by the number of pixels, H*W: that is a mean, the sum is asked",
        (1 / 3, -1, -1): "you divided by the number of values, 3*H*W: that is a mean, the sum is asked",
        (1 / 3, 0, 0): "you divided by 3: that is a mean over the colours, the sum is asked",
        (-1, 0, 0): "the sign is turned",
    },
}


def name_factor(task: str, factor: tuple, sizes: list[str]) -> str:
    """Return the sentence for a factor: the known one, or which number stands in place of which."""
    for known, sentence in FACTORS.get(task, {}).items():
        if all(abs(a - b) < 1e-3 * abs(b) + 1e-9 for a, b in zip(factor, known, strict=True)):
            return sentence
    result = f"the result is {write_factor(factor, sizes)} times the right one"
    if task in COEFFICIENTS:
        constant, *exponents = right = COEFFICIENTS[task]
        theirs = constant * factor[0], *map(sum, zip(exponents, factor[1:], strict=True))
        return f"{write_factor(theirs, sizes)} stands where {{equation}} has {write_factor(right, sizes)}: {result}"
    fixed = ", or does a fixed number stand where a size belongs (hard-coded)" if any(factor[1:]) else ""
    return f"{result}: is a factor missing, or too many{fixed}?"


def write_factor(factor: tuple, sizes: list[str]) -> str:
    """Return a factor in words: (2, -1, -1) as "2/(N M)"."""
    constant, *exponents = factor
    simple = Fraction(constant).limit_denominator(64)
    exact = abs(float(simple) - constant) < 1e-5 * abs(constant)
    above, below = [str(simple.numerator) if exact else f"{constant:.4g}"], [str(simple.denominator) if exact else "1"]
    for name, e in zip(sizes, exponents, strict=True):
        power = {0.5: f"sqrt({name})", 1: name}.get(abs(e), f"{name}^{abs(e):g}")
        (above if e > 0 else below).extend([power] * (e != 0))
    top, bottom = (" ".join(words[words[0] == "1" and len(words) > 1 :]) for words in (above, below))
    return top if bottom == "1" else f"{top}/({bottom})" if " " in bottom else f"{top}/{bottom}"
