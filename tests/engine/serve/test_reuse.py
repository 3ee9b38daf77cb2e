"""Prefix caches beside running requests: what rests there, what memory and the host hold."""

import math
from dataclasses import replace

import numpy as np
import pytest

from engine.scenario import Scenario, Settings, Workload
from engine.serve.asked import load_of, requests_of
from engine.serve.call import Batch, Call, Rate, ask
from engine.serve.outcome import Outcome
from engine.serve.predict import predict
from engine.serve.resolve import resolve
from engine.serve.reuse import _held
from engine.words.errors import InputError
from engine.work.arrangement import Aggregated
from engine.work.layout import Layout

USUAL = Scenario(
    model="llama-3.1-70b",
    chip="h100_sxm",
    chips=4,
    workload=Workload(8192, 512, cached=0.6, rate=0.5),
)


def asked(think: float, host: float | None = None, chip: str = "h100_sxm") -> Outcome:
    workload = replace(USUAL.workload, think_seconds=think)
    settings = Settings(host_cache_gib=host)
    scenario = replace(USUAL, workload=workload, settings=settings, chip=chip)
    return ask(Call(scenario, Aggregated(Layout(tensor=4)), Rate(0.5)))


def found(outcome: Outcome) -> float:
    return float(outcome.cached[0, 0])


def ttft(outcome: Outcome) -> float:
    return float(outcome.seconds["ttft"][0, 0])


def test_whoever_comes_back_at_once_finds_all():
    assert found(asked(0.0)) == 0.6


def test_what_lies_there_has_what_running_requests_leave():
    outcome = asked(300.0)
    # Half a request per second, 300 s: 150 contexts of 8704 tokens lie there.
    assert outcome.flow is not None
    running = float(outcome.flow.running[0, 0])
    room = float(outcome.memory.cache_tokens[0, 0]) - running * (8192 + 256)
    assert found(outcome) == pytest.approx(0.6 * room / (150 * 8704), rel=0.02)


def test_less_is_found_the_longer_they_think_and_first_tokens_come_later():
    times = [0.0, 60.0, 150.0, 300.0, 600.0]
    outcomes = [asked(one) for one in times]
    assert sorted((found(one) for one in outcomes), reverse=True) == [*map(found, outcomes)]
    assert sorted(map(ttft, outcomes)) == [*map(ttft, outcomes)]


def test_host_memory_brings_back_what_was_dropped_for_its_way():
    none, host, all_near = asked(300.0), asked(300.0, 200.0), asked(0.0)
    assert found(host) == pytest.approx(0.6)
    assert ttft(all_near) < ttft(host) < ttft(none)
    # PCIe 5 at nine tenths; 80 KiB of each token on each of four chips.
    share = 1.0 - found(none) / 0.6
    way = share * 0.6 * 8192 * 2 * 80 * 8 * 128 * 2 / 4 / (63e9 * 0.9)
    assert ttft(host) - ttft(all_near) == pytest.approx(way, rel=0.05)


def test_a_chip_without_a_way_to_its_host_is_named():
    with pytest.raises(InputError, match=r"--host-cache: .* has no link to host memory"):
        asked(300.0, 200.0, chip="tpu_v6e")


@pytest.mark.parametrize("returning", [0.2, 0.5, 0.9, 0.99])
def test_contexts_that_nobody_asks_for_again_take_room(returning: float):
    room = np.array([0.1, 0.3, 0.5, 0.8])
    share = _held(room, returning)
    reach = -np.log1p(-share)
    filled = (1 - returning) * reach + returning * share
    assert filled == pytest.approx(room, rel=1e-6)
    assert math.isclose(float(_held(np.array([0.5]), 1.0)[0]), 0.5)


def test_stages_filled_alike_find_what_each_size_finds():
    workload = Workload(8192, 512, cached=0.6)
    scenario, pipeline = replace(USUAL, workload=workload), Aggregated(Layout(pipeline=4))
    system, batches = resolve(scenario).systems[0], (165, 166, 300)
    requests, load = requests_of(scenario, system), load_of(scenario)
    sizes = np.array([batches], dtype=float)
    together = predict(system, (pipeline,), requests, load, sizes).seconds["ttft"]
    alone = [ttft(ask(Call(scenario, pipeline, Batch(one)))) for one in batches]
    assert together[0].tolist() == pytest.approx(alone)
