"""What engines fill of a chip's memory, and what of it is not cache, by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.hardware.chip import Link
from engine.hardware.parts.memory import ShareHolds, Sizing, TowerPass
from engine.model.architecture import Architecture
from engine.model.blocks import ImageTower, LayerGroup
from engine.model.cores import LatentCore
from engine.model.image_rules import Fixed
from engine.serve.images import tower_bytes
from engine.serve.memory.budget import (
    activation_bytes_per_token,
    budget,
    capacity_bytes,
    unfree_bytes,
)
from engine.serve.requests import Images
from engine.work.layout import Layout
from engine.work.tokens import LayoutArrays
from tests.engine import builders

GIB = 1 << 30
ALONE = Layout()
ONE = LayoutArrays.of([ALONE])


def parts(engine, layout: Layout = ALONE, **chip: object) -> dict[str, float]:
    arrays = LayoutArrays.of([layout])
    chosen = replace(builders.chip(), **chip)
    found = budget(builders.dense(), chosen, engine, arrays)
    return {name: float(value[0, 0]) for name, value in found.inside if value[0, 0] > 0}


def at_start(**changes: object):
    return builders.framework(sizing=Sizing.AT_START, prefill_tokens=1000, **changes)


def test_the_capacity_is_a_share_of_what_the_driver_reports():
    chip = replace(builders.chip(), reported_bytes=79.0 * GIB)
    policy = builders.framework(memory_fraction=0.9).memory
    assert capacity_bytes(builders.dense(), chip, policy, np.zeros((1, 1)), ONE)[
        0, 0
    ] == pytest.approx(0.9 * 79 * GIB)


def test_a_share_of_what_is_free_at_start_leaves_out_the_runtime():
    policy = builders.framework(
        memory_fraction=0.9, share_holds=ShareHolds.WEIGHTS_AND_CACHE, reserve_bytes=2.0 * GIB
    ).memory
    found = capacity_bytes(builders.dense(), builders.chip(), policy, np.zeros((1, 1)), ONE)
    assert found[0, 0] == pytest.approx(0.9 * 78 * GIB)


def test_activations_live_outside_a_share_of_weights_and_cache():
    engine = at_start(share_holds=ShareHolds.WEIGHTS_AND_CACHE, reserve_bytes=1.0 * GIB)
    found = budget(builders.dense(), builders.chip(), engine, ONE)
    assert found.inside == ()
    assert {name for name, _ in found.outside} >= {"activations", "runtime"}


def test_sampling_takes_the_memory_that_the_layers_have_left():
    per_token = float(activation_bytes_per_token(builders.dense(), ONE)[0, 0])
    found = parts(at_start(max_sequences=500, sampler_bytes=100.0))
    assert found["activations"] == 1000 * per_token
    assert found["sampler"] == pytest.approx(100 * 500 * 1000 - 1000 * per_token)


def test_no_more_sequences_are_sampled_than_a_pass_has_tokens():
    many = parts(at_start(max_sequences=4000, sampler_bytes=1000.0))
    few = parts(at_start(max_sequences=1000, sampler_bytes=1000.0))
    assert many == few


def test_the_sampler_is_not_divided_by_tensor_ranks():
    engine = at_start(max_sequences=1000, sampler_bytes=1000.0)
    one, four = parts(engine), parts(engine, Layout(tensor=4))
    assert sum(one[n] for n in ("activations", "sampler")) == pytest.approx(
        sum(four[n] for n in ("activations", "sampler"))
    )


def test_ranks_on_a_fast_link_take_memory_to_talk():
    engine = at_start(communication_bytes=5.0, peer_bytes=1.0)
    assert "communication" not in parts(engine)
    assert parts(engine, Layout(tensor=4))["communication"] == 7.0


def test_ranks_on_a_slow_link_do_not():
    slow = Link("PCIe", 32e9, 8)
    engine = at_start(communication_bytes=5.0, peer_bytes=1.0)
    assert "communication" not in parts(engine, Layout(tensor=4), scale_up=slow)


def test_workspaces_are_of_a_generation():
    engine = at_start(workspace_bytes={"toy": 7.0, "other": 9.0})
    assert parts(engine)["runtime"] == 7.0


def of_towers(engine, seeing) -> float:
    found = budget(seeing, builders.chip(), engine, ONE)
    return float(dict(found.inside)["encoders"][0, 0])


def test_what_logs_say_of_towers_is_of_the_longest_name_that_fits():
    engine = at_start(tower_pass=TowerPass.AT_START, encoder_bytes={"t": 7.0, "toy": 11.0})
    assert "encoders" not in parts(engine)
    assert of_towers(engine, replace(builders.dense(), tower_parameters=1000)) == 11.0


def test_towers_are_not_run_at_start_by_engines_that_do_not_profile_them():
    engine = at_start(encoder_bytes={"toy": 11.0})
    assert of_towers(engine, replace(builders.dense(), tower_parameters=1000)) == 0.0


def test_a_towers_pass_takes_the_memory_that_the_text_pass_needs_afterwards():
    rule = Fixed(features=100, patches=1_000_000)
    layer = LayerGroup(builders.dense().layers[0].block, 1)
    tower = ImageTower(rule, 64, 1, (layer,), ())
    seeing = replace(builders.dense(), tower_parameters=1000, images=tower)
    images = Images(1.0, rule.seen(1, 1))
    kept, passing = tower_bytes(seeing, images, 100.0, ONE)
    small = builders.framework(
        sizing=Sizing.AT_START, prefill_tokens=100, tower_pass=TowerPass.AT_START, sampler_bytes=0.0
    )
    text = 100 * float(activation_bytes_per_token(seeing, ONE)[0, 0])
    assert of_towers(small, seeing) == pytest.approx(kept + float(passing[0, 0]) - text)
    large = at_start(tower_pass=TowerPass.AT_START, sampler_bytes=1e9, max_sequences=100)
    assert of_towers(large, seeing) == 2.0 * 10 * 100 * seeing.hidden_size


def test_expanded_latents_come_while_other_layers_results_are_not_there():
    latent, tp2 = builders.latent(), LayoutArrays.of([Layout(tensor=2)])
    core = latent.layers[0].block.cores[0]

    def workspace(arrays: LayoutArrays, context: float, most: float = 1e6) -> float:
        engine = at_start(expanded_tokens=most)
        found = budget(latent, builders.chip(), engine, arrays, context_tokens=context)
        return float(dict(found.inside)["context workspace"][0, 0])

    def by_hand(tokens: float, ranks: int, arrays: LayoutArrays) -> float:
        elements = core.heads * (core.nope_dim + core.value_dim) / ranks
        queries = core.heads * (core.nope_dim + core.rope_dim) / ranks
        held = 2 * (tokens * elements + 1000 * (3 * latent.hidden_size + queries))
        return held - 1000 * float(activation_bytes_per_token(latent, arrays)[0, 0])

    assert workspace(ONE, 1e5) == pytest.approx(by_hand(8e5, 1, ONE))
    assert workspace(ONE, 1e9) == pytest.approx(by_hand(1e6, 1, ONE))
    assert workspace(tp2, 1e9) == pytest.approx(by_hand(1e6, 2, tp2))
    assert workspace(ONE, 1.0) == 0.0


INDEX = LatentCore(16, 512, 64, 128, 128, owns_index=True, index_dim=128, tokens_per_entry=4)


def of_core(core: LatentCore) -> Architecture:
    latent = builders.latent()
    group = latent.layers[0]
    changed = replace(group, block=replace(group.block, cores=(core,)))
    return replace(latent, layers=(changed,))


def test_gathered_index_keys_follow_the_longest_context():
    engine = at_start(index_entries=40.0)
    found = budget(of_core(INDEX), builders.chip(), engine, ONE, context_tokens=1000.0)
    assert dict(found.inside)["context workspace"][0, 0] == 40 * 250 * 132


def test_a_share_of_memory_that_the_host_has_part_of_does_not_start():
    policy = builders.framework(memory_fraction=0.95).memory
    shared = replace(builders.chip(), reported_bytes=100.0 * GIB, host_bytes=8.0 * GIB)
    assert unfree_bytes(shared, policy) == pytest.approx(3 * GIB)
    assert unfree_bytes(shared, replace(policy, memory_fraction=0.9)) == 0.0
    outside = replace(policy, share_holds=ShareHolds.WEIGHTS_AND_CACHE)
    assert unfree_bytes(shared, outside) == 0.0


def test_what_grows_with_requests_is_set_aside_by_engines_that_do_not_profile():
    found = budget(builders.dense(), builders.chip(), builders.framework(), ONE)
    assert found.activation_bytes_per_token[0, 0] > 0
    assert found.logit_bytes_per_sequence[0, 0] == 4 * 1000


def test_less_of_the_memory_is_given_away_where_requests_may_be_long():
    policy = builders.framework(
        memory_fraction=0.8,
        share_holds=ShareHolds.WEIGHTS_AND_CACHE,
        long_context_share={"hopper": 0.5},
    ).memory
    chip, none = replace(builders.chip(), generation="hopper"), np.zeros((1, 1))

    def given(model: Architecture, context: float) -> float:
        return float(capacity_bytes(model, chip, policy, none, ONE, context)[0, 0])

    assert given(builders.dense(), 8193.0) == pytest.approx(0.5 * given(builders.dense(), 8192.0))
    assert given(of_core(INDEX), 8193.0) == given(of_core(INDEX), 8192.0)


def test_scores_of_all_tokens_over_the_longest_context_are_there_at_once_on_some_chips():
    engine = at_start(whole_index_logits={"hopper": 4.0}, index_logit_bytes=7.0)

    def scores(generation: str) -> float:
        chip = replace(builders.chip(), generation=generation)
        found = budget(of_core(INDEX), chip, engine, ONE, context_tokens=1000.0)
        return float(dict(found.inside)["context workspace"][0, 0])

    assert scores("hopper") == 4.0 * 1000 * 250
    assert scores("other") == 7.0


def test_residual_streams_are_there_before_and_after_a_layer():
    model = builders.dense()
    more = replace(model, residual_streams=4)
    found = activation_bytes_per_token(more, ONE) - activation_bytes_per_token(model, ONE)
    assert found[0, 0] == 2 * 3 * 2 * model.hidden_size
