"""Requests that come by themselves: in flight by Little's law, stable up to a largest rate."""

import numpy as np
import pytest

from engine.scenario import Scenario
from engine.serve.laws.queues import _beyond, _counts
from engine.serve.load import Closed, Open
from engine.serve.outcome import Outcome
from engine.serve.predict import predict
from engine.serve.requests import Requests, Spread
from engine.serve.resolve import resolve
from engine.serve.simulation.generate import drawn_trace
from engine.serve.simulation.simulate import simulate
from engine.words.statistic import PERCENTILES, Statistic
from engine.work.arrangement import Aggregated, Disaggregated, Pool
from engine.work.layout import Layout

SYSTEM = resolve(Scenario(model="llama-3.1-8b", chip="h100_sxm")).systems[0]
REQUESTS = Requests(2048.0, 256.0)
USED = np.array([[0.001, 0.1, 0.3, 0.5, 0.7, 0.9]])


def ask(
    rates: np.ndarray, burstiness: float = 1.0, replicas: int = 1, requests: Requests = REQUESTS
) -> Outcome:
    layout = Layout(1, 1, 1, 1, replicas)
    return predict(SYSTEM, (Aggregated(layout),), requests, Open(1.0, burstiness), rates)


MOST = float(ask(np.ones((1, 1))).largest_rate[0, 0])
RATES = USED * MOST


def test_in_flight_is_rate_times_time():
    made = ask(RATES)
    assert made.flow is not None
    assert made.flow.in_flight == pytest.approx(RATES * made.seconds["e2e"])
    assert made.rates["requests"] == pytest.approx(RATES)


def test_who_comes_alone_waits_for_nobody():
    """At a rate of nearly nothing: half a pass, the own prompt, and tokens of one sequence."""
    alone = predict(
        SYSTEM, (Aggregated(Layout(1, 1, 1, 1, 1)),), REQUESTS, Closed(), np.ones((1, 1))
    )
    made = ask(np.array([[1e-4]]))
    assert made.seconds["tpot"] == pytest.approx(alone.seconds["tpot"], rel=0.02)
    assert made.seconds["ttft"] == pytest.approx(alone.seconds["ttft"], rel=0.1)


def test_more_requests_per_second_are_slower():
    made = ask(RATES)
    for latency in ("ttft", "tpot", "e2e"):
        for statistic in Statistic:
            assert np.all(np.diff(np.broadcast_to(made.at(latency, statistic), RATES.shape)) >= 0)


def test_bursts_wait_longer_and_even_arrivals_shorter():
    def last(burstiness: float) -> np.ndarray:
        return ask(RATES, burstiness).at("ttft", Statistic.P99)

    # Quantiles are found to a millionth.
    often, usual, even = last(0.25), last(1.0) * (1.0 - 1e-6), last(100.0) * (1.0 - 2e-6)
    assert np.all(often >= usual) and np.all(usual >= even)


def test_it_is_stable_below_what_the_same_number_in_flight_delivers():
    """The largest rate is about what the most requests in flight, refilled as they end, bring."""
    room = float(ask(RATES).memory.largest_size[0, 0])
    closed = predict(
        SYSTEM, (Aggregated(Layout(1, 1, 1, 1, 1)),), REQUESTS, Closed(), np.array([[room]])
    )
    assert pytest.approx(float(closed.rates["requests"][0, 0]), rel=0.1) == MOST
    made = ask(np.array([[0.99, 1.01]]) * MOST)
    assert made.stable.tolist() == [[True, False]]
    assert made.fits.tolist() == [[True, False]]


def test_replicas_that_take_requests_in_turn_wait_less_than_one_of_as_much():
    one, four = ask(RATES), ask(4.0 * RATES, replicas=4)
    assert np.all(four.seconds["ttft"] <= one.seconds["ttft"])
    # Every fourth of gaps of the shape ¼ is a gap as of Poisson arrivals.
    bursts = ask(4.0 * RATES, 0.25, replicas=4)
    assert bursts.seconds["ttft"] == pytest.approx(one.seconds["ttft"])
    assert four.flow is not None and one.flow is not None
    assert four.flow.largest_rate == pytest.approx(4.0 * one.flow.largest_rate)


