"""Pools that are searched for: the best of them is the best of all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.plan.pool_choice import agreed
from engine.plan.pools import bounded_pools
from engine.plan.prepared import prepare
from engine.plan.sweep import sweep
from engine.scenario import (
    ArrangementKind,
    LayoutLimits,
    Mode,
    Objectives,
    PoolChoice,
    Scenario,
    Workload,
)
from engine.serve.asked import load_of, requests_of
from engine.serve.predict import largest_sizes, predict
from engine.serve.resolve import resolve
from engine.words.errors import InputError
from engine.work.arrangement import Disaggregated, parse_pool

SMALL = Scenario(
    model="qwen3-32b",
    chip="h100_sxm",
    chips=4,
    framework="vllm",
    workload=Workload(1500, 60),
    objectives=Objectives(ttft_ms=700, tpot_ms=40),
    arrangement=ArrangementKind.DISAGGREGATED,
)
MIXTURE = replace(
    SMALL,
    model="qwen3-30b-a3b",
    framework="sglang",
    chips=6,
    workload=Workload(3000, 300, cached=0.4),
    objectives=Objectives(tpot_ms=12, ttft_ms=400),
)


def by_force(scenario: Scenario) -> tuple[float, Disaggregated, int]:
    """Every pair of pools at every load, predicted one pair after the other."""
    system = prepare(replace(scenario, arrangement=ArrangementKind.AGGREGATED)).systems[0]
    requests, load, limits = requests_of(scenario, system), load_of(scenario), scenario.objectives
    found = []
    for one in bounded_pools(system, scenario).arrangements:
        most = int(largest_sizes(system, (one,), requests, load)[0, 0])
        most = min(most, scenario.max_batch or most)
        if most < 1:
            continue
        sizes = np.arange(1, most + 1)
        outcome = predict(system, (one,), requests, load, sizes)
        rate = (outcome.rates["request_tokens"] / outcome.chips)[0]
        for name, limit in (("ttft", limits.ttft_ms), ("tpot", limits.tpot_ms)):
            if limit is not None:
                rate = np.where(outcome.seconds[name][0] * 1e3 <= limit, rate, 0.0)
        rate = np.where(outcome.fits[0], rate, 0.0)
        found.append((float(rate.max()), one, int(sizes[rate.argmax()])))
    return max(found, key=lambda each: each[0])


@pytest.mark.parametrize(
    "scenario",
    [
        SMALL,
        replace(SMALL, objectives=Objectives(tpot_ms=20)),
        replace(SMALL, max_batch=24, chips=5),
        replace(MIXTURE, max_batch=160),
    ],
    ids=["both limits", "tpot alone", "few requests", "mixture with cached prompts"],
)
def test_the_best_pools_are_those_of_trying_all(scenario: Scenario):
    found = sweep(prepare(scenario), scenario)
    assert found is not None and found.best is not None
    rate, _, _ = by_force(scenario)
    table = found.table
    assert table.value(found.best, "tps_per_chip") == pytest.approx(rate, rel=1e-9)


def test_one_list_ranks_pools_beside_replicas():
    scenario = replace(SMALL, arrangement=ArrangementKind.ANY)
    found = sweep(prepare(scenario), scenario)
    assert found is not None
    kinds = {type(found.table.arrangement(int(row))).__name__ for row in found.order}
    assert kinds == {"Aggregated", "Disaggregated"}
    rates = found.table.metrics["tps_per_chip"][found.order[: int(found.table.meets.sum())]]
    assert bool(np.all(np.diff(rates) <= 0))


def test_no_worker_more_would_fit():
    scenario = replace(SMALL, chips=7)
    for one in prepare(scenario).arrangements:
        assert isinstance(one, Disaggregated)
        left = 7 - one.chips
        assert 0 <= left < min(one.prefill.layout.chips, one.decode.layout.chips)


def test_each_pool_keeps_to_its_own_chips():
    scenario = replace(SMALL, chips=6, pools=PoolChoice(prefill_chips=2))
    for one in prepare(scenario).arrangements:
        assert isinstance(one, Disaggregated)
        assert one.prefill.chips <= 2 and one.decode.chips <= 4


def test_pools_that_are_spelt_out_say_how_many_chips_there_are():
    choice = PoolChoice(prefill="TP2 x2", decode="TP4")
    scenario = agreed(replace(SMALL, arrangement=ArrangementKind.AGGREGATED, pools=choice))
    assert (scenario.chips, scenario.arrangement) == (8, ArrangementKind.DISAGGREGATED)
    pools = Disaggregated(parse_pool("TP2 x2", ""), parse_pool("TP4", ""))
    assert prepare(scenario).arrangements == (pools,)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"chips": 1}, "leaves a pool empty"),
        ({"workload": Workload(1500, 60, Mode.STATIC)}, "is never handed over"),
        ({"framework": "fastertransformer"}, "hands no cache from one worker to another"),
        (
            {"pools": PoolChoice(prefill_precision="W16A16KV8")},
            "keeps its cache in fp8, the decode pool in bf16",
        ),
        (
            {"pools": PoolChoice(prefill_precision="KV8")},
            "keeps its cache in fp8, the decode pool in bf16",
        ),
        ({"pools": PoolChoice(prefill_chip="mi300x")}, "no connector is known between"),
        ({"model": "deepseek-v3", "chips": 4}, "no layout holds a prompt, the nearest lacks"),
        ({"chips": 3, "limits": LayoutLimits(tensor=(2,))}, "leave a pool empty"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(changes: dict[str, object], said: str):
    with pytest.raises(InputError) as raised:
        prepare(replace(SMALL, **changes))  # type: ignore[arg-type]
    assert said in str(raised.value) and "\n" not in str(raised.value)


def test_where_any_will_do_pools_that_cannot_be_are_a_note():
    scenario = replace(SMALL, framework="fastertransformer", arrangement=ArrangementKind.ANY)
    prepared = prepare(scenario)
    assert prepared.arrangements and any(note.startswith("No pools") for note in prepared.notes)


def test_a_prefill_pool_may_have_chips_and_formats_of_its_own():
    choice = PoolChoice(prefill_chip="h200_sxm", prefill_precision="W8A8", prefill_chips=2)
    (system,) = resolve(replace(SMALL, pools=choice)).systems
    assert system.prefilling.chip.id == "h200_sxm"
    assert system.prefilling.precision.name == "W8A8"
    assert system.chip.id == "h100_sxm" and system.precision.name == "W16A16"


def test_a_prefill_pool_in_a_cache_alone_keeps_the_weights():
    choice = PoolChoice(prefill_precision="KV8")
    (system,) = resolve(replace(SMALL, pools=choice, kv="fp8", weights="int4")).systems
    assert system.prefilling.precision == system.precision
