"""Looks for garbage while no key waits."""

from __future__ import annotations

import asyncio

from tui.allocator import collect_if_due

REST_SECONDS = 0.6
"""How long keys rest before: longer than work that a key leaves for later takes to begin."""


class Tidying:
    """One timer that every key sets back."""

    def __init__(self) -> None:
        self._timer: asyncio.TimerHandle | None = None

    def soon(self) -> None:
        """Tidy up once nobody has pressed a key for a while."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(REST_SECONDS, collect_if_due)
