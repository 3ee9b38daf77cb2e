"""Explanations of one row: phases, shares of the roofs, memory and limits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.plan.prepared import prepare
from engine.plan.tables import batch_table
from engine.plan.why.explain import explain
from engine.plan.why.explanation import Explanation, PassFigures
from engine.scenario import Mode, Objectives, Scenario
from engine.words.quantities import GIB

DENSE = Scenario(
    model="llama-3.1-8b", chip="h200_sxm", chips=1, objectives=Objectives(ttft_ms=2000, tpot_ms=50)
)


def explained(scenario: Scenario, batch: int) -> Explanation:
    prepared = prepare(scenario)
    return explain(prepared, scenario, prepared.arrangements[0], prepared.precisions[0], batch)


def figures(found: Explanation, phase: str) -> PassFigures:
    return next(one for one in found.passes if one.phase == phase)


def part_ms(found: Explanation, metric: str, name: str) -> float:
    return sum(1e3 * one.seconds for one in found.parts[metric] if one.name == name)


@pytest.fixture(scope="module")
def dense():
    return explained(DENSE, 64)


def test_memory_adds_up_to_the_row(dense):
    prepared = prepare(DENSE)
    arrangement, precision = prepared.arrangements[0], prepared.precisions[0]
    table = batch_table(prepared, DENSE, arrangement, precision, np.array([64]))
    total = sum(item.bytes for item in dense.memory) / GIB
    assert total == pytest.approx(float(table.metrics["memory_gib"][0]), rel=1e-6)


def test_every_operator_stands_on_or_below_its_roof(dense):
    for row in dense.operators:
        if row.flops and row.bytes:
            roof = min(row.peak_flops, row.intensity * dense.bandwidth_bytes)
            assert row.flops_per_second <= roof * (1 + 1e-9)


def test_shares_of_the_roofs_are_shares(dense):
    prefill, decode = figures(dense, "prefill"), figures(dense, "decode")
    for share in (prefill.mfu, prefill.mbu, decode.mfu, decode.mbu):
        assert 0 < share < 1
    assert prefill.mfu > decode.mfu
    assert decode.mbu > prefill.mbu


def test_mfu_is_ideal_time_over_time(dense):
    rows = [row for row in dense.operators if row.phase == "decode"]
    ideal = sum(row.flops for row in rows) / prepare(DENSE).chip.peak_flops["bf16"]
    assert figures(dense, "decode").mfu == pytest.approx(ideal / sum(row.seconds for row in rows))


def test_roofs_are_named_by_type(dense):
    assert dense.peaks == {"bf16": prepare(DENSE).chip.peak_flops["bf16"]}
    eight = explained(Scenario(), 64)
    assert list(eight.peaks) == ["fp8", "bf16"]


def test_largest_batches_are_where_the_table_turns(dense):
    prepared = prepare(DENSE)
    arrangement, precision = prepared.arrangements[0], prepared.precisions[0]
    largest = dense.largest_batch["tpot"]
    batches = np.array([largest, largest + 1])
    table = batch_table(prepared, DENSE, arrangement, precision, batches)
    assert list(table.metrics["tpot_ms"] <= 50) == [True, False]


def test_static_prefill_is_of_the_whole_batch():
    static = replace(DENSE, workload=replace(DENSE.workload, mode=Mode.STATIC))
    whole, one = explained(static, 8), explained(DENSE, 8)

    def flops(found: Explanation) -> float:
        return sum(row.flops for row in found.operators if row.phase == "prefill")

    assert flops(whole) == pytest.approx(8 * flops(one), rel=0.01)


def test_a_token_takes_the_step_and_the_prompts_of_others(dense):
    prepared = prepare(DENSE)
    arrangement, precision = prepared.arrangements[0], prepared.precisions[0]
    table = batch_table(prepared, DENSE, arrangement, precision, np.array([64]))
    step = sum(row.seconds for row in dense.operators if row.phase == "decode")
    waiting_ms = part_ms(dense, "tpot_ms", "prompts of others")
    assert waiting_ms > 0
    assert step * 1e3 + waiting_ms == pytest.approx(float(table.metrics["tpot_ms"][0]))


def test_a_static_batch_waits_for_nobody():
    static = replace(DENSE, workload=replace(DENSE.workload, mode=Mode.STATIC))
    assert [one.name for one in explained(static, 8).parts["tpot_ms"]] == ["decode"]
