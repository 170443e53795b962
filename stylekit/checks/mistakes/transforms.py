"""What may be done to any input before a right formula, and to any result after it: each with its phrase."""

from __future__ import annotations

import torch
from torch import Tensor

CHANGES = {
    "clamped to [0, 1]": lambda t: t.clamp(0, 1),
    "clamped to [-1, 1] (clipped)": lambda t: t.clamp(-1, 1),
    "rectified (negative entries set to 0, as a mask F > 0 or a ReLU does)": lambda t: t.relu(),
    "masked the wrong way (positive entries set to 0)": lambda t: t.clamp(max=0),
    "made absolute (abs)": lambda t: t.abs(),
    "reduced to its sign": lambda t: t.sign(),
    "rounded to whole numbers": lambda t: t.round(),
    "cut to whole numbers (integer)": lambda t: t.trunc(),
    "made an 8-bit picture (clamped to [0, 1] and rounded to 255 steps)": lambda t: (t.clamp(0, 1) * 255).round() / 255,
    "made an 8-bit picture (clamped to [0, 1] and cut to 255 steps)": lambda t: (t.clamp(0, 1) * 255).trunc() / 255,
    "made an 8-bit picture of whole numbers 0 to 255": lambda t: (t.clamp(0, 1) * 255).trunc(),
    "made an 8-bit picture (bytes that wrap around)": lambda t: ((t * 255).trunc() % 256) / 255,
    "scaled to 0..255": lambda t: t * 255,
    "freed of its mean": lambda t: t - t.mean(),
    "freed of its mean and divided by its deviation (standardised)": lambda t: (t - t.mean()) / t.std(),
    "divided by its norm (normalised, another convention)": lambda t: t / t.norm(),
    "divided by the sum of its absolute values (neural-style's convention)": lambda t: t / t.abs().sum(),
    "divided by the mean of its sizes (normalised)": lambda t: t / t.abs().mean(),
    "divided by its largest entry (normalised)": lambda t: t / t.max(),
    "divided by its largest size (normalised)": lambda t: t / t.abs().max(),
    "divided by its sum": lambda t: t / t.sum(),
    "scaled to run from 0 to 1": lambda t: (t - t.min()) / (t.max() - t.min()),
    "made larger by 1": lambda t: t + 1,
    "put below 1 (1 over it)": lambda t: 1 / t,
    "squared": lambda t: t.square(),
    "put under a square root": lambda t: t.sqrt(),
    "put into an exponential": lambda t: t.exp(),
    "put into a logarithm": lambda t: t.log(),
    "put into a logarithm, with 1 added (log1p)": lambda t: t.log1p(),
    "put through a sigmoid": lambda t: t.sigmoid(),
    "put through tanh": lambda t: t.tanh(),
    "put through a softmax": lambda t: t.flatten().softmax(0).reshape(t.shape),
    "transposed": lambda t: t.T if t.dim() == 2 else t * torch.nan,
    "sorted": lambda t: t.flatten().sort().values.reshape(t.shape),
    "sorted from large to small": lambda t: t.flatten().sort(descending=True).values.reshape(t.shape),
    "reversed in order": lambda t: t.flatten().flip(0).reshape(t.shape),
    "added up (cumulative sums)": lambda t: t.cumsum(0) if t.dim() == 1 else t * torch.nan,
}


def mistakes_of(function, inputs: list[str]) -> list:
    """Return the mistakes that these make of a right function, each a formula and its sentence."""
    found = []
    for phrase, change in CHANGES.items():
        for number, name in enumerate(inputs):
            found.append((_changed(function, change, {number}), f"{name} was {phrase} first: take it as it is"))
        if len(inputs) > 1:
            every = set(range(len(inputs)))
            found.append((_changed(function, change, every), f"the inputs were {phrase} first: take them as they are"))
    results = [
        (lambda *case, c=change: c(function(*case)), f"the right result was {phrase}")
        for phrase, change in CHANGES.items()
    ]
    return found + results


def _changed(function, change, numbers: set[int]):
    """Return the function with a change made to those of its inputs."""
    return lambda *case: function(*(_to(change, t) if n in numbers else t for n, t in enumerate(case)))


def _to(change, thing):
    """Apply a change to a tensor, to a number, or to a list of either as to one vector."""
    if isinstance(thing, Tensor):
        return change(thing)
    if not isinstance(thing, list):
        return change(torch.tensor(thing, dtype=torch.float64)).item()
    vector = change(torch.tensor([float(one) for one in thing], dtype=torch.float64))
    return list(vector) if isinstance(thing[0], Tensor) else vector.tolist()
