"""A daemon thread that always works on the newest request and forgets the others.

It never holds up typing or quitting: requests replace each other in a one-slot mailbox, the
sweep asks between blocks whether it is still wanted, and the thread dies with the process.

There are several such threads. The one whose work `goes_first` is alone while it works: the others
stop where they ask, so that a sweep shares neither the processor nor memory with what a page does.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from tui.allocator import hand_back_the_rest

Result = TypeVar("Result")
TIDY_SECONDS = 0.25
"""How often work that goes on hands back memory that it has left."""
SHORT_SECONDS = 0.03
"""Work that took no longer has left none worth it."""
STANDING_SECONDS = 0.1
"""How often work that stands still asks whether it is wanted at all."""
_nobody_first = threading.Event()
_nobody_first.set()


@dataclass(frozen=True, slots=True)
class Job(Generic[Result]):
    """A piece of work: ``work(should_stop)`` gives a result for ``deliver``, or None."""

    work: Callable[[Callable[[], bool]], Result | None]
    deliver: Callable[[Result], None]
    fail: Callable[[Exception], None]


class LatestWins(Generic[Result]):
    """The thread and its mailbox. There is one in the program whose work ``goes_first``."""

    def __init__(self, *, goes_first: bool = False) -> None:
        self._goes_first = goes_first
        self._condition = threading.Condition()
        self._job: Job[Result] | None = None
        self._number = 0
        self._tidied = 0.0
        self._thread: threading.Thread | None = None

    def submit(self, job: Job[Result]) -> None:
        """Replace whatever waits or runs by ``job``."""
        with self._condition:
            self._job = job
            self._number += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._loop, daemon=True, name="sweeper")
                self._thread.start()
            self._condition.notify()

    def cancel(self) -> None:
        """Forget what waits or runs."""
        with self._condition:
            self._job = None
            self._number += 1

    def _loop(self) -> None:
        while True:
            job, number = self._next()
            self._tidied = begun = time.monotonic()
            if self._goes_first:
                _nobody_first.clear()
            try:
                self._do(job, number)
            finally:
                if self._goes_first:
                    _nobody_first.set()
            del job
            self._tidy(begun + SHORT_SECONDS)

    def _do(self, job: Job[Result], number: int) -> None:
        try:
            result = job.work(lambda: self._superseded(number))
        except Exception as error:
            if number == self._number:
                job.fail(error)
            return
        if result is not None and number == self._number:
            job.deliver(result)

    def _tidy(self, after: float) -> None:
        if time.monotonic() >= after:
            hand_back_the_rest()
            self._tidied = time.monotonic()

    def _next(self) -> tuple[Job[Result], int]:
        with self._condition:
            while self._job is None:
                self._condition.wait()
            job, self._job = self._job, None
            return job, self._number

    def _superseded(self, number: int) -> bool:
        # Give the interface's thread a chance to run between two blocks.
        time.sleep(0)
        self._tidy(self._tidied + TIDY_SECONDS)
        while not self._goes_first and number == self._number:
            if _nobody_first.wait(STANDING_SECONDS):
                break
        return number != self._number
