"""Sweeps of requests per second: the fewest replicas that keep the objectives."""

import re
from dataclasses import replace

import pytest

from engine.cli import run
from engine.plan.answer import answer
from engine.plan.metrics.table import NO_MEMORY, UNSTABLE
from engine.plan.prepared import prepare
from engine.plan.results import Sweep
from engine.plan.sweep import sweep
from engine.scenario import LayoutLimits, Objectives, Scenario, Workload


def asked(rate: float, **limits: float) -> Scenario:
    return Scenario(
        model="llama-3.1-8b",
        chip="h100_sxm",
        chips=8,
        workload=Workload(1024, 256, rate=rate),
        limits=LayoutLimits(tensor=(1,), pipeline=(1,)),
        objectives=Objectives(**limits),
    )


def swept(scenario: Scenario) -> tuple[Sweep, str]:
    prepared = prepare(scenario)
    found = sweep(prepared, scenario)
    assert found is not None
    return found, answer(prepared, scenario, found)


def test_a_row_is_a_number_of_replicas_and_the_fewest_win():
    found, words = swept(asked(30.0, ttft_p99_ms=1000, tpot_p90_ms=40))
    table, best = found.table, found.best
    assert best is not None and len(table) == 8
    replicas = table.arrangement(best).replicas
    meeting = [table.arrangement(row).replicas for row in range(8) if table.meets[row]]
    assert replicas == min(meeting) and 1 < replicas < 8
    assert words.startswith("Serve 30 requests/s of Llama-3.1-8B on")
    assert "TTFT p99" in words and "of 1,000 ms" in words and "of 90 % utilised" in words


def test_without_limits_a_plan_keeps_headroom():
    found, words = swept(asked(37.0))
    table, best = found.table, found.best
    assert best is not None and table.value(best, "utilised_percent") <= 90.0
    assert "of 90 % utilised" in words and "utilisation binds" in words


def test_headroom_is_as_much_as_asked_and_none_at_100_percent():
    def replicas(percent: float) -> int:
        found, _ = swept(asked(30.0, utilised_percent=percent))
        assert found.best is not None
        used = found.table.value(found.best, "utilised_percent")
        assert used <= percent
        return found.table.arrangement(found.best).replicas

    assert replicas(100.0) < replicas(45.0)


def test_what_a_plan_may_use_says_nothing_of_requests_in_flight():
    closed = replace(asked(0.0, utilised_percent=1.0), max_batch=8)
    found, _ = swept(closed)
    assert found.best is not None and "utilised_percent" not in found.table.metrics


def test_one_replica_fewer_binds():
    _, words = swept(asked(30.0, tpot_p90_ms=12))
    assert "TPOT p90 binds" in words and "would need" in words


def test_a_rate_that_nothing_carries_is_said():
    found, words = swept(asked(100_000.0))
    assert found.best is None and found.nearest is not None
    assert found.table.verdict(found.nearest) is UNSTABLE
    assert found.table.arrangement(found.nearest).replicas == 8
    assert words.startswith("Nothing carries 100,000 requests/s")
    assert "requests/s at most; it takes" in words


def test_what_falls_behind_is_nearer_than_what_does_not_start():
    scenario = replace(asked(30.0), model="llama-3.3-70b", limits=LayoutLimits())
    found, words = swept(scenario)
    verdicts = [found.table.verdict(row) for row in found.order]
    assert UNSTABLE in verdicts and NO_MEMORY in verdicts
    assert verdicts.index(NO_MEMORY) > max(i for i, one in enumerate(verdicts) if one is UNSTABLE)
    assert words.startswith("Nothing carries 30 requests/s")


def test_of_layouts_with_the_same_throughput_the_one_farthest_from_its_limits_wins():
    scenario = replace(asked(20.0, tpot_p90_ms=40), limits=LayoutLimits())
    found, _ = swept(scenario)
    table, best = found.table, found.best
    assert best is not None
    value = table.metrics[table.throughput]
    alike = table.meets & (value == value[best])
    assert alike.sum() > 1 and table.excess[best] == table.excess[alike].min()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--rate", "0"], "--rate: found '0'"),
        (["--rate", "many"], "--rate: found 'many'"),
        (["--rate", "5", "--isl-spread", "-1"], "--isl-spread: found '-1'"),
        (["--rate", "5", "--burstiness", "0"], "--burstiness: found '0'"),
        (["--rate", "5", "--batch", "8"], "--rate: found --batch"),
        (["--rate", "5", "--goodput", "150"], "--goodput: found '150', expected a percentage"),
        (["--rate", "5", "--max-utilisation", "0"], "--max-utilisation: found '0'"),
    ],
)
def test_bad_loads_are_one_line(capsys, options: list[str], said: str):
    model = ["predict", "--model", "llama-3.1-8b", "--chip", "h100", "--tp", "1"]
    assert run([*model, *options]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1 and said in lines[0]


def test_predict_takes_several_rates(capsys):
    words = [
        "--model",
        "llama-3.1-8b",
        "--chip",
        "h100",
        "--tp",
        "1",
        "--isl",
        "1K",
        "--osl",
        "256",
    ]
    assert run(["predict", *words, "--rate", "1,5,500"]) == 0
    out = capsys.readouterr().out
    assert out.count("✓ meets") == 2 and "requests/s at most" in out


def test_the_sentence_has_replicas_chips_percentiles_use_and_cost_in_that_order():
    _, words = swept(replace(asked(30.0, ttft_p99_ms=1000, tpot_p90_ms=40), prices="example"))
    said = (
        r"Serve 30 requests/s of Llama-3\.1-8B on (\d+) replicas \((\d+) × H100 [^)]+ as TP1 "
        r"W16A16\): TTFT p99 [\d.]+ ± [\d.]+ of 1,000 ms, TPOT p90 [\d.]+ ± [\d.]+ of 40 ms, "
        r"\d+ of 90 % utilised, \$ [\d.]+ per million output tokens; .*; "
        r"(\d+) replicas to be 90 % sure; "
    )
    found = re.match(said, words)
    assert found is not None
    replicas, chips, sure = map(int, found.groups())
    assert replicas == chips <= sure
