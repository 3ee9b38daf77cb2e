"""Clients on pools of prefill and decode workers: whoever has an answer sends the next prompt.

The workers of both pools go on in the order in which their next events end. An answer that ends in
one pool lets a prompt into the other one, a prompt that was read goes the other way: each comes no
earlier than the event that sent it, so that nobody has to take back what was done.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np

from engine.hardware.parts.costs import Costs
from engine.serve.simulation.inbox import Handed
from engine.serve.simulation.jobs import Jobs
from engine.serve.simulation.rank import Book
from engine.serve.simulation.serving import LOOK, Served, Stopped
from engine.serve.simulation.site import Site
from engine.serve.simulation.worker import Worker
from engine.words.arrays import BoolArray, FloatArray


class _Pool:
    """Workers that share one book and are dealt requests in turn."""

    def __init__(self, site: Site, jobs: Jobs) -> None:
        self.lanes = site.lanes
        self.book = Book(jobs, site.room)
        self.inboxes = [Handed() for _ in range(site.lanes)]
        self.workers = [
            Worker(self.book, inbox, site.seconds, site.rules, site.room) for inbox in self.inboxes
        ]
        self._dealt = 0

    def turn(self) -> int:
        """The worker whose turn it is."""
        self._dealt += 1
        return (self._dealt - 1) % self.lanes

    def served(self, arrival: Sequence[float], which: BoolArray) -> Served:
        """What it did, of the requests ``which`` it was given."""
        count = len(which)
        first, last = np.full(count, -1.0), np.full(count, -1.0)
        first[which], last[which] = self.book.first, self.book.last
        came = np.full(count, -1.0)
        came[which] = arrival
        logs = tuple(worker.log for worker in self.workers)
        return Served(came, first, last, logs, self.book.found_tokens, self.lanes)


@dataclass(slots=True)
class _Ends:
    """Workers of both pools by when their next event ends; an end that was moved counts no more."""

    workers: Sequence[Worker]
    due: list[tuple[float, int]]
    current: list[float]

    def look(self, place: int) -> None:
        """A worker's next event is another one."""
        end = self.workers[place].next_end()
        if end != self.current[place]:
            self.current[place] = end
            heappush(self.due, (end, place))

    def soonest(self) -> int:
        """The worker whose event ends first."""
        while True:
            end, place = heappop(self.due)
            if end == self.current[place]:
                self.current[place] = -1.0
                return place


class Circle:
    """See the module. ``moved`` are the seconds from the end of each prompt until its cache is in
    the other pool; ``clients`` in all send requests to prefill workers in turn."""

    def __init__(
        self,
        prefill: Site,
        decode: Site,
        jobs: Jobs,
        moved: FloatArray,
        costs: Costs,
    ) -> None:
        both = [
            site.room.takes(jobs.input_tokens, jobs.output_tokens) for site in (prefill, decode)
        ]
        self._fits = both[0] & both[1]
        mine = np.flatnonzero(self._fits)
        part = jobs.part(mine)
        self._moved: list[float] = moved[mine].tolist()
        self._costs = costs
        self._prefill = _Pool(prefill, part.of_one_token())
        self._decode = _Pool(decode, part.prefilled())
        workers = [*self._prefill.workers, *self._decode.workers]
        self._ends = _Ends(workers, [], [-1.0] * len(workers))
        self._sent_seconds = [0.0] * len(part)
        self._came_seconds = [0.0] * len(part)
        self._sent = 0

    def run(self, clients: int, tell: Callable[[int], bool]) -> tuple[Served, Served]:
        """Both pools when all is answered; raises `Stopped` where ``tell`` says so."""
        done, events, count = 0, 0, len(self._sent_seconds)
        for _ in range(min(clients, count)):
            self._send(0.0)
        readers = self._prefill.lanes
        while done < count:
            place = self._ends.soonest()
            self._ends.workers[place].go_on()
            self._ends.look(place)
            if place < readers:
                self._hand_over(self._prefill.inboxes[place])
            else:
                done += self._answered(self._decode.inboxes[place - readers])
            events += 1
            if events % LOOK == 0 and not tell(done):
                raise Stopped
        return (
            self._prefill.served(self._sent_seconds, self._fits),
            self._decode.served(self._came_seconds, self._fits),
        )

    def _send(self, now: float) -> None:
        """A client's next request."""
        if self._sent < len(self._sent_seconds):
            job, self._sent = self._sent, self._sent + 1
            self._sent_seconds[job] = now
            self._put(job, now, self._prefill, self._prefill.turn(), 0)

    def _hand_over(self, inbox: Handed) -> None:
        """Prompts that were read go to decode workers in turn."""
        pool = self._decode
        for job, now in inbox.finished:
            lane = pool.turn()
            came = now + self._moved[job] + self._joining(pool.workers[lane])
            self._came_seconds[job] = came
            self._put(job, came, pool, lane, self._prefill.lanes)
        inbox.finished.clear()

    def _joining(self, worker: Worker) -> float:
        """Seconds until a request whose cache came takes part in passes: so many of those that run,
        fewer of small batches."""
        count, seconds = worker.decode_pass
        waited = count / (count + self._costs.handover_sequences) if count else 0.0
        return self._costs.handover_passes * waited * seconds

    def _put(self, job: int, seconds: float, pool: _Pool, lane: int, before: int) -> None:
        pool.inboxes[lane].put(job, seconds)
        pool.workers[lane].hears()
        self._ends.look(before + lane)

    def _answered(self, inbox: Handed) -> int:
        """Clients whose answers ended send their next requests; how many they were."""
        ended = list(inbox.finished)
        inbox.finished.clear()
        for _, now in ended:
            self._send(now)
        return len(ended)
