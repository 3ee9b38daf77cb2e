"""Explanations of one row: phases, shares of the roofs, memory and limits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.plan.explain import explain
from engine.plan.prepared import prepare
from engine.plan.results import Explanation
from engine.plan.sweep import batch_table
from engine.scenario import Mode, Objectives, Scenario
from engine.words.quantities import GIB

DENSE = Scenario(
    model="llama-3.1-8b", chip="h200_sxm", chips=1, objectives=Objectives(ttft_ms=2000, tpot_ms=50)
)


def explained(scenario: Scenario, batch: int) -> Explanation:
    prepared = prepare(scenario)
    return explain(prepared, scenario, prepared.layouts[0], prepared.precisions[0], batch)


@pytest.fixture(scope="module")
def dense():
    return explained(DENSE, 64)


def test_memory_adds_up_to_the_row(dense):
    prepared = prepare(DENSE)
    layout, precision = prepared.layouts[0], prepared.precisions[0]
    table = batch_table(prepared, DENSE, layout, precision, np.array([64]))
    total = sum(item.bytes for item in dense.memory) / GIB
    assert total == pytest.approx(float(table.metrics["memory_gib"][0]), rel=1e-6)


def test_every_operator_stands_on_or_below_its_roof(dense):
    for row in dense.operators:
        if row.flops and row.bytes:
            roof = min(row.peak_flops, row.intensity * dense.bandwidth_bytes)
            assert row.flops_per_second <= roof * (1 + 1e-9)


def test_shares_of_the_roofs_are_shares(dense):
    for share in (dense.prefill_mfu, dense.prefill_mbu, dense.decode_mfu, dense.decode_mbu):
        assert 0 < share < 1
    assert dense.prefill_mfu > dense.decode_mfu
    assert dense.decode_mbu > dense.prefill_mbu


def test_mfu_is_ideal_time_over_time(dense):
    rows = [row for row in dense.operators if row.phase == "decode"]
    ideal = sum(row.flops for row in rows) / prepare(DENSE).chip.peak_flops["bf16"]
    assert dense.decode_mfu == pytest.approx(ideal / sum(row.seconds for row in rows))


def test_roofs_are_named_by_type(dense):
    assert dense.peaks == {"bf16": prepare(DENSE).chip.peak_flops["bf16"]}
    eight = explained(Scenario(), 64)
    assert list(eight.peaks) == ["fp8", "bf16"]


def test_largest_batches_are_where_the_table_turns(dense):
    prepared = prepare(DENSE)
    layout, precision = prepared.layouts[0], prepared.precisions[0]
    largest = dense.largest_batch["tpot"]
    batches = np.array([largest, largest + 1])
    table = batch_table(prepared, DENSE, layout, precision, batches)
    assert list(table.metrics["tpot_ms"] <= 50) == [True, False]


def test_static_prefill_is_of_the_whole_batch():
    static = replace(DENSE, workload=replace(DENSE.workload, mode=Mode.STATIC))
    whole, one = explained(static, 8), explained(DENSE, 8)
    assert (whole.prompts, one.prompts) == (8, 1)

    def flops(found: Explanation) -> float:
        return sum(row.flops for row in found.operators if row.phase == "prefill")

    assert flops(whole) == pytest.approx(8 * flops(one), rel=0.01)


def test_a_token_takes_the_step_and_the_prompts_of_others(dense):
    prepared = prepare(DENSE)
    layout, precision = prepared.layouts[0], prepared.precisions[0]
    table = batch_table(prepared, DENSE, layout, precision, np.array([64]))
    step = sum(row.seconds for row in dense.operators if row.phase == "decode")
    tpot_seconds = float(table.metrics["tpot_ms"][0]) * 1e-3
    assert dense.waiting_seconds > 0
    assert step + dense.waiting_seconds == pytest.approx(tpot_seconds)


def test_a_static_batch_waits_for_nobody():
    static = replace(DENSE, workload=replace(DENSE.workload, mode=Mode.STATIC))
    assert explained(static, 8).waiting_seconds == pytest.approx(0.0, abs=1e-9)
