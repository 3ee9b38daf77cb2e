"""The account of bytes, worked out by hand on toy models."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.model.blocks import Block, LayerGroup
from engine.model.bytes import (
    cache_bytes_per_token,
    matrix_bytes,
    prediction_bytes,
    state_bytes,
    stored_weights,
    weight_bytes,
)
from engine.model.cores import StateCore
from engine.model.matrices import Matrix, Role
from engine.model.precision import FORMATS, Portion, Precision
from tests.engine import builders

BF16, FP8, NVFP4 = FORMATS["bf16"], FORMATS["fp8"], FORMATS["nvfp4"]
IN_FP8 = Precision(FP8, FP8, BF16)


def test_a_matrix_is_stored_with_its_scales():
    precision = Precision(NVFP4, NVFP4, BF16)
    assert matrix_bytes(Matrix("up", 64, 32, Role.DENSE_MLP), precision) == 64 * 32 * (4 + 0.5) / 8


def test_a_bias_stays_in_sixteen_bits():
    biased = Matrix("q", 64, 32, Role.ATTENTION, bias=True)
    assert matrix_bytes(biased, IN_FP8) == 64 * 32 + 2 * 32


def test_router_norms_embedding_and_head_stay_in_sixteen_bits():
    model = builders.mixture(layers=3)
    block = model.layers[0].block
    quantised = sum(m.weights for m in block.matrices) + 8 * 3 * 1024 * 512
    plain = block.other_parameters + block.experts.router.weights
    ends = 2 * 1000 * 1024 + 1024
    assert weight_bytes(model, IN_FP8) == 3 * (quantised + 2 * plain) + 2 * ends


@pytest.mark.parametrize("role", [Role.EMBEDDING, Role.LM_HEAD, Role.TOWER])
def test_a_role_that_a_checkpoint_quantises_weighs_what_it_says(role: Role):
    model = replace(builders.dense(), tower_parameters=1000 * 1024)
    quantised = replace(builders.BF16, overrides=((role, NVFP4),))
    saved = 1000 * 1024 * (2 - NVFP4.bytes_per_element)
    assert weight_bytes(model, builders.BF16) - weight_bytes(model, quantised) == saved


def test_a_tied_head_is_the_embedding():
    model = builders.dense()
    tied = replace(model, tied_embeddings=True)
    held = stored_weights(tied, builders.BF16)
    assert held.head == 0
    assert weight_bytes(model, builders.BF16) - held.total == 2 * 1000 * 1024


@pytest.mark.parametrize("precision", [builders.BF16, IN_FP8, Precision(NVFP4, NVFP4, BF16)])
def test_what_layers_share_is_held_once_in_its_own_format(precision: Precision):
    once = builders.dense(layers=1)
    block = once.layers[0].block
    often = replace(once, layers=(LayerGroup(block, 5),), shared=(LayerGroup(block, 4),))
    assert weight_bytes(often, precision) == weight_bytes(once, precision)


def test_prediction_layers_weigh_for_themselves_only():
    model = builders.dense(layers=2)
    more = replace(
        model,
        prediction_layers=(LayerGroup(model.layers[0].block, 1),),
        prediction_other_parameters=10,
    )
    layer = sum(part.bytes for part in stored_weights(model, IN_FP8).layers[0].parts)
    assert weight_bytes(more, IN_FP8) == weight_bytes(model, IN_FP8)
    assert prediction_bytes(more, IN_FP8) == layer + 20


def test_a_token_caches_keys_and_values_of_every_layer():
    assert cache_bytes_per_token(builders.dense(layers=3), FP8) == 3 * 2 * 2 * 128


def test_a_state_and_its_convolution_tail_are_held_however_long_the_context():
    core = StateCore("toy", heads=2, state_elements=100, convolution_elements=30, flops_per_token=0)
    model = replace(builders.dense(), layers=(LayerGroup(Block("state", (), (core,)), 4),))
    assert state_bytes(model) == 4 * (100 * 4 + 30 * 2)


def test_matrices_of_two_formats_in_one_product_weigh_their_mean():
    large = Matrix("q", 64, 96, Role.ATTENTION)
    small = Matrix("indexer.q", 64, 32, Role.INDEXER)
    (alone,) = IN_FP8.portions((large,))
    assert alone.weights.bytes_per_element == 1
    (both,) = IN_FP8.portions((large, small))
    assert both.weights.bytes_per_element == (96 * 1 + 32 * 2) / 128
    assert both.weights.name == "fp8"


def test_modules_that_are_not_stored_as_their_role_are_products_of_their_own():
    half = (Portion(0.5, FP8, FP8), Portion(0.5, BF16, BF16))
    mixed = replace(IN_FP8, modules=(("q", half),))
    large, small = Matrix("q", 64, 96, Role.ATTENTION), Matrix("k", 64, 32, Role.ATTENTION)
    assert mixed.portions((large,)) == half
    shares = {one.weights.name: one.share for one in mixed.portions((large, small))}
    assert shares == {"fp8": 0.75 * 0.5 + 0.25, "bf16": 0.75 * 0.5}


def test_a_head_without_outputs_is_no_division_by_zero():
    (none,) = IN_FP8.portions((Matrix("lm_head", 64, 0, Role.ATTENTION),))
    assert none == Portion(1.0, FP8, FP8)
