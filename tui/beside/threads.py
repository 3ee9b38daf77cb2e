"""From other threads into the one that draws."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from collections.abc import Callable


def into_this_thread() -> Callable[[Callable[[], None]], None]:
    """A function that other threads may call to run something in this one. It does not wait, and
    what comes after the app has ended is dropped."""
    loop, context = asyncio.get_running_loop(), contextvars.copy_context()

    def later(callback: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(callback, context=context.copy())

    return later
