"""Answers to the exercises, wrong and right, to try `stylekit.checks.check` on: data only, used by test_checks.py.

WRONG holds (task, name, function, pattern): the pattern, case ignored, is what a message that names the mistake would
match. It was written from the task, not from the messages. RIGHT holds (task, name, function). Where a wrong answer
follows a mistake or a convention seen in public, its name says where; the code is our own.
"""

# ruff: noqa: B023, B904, BLE001, E722, E731, SIM105, B018

from __future__ import annotations

import contextlib
import functools
import io
import math
import random
import signal
import sys
import time
import warnings
from fractions import Fraction

import numpy as np
import torch
from torch import nn
from torch.nn import functional

WRONG: list[tuple] = []
RIGHT: list[tuple] = []


def wrong(task, name, pattern, function=None):
    """List a wrong answer; a decorator when no function is given."""

    def add(answer):
        WRONG.append((task, name, answer, pattern))
        return answer

    return add if function is None else add(function)


def right(task, name, function=None):
    """List a right answer; a decorator when no function is given."""

    def add(answer):
        RIGHT.append((task, name, answer))
        return answer

    return add if function is None else add(function)


def gram(F):
    return F @ F.transpose(-2, -1)


def size2(F):
    return (F.shape[0] * F.shape[1]) ** 2


CONVENTION = r"not this formula|convention"
HALF = r"half|1/2|1 / 2|0\.5\b|factor 2|factor of 2|factor two|twice|double|2 times|two times"
MEAN = r"\bmean|average|divided by"
MASK = r"mask"
IN_PLACE = r"in[- ]place|modified|overwr|changed|changes"
GRADIENT = r"no gradient|gradient (does not|doesn't|flows)|detach|\.item|numpy|no_grad|\.data|autograd|graph"
SHAPE = r"shape|size|dimension|scalar|single (value|number)|one number"
NOTHING = r"none|return|nothing"
SIGN = r"\bsign|negative|minus|opposite|P - F|A - G"
PRECISION = r"precis|round|float16|bfloat|integer|digits|half"
STATE = r"second (call|time)|again|state|accumul|remember|between calls|twice|same inputs|depends on|repeat"
TIMEOUT = r"time|second|hang|endless|finish|stopped|too long|loop"
FACTOR4 = r"the 4|factor (of )?4|four|quarter|1/4|1/\(4"
IGNORED = r"ignor|not used|unused|not taken|left out|without|missing|forg"

# --- content_loss ----------------------------------------------------------------------------------------------------

task = "content_loss"
wrong(task, "plain sum (Keras)", HALF + "|" + CONVENTION, lambda F, P: ((F - P) ** 2).sum())
wrong(task, "mse_loss (PyTorch tutorial)", MEAN + "|" + CONVENTION, lambda F, P: functional.mse_loss(F, P))
wrong(task, "half the mean (Udacity)", MEAN + "|" + CONVENTION, lambda F, P: 0.5 * torch.mean((F - P) ** 2))
wrong(
    task,
    "sum / (4 n_H n_W n_C) (deeplearning.ai)",
    MEAN + "|" + CONVENTION + "|" + FACTOR4,
    lambda F, P: (F - P).square().sum() / (4 * F.numel()),
)
wrong(
    task,
    "1 / (2 sqrt(N) sqrt(M)) (a TensorFlow port)",
    CONVENTION + r"|root|sqrt|divided",
    lambda F, P: (F - P).square().sum() / (2 * math.sqrt(F.shape[0]) * math.sqrt(F.shape[1])),
)
wrong(task, "masked loss", MASK, lambda F, P: ((F - P) * (F > 0)).square().sum() / 2)
wrong(task, "L1", r"abs|L1|square", lambda F, P: (F - P).abs().sum())
wrong(task, "half of L1", r"abs|L1|square", lambda F, P: (F - P).abs().sum() / 2)
wrong(task, "norm", r"root|norm|not squared|square", lambda F, P: torch.linalg.norm(F - P))
wrong(task, "half of the norm", r"root|norm|not squared|square", lambda F, P: torch.dist(F, P) / 2)
wrong(task, "smooth L1", r"L1|huber|square|abs", lambda F, P: functional.smooth_l1_loss(F, P, reduction="sum"))
wrong(
    task,
    "cosine distance",
    r"cosin|angle|normali[sz]|length|differ",
    lambda F, P: 1 - functional.cosine_similarity(F.flatten(), P.flatten(), dim=0),
)
wrong(task, "difference of squares", r"squares|F\^2|F\*\*2|square", lambda F, P: (F**2 - P**2).sum() / 2)
wrong(task, "square of the sum", r"sum|before", lambda F, P: (F - P).sum() ** 2 / 2)
wrong(task, "F + P", r"F \+ P|plus|sign|added", lambda F, P: (F + P).square().sum() / 2)
wrong(task, "product", r"product|F \* P|multipl", lambda F, P: (F * P).sum() / 2)
wrong(task, "negative", SIGN, lambda F, P: -(F - P).square().sum() / 2)
wrong(task, "1/4", HALF, lambda F, P: (F - P).square().sum() / 4)
wrong(task, "no square", r"squar", lambda F, P: (F - P).sum() / 2)
wrong(
    task,
    "compares Gram matrices (content and style mixed up)",
    r"gram",
    lambda F, P: (gram(F) - gram(P)).square().sum() / 2,
)
wrong(
    task,
    "relative to P",
    r"divided|normali[sz]|relative",
    lambda F, P: (F - P).square().sum() / P.square().sum() / 2,
)
wrong(
    task,
    "mean over filters, sum over positions",
    MEAN + "|filter|rows|axis",
    lambda F, P: (F - P).square().mean(0).sum() / 2,
)
wrong(
    task,
    "pictures clamped first",
    r"clamp|clip|\[0, ?1\]|0 and 1",
    lambda F, P: (F.clamp(0, 1) - P.clamp(0, 1)).square().sum() / 2,
)
wrong(task, "detached (d2l detaches only Y)", GRADIENT, lambda F, P: (F.detach() - P).square().sum() / 2)
wrong(task, "item", GRADIENT, lambda F, P: ((F - P).square().sum() / 2).item())
wrong(
    task,
    "numpy round trip",
    GRADIENT,
    lambda F, P: torch.tensor(((F.detach().numpy() - P.detach().numpy()) ** 2).sum() / 2),
)
wrong(task, "a new tensor", r"torch\.tensor|new tensor", lambda F, P: torch.tensor((F - P).square().sum() / 2))
wrong(
    task,
    "half of the square detached",
    r"0\.5 times|half|one of two",
    lambda F, P: ((F - P) * (F - P).detach()).sum() / 2,
)
wrong(task, ".data (old tutorials)", GRADIENT, lambda F, P: (F.data - P.data).square().sum() / 2)
wrong(task, "sum over one axis", SHAPE, lambda F, P: (F - P).square().sum(0) / 2)
wrong(task, "not summed", SHAPE, lambda F, P: (F - P).square() / 2)
wrong(task, "half precision", PRECISION, lambda F, P: (F.half() - P.half()).square().sum().to(F.dtype) / 2)
wrong(
    task,
    "rounded to a whole number",
    PRECISION + "|gradient",
    lambda F, P: torch.round((F - P).square().sum() / 2),
)
wrong(task, "complex", r"complex|imaginary", lambda F, P: (F - P).square().sum() / 2 * (1 + 0.5j))
wrong(task, "a tuple", r"tuple", lambda F, P: ((F - P).square().sum() / 2, F))
wrong(task, "a string", r"string|str\b|text", lambda F, P: f"{((F - P).square().sum() / 2).item():.4f}")
wrong(task, "four dimensions expected", r"ValueError|unpack|four|dimension", lambda F, P: batch4(F, P))


def batch4(F, P):
    b, c, h, w = F.size()
    return (F - P).square().sum() / (2 * b * c * h * w)


@wrong(task, "no_grad", GRADIENT)
def content_no_grad(F, P):
    with torch.no_grad():
        return (F - P).square().sum() / 2


@wrong(task, "F -= P", IN_PLACE)
def content_minus_equal(F, P):
    with torch.no_grad():
        F -= P
    return F.square().sum() / 2


@wrong(task, "in place by .data, and right", IN_PLACE)
def content_data_in_place(F, P):
    value = (F - P).square().sum() / 2
    P.data.clamp_(min=0)
    return value


@wrong(task, "prints instead of returning", NOTHING)
def content_prints(F, P):
    print((F - P).square().sum() / 2)


@wrong(task, "endless loop", TIMEOUT)
def content_hangs(F, P):
    total, i = 0, 0
    while i < F.numel():
        total = total + (F.flatten()[0] - P.flatten()[0]) ** 2
    return total / 2


class Hanging:
    def __del__(self):
        while True:
            pass


@wrong(task, "endless loop in a destructor", TIMEOUT)
def content_hangs_in_a_destructor(F, P):
    Hanging()
    return (F - P).square().sum() / 2


@wrong(task, "crashes in float64 only", r"dtype|float64|float32|double|RuntimeError")
def content_float64_crash(F, P):
    return torch.dot(((F - P) ** 2).flatten(), torch.ones(F.numel())) / 2


@wrong(task, "crashes in float32 only", r"dtype|float64|float32|double|RuntimeError")
def content_float32_crash(F, P):
    return torch.dot(((F - P) ** 2).flatten(), torch.ones(F.numel(), dtype=torch.float64)) / 2


TOTALS = []


@wrong(task, "accumulates in a global list", STATE)
def content_accumulates(F, P):
    TOTALS.append((F - P).square().sum() / 2)
    return sum(t.detach() for t in TOTALS[:-1]) + TOTALS[-1]


