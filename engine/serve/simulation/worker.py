"""One worker: passes after passes, from the first request to the last.

Between two events nothing changes but the contexts of those that decode, so that all steps until
then are taken at once: ten thousand requests are some tens of thousands of events.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from heapq import heappop, heappush

from engine.serve.simulation.cache_room import CacheRoom
from engine.serve.simulation.inbox import Inbox
from engine.serve.simulation.pass_seconds import PassSeconds
from engine.serve.simulation.rank import Book, Chunk, Rank
from engine.serve.simulation.rules import Rules


@dataclass(slots=True)
class Log:
    """What happened: columns of events (when; how many wait, run; share of the cache's room that
    is held), and the gaps between tokens with how many they were."""

    seconds: list[float] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)
    running: list[int] = field(default_factory=list)
    held: list[float] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    gap_counts: list[float] = field(default_factory=list)
    busy_seconds: float = 0.0
    preemptions: int = 0


@dataclass(slots=True)
class _Event:
    """What a worker does next, until its ``end``: a pass with ``chunks`` of prompts, ``steps``
    decode passes of at most ``most``, or, without either, nothing but wait."""

    end: float
    chunks: list[Chunk | None] | None = None
    most: int = 0
    steps: int = 0


class Worker:
    """One replica, or one micro-batch of its pipeline. It takes its requests from an ``inbox``, one
    event after the other: `next_end` says when the next one ends, `go_on` lets it happen."""

    def __init__(
        self, book: Book, inbox: Inbox, seconds: PassSeconds, rules: Rules, room: CacheRoom
    ) -> None:
        self._book, self._inbox = book, inbox
        self._rules, self._seconds = rules, seconds
        self._ranks = [Rank(book, rules, room.bytes) for _ in range(rules.ranks)]
        self._taken = 0
        """Requests that have come to it."""
        self.done = 0
        """Requests that it has answered."""
        self._now = 0.0
        self._step = 0
        self._ends: list[tuple[int, int, int]] = []
        self._held_back = 0
        """Passes until the next look at the queue."""
        self._passes = 0
        self._undrained = False
        """Whether the last pass that took prompts left some."""
        self._waited = 0
        """Passes that prompts have waited for others."""
        self._stall = 0.0
        """Seconds since the last token of those that decode, in passes of prompts."""
        self._next: _Event | None = None
        self.log = Log()

    def next_end(self) -> float:
        """When what it does next ends; infinite where nothing is to do and nobody comes."""
        if self._next is None:
            self._next = self._begin()
        return self._next.end

    def go_on(self) -> None:
        """Do what is next."""
        self.next_end()
        event, self._next = self._next, None
        assert event is not None
        spent, self._now = event.end - self._now, event.end
        if event.chunks is not None:
            self._after_prompts(event.chunks, spent)
        elif event.most:
            self._after_decoding(event.steps, spent)
        else:
            return
        self.log.seconds.append(self._now)

    def hears(self) -> None:
        """A request more is in the inbox: whoever waits comes back for it, decode passes end when
        it comes."""
        event = self._next
        if event is not None and event.chunks is None:
            if event.most:
                event.steps, event.end = self._until_arrival(event.most)
            else:
                event.end = max(self._inbox.next_seconds, self._now)

    @property
    def decode_pass(self) -> tuple[int, float]:
        """Sequences that decode, and the seconds of their pass."""
        count = sum(rank.decoding for rank in self._ranks)
        return count, self._seconds.decode(*self._decoding()) * self._rules.pace if count else 0.0

    def _begin(self) -> _Event:
        """Take who has come, and find out what follows."""
        while (job := self._inbox.take(self._now)) is not None:
            self._ranks[self._taken % len(self._ranks)].waiting.append(job)
            self._taken += 1
        if not any(rank.decoding or rank.waiting or rank.reading for rank in self._ranks):
            return _Event(max(self._inbox.next_seconds, self._now))
        chunks = self._plan()
        self._note()
        if any(chunks):
            return _Event(self._now + self._prompt_seconds(chunks), chunks)
        most = self._passes_ahead()
        steps, end = self._until_arrival(most) if most else (0, self._now)
        return _Event(end, None, most, steps)

    def _plan(self) -> list[Chunk | None]:
        """Prompts of every rank in the next pass."""
        ranks, rules = self._ranks, self._rules
        decoding = any(rank.decoding for rank in ranks)
        if decoding and self._until_release() > 0:
            return []
        self._start_prefilled()
        if rules.patience and decoding and self._waited < rules.patience and self._waits():
            self._waited += 1
            return []
        taken = rules.queries if self._seconds.shared else 0.0
        chunks = [
            rank.plan(max(rules.prefill_tokens - taken * rank.decoding, 1.0))
            if rank.waiting or rank.reading
            else None
            for rank in ranks
        ]
        return chunks

    def _waits(self) -> bool:
        """Whether prompts wait for those of other ranks, or, on one rank, for others to share their
        pass."""
        ranks, rules = self._ranks, self._rules
        if len(ranks) == 1:
            (rank,) = ranks
            tokens = rank.decoding * rules.queries + rank.waiting_tokens(rules.waited_tokens)
            return not rank.reading and rank.admits() and tokens < rules.waited_tokens
        ready = [bool(rank.reading) or rank.admits() for rank in ranks]
        idle = any(
            is_ready and not one.decoding for is_ready, one in zip(ready, ranks, strict=True)
        )
        return any(ready) and not all(ready) and not idle

    def _until_release(self) -> int:
        """Passes until prompts are taken again."""
        rules = self._rules
        if rules.released and self._undrained:
            return 0
        if rules.released and len(self._ranks) > 1:
            return -self._passes % rules.interval
        return self._held_back

    def _start_prefilled(self) -> None:
        """Requests whose whole prompt is there, from another worker, decode from now on."""
        book = self._book
        for place, rank in enumerate(self._ranks):
            while rank.waiting and book.cached[rank.waiting[0]] >= book.input[rank.waiting[0]]:
                if not rank.admits():
                    break
                job = rank.waiting.popleft()
                rank.hold(job)
                book.first[job] = self._now
                self._start(rank, place, job)

    def _start(self, rank: Rank, place: int, job: int) -> None:
        rank.starts(job, self._step)
        if self._book.steps[job]:
            heappush(self._ends, (self._book.ends[job], job, place))
        else:
            self._finish(job)

    def _finish(self, job: int) -> None:
        self._book.last[job] = self._now
        self.done += 1
        self._inbox.done(job, self._now)

    def _prompt_seconds(self, chunks: list[Chunk | None]) -> float:
        """Of one pass with prompts, and with the decoding sequences where the engine mixes them."""
        ranks, rules = self._ranks, self._rules
        working = [one for one in chunks if one is not None]
        tokens = [one.tokens for one in working]
        most, whole = max(tokens), sum(tokens)
        keys = sum(one.seen for one in working) / whole
        share = whole / (most * len(ranks))
        if len(ranks) > 1 and most <= rules.graph_tokens:
            share = 1.0
        decoding = self._decoding() if self._seconds.shared else (0.0, 1.0, 1.0)
        return self._seconds.prefill(decoding, most, keys, share) * rules.pace

    def _after_prompts(self, chunks: list[Chunk | None], spent: float) -> None:
        """A pass with prompts was done."""
        ranks, rules = self._ranks, self._rules
        self.log.busy_seconds += spent
        self._waited = 0
        self._held_back = rules.interval - 1
        self._passes += 1
        count = sum(rank.decoding for rank in ranks)
        if count and self._seconds.shared:
            self._gap(spent, count)
            self._advance(1)
        elif count:
            self._stall += spent
        for place, (rank, chunk) in enumerate(zip(ranks, chunks, strict=True)):
            for job in chunk.done if chunk is not None else ():
                rank.reading.popleft()
                if self._book.first[job] < 0:
                    self._book.first[job] = self._now
                self._start(rank, place, job)
        self._undrained = any(rank.reading or rank.admits() for rank in ranks)

    def _decoding(self) -> tuple[float, float, float]:
        """Sequences of the fullest rank, their mean position, how full the ranks are."""
        counts = [rank.decoding for rank in self._ranks]
        most, whole = max(counts), sum(counts)
        if not whole:
            return 0.0, 1.0, 1.0
        position = sum(rank.context for rank in self._ranks) / whole
        return float(most), position, whole / (most * len(counts))

    def _passes_ahead(self) -> int:
        """Decode passes until something changes, unless somebody comes; 0 where nobody decodes."""
        ranks = self._ranks
        count = sum(rank.decoding for rank in ranks)
        if not count:
            # Prompts that wait for other ranks, and nobody decodes: `_plan` does not wait then.
            self._waited = self._rules.patience
            return 0
        most = self._ends[0][0] - self._step if self._ends else 1
        waits = any(rank.waiting or rank.reading for rank in ranks)
        held = self._until_release()
        if waits and held > 0:
            most = min(most, held)
        elif waits and self._waited:
            most = 1
        room = min(
            (rank.room_bytes - rank.held) / rank.growth if rank.growth > 0 else math.inf
            for rank in ranks
        )
        if room < 1.0 and self._preempt():
            # Nobody is let in by the pass that took somebody back.
            return 1
        return int(min(most, room)) if room >= 1.0 else most

    def _after_decoding(self, steps: int, spent: float) -> None:
        """So many decode passes were done."""
        count = sum(rank.decoding for rank in self._ranks)
        self.log.busy_seconds += spent
        self._gap(self._stall + spent / steps, count)
        self._gap(spent / steps, count * (steps - 1))
        self._stall = 0.0
        self._held_back -= steps
        self._passes += steps
        self._advance(steps)

    def _until_arrival(self, most: int) -> tuple[int, float]:
        """How many passes, at most ``most``, until the next request comes, and when they end."""
        sequences, position, share = self._decoding()
        pace = self._rules.pace
        first = self._seconds.decode(sequences, position, share) * pace
        if most == 1:
            return 1, self._now + first
        climb = sum(rank.climb for rank in self._ranks) / sum(rank.decoding for rank in self._ranks)
        last = self._seconds.decode(sequences, position + climb * (most - 1), share) * pace
        # Contexts grow evenly, and so do passes.
        rise = (last - first) / (most - 1)
        steps = most
        if math.isfinite(coming := self._inbox.next_seconds):
            gap = coming - self._now
            linear = first - 0.5 * rise
            root = math.sqrt(max(linear * linear + 2.0 * rise * gap, 0.0))
            steps = min(max(math.ceil(2.0 * gap / (linear + root)), 1), most)
        return steps, self._now + steps * first + 0.5 * rise * steps * (steps - 1)

    def _gap(self, seconds: float, count: float) -> None:
        if count:
            self.log.gaps.append(seconds)
            self.log.gap_counts.append(count)

    def _advance(self, steps: int) -> None:
        """All that decode do ``steps`` steps; answers that end leave."""
        self._step += steps
        for rank in self._ranks:
            rank.step(steps)
        while self._ends and self._ends[0][0] <= self._step:
            end, job, place = heappop(self._ends)
            if self._book.ends[job] == end and self._book.last[job] < 0:
                self._ranks[place].ends(job, end)
                self._finish(job)

    def _preempt(self) -> bool:
        """Make room on ranks that are full; whether any request was taken back."""
        found = False
        for rank in self._ranks:
            while rank.growth > 0 and rank.held + rank.growth > rank.room_bytes:
                if rank.preempt(self._step) is None:
                    break
                found = True
                self.log.preemptions += 1
        return found

    def _note(self) -> None:
        """What holds until the end of the next pass."""
        ranks, log = self._ranks, self.log
        log.waiting.append(sum(len(rank.waiting) for rank in ranks))
        log.running.append(sum(rank.running for rank in ranks))
        log.held.append(max(rank.held / rank.room_bytes for rank in ranks))
