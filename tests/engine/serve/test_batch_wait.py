"""Prompts that wait for others to share their pass (TensorRT-LLM: batch_wait_timeout_iters)."""

from __future__ import annotations

import numpy as np
import pytest

from engine.hardware.parts.scheduler import PrefillPasses
from engine.serve.batching.continuous import serve_continuous
from engine.serve.load import Client
from engine.serve.passes.deployment import Deployment
from engine.serve.requests import Requests
from engine.serve.service import Service
from engine.serve.steady import SteadyPasses, passes_until_taken, steady_passes
from engine.work.layout import Layout
from engine.work.tokens import LayoutArrays, take_inventory
from tests.engine import builders

REQUESTS = Requests(1000.0, 1001.0)


def deployment(waits: int, share: float = 1.0, ranks: int = 1) -> Deployment:
    engine = builders.framework(
        batch_wait_passes=waits,
        batch_wait_share=share,
        prefill_passes=PrefillPasses.SHARED,
        prefill_tokens=16_384,
    )
    model = builders.mixture(experts=64)
    inventory = take_inventory(model, builders.BF16, builders.chip(), engine)
    layout = Layout(attention_data=ranks, expert=ranks)
    return Deployment(inventory, builders.chip(), engine, LayoutArrays.of([layout]))


def passes(made: Deployment, batch: float = 50) -> SteadyPasses:
    return steady_passes(made, REQUESTS, None, np.array([[batch]]))


def served(made: Deployment, batch: float, client: Client | None = None) -> Service:
    size = np.array([[batch]])
    return serve_continuous(made, REQUESTS, client, size, size)


def test_a_pass_takes_those_that_came_while_the_first_waited():
    """50 sequences with answers of 1,000 steps: a prompt each 20 passes; two come in 20 more."""
    made = passes(deployment(20))
    assert float(made.interval[0, 0]) == pytest.approx(20 + 20)
    assert float(made.together[0, 0]) == pytest.approx(2)
    assert float(made.share[0, 0]) == pytest.approx(1 / 40)


def test_the_first_waits_longest_and_the_others_half_as_long():
    """The first 20 passes, one more prompt 10 on average; none of it where a request is alone."""
    made = deployment(20)
    waited = passes_until_taken(made, REQUESTS, passes(made))
    assert float(waited[0, 0]) == pytest.approx(15 * (1 - 1 / 50))
    assert float(passes_until_taken(made, REQUESTS, passes(made, 1))[0, 0]) == 0


def test_they_wait_no_longer_than_until_a_share_of_a_pass_is_full():
    """A share of three prompts and the 50 decoding: two more come in 40 passes."""
    made = passes(deployment(1000, (3000 + 50) / 16_384))
    assert float(made.interval[0, 0]) == pytest.approx(20 + 40)
    assert float(made.together[0, 0]) == pytest.approx(3)


def test_attention_ranks_do_not_wait_for_a_fuller_pass():
    assert np.array_equal(
        passes(deployment(20, ranks=8)).share, passes(deployment(0, ranks=8)).share
    )


def test_first_tokens_come_later_by_the_wait_and_others_no_later():
    plain = float(passes(deployment(20)).plain[0, 0])
    eager, patient = served(deployment(0), 50), served(deployment(20), 50)
    later = float((patient.ttft_seconds - eager.ttft_seconds)[0, 0])
    assert later == pytest.approx(15 * plain, rel=0.15)
    assert float(patient.tpot_seconds[0, 0]) <= float(eager.tpot_seconds[0, 0]) * 1.001


def test_no_first_token_waits_longer_than_the_first_of_its_pass():
    made = deployment(20)
    law = served(made, 50).laws().law("ttft")
    steady = passes(made)
    most = 20 * steady.plain + steady.mixed * 3
    assert float(law.quantile(0.97)[0, 0]) < float(most[0, 0])


def test_answers_that_end_together_leave_nobody_to_wait_beside():
    client = Client(spread=0.0)
    patient, eager = (served(deployment(waits), 50, client) for waits in (20, 0))
    assert np.allclose(patient.ttft_seconds, eager.ttft_seconds)
