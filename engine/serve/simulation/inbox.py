"""Where a worker's requests come from, and who hears that they are done."""

from __future__ import annotations

import math
from collections.abc import Sequence
from heapq import heappop, heappush
from typing import Protocol


class Inbox(Protocol):
    """Requests of one worker, by their place in its book."""

    @property
    def next_seconds(self) -> float:
        """When the next one comes, as far as that is known before; infinite where it is not."""
        ...

    def take(self, now: float) -> int | None:
        """The next one that has come by ``now``."""
        ...

    def done(self, job: int, now: float) -> None:
        """One has had its last token."""
        ...


class Timed:
    """Requests that come at their times, which do not fall."""

    def __init__(self, arrivals: Sequence[float]) -> None:
        self.arrivals, self._sent = arrivals, 0

    @property
    def next_seconds(self) -> float:
        """See `Inbox`."""
        return self.arrivals[self._sent] if self._sent < len(self.arrivals) else math.inf

    def take(self, now: float) -> int | None:
        """See `Inbox`."""
        if self.next_seconds > now:
            return None
        self._sent += 1
        return self._sent - 1

    def done(self, job: int, now: float) -> None:
        """Nobody waits for it."""


class Clients:
    """Clients that send a request as soon as their last one is done; ``arrivals`` are when they
    did."""

    def __init__(self, count: int, requests: int) -> None:
        self._free, self._sent = count, 0
        self.arrivals = [0.0] * requests

    @property
    def next_seconds(self) -> float:
        """Nobody comes but for an answer that ends."""
        return math.inf

    def take(self, now: float) -> int | None:
        """See `Inbox`."""
        if not self._free or self._sent >= len(self.arrivals):
            return None
        self._free -= 1
        self.arrivals[self._sent] = now
        self._sent += 1
        return self._sent - 1

    def done(self, job: int, now: float) -> None:
        """Its client is free."""
        self._free += 1


class Handed:
    """Requests that others hand over, each to come at some time; ``finished`` are those that were
    done, and when, until somebody takes them out."""

    def __init__(self) -> None:
        self._coming: list[tuple[float, int]] = []
        self.finished: list[tuple[int, float]] = []

    def put(self, job: int, seconds: float) -> None:
        """A request that comes at ``seconds``."""
        heappush(self._coming, (seconds, job))

    @property
    def next_seconds(self) -> float:
        """See `Inbox`."""
        return self._coming[0][0] if self._coming else math.inf

    def take(self, now: float) -> int | None:
        """See `Inbox`."""
        if self.next_seconds > now:
            return None
        return heappop(self._coming)[1]

    def done(self, job: int, now: float) -> None:
        """See ``finished``."""
        self.finished.append((job, now))
