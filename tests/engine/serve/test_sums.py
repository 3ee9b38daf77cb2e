"""What made a figure sums to the figure: parts to latencies, items to passes, memory to bytes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.hardware.parts.scheduler import PrefillPasses
from engine.scenario import FirstToken
from engine.serve.load import Client, Closed, Static
from engine.serve.outcome import Outcome
from engine.serve.predict import predict
from engine.serve.requests import Drafts, Requests
from engine.serve.system import System
from engine.work.arrangement import Aggregated, Arrangement, Disaggregated, Pool
from engine.work.layout import Layout
from tests.engine import builders
from tests.engine.model.forward.builders import chip as forward_chip
from tests.engine.model.forward.builders import convolution
from tests.engine.model.forward.builders import framework as forward_engine
from tests.engine.model.forward.builders import model as forward_model

MODELS = {"dense": builders.dense(), "mixture": builders.mixture(), "latent": builders.latent()}
BATCHES = np.array([1.0, 2.0, 5.0, 32.0, 500.0])
LOADS = st.sampled_from([Static(), Closed()]) | st.builds(
    Closed,
    st.builds(
        Client,
        waves=st.integers(1, 20),
        spread=st.sampled_from([0.0, 0.2]),
        statistic=st.sampled_from(FirstToken),
    ),
)
ENGINES = st.builds(
    builders.framework,
    prefill_passes=st.sampled_from(PrefillPasses),
    rank_wait_passes=st.sampled_from([0, 40]),
    prefill_interval=st.sampled_from([1.0, 8.0]),
    prefill_tokens=st.sampled_from([256, 2048, 16_384]),
    max_sequences=st.sampled_from([8, 1024]),
    admission_steps=st.sampled_from([1.0, 20.0]),
    step_seconds=st.sampled_from([0.0, 1e-3]),
    request_seconds=st.sampled_from([0.0, 0.1]),
    layer_seconds=st.sampled_from([0.0, 1e-5]),
    prompt_layer_seconds=st.sampled_from([0.0, 1e-2]),
    spacing_seconds=st.sampled_from([0.0, 1e-5]),
    prefix_caching=st.just(True),
    decode_pool_pace=st.sampled_from([1.0, 0.8]),
    handover_seconds=st.sampled_from([0.0, 0.01]),
)
REQUESTS = st.builds(
    Requests,
    st.floats(1, 20_000),
    st.floats(1, 4_000),
    st.sampled_from([0.0, 0.3, 1.0]),
    st.sampled_from([Drafts(), Drafts.even(2, 0.7)]),
)
TOGETHER = (
    Aggregated(Layout(tensor=2)),
    Aggregated(Layout(pipeline=4, replicas=2)),
    Aggregated(Layout(tensor=2, attention_data=4, expert=8)),
)
APART = (
    Disaggregated(Pool(Layout(tensor=2), 3), Pool(Layout(), 2)),
    Disaggregated(Pool(Layout(), 1), Pool(Layout(tensor=4, pipeline=2), 1)),
)


def outcome_of(model, engine, requests, load, arrangements: tuple[Arrangement, ...]) -> Outcome:
    system = System(MODELS[model], builders.BF16, builders.chip(floor_seconds=2e-6), engine)
    return predict(system, arrangements, requests, load, BATCHES)


def assert_figures_are_sums(outcome: Outcome) -> None:
    for metric, parts in outcome.parts.items():
        total = sum(np.broadcast_to(one.seconds, outcome.shape) for one in parts)
        np.testing.assert_allclose(total, outcome.seconds[metric], rtol=1e-9, err_msg=metric)
    for phase, made in outcome.passes.items():
        total = sum(np.broadcast_to(one.seconds, outcome.shape) for one in made.items())
        seconds = np.broadcast_to(made.seconds, outcome.shape)
        np.testing.assert_allclose(total, seconds, rtol=1e-9, err_msg=phase)
    for row in np.ndindex(*outcome.shape):
        made = outcome.items(row)
        needed = float(np.broadcast_to(outcome.memory.needed_bytes, outcome.shape)[row])
        assert sum(one.bytes for one in made.memory) == pytest.approx(needed, rel=1e-9)
        for metric, parts in made.parts.items():
            total = sum(float(one.seconds) for one in parts)
            assert total == pytest.approx(float(outcome.seconds[metric][row]), rel=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(MODELS)), ENGINES, REQUESTS, LOADS)
def test_of_replicas(model, engine, requests, load):
    assert_figures_are_sums(outcome_of(model, engine, requests, load, TOGETHER))


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(sorted(MODELS)), ENGINES, REQUESTS, LOADS)
def test_of_pools(model, engine, requests, load):
    assert_figures_are_sums(outcome_of(model, engine, requests, load, APART))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(MODELS)), ENGINES, REQUESTS, LOADS)
def test_nobody_waits_less_than_nothing(model, engine, requests, load):
    """So that a reader of parts may leave out those of no length."""
    for arrangements in (TOGETHER, APART):
        outcome = outcome_of(model, engine, requests, load, arrangements)
        for parts in outcome.parts.values():
            for one in parts:
                assert np.all(one.seconds >= -1e-12), one.name
        for made in outcome.passes.values():
            for item in made.items():
                assert np.all(item.seconds >= 0), item.name


@settings(max_examples=40, deadline=None)
@given(
    layers=st.integers(1, 5),
    instances=st.integers(1, 4),
    launch=st.sampled_from([0.0, 1e-5, 1e-2]),
    half_size=st.floats(0, 8),
)
def test_of_a_forward_pass(layers, instances, launch, half_size):
    engine = forward_engine(launch_seconds=launch, batch_seconds=1e-4, image_seconds=1e-6)
    system = System(
        forward_model(*(convolution() for _ in range(layers))),
        builders.BF16,
        forward_chip(half_size=half_size),
        engine,
        instances=instances,
    )
    arrangements = (Aggregated(Layout(replicas=3)),)
    batches = np.arange(1.0, 60.0)
    outcome = predict(system, arrangements, Requests(0.0, 0.0), Static(), batches)
    made = outcome.passes["batch"]
    total = sum(one.seconds for one in made.items())
    np.testing.assert_allclose(total, outcome.seconds["latency"], rtol=1e-9)
    assert all(np.all(one.seconds >= 0) for one in made.items())
    np.testing.assert_allclose(
        sum(one.seconds for one in outcome.parts["latency"]), outcome.seconds["latency"]
    )


def test_every_phase_of_a_part_is_a_pass():
    outcome = outcome_of(
        "dense", builders.framework(), Requests(512.0, 64.0), Closed(Client()), TOGETHER
    )
    phases = {one.phase for parts in outcome.parts.values() for one in parts} - {""}
    assert phases == set(outcome.passes) == {"prefill", "decode"}
