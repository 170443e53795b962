"""Call an answer so that nothing it does can hurt: it may crash, hang, print, or change torch's settings.

Where the platform has an alarm, and this is the main thread, the alarm stops an answer that hangs. Elsewhere the answer
runs in a daemon thread, which is left behind: Python cannot stop a thread.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch

LIMIT = 10.0  # seconds for one call: a first import inside an answer can take some
FOREIGN = tuple(map(os.path.dirname, (torch.__file__, __file__)))  # lines in these folders are not the answer's
AGAIN = 0.0001  # seconds between further alarms, for an answer that catches the first


@dataclass
class Outcome:
    """What came of a call: a value, or an exception and the line of the answer that raised it."""

    value: object = None
    error: BaseException | None = None
    line: int | None = None
    printed: str = ""
    hung: bool = False
    abandoned: bool = False


class _Printed(io.StringIO):
    """What an answer prints; it may try to close it."""

    def close(self) -> None:
        pass


class _TimeIsUp(BaseException):
    """Raised by the alarm; not an Exception, so that `except Exception` lets it pass."""


def call(function: Callable, arguments: tuple, watch: AbstractContextManager | None = None) -> Outcome:
    """Call the function and return what came of it, within about LIMIT seconds; restore what it changed in torch.

    `watch` is a context to call it in, in the thread where it runs. An answer that is left behind in its thread may
    still print and change settings later.
    """
    outcome, watch = Outcome(), watch or contextlib.nullcontext()
    alarm = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    printed = _Printed()
    with _settings_restored(), contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
        if alarm:
            with watch:  # outside the alarm, which could ring while it is left
                _call_with_alarm(function, arguments, outcome)
        else:
            _call_in_thread(function, arguments, outcome, watch)
    outcome.printed = printed.getvalue()
    return outcome


def _run(function: Callable, arguments: tuple, outcome: Outcome) -> None:
    try:
        outcome.value = function(*arguments)
    except _TimeIsUp:
        raise
    except BaseException as error:  # exit() and Ctrl-C in an answer are an answer's crash too
        outcome.error = error
        own = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith(FOREIGN)]
        outcome.line = own[0].lineno if own else None


def _call_with_alarm(function: Callable, arguments: tuple, outcome: Outcome) -> None:
    running = True

    def ring(number, frame):
        if running:
            outcome.hung = True
            raise _TimeIsUp

    start = time.monotonic()
    # In a destructor Python reports the alarm and goes on: no report is wanted, and the next alarm would cut it short.
    report, sys.unraisablehook = sys.unraisablehook, id
    handler = signal.signal(signal.SIGALRM, ring)
    left, interval = signal.setitimer(signal.ITIMER_REAL, LIMIT, AGAIN)
    try:
        _run(function, arguments, outcome)
        running = False
    except _TimeIsUp:
        running = False
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        sys.unraisablehook = report
        if left:  # somebody else's alarm, as a test's time limit: give it back what remains
            signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - start), 0.01), interval)


def _call_in_thread(function: Callable, arguments: tuple, outcome: Outcome, watch: AbstractContextManager) -> None:
    found = Outcome()

    def run():
        with watch:
            _run(function, arguments, found)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(LIMIT)
    outcome.hung = outcome.abandoned = thread.is_alive()
    if not outcome.hung:
        outcome.value, outcome.error, outcome.line = found.value, found.error, found.line


@contextlib.contextmanager
def _settings_restored() -> Iterator[None]:
    dtype, gradients = torch.get_default_dtype(), torch.is_grad_enabled()
    strict, anomalies = torch.are_deterministic_algorithms_enabled(), torch.is_anomaly_enabled()
    torch.set_grad_enabled(True)
    try:
        yield
    finally:
        torch.set_default_dtype(dtype)
        torch.set_grad_enabled(gradients)
        torch.use_deterministic_algorithms(strict)
        torch.autograd.set_detect_anomaly(anomalies)
