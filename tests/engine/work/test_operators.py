"""Work of single steps against figures worked out by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.hardware.narrow_experts import fill_columns
from engine.hardware.routing import evenness
from engine.model.quantisation.stored import read_stored
from engine.work.layout import Layout
from engine.work.tokens import (
    LayoutArrays,
    Placed,
    Step,
    decode_step,
    prefill_step,
    step_messages,
    take_inventory,
)
from engine.work.tokens.experts import expected_experts
from tests.engine import builders
from tests.engine.evaluate import decode, messages_of, one, prefill, work_of


def test_qkv_is_one_gemm_of_two_mnk():
    work = work_of(builders.dense(), decode(3))["qkv"]
    assert one(work.flops) == 2 * 3 * 1024 * (1024 + 2 * 256)


def test_weight_bytes_are_read_once_and_activations_per_token():
    work = work_of(builders.dense(), decode(3))["qkv"]
    assert one(work.bytes) == 2 * 1024 * 1536 + 3 * (1024 * 2 + 1536 * 2)


def test_kv_heads_are_replicated_beyond_their_number():
    work = work_of(builders.dense(), decode(1, Layout(tensor=8)), Layout(tensor=8))["qkv"]
    # One query head of 128 and one whole KV head (of two) for keys and for values.
    assert one(work.flops) == 2 * 1024 * (128 + 128 + 128)


def test_down_projection_divides_its_inputs():
    work = work_of(builders.dense(), decode(1, Layout(tensor=4)), Layout(tensor=4))["down"]
    assert one(work.bytes) == 2 * 1024 * 1024 + (1024 * 2 + 1024 * 2)


def test_decode_attention_reads_the_cache_once():
    work = work_of(builders.dense(), decode(2, isl=99))["attention"]
    cache = 2 * 100 * 2 * (128 + 128) * 2
    own = 2 * 8 * 256 * 2
    assert one(work.bytes) == cache + own


def test_decode_attention_scores_every_cached_token():
    work = work_of(builders.dense(), decode(2, isl=99))["attention"]
    assert one(work.flops) == 2 * 2 * 8 * (128 + 128) * 100


def test_prefill_attention_is_causal():
    work = work_of(builders.dense(), prefill(1, 10))["attention"]
    pairs = 10 * 11 / 2
    assert one(work.flops) == 2 * 8 * 256 * pairs


@pytest.mark.parametrize("isl", [4, 10, 50])
def test_window_bounds_what_a_query_sees(isl: int):
    step = prefill(1, isl)
    counted = sum(min(position + 1, 6) for position in range(isl)) / isl
    assert one(step.visible(6)) == pytest.approx(counted)


def test_window_mean_over_decode_positions():
    step = decode(1, isl=4, osl=6)
    counted = np.mean([min(position + 1, 6) for position in range(4, 9)])
    assert one(step.visible(6)) == pytest.approx(counted)


def distinct(tokens: float, shape: float = 1.5) -> float:
    return one(expected_experts(256.0, 8.0, np.array([tokens]), shape))


@pytest.mark.parametrize("shape", [0.2, 1.5, 1e9])
def test_expected_experts_at_one_token_is_top_k(shape: float):
    assert distinct(1.0, shape) == pytest.approx(8.0)


def test_expected_experts_of_equal_popularity_are_those_not_missed():
    assert distinct(10.0, 1e9) == pytest.approx(256 * (1 - (1 - 8 / 256) ** 10))


def test_uneven_popularity_touches_fewer_experts_by_the_negative_binomial():
    """κ = 1: an expert stays untouched with 1/(1 + m·r), and one token gives r = k/(E − k)."""
    assert distinct(10.0, 1.0) == pytest.approx(256 * (1 - 1 / (1 + 10 * 8 / 248)))
    assert distinct(10.0, 1.0) < distinct(10.0, 1.5) < distinct(10.0, 1e9)


@given(st.floats(1, 1e7), st.floats(1, 2), st.floats(0.1, 100))
def test_expected_experts_never_fall_with_tokens(tokens: float, more: float, shape: float):
    fewer, many = distinct(tokens, shape), distinct(tokens * more, shape)
    assert 8.0 * (1 - 1e-9) <= fewer <= many * (1 + 1e-9)
    assert many <= 256.0


def test_expected_experts_never_exceed_the_bank():
    assert one(expected_experts(8.0, 2.0, np.array([1e6]), 1.5)) == pytest.approx(8.0, rel=1e-6)


def test_experts_read_only_those_touched():
    work = work_of(builders.mixture(), decode(1))["experts"]
    one_expert = 3 * 1024 * 512
    # At each of both experts: token and product read, gate and up written, the result written and
    # read again by their sum; all in 16 bits.
    activations = 2 * (1024 + 512 + 2 * 512 + 2 * 1024) * 2
    assert one(work.bytes) == pytest.approx(2 * one_expert * 2 + activations)


def test_expert_parallelism_divides_experts_not_their_widths():
    layout = Layout(tensor=4, expert=4)
    work = work_of(builders.mixture(), decode(1000, layout), layout)["experts"]
    pairs = 1000 * 2 / 4
    # Binomial, and two experts of differing popularity on each of four ranks.
    spread = pairs + pairs**2 * 4 / (evenness() * 8)
    most = pairs + 1.029 * math.sqrt(spread * 3 / 4)
    assert one(work.flops) == pytest.approx(2 * 3 * 1024 * 512 * most)


@pytest.mark.parametrize(
    ("layout", "columns"),
    [(Layout(), 512), (Layout(tensor=4), 128), (Layout(tensor=4, expert=4), 512)],
)
def test_a_ranks_part_of_an_expert_fills_its_tiles_as_if_it_were_wider(
    layout: Layout, columns: float
):
    work = work_of(builders.mixture(), decode(10, layout), layout)["experts"]
    fill = fill_columns()
    assert one(work.compute_excess) == pytest.approx((columns + fill.compute) / columns)
    assert one(work.memory_excess) == pytest.approx((columns + fill.memory) / columns)


def test_absorbed_latent_attention_is_not_divided_by_tensor_parallelism():
    single = work_of(builders.latent(), decode(1, isl=9999))["latent attention"]
    layout = Layout(tensor=8)
    split = work_of(builders.latent(), decode(1, layout, isl=9999), layout)["latent attention"]
    cache = 10_000 * 576 * 2
    assert one(single.bytes) - cache == pytest.approx(8 * (one(split.bytes) - cache))


def test_latent_decode_uses_the_absorbed_form():
    work = work_of(builders.latent(), decode(1, isl=99))["latent attention"]
    assert one(work.flops) == 2 * 16 * (512 + 64 + 512) * 100


def test_latent_prefill_uses_the_expanded_form():
    work = work_of(builders.latent(), prefill(1, 3))["latent attention"]
    assert one(work.flops) == 2 * 16 * (128 + 64 + 128) * 6


def test_head_sees_only_the_last_token_of_a_prompt():
    work = work_of(builders.dense(), prefill(2, 50))["lm_head"]
    assert one(work.flops) == 2 * 2 * 1024 * 1000


def test_fp8_halves_weight_bytes():
    plain = work_of(builders.dense(), decode(1))["down"]
    small = work_of(builders.dense(), decode(1), precision=builders.FP8)["down"]
    assert one(plain.bytes) - one(small.bytes) == 1024 * 4096 + 4096


def messages(architecture, layout: Layout, batch: int = 16, **habits: int):
    return messages_of(architecture, decode(batch, layout), layout, **habits)


def test_two_all_reduces_per_layer():
    message = messages(builders.dense(layers=5), Layout(tensor=4))["all-reduce"]
    assert one(message.times) == 10
    assert one(message.bytes) == 16 * 1024 * 2


def test_attention_data_parallelism_replaces_expert_reduces_by_exchange():
    found = messages(builders.mixture(layers=5), Layout(tensor=2, attention_data=4, expert=8))
    assert one(found["all-reduce"].times) == 5
    assert one(found["dispatch"].times) == 5


def test_dispatch_sends_one_copy_per_distinct_rank():
    found = messages(builders.mixture(), Layout(attention_data=8, expert=8), batch=8)
    copies = 8 * (1 - (1 - 1 / 8) ** 2)
    assert one(found["dispatch"].bytes) == pytest.approx(copies * 1024 * 2)


def test_up_to_a_framework_s_ranks_all_tokens_are_gathered_and_scattered():
    """Each moves what half an all-reduce of all ranks' tokens does: 8 ranks with 2 tokens each of
    1024 elements, in the bits of activations there and in 16 back."""
    layout = Layout(attention_data=8, expert=8)
    found = messages(builders.mixture(layers=5), layout, batch=16, gathering_ranks=8)
    assert found.keys().isdisjoint({"dispatch", "combine"})
    assert one(found["gather"].times) == one(found["scatter"].times) == 5
    assert one(found["scatter"].bytes) == one(found["gather"].bytes) == 16 * 1024 * 2 / 2
    wider = messages(builders.mixture(layers=5), layout, gathering_ranks=4)
    assert one(wider["dispatch"].times) == 5
    assert "gather" not in wider


def test_norms_over_all_heads_sum_two_floats_per_token_over_the_ranks():
    plain = builders.dense(layers=5)
    (group,) = plain.layers
    core = replace(group.block.cores[0], normed_across_heads=True)
    across = replace(plain, layers=(replace(group, block=replace(group.block, cores=(core,))),))
    message = messages(across, Layout(tensor=4))["norm all-reduce"]
    assert one(message.times) == 5
    assert one(message.bytes) == 16 * 2 * 4
    assert "norm all-reduce" not in messages(plain, Layout(tensor=4))


def test_balanced_ranks_wait_for_the_luck_of_the_draw_only():
    """A deployment that places experts by their popularity has less work on its busiest rank."""

    def flops(ranks: int) -> float:
        layout = Layout(attention_data=8, expert=8)
        model = builders.mixture(experts=64)
        work = work_of(model, decode(512, layout), layout, balanced_ranks=ranks)
        return one(work["experts"].flops)

    assert flops(8) < 0.9 * flops(16)


def test_the_busiest_balanced_rank_has_more_of_prompts_than_of_decoding_sequences():
    """A rank's prompts ask for the same experts at once (profiles/routing.toml)."""
    layout, model = Layout(attention_data=8, expert=8), builders.mixture(experts=64)

    def flops(step: Step) -> float:
        return one(work_of(model, step, layout, balanced_ranks=8)["experts"].flops)

    assert flops(prefill(8, 64, layout)) / flops(decode(512, layout)) == pytest.approx(1.55 / 1.11)