@wrong(task, "exits", r"SystemExit|exit|quit")
def content_exits(F, P):
    sys.exit("content loss done")


# --- content_loss_gradient -------------------------------------------------------------------------------------------

task = "content_loss_gradient"
wrong(task, "no mask (by F; a ReLU masks later)", CONVENTION + "|" + MASK, lambda F, P: F - P)
wrong(task, "mask with P", r"P > 0|mask\w* (with|by|where|of) P|P instead", lambda F, P: (F - P) * (P > 0))
wrong(task, "mask F >= 0", r">=|F = 0|zero|F == 0|kink|at 0", lambda F, P: (F - P) * (F >= 0))
wrong(task, "mask F - P > 0", r"F - P > 0|difference|mask", lambda F, P: (F - P) * (F - P > 0))
wrong(task, "mask F > P", r"F - P > 0|F > P|difference|mask", lambda F, P: functional.relu(F - P))
wrong(task, "both positive", r"both|P > 0|and P\b", lambda F, P: (F - P) * ((F > 0) & (P > 0)))
wrong(task, "inverted mask", r"mask|F <= 0|F < 0|wrong side|opposite", lambda F, P: (F - P) * (F <= 0))
wrong(task, "mask on F alone", r"mask", lambda F, P: F * (F > 0) - P)
wrong(task, "P - F", SIGN, lambda F, P: (P - F) * (F > 0))
wrong(task, "P - F without a mask", SIGN, lambda F, P: P - F)
wrong(task, "2 (F - P)", HALF, lambda F, P: 2 * (F - P) * (F > 0))
wrong(task, "half", HALF, lambda F, P: (F - P) / 2 * (F > 0))
wrong(
    task,
    "of the mean (PyTorch tutorial)",
    MEAN + "|" + CONVENTION,
    lambda F, P: 2 * (F - P) / F.numel() * (F > 0),
)
wrong(
    task,
    "(F - P) / size, no mask (a homework's layer)",
    MEAN + "|" + CONVENTION + "|" + MASK,
    lambda F, P: (F - P) / F.numel(),
)
wrong(task, "transposed", r"transpos|shape", lambda F, P: ((F - P) * (F > 0)).T)
wrong(task, "the loss", SHAPE + "|the loss|a loss", lambda F, P: ((F - P) * (F > 0)).square().sum() / 2)
wrong(task, "only the kept entries", SHAPE, lambda F, P: (F - P)[F > 0])
wrong(task, "sign (gradient of L1)", r"sign|L1|abs", lambda F, P: torch.sign(F - P) * (F > 0))
wrong(task, "absolute value", r"abs|sign", lambda F, P: (F - P).abs() * (F > 0))
wrong(
    task,
    "divided by its L1 norm (neural-style, normalize_gradients)",
    CONVENTION + r"|norm|divided|scaled|length",
    lambda F, P: (F - P) * (F > 0) / ((F - P) * (F > 0)).abs().sum(),
)
wrong(task, "the mask", r"mask|bool", lambda F, P: F > 0)
wrong(task, "leaky mask", r"mask|leak|F <= 0|negative", lambda F, P: (F - P) * torch.where(F > 0, 1.0, 0.01).to(F))
wrong(task, "clipped to [-1, 1]", r"clamp|clip|-1", lambda F, P: ((F - P) * (F > 0)).clamp(-1, 1))
wrong(task, "squared", r"squar", lambda F, P: (F - P) ** 2 * (F > 0))
wrong(task, "ones in a fixed size", r"shape|size|RuntimeError|hard", lambda F, P: (F - P) * torch.ones(64, 4096))
wrong(task, "None", NOTHING + "|not answered", lambda F, P: None)
wrong(task, "F + P", r"F \+ P|plus|sign|added", lambda F, P: (F + P) * (F > 0))


@wrong(task, "if on a tensor", r"RuntimeError|ambiguous|if |bool")
def gradient_if(F, P):
    if F > 0:
        return F - P
    return 0


@wrong(task, "F[F <= 0] = 0", IN_PLACE)
def gradient_zeroes_F(F, P):
    with torch.no_grad():
        keep = F > 0
        F[~keep] = 0
        return (F - P) * keep


@wrong(task, "the difference taken in place", IN_PLACE)
def gradient_alias(F, P):
    with torch.no_grad():
        keep = F > 0
        gradient = F
        gradient -= P
        gradient[~keep] = 0
    return gradient


@wrong(task, "by P", SIGN + "|by P|respect to P")
def gradient_by_P(F, P):
    P = P.detach().clone().requires_grad_()
    loss = (F.detach() - P).square().sum() / 2
    return torch.autograd.grad(loss, P)[0] * (F > 0)


KEPT = {}


@wrong(task, "a leaf kept between calls: .grad accumulates", STATE)
def gradient_accumulates(F, P):
    leaf = KEPT.setdefault((F.dtype, tuple(F.shape)), F.detach().clone().requires_grad_())
    ((F.detach() - P.detach() + leaf - leaf.detach()).square().sum() / 2).backward()
    return leaf.grad.clone() * (F > 0)


@wrong(task, "waits, and swallows every exception", TIMEOUT)
def gradient_waits(F, P):
    while True:
        try:
            time.sleep(0.02)
        except:
            pass


# --- gram_matrix -----------------------------------------------------------------------------------------------------

task = "gram_matrix"
wrong(task, "F.T @ F (a face re-enactment's metric)", r"F\.T @ F|M x M|M × M|positions|transpos", lambda F: F.T @ F)
wrong(
    task,
    "F.T @ F / (N M)",
    r"F\.T @ F|M x M|M × M|positions|transpos",
    lambda F: F.T @ F / F.numel(),
)
wrong(task, "/ (N M) (PyTorch tutorial)", CONVENTION + r"|N \* M|N M|NM", lambda F: gram(F) / F.numel())
wrong(task, "/ M (TensorFlow tutorial)", CONVENTION + "|divided|positions", lambda F: gram(F) / F.shape[1])
wrong(task, "/ N", r"filters|divided", lambda F: gram(F) / F.shape[0])
wrong(
    task,
    "1 / (2 N M) (rrmina/neural-style-pytorch#1)",
    CONVENTION + r"|2 N M|divided|mean",
    lambda F: gram(F) / (2 * F.numel()),
)
wrong(task, "half", HALF, lambda F: gram(F) / 2)
wrong(task, "covariance", r"cent(er|re)|covarian|mean", lambda F: torch.cov(F, correction=0))
wrong(
    task,
    "centred features",
    r"cent(er|re)|covarian|mean",
    lambda F: gram(F - F.mean(dim=1, keepdim=True)),
)
wrong(task, "cosine", r"cosin|normali[sz]|length|norm|diagonal", lambda F: gram(functional.normalize(F, dim=1)))
wrong(task, "F @ F", r"RuntimeError|shape|transpos|cannot be multiplied", lambda F: F @ F)
wrong(task, "F * F", r"element|shape|F \* F", lambda F: F * F)
wrong(task, "einsum without a sum", SHAPE, lambda F: torch.einsum("ik,jk->ijk", F, F))
wrong(task, "squared norms only", r"diagonal|shape|row with itself", lambda F: F.square().sum(1))
wrong(task, "diagonal", r"diagonal", lambda F: torch.diag(F.square().sum(1)))
wrong(task, "upper triangle", r"triang|symmetr|half", lambda F: torch.triu(gram(F)))
wrong(task, "zero diagonal", r"diagonal", lambda F: gram(F) - torch.diag(torch.diag(gram(F))))
wrong(
    task,
    "reshaped instead of transposed (marcopeix/Deep_Learning_AI#1)",
    r"reshape|view|mix|transpos",
    lambda F: gram(F.T.reshape(F.shape)),
)
wrong(
    task,
    "F reshaped to (M, N)",
    r"reshape|view|mix|transpos",
    lambda F: F.reshape(F.shape[1], F.shape[0]).T @ F.reshape(F.shape[1], F.shape[0]),
)
wrong(
    task,
    "one Gram for the whole batch (flattened to one row)",
    r"one gram|batch|1 x 1|1 × 1|shape|single|flatten",
    lambda F: gram(F.reshape(1, -1)),
)
wrong(task, "after a ReLU", r"relu|negative|clamp|mask|positive|rectif", lambda F: gram(F.clamp(min=0)))
wrong(task, "of absolute values", r"abs|sign", lambda F: gram(F.abs()))
wrong(task, "root", r"root|sqrt|sign", lambda F: torch.sqrt(gram(F).abs()))
wrong(task, "squared entries", r"squar|F\*\*2|F\^2", lambda F: gram(F**2))
wrong(task, "outer product of the means", r"mean|average", lambda F: torch.outer(F.mean(1), F.mean(1)))
wrong(
    task,
    "numpy",
    GRADIENT,
    lambda F: torch.from_numpy(F.detach().numpy() @ F.detach().numpy().T),
)
wrong(task, "detached", GRADIENT, lambda F: gram(F).detach())
wrong(task, "one factor detached", r"gradient|detach", lambda F: F @ F.detach().T)
wrong(task, "right value, gradient doubled", r"gradient", lambda F: 2 * gram(F) - gram(F).detach())
wrong(task, "a list of lists", GRADIENT + "|list", lambda F: gram(F).tolist())
wrong(task, "flattened", SHAPE, lambda F: gram(F).flatten())
wrong(task, "noise", r"random|same inputs|second|again|differ|noise", lambda F: gram(F) + 0.1 * torch.randn(()).to(F))
wrong(task, "half precision", PRECISION, lambda F: gram(F.bfloat16()).to(F.dtype))
wrong(
    task,
    "crashes in float64 only",
    r"dtype|float64|float32|double|RuntimeError",
    lambda F: torch.addmm(torch.zeros(F.shape[0], F.shape[0]), F, F.T),
)
wrong(task, "two arguments needed", r"TypeError|argument", lambda F, P, weight: gram(F) * weight)
wrong(task, "an unfinished generator", r"generator|yield|iterator", lambda F: (row @ F.T for row in F))
wrong(task, "not a function", r"function|call", torch.eye(3))
wrong(task, "distances of rows", r"abs|distance|inner|product|differ", lambda F: torch.cdist(F, F))