def test_percentiles_rise_and_their_law_has_the_mean():
    made = ask(RATES)
    assert made.say_laws is not None
    laws = made.say_laws()
    assert laws.ttft.mean == pytest.approx(made.seconds["ttft"], rel=0.03)
    assert laws.tpot.mean == pytest.approx(made.seconds["tpot"])
    for latency in ("ttft", "tpot", "itl", "e2e"):
        rows = [np.broadcast_to(made.at(latency, one), RATES.shape) for one in PERCENTILES]
        assert np.all(np.diff(np.stack(rows), axis=0) >= -1e-9)


def test_spread_prompts_wait_longer():
    spread = ask(RATES, requests=Requests(2048.0, 256.0, spread=Spread(input=1.0)))
    assert np.all(spread.seconds["ttft"] >= ask(RATES).seconds["ttft"])


def test_goodput_is_the_share_within_every_limit():
    made = ask(RATES)
    limit = float(made.at("ttft", Statistic.P90)[0, -1])
    assert made.kept({"ttft": limit})[0, -1] == pytest.approx(0.9, abs=1e-3)
    assert np.all(made.kept({"ttft": limit, "tpot": 1.0}) <= made.kept({"ttft": limit}))
    assert np.all(made.kept({}) == 1.0)


def test_a_chain_of_poisson_counts_keeps_its_mean():
    mean, kept = np.array([0.2, 1.0, 2.0]), np.array([0.9, 0.6, 0.999999])
    shares = _counts(mean, kept, 4)
    assert sum(shares) == pytest.approx(np.ones(3))
    beyond = _beyond(mean, shares)
    seen = sum(count * share for count, share in enumerate(shares[:-1]))
    assert seen + beyond * shares[-1] == pytest.approx(mean)
    # Of as much variance as mean: Poisson.
    assert shares[0][2] == pytest.approx(np.exp(-2.0), rel=1e-4)


def test_spread_lengths_carry_fewer_requests():
    """Tokens are of long prompts and answers more often than of short ones."""
    alike = ask(np.ones((1, 1))).largest_rate
    spread = Requests(2048.0, 256.0, spread=Spread(0.8, 0.8))
    assert ask(np.ones((1, 1)), requests=spread).largest_rate < alike


@pytest.mark.parametrize("engine", ["vllm", "sglang"])
@pytest.mark.parametrize("share", [0.4, 0.8])
def test_percentiles_are_those_of_the_simulation(engine: str, share: float):
    scenario = Scenario(model="llama-3.1-8b", chip="h100_sxm", framework=engine)
    system, arrangement = resolve(scenario).systems[0], Aggregated(Layout())
    requests = Requests(1024.0, 256.0, spread=Spread(0.3, 0.3))

    def said(rate: float) -> Outcome:
        sizes = np.array([[rate]])
        return predict(system, (arrangement,), requests, Open(rate), sizes)

    rate = share * float(said(1.0).largest_rate[0, 0])
    trace = drawn_trace(requests, Open(rate), 6000, 2)
    found = simulate(system, arrangement, requests, trace, counts_all=False)
    p99 = said(rate)
    first = float(p99.at("ttft", Statistic.P99)[0, 0])
    whole = float(p99.at("e2e", Statistic.P99)[0, 0])
    assert first == pytest.approx(float(np.quantile(found.ttft_seconds, 0.99)), rel=0.2)
    assert whole == pytest.approx(float(np.quantile(found.e2e_seconds, 0.99)), rel=0.12)


@pytest.mark.parametrize(
    "arrangement",
    [Aggregated(Layout()), Disaggregated(Pool(Layout(), 1), Pool(Layout(), 1))],
    ids=["aggregated", "disaggregated"],
)
def test_whoever_waits_for_a_place_holds_no_memory(arrangement):
    made = predict(SYSTEM, (arrangement,), REQUESTS, Open(1.0, 1.0), np.array([[1e4]]))
    assert not made.stable[0, 0]
    assert made.memory.needed_bytes[0, 0] <= made.memory.capacity_bytes[0, 0]
