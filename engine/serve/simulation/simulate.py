"""Event simulation of one deployment, over the same seconds of passes as every prediction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from engine.serve.pools import transfer_seconds
from engine.serve.requests import Requests
from engine.serve.simulation.cache_room import CacheRoom, cache_room
from engine.serve.simulation.jobs import Jobs, jobs_of
from engine.serve.simulation.pass_seconds import Bounds, PassSeconds
from engine.serve.simulation.rules import Rules
from engine.serve.simulation.simulated import SETTLING, Simulated, TimeLine
from engine.serve.simulation.worker import Log, Told, Worker
from engine.serve.source import with_source
from engine.serve.system import System
from engine.sources.traces.trace import Trace
from engine.words.arrays import FloatArray, IntArray
from engine.words.errors import InputError
from engine.words.messages import say
from engine.work.arrangement import Aggregated, Arrangement, Disaggregated
from engine.work.layout import Layout

Progress = Callable[[float], bool]
"""Hears the share that is done; says False to stop."""


class Stopped(Exception):
    """Somebody wanted no more of it."""


@dataclass(frozen=True, slots=True)
class _Site:
    """What all workers of one layout have in common."""

    layout: Layout
    workers: int
    seconds: PassSeconds
    rules: Rules
    room: CacheRoom

    @property
    def lanes(self) -> int:
        """Micro-batches of all workers, each with sequences of its own."""
        return self.workers * self.layout.pipeline


@dataclass(frozen=True, slots=True)
class _Served:
    """What one pool of workers did, arrays of (requests,)."""

    arrival: FloatArray
    first: FloatArray
    last: FloatArray
    logs: tuple[Log, ...]
    found_tokens: float
    lanes: int


def simulate(
    system: System,
    arrangement: Arrangement,
    requests: Requests,
    trace: Trace,
    *,
    clients: int = 0,
    cached: FloatArray | None = None,
    loading_seconds: float = 0.0,
    counts_all: bool = True,
    progress: Progress | None = None,
) -> Simulated:
    """Serve the requests of ``trace`` on ``arrangement``.

    They come at the trace's times, or from so many ``clients`` that each wait for their answer.
    Workers take them in turn. ``requests`` says what the trace does not: cached shares and drafts.
    ``cached`` tokens of each prompt are found in caches (else the share of ``requests``), and take
    ``loading_seconds`` to come from the host. Without ``counts_all`` the first tenth is left out of
    the statistics. Raises `InputError` where nothing fits, `Stopped`.
    """
    costs = system.engine.costs
    arrival = trace.arrival_seconds
    if arrival is None:
        arrival = np.zeros(len(trace))
    if clients and loading_seconds > 0:
        raise InputError(say("simulate: a host cache is simulated with --rate only"))
    heard = arrival
    if not clients:
        heard = _spaced(arrival, costs.spacing_seconds) + loading_seconds
    if cached is None:
        cached = _cached_tokens(requests, trace, system)
    jobs = jobs_of(trace, heard, cached, requests.drafts.accepted)
    tell = _Teller(progress, len(trace), 2 if isinstance(arrangement, Disaggregated) else 1)
    if isinstance(arrangement, Aggregated):
        layout = arrangement.layout
        site = _site(system, layout, layout.replicas, requests, trace)
        served = _serve(site, jobs, clients, tell)
        first, last = served.first, served.last
        pools: Sequence[_Served] = (served,)
        if clients:
            arrival = served.arrival
    else:
        if clients:
            raise InputError(say("simulate: pools take requests at a rate or from a trace only"))
        first, last, pools = _serve_apart(system, arrangement, requests, trace, jobs, tell)
    return _simulated(
        trace, arrival, first, last, pools, costs.request_seconds, arrangement.chips, counts_all
    )


def _spaced(arrival: FloatArray, spacing: float) -> FloatArray:
    """When the front end hands requests on, at least ``spacing`` seconds apart."""
    if spacing <= 0:
        return arrival
    places = spacing * np.arange(len(arrival))
    heard: FloatArray = np.maximum.accumulate(arrival - places) + places
    return heard


def _cached_tokens(requests: Requests, trace: Trace, system: System) -> FloatArray:
    if not system.engine.scheduler.prefix_caching:
        return np.zeros(len(trace))
    share = float(np.asarray(requests.cached).ravel()[0])
    shared = np.minimum(trace.input_tokens, requests.shared_prefix_tokens)
    return np.maximum(share * trace.input_tokens, shared)


class _Teller:
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


def _site(
    system: System,
    layout: Layout,
    workers: int,
    requests: Requests,
    trace: Trace,
    pace: float = 1.0,
) -> _Site:
    if system.tokens_model.encoder:
        raise InputError(say("simulate: encoder-decoders are not simulated, expected a decoder"))
    longest = float((trace.input_tokens + trace.output_tokens).max())
    room = cache_room(system, layout, requests, longest)
    if not room.takes(trace.input_tokens, trace.output_tokens).any():
        raise InputError(
            say("simulate: {layout} has no room for any of these requests", layout=layout.name)
        )
    rules = Rules.of(system.engine, layout, requests.drafts.tokens, pace)
    shortest = float(room.of(np.array([float(trace.input_tokens.min())]))[0])
    most = min(float(rules.max_sequences), max(room.bytes / max(shortest, 1.0), 1.0), len(trace))
    bounds = Bounds(most, rules.prefill_tokens, longest)
    plain = system.deployment((layout,), requests.drafts.tokens > 0)
    deployment, _ = with_source(plain, system.tokens_model, requests)
    seconds = PassSeconds(deployment, requests.drafts, bounds)
    return _Site(layout, workers, seconds, rules, room)


def _serve(site: _Site, jobs: Jobs, clients: int, tell: _Teller) -> _Served:
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
    return _Served(arrival, first, last, tuple(logs), found, lanes)


def _serve_apart(
    system: System,
    arrangement: Disaggregated,
    requests: Requests,
    trace: Trace,
    jobs: Jobs,
    tell: _Teller,
) -> tuple[FloatArray, FloatArray, Sequence[_Served]]:
    """Prefill workers, the caches' way, decode workers: requests only go forward."""
    costs = system.engine.costs
    prefill, decode = arrangement.prefill, arrangement.decode
    site = _site(system.prefilling, prefill.layout, prefill.workers, requests, trace)
    read = _serve(site, jobs.of_one_token(), 0, tell)
    moved = _transfer(system, arrangement, trace) + costs.handover_seconds
    kept = np.flatnonzero(read.first >= 0)
    order = kept[np.argsort(read.first[kept] + moved[kept], kind="stable")]
    site = _site(system, decode.layout, decode.workers, requests, trace, costs.decode_pool_pace)
    later = jobs.part(order).prefilled().at((read.first + moved)[order])
    answered = _serve(site, later, 0, tell)
    first, last = np.full(len(jobs), -1.0), np.full(len(jobs), -1.0)
    first[order], last[order] = answered.first, answered.last
    return first, last, (read, answered)