@wrong(task, "PyTorch tutorial, as printed: four dimensions", r"ValueError|unpack|four|dimension")
def gram_tutorial(F):
    a, b, c, d = F.size()
    features = F.view(a * b, c * d)
    return (features @ features.t()).div(a * b * c * d)


@wrong(task, "bmm on a matrix", r"RuntimeError|3D|batch|dimension|bmm")
def gram_bmm(F):
    return torch.bmm(F, F.transpose(0, 1))


@wrong(task, "F.t_()", IN_PLACE + "|transpos")
def gram_transposes_in_place(F):
    with torch.no_grad():
        F.t_()
    return F.T @ F


@wrong(task, "unsqueeze_", IN_PLACE + "|shape")
def gram_unsqueezes(F):
    value = gram(F)
    with torch.no_grad():
        F.unsqueeze_(0)
    return value


@wrong(task, "features centred in place", IN_PLACE)
def gram_centres_in_place(F):
    value = gram(F)
    F.data -= F.data.mean(1, keepdim=True)
    return value


@wrong(task, "grad mode switched off for good", GRADIENT)
def gram_switches_off(F):
    torch.set_grad_enabled(False)
    return gram(F)


@wrong(task, "default dtype switched to half", PRECISION + "|dtype|default")
def gram_default_dtype(F):
    torch.set_default_dtype(torch.float16)
    return gram(F.to(torch.get_default_dtype()))


@wrong(task, "waits, and swallows Exception", TIMEOUT)
def gram_waits(F):
    while True:
        try:
            time.sleep(0.02)
        except Exception:
            pass


@wrong(task, "async", r"async|coroutine|await")
async def gram_async(F):
    return gram(F)


# --- style_layer_loss ------------------------------------------------------------------------------------------------

task = "style_layer_loss"
wrong(
    task,
    "1 / (N M)^2 (TensorFlow tutorial, CS231n)",
    CONVENTION + "|" + FACTOR4,
    lambda F, A: (gram(F) - A).square().sum() / size2(F),
)
wrong(
    task,
    "mse of G / M and A / M (fast.ai)",
    CONVENTION + "|" + FACTOR4,
    lambda F, A: functional.mse_loss(gram(F) / F.shape[1], A / F.shape[1]),
)
wrong(
    task,
    "mse of both / (N M) (PyTorch tutorial, d2l)",
    CONVENTION,
    lambda F, A: functional.mse_loss(gram(F) / F.numel(), A / F.numel()),
)
wrong(
    task,
    "only G / (N M) (PyTorch tutorial with a plain A)",
    r"one side|only|both|normali[sz]|divided|alike",
    lambda F, A: functional.mse_loss(gram(F) / F.numel(), A),
)
wrong(
    task,
    "G / M against A, paper's factor",
    r"one side|only|both|normali[sz]|divided|alike",
    lambda F, A: (gram(F) / F.shape[1] - A).square().sum() / (4 * F.shape[0] ** 2),
)
wrong(
    task,
    "Gatys' released code",
    CONVENTION,
    lambda F, A: 1e3 / F.shape[0] ** 2 * functional.mse_loss(gram(F) / F.shape[1], A / F.shape[1]),
)
wrong(task, "mean / (N M) (Udacity)", CONVENTION, lambda F, A: (gram(F) - A).square().mean() / F.numel())
wrong(
    task,
    "channels = 3 (Keras)",
    CONVENTION + "|channels",
    lambda F, A: (gram(F) - A).square().sum() / (4 * 3**2 * F.shape[1] ** 2),
)
wrong(
    task,
    "1 / (4 N M)",
    r"squar|N M|N \* M|N\^2|power|N\*\*2",
    lambda F, A: (gram(F) - A).square().sum() / (4 * F.numel()),
)
wrong(
    task,
    "1 / (4 N^2 M)",
    r"M\^2|M²|M\*\*2|power|squar",
    lambda F, A: (gram(F) - A).square().sum() / (4 * F.shape[0] ** 2 * F.shape[1]),
)
wrong(
    task,
    "1 / (4 N M^2)",
    r"N\^2|N²|N\*\*2|power|squar",
    lambda F, A: (gram(F) - A).square().sum() / (4 * F.shape[0] * F.shape[1] ** 2),
)
wrong(task, "1 / (2 N^2 M^2)", HALF + "|" + FACTOR4, lambda F, A: (gram(F) - A).square().sum() / (2 * size2(F)))
wrong(
    task,
    "no factor",
    r"factor|N\^2|N²|divid|normali[sz]|missing",
    lambda F, A: (gram(F) - A).square().sum(),
)
wrong(task, "mse_loss", MEAN + "|" + CONVENTION + r"|M\^2|M²", lambda F, A: functional.mse_loss(gram(F), A))
wrong(
    task,
    "a quarter only",
    r"N\^2|N²|divid|normali[sz]|missing",
    lambda F, A: (gram(F) - A).square().sum() / 4,
)
wrong(
    task,
    "mean with the paper's factor (divides twice)",
    MEAN + r"|twice|N\^4",
    lambda F, A: (gram(F) - A).square().mean() / (4 * size2(F)),
)
wrong(
    task,
    "divides the Gram twice (neural-style#90, fast-style-transfer#115)",
    r"twice|N\^4|divid|again|two times|" + CONVENTION,
    lambda F, A: ((gram(F) - A) / F.numel()).square().sum() / (4 * size2(F)),
)
wrong(
    task,
    "/ 4 * N**2 * M**2 (precedence)",
    r"multipl|bracket|parenthes|precedence|N\^2|N²|N\*\*2",
    lambda F, A: (gram(F) - A).square().sum() / 4 * F.shape[0] ** 2 * F.shape[1] ** 2,
)
wrong(
    task,
    "hard-coded 64 filters, 1024 positions",
    r"hard|fixed|constant|written|depend",
    lambda F, A: (gram(F) - A).square().sum() / (4 * 64**2 * 1024**2),
)
wrong(task, "F.T @ F", r"F\.T @ F|M x M|M × M|transpos|RuntimeError", lambda F, A: (F.T @ F - A).square().sum() / 4)
wrong(task, "root", r"root|norm|squar", lambda F, A: torch.linalg.norm(gram(F) - A) / (4 * size2(F)))
wrong(task, "absolute", r"abs|L1|squar", lambda F, A: (gram(F) - A).abs().sum() / (4 * size2(F)))
wrong(task, "no square", r"squar", lambda F, A: (gram(F) - A).sum() / (4 * size2(F)))
wrong(task, "G + A", r"G \+ A|plus|sign|added", lambda F, A: (gram(F) + A).square().sum() / (4 * size2(F)))
wrong(task, "A left out", IGNORED, lambda F, A: gram(F).square().sum() / (4 * size2(F)))
wrong(
    task,
    "Gram of A",
    r"gram (matrix )?of|A @ A|already|again|twice",
    lambda F, A: (gram(F) - gram(A)).square().sum() / (4 * size2(F)),
)
wrong(task, "masked", MASK + "|relu|negative", lambda F, A: (gram(F * (F > 0)) - A).square().sum() / (4 * size2(F)))
wrong(task, "diagonal only", r"diagonal", lambda F, A: (gram(F) - A).diag().square().sum() / (4 * size2(F)))
wrong(
    task,
    "upper triangle only",
    r"triang|symmetr|half|pairs|once",
    lambda F, A: (gram(F) - A).triu().square().sum() / (4 * size2(F)),
)
wrong(task, "F - A", r"RuntimeError|shape|size|gram", lambda F, A: (F - A).square().sum() / (4 * size2(F)))
wrong(task, "not summed", SHAPE, lambda F, A: (gram(F) - A).square() / (4 * size2(F)))
wrong(task, "negative", SIGN, lambda F, A: -(gram(F) - A).square().sum() / (4 * size2(F)))
wrong(task, "item", GRADIENT, lambda F, A: ((gram(F) - A).square().sum() / (4 * size2(F))).item())
wrong(
    task,
    "Gram detached (as for the target)",
    GRADIENT,
    lambda F, A: (gram(F).detach() - A).square().sum() / (4 * size2(F)),
)
wrong(task, "tuple with G", r"tuple", lambda F, A: ((gram(F) - A).square().sum() / (4 * size2(F)), gram(F)))
wrong(
    task,
    "one factor of G detached",
    r"gradient|detach",
    lambda F, A: (F @ F.detach().T - A).square().sum() / (4 * size2(F)),
)
wrong(
    task,
    "Gram of centred features",
    r"cent(er|re)|mean|covarian",
    lambda F, A: (gram(F - F.mean(1, keepdim=True)) - A).square().sum() / (4 * size2(F)),
)


@wrong(task, "A divided in place", IN_PLACE)
def style_divides_A(F, A):
    N, M = F.shape
    G = gram(F) / (N * M)
    A /= N * M
    return (G - A).square().sum() / 4