def test_one_rank_reduces_nothing():
    message = messages(builders.dense(), Layout())["all-reduce"]
    assert one(message.ranks) == 1


def test_pipeline_sends_between_stages_only():
    message = messages(builders.dense(), Layout(pipeline=2))["pipeline send"]
    assert one(message.times) == 1


def test_an_indexer_costs_its_passes_over_activations_in_layers_that_have_their_own():
    """Ten more launches in each of two layers; a layer that reuses a selection has none."""
    plain = builders.latent()
    block = plain.layers[0].block
    core = block.cores[0]

    def launches(**index: object) -> float:
        sparse = replace(block, cores=(replace(core, top_k=64, **index),))
        group = replace(plain.layers[0], block=sparse)
        model = replace(plain, layers=(group,))
        inventory = take_inventory(model, builders.BF16, builders.chip(), builders.framework())
        return inventory.elementwise.launches

    none = launches()
    assert launches(index_heads=4, index_dim=32, owns_index=True) == none + 2 * 10
    assert launches(index_heads=4, index_dim=32, owns_index=False) == none


def test_layers_stored_otherwise_are_products_with_their_own_kernel() -> None:
    """One of four layers keeps its MLP in 16 bits: a quarter of the calls run in BF16."""
    left = {"quant_method": "fp8", "modules_to_not_convert": ["model.layers.2.mlp"]}
    model = builders.dense(layers=4)
    precision = read_stored({"quantization_config": left}, {}, {}, model).precision
    chip = replace(builders.chip(), peak_flops={"bf16": 1e15, "fp8": 2e15})
    inventory = take_inventory(model, precision, chip, builders.framework())
    downs = {one.peak_flops: one for one in inventory.gemms if one.name == "down"}
    assert {peak: one.calls for peak, one in downs.items()} == {2e15: 3.0, 1e15: 1.0}
    assert {peak: one.weight_bytes_per_element for peak, one in downs.items()} == {2e15: 1, 1e15: 2}