def _transfer(system: System, arrangement: Disaggregated, trace: Trace) -> FloatArray:
    """Seconds that the cache of each prompt is on its way, linear in its length."""
    ends = [transfer_seconds(system, [arrangement], Requests(one, 1.0)) for one in (0.0, 1.0)]
    start, each = (float(np.asarray(one).ravel()[0]) for one in ends)
    return start + (each - start) * trace.input_tokens


def _simulated(
    trace: Trace,
    arrival: FloatArray,
    first: FloatArray,
    last: FloatArray,
    pools: Sequence[_Served],
    request_seconds: float,
    chips: int,
    counts_all: bool,
) -> Simulated:
    settled = 0 if counts_all else int(SETTLING * len(trace))
    done = (last >= 0) & (np.arange(len(trace)) >= settled)
    after = trace.output_tokens[done] - 1.0
    ttft = first[done] - arrival[done] + request_seconds
    spent = last[done] - first[done]
    logs = [log for pool in pools for log in pool.logs]
    answering = pools[-1].logs
    line = _line(logs)
    end = float(line.seconds[-1]) if len(line.seconds) else 0.0
    busy = max(
        sum(log.busy_seconds for log in pool.logs) / max(end * pool.lanes, 1e-12) for pool in pools
    )
    refused = int(np.count_nonzero(last < 0))
    return Simulated(
        arrival_seconds=arrival[done],
        input_tokens=trace.input_tokens[done],
        output_tokens=trace.output_tokens[done],
        ttft_seconds=ttft,
        tpot_seconds=np.where(after > 0, spent / np.maximum(after, 1.0), np.nan),
        e2e_seconds=ttft + spent,
        gap_seconds=np.array([one for log in answering for one in log.gaps]),
        gap_counts=np.array([one for log in answering for one in log.gap_counts]),
        line=line,
        seconds=end,
        busy=busy,
        preemptions=sum(log.preemptions for log in logs),
        refused=refused,
        cached=pools[0].found_tokens / float(trace.input_tokens.sum()),
        chips=chips,
        settled=settled,
    )


MOST_STRETCHES = 2000
"""Of the time line of several workers."""


def _line(logs: Sequence[Log]) -> TimeLine:
    """The time lines of all workers together."""
    lines = [
        TimeLine(
            *(
                np.array(one, dtype=float)
                for one in (log.seconds, log.waiting, log.running, log.held)
            )
        )
        for log in logs
        if log.seconds
    ]
    if len(lines) == 1 or not lines:
        return lines[0] if lines else TimeLine(*(np.zeros(1) for _ in range(4)))
    end = max(float(one.seconds[-1]) for one in lines)
    ended = [
        TimeLine(
            *(
                np.append(column, last)
                for column, last in (
                    (one.seconds, end),
                    (one.waiting, 0.0),
                    (one.running, 0.0),
                    (one.held, 0.0),
                )
            )
        )
        for one in lines
    ]
    binned = [one.bins(MOST_STRETCHES) for one in ended]
    return TimeLine(
        np.linspace(0.0, end, MOST_STRETCHES + 1)[1:],
        np.sum([one.waiting for one in binned], axis=0),
        np.sum([one.running for one in binned], axis=0),
        np.max([one.held for one in binned], axis=0),
    )
