"""Ends the program when its terminal is gone.

SIGHUP says so only to the session that the terminal controls; under ``nohup``, in a container or
behind a wrapper none comes, and reading from what is left of the terminal then spins for ever.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from collections.abc import Callable
from threading import Thread


def watch_terminal(leave: Callable[[], None]) -> None:
    """Wait beside the program for the terminal to hang up; then ``leave`` and be gone.

    ``leave`` runs in a thread of its own. Nothing is drawn or restored afterwards: there is
    nothing left to draw on.
    """
    if hasattr(select, "poll"):
        Thread(target=_wait, args=(sys.stdin.fileno(), leave), name="hangup", daemon=True).start()


def _wait(terminal: int, leave: Callable[[], None]) -> None:
    poller = select.poll()
    # No event is asked for: hanging up is told all the same, and keys wake nobody here.
    poller.register(terminal, 0)
    told = poller.poll()
    if told and told[0][1] & select.POLLHUP:
        try:
            leave()
        finally:
            os._exit(128 + signal.SIGHUP)
