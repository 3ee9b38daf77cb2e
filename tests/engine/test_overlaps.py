"""What engines launch together or beside one another, and what attention-DP really exchanges."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.architecture import Architecture, AttentionCore, Role
from engine.layout import Layout
from engine.operators import (
    LayoutArrays,
    Step,
    decode_step,
    prefill_step,
    step_messages,
    step_work,
    take_inventory,
)
from engine.roofline import Work, launch_seconds
from tests.engine import builders

CHIP = builders.chip(floor_seconds=1e-6)


def with_shared(layers: int = 2) -> Architecture:
    plain = builders.mixture(layers=layers)
    (group,) = plain.layers
    matrices = group.block.matrices + builders.mlp_matrices(1024, 512, Role.SHARED_EXPERT)
    return replace(plain, layers=(replace(group, block=replace(group.block, matrices=matrices)),))


def work(
    architecture: Architecture, layout: Layout | None = None, **habits: object
) -> dict[str, Work]:
    inventory = take_inventory(architecture, builders.BF16, CHIP, builders.framework(**habits))
    arrays = LayoutArrays.of([layout or Layout()])
    step = decode_step(np.array([[4.0]]), arrays, 100, 2)
    return {one.name: one for one in step_work(inventory, arrays, [step])}


def calls(found: Work) -> float:
    return float(np.max(found.calls))


def test_shared_experts_beside_the_routed_ones_launch_nothing():
    alone, beside = work(with_shared()), work(with_shared(), shared_beside=True)
    assert launch_seconds(alone["gate_up"].constants, CHIP) == 1e-6
    assert launch_seconds(beside["gate_up"].constants, CHIP) == 0.0
    # Their activation function neither: one launch of each of two layers.
    assert calls(alone["elementwise"]) - calls(beside["elementwise"]) == 2


def test_shared_experts_beside_still_read_their_weights():
    alone, beside = work(with_shared()), work(with_shared(), shared_beside=True)
    assert float(np.max(beside["down"].bytes)) == float(np.max(alone["down"].bytes))


@pytest.mark.parametrize(("tensor", "saved"), [(1, 0), (4, 10)])
def test_norms_join_all_reduces_where_there_are_any(tensor: int, saved: int):
    layout = Layout(tensor=tensor)
    apart = work(builders.dense(layers=5), layout)["elementwise"]
    joined = work(builders.dense(layers=5), layout, fused_norms=("toy",))["elementwise"]
    assert calls(apart) - calls(joined) == saved
    assert calls(joined) * float(np.max(joined.bytes)) == pytest.approx(
        calls(apart) * float(np.max(apart.bytes))
    )


def test_no_more_norms_join_all_reduces_than_there_are():
    """With attention-DP the layers with experts end in an exchange instead: one of two is left."""
    layout = Layout(tensor=4, attention_data=2)
    apart = work(builders.mixture(layers=5), layout)["elementwise"]
    joined = work(builders.mixture(layers=5), layout, fused_norms=("toy",))["elementwise"]
    assert calls(apart) - calls(joined) == 5


def test_norms_stay_apart_on_other_chips_and_behind_the_halves():
    layout = Layout(tensor=4)
    plain = builders.dense()
    apart = calls(work(plain, layout)["elementwise"])
    assert calls(work(plain, layout, fused_norms=("other",))["elementwise"]) == apart
    (group,) = plain.layers
    sandwiched = replace(plain, layers=(replace(group, block=replace(group.block, norms=4)),))
    joined = work(sandwiched, layout, fused_norms=("toy",))["elementwise"]
    assert calls(joined) == calls(work(sandwiched, layout)["elementwise"])


def test_a_gather_moves_what_the_ranks_hold_not_the_fullest_rank_s_share():
    """One of eight ranks prefills 4,000 tokens: that many are gathered, not 32,000."""
    layout = Layout(attention_data=8, expert=8)
    arrays = LayoutArrays.of([layout])
    inventory = take_inventory(
        builders.mixture(), builders.BF16, CHIP, builders.framework(gathering_ranks=8)
    )
    prompt: Step = prefill_step(np.array([[1.0]]), arrays, 4000)
    messages = {one.name: one for one in step_messages(inventory, arrays, [prompt], 8)}
    assert float(np.max(messages["gather"].bytes)) == pytest.approx(4000 * 1024 * 2 / 2)


def test_index_heads_are_divided_like_key_heads():
    plain = builders.dense()
    (group,) = plain.layers
    core = group.block.cores[0]
    assert isinstance(core, AttentionCore)
    indexed = replace(core, index_heads=4, index_dim=64, top_k=2048)
    sparse = replace(plain, layers=(replace(group, block=replace(group.block, cores=(indexed,))),))
    whole = work(sparse)["sparse index"]
    assert float(np.max(work(sparse, Layout(tensor=2))["sparse index"].flops)) == pytest.approx(
        float(np.max(whole.flops)) / 2
    )
    eight = work(sparse, Layout(tensor=8))["sparse index"]
    assert float(np.max(eight.flops)) == pytest.approx(float(np.max(whole.flops)) / 4)