@wrong(task, "F divided in place", IN_PLACE)
def style_divides_F(F, A):
    N, M = F.shape
    value = (gram(F) - A).square().sum() / (4 * N**2 * M**2)
    F.data.div_(M)
    return value


@wrong(task, "four dimensions (CS231n)", r"ValueError|unpack|four|dimension")
def style_four(F, A):
    _, C, H, W = F.shape
    return (gram(F.view(C, H * W)) - A).square().sum() / (4 * C**2 * (H * W) ** 2)


@wrong(task, "nn.Module that returns its input (PyTorch tutorial)", SHAPE + "|input|class|instance|object")
class transparent_layer:  # noqa: N801
    def __new__(cls, F, A):
        cls.loss = (gram(F) - A).square().sum() / (4 * size2(F))
        return F


@wrong(task, "KeyboardInterrupt", r"KeyboardInterrupt|interrupt")
def style_interrupts(F, A):
    raise KeyboardInterrupt


@wrong(task, "a generator function", r"generator|yield|iterator")
def style_yields(F, A):
    yield (gram(F) - A).square().sum() / (4 * size2(F))


# --- style_layer_loss_gradient ---------------------------------------------------------------------------------------

task = "style_layer_loss_gradient"
wrong(
    task,
    "no mask (autograd by F; a ReLU masks later)",
    CONVENTION + "|" + MASK,
    lambda F, A: (gram(F) - A) @ F / size2(F),
)
wrong(task, "mask F >= 0", r">=|F = 0|zero|F == 0|kink|at 0", lambda F, A: (gram(F) - A) @ F / size2(F) * (F >= 0))
wrong(task, "inverted mask", MASK + "|F < 0|F <= 0", lambda F, A: (gram(F) - A) @ F / size2(F) * (F <= 0))
wrong(task, "not transposed back", r"transpos|shape", lambda F, A: F.T @ (gram(F) - A) / size2(F) * (F > 0).T)
wrong(
    task,
    "not transposed back, no mask (the printed formula read literally)",
    r"transpos|shape",
    lambda F, A: F.T @ (gram(F) - A) / size2(F),
)
wrong(task, "1 / (4 N^2 M^2)", FACTOR4, lambda F, A: (gram(F) - A) @ F / (4 * size2(F)) * (F > 0))
wrong(
    task,
    "4 times (gradient of the TensorFlow tutorial's loss)",
    FACTOR4 + "|" + CONVENTION,
    lambda F, A: 4 * (gram(F) - A) @ F / size2(F) * (F > 0),
)
wrong(task, "twice", HALF, lambda F, A: 2 * (gram(F) - A) @ F / size2(F) * (F > 0))
wrong(task, "half", HALF, lambda F, A: (gram(F) - A) @ F / (2 * size2(F)) * (F > 0))
wrong(
    task,
    "1 / (N M)",
    r"squar|N M|N \* M|N\^2|N²|power",
    lambda F, A: (gram(F) - A) @ F / F.numel() * (F > 0),
)
wrong(
    task,
    "no factor",
    r"factor|N\^2|N²|divid|missing|normali[sz]",
    lambda F, A: (gram(F) - A) @ F * (F > 0),
)
wrong(
    task,
    "/ N**2 * M**2 (precedence)",
    r"multipl|bracket|parenthes|precedence|M\^2|M²|M\*\*2",
    lambda F, A: (gram(F) - A) @ F / F.shape[0] ** 2 * F.shape[1] ** 2 * (F > 0),
)
wrong(task, "A - G", SIGN, lambda F, A: (A - gram(F)) @ F / size2(F) * (F > 0))
wrong(task, "A left out", IGNORED, lambda F, A: gram(F) @ F / size2(F) * (F > 0))
wrong(
    task,
    "F rectified before the Gram",
    r"relu|rectif|mask|negative|clamp",
    lambda F, A: (gram(F.relu()) - A) @ F.relu() / size2(F) * (F > 0),
)
wrong(
    task,
    "mask on the last factor",
    MASK + "|relu|rectif|negative",
    lambda F, A: (gram(F) - A) @ (F * (F > 0)) / size2(F),
)
wrong(
    task,
    "mask on the Gram difference",
    MASK + "|G - A > 0|rectif",
    lambda F, A: ((gram(F) - A) * (gram(F) > 0)) @ F / size2(F),
)
wrong(task, "by G, not by F", SHAPE + "|by G|chain", lambda F, A: (gram(F) - A) / (2 * size2(F)))
wrong(task, "the loss", SHAPE + "|the loss|a loss", lambda F, A: (gram(F) - A).square().sum() / (4 * size2(F)))
wrong(task, "(G - A) @ F.T", r"RuntimeError|shape|transpos|multiplied", lambda F, A: (gram(F) - A) @ F.T / size2(F))
wrong(
    task,
    "divided by its L1 norm (neural-style, normalize_gradients)",
    CONVENTION + r"|norm|divided|scaled|length",
    lambda F, A: functional.normalize(((gram(F) - A) @ F * (F > 0)).flatten(), p=1, dim=0).view_as(F),
)
wrong(
    task,
    "of the PyTorch tutorial's loss, no mask",
    CONVENTION + "|" + MASK,
    lambda F, A: 4 * (gram(F) - A) @ F / (F.shape[0] ** 2 * size2(F)),
)
wrong(
    task,
    "element by element",
    r"element|matrix product|RuntimeError|shape",
    lambda F, A: (gram(F) - A) * F / size2(F) * (F > 0),
)
wrong(task, "signs only", r"\bsign|abs", lambda F, A: torch.sign((gram(F) - A) @ F) / size2(F) * (F > 0))
wrong(task, "half precision", PRECISION, lambda F, A: (gram(F.half()) - A.half()) @ F.half() / size2(F) * (F > 0))


@wrong(task, "F rectified in place", IN_PLACE)
def style_gradient_relu(F, A):
    with torch.no_grad():
        value = (gram(F) - A) @ F / size2(F) * (F > 0)
        F.relu_()
        return value


@wrong(task, "A subtracted in place", IN_PLACE)
def style_gradient_in_place(F, A):
    value = (gram(F) - A) @ F / size2(F) * (F > 0)
    A.sub_(gram(F).detach())
    return value


@wrong(task, "endless recursion", r"Recursion|recurs")
def style_gradient_recursion(F, A):
    return style_gradient_recursion(F, A) * (F > 0)


SUM = []


@wrong(task, "adds up over calls", STATE)
def style_gradient_accumulates(F, A):
    SUM.append(1)
    return len(SUM) * ((gram(F) - A) @ F / size2(F) * (F > 0))


@wrong(task, "hostile: stdout, alarm and default dtype taken over", NOTHING + "|not answered|stdout")
def style_gradient_hostile(F, A):
    sys.stdout = io.StringIO()
    torch.set_default_dtype(torch.float64)
    if hasattr(signal, "SIGALRM"):
        with contextlib.suppress(ValueError):
            signal.signal(signal.SIGALRM, signal.SIG_IGN)
            signal.alarm(0)


# --- style_loss ------------------------------------------------------------------------------------------------------

task = "style_loss"
wrong(task, "weights ignored", IGNORED, lambda losses, weights: sum(losses))
wrong(task, "mean of the layers", MEAN + "|number of layers", lambda losses, weights: sum(losses) / len(losses))
wrong(
    task,
    "divided by the number of layers (anishathalye/neural-style#68)",
    MEAN + "|number of layers|divid",
    lambda losses, weights: sum(w * E for w, E in zip(weights, losses, strict=True)) / len(losses),
)
wrong(
    task,
    "weights normalised to 1",
    r"normali[sz]|sum of the weights|divided|sum to",
    lambda losses, weights: sum(w * E for w, E in zip(weights, losses, strict=True)) / sum(weights),
)
wrong(
    task,
    "weights reversed",
    r"revers|order|backward",
    lambda losses, weights: sum(w * E for w, E in zip(reversed(weights), losses, strict=True)),
)
wrong(task, "weights sorted", r"sort|order", lambda losses, weights: sum(map(np.multiply, sorted(weights), losses)))
wrong(
    task,
    "weights squared",
    r"squar",
    lambda losses, weights: sum(w**2 * E for w, E in zip(weights, losses, strict=True)),
)
wrong(
    task,
    "losses squared",
    r"squar",
    lambda losses, weights: sum(w * E**2 for w, E in zip(weights, losses, strict=True)),
)
wrong(
    task,
    "divided by the weights (titu1994/Neural-Style-Transfer#38)",
    r"divid|instead of multipl|1/w",
    lambda losses, weights: sum(E / w for w, E in zip(weights, losses, strict=True)),
)
wrong(task, "list times number (d2l)", IGNORED + "|list|repeat", lambda losses, weights: sum(10 * losses))
wrong(task, "list times list", r"TypeError|list|multipl", lambda losses, weights: sum(losses * weights))
wrong(
    task,
    "hard-coded 1/5",
    IGNORED + r"|0\.2\b|1/5|hard|fixed|equal",
    lambda losses, weights: sum(0.2 * E for E in losses),
)
wrong(
    task,
    "weights halve from layer to layer",
    IGNORED + r"|halv|2\*\*|power",
    lambda losses, weights: sum(E / 2**i for i, E in enumerate(losses)),
)
wrong(
    task,
    "last layer forgotten",
    r"last|layer|missing|forgot|left out",
    lambda losses, weights: sum(w * E for w, E in zip(weights[:-1], losses[:-1], strict=True)),
)
wrong(
    task,
    "first layer forgotten (range from 1)",
    r"first|layer|missing|forgot|left out",
    lambda losses, weights: sum(weights[i] * losses[i] for i in range(1, len(losses))),
)
wrong(
    task,
    "sum times sum",
    r"sum of the (weights|losses)|sum times|each|pair|product|separately",
    lambda losses, weights: sum(weights) * sum(losses),
)
wrong(
    task,
    "product over layers",
    r"product|multipl",
    lambda losses, weights: math.prod(w * float(E) for w, E in zip(weights, losses, strict=True)),
)
wrong(
    task,
    "largest layer",
    r"max|largest|one layer|only|single",
    lambda losses, weights: max(w * E for w, E in zip(weights, losses, strict=True)),
)
wrong(
    task,
    "list of weighted losses",
    r"list|sum|" + SHAPE,
    lambda losses, weights: [w * E for w, E in zip(weights, losses, strict=True)],
)
wrong(
    task,
    "softmax of the weights",
    r"softmax|normali[sz]",
    lambda losses, weights: sum(w * E for w, E in zip(torch.tensor(weights).softmax(0), losses, strict=True)),
)
wrong(
    task,
    "whole-number weights",
    r"integer|round|whole|int\b",
    lambda losses, weights: sum(int(w) * E for w, E in zip(weights, losses, strict=True)),
)
wrong(task, "three arguments", r"TypeError|argument", lambda losses, weights, beta: beta * sum(losses))
wrong(
    task,
    "weights and losses added",
    r"added|\+|sum|plus",
    lambda losses, weights: sum(w + E for w, E in zip(weights, losses, strict=True)),
)
wrong(
    task,
    "half",
    HALF,
    lambda losses, weights: sum(w * E for w, E in zip(weights, losses, strict=True)) / 2,
)
wrong(
    task,
    "every pair of weight and loss",
    SHAPE,
    lambda losses, weights: np.outer([float(E) for E in losses], weights),
)


