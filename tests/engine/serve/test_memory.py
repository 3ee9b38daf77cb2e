"""Bytes per chip against figures worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from engine.serve.memory import Held, footprint, largest_batch, memory_items, needed_bytes
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
