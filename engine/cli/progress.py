"""Progress on stderr: one line that is written over, where somebody watches."""

from __future__ import annotations

import sys
import time

from engine.cli.streams import tell

PATIENCE_SECONDS = 0.5
"""Nobody needs to hear of what takes no longer."""


class Progress:
    """``doing … 40%`` in place, at most ten times a second; gone at the end of the block."""

    def __init__(self, doing: str) -> None:
        self._doing, self._begun, self._told = doing, time.monotonic(), 0.0
        self._shows = sys.stderr is not None and sys.stderr.isatty()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._told:
            tell("\r\x1b[K", end="")

    def share(self, share: float) -> bool:
        """Tell; always to go on: whoever wants it to stop presses Ctrl-C."""
        now = time.monotonic()
        if self._shows and now - self._begun > PATIENCE_SECONDS and now - self._told > 0.1:
            self._told = now
            tell(f"\r{self._doing} … {min(share, 1.0):.0%}", end="")
        return True

    def bytes(self, done: int, whole: int) -> None:
        """Tell of a file that is read."""
        self.share(done / max(whole, 1))
