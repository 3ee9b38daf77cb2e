"""Bytes per chip against figures worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.hardware.parts.memory import MemoryPolicy, MemoryShare
from engine.hardware.parts.scheduler import Admission
from engine.serve.load import Client, Closed, Static
from engine.serve.memory.account import (
    Held,
    footprint,
    held_tokens,
    largest_batch,
    memory_items,
    needed_bytes,
)
from engine.serve.memory.budget import capacity_bytes
from engine.serve.requests import Requests
from engine.serve.room import Room
from engine.serve.system import System
from engine.work.layout import Layout
from engine.work.tokens import LayoutArrays
from tests.engine import builders


def usage_of(architecture, layout: Layout, context: float = 160.0, **chip: float):
    arrays = LayoutArrays.of([layout])
    usage = footprint(
        architecture,
        builders.BF16,
        builders.chip(**chip),
        builders.framework(),
        arrays,
        Held(context, context),
    )
    return usage, arrays


def test_weights_of_one_chip_are_all_parameters():
    model = builders.dense()
    usage, _ = usage_of(model, Layout())
    assert usage.weight_bytes[0, 0] == 2 * model.total_parameters


def test_weights_of_a_mixture_are_all_parameters():
    model = builders.mixture()
    usage, _ = usage_of(model, Layout())
    assert usage.weight_bytes[0, 0] == 2 * model.total_parameters


def test_experts_divide_over_all_ranks_of_attention_groups():
    model = builders.mixture(layers=1)
    whole, _ = usage_of(model, Layout())
    spread, _ = usage_of(model, Layout(attention_data=4, expert=4))
    experts = 8 * 3 * 1024 * 512 * 2
    assert whole.weight_bytes[0, 0] - spread.weight_bytes[0, 0] == experts * 3 / 4


def test_cache_is_paged_and_divided_by_kv_heads():
    usage, _ = usage_of(builders.dense(layers=3), Layout(tensor=4), context=161.0)
    # 161 tokens take 11 pages of 16; two KV heads over four ranks leave one each.
    assert usage.cache_bytes_per_sequence[0, 0] == 3 * 176 * 1 * 256 * 2


def test_window_bounds_the_cache():
    usage, _ = usage_of(builders.dense(layers=1, window=64), Layout(), context=10_000.0)
    assert usage.cache_bytes_per_sequence[0, 0] == 64 * 2 * 256 * 2


def test_latent_cache_is_whole_on_every_tensor_rank():
    usage, _ = usage_of(builders.latent(layers=1), Layout(tensor=8))
    assert usage.cache_bytes_per_sequence[0, 0] == 160 * 576 * 2


def test_largest_batch_is_the_last_that_fits():
    usage, arrays = usage_of(builders.dense(), Layout(), memory_bytes=1 << 28)
    most = largest_batch(usage, arrays, 100.0, 100.0)
    step = np.array(100.0)
    assert most[0, 0] > 1
    assert needed_bytes(usage, arrays, most, step)[0, 0] <= usage.capacity_bytes[0, 0]
    assert needed_bytes(usage, arrays, most + 1, step)[0, 0] > usage.capacity_bytes[0, 0]


def test_largest_batch_is_zero_when_weights_do_not_fit():
    usage, arrays = usage_of(builders.dense(), Layout(), memory_bytes=1 << 20)
    assert largest_batch(usage, arrays, 100.0, 100.0)[0, 0] == 0


@pytest.mark.parametrize("layout", [Layout(), Layout(tensor=2, pipeline=2), Layout(tensor=8)])
def test_items_sum_to_what_is_needed(layout: Layout):
    usage, arrays = usage_of(builders.dense(), layout)
    items = memory_items(usage, arrays, 0, 6, np.array(100.0))
    needed = needed_bytes(usage, arrays, np.array([[6.0]]), np.array(100.0))
    assert sum(item.bytes for item in items) == pytest.approx(needed[0, 0])


def test_one_sequence_holds_its_whole_context_and_many_the_mean_of_each():
    arrays = LayoutArrays.of([Layout()])
    held = Held(1600.0, 3200.0)
    policy = builders.framework()
    usage = footprint(builders.dense(), builders.BF16, builders.chip(), policy, arrays, held)
    token = 2 * 2 * 256 * 2
    assert usage.cache_bytes(np.array([[1.0]]))[0, 0] == 3200 * token
    assert usage.cache_bytes(np.array([[3.0]]))[0, 0] == 3 * 1600 * token


@pytest.mark.parametrize(
    ("load", "admission", "mean"),
    [
        (Closed(), Admission.TOKENS_AT_HAND, 1000 + 250),
        (Closed(Client()), Admission.TOKENS_AT_HAND, 1000 + 250),
        (Closed(), Admission.WHOLE_ANSWER, 1500),
        (Static(), Admission.TOKENS_AT_HAND, 1500),
    ],
)
def test_requests_hold_their_mean_context_unless_admitted_or_batched_whole(load, admission, mean):
    held = held_tokens(Requests(1000.0, 500.0), load, builders.framework(admission=admission))
    assert (held.mean_tokens, held.whole_tokens) == (mean, 1500)


def test_a_share_of_what_weights_leave_is_more_than_that_share_of_the_whole():
    used = np.array([[60e9]])
    chip = builders.chip(memory_bytes=100_000_000_000)
    whole, left = (
        capacity_bytes(
            builders.dense(),
            chip,
            MemoryPolicy(memory_fraction=0.9, share_of=one, reserve_bytes=0),
            used,
            LayoutArrays.of([Layout()]),
        )
        for one in (MemoryShare.TOTAL, MemoryShare.LEFT)
    )
    assert whole[0, 0] == pytest.approx(90e9)
    assert left[0, 0] == pytest.approx(60e9 + 0.9 * 40e9)


@settings(max_examples=200, deadline=None)
@given(
    model=st.sampled_from(["dense", "mixture", "latent"]),
    layout=st.builds(
        Layout,
        tensor=st.sampled_from([1, 2, 4]),
        pipeline=st.sampled_from([1, 2, 4, 8]),
        attention_data=st.sampled_from([1, 2, 3]),
    ),
    memory=st.integers(26, 34),
    prompt=st.integers(1, 20_000),
    answer=st.integers(1, 20_000),
    budget=st.sampled_from([1, 100, 8192]),
    admission=st.sampled_from(Admission),
    share=st.sampled_from(MemoryShare),
)
def test_the_largest_batch_fits_and_one_more_does_not(
    model, layout, memory, prompt, answer, budget, admission, share
):
    engine = builders.framework(
        prefill_tokens=budget, admission=admission, share_of=share, memory_fraction=0.9
    )
    system = System(
        {"dense": builders.dense(), "mixture": builders.mixture(), "latent": builders.latent()}[
            model
        ],
        builders.BF16,
        builders.chip(memory_bytes=1 << memory),
        engine,
    )
    requests = Requests(float(prompt), float(answer))
    room = Room(system, [layout], requests, Closed())
    most = float(room.memory_size[0, 0])

    def needed(batch: float) -> float:
        sizes = np.array([[batch]])
        return float(room.memory(sizes, np.ones((1, 1))).needed_bytes[0, 0])

    capacity = float(room.usage.capacity_bytes[0, 0])
    assert most == 0 or needed(most) <= capacity
    assert needed(most + 1) > capacity
    assert most % layout.attention_data == 0


def test_a_room_lets_in_what_memory_and_scheduler_do():
    engine = builders.framework(max_sequences=3)
    system = System(builders.dense(), builders.BF16, builders.chip(), engine, max_context=1500)
    layouts = [Layout(), Layout(attention_data=4)]
    room = Room(system, layouts, Requests(1000.0, 500.0), Closed())
    assert room.limit[:, 0].tolist() == [3, 12]
    assert room.context_fits.all()
    # The first token comes out of prefill: 1501 tokens have 1500 places.
    assert Room(system, layouts, Requests(1000.0, 501.0), Closed()).context_fits.all()
    assert not Room(system, layouts, Requests(1000.0, 502.0), Closed()).context_fits.any()