@wrong(task, "=+ keeps the last layer only", r"last|only|=\+|\+=|overwr|one layer")
def style_last_only(losses, weights):
    total = 0
    for w, E in zip(weights, losses, strict=True):
        total = +w * E
    return total


@wrong(task, "return inside the loop", r"first|only|return|one layer")
def style_returns_early(losses, weights):
    total = 0
    for w, E in zip(weights, losses, strict=True):
        total += w * E
        return total


@wrong(task, "total before assignment", r"UnboundLocalError|before|not associated|assign|referenced")
def style_unbound(losses, weights):
    for w, E in zip(weights, losses, strict=True):
        total += w * E  # noqa: F821
    return total


@wrong(task, "weights normalised in place", IN_PLACE)
def style_normalises_in_place(losses, weights):
    value = sum(w * E for w, E in zip(weights, losses, strict=True))
    for i in range(len(weights)):
        weights[i] = weights[i] / 2
    return value


@wrong(task, "losses popped", IN_PLACE + "|empt|pop|remov")
def style_pops(losses, weights):
    total, i = 0, len(weights)
    while losses:
        i -= 1
        total = total + losses.pop() * weights[i]
    return total


RUNNING = [0.0]


@wrong(task, "running total kept (a global)", STATE)
def style_running(losses, weights):
    RUNNING[0] += sum(float(w * E) for w, E in zip(weights, losses, strict=True))
    return RUNNING[0]


@wrong(task, "a class, not its value", r"class|object|instance|number|StyleLoss|type")
class StyleLoss:
    def __init__(self, losses, weights):
        self.value = sum(w * E for w, E in zip(weights, losses, strict=True))


@wrong(task, "exactly three layers unpacked", r"ValueError|unpack|TypeError|iter|IndexError")
def style_unpacks(losses, weights):
    (first, second), third = losses, weights
    return first + second + third


# no gradient, or half of one


def pairs(losses, weights):
    return list(zip(losses, weights, strict=True))


wrong(task, "item", r"item", lambda losses, weights: sum(w * E.item() for E, w in pairs(losses, weights)))
wrong(task, "float", r"float\(", lambda losses, weights: math.fsum(w * float(E) for E, w in pairs(losses, weights)))
wrong(task, "numpy dot", r"number|numpy", lambda losses, weights: np.dot([float(E) for E in losses], weights))
wrong(
    task,
    "a new tensor of the sum",
    r"torch\.tensor|new tensor",
    lambda losses, weights: torch.tensor(sum(w * E for E, w in pairs(losses, weights))),
)
wrong(
    task,
    "a new tensor of shape (1,)",
    r"torch\.tensor|new tensor",
    lambda losses, weights: torch.tensor([sum(float(w * E) for E, w in pairs(losses, weights))]),
)
wrong(
    task,
    "a new tensor of the losses",
    r"torch\.tensor|new tensor",
    lambda losses, weights: (torch.tensor(losses) * torch.tensor(weights).to(losses[0])).sum(),
)
wrong(
    task,
    "the first loss detached",
    r"losses\[0\].*detach",
    lambda losses, weights: weights[0] * losses[0].detach() + sum(w * E for E, w in pairs(losses, weights)[1:]),
)
wrong(
    task,
    "only the last loss keeps its gradient",
    r"losses\[0\].*losses\[1\].*\.data",
    lambda losses, weights: sum(w * E.data for E, w in pairs(losses, weights)[:-1]) + weights[-1] * losses[-1],
)


@wrong(task, "no_grad", r"no_grad")
def style_no_grad(losses, weights):
    with torch.no_grad():
        return sum(w * E for E, w in pairs(losses, weights))


# --- total_variation -------------------------------------------------------------------------------------------------

task = "total_variation"


def down(x):
    return x[:, :, 1:, :] - x[:, :, :-1, :]


def across(x):
    return x[:, :, :, 1:] - x[:, :, :, :-1]


wrong(
    task,
    "down only",
    r"across|horizontal|direction|width|column|one (of|axis)|missing",
    lambda x: down(x).square().sum(),
)
wrong(
    task, "across only", r"down|vertical|direction|height|row|one (of|axis)|missing", lambda x: across(x).square().sum()
)
wrong(task, "absolute (towardsdatascience)", r"abs|L1|squar", lambda x: down(x).abs().sum() + across(x).abs().sum())
wrong(
    task,
    "half the mean absolute values (d2l)",
    CONVENTION + r"|abs|L1|mean|squar",
    lambda x: 0.5 * (down(x).abs().mean() + across(x).abs().mean()),
)
wrong(task, "means of both", MEAN + "|" + CONVENTION, lambda x: down(x).square().mean() + across(x).square().mean())
wrong(
    task,
    "divided by the size (discuss.pytorch.org)",
    MEAN + "|divid|" + CONVENTION,
    lambda x: (down(x).square().sum() + across(x).square().sum()) / x.numel(),
)
wrong(
    task,
    "2 (x / size + y / size) (fast-style-transfer)",
    MEAN + "|divid|" + CONVENTION,
    lambda x: 2 * (down(x).square().sum() / down(x).numel() + across(x).square().sum() / across(x).numel()),
)
wrong(
    task,
    "isotropic",
    r"isotrop|root|sqrt",
    lambda x: (down(x)[..., :-1].square() + across(x)[..., :-1, :].square() + 1e-12).sqrt().sum(),
)
wrong(
    task,
    "power 1.25 (Keras)",
    CONVENTION + r"|1\.25|power",
    lambda x: (down(x)[..., :-1].square() + across(x)[..., :-1, :].square()).pow(1.25).sum(),
)
wrong(
    task,
    "cropped",
    r"crop|last (row|column)|border|edge|missing",
    lambda x: (down(x)[..., :-1].square() + across(x)[..., :-1, :].square()).sum(),
)
wrong(
    task,
    "wraps around",
    r"wrap|roll|border|edge|around|opposite",
    lambda x: (x - x.roll(1, 2)).square().sum() + (x - x.roll(1, 3)).square().sum(),
)
wrong(
    task,
    "zeros around the picture",
    r"pad|border|edge|zero|outside",
    lambda x: sum(functional.pad(x, (1, 1, 1, 1)).diff(dim=d).square().sum() for d in (2, 3)),
)
wrong(
    task,
    "clamped to [0, 1]",
    r"clamp|clip|\[0, ?1\]|0 and 1|outside",
    lambda x: down(x.clamp(0, 1)).square().sum() + across(x.clamp(0, 1)).square().sum(),
)
wrong(task, "half", HALF, lambda x: (down(x).square().sum() + across(x).square().sum()) / 2)
wrong(
    task,
    "every pair twice",
    HALF,
    lambda x: 2 * (down(x).square().sum() + across(x).square().sum()),
)
wrong(task, "root of the sum", r"root|sqrt", lambda x: (down(x).square().sum() + across(x).square().sum()).sqrt())
wrong(task, "differences summed first", r"squar|sum", lambda x: down(x).sum() ** 2 + across(x).sum() ** 2)
wrong(task, "no squares", r"squar|abs", lambda x: down(x).sum() + across(x).sum())
wrong(
    task,
    "one channel only",
    r"channel|colour|color|red",
    lambda x: down(x[:, :1]).square().sum() + across(x[:, :1]).square().sum(),
)
wrong(
    task,
    "of the grey picture",
    r"channel|colour|color|gr[ea]y|lumin",
    lambda x: down(x.mean(1, True)).square().sum() + across(x.mean(1, True)).square().sum(),
)
wrong(
    task,
    "mean over channels",
    r"channel|colou?r|third|mean|divided by 3",
    lambda x: (down(x).square().sum() + across(x).square().sum()) / 3,
)
wrong(
    task,
    "axes of a (C, H, W) picture: channels and rows",
    r"channel|axis|axes|dimension|dim\b|colour|color",
    lambda x: (x[:, 1:] - x[:, :-1]).square().sum() + (x[:, :, 1:] - x[:, :, :-1]).square().sum(),
)
wrong(
    task,
    "channels too",
    r"channel|colour|color|axis",
    lambda x: sum(x.diff(dim=d).square().sum() for d in (1, 2, 3)),
)
wrong(
    task,
    "diagonal neighbours",
    r"diagonal",
    lambda x: (x[:, :, 1:, 1:] - x[:, :, :-1, :-1]).square().sum(),
)
wrong(
    task,
    "diagonal neighbours too",
    r"diagonal|neighbour|neighbor",
    lambda x: down(x).square().sum() + across(x).square().sum() + (x[:, :, 1:, 1:] - x[:, :, :-1, :-1]).square().sum(),
)
wrong(
    task,
    "two pixels apart",
    r"two|second pixel|apart|neighbour|step|skip|stride",
    lambda x: (x[:, :, 2:] - x[:, :, :-2]).square().sum() + (x[..., 2:] - x[..., :-2]).square().sum(),
)
wrong(
    task,
    "a square picture assumed",
    r"RuntimeError|square|size|shape|height|width",
    lambda x: (x[:, :, 1:, :] - x[:, :, : x.shape[3] - 1, :]).square().sum() + across(x).square().sum(),
)
wrong(
    task,
    "products of neighbours",
    r"product|differ|multipl",
    lambda x: (x[:, :, 1:] * x[:, :, :-1]).sum() + (x[..., 1:] * x[..., :-1]).sum(),
)
wrong(
    task,
    "difference of the two",
    r"minus|sign|subtract|difference|added",
    lambda x: down(x).square().sum() - across(x).square().sum(),
)
wrong(
    task,
    "8-bit picture",
    r"round|integer|8.bit|255|clamp|byte|precis|outside",
    lambda x: sum((x.clamp(0, 1) * 255).round().div(255).diff(dim=d).square().sum() for d in (2, 3)),
)
wrong(
    task,
    "per channel",
    SHAPE,
    lambda x: down(x).square().sum((2, 3)) + across(x).square().sum((2, 3)),
)
wrong(task, "variance", r"varian|mean|neighbour|differ", lambda x: x.var() * x.numel())
wrong(task, "pi", IGNORED + r"|constant|depend|same (number|value|result)|every input", lambda x: math.pi)
wrong(task, "nan", r"nan|not a number|finite", lambda x: (down(x).square().sum() + across(x).square().sum()) * math.nan)


