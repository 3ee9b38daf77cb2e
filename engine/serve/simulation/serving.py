"""Requests of one pool served by its workers, one after the other."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.serve.simulation.inbox import Clients, Timed
from engine.serve.simulation.jobs import Jobs
from engine.serve.simulation.rank import Book
from engine.serve.simulation.site import Site
from engine.serve.simulation.worker import Log, Worker
from engine.words.arrays import FloatArray, IntArray

Progress = Callable[[float], bool]
"""Hears the share that is done; says False to stop."""


class Stopped(Exception):
    """Somebody wanted no more of it."""


@dataclass(frozen=True, slots=True)
class Served:
    """What one pool of workers did, arrays of (requests,)."""

    arrival: FloatArray
    first: FloatArray
    last: FloatArray
    logs: tuple[Log, ...]
    found_tokens: float
    lanes: int


class Teller:
    """Progress over several workers."""

    def __init__(self, progress: Progress | None, count: int, pools: int) -> None:
        self._progress, self._count, self._before = progress, count * pools, 0

    def __call__(self, done: int) -> bool:
        """Tell; whether to go on."""
        if self._progress is None:
            return True
        return self._progress((self._before + done) / self._count)

    def past(self, count: int) -> None:
        """So many more are done for good."""
        self._before += count


LOOK = 512
"""Events between two looks at whether somebody wants it to stop."""


def serve(site: Site, jobs: Jobs, clients: int, tell: Teller) -> Served:
    """All workers of a site, one after the other: they share nothing but the requests' order.
    What has no room is refused, so that it has no times."""
    count, lanes = len(jobs), site.lanes
    arrival, first, last = (np.full(count, -1.0) for _ in range(3))
    logs, found = [], 0.0
    takes = site.room.takes(jobs.input_tokens, jobs.output_tokens)
    for lane in range(lanes):
        dealt: IntArray = np.arange(lane, count, lanes)
        mine: IntArray = dealt[takes[dealt]]
        if not len(mine):
            continue
        part = jobs.part(mine)
        book = Book(part, site.room)
        own = max(clients // lanes + (lane < clients % lanes), 1)
        inbox = Clients(own, len(mine)) if clients else Timed(part.arrival_seconds.tolist())
        worker = Worker(book, inbox, site.seconds, site.rules, site.room)
        to_the_end(worker, tell)
        first[mine], last[mine] = book.first, book.last
        arrival[mine] = inbox.arrivals
        logs.append(worker.log)
        found += book.found_tokens
        tell.past(len(mine))
        if not tell(0):
            raise Stopped
    return Served(arrival, first, last, tuple(logs), found, lanes)


def to_the_end(worker: Worker, tell: Callable[[int], bool]) -> None:
    """One worker's events until nothing is to do, or ``tell`` wants no more of them."""
    events = 0
    while math.isfinite(worker.next_end()):
        worker.go_on()
        events += 1
        if events % LOOK == 0 and not tell(worker.done):
            return
