"""What holds of every load that comes by itself: whatever engine, lengths, bursts, arrangement."""

from __future__ import annotations

from functools import cache

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as some

from engine.scenario import Scenario
from engine.serve.load import Open
from engine.serve.outcome import Outcome
from engine.serve.predict import predict
from engine.serve.requests import Requests, Spread
from engine.serve.resolve import resolve
from engine.serve.simulation.generate import drawn_trace
from engine.serve.simulation.simulate import simulate
from engine.serve.system import System
from engine.words.statistic import PERCENTILES
from engine.work.arrangement import Aggregated, Arrangement, Disaggregated, Pool
from engine.work.layout import Layout

USED = np.array([[0.02, 0.2, 0.4, 0.6, 0.75, 0.85, 0.92]])
ONE = Aggregated(Layout(1))
ARRANGEMENTS: tuple[Arrangement, ...] = (
    ONE,
    Aggregated(Layout(2)),
    Aggregated(Layout(1, 2)),
    Aggregated(Layout(1, 1, 1, 1, 3)),
    Disaggregated(Pool(Layout(1), 1), Pool(Layout(1), 2)),
)
LENGTHS = some.tuples(some.sampled_from([500, 3000, 9000]), some.sampled_from([100, 700]))
ENGINES = some.sampled_from(["vllm", "sglang", "trtllm"])
SHAPES = some.sampled_from([0.3, 1.0, 4.0])
few = settings(max_examples=20, deadline=None)


@cache
def system(engine: str) -> System:
    return resolve(Scenario(model="llama-3.1-8b", chip="h100_sxm", framework=engine)).systems[0]


def asked(
    engine: str,
    arrangement: Arrangement,
    lengths: tuple[int, int],
    spread: float = 0.0,
    shape: float = 1.0,
    used: np.ndarray = USED,
) -> tuple[Outcome, np.ndarray]:
    """What is predicted at shares of the largest rate, and the rates."""
    requests = Requests(float(lengths[0]), float(lengths[1]), spread=Spread(spread, spread))
    known = system(engine)
    most = predict(known, (arrangement,), requests, Open(1.0, shape), np.ones((1, 1))).largest_rate
    rates = used * float(most[0, 0])
    return predict(known, (arrangement,), requests, Open(1.0, shape), rates), rates


CASES = {
    "engine": ENGINES,
    "arrangement": some.sampled_from(ARRANGEMENTS),
    "lengths": LENGTHS,
    "spread": some.sampled_from([0.0, 0.5, 1.0]),
    "shape": SHAPES,
}


@few
@given(**CASES)
def test_latencies_rise_with_the_rate_and_with_the_percentile(
    engine: str, arrangement: Arrangement, lengths: tuple[int, int], spread: float, shape: float
):
    made, rates = asked(engine, arrangement, lengths, spread, shape)
    for latency in ("ttft", "tpot", "e2e"):
        rows = np.stack(
            [np.broadcast_to(made.at(latency, one), rates.shape)[0] for one in PERCENTILES]
        )
        assert np.all(np.diff(rows, axis=0) >= -1e-9 * rows[1:])
        # Ranks hold whole sequences, and what is in flight varies less where places run out: in
        # bursts a percentile near the largest rate may lie a little below that of a smaller one.
        dip = 0.05 if shape < 1.0 else 0.01
        assert np.all(np.diff(rows, axis=1) >= -dip * rows[:, 1:]), (latency, rows)


@few
@given(**CASES)
def test_in_flight_is_rate_times_stay_and_goodput_a_share(
    engine: str, arrangement: Arrangement, lengths: tuple[int, int], spread: float, shape: float
):
    made, rates = asked(engine, arrangement, lengths, spread, shape)
    assert made.flow is not None
    there = made.flow.in_flight * arrangement.replicas
    np.testing.assert_allclose(there, rates * made.seconds["e2e"])
    middle = {name: float(np.median(made.seconds[name])) for name in ("ttft", "tpot", "e2e")}
    good = np.broadcast_to(made.kept(middle), rates.shape)[0]
    assert np.all((good >= 0.0) & (good <= 1.0))
    assert np.all(np.diff(good) <= 2e-2), good


@few
@given(**CASES)
def test_what_is_stable_stays_so_up_to_one_rate(
    engine: str, arrangement: Arrangement, lengths: tuple[int, int], spread: float, shape: float
):
    used = np.array([[0.1, 0.5, 0.9, 0.99, 1.01, 1.5, 10.0]])
    made, _ = asked(engine, arrangement, lengths, spread, shape, used)
    assert made.stable[0].tolist() == [True] * 4 + [False] * 3
    assert np.all(np.isfinite(made.seconds["e2e"]))


@few
@given(engine=ENGINES, arrangement=some.sampled_from(ARRANGEMENTS), lengths=LENGTHS)
def test_bursts_and_spreads_wait_no_shorter(
    engine: str, arrangement: Arrangement, lengths: tuple[int, int]
):
    """At the same number of requests per second."""
    known, spread = system(engine), Spread()
    _, rates = asked(engine, arrangement, lengths, 1.0, used=np.array([[0.3, 0.6]]))

    def last(input_spread: float, shape: float) -> np.ndarray:
        requests = Requests(*map(float, lengths), spread=Spread(input_spread, spread.output))
        made = predict(known, (arrangement,), requests, Open(1.0, shape), rates)
        return np.broadcast_to(made.at("ttft", PERCENTILES[-1]), rates.shape)[0]

    usual = last(0.0, 1.0)
    assert np.all(last(0.0, 0.4) >= usual * 0.99)
    assert np.all(last(0.6, 1.0) >= usual * 0.99)


@settings(max_examples=6, deadline=None)
@given(engine=ENGINES, shape=SHAPES, used=some.sampled_from([0.3, 0.8]))
def test_in_a_simulation_as_many_are_there_as_come_and_stay(engine: str, shape: float, used: float):
    """Little's law, whatever the engine does."""
    _, rates = asked(engine, ONE, (1024, 128), 0.5, shape, np.array([[used]]))
    load = Open(float(rates[0, 0]), shape)
    requests = Requests(1024.0, 128.0, spread=Spread(0.5, 0.5))
    trace = drawn_trace(requests, load, 3000, 5)
    found = simulate(system(engine), ONE, requests, trace)
    line = found.line
    there = float(
        np.sum((line.waiting + line.running) * np.diff(line.seconds, prepend=0.0))
        / line.seconds[-1]
    )
    # Before the engine hears of a request nobody sees it there.
    heard = system(engine).engine.costs.request_seconds
    stay = float((found.e2e_seconds - heard).sum()) / line.seconds[-1]
    assert abs(there - stay) <= 0.02 * stay + 0.05
