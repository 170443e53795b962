"""Work that goes on in a thread while a page stays alive: one piece at a time in a process. Imports nothing slow."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable


class Worker(threading.Thread):
    """A thread that works until it is stopped, or done. A new one stops the others of its process and waits for them.

    `work` is called with the worker and looks at `stopped` often; `rest` waits there while the worker is paused.
    """

    def __init__(self, work: Callable[[Worker], None]):
        super().__init__(name="stylekit at work", daemon=True)
        self.work, self.others = work, stop_workers()
        self.stopped, self.going = threading.Event(), threading.Event()
        self.going.set()

    def run(self) -> None:
        for other in self.others:
            other.join()
        atexit.register(self.finish)
        try:
            self.work(self)
        finally:
            atexit.unregister(self.finish)

    def rest(self) -> None:
        """Wait while paused; a worker that is stopped does not rest."""
        while not self.going.wait(0.1) and not self.stopped.is_set():
            pass

    def finish(self) -> None:
        """Stop, and wait for it: a thread inside torch must not outlive the interpreter."""
        self.stopped.set()
        self.join(2)


def stop_workers() -> list[threading.Thread]:
    """Tell every worker of this process to stop, and return them."""
    workers = [thread for thread in threading.enumerate() if isinstance(thread, Worker)]
    for worker in workers:
        worker.stopped.set()
    return workers
