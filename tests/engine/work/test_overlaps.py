"""What engines launch together or beside one another, and what attention-DP really exchanges."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.hardware.roofline import Work, launch_seconds
from engine.model.architecture import Architecture
from engine.model.cores import AttentionCore
from engine.model.matrices import Role
from engine.work.layout import Layout
from engine.work.tokens import Step
from tests.engine import builders
from tests.engine.evaluate import decode, messages_of, one, prefill, work_of


def changed(model: Architecture, **block: object) -> Architecture:
    (group,) = model.layers
    return replace(model, layers=(replace(group, block=replace(group.block, **block)),))


def mixture_with(role: Role) -> Architecture:
    """A mixture with an MLP of that role in every layer."""
    plain = builders.mixture()
    own = builders.mlp_matrices(1024, 512, role)
    return changed(plain, matrices=plain.layers[0].block.matrices + own)


def work(
    architecture: Architecture, layout: Layout | None = None, **habits: object
) -> dict[str, Work]:
    return work_of(architecture, decode(4), layout, floor_seconds=1e-6, **habits)


def elementwise(
    architecture: Architecture, layout: Layout | None = None, **habits: object
) -> float:
    """Launches."""
    return one(work(architecture, layout, **habits)["elementwise"].calls)


def test_shared_experts_beside_the_routed_ones_launch_nothing():
    model = mixture_with(Role.SHARED_EXPERT)
    alone, beside = work(model), work(model, shared_beside=True)
    chip = builders.chip(floor_seconds=1e-6)
    assert launch_seconds(alone["gate_up"].constants, chip) == 1e-6
    assert launch_seconds(beside["gate_up"].constants, chip) == 0.0
    # Their activation function neither: one launch of each of two layers.
    assert elementwise(model) - elementwise(model, shared_beside=True) == 2


def test_shared_experts_beside_still_read_their_weights():
    model = mixture_with(Role.SHARED_EXPERT)
    alone, beside = work(model), work(model, shared_beside=True)
    assert one(beside["down"].bytes) == one(alone["down"].bytes)


def test_a_dense_mlp_beside_routed_experts_launches_its_own():
    model = mixture_with(Role.DENSE_MLP)
    assert elementwise(model) == elementwise(model, shared_beside=True)


@pytest.mark.parametrize(("tensor", "saved"), [(1, 0), (4, 10)])
def test_norms_join_all_reduces_where_there_are_any(tensor: int, saved: int):
    layout = Layout(tensor=tensor)
    apart = work(builders.dense(layers=5), layout)["elementwise"]
    joined = work(builders.dense(layers=5), layout, fused_norms=("toy",))["elementwise"]
    assert one(apart.calls) - one(joined.calls) == saved
    assert one(joined.calls) * one(joined.bytes) == pytest.approx(
        one(apart.calls) * one(apart.bytes)
    )


def test_no_more_norms_join_all_reduces_than_there_are():
    """With attention-DP the layers with experts end in an exchange instead: one of two is left."""
    model, layout = builders.mixture(layers=5), Layout(tensor=4, attention_data=2)
    joined = elementwise(model, layout, fused_norms=("toy",))
    assert elementwise(model, layout) - joined == 5


def test_norms_stay_apart_on_other_chips_and_behind_the_halves():
    layout, plain = Layout(tensor=4), builders.dense()
    assert elementwise(plain, layout, fused_norms=("other",)) == elementwise(plain, layout)
    sandwiched = changed(plain, norms=4)
    assert elementwise(sandwiched, layout, fused_norms=("toy",)) == elementwise(sandwiched, layout)


def test_what_makes_latents_launches_once_where_it_is_one_kernel():
    """Products of what the first ones made, and the rotary embedding, start with them."""
    layers, model = 2, builders.latent(layers=2)
    apart, joined = work(model), work(model, fused_latents=True)
    started = [
        name
        for name, one_of in joined.items()
        if launch_seconds(one_of.constants, builders.chip()) < 1e-9
    ]
    assert started and set(started) < {*apart}
    assert all("b_proj" in name for name in started)
    assert one(apart["elementwise"].calls) - one(joined["elementwise"].calls) == layers
    dense = builders.dense()
    assert elementwise(dense, fused_latents=True) == elementwise(dense)


def test_sparse_attention_of_prompts_computes_all_heads_and_slots_of_its_kernel():
    """16 heads of one rank and a mean of 512.5 of 1,024 keys, in a kernel of 64 heads and 2,048
    slots: 4 times 3.996 as much; decode passes and dense attention compute what there is."""
    plain = builders.latent()
    core = plain.layers[0].block.cores[0]
    sparse = changed(plain, cores=(replace(core, index_heads=4, index_dim=64, top_k=2048),))

    def flops(model: Architecture, step: Step, heads: dict[str, float]) -> float:
        return one(work_of(model, step, sparse_prompt_heads=heads)["latent attention"].flops)

    prompt = prefill(1, 1024)
    padded, there = flops(sparse, prompt, {"toy": 64}), flops(sparse, prompt, {})
    assert padded / there == pytest.approx(4 * 2048 / 512.5)
    assert flops(sparse, decode(4), {"toy": 64}) == flops(sparse, decode(4), {})
    assert flops(plain, prompt, {"toy": 64}) == flops(plain, prompt, {})


def test_norms_over_all_heads_launch_their_sums_of_squares():
    plain = builders.dense(layers=5)
    core = replace(plain.layers[0].block.cores[0], normed_across_heads=True)
    assert elementwise(changed(plain, cores=(core,))) - elementwise(plain) == 5


def test_a_gather_moves_what_the_ranks_hold_not_the_fullest_rank_s_share():
    """One of eight ranks prefills 4,000 tokens: that many are gathered, not 32,000."""
    layout = Layout(attention_data=8, expert=8)
    prompt = prefill(1, 4000, layout)
    found = messages_of(builders.mixture(), prompt, layout, gathering_ranks=8)
    assert one(found["gather"].bytes) == pytest.approx(4000 * 1024 * 2 / 2)


def test_index_heads_are_divided_like_key_heads():
    plain = builders.dense()
    core = plain.layers[0].block.cores[0]
    assert isinstance(core, AttentionCore)
    sparse = changed(plain, cores=(replace(core, index_heads=4, index_dim=64, top_k=2048),))

    def flops(tensor: int) -> float:
        return one(work(sparse, Layout(tensor=tensor))["sparse index"].flops)

    assert flops(2) == pytest.approx(flops(1) / 2)
    assert flops(8) == pytest.approx(flops(1) / 4)