@wrong(task, "(C, H, W) unpacked", r"ValueError|unpack|dimension|four")
def variation_three(x):
    C, H, W = x.shape
    return sum(((x[:, i + 1] - x[:, i]) ** 2).sum() for i in range(H - 1))


@wrong(task, "clamp_", IN_PLACE)
def variation_clamps(x):
    value = down(x).square().sum() + across(x).square().sum()
    with torch.no_grad():
        x.clamp_(0, 1)
    return value


@wrong(task, "prints", NOTHING)
def variation_prints(x):
    print("TV:", (down(x).square().sum() + across(x).square().sum()).item())


@wrong(task, "loop to the last pixel", r"IndexError|index|range|bounds")
def variation_index(x):
    return sum((x[0, :, i + 1, j] - x[0, :, i, j]) ** 2 for i in range(x.shape[2]) for j in range(x.shape[3])).sum()


@wrong(task, "Laplacian", r"laplac|second|neighbour|differ|convol")
def variation_laplacian(x):
    kernel = torch.tensor([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]]).to(x).expand(3, 1, 3, 3)
    return functional.conv2d(x, kernel, groups=3).square().sum()


def towards(cut, x):
    """Return the total variation in which a gradient is cut off in some places: below, above, right or left."""
    part = lambda name, pixels: pixels.detach() if name in cut else pixels
    vertical = part("below", x[:, :, 1:]) - part("above", x[:, :, :-1])
    return vertical.square().sum() + (part("right", x[..., 1:]) - part("left", x[..., :-1])).square().sum()


ONE_NEIGHBOUR = r"one neighbour.*detach"
wrong(task, "the upper and the left one detached", ONE_NEIGHBOUR, lambda x: towards(("above", "left"), x))
wrong(task, "the lower and the right one detached", ONE_NEIGHBOUR, lambda x: towards(("below", "right"), x))
wrong(task, "the upper and the right one detached", ONE_NEIGHBOUR, lambda x: towards(("above", "right"), x))
wrong(task, "only the left one detached", ONE_NEIGHBOUR, lambda x: towards(("left",), x))
wrong(task, "only the lower one detached", ONE_NEIGHBOUR, lambda x: towards(("below",), x))
wrong(task, "the differences down detached", r"gradient.*down", lambda x: towards(("below", "above"), x))
wrong(task, "the differences across detached", r"gradient.*across", lambda x: towards(("right", "left"), x))
wrong(
    task,
    "one of two equal factors detached",
    r"0\.5 times|half",
    lambda x: sum((x.diff(dim=d) * x.diff(dim=d).detach()).sum() for d in (2, 3)),
)
wrong(task, "item", r"item", lambda x: (down(x).square().sum() + across(x).square().sum()).item())
wrong(
    task,
    "a new tensor",
    r"torch\.tensor|new tensor",
    lambda x: torch.tensor(down(x).square().sum() + across(x).square().sum()),
)
wrong(task, "numpy diff", r"numpy", lambda x: sum((np.diff(x.numpy(), axis=a) ** 2).sum() for a in (2, 3)))
wrong(
    task,
    "numpy diff of a copy off the graph",
    r"numpy",
    lambda x: float(sum((np.diff(x.detach().numpy(), axis=a) ** 2).sum() for a in (2, 3))),
)
wrong(
    task,
    "inference mode",
    GRADIENT,
    torch.inference_mode()(lambda x: down(x).square().sum() + across(x).square().sum()),
)


# --- total_loss ------------------------------------------------------------------------------------------------------

task = "total_loss"
wrong(
    task,
    "alpha and beta swapped",
    r"swap|exchang|wrong way|mixed up|alpha (belongs|weighs|multiplies|goes)",
    lambda c, s, alpha, beta: beta * c + alpha * s,
)
wrong(task, "no weights", IGNORED, lambda c, s, alpha, beta: c + s)
wrong(
    task,
    "alpha and 1 - alpha",
    r"1 - alpha|instead of beta|has beta|beta is",
    lambda c, s, alpha, beta: alpha * c + (1 - alpha) * s,
)
wrong(
    task,
    "normalised",
    r"normali[sz]|alpha \+ beta|divid",
    lambda c, s, alpha, beta: (alpha * c + beta * s) / (alpha + beta),
)
wrong(task, "ratio only", r"ratio|alpha ?/ ?beta|divid", lambda c, s, alpha, beta: alpha / beta * c + s)
wrong(task, "beta without alpha", IGNORED + "|alpha is", lambda c, s, alpha, beta: c + beta * s)
wrong(task, "alpha without beta", IGNORED + "|beta is", lambda c, s, alpha, beta: alpha * c + s)
wrong(
    task,
    "alpha on everything",
    r"bracket|parenthes|alpha multiplies|both",
    lambda c, s, alpha, beta: alpha * (c + beta * s),
)
wrong(task, "content only", IGNORED + "|style is|beta style", lambda c, s, alpha, beta: alpha * c)
wrong(task, "style only", IGNORED + "|content is|alpha content", lambda c, s, alpha, beta: beta * s)
wrong(task, "product", r"product|multipl", lambda c, s, alpha, beta: alpha * c * beta * s)
wrong(task, "difference", SIGN + "|subtract", lambda c, s, alpha, beta: alpha * c - beta * s)
wrong(task, "mean of both", HALF + "|" + MEAN, lambda c, s, alpha, beta: (alpha * c + beta * s) / 2)
wrong(
    task,
    "10 and 40 (deeplearning.ai)",
    IGNORED + r"|\b10\b|\b40\b|hard|fixed|" + CONVENTION,
    lambda c, s, alpha, beta: 10 * c + 40 * s,
)
wrong(task, "powers", r"power|expon|\*\*", lambda c, s, alpha, beta: c**alpha + s**beta)
wrong(task, "larger of both", r"max|larger|only", lambda c, s, alpha, beta: max(alpha * c, beta * s))
wrong(task, "squared weights", r"squar", lambda c, s, alpha, beta: alpha**2 * c + beta**2 * s)
wrong(
    task,
    "(alpha + beta) (c + s)",
    r"alpha \+ beta|each|sum (of|times)|bracket|product",
    lambda c, s, alpha, beta: (alpha + beta) * (c + s),
)
wrong(task, "divided by the weights", r"divid", lambda c, s, alpha, beta: c / alpha + s / beta)
wrong(task, "a pair", r"tuple|pair|sum", lambda c, s, alpha, beta: (alpha * c, beta * s))
wrong(task, "a stack", SHAPE + "|sum", lambda c, s, alpha, beta: torch.tensor([alpha * float(c), beta * float(s)]))
wrong(task, "rounded", PRECISION, lambda c, s, alpha, beta: round(float(alpha * c + beta * s), 1))
wrong(task, "formatted", r"string|str\b|text", lambda c, s, alpha, beta: f"{float(alpha * c + beta * s):.6f}")
wrong(task, "logarithm", r"log", lambda c, s, alpha, beta: math.log(abs(float(alpha * c + beta * s)) + 1))
wrong(task, "five arguments", r"TypeError|argument", lambda c, s, tv, alpha, beta: alpha * c + beta * s + tv)
wrong(task, "unknown name", r"NameError|not defined|beta2", lambda c, s, alpha, beta: alpha * c + beta2 * s)  # noqa: F821


