"""Weights as ranks hold them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.hardware.parts.memory import WeightPolicy
from engine.model.matrices import Role
from engine.model.precision import FORMATS, Precision
from engine.serve.memory.weight_bytes import rank_weight_bytes
from engine.work.expert_slots import Placing
from engine.work.layout import Layout
from engine.work.tokens import LayoutArrays
from tests.engine import builders

MXFP4 = Precision(FORMATS["mxfp4"], FORMATS["bf16"], FORMATS["bf16"])


def weigh(model, layout: Layout, precision: Precision = builders.BF16, **policy: object) -> float:
    arrays = LayoutArrays.of([layout])
    found = rank_weight_bytes(
        model, precision, builders.chip(), WeightPolicy(**policy), arrays, Placing()
    )
    return float(found[0, 0])


@pytest.mark.parametrize(("tensor", "inner"), [(1, 600), (2, 300), (4, 300)])
def test_experts_are_padded_per_rank_and_not_per_model(tensor: int, inner: float):
    # Width 512: 512, 256 and 128 of a rank become multiples of 300.
    model = builders.mixture(layers=1)
    plain = weigh(model, Layout(tensor=tensor), MXFP4)
    wide = weigh(model, Layout(tensor=tensor), MXFP4, expert_inner_multiple={"toy": 300})
    more = 8 * 3 * 1024 * (inner - 512 / tensor) * FORMATS["mxfp4"].bytes_per_element
    assert wide - plain == pytest.approx(more)


def test_the_models_width_is_padded_too():
    model = builders.mixture(layers=1)
    plain = weigh(model, Layout(), MXFP4)
    wide = weigh(model, Layout(), MXFP4, expert_hidden_multiple={"toy": 1500})
    more = 8 * 3 * 512 * (1500 - 1024) * FORMATS["mxfp4"].bytes_per_element
    assert wide - plain == pytest.approx(more)


def test_only_mxfp4_is_padded():
    model = builders.mixture()
    policy = {"expert_inner_multiple": {"toy": 300}}
    assert weigh(model, Layout(), **policy) == weigh(model, Layout())


def test_mxfp8_takes_16_bits_where_loading_widens_it():
    model, policy = builders.mixture(layers=1), {"mxfp8_bytes": {"toy": 2}}
    wide = replace(builders.BF16, weights=FORMATS["mxfp8"])
    assert weigh(model, Layout(), wide, **policy) == weigh(model, Layout(), builders.BF16)
    fp8 = replace(wide, weights=FORMATS["fp8_block"])
    assert weigh(model, Layout(), fp8, **policy) == weigh(model, Layout(), fp8)


def test_scales_of_experts_inside_an_fp8_checkpoint_may_be_wider_than_its_own():
    model, policy = builders.mixture(layers=1), {"expert_scale_bytes": {"toy": 4}}
    fp8 = FORMATS["fp8_block"]
    overrides = ((Role.ROUTED_EXPERT, FORMATS["mxfp4"]),)
    mixed = replace(MXFP4, weights=fp8, overrides=overrides)
    more = weigh(model, Layout(tensor=2), mixed, **policy) - weigh(model, Layout(tensor=2), mixed)
    assert more == pytest.approx(3 * 8 * 3 * 1024 * 512 / 32 / 2)
    assert weigh(model, Layout(), MXFP4, **policy) == weigh(model, Layout(), MXFP4)


def test_latent_attention_keeps_its_projections_twice():
    model = builders.latent(layers=3)
    more = weigh(model, Layout(tensor=2), latent_copy=True) - weigh(model, Layout(tensor=2))
    assert more == pytest.approx(3 * 2 * 512 * 16 * 256 / 2)


def shared_mixture():
    model = builders.mixture(layers=1)
    block = model.layers[0].block
    shared = builders.mlp_matrices(1024, 512, Role.SHARED_EXPERT)
    group = replace(model.layers[0], block=replace(block, matrices=(*block.matrices, *shared)))
    return replace(model, layers=(group,))


@pytest.mark.parametrize(
    ("layout", "whole"),
    [
        (Layout(tensor=2, attention_data=2, expert=4), True),
        (Layout(tensor=2, attention_data=2), False),
        (Layout(tensor=4, expert=4), False),
    ],
)
def test_shared_experts_are_whole_where_attention_and_experts_are_apart(
    layout: Layout, whole: bool
):
    more = weigh(shared_mixture(), layout, whole_shared_experts=True) - weigh(
        shared_mixture(), layout
    )
    assert more == pytest.approx(2 * 3 * 1024 * 512 / 2 if whole else 0)


def test_embeddings_are_whole_with_attention_dp_where_the_engine_keeps_them_so():
    layout = Layout(tensor=2, attention_data=2)
    more = weigh(builders.dense(), layout, whole_embeddings=True) - weigh(builders.dense(), layout)
    assert more == pytest.approx(2 * 1000 * 1024 / 2)


def test_towers_are_divided_where_the_engine_does():
    model = replace(builders.dense(), tower_parameters=1000)
    less = weigh(model, Layout(tensor=2)) - weigh(model, Layout(tensor=2), split_towers=True)
    assert less == 2 * 500


def test_prediction_layers_are_held_by_who_drafts():
    model = replace(builders.dense(), prediction_layers=builders.dense(layers=1).layers)
    arrays = LayoutArrays.of([Layout()])
    quiet, drafting = (
        float(
            rank_weight_bytes(
                model, builders.BF16, builders.chip(), WeightPolicy(), arrays, Placing(), one
            )[0, 0]
        )
        for one in (False, True)
    )
    assert drafting - quiet == 2 * model.prediction_parameters


def test_copies_of_experts_take_their_place():
    model = builders.mixture(layers=1, experts=8)
    arrays = LayoutArrays.of([Layout(attention_data=6, expert=6)])
    plain, copied = (
        float(
            rank_weight_bytes(
                model, builders.BF16, builders.chip(), WeightPolicy(), arrays, Placing(copies, 2)
            )[0, 0]
        )
        for copies in (0, 10)
    )
    # Two slots on each of six ranks hold eight experts; ten copies more make three slots.
    assert copied - plain == pytest.approx(3 * 1024 * 512 * 2.0)


def test_all_ranks_may_divide_the_head_between_them():
    model, apart = builders.mixture(), Layout(tensor=2, attention_data=4)
    saved = weigh(model, apart) - weigh(model, apart, divided_head=True)
    assert saved == pytest.approx(2 * model.lm_head.weights * (1 / 2 - 1 / 8))
    assert weigh(model, Layout(tensor=2), divided_head=True) == weigh(model, Layout(tensor=2))