@pytest.mark.parametrize(("decodes", "excess", "together"), [(True, 0.11, 1), (False, 0.55, 8)])
def test_what_comes_over_the_network_waits_for_whom_most_is_sent_to(decodes, excess, together):
    """With copies of popular experts the busiest rank has so much more; prompts reach it by its
    node, whose ranks even it out. Where every rank has as much nothing waits."""
    engine = builders.framework(balanced_ranks=2, redundant_experts=16)
    inventory = take_inventory(builders.mixture(experts=64), builders.BF16, builders.chip(), engine)
    layouts = LayoutArrays.of([Layout(attention_data=16, expert=16)])
    batch = np.array([[512.0]])
    step = decode_step(batch, layouts, 9.0, 1.0) if decodes else prefill_step(batch, layouts, 9.0)
    placed = Placed(inventory, layouts)
    even, usual = (
        {one.name: one for one in step_messages(placed, [step], 8, None, imbalance)}
        for imbalance in (1.0 / (1.0 + excess), 1.0)
    )
    for name in ("dispatch", "combine"):
        ratio = one(usual[name].remote_bytes) / one(even[name].remote_bytes)
        assert ratio == pytest.approx(1.0 + excess / math.sqrt(together))
        near = [one(found[name].bytes - found[name].remote_bytes) for found in (even, usual)]
        assert near[0] == pytest.approx(near[1])
