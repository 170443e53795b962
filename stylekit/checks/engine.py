"""Stub while the notebooks are being written."""

from stylekit.checks.verdict import NOT_ANSWERED, Verdict


def check(task: str, answer) -> Verdict:
    import torch

    if answer is ... or answer(*[torch.rand(3, 3)] * answer.__code__.co_argcount) is None:
        return Verdict(False, NOT_ANSWERED)
    return Verdict(True, "right")
