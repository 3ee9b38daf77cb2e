"""Percentiles of what users see, by the load that they come with."""

from dataclasses import replace

import numpy as np
import pytest

from engine.scenario import Scenario
from engine.serve.load import Client, Closed, Static
from engine.serve.outcome import Outcome
from engine.serve.predict import predict
from engine.serve.requests import Requests, Spread
from engine.serve.resolve import resolve
from engine.serve.system import System
from engine.words.statistic import PERCENTILES, Statistic
from engine.work.arrangement import Aggregated
from engine.work.layout import Layout

SYSTEM = resolve(Scenario(model="qwen3-8b", chip="h100_sxm")).systems[0]
REPLICA = (Aggregated(Layout(1, 1, 1, 1, 1)),)
SIZES = np.array([[1.0, 8.0, 64.0]])
LATENCIES = ("ttft", "tpot", "itl", "e2e")


def outcome(load: Closed | Static, system: System = SYSTEM, **requests: object) -> Outcome:
    return predict(system, REPLICA, Requests(1024.0, 256.0, **requests), load, SIZES)  # type: ignore[arg-type]


@pytest.mark.parametrize("load", [Static(), Closed(), Closed(Client()), Closed(Client(spread=0.0))])
def test_percentiles_rise(load: Closed | Static):
    made = outcome(load)
    for latency in LATENCIES:
        row = np.stack([np.broadcast_to(made.at(latency, one), (1, 3)) for one in PERCENTILES])
        assert np.all(np.diff(row, axis=0) >= -1e-9)


def test_all_of_a_static_batch_are_alike():
    made = outcome(Static())
    for latency in ("ttft", "tpot", "e2e"):
        assert made.at(latency, Statistic.P99) == pytest.approx(made.seconds[latency], rel=1e-3)


def test_the_opening_of_a_client_is_in_the_last_percentiles_only():
    steady, opened = outcome(Closed()), outcome(Closed(Client(waves=10)))
    last, middle = (
        (opened.at("ttft", one) / steady.at("ttft", one))[0]
        for one in (Statistic.P99, Statistic.P50)
    )
    assert last[2] > 5.0
    assert np.all(middle < 1.2)


@pytest.mark.parametrize("load", [Closed(), Closed(Client()), Closed(Client(spread=0.0))])
def test_gaps_between_tokens_are_a_users_time_per_token_on_average(load: Closed):
    made = outcome(load)
    assert made.at("itl", Statistic.MEAN) == pytest.approx(made.seconds["tpot"], rel=1e-6)
    # Who is alone never waits for a prompt between two tokens.
    assert made.at("itl", Statistic.P99)[0, 0] == pytest.approx(made.seconds["tpot"][0, 0])


def test_long_answers_take_longer_from_end_to_end():
    alike, spread = outcome(Closed()), outcome(Closed(), spread=Spread(output=1.0))
    factor = spread.at("e2e", Statistic.P99) / alike.at("e2e", Statistic.P99)
    assert np.all(factor > 3.0)
    # Long answers are met more often, with the longer contexts that they have.
    more = spread.at("e2e", Statistic.MEAN) / alike.at("e2e", Statistic.MEAN)
    assert np.all((more >= 1.0) & (more < 1.03))


def told(system: System, part: str, **values: float) -> System:
    """With other rules or costs of its engine."""
    engine = system.engine
    return replace(
        system, engine=replace(engine, **{part: replace(getattr(engine, part), **values)})
    )


def test_a_dense_model_waits_for_no_tuning_at_the_opening():
    cold = told(SYSTEM, "costs", warmup_seconds=9.0, opening_slowdown=3.0)
    found = [outcome(Closed(Client()), one).at("ttft", Statistic.P99) for one in (SYSTEM, cold)]
    assert found[0] == pytest.approx(found[1])


def test_looks_at_the_queue_come_evenly():
    # Nine passes at most until the next one, and all requests wait so.
    seldom = told(SYSTEM, "scheduler", admission_steps=10.0)
    often, rarely = outcome(Closed()), outcome(Closed(), seldom)
    later = rarely.at("ttft", Statistic.P99) - often.at("ttft", Statistic.P99)
    assert np.all(later[0, 1:] > 0)
    # Of many at once the next pass holds several prompts, too.
    assert np.all((later <= 10.0 * rarely.seconds["tpot"])[0, :2])
    assert rarely.at("ttft", Statistic.MEAN) == pytest.approx(rarely.seconds["ttft"], rel=1e-3)
