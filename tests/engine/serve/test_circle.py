"""Clients on pools of their own: what can be worked out on paper, and what no load may break."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from engine.hardware.parts.costs import Costs
from engine.serve.load import Closed
from engine.serve.predict import predict
from engine.serve.simulation.circle import Circle
from engine.serve.simulation.jobs import jobs_of
from engine.serve.simulation.serving import Served, Stopped
from engine.serve.simulation.simulate import simulate
from engine.sources.traces.trace import Trace
from engine.work.arrangement import Disaggregated, Pool
from engine.work.layout import Layout
from tests.engine.serve.test_simulation import REQUESTS, site, system

__all__ = ["system"]

COSTS = Costs(step_seconds=0.0, sequence_seconds=0.0, request_seconds=0.0)
"""Without any seconds of hand-over."""


def lengths(*requests: tuple[float, float]) -> Trace:
    """Of (input, output), without times."""
    inputs, outputs = (np.array(one, dtype=float) for one in zip(*requests, strict=True))
    return Trace("test", inputs, outputs, None)


def circled(asked: Trace, clients: int, moved: float = 0.0, tell=lambda done: True, **room):
    jobs = jobs_of(asked, np.zeros(len(asked)), np.zeros(len(asked)), 1.0)
    both = site(**room), site(**room)
    return Circle(*both, jobs, np.full(len(asked), moved), COSTS).run(clients, tell)


def test_one_client_sends_when_its_answer_is_there():
    # A pass of its prompt, two seconds of the way, four steps of a second: then the next one.
    read, answered = circled(lengths((50, 5), (50, 5)), 1, moved=2.0)
    assert read.arrival.tolist() == [0.0, 7.0]
    assert answered.first.tolist() == [3.0, 10.0]
    assert answered.last.tolist() == [7.0, 14.0]


def test_a_prompt_is_read_while_others_decode():
    # Two prompts share no pass; the second is read during the first one's steps.
    read, answered = circled(lengths((100, 10), (100, 10)), 2)
    assert read.first.tolist() == [1.0, 2.0]
    assert answered.last.tolist() == [10.0, 11.0]


def test_who_comes_during_a_long_run_of_steps_starts_at_the_next_one():
    read, answered = circled(lengths((100, 50), (150, 2)), 2, moved=0.5)
    # Read after three passes, there at 3.5: the steps begun at 1.5 end at 3.5.
    assert read.first.tolist() == [1.0, 3.0]
    assert answered.first[1] == 3.5


def test_what_never_fits_takes_no_client():
    read, answered = circled(lengths((200, 5), (40, 5), (40, 5)), 1, tokens=100)
    assert answered.last.tolist() == [-1.0, 5.0, 10.0]
    assert read.arrival[1] == 0.0


def test_who_says_no_stops_it():
    with pytest.raises(Stopped):
        circled(lengths(*[(10.0, 3.0)] * 2000), 3, tell=lambda done: False)


def in_flight(read: Served, answered: Served) -> int:
    """The most requests that are under way together."""
    times = [(one, 1) for one in read.arrival] + [(one, -1) for one in answered.last]
    return max(np.cumsum([by for _, by in sorted(times)]))


@settings(max_examples=30, deadline=None)
@given(
    some.lists(some.tuples(some.integers(1, 300), some.integers(1, 40)), min_size=1, max_size=40),
    some.integers(1, 12),
    some.floats(0.0, 9.0),
)
def test_all_are_answered_and_no_client_has_two(requests, clients: int, moved: float):
    read, answered = circled(lengths(*requests), clients, moved)
    assert np.all(answered.last >= answered.first)
    assert np.all(answered.first >= read.first + moved)
    assert in_flight(read, answered) <= clients


def test_means_are_those_of_the_prediction(system):
    pools = Disaggregated(Pool(Layout(1), 2), Pool(Layout(1), 2))
    asked = lengths(*[(1000.0, 100.0)] * 1000)
    found = simulate(system, pools, REQUESTS, asked, clients=48, counts_all=False)
    said = predict(system, (pools,), REQUESTS, Closed(), np.full((1, 1), 48.0)).seconds
    assert found.e2e_seconds.mean() == pytest.approx(float(said["e2e"][0, 0]), rel=0.05)
    assert np.nanmean(found.tpot_seconds) == pytest.approx(float(said["tpot"][0, 0]), rel=0.05)
