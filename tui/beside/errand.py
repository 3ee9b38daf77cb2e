"""Slower work beside the keys: it begins when things rest, and the newest wish wins."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from tui.beside.sweeper import Job, LatestWins
from tui.beside.threads import into_this_thread

Result = TypeVar("Result")


class Errand(Generic[Result]):
    """One kind of slower work with a timer and a thread of its own.

    The waiting is done by timers of the event loop: waking a thread at every key only to let
    it wait costs the key more than its own work.
    """

    def __init__(self, failed: Callable[[Exception], None], *, goes_first: bool = False) -> None:
        self._failed = failed
        self._worker: LatestWins[Result] = LatestWins(goes_first=goes_first)
        self._timer: asyncio.TimerHandle | None = None

    def after(self, seconds: float, begin: Callable[[], None]) -> None:
        """Call ``begin`` once nobody has asked again for ``seconds``."""
        self._stop_waiting()
        self._timer = asyncio.get_running_loop().call_later(seconds, begin)

    def submit(
        self,
        work: Callable[[Callable[[], bool]], Result | None],
        deliver: Callable[[Result], None],
    ) -> None:
        """Do ``work`` in the thread instead of whatever it does; bring what it finds, or that it
        failed, into this thread."""
        later, failed = into_this_thread(), self._failed
        job = Job(
            work,
            lambda found: later(lambda: deliver(found)),
            lambda error: later(lambda: failed(error)),
        )
        self._worker.submit(job)

    def cancel(self) -> None:
        """Forget what waits or runs."""
        self._stop_waiting()
        self._worker.cancel()

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
