"""However much is asked for, what a sweep holds is bounded; the answer is that of a full one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.cli import run
from engine.model.kinds import ModelKind
from engine.plan import search as module
from engine.plan.metrics.table import CODES, NO_FIGURE
from engine.plan.prepared import prepare
from engine.plan.results import Sweep
from engine.plan.search import STEPS
from engine.plan.sweep import leaders, sweep
from engine.plan.tables import asked_table
from engine.scenario import (
    ArrangementKind,
    Best,
    LayoutLimits,
    Objectives,
    Scenario,
    Workload,
)
from engine.words.errors import InputError
from engine.work.parallelism import MOST_LAYOUTS

WIDE = Scenario(model="deepseek-v3", chip="h200_sxm", chips=64, objectives=Objectives())


def swept(scenario: Scenario) -> Sweep:
    found = sweep(prepare(scenario), scenario)
    assert found is not None
    return found


def told(found: Sweep, row: int | None) -> tuple[str, str, int, float]:
    assert row is not None
    table = found.table
    value = table.value(row, table.throughput)
    return table.arrangement(row).name, table.precision(row).label, int(table.batch[row]), value


@pytest.mark.parametrize("chips", [1024, 100_000_000])
def test_candidates_are_bounded_however_many_chips_there_are(chips: int):
    found = swept(replace(WIDE, chips=chips))
    assert len(found.table) <= STEPS.most_candidates
    assert len(found.table.arrangements) <= 250


@pytest.mark.parametrize(
    "objectives",
    [Objectives(), Objectives(tpot_ms=50.0), Objectives(tpot_ms=200.0), Objectives(ttft_ms=1.0)],
)
def test_the_answer_of_steps_is_that_of_every_batch(monkeypatch, objectives: Objectives):
    scenario = replace(WIDE, objectives=objectives)
    monkeypatch.setattr(module, "STEPS", replace(STEPS, most_candidates=1 << 40))
    full = swept(scenario)
    monkeypatch.setattr(module, "STEPS", replace(STEPS, most_candidates=1000))
    stepped = swept(scenario)
    assert len(stepped.table) < len(full.table)
    for name in ("best", "runner_up", "nearest"):
        ours, theirs = getattr(stepped, name), getattr(full, name)
        assert (ours is None) == (theirs is None)
        if ours is not None:
            assert told(stepped, ours) == told(full, theirs)


@pytest.mark.parametrize(
    "scenario",
    [
        WIDE,
        replace(WIDE, chips=1024, objectives=Objectives(tpot_ms=50.0)),
        replace(WIDE, chips=16, objectives=Objectives(ttft_ms=1.0)),
        replace(WIDE, chips=16, arrangement=ArrangementKind.DISAGGREGATED),
        replace(WIDE, chips=16, workload=Workload(1024, 256, rate=4.0)),
        Scenario(model="qwen3-32b", chip="h100_sxm", chips=8, best=Best.ENERGY),
        Scenario(model="resnet50", chip="l40s", chips=4),
    ],
)
def test_leaders_are_those_of_the_sweep_in_a_small_table(scenario: Scenario):
    full, few = swept(scenario), leaders(prepare(scenario), scenario)
    assert few is not None
    for name in ("best", "runner_up", "nearest"):
        ours, theirs = getattr(few, name), getattr(full, name)
        assert (ours is None) == (theirs is None)
        if ours is not None:
            assert told(few, ours) == told(full, theirs)
    if full.table.kind is ModelKind.TOKENS:
        table = full.table
        assert len(few.table) <= 2 * len(table.arrangements) * len(table.precisions)


def test_no_candidate_is_there_twice(monkeypatch):
    monkeypatch.setattr(module, "STEPS", replace(STEPS, most_candidates=1000))
    table = swept(WIDE).table
    rows = np.stack([table.arrangement_index, table.precision_index, table.batch])
    assert np.unique(rows, axis=1).shape[1] == len(table)


def test_a_sweep_of_steps_stops_when_told(monkeypatch):
    monkeypatch.setattr(module, "STEPS", replace(STEPS, most_candidates=1000))
    asked = iter([False] + [True] * 1000)
    assert sweep(prepare(WIDE), WIDE, lambda: next(asked)) is None


def test_layouts_of_given_degrees_are_bounded():
    many = tuple(range(1, 1200))
    limits = LayoutLimits(attention_data=many, pipeline=tuple(range(1, 60)), expert=(1,))
    with pytest.raises(InputError, match=f"more than {MOST_LAYOUTS:,} layouts"):
        prepare(replace(WIDE, model="qwen3-32b", chips=100_000_000, limits=limits))


# --- figures that are no numbers -------------------------------------------------------------


def broken(monkeypatch, value: float) -> None:
    """Make every prediction's time per token ``value``."""
    from engine.plan import blocks

    real = blocks.predict

    def predict(*arguments):
        outcome = real(*arguments)
        seconds = {**outcome.seconds, "tpot": np.full(outcome.shape, value)}
        return replace(outcome, seconds=seconds)

    monkeypatch.setattr(blocks, "predict", predict)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("objectives", [Objectives(), Objectives(tpot_ms=50.0)])
def test_what_is_no_number_never_meets(monkeypatch, value: float, objectives: Objectives):
    scenario = Scenario(model="llama-3.1-8b", chip="h100_sxm", chips=1, objectives=objectives)
    broken(monkeypatch, value)
    found = swept(scenario)
    assert found.best is None
    assert not found.table.meets.any()
    assert set(found.table.binding.tolist()) == {CODES[NO_FIGURE]}
    prepared = prepare(scenario)
    table, _ = asked_table(prepared, scenario, prepared.arrangements[0], np.array([1.0, 4.0]))
    assert not table.meets.any() and not table.fits.any()


@pytest.mark.parametrize("form", [[], ["--json"], ["--csv"]])
def test_what_is_no_number_is_said_in_words(monkeypatch, capsys, form: list[str]):
    broken(monkeypatch, np.inf)
    asked = ["--model", "llama-3.1-8b", "--chip", "h100", "--chips", "1", "--tp", "1"]
    assert run(["sweep", *asked, "--rows", "2", *form]) == 1
    out = capsys.readouterr().out
    assert "Infinity" not in out and "NaN" not in out and "✓" not in out
    assert "beyond what can be calculated" in out
