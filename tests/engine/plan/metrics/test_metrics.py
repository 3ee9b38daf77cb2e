"""One table of metrics: every other list follows from it."""

from __future__ import annotations

import math
import re
from dataclasses import fields, replace

import pytest

from engine.model.kinds import ModelKind
from engine.plan.lost import why_lost
from engine.plan.metrics.metric import Better, Metric, Unit
from engine.plan.metrics.table import (
    BY_ID,
    CODES,
    LIMITED,
    METRICS,
    SPEED,
    THROUGHPUT,
    VERDICTS,
    limited_of,
    metrics_about,
    metrics_of,
)
from engine.plan.prepared import prepare
from engine.plan.row_ranges import accuracy_of
from engine.plan.rows import row_values
from engine.plan.sweep import sweep
from engine.scenario import Objectives, Scenario, Workload

SCENARIOS = {
    ModelKind.TOKENS: Scenario(
        model="llama-3.1-8b",
        chip="h100_sxm",
        chips=2,
        workload=Workload(512, 64),
        max_batch=4,
        prices="example",
    ),
    ModelKind.FORWARD: Scenario(
        model="resnet-50", chip="l40s", chips=2, max_batch=4, prices="example"
    ),
}
SUFFIX = {Unit.MILLISECONDS: "_ms", Unit.GIBIBYTES: "_gib", Unit.PERCENT: "_percent"}


def test_objectives_are_the_metrics_with_a_limit():
    assert {one.name for one in fields(Objectives)} == {metric.id for metric, _ in LIMITED}


def test_ids_and_labels_are_unique():
    assert len({one.id for one in METRICS}) == len(METRICS)
    assert len({one.label for one in METRICS}) == len(METRICS)
    assert {one.rank for one in METRICS} != {0}


def test_options_are_unique():
    options = [limit.option for _, limit in LIMITED]
    assert len(options) == len(set(options))


def test_every_verdict_has_a_name_and_a_code_of_its_own():
    assert len({one.id for one in VERDICTS}) == len(VERDICTS)
    assert [VERDICTS[code] for code in CODES.values()] == list(CODES)
    assert {one.metric for one in VERDICTS if one.metric} == {metric for metric, _ in LIMITED}


@pytest.mark.parametrize("metric", METRICS, ids=lambda one: one.id)
def test_the_unit_is_in_the_id(metric: Metric):
    assert metric.id.endswith(SUFFIX.get(metric.unit, ""))
    if metric.unit is Unit.PER_SECOND:
        assert metric.better is Better.HIGHER
        assert re.search("ps|per_second|rate", metric.id)
    elif metric.unit is not Unit.PERCENT:
        assert metric.better is Better.LOWER


@pytest.mark.parametrize("kind", ModelKind)
def test_every_metric_of_a_kind_is_a_column_of_its_table(kind: ModelKind):
    prepared = prepare(SCENARIOS[kind])
    found = sweep(prepared, SCENARIOS[kind])
    assert found is not None
    about = metrics_about(kind, one_token=False)
    assert list(found.table.metrics) == [one.id for one in about if not one.asked]
    assert found.table.throughput == THROUGHPUT[kind].id
    row = row_values(prepared, SCENARIOS[kind], found.table, 0)
    assert set(found.table.metrics) <= set(row)


@pytest.mark.parametrize("kind", ModelKind)
def test_what_ranks_and_what_users_feel_are_metrics_of_the_kind(kind: ModelKind):
    assert THROUGHPUT[kind] in metrics_of(kind)
    assert SPEED[kind] in limited_of(kind)


@pytest.mark.parametrize("kind", ModelKind)
def test_ranges_are_of_metrics(kind: ModelKind):
    prepared = prepare(SCENARIOS[kind])
    known = set(accuracy_of(prepared, SCENARIOS[kind]).ranges)
    assert known
    assert known <= {one.range for one in metrics_of(kind)}


@pytest.mark.parametrize(
    ("kind", "metric"), [(kind, metric) for kind in ModelKind for metric in limited_of(kind)]
)
def test_every_limit_has_its_verdict_and_its_words(kind: ModelKind, metric: Metric):
    """Just below the smallest value, nothing meets it, and that limit is what is missed."""
    plain = SCENARIOS[kind]
    if metric.of_rates:
        plain = replace(plain, workload=replace(plain.workload, rate=1.0))
    assert metric.limit is not None
    known = Objectives(ttft_ms=60.0) if metric.unit is Unit.PERCENT else Objectives()
    loose = replace(known, **{metric.id: 1e-3 if metric.unit is Unit.PERCENT else 1e9})
    free = sweep(prepare(plain), replace(plain, objectives=loose))
    assert free is not None
    values = free.table.metrics[metric.id]
    missed = values.max() * 1.001 if metric.better is Better.HIGHER else values.min() * 0.999
    objectives = replace(known, **{metric.id: float(missed)})
    asked = Scenario(
        model=plain.model,
        chip=plain.chip,
        chips=2,
        workload=plain.workload,
        max_batch=4,
        objectives=objectives,
        prices=plain.prices,
    )
    found = sweep(prepare(asked), asked)
    assert found is not None and found.best is None and found.nearest is not None
    verdict = found.table.verdict(found.nearest)
    assert verdict.metric is metric
    assert metric.limit is not None and verdict.id == metric.limit.option
    assert why_lost(found.table, found.nearest, objectives).startswith(metric.name)
    assert not any(found.table.meets)


def test_metrics_agree_with_one_another():
    """Batch over time is the rate: of two replicas' requests, of one user, of each chip."""
    asked = SCENARIOS[ModelKind.TOKENS]
    found = sweep(prepare(asked), asked)
    assert found is not None
    table = found.table
    for row in range(len(table)):
        arrangement, batch = table.arrangement(row), int(table.batch[row])

        def value(name: str, row: int = row) -> float:
            return table.value(row, name)

        in_flight = batch * arrangement.replicas
        assert value("request_tps") == pytest.approx(in_flight * 64 / value("e2e_ms") * 1e3)
        assert value("decode_tps") == pytest.approx(in_flight / value("tpot_ms") * 1e3)
        assert value("tps_per_chip") == pytest.approx(value("request_tps") / arrangement.chips)
        assert value("tps_per_user") == pytest.approx(1e3 / value("tpot_ms"))
        assert value("e2e_ms") == pytest.approx(value("ttft_ms") + 63 * value("tpot_ms"))
        assert math.isfinite(value("memory_gib"))
    assert BY_ID["memory_gib"] in metrics_of(ModelKind.TOKENS)