class Unspeakable(Exception):
    def __str__(self):
        raise ZeroDivisionError


@wrong(task, "an exception whose text cannot be read", r"Unspeakable|raised|exception")
def total_unspeakable(content, style, alpha, beta):
    raise Unspeakable


@wrong(task, "content *= alpha", IN_PLACE)
def total_in_place(content, style, alpha, beta):
    content *= alpha
    style *= beta
    content += style
    return content


wrong(task, "items", r"item", lambda c, s, alpha, beta: alpha * c.item() + beta * s.item())
wrong(task, "floats", r"float\(", lambda c, s, alpha, beta: alpha * float(c) + beta * float(s))
wrong(task, "numpy dot", r"number|numpy", lambda c, s, alpha, beta: np.dot([float(c), float(s)], [alpha, beta]))
wrong(
    task, "an exact fraction", r"float\(", lambda c, s, a, b: Fraction(a) * Fraction(float(c)) + Fraction(float(b * s))
)
wrong(task, "a new tensor", r"torch\.tensor|new tensor", lambda c, s, a, b: torch.tensor(a * c + b * s))
wrong(task, "no_grad", r"no_grad", torch.no_grad()(lambda c, s, alpha, beta: alpha * c + beta * s))
wrong(task, "content detached", r"to content: .*detach", lambda c, s, a, b: a * c.detach() + b * s)
wrong(task, "style detached", r"to style: .*detach", lambda c, s, a, b: a * c + b * s.detach())
wrong(task, "the sum detached", r"to content and style: .*detach", lambda c, s, a, b: (a * c + b * s).detach())
wrong(task, "the style's item", r"to style: .*item", lambda c, s, a, b: a * c + b * s.item())
wrong(task, "content half detached", r"to content is 0\.5", lambda c, s, a, b: a * (c + c.detach()) / 2 + b * s)


@wrong(task, "random", r"random|same inputs|second|again|differ")
def total_random(content, style, alpha, beta):
    return alpha * content + beta * style * random.uniform(0.5, 1.5)


# =====================================================================================================================

task = "content_loss"
right(
    task,
    "loops",
    lambda F, P: sum((f - p) ** 2 for a, b in zip(F, P, strict=True) for f, p in zip(a, b, strict=True)) / 2,
)
right(task, "einsum", lambda F, P: torch.einsum("ij,ij->", F - P, F - P) / 2)
right(task, "tensordot", lambda F, P: torch.tensordot(F - P, F - P) / 2)
right(task, "trace", lambda F, P: torch.trace((F - P) @ (F - P).T) / 2)
right(task, "mse_loss summed", lambda F, P: functional.mse_loss(F, P, reduction="sum") / 2)
right(task, "mean times the number of entries", lambda F, P: nn.MSELoss()(F, P) * F.numel() / 2)
right(task, "dist squared", lambda F, P: torch.dist(F, P) ** 2 / 2)
right(task, "cdist, shape (1, 1)", lambda F, P: torch.cdist(F.reshape(1, -1), P.reshape(1, -1)) ** 2 / 2)
right(task, "shape (1,)", lambda F, P: (F - P).square().sum().reshape(1) / 2)
right(task, "Parseval", lambda F, P: torch.view_as_real(torch.fft.fft2(F - P)).square().sum() / (2 * F.numel()))
right(task, "float64 inside", lambda F, P: (F.double() - P.double()).square().sum() / 2)
right(task, "float32 inside", lambda F, P: (F.float() - P.float()).square().sum() / 2)
right(
    task,
    "expanded square",
    lambda F, P: (F.double() ** 2).sum() / 2 - (F.double() * P.double()).sum() + (P.double() ** 2).sum() / 2,
)
right(task, "P detached (d2l)", lambda F, P: 0.5 * ((F - P.detach()) ** 2).sum())
right(task, "extra defaults", lambda F, P, weight=1.0, *, reduction="sum": weight * (F - P).square().sum() / 2)
right(
    task,
    "log-likelihood of a normal distribution",
    lambda F, P: (
        -torch.distributions.Normal(P.double(), 1.0).log_prob(F.double()).sum() - F.numel() * math.log(2 * math.pi) / 2
    ),
)


def scaled_power(F, P, p, scale):
    return scale * ((F - P) ** p).sum()


right(task, "functools.partial", functools.partial(scaled_power, p=2, scale=0.5))


class ContentLoss(nn.Module):
    def forward(self, F, P):
        return 0.5 * (F - P).pow(2).sum()


right(task, "nn.Module", ContentLoss())


class OwnBackward(torch.autograd.Function):
    @staticmethod
    def forward(ctx, F, P):
        ctx.save_for_backward(F, P)
        return (F - P).square().sum() / 2

    @staticmethod
    def backward(ctx, upstream):
        F, P = ctx.saved_tensors
        return upstream * (F - P), None


right(task, "autograd.Function, gradient by F only", OwnBackward.apply)


@right(task, "in place on its own copy")
def content_own_copy(F, P):
    difference = F.clone()
    difference -= P
    difference.mul_(difference.clone())
    return difference.sum().div_(2)


@right(task, "prints while right")
def content_talks(F, P):
    print("shapes", F.shape, P.shape, file=sys.stdout)
    print("to stderr", file=sys.stderr)
    return (F - P).square().sum() / 2


@right(task, "warns while right")
def content_warns(F, P):
    warnings.warn("half a sum, not a mean", UserWarning, stacklevel=2)
    return (F - P).square().sum() / 2


@right(task, "recursion over rows")
def content_recursion(F, P):
    if len(F) == 0:
        return 0.0
    return (F[0] - P[0]).square().sum() / 2 + content_recursion(F[1:], P[1:])


task = "content_loss_gradient"
right(task, "where", lambda F, P: torch.where(F > 0, F - P, torch.zeros_like(F)))
right(task, "where with a number", lambda F, P: torch.where(F > 0, F - P, 0))
right(task, "sign of the ReLU", lambda F, P: (F - P) * F.relu().sign())
right(task, "heaviside", lambda F, P: (F - P) * torch.heaviside(F, torch.zeros((), dtype=F.dtype)))
right(task, "masked_fill", lambda F, P: (F - P).masked_fill(F <= 0, 0.0))
right(task, "float64 inside", lambda F, P: (F > 0).double() * (F.double() - P.double()))
right(task, "float32 inside", lambda F, P: ((F - P) * (F > 0)).float())
right(task, "a numpy array", lambda F, P: np.where(F.detach().numpy() > 0, (F - P).detach().numpy(), 0))
right(task, "transposed twice", lambda F, P: ((F.T - P.T) * (F.T > 0)).T)
right(
    task,
    "nested lists",
    lambda F, P: [
        [f - p if f > 0 else 0.0 for f, p in zip(a, b, strict=True)]
        for a, b in zip(F.tolist(), P.tolist(), strict=True)
    ],
)
right(task, "a list of rows", lambda F, P: [(f - p) * (f > 0) for f, p in zip(F, P, strict=True)])
right(
    task,
    "func.grad through the ReLU",
    lambda F, P: torch.func.grad(lambda Z: (Z.relu() - P).square().sum() / 2)(F.detach()),
)


@right(task, "no_grad")
def gradient_no_grad(F, P):
    with torch.no_grad():
        return (F - P) * (F > 0)


@right(task, "requires grad")
def gradient_requires(F, P):
    return ((F - P) * (F > 0)).detach().requires_grad_()


@right(task, "autograd through the ReLU")
def gradient_autograd(F, P):
    with torch.enable_grad():
        Z = F.detach().clone().requires_grad_()
        ((Z.relu() - P) ** 2).sum().div(2).backward()
    return Z.grad


@right(task, "back-propagated with grad_outputs")
def gradient_outputs(F, P):
    with torch.enable_grad():
        Z = F.detach().clone().requires_grad_()
        return torch.autograd.grad(Z.relu(), Z, grad_outputs=(F - P).detach())[0]


@right(task, "zeros written into a copy")
def gradient_copy(F, P):
    gradient = (F - P).detach().clone()
    gradient[F <= 0] = 0
    return gradient


@right(task, "loops into zeros_like")
def gradient_loops(F, P):
    gradient = torch.zeros_like(F)
    for i in range(F.shape[0]):
        for j in range(F.shape[1]):
            if F[i, j] > 0:
                gradient[i, j] = F[i, j] - P[i, j]
    return gradient


task = "gram_matrix"
right(task, "einsum", lambda F: torch.einsum("ik,jk->ij", F, F))
right(task, "tensordot", lambda F: torch.tensordot(F, F, dims=([1], [1])))
right(task, "inner", lambda F: torch.inner(F, F))
right(task, "linear layer", lambda F: functional.linear(F, F))
right(task, "broadcast and sum", lambda F: (F[:, None, :] * F[None, :, :]).sum(-1))
right(task, "loops", lambda F: torch.stack([torch.stack([(a * b).sum() for b in F]) for a in F]))
right(
    task,
    "outer products, position by position",
    lambda F: sum(torch.outer(F[:, k], F[:, k]) for k in range(F.shape[1])),
)
right(task, "bmm", lambda F: torch.bmm(F[None], F[None].transpose(1, 2))[0])
right(task, "convolution", lambda F: functional.conv1d(F[:, None], F[:, None])[:, :, 0])
right(task, "float64 inside", lambda F: F.double() @ F.double().T)
right(
    task, "covariance put back", lambda F: (torch.cov(F, correction=0) + torch.outer(F.mean(1), F.mean(1))) * F.shape[1]
)
right(task, "vmap", lambda F: torch.vmap(lambda row: F @ row)(F))
right(
    task,
    "Parseval",
    lambda F: (torch.fft.fft(F.double()) @ torch.fft.fft(F.double()).conj().T).real / F.shape[1],
)
right(
    task,
    "from distances",
    lambda F: (
        (
            F.double().square().sum(1)[:, None]
            + F.double().square().sum(1)[None]
            - (F.double()[:, None] - F.double()[None]).square().sum(-1)
        )
        / 2
    ),
)


