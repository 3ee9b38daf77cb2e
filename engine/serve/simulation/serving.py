"""Requests of one pool served by its workers, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.serve.simulation.jobs import Jobs
from engine.serve.simulation.site import Site
from engine.serve.simulation.worker import Log, Told, Worker
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


def serve(site: Site, jobs: Jobs, clients: int, tell: Teller) -> Served:
    """All workers of a site, one after the other: they share nothing but the requests' order."""
    count, lanes = len(jobs), site.lanes
    arrival, first, last = (np.full(count, -1.0) for _ in range(3))
    logs, found = [], 0.0
    for lane in range(lanes):
        mine: IntArray = np.arange(lane, count, lanes)
        if not len(mine):
            continue
        own = clients // lanes + (lane < clients % lanes) if clients else 0
        worker = Worker(
            jobs.part(mine), site.seconds, site.rules, site.room, max(own, 1) * bool(clients)
        )
        told: Told = worker.run(tell)
        first[mine], last[mine] = told.first, told.last
        arrival[mine] = worker.arrivals
        logs.append(told.log)
        found += told.found_tokens
        tell.past(len(mine))
        if not tell(0):
            raise Stopped
    return Served(arrival, first, last, tuple(logs), found, lanes)
