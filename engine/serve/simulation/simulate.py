"""Event simulation of one deployment, over the same seconds of passes as every prediction."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.serve.pools import transfer_seconds
from engine.serve.requests import Requests
from engine.serve.simulation.jobs import Jobs, jobs_of
from engine.serve.simulation.serving import Progress, Served, Teller, serve
from engine.serve.simulation.simulated import Simulated
from engine.serve.simulation.site import site_of
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
    tell = Teller(progress, len(trace), 2 if isinstance(arrangement, Disaggregated) else 1)
    if isinstance(arrangement, Aggregated):
        layout = arrangement.layout
        site = site_of(system, layout, layout.replicas, requests, trace)
        served = serve(site, jobs, clients, tell)
        first, last = served.first, served.last
        pools: Sequence[Served] = (served,)
        if clients:
            arrival = served.arrival
    else:
        if clients:
            raise InputError(say("simulate: pools take requests at a rate or from a trace only"))
        first, last, pools = _serve_apart(system, arrangement, requests, trace, jobs, tell)
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


def _serve_apart(
    system: System,
    arrangement: Disaggregated,
    requests: Requests,
    trace: Trace,
    jobs: Jobs,
    tell: Teller,
) -> tuple[FloatArray, FloatArray, Sequence[Served]]:
    """Prefill workers, the caches' way, decode workers: requests only go forward."""
    costs = system.engine.costs
    prefill, decode = arrangement.prefill, arrangement.decode
    site = site_of(system.prefilling, prefill.layout, prefill.workers, requests, trace)
    read = serve(site, jobs.of_one_token(), 0, tell)
    moved = _transfer(system, arrangement, trace) + costs.handover_seconds
    kept = np.flatnonzero(read.first >= 0)
    order = kept[np.argsort(read.first[kept] + moved[kept], kind="stable")]
    site = site_of(
        system.decoding, decode.layout, decode.workers, requests, trace, costs.decode_pool_pace
    )
    later = jobs.part(order).prefilled().at((read.first + moved)[order])
    answered = serve(site, later, 0, tell)
    first, last = np.full(len(jobs), -1.0), np.full(len(jobs), -1.0)
    first[order], last[order] = answered.first, answered.last
    return first, last, (read, answered)


def _transfer(system: System, arrangement: Disaggregated, trace: Trace) -> FloatArray:
    """Seconds that the cache of each prompt is on its way, linear in its length."""
    ends = [transfer_seconds(system, [arrangement], Requests(one, 1.0)) for one in (0.0, 1.0)]
    start, each = (float(np.asarray(one).ravel()[0]) for one in ends)
    return start + (each - start) * trace.input_tokens
