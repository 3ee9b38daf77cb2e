"""Serving metrics: hand-computed cases and what must never happen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.hardware.parts.scheduler import PrefillPasses
from engine.scenario import Mode, Scenario, Workload
from engine.serve.batching.continuous import serve_continuous
from engine.serve.batching.static import serve_static
from engine.serve.passes.deployment import Deployment
from engine.serve.passes.run import run
from engine.serve.requests import Drafts, Requests
from engine.serve.service import Service
from engine.work.layout import Layout
from engine.work.tokens import LayoutArrays, decode_step, prefill_step, take_inventory
from tests.engine import builders

BATCHES = np.arange(1, 201, dtype=float)[np.newaxis, :]
UNLIMITED = np.array([[np.inf]])


def deployment(architecture=None, layout: Layout | None = None, **framework) -> Deployment:
    chip = builders.chip(floor_seconds=2e-6)
    runtime = builders.framework(**framework)
    model = architecture or builders.dense()
    inventory = take_inventory(model, builders.BF16, chip, runtime)
    return Deployment(inventory, chip, runtime, LayoutArrays.of([layout or Layout()]))


def scenario(mode: Mode, isl: int = 512, osl: int = 128, **changes) -> Scenario:
    return replace(Scenario(workload=Workload(isl, osl, mode)), **changes)


def serve(subject: Deployment, chosen: Scenario, batch) -> Service:
    workload = chosen.workload
    drafts = Drafts.even(chosen.draft_tokens, chosen.acceptance or 0.0)
    requests = Requests(float(workload.input_tokens), float(workload.output_tokens), 0.0, drafts)
    if workload.mode is Mode.STATIC:
        return serve_static(subject, requests, batch)
    return steady(subject, requests, batch)


def steady(subject: Deployment, requests: Requests, batch) -> Service:
    return serve_continuous(subject, requests, None, batch, UNLIMITED)


def test_pass_is_the_sum_of_kernels_on_a_memory_bound_chip():
    """One token through an ideal chip takes its bytes over the bandwidth, nearly."""
    chip = builders.chip(peak=1e30, order=1.0)
    model = builders.dense()
    inventory = take_inventory(model, builders.BF16, chip, builders.framework())
    ideal = Deployment(inventory, chip, builders.framework(), LayoutArrays.of([Layout()]))
    step = decode_step(np.array([[1.0]]), ideal.layouts, 10, 2)
    matrices = model.total_parameters - model.embedding_parameters - 5 * 1024
    seconds = run(ideal, [step]).seconds[0, 0]
    assert seconds == pytest.approx(2 * matrices / 1e12, rel=0.01)


def test_static_ttft_is_the_prefill_of_the_whole_batch():
    subject = deployment(request_seconds=0.25)
    batch = np.array([[4.0]])
    service = serve(subject, scenario(Mode.STATIC), batch)
    prefill = run(subject, [prefill_step(batch, subject.layouts, 512)])
    assert service.ttft_seconds[0, 0] == pytest.approx(prefill.seconds[0, 0] + 0.25)


def test_static_request_rate_counts_prefill_time():
    service = serve(deployment(), scenario(Mode.STATIC), BATCHES)
    e2e = service.ttft_seconds + 127 * service.tpot_seconds
    assert service.request_tps == pytest.approx(BATCHES * 128 / e2e)


def test_one_output_token_ends_with_the_prefill():
    service = serve(deployment(), scenario(Mode.STATIC, osl=1), BATCHES)
    assert service.e2e_seconds == pytest.approx(service.ttft_seconds)


@pytest.mark.parametrize("passes", PrefillPasses)
def test_prompts_found_in_the_cache_do_not_hold_up_tokens(passes: PrefillPasses):
    """With every prompt cached a token takes little more than a decode pass, a first one half a
    pass of waiting and the next, that computes its last token."""
    subject = deployment(prefill_passes=passes, request_seconds=0.25)
    cold, warm = (
        steady(subject, Requests(512.0, 128.0, cached=share), BATCHES) for share in (0.0, 1.0)
    )
    step = run(subject, [decode_step(BATCHES, subject.layouts, 512.0, 128.0)]).seconds
    assert np.all(warm.tpot_seconds >= step)
    assert np.all(warm.ttft_seconds >= 0.25 + step)
    assert np.all(warm.ttft_seconds <= cold.ttft_seconds)
    assert np.all((cold.tpot_seconds > warm.tpot_seconds)[0, 1:])


def test_who_is_alone_waits_for_nobodys_prompt():
    """A lone request's prompt is in its first token, however long, and not in those after it."""
    alone = serve(deployment(), scenario(Mode.CONTINUOUS, isl=100_000, osl=64), BATCHES[:, :1])
    static = serve(deployment(), scenario(Mode.STATIC, isl=100_000, osl=64), BATCHES[:, :1])
    assert alone.tpot_seconds == pytest.approx(static.tpot_seconds)


def test_half_of_the_prompts_cached_is_between_all_and_none():
    none, half, every = (
        steady(deployment(), Requests(512.0, 128.0, cached=share), BATCHES).tpot_seconds
        for share in (0.0, 0.5, 1.0)
    )
    assert np.all(((every < half) & (half < none))[0, 1:])


def test_continuous_tpot_includes_the_prefill_it_waits_for():
    static = serve(deployment(), scenario(Mode.STATIC), BATCHES)
    continuous = serve(deployment(), scenario(Mode.CONTINUOUS), BATCHES)
    assert np.all((continuous.tpot_seconds > static.tpot_seconds)[0, 1:])


def test_sharing_a_pass_costs_no_more_than_a_pass_of_its_own():
    shared = serve(deployment(), scenario(Mode.CONTINUOUS), BATCHES)
    apart = serve(deployment(prefill_passes=PrefillPasses.OWN), scenario(Mode.CONTINUOUS), BATCHES)
    assert np.all(shared.tpot_seconds <= apart.tpot_seconds * (1 + 1e-9))


