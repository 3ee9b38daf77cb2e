"""A deployment to simulate: what a person chose, and the requests that it gets."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from engine.scenario import Scenario
from engine.serve.asked import requests_of, undrafted_requests
from engine.serve.load import Closed, Load, Open
from engine.serve.outcome import Outcome
from engine.serve.predict import predict
from engine.serve.requests import Requests
from engine.serve.resolve import Resolved, resolve
from engine.serve.service import HOST_PART
from engine.serve.simulation.generate import (
    MOST_REQUESTS,
    contexts_before,
    drawn_trace,
    in_turns,
)
from engine.serve.simulation.serving import Progress
from engine.serve.simulation.simulate import simulate
from engine.serve.simulation.simulated import Simulated
from engine.serve.system import System
from engine.sources.traces.trace import Trace
from engine.words.arrays import FloatArray
from engine.words.errors import InputError
from engine.words.messages import say
from engine.work.arrangement import Arrangement

USUAL_COUNT = 5000
"""Requests that are drawn where nobody says: p99 is then known to a few percent, in a second."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is simulated: a scenario on an arrangement, for requests of a ``trace`` or drawn ones.

    They come at the scenario's rate (a trace's times are stretched to it), at a trace's own times,
    or from ``clients``. ``count`` and ``seconds`` end them; None is all of a trace.
    """

    scenario: Scenario
    arrangement: Arrangement
    precision: int = 0
    trace: Trace | None = None
    clients: int = 0
    count: int | None = None
    seconds: float | None = None
    seed: int = 0

    @property
    def load(self) -> Open | None:
        """Requests that come at the scenario's rate; None where it has none."""
        workload = self.scenario.workload
        if self.clients or not workload.rate:
            return None
        return Open(workload.rate, workload.burstiness)

    def requests(self, resolved: Resolved | None = None) -> Trace:
        """The requests with their times, images in the prompts; raises `InputError`."""
        load = self.load
        model = (resolved or resolve(self.scenario)).model.architecture
        requests = undrafted_requests(self.scenario, model)
        if self.trace is not None:
            return self._cut(_seeing(self._timed(self.trace), requests))
        if load is None and not self.clients:
            raise InputError(
                say(
                    "simulate: found no load, expected --rate, --concurrency or "
                    "--requests with times"
                )
            )
        count = self.count
        if count is None and self.seconds is not None and load is not None:
            # As many as come in that time, and some more to be cut.
            count = int(load.rate * self.seconds * 1.2 + 100)
        count = min(count or USUAL_COUNT, MOST_REQUESTS)
        drawn, turns = drawn_trace(requests, load, count, self.seed), self.scenario.workload.turns
        if turns > 1:
            drawn = in_turns(drawn, requests, turns, self.seed)
        return self._cut(drawn)

    def _timed(self, trace: Trace) -> Trace:
        load = self.load
        if self.clients:
            return replace(trace, arrival_seconds=None)
        if trace.arrival_seconds is None:
            if load is None:
                raise InputError(
                    say(
                        "{trace}: has no times, expected --rate or --concurrency with it",
                        trace=trace.name,
                    )
                )
            from engine.serve.simulation.generate import drawn_arrivals

            random = np.random.default_rng(self.seed)
            return replace(trace, arrival_seconds=drawn_arrivals(load, len(trace), random))
        if load is not None and trace.rate > 0:
            stretched = trace.arrival_seconds * (trace.rate / load.rate)
            return replace(trace, arrival_seconds=stretched)
        return trace

    def _cut(self, trace: Trace) -> Trace:
        count = len(trace) if self.count is None else min(self.count, len(trace))
        if self.seconds is not None and trace.arrival_seconds is not None:
            within = int(np.searchsorted(trace.arrival_seconds, self.seconds, side="right"))
            count = min(count, within)
        return trace.first(max(count, 1))


def _seeing(trace: Trace, requests: Requests) -> Trace:
    """A trace of text, with the images of each request."""
    if requests.images is None:
        return trace
    return replace(trace, input_tokens=trace.input_tokens + round(requests.images.tokens))


def overloaded(question: Question, resolved: Resolved) -> str:
    """That more comes than the deployment carries, so that waits say how long it was watched; empty
    where it carries all."""
    if question.load is None:
        return ""
    system = resolved.systems[question.precision]
    requests = requests_of(question.scenario, system)
    outcome = _predicted(question, system, requests, question.load.rate)
    most = float(outcome.largest_rate[0, 0])
    if most > question.load.rate:
        return ""
    return say(
        "{rate:g} requests/s come and about {most:.3g} are carried: the queue grows as long as "
        "they come",
        rate=question.load.rate,
        most=most,
    )


def simulated(
    question: Question, progress: Progress | None = None, resolved: Resolved | None = None
) -> Simulated:
    """Simulate; raises `InputError`, and `Stopped` where ``progress`` said so."""
    found = resolved or resolve(question.scenario)
    system: System = found.systems[question.precision]
    requests, trace = requests_of(question.scenario, system), question.requests(found)
    cached, loading = _in_caches(question, system, requests, trace)
    return simulate(
        system,
        question.arrangement,
        requests,
        trace,
        clients=question.clients,
        cached=cached,
        loading_seconds=loading,
        counts_all=question.trace is not None,
        progress=progress,
    )


def _in_caches(
    question: Question, system: System, requests: Requests, trace: Trace
) -> tuple[FloatArray | None, float]:
    """Tokens of each prompt that caches still hold when it comes, as is predicted for the whole
    load, and the seconds that those take that come from host memory. None where the simulation
    finds out by itself, from the blocks of a trace, or where nothing is asked for again."""
    asked, turns = float(np.max(requests.cached)), question.scenario.workload.turns
    if trace.blocks is not None or not asked or not system.engine.scheduler.prefix_caching:
        return None, 0.0
    rate = question.load.rate if question.load is not None else trace.rate
    outcome = _predicted(question, system, requests, rate)
    kept = min(float(outcome.cached[0, 0]) / asked, 1.0)
    shared = np.minimum(trace.input_tokens, requests.shared_prefix_tokens)
    if question.trace is None and turns > 1:
        before = contexts_before(requests, turns, len(trace), question.seed)
    else:
        before = asked * trace.input_tokens
    loading = sum(
        float(np.broadcast_to(part.seconds, outcome.shape)[0, 0])
        for part in outcome.parts["ttft"]
        if part.name == HOST_PART
    )
    return np.maximum(kept * before, shared), loading


def _predicted(question: Question, system: System, requests: Requests, rate: float) -> Outcome:
    """What is predicted at a ``rate``, or of the clients where it is 0."""
    load: Load = Open(rate, question.scenario.workload.burstiness) if rate else Closed()
    size = rate or max(question.clients / question.arrangement.replicas, 1.0)
    return predict(system, (question.arrangement,), requests, load, np.array([[size]]))
