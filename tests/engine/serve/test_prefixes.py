"""What prompts share with those before them: prefilled once, held once, context all the same."""

import numpy as np
import pytest

from engine.scenario import Scenario, Workload
from engine.serve.asked import conversation, requests_of
from engine.serve.load import Closed
from engine.serve.memory.account import held_tokens
from engine.serve.outcome import Outcome
from engine.serve.predict import largest_sizes, predict
from engine.serve.requests import Requests
from engine.serve.resolve import resolve
from engine.work.arrangement import Aggregated
from engine.work.layout import Layout

SYSTEM = resolve(Scenario(model="llama-3.1-8b", chip="h100_sxm")).systems[0]
REPLICA = (Aggregated(Layout(1, 1, 1, 1, 1)),)
SIZES = np.array([[1.0, 16.0, 64.0]])


def ask(workload: Workload) -> Outcome:
    requests = requests_of(Scenario(workload=workload), SYSTEM)
    return predict(SYSTEM, REPLICA, requests, Closed(), SIZES)


def largest(workload: Workload) -> float:
    requests = requests_of(Scenario(workload=workload), SYSTEM)
    return float(largest_sizes(SYSTEM, REPLICA, requests, Closed())[0, 0])


def test_turns_of_a_conversation_add_up():
    """Three turns of 100 and answers of 50: prompts of 100, 250 and 400, of which all but the last
    100 were there before."""
    assert conversation(Workload(100, 50, turns=3)) == (250.0, 150.0)
    assert conversation(Workload(100, 50, turns=1, shared_prefix_tokens=60)) == (100.0, 60.0)
    assert conversation(Workload(100, 50, turns=2, shared_prefix_tokens=60)) == (175.0, 105.0)


def test_a_shared_prefix_is_as_fast_as_the_same_share_cached():
    shared = ask(Workload(2048, 256, shared_prefix_tokens=1024))
    cached = ask(Workload(2048, 256, cached=0.5))
    for latency in ("ttft", "tpot"):
        assert shared.seconds[latency] == pytest.approx(cached.seconds[latency])
    assert np.all(shared.seconds["ttft"] < ask(Workload(2048, 256)).seconds["ttft"])


def test_a_shared_prefix_is_held_once():
    """Of 2048 + 128 tokens on average 1024 are shared: nearly twice as many requests fit."""
    ratio = largest(Workload(2048, 256, shared_prefix_tokens=1024)) / largest(Workload(2048, 256))
    assert ratio == pytest.approx(2176 / 1152, rel=0.02)
    assert largest(Workload(2048, 256, cached=0.5)) == largest(Workload(2048, 256))


def test_an_engine_without_a_prefix_cache_shares_nothing():
    from dataclasses import replace

    scheduler = replace(SYSTEM.engine.scheduler, prefix_caching=False)
    engine = replace(SYSTEM.engine, scheduler=scheduler)
    requests = Requests(2048.0, 256.0, shared_prefix_tokens=1024.0)
    assert held_tokens(requests, Closed(), engine).shared_tokens == 0.0


def test_longer_conversations_hold_more():
    turns = [largest(Workload(1024, 128, turns=count)) for count in (1, 2, 4, 8)]
    assert turns == sorted(turns, reverse=True) and turns[0] > 2 * turns[-1]


def test_the_last_turn_must_fit_the_context():
    """Of 100 turns of 2000 tokens each the mean fits into 131,072, the last does not."""
    assert not ask(Workload(1500, 500, turns=100)).memory.context_fits.any()
    assert ask(Workload(1500, 500, turns=60)).memory.context_fits.all()