def test_runtime_costs_add_to_every_step():
    ideal = serve(deployment(), scenario(Mode.STATIC), BATCHES)
    costly = serve(
        deployment(step_seconds=1e-3, layer_seconds=1e-4, sequence_seconds=1e-5),
        scenario(Mode.STATIC),
        BATCHES,
    )
    added = 1e-3 + 2 * 1e-4 + 1e-5 * BATCHES
    assert costly.tpot_seconds - ideal.tpot_seconds == pytest.approx(added)


def test_passes_with_prompts_are_never_shorter_than_their_launches():
    """Two layers of 0.2 s each; decode passes alone are captured graphs."""
    slow = deployment(prompt_layer_seconds=0.2)
    prompt = prefill_step(np.array([[1.0]]), slow.layouts, 16)
    alone = decode_step(np.array([[1.0]]), slow.layouts, 16, 16)
    assert run(slow, [prompt]).seconds[0, 0] == pytest.approx(0.4)
    assert run(slow, [alone, prompt]).seconds[0, 0] == pytest.approx(0.4)
    assert run(slow, [alone]).seconds[0, 0] < 0.1


def test_without_graphs_no_pass_is_shorter_than_its_launches():
    eager = deployment(prompt_layer_seconds=1e-3, replays_graphs=False)
    layers = eager.inventory.layer_count
    step = decode_step(np.array([[1.0]]), eager.layouts, 10, 2)
    assert run(eager, [step]).seconds[0, 0] >= 1e-3 * layers
    assert run(deployment(prompt_layer_seconds=1e-3), [step]).seconds[0, 0] < 1e-3 * layers
    # A layer with experts is launched in as many kernels as two without.
    mixture = deployment(builders.mixture(), prompt_layer_seconds=1e-3, replays_graphs=False)
    experts, layers = mixture.inventory.expert_layers, mixture.inventory.layer_count
    assert experts > 0
    least = 1e-3 * (layers + experts)
    assert run(mixture, [step]).seconds[0, 0] == pytest.approx(least, rel=0.01)


def test_more_requests_than_prefill_can_feed_wait_before_their_first_token():
    busy = scenario(Mode.CONTINUOUS, isl=16_384, osl=8)
    service = serve(deployment(prefill_tokens=2048), busy, BATCHES)
    rate = service.request_tps[0] / 8
    assert rate[-1] == pytest.approx(rate[-2], rel=0.02)
    assert service.ttft_seconds[0, -1] > 5 * service.ttft_seconds[0, 0]


@pytest.mark.parametrize(
    ("draft", "acceptance", "expected"), [(0, 0.9, 1), (2, 0.5, 1.75), (3, 1, 4)]
)
def test_tokens_per_speculative_step(draft: int, acceptance: float, expected: float):
    assert Drafts.even(draft, acceptance).accepted == pytest.approx(expected)


MODELS = {"dense": builders.dense(), "mixture": builders.mixture(), "latent": builders.latent()}
LAYOUTS = [
    Layout(),
    Layout(tensor=2),
    Layout(tensor=8),
    Layout(pipeline=2),
    Layout(tensor=2, attention_data=2, expert=4),
    Layout(attention_data=8, expert=8),
]


@settings(max_examples=60, deadline=None)
@given(
    model=st.sampled_from(sorted(MODELS)),
    layout=st.sampled_from(LAYOUTS),
    mode=st.sampled_from(list(Mode)),
    isl=st.integers(1, 50_000),
    osl=st.integers(1, 5_000),
    chunk=st.sampled_from([256, 2048, 8192]),
    passes=st.sampled_from(list(PrefillPasses)),
    draft=st.integers(0, 3),
)
def test_tpot_never_falls_as_batch_grows(model, layout, mode, isl, osl, chunk, passes, draft):
    if MODELS[model].is_mixture is False and layout.attention_data > 1:
        layout = Layout(tensor=layout.tensor)
    subject = deployment(MODELS[model], layout, prefill_tokens=chunk, prefill_passes=passes)
    chosen = scenario(mode, isl, osl, draft_tokens=draft, acceptance=0.6)
    tpot = serve(subject, chosen, BATCHES).tpot_seconds[0]
    assert np.all(np.isfinite(tpot))
    assert np.all(np.diff(tpot) >= -1e-9 * tpot[:-1])


@settings(max_examples=40, deadline=None)
@given(layout=st.sampled_from(LAYOUTS), isl=st.integers(1, 20_000), osl=st.integers(1, 2_000))
def test_static_ttft_never_falls_as_batch_grows(layout, isl, osl):
    subject = deployment(MODELS["mixture"], layout)
    ttft = serve(subject, scenario(Mode.STATIC, isl, osl), BATCHES).ttft_seconds[0]
    assert np.all(np.diff(ttft) >= -1e-12)


def test_graphs_fill_attention_ranks_up_to_those_with_a_prompt():
    """Only where prompts are short enough to be replayed, and only with attention-DP."""
    parallel = Layout(1, 1, 4, 4)
    batch = np.array([[64.0]])

    def tpot(isl: int, layout: Layout, **framework: int) -> float:
        subject = deployment(builders.mixture(), layout, **framework)
        found = serve(subject, scenario(Mode.CONTINUOUS, isl), batch)
        return float(found.tpot_seconds[0, 0])

    assert tpot(512, parallel, graph_tokens=1024) > 1.01 * tpot(512, parallel)
    assert tpot(2048, parallel, graph_tokens=1024) == tpot(2048, parallel)
    assert tpot(512, Layout(), graph_tokens=1024) == tpot(512, Layout())
