"""What would have to change: every remedy is checked by working the changed scenario out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.hardware.chip_profiles import load_chip
from engine.plan.metrics.table import BY_ID, NO_MEMORY, VERDICTS
from engine.plan.prepared import prepare
from engine.plan.sweep import sweep
from engine.plan.tables import batch_table, rows_table
from engine.plan.why.advice import advice_sentence, remedy_words, shortfall_words
from engine.plan.why.changes import rounded_up
from engine.plan.why.remedies import advise, next_better
from engine.plan.why.shortfall import Candidate, Shortfall
from engine.scenario import LayoutLimits, Objectives, Scenario

DENSE = Scenario(
    model="llama-3.1-8b", chip="h200_sxm", chips=1, objectives=Objectives(ttft_ms=2000, tpot_ms=40)
)


def best_of(scenario: Scenario) -> Candidate:
    found = sweep(prepare(scenario), scenario)
    row = found.best if found.best is not None else found.nearest
    assert row is not None
    table = found.table
    return Candidate(table.arrangement(row), table.precision(row), int(table.batch[row]))


def following(scenario: Scenario) -> Candidate:
    found = next_better(prepare(scenario), scenario, best_of(scenario))
    assert found is not None
    return found


def test_next_better_batch_is_larger_faster_and_misses():
    best, after = best_of(DENSE), following(DENSE)
    batches = np.array([best.batch, after.batch])
    table = batch_table(prepare(DENSE), DENSE, after.arrangement, after.precision, batches)
    assert after.batch > best.batch
    assert table.metrics["tps_per_chip"][1] > table.metrics["tps_per_chip"][0]
    assert list(table.meets) == [True, False]


@pytest.mark.parametrize("rate", [0.0, 2.0])
def test_a_row_beside_other_layouts_is_the_row_alone(rate):
    scenario = replace(DENSE, chips=4, workload=replace(DENSE.workload, rate=rate))
    prepared = prepare(scenario)
    precision, batches = prepared.precisions[0], np.arange(len(prepared.arrangements)) * 3 + 1
    table = rows_table(prepared, scenario, precision, prepared.arrangements, batches)
    for row, arrangement in enumerate(prepared.arrangements):
        alone = batch_table(prepared, scenario, arrangement, precision, batches[row : row + 1])
        for name, column in alone.metrics.items():
            # A processor may round the last digit by how many rows stand beside it.
            np.testing.assert_allclose(table.metrics[name][row], column[0], rtol=1e-14)
        assert table.verdict(row) == alone.verdict(0)


def test_a_candidate_that_meets_needs_nothing():
    advice = advise(DENSE, best_of(DENSE))
    assert advice is not None
    assert advice.shortfall is None
    assert advice.remedies == ()


@pytest.fixture(scope="module")
def dense_advice():
    advice = advise(DENSE, following(DENSE))
    assert advice is not None
    return advice


def test_every_remedy_that_passes_really_does(dense_advice):
    doing = [one for one in dense_advice.remedies if one.passes]
    assert {one.nudge.knob for one in doing} >= {"TPOT limit", "chip", "ISL"}
    for one in doing:
        changed, candidate = one.nudge.scenario, one.candidate
        table = batch_table(
            prepare(changed),
            changed,
            candidate.arrangement,
            candidate.precision,
            np.array([candidate.batch]),
        )
        assert table.meets[0], one.nudge


def test_every_remedy_that_fails_really_does(dense_advice):
    failing = [one for one in dense_advice.remedies if not one.passes]
    assert failing
    for one in failing:
        assert one.shortfall is not None
        assert one.shortfall.excess > 0


def test_remedies_that_do_come_first(dense_advice):
    passing = [one.passes for one in dense_advice.remedies]
    assert passing == sorted(passing, reverse=True)


def test_the_longest_prompt_that_does_is_within_a_percent(dense_advice):
    shorter = next(one for one in dense_advice.remedies if one.nudge.knob == "ISL")
    tokens = int(shorter.nudge.after)
    longer = replace(DENSE.workload, input_tokens=tokens + DENSE.workload.input_tokens // 100)
    advice = advise(replace(DENSE, workload=longer), dense_advice.candidate)
    assert advice is not None
    assert advice.shortfall is not None


def test_the_limit_is_widened_to_what_the_batch_needs(dense_advice):
    wider = next(one for one in dense_advice.remedies if one.nudge.knob == "TPOT limit")
    limit = wider.nudge.scenario.objectives.tpot_ms
    assert dense_advice.shortfall is not None
    assert dense_advice.shortfall.value <= limit <= dense_advice.shortfall.value * 1.01


def test_memory_is_named_with_what_it_lacks():
    scenario = replace(DENSE, model="llama-3.1-405b", chips=4)
    advice = advise(scenario, best_of(scenario))
    assert advice is not None
    assert advice.shortfall is not None
    assert advice.shortfall.verdict is NO_MEMORY
    knobs = {one.nudge.knob for one in advice.remedies if one.passes}
    assert "chips" in knobs
    assert "lacks" in advice_sentence(advice)


def test_chips_are_doubled_until_there_are_enough():
    objectives = Objectives(ttft_ms=2000, tpot_ms=60)
    scenario = replace(DENSE, model="llama-3.1-405b", chips=1, objectives=objectives)
    advice = advise(scenario, best_of(scenario))
    assert advice is not None
    chips = next(one for one in advice.remedies if one.nudge.knob == "chips")
    assert chips.passes
    assert chips.nudge.after == "8"


def test_limits_on_layouts_are_kept_but_by_the_remedy_that_lets_them_go():
    scenario = replace(DENSE, chips=2, limits=LayoutLimits(tensor=(1,)))
    advice = advise(scenario, following(scenario))
    assert advice is not None
    for one in advice.remedies:
        if one.nudge.knob != "layout limits":
            assert one.candidate.arrangement.layout.tensor == 1
    free = next(one for one in advice.remedies if one.nudge.knob == "layout limits")
    assert free.candidate.arrangement.layout.tensor == 2
    assert free.nudge.scenario.limits == LayoutLimits()


def test_stopped_work_gives_nothing():
    assert advise(DENSE, following(DENSE), lambda: True) is None


@pytest.mark.parametrize(
    ("value", "up"), [(50.229, 50.3), (11.27, 11.3), (1234.5, 1240.0), (50.3, 50.3), (9.999, 10.0)]
)
def test_limits_are_rounded_up(value: float, up: float):
    assert rounded_up(value) == pytest.approx(up)


def test_words():
    tpot = next(one for one in VERDICTS if one.metric is BY_ID["tpot_ms"])
    assert shortfall_words(Shortfall(tpot, 51.2, 50.0)) == "TPOT misses 50.0 ms by 1.20 ms"
    assert shortfall_words(Shortfall(NO_MEMORY, 130.0, 126.9)) == "memory lacks 3.10 GiB per chip"


def test_the_sentence_lists_what_would_do(dense_advice):
    sentence = advice_sentence(dense_advice)
    for one in dense_advice.remedies:
        assert (remedy_words(one) in sentence) == one.passes
    assert "h200_sxm → " in sentence
    assert sentence.endswith("would do.")


def test_what_lacks_memory_is_not_sent_to_a_slower_chip():
    """A GB10 has more memory than an A100 and a seventh of its bandwidth."""
    # A limit that never binds: without one the best batch is at the knee, far from the memory.
    endless = Objectives(latency_ms=1e9)
    scenario = Scenario(model="bert-large", chip="a100_sxm_80gb", chips=1, objectives=endless)
    advice = advise(scenario, following(scenario))
    assert advice is not None
    here = load_chip(scenario.chip)
    chips = [one.nudge.after for one in advice.remedies if one.nudge.knob == "chip"]
    assert all(load_chip(name).bandwidth_bytes >= here.bandwidth_bytes for name in chips)
    assert chips
