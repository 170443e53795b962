"""What can go wrong, by kind. The command line turns each of these into one sentence, and lets all others through.

Every message says what was expected, what came, and what to do. The kinds are also what Python's own names promise:
an `InputError` is a ValueError, a `NonFiniteLoss` an ArithmeticError.
"""

from __future__ import annotations


class StylekitError(Exception):
    """Something that the kit foresees, said in a sentence."""


class InputError(StylekitError, ValueError):
    """An argument, or several together, that make no sense."""


class AssetError(InputError):
    """Something is wrong with a name, a file or a download."""


class NonFiniteLoss(StylekitError, ArithmeticError):
    """A loss term became NaN or infinite; `last` is the last good Step, or None."""

    def __init__(self, message: str, last: object = None):
        super().__init__(message)
        self.last = last


class Interrupted(KeyboardInterrupt):
    """Ctrl-C while painting; `last` is the last Step."""

    def __init__(self, last: object = None):
        super().__init__("interrupted")
        self.last = last

    def _render_traceback_(self) -> list[str]:
        return ["Interrupted: the picture so far is in the last Step."]  # IPython shows this and no page of traceback


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error says that the memory is full: Python's own, a GPU's, or that of PyTorch on the CPU."""
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError)
        and (type(error).__name__ == "OutOfMemoryError" or "DefaultCPUAllocator" in str(error))
    )
