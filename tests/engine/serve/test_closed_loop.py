"""Closed-loop clients: the opening burst, waves of equal answers, and who waits for whom."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.hardware.parts.scheduler import PrefillPasses
from engine.scenario import FirstToken
from engine.serve.batching.continuous import serve_continuous
from engine.serve.load import Client
from engine.serve.passes.deployment import Deployment
from engine.serve.passes.run import run
from engine.serve.requests import Requests
from engine.serve.service import Service
from engine.work.layout import Layout
from engine.work.tokens import LayoutArrays, decode_step, prefill_step, take_inventory
from tests.engine import builders

ALONE = np.array([[1.0]])
MANY = np.array([[32.0]])
UNLIMITED = np.array([[np.inf]])


def deployment(**framework) -> Deployment:
    chip = builders.chip(floor_seconds=2e-6)
    runtime = builders.framework(**framework)
    inventory = take_inventory(builders.dense(), builders.BF16, chip, runtime)
    return Deployment(inventory, chip, runtime, LayoutArrays.of([Layout()]))


def served(subject: Deployment, batch, client: Client | None, prompt: float = 1024.0) -> Service:
    return serve_continuous(subject, Requests(prompt, 256.0), client, batch, UNLIMITED)


def ttft(subject: Deployment, batch, client: Client | None) -> float:
    return float(served(subject, batch, client).ttft_seconds[0, 0])


def test_a_lone_request_never_waits():
    subject = deployment(
        request_seconds=0.01, prefill_passes=PrefillPasses.OWN, prefill_tokens=4096
    )
    prompt = run(subject, [prefill_step(ALONE, subject.layouts, 1024.0)]).seconds[0, 0]
    found = ttft(subject, ALONE, None)
    assert 0.01 + prompt < found < 0.01 + prompt * 1.5


def test_the_mean_counts_the_opening_burst_and_the_median_does_not():
    subject = deployment()
    steady = ttft(subject, MANY, None)
    assert ttft(subject, MANY, Client(statistic=FirstToken.MEDIAN)) == pytest.approx(steady)
    assert ttft(subject, MANY, Client()) > steady


def test_the_burst_weighs_less_the_more_requests_follow_it():
    subject = deployment()
    steady = ttft(subject, MANY, None)
    short = ttft(subject, MANY, Client(waves=10)) - steady
    long = ttft(subject, MANY, Client(waves=20)) - steady
    assert long == pytest.approx(short / 2)


def test_half_of_the_opening_prompts_stand_before_the_mean_one():
    subject = deployment(prefill_passes=PrefillPasses.OWN, prefill_tokens=1024)
    each = run(subject, [prefill_step(ALONE, subject.layouts, 1024.0)]).seconds[0, 0]
    extra = ttft(subject, MANY, Client(waves=1)) - ttft(subject, MANY, None)
    assert extra == pytest.approx(0.5 * 32 * each, rel=0.1)


def prompt_seconds(subject: Deployment, prompts: float) -> float:
    """A pass of so many prompts before one of the decoding sequences."""
    decoding = run(subject, [decode_step(8 * ALONE, subject.layouts, 1024.0, 256.0)])
    prefill = run(subject, [prefill_step(prompts * ALONE, subject.layouts, 1024.0)])
    return float((decoding.seconds + prefill.seconds)[0, 0])


def test_the_first_of_equal_answers_starts_alone_and_the_others_follow_together():
    """Of eight successors that come at once seven wait for the first one's pass; all seven fit
    the next."""
    subject = deployment(prefill_passes=PrefillPasses.OWN, prefill_tokens=16_384)
    first, rest = prompt_seconds(subject, 1), prompt_seconds(subject, 7)
    found = ttft(subject, 8 * ALONE, Client(spread=0.0))
    assert found == pytest.approx(first + 7 / 8 * rest)


def test_a_front_end_that_spaces_requests_shortens_the_wait_for_the_first():
    subject = deployment(prefill_passes=PrefillPasses.OWN, prefill_tokens=16_384)
    spaced = replace(subject, framework=subject.framework.changed(spacing_seconds=1e-5))
    at_once, apart = (ttft(one, 8 * ALONE, Client(spread=0.0)) for one in (subject, spaced))
    assert at_once - apart == pytest.approx(7 / 8 * 4 * 1e-5)


def test_a_wave_waits_for_all_of_its_prompts_where_they_go_before_decoding():
    """One prompt of 1024 fills a pass: of 32 more each waits for 16 more on average. Where prompts
    share passes with decoding, those that are through end sooner and waves drift apart."""
    waits = {}
    for mode in PrefillPasses:
        subject = deployment(prefill_passes=mode, prefill_tokens=1024)
        few, many = (ttft(subject, n * ALONE, Client(spread=0.0)) for n in (33, 65))
        waits[mode] = many - few
    own = deployment(prefill_passes=PrefillPasses.OWN, prefill_tokens=1024)
    prompt = run(own, [prefill_step(ALONE, own.layouts, 1024.0)]).seconds[0, 0]
    assert waits[PrefillPasses.OWN] > 16 * prompt
    assert waits[PrefillPasses.SHARED] < 4 * prompt


def test_a_pass_takes_no_more_prompts_than_the_engine_allows():
    free = deployment(prefill_passes=PrefillPasses.OWN, prefill_tokens=65_536)
    bound = replace(free, framework=free.framework.changed(prefill_requests=4))
    client = Client(spread=0.0)
    assert ttft(bound, MANY, client) < ttft(free, MANY, client)


def test_looking_at_the_queue_seldom_delays_first_tokens_and_spares_passes():
    often, seldom = deployment(), deployment(admission_steps=30)
    first, second = (served(one, MANY, None, prompt=256.0) for one in (often, seldom))
    assert second.ttft_seconds[0, 0] > first.ttft_seconds[0, 0]
    assert second.tpot_seconds[0, 0] <= first.tpot_seconds[0, 0]


def test_who_started_last_decodes_after_all_prompts_are_read():
    """A burst of prompts that just fill passes lasts as long as its rate says and an answer more,
    in passes of half of the sequences; of twenty per slot, a twentieth of that each."""
    subject = deployment(prefill_tokens=512)

    def seconds(waves: int) -> float:
        client = Client(waves=waves, spread=0.0)
        rate = served(subject, MANY, client, prompt=3840.0).request_tps[0, 0]
        return float(MANY[0, 0]) * 256.0 / rate

    once, often = seconds(1), seconds(20)
    step = decode_step(MANY / 2.0, subject.layouts, 3840.0, 256.0)
    half = run(subject, [step]).seconds[0, 0]
    assert once - often == pytest.approx(0.95 * 256.0 * half, rel=0.05)
