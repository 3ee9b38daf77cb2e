"""A candidate's figures do not depend on its neighbours: alone, in a block, in a sweep, in words.

Equal means to the last digit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.plan.answer import answer
from engine.plan.kinds import plan_kind
from engine.plan.prepared import Prepared, prepare
from engine.plan.results import Sweep
from engine.plan.row_ranges import accuracy_of
from engine.plan.search import batch_limits
from engine.plan.sweep import sweep
from engine.plan.tables import batch_table
from engine.plan.why.explain import explain
from engine.scenario import (
    Client,
    ClientKind,
    Mode,
    Objectives,
    Scenario,
    Settings,
    Workload,
)
from engine.serve.asked import load_of, requests_of
from engine.serve.call import Batch, Call, Concurrency, ask, size_per_replica
from engine.serve.outcome import Outcome
from engine.serve.predict import predict
from engine.work.arrangement import Aggregated, Arrangement, Disaggregated, Pool
from engine.work.layout import Layout

LARGEST = 40
WORKLOADS = st.builds(
    Workload,
    input_tokens=st.sampled_from([1, 700, 4096, 20_000]),
    output_tokens=st.sampled_from([1, 300, 4096]),
    mode=st.sampled_from(Mode),
    cached=st.sampled_from([0.0, 0.4, 1.0]),
    client=st.builds(
        Client, kind=st.sampled_from(ClientKind), waves=st.just(4), spread=st.sampled_from([0, 0.2])
    ),
)
RUNS_ON = {
    "h100_sxm": ["vllm", "sglang", "trtllm"],
    "h200_sxm": ["vllm", "sglang", "trtllm"],
    "b200_sxm": ["vllm", "sglang", "trtllm"],
    "mi300x": ["vllm", "sglang", "atom"],
}
HARDWARE = [(chip, engine) for chip, engines in RUNS_ON.items() for engine in engines]


def on_hardware(hardware: tuple[str, str], **chosen: object) -> Scenario:
    chip, engine = hardware
    return replace(Scenario(chip=chip, framework=engine), **chosen)


SCENARIOS = st.builds(
    on_hardware,
    hardware=st.sampled_from(HARDWARE),
    model=st.sampled_from(["llama-3.1-8b", "deepseek-v3", "qwen3-235b-a22b", "gpt-oss-120b"]),
    chips=st.sampled_from([8, 16, 24, 32]),
    precisions=st.sampled_from([(), ("W4A16",)]),
    workload=WORKLOADS,
    objectives=st.just(Objectives(ttft_ms=2000, tpot_ms=30)),
    settings=st.sampled_from([Settings(), Settings(prefill_tokens=1000, build="2026-02-10")]),
    max_batch=st.just(LARGEST),
    draft_tokens=st.sampled_from([0, 2]),
    acceptance=st.just(0.7),
    load_imbalance=st.sampled_from([1.0, 1.3]),
)
"""On one to four nodes of eight."""
WORKERS = st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4)), min_size=2, max_size=5)


def swept(scenario: Scenario) -> tuple[Prepared, Sweep]:
    prepared = prepare(scenario)
    found = sweep(prepared, scenario)
    assert found is not None
    return prepared, found


def assert_row_stands_alone(prepared: Prepared, scenario: Scenario, found: Sweep, row: int) -> None:
    table = found.table
    alone = batch_table(
        prepared,
        scenario,
        table.arrangement(row),
        table.precision(row),
        table.batch[row : row + 1],
    )
    for name, column in table.metrics.items():
        np.testing.assert_array_equal(column[row : row + 1], alone.metrics[name], name)
    for name in ("fits", "meets", "binding", "excess", "capacity_gib"):
        assert getattr(table, name)[row] == getattr(alone, name)[0], name


@settings(max_examples=40, deadline=None)
@given(scenario=SCENARIOS, places=st.lists(st.floats(0, 1, exclude_max=True), min_size=12))
def test_a_row_of_a_sweep_is_the_same_alone(scenario: Scenario, places: list[float]):
    prepared, found = swept(scenario)
    for place in places:
        row = int(place * len(found.table))
        assert_row_stands_alone(prepared, scenario, found, row)


@pytest.mark.parametrize("model", ["llama-3.1-8b", "qwen3-235b-a22b", "resnet-50", "bert-large"])
def test_rows_of_a_sweep_in_many_blocks_are_the_same_alone(model: str):
    scenario = Scenario(model=model, chip="h200_sxm", chips=32, workload=Workload(512, 64))
    prepared, found = swept(scenario)
    for row in np.linspace(0, len(found.table) - 1, 60).astype(int):
        assert_row_stands_alone(prepared, scenario, found, int(row))


@settings(max_examples=40, deadline=None)
@given(scenario=SCENARIOS, chosen=st.lists(st.floats(0, 1, exclude_max=True), min_size=2))
def test_an_outcome_of_a_block_is_that_of_its_rows(scenario: Scenario, chosen: list[float]):
    prepared = prepare(scenario)
    every = prepared.arrangements
    assert_block_is_its_rows(scenario, [every[int(one * len(every))] for one in chosen])


@settings(max_examples=30, deadline=None)
@given(scenario=SCENARIOS, workers=WORKERS)
def test_pools_in_a_block_are_the_same_as_alone(scenario: Scenario, workers):
    """Of different layouts, within a node and beyond."""
    prefills = [Layout(tensor=8), Layout(tensor=4, pipeline=4), Layout(tensor=2, pipeline=2)]
    decodes = [Layout(tensor=4), Layout(tensor=8, pipeline=2)]
    pairs = [
        Disaggregated(Pool(prefills[place % 3], few), Pool(decodes[place % 2], many))
        for place, (few, many) in enumerate(workers)
    ]
    assert_block_is_its_rows(replace(scenario, chips=8), pairs)


def assert_block_is_its_rows(
    scenario: Scenario, block: list[Arrangement], batches: Sequence[int] = (1, 2, 7, 33)
) -> None:
    system = prepare(scenario).systems[0]
    requests, load = requests_of(scenario, system), load_of(scenario)
    sizes = np.array(batches, dtype=float)
    together = predict(system, block, requests, load, sizes)
    for place, one in enumerate(block):
        for column, size in enumerate(sizes):
            alone = predict(system, [one], requests, load, np.array([size]))
            assert figures(alone, (0, 0)) == figures(together, (place, column))


@settings(max_examples=25, deadline=None)
@given(
    model=st.sampled_from(["resnet-50", "bert-large", "swin-t"]),
    chip=st.sampled_from(["t4", "h100_sxm", "mi300x"]),
    engine=st.sampled_from(["tensorrt", "pytorch", "onnxruntime"]),
    batches=st.lists(st.integers(1, 500), min_size=2, max_size=9),
    instances=st.integers(1, 3),
)
def test_a_batch_of_images_is_the_same_alone(model, chip, engine, batches, instances):
    scenario = Scenario(model=model, chip=chip, chips=2, framework=engine, instances=instances)
    assert_block_is_its_rows(scenario, list(prepare(scenario).arrangements), batches)


def figures(outcome: Outcome, row: tuple[int, int]) -> dict[str, object]:
    memory = outcome.memory
    columns = {
        **outcome.seconds,
        **outcome.rates,
        "chips": outcome.chips,
        "needed": memory.needed_bytes,
        "capacity": memory.capacity_bytes,
        "largest": memory.largest_size,
        "cache": memory.cache_tokens,
        "fits": outcome.fits,
    }
    found: dict[str, object] = {
        name: float(np.broadcast_to(values, outcome.shape)[row]) for name, values in columns.items()
    }
    made = outcome.items(row)
    parts = [
        (name, one.name, float(one.seconds)) for name in made.parts for one in made.parts[name]
    ]
    return {**found, "parts": parts, "passes": made.passes, "memory": made.memory}


@settings(max_examples=25, deadline=None)
@given(scenario=SCENARIOS, place=st.floats(0, 1, exclude_max=True), batch=st.integers(1, LARGEST))
def test_a_call_says_what_the_table_says(scenario: Scenario, place: float, batch: int):
    prepared = prepare(scenario)
    arrangement = prepared.arrangements[int(place * len(prepared.arrangements))]
    table = batch_table(prepared, scenario, arrangement, prepared.precisions[0], np.array([batch]))
    size = Concurrency(batch * arrangement.replicas)
    by_batch = ask(Call(scenario, arrangement, Batch(batch)))
    by_concurrency = ask(Call(scenario, arrangement, size))
    assert size_per_replica(Call(scenario, arrangement, size), 0.0) == batch
    for outcome in (by_batch, by_concurrency):
        if table.fits[0]:
            assert outcome.seconds["ttft"][0, 0] * 1e3 == table.value(0, "ttft_ms")
            later = outcome.seconds["tpot"][0, 0] * 1e3
            assert table.one_token or later == table.value(0, "tpot_ms")
        assert bool(outcome.fits[0, 0]) == bool(table.fits[0])


@settings(max_examples=25, deadline=None)
@given(scenario=SCENARIOS)
def test_the_answer_tells_the_figures_of_the_row_alone(scenario: Scenario):
    prepared, found = swept(scenario)
    row = found.best if found.best is not None else found.nearest
    assert row is not None
    table = found.table
    one = batch_table(
        prepared,
        scenario,
        table.arrangement(row),
        table.precision(row),
        table.batch[row : row + 1],
    )
    told = answer(prepared, scenario, found)
    assert table.arrangement(row).name in told
    if one.fits[0]:
        accuracy = accuracy_of(prepared, scenario, one.precision(0))
        figures = plan_kind(prepared).figures(prepared, one, 0, scenario.objectives, accuracy)
        assert figures in told


@settings(max_examples=15, deadline=None)
@given(scenario=SCENARIOS, place=st.floats(0, 1, exclude_max=True))
def test_an_explanation_adds_up_to_the_row_of_the_sweep(scenario: Scenario, place: float):
    prepared, found = swept(scenario)
    table = found.table
    row = int(place * len(table))
    arrangement, precision = table.arrangement(row), table.precision(row)
    told = explain(prepared, scenario, arrangement, precision, int(table.batch[row]))
    if table.fits[row]:
        for metric in ("ttft_ms",) if table.one_token else ("ttft_ms", "tpot_ms"):
            total = sum(one.seconds for one in told.parts[metric]) * 1e3
            assert total == pytest.approx(table.value(row, metric), rel=1e-9)


@settings(max_examples=20, deadline=None)
@given(scenario=SCENARIOS)
def test_the_sweep_ends_where_the_limits_end(scenario: Scenario):
    """Every arrangement up to its largest batch, batch 1 where nothing fits."""
    prepared, found = swept(scenario)
    table = found.table
    for index, precision in enumerate(prepared.precisions):
        limits = np.minimum(batch_limits(prepared, scenario, precision), LARGEST)
        for place, most in enumerate(limits):
            rows = (table.arrangement_index == place) & (table.precision_index == index)
            assert sorted(table.batch[rows]) == list(range(1, max(most, 1) + 1))
            assert np.all(table.fits[rows]) == (most >= 1)


def test_layouts_of_four_nodes_span_one_two_and_four():
    """What the tests above compare really spans nodes."""
    arrangements = prepare(Scenario(chip="h100_sxm", chips=32)).arrangements
    spans = {one.layout.chips_per_replica for one in arrangements if isinstance(one, Aggregated)}
    assert {8, 16, 32} <= spans