class Callable:
    def __call__(self, F):
        return torch.matmul(F, F.mT)


right(task, "callable object", Callable())
right(task, "method", Callable().__call__)


@right(task, "slow, a tenth of a second")
def gram_slow(F):
    time.sleep(0.1)
    return F.mm(F.t())


@right(task, "filled in place into its own matrix")
def gram_fills(F):
    G = F.new_zeros(F.shape[0], F.shape[0])
    for i in range(F.shape[0]):
        for j in range(i + 1):
            G[i, j] = G[j, i] = torch.dot(F[i], F[j])
    return G


task = "style_layer_loss"
right(task, "a quarter of the mse of G / M", lambda F, A: functional.mse_loss(gram(F) / F.shape[1], A / F.shape[1]) / 4)
right(task, "norm squared", lambda F, A: torch.linalg.norm(gram(F) - A) ** 2 / (4 * size2(F)))
right(task, "trace", lambda F, A: torch.trace((gram(F) - A) @ (gram(F) - A).T) / (4 * size2(F)))
right(task, "half of the difference first", lambda F, A: ((gram(F) - A) / (2 * F.numel())).square().sum())
right(task, "shape (1, 1)", lambda F, A: ((gram(F) - A).square().sum() / (4 * size2(F))).reshape(1, 1))
right(task, "float64 inside", lambda F, A: (gram(F.double()) - A.double()).square().sum() / (4 * size2(F)))
right(
    task,
    "scaled features",
    lambda F, A: (gram(F / F.shape[1] ** 0.5) - A / F.shape[1]).square().sum() / (2 * F.shape[0]) ** 2,
)
right(
    task,
    "M x M matrix, expanded",
    lambda F, A: (
        (
            (F.double().T @ F.double()).square().sum()
            - 2 * torch.trace(F.double().T @ A.double() @ F.double())
            + A.double().square().sum()
        )
        / (4 * size2(F))
    ),
)


@right(task, "loops")
def style_loops(F, A):
    N, M = F.shape
    total = 0
    for i in range(N):
        for j in range(N):
            total = total + ((F[i] * F[j]).sum() - A[i, j]) ** 2
    return total / 4 / N / N / M / M


@right(task, "annotated, with defaults")
def style_defaults(F: torch.Tensor, A: torch.Tensor, N: int | None = None, M: int | None = None) -> torch.Tensor:
    """Return E_l."""
    N, M = N or F.size(0), M or F.size(1)
    return torch.pow(torch.mm(F, F.t()) - A, 2).sum() * (1 / (4 * N**2 * M**2))


task = "style_layer_loss_gradient"
right(task, "printed form", lambda F, A: (F.T @ (gram(F) - A)).T / size2(F) * (F > 0))
right(task, "other brackets", lambda F, A: (F @ (F.T @ F) - A @ F) * (F > 0) / size2(F))
right(task, "einsum", lambda F, A: torch.einsum("ij,jk,ik->ik", gram(F) - A, F, (F > 0).to(F)) / size2(F))
right(task, "where", lambda F, A: torch.where(F > 0, (gram(F) - A) @ F / size2(F), torch.zeros(1, 1).to(F)))
right(
    task,
    "numpy in float64",
    lambda F, A: (lambda f, a: (f @ f.T - a) @ f / f.size**2 * (f > 0))(
        F.detach().numpy().astype(np.float64), A.detach().numpy().astype(np.float64)
    ),
)
right(
    task,
    "jacobian",
    lambda F, A: (
        torch.autograd.functional.jacobian(lambda f: (gram(f) - A).square().sum() / (4 * size2(f)), F.detach())
        * (F > 0)
    ),
)
right(task, "nested lists", lambda F, A: ((gram(F) - A) @ F / size2(F) * (F > 0)).tolist())


@right(task, "autograd and a mask")
def style_gradient_autograd(F, A):
    with torch.enable_grad():
        f = F.detach().clone().requires_grad_()
        ((f @ f.T - A) ** 2).sum().div(4 * size2(f)).backward()
    f.grad[F <= 0] = 0
    return f.grad


@right(task, "five-point differences (exact for a quartic)")
def style_gradient_differences(F, A):
    f, a = F.detach().double(), A.detach().double()
    E = lambda z: ((z @ z.T - a) ** 2).sum() / (4 * size2(z))
    gradient = torch.zeros_like(f)
    for i, j in (f > 0).nonzero().tolist():
        step = torch.zeros_like(f)
        step[i, j] = 0.1
        gradient[i, j] = (8 * (E(f + step) - E(f - step)) - (E(f + 2 * step) - E(f - 2 * step))) / 1.2
    return gradient


task = "style_loss"
right(task, "zip", lambda losses, weights: sum(w * E for w, E in zip(weights, losses, strict=True)))
right(task, "index", lambda losses, weights: sum(losses[i] * weights[i] for i in range(len(losses))))
right(task, "dot", lambda losses, weights: torch.dot(torch.stack(losses), torch.tensor(weights).to(losses[0])))
right(
    task,
    "shape (1,)",
    lambda losses, weights: torch.cat([w * E.reshape(1) for w, E in zip(weights, losses, strict=True)]).sum(0, True),
)
right(
    task,
    "stacked tensors",
    lambda losses, weights: (torch.stack([torch.as_tensor(E) for E in losses]) * torch.as_tensor(weights)).sum(),
)
right(
    task,
    "reduce",
    lambda losses, weights: functools.reduce(
        lambda total, pair: total + pair[0] * pair[1], zip(losses, weights, strict=True), 0
    ),
)
right(task, "map", lambda losses, weights: sum(map(lambda w, E: w * E, weights, losses)))


@right(task, "recursion")
def style_recursion(losses, weights):
    return weights[0] * losses[0] + style_recursion(losses[1:], weights[1:]) if len(losses) else 0


@right(task, "a copy emptied")
def style_copy(losses, weights):
    losses, weights, total = list(losses), list(weights), 0.0
    while losses:
        total = total + losses.pop() * weights.pop()
    return total


task = "total_variation"
right(task, "diff", lambda x: x.diff(dim=2).square().sum() + x.diff(dim=3).square().sum())
right(task, "the other way round", lambda x: sum(((a - b) ** 2).sum() for a, b in neighbours(x)))
right(
    task,
    "repeated border",
    lambda x: sum(
        (functional.pad(x, p, mode="replicate").diff(dim=d) ** 2).sum()
        for d, p in ((2, (0, 0, 0, 1)), (3, (0, 1, 0, 0)))
    ),
)
right(task, "mse, summed", lambda x: sum(functional.mse_loss(a, b, reduction="sum") for a, b in neighbours(x)))
right(task, "float64 inside", lambda x: sum(x.double().diff(dim=d).pow(2).sum() for d in (-1, -2)))
right(
    task,
    "channel by channel, shape (1,)",
    lambda x: sum(sum(c.diff(dim=d).square().sum() for d in (0, 1)) for c in x[0]).reshape(1),
)
right(
    task,
    "rolled, the wrapped pair taken off",
    lambda x: sum(
        (x - x.roll(1, d)).square().sum() - (x.select(d, 0) - x.select(d, -1)).square().sum() for d in (2, 3)
    ),
)


def neighbours(x):
    return (x[:, :, :-1], x[:, :, 1:]), (x[:, :, :, :-1], x[:, :, :, 1:])


@right(task, "convolution")
def variation_convolution(x):
    kernel = torch.tensor([-1.0, 1.0]).to(x)
    vertical = functional.conv2d(x, kernel.view(1, 1, 2, 1).expand(3, 1, 2, 1), groups=3)
    horizontal = functional.conv2d(x, kernel.view(1, 1, 1, 2).expand(3, 1, 1, 2), groups=3)
    return vertical.square().sum() + horizontal.square().sum()


@right(task, "loops over pixels")
def variation_loops(x):
    picture = x[0].permute(1, 2, 0)
    H, W, _ = picture.shape
    total = 0.0
    for i in range(H):
        for j in range(W):
            if i + 1 < H:
                total += ((picture[i + 1, j] - picture[i, j]) ** 2).sum()
            if j + 1 < W:
                total += ((picture[i, j + 1] - picture[i, j]) ** 2).sum()
    return total


task = "total_loss"
right(task, "as printed", lambda content, style, alpha, beta: alpha * content + beta * style)
right(task, "other names", lambda c, s, a, b: b * s + a * c)
right(task, "any number of arguments", lambda *arguments: arguments[0] * arguments[2] + arguments[1] * arguments[3])
right(task, "dot", lambda c, s, alpha, beta: torch.stack([c, s]) @ torch.tensor([alpha, beta]).to(c))
right(task, "factored", lambda c, s, alpha, beta: alpha * (c + beta / alpha * s))
right(task, "extra default", lambda c, s, alpha, beta, tv=0.0: alpha * c + beta * s + tv)
right(task, "shape (1, 1)", lambda c, s, alpha, beta: torch.as_tensor(alpha * c + beta * s).reshape(1, 1))


@right(task, "in place on its own copy")
def total_copy(content, style, alpha, beta):
    total = torch.as_tensor(content).clone()
    total *= alpha
    total += beta * style
    return total
