"""Separate pools: what bounds the rate, and where the wait shows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine.hardware.parts.scheduler import CacheTransfer
from engine.scenario import Scenario
from engine.serve.asked import requests_of
from engine.serve.batching.disaggregated import Pools, serve_disaggregated
from engine.serve.load import Closed
from engine.serve.passes.deployment import Deployment
from engine.serve.pools import Rooms
from engine.serve.requests import Requests
from engine.serve.resolve import resolve
from engine.serve.service import Service
from engine.work.arrangement import Disaggregated, Pool
from engine.work.layout import Layout
from engine.work.tokens import LayoutArrays, take_inventory
from tests.engine import builders

ONE = np.array([[1.0]])


def served(
    concurrency: float,
    prefill: float = 1.0,
    decode: float = 1.0,
    limit: float = np.inf,
    cached: float = 0.0,
    transfer: float = 1e-4,
    slower: float = 1.0,
    **framework: Any,
) -> Service:
    chip = replace(builders.chip(floor_seconds=2e-6), pace=slower)
    runtime = builders.framework(**{"prefill_tokens": 4096, **framework})
    inventory = take_inventory(builders.dense(), builders.BF16, chip, runtime)
    pool = Deployment(inventory, chip, runtime, LayoutArrays.of([Layout()]))
    pools = Pools(pool, prefill * ONE, pool, decode * ONE, np.array([[transfer]]))
    requests = Requests(1024.0, 64.0, cached)
    return serve_disaggregated(pools, requests, None, concurrency * ONE, limit * ONE)


def first_token(service: Service) -> dict[str, float]:
    return {part.name: float(part.seconds.max()) for part in service.parts()["ttft"]}


def rate(service: Service) -> float:
    return float(service.request_tps[0, 0]) / 64


def test_rate_and_latency_obey_littles_law():
    found = served(8)
    assert rate(found) * found.e2e_seconds[0, 0] == pytest.approx(8)


def test_a_prefill_pool_that_cannot_feed_more_sets_the_rate():
    few, many = served(5_000), served(10_000)
    assert rate(many) == pytest.approx(rate(few), rel=0.02)
    assert rate(served(10_000, prefill=2, decode=8)) > 1.5 * rate(served(10_000, decode=8))


def test_what_decode_memory_does_not_hold_waits_before_the_first_token():
    free, bound = served(512, prefill=8), served(512, prefill=8, limit=32)
    assert bound.tpot_seconds[0, 0] < free.tpot_seconds[0, 0]
    assert bound.ttft_seconds[0, 0] > 3 * free.ttft_seconds[0, 0]


def test_more_decode_workers_shorten_the_step():
    assert served(256, decode=4).tpot_seconds[0, 0] < served(256).tpot_seconds[0, 0]


def test_handing_a_request_over_delays_its_first_token_only():
    at_once, later = served(1), served(1, handover_seconds=0.2)
    assert later.ttft_seconds[0, 0] - at_once.ttft_seconds[0, 0] == pytest.approx(0.2, rel=0.01)
    assert later.tpot_seconds[0, 0] == pytest.approx(at_once.tpot_seconds[0, 0])


def test_a_worker_that_holds_few_takes_the_next_in_sooner():
    """Half of the passes are waited for by as many sequences as the engine says."""
    passes = {"handover_passes": 10.0}
    waited = first_token(served(4, **passes))["joining the decode batch"]
    sooner = served(4, handover_sequences=4.0, **passes)
    tpot = float(sooner.tpot_seconds[0, 0])
    held = float(sooner.decode_tps[0, 0]) * tpot
    part = first_token(sooner)["joining the decode batch"]
    assert part / tpot == pytest.approx(10 * held / (held + 4), rel=0.02)
    assert part < waited


def test_a_decode_pool_has_a_pace_of_its_own():
    alike, quicker = served(1), served(1, decode_pool_pace=0.8)
    assert quicker.tpot_seconds[0, 0] == pytest.approx(0.8 * alike.tpot_seconds[0, 0])


def test_cached_prompts_are_prefilled_less_and_sent_whole():
    whole, half = served(1), served(1, cached=0.5)
    parts = [
        {part.name: float(part.seconds.max()) for part in one.parts()["ttft"]}
        for one in (whole, half)
    ]
    assert 0.4 < parts[1]["prefill"] / parts[0]["prefill"] < 0.7
    assert parts[1]["hand-over of the cache"] == parts[0]["hand-over of the cache"]


@pytest.mark.parametrize(
    ("way", "exposed"),
    [("whole", 0.08), ("chunks", 0.02), ("layers", 0.04)],
)
def test_what_is_sent_while_prefill_goes_on_is_hidden(way, exposed):
    """1024 tokens in four chunks, or in two layers: the last piece is what is left."""
    engine = {"cache_transfer": CacheTransfer(way), "prefill_tokens": 256}
    found = served(1, transfer=0.08, slower=1000.0, **engine)
    assert first_token(found)["hand-over of the cache"] == pytest.approx(exposed)


def test_decode_workers_without_prompts_caches_hold_more_states():
    """SGLang's decode workers have no radix cache, for which a request holds three states."""
    scenario = Scenario(model="qwen3.5-122b-a10b", chip="h200_sxm", chips=8, framework="sglang")
    (system,) = resolve(scenario).systems
    pools = (Disaggregated(Pool(Layout(tensor=4), 1), Pool(Layout(tensor=4), 1)),)
    asked = requests_of(scenario, system), Closed()
    limit = float(Rooms(system, pools, *asked).decode.memory_size[0, 0])
    kept = replace(system, engine=system.engine.changed(decode_prefix_caching=True))
    assert limit > 1.5 * float(Rooms(kept, pools, *asked).decode.memory_size[0, 0])
