"""Event simulation of one deployment, over the same seconds of passes as every prediction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.hardware.parts.costs import Costs
from engine.serve.batching.disaggregated import exposed_seconds, prefill_pool
from engine.serve.pools import pools_of
from engine.serve.requests import Requests
from engine.serve.simulation.circle import Circle
from engine.serve.simulation.grid import doubling
from engine.serve.simulation.jobs import Jobs, jobs_of
from engine.serve.simulation.serving import Progress, Served, Teller, serve
from engine.serve.simulation.simulated import Simulated
from engine.serve.simulation.site import Site, site_of
from engine.serve.simulation.summary import summed
from engine.serve.system import System
from engine.sources.traces.trace import Trace
from engine.words.arrays import FloatArray
from engine.words.errors import InputError
from engine.words.messages import say
from engine.work.arrangement import Aggregated, Arrangement, Disaggregated


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
    in_a_row = 1 if clients or isinstance(arrangement, Aggregated) else 2
    tell = Teller(progress, len(trace), in_a_row)
    if isinstance(arrangement, Aggregated):
        layout = arrangement.layout
        site = site_of(system, layout, layout.replicas, requests, trace)
        served = serve(site, jobs, clients, tell)
        first, last = served.first, served.last
        pools: Sequence[Served] = (served,)
        if clients:
            arrival = served.arrival
    else:
        apart = _Apart.of(system, arrangement, requests, trace, costs)
        if clients:
            pools = Circle(apart.prefill, apart.decode, jobs, apart.moved, costs).run(clients, tell)
            arrival, first, last = pools[0].arrival, pools[1].first, pools[1].last
        else:
            first, last, pools = _serve_apart(apart, jobs, costs, tell)
    return summed(
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


@dataclass(frozen=True, slots=True)
class _Apart:
    """Both pools, and the seconds that each prompt's cache is ``moved`` for."""

    prefill: Site
    decode: Site
    moved: FloatArray

    @classmethod
    def of(
        cls,
        system: System,
        arrangement: Disaggregated,
        requests: Requests,
        trace: Trace,
        costs: Costs,
    ) -> _Apart:
        """Those of an arrangement; raises `InputError` where a pool has no room."""
        reads, answers = arrangement.prefill, arrangement.decode
        pace = costs.decode_pool_pace
        return cls(
            site_of(system.prefilling, reads.layout, reads.workers, requests, trace),
            site_of(system.decoding, answers.layout, answers.workers, requests, trace, pace),
            _exposed(system, arrangement, requests, trace) + costs.handover_seconds,
        )


def _serve_apart(
    apart: _Apart, jobs: Jobs, costs: Costs, tell: Teller
) -> tuple[FloatArray, FloatArray, Sequence[Served]]:
    """Prefill workers, the caches' way, decode workers: requests only go forward."""
    read = serve(apart.prefill, jobs.of_one_token(), 0, tell)
    kept = np.flatnonzero(read.first >= 0)
    ready = read.first + apart.moved
    order = kept[np.argsort(ready[kept], kind="stable")]
    answered = serve(apart.decode, jobs.part(order).prefilled().at(ready[order]), 0, tell)
    first, last = np.full(len(jobs), -1.0), np.full(len(jobs), -1.0)
    joining = np.where(answered.last >= 0, _joining(costs, answered), 0.0)
    first[order], last[order] = answered.first + joining, answered.last + joining
    return first, last, (read, answered)


def _joining(costs: Costs, answered: Served) -> float:
    """Seconds until a request whose cache came takes part in passes, as the engine has it: so many
    passes, fewer of small batches. It holds no place in them meanwhile."""
    passes = [
        (gap, count)
        for log in answered.logs
        for gap, count in zip(log.gaps, log.gap_counts, strict=True)
    ]
    if not passes:
        return 0.0
    gaps, counts = np.array(passes).T
    batch = float(gaps @ counts) / max(sum(log.busy_seconds for log in answered.logs), 1e-12)
    waited = batch / (batch + costs.handover_sequences)
    return costs.handover_passes * waited * float(np.average(gaps, weights=counts))


def _exposed(
    system: System, arrangement: Disaggregated, requests: Requests, trace: Trace
) -> FloatArray:
    """Seconds that the cache of each prompt is on its way and prefill does not hide, by its
    length."""
    lengths = np.array(doubling(1.0, max(float(trace.input_tokens.max()), 2.0)))
    found = []
    for one in lengths.tolist():
        asked = replace(requests, input_tokens=one, output_tokens=1.0, images=None)
        pools = pools_of(system, (arrangement,), asked)
        alone = prefill_pool(pools.prefill, pools.prefill_workers, asked).seconds
        found.append(float(exposed_seconds(pools, alone, asked)[0, 0]))
    return np.interp(trace.input_tokens, lengths, found)
