"""Linear attention of flash-linear-attention, counted by hand."""

from __future__ import annotations

from typing import Any

import pytest

from engine.model.architecture import Architecture
from engine.model.cores import AttentionCore, StateCore
from engine.model.dialects.reading import read_architecture
from engine.words.errors import InputError

BASE: dict[str, Any] = {
    "hidden_size": 512,
    "num_hidden_layers": 2,
    "num_heads": 4,
    "vocab_size": 1000,
    "tie_word_embeddings": False,
}
ENDS = 2 * 1000 * 512 + 512
WIDTH = 1536
"""Two thirds of four times 512, rounded up to 256s."""
FEED_FORWARD = 3 * 512 * WIDTH + 2 * 512
WHOLE = 512 * 512


def read(model_type: str, **more: object) -> Architecture:
    return read_architecture({**BASE, "model_type": model_type, **more}, "m.json", "m")


def state(model: Architecture) -> StateCore:
    core = model.layers[0].block.cores[0]
    assert isinstance(core, StateCore)
    return core


LAYERS = {
    # Queries, keys of half width; values, gate and output; a bottleneck of 16 with a bias; a norm.
    "gla": 2 * 512 * 256 + 3 * WHOLE + 512 * 16 + 16 * 256 + 256 + 128,
    # Queries, keys, values, output; steps; convolutions of 4; a norm.
    "delta_net": 4 * WHOLE + 512 * 4 + 3 * 512 * 4 + 128,
    # Four heads of 256 with values of 512: queries, keys, values, gate, output; decay and step;
    # convolutions; two figures of each head and a norm.
    "gated_deltanet": 2 * 512 * 1024 + 3 * 512 * 2048 + 2 * 512 * 4 + 4096 * 4 + 2 * 4 + 512,
    # Queries, forget gate, values, output; four heads of 128; a norm.
    # A floor of the forget gates for each layer and channel is beside the layers.
    "hgrn2": 4 * WHOLE + 512 + 512,
    # Input, forget gate, output gate, output; a norm; the floor.
    "hgrn": 4 * WHOLE + 512 + 512,
    # Queries, keys, values, output; decay and gate through one head's width; steps; convolutions;
    # figures of each head, of each channel, and a norm.
    "kda": 4 * WHOLE + 4 * 512 * 128 + 512 + 512 * 4 + 3 * 512 * 4 + 4 + 512 + 128,
    # Queries, keys, values, output; four heads of 64 slots; a norm.
    "gsa": 4 * WHOLE + 512 * 4 * 64 + 512,
    # Queries, keys, values, output; two gates per head; convolutions of two; a figure per channel
    # and a norm.
    "mesa_net": 4 * WHOLE + 2 * (512 * 4 + 4) + 2 * 512 * 4 + 512 + 128,
}
STATES = {"hgrn": 512, "kda": 4 * 128 * 128, "gsa": 64 * 1024, "mesa_net": 2 * 4 * 128 * 128}


@pytest.mark.parametrize("model_type", STATES)
def test_the_elements_of_a_state(model_type: str) -> None:
    assert state(read(model_type)).state_elements == STATES[model_type]


def test_mesa_solves_in_so_many_steps() -> None:
    few, many = (
        state(read("mesa_net", max_cg_step_decoding=one)).flops_per_token for one in (5, 30)
    )
    assert many - few == 25 * 2 * 4 * 128 * 128


@pytest.mark.parametrize("model_type", LAYERS)
def test_the_elements_of_a_layer(model_type: str) -> None:
    more = {"expand_ratio": 128} if model_type == "hgrn2" else {}
    total = read(model_type, **more).total_parameters
    assert total == ENDS + 2 * (LAYERS[model_type] + FEED_FORWARD)


def test_retention_has_wider_values_and_a_narrower_feed_forward_part() -> None:
    narrow = 3 * 512 * 768 + 2 * 512
    layer = 2 * WHOLE + 3 * 2 * WHOLE + 256
    assert read("retnet").total_parameters == ENDS + 2 * (layer + narrow)


@pytest.mark.parametrize(
    ("model_type", "elements"),
    [("gla", 256 * 512 // 4), ("delta_net", WHOLE // 4), ("gated_deltanet", 4 * 256 * 512)],
)
def test_the_state_is_one_matrix_of_each_head(model_type: str, elements: int) -> None:
    assert state(read(model_type)).state_elements == elements


def test_nothing_grows_with_the_context() -> None:
    assert read("delta_net").cached_elements_per_token() == 0


def test_grouped_heads_share_keys_and_values() -> None:
    whole, grouped = read("gla"), read("gla", num_kv_heads=2)
    fewer = 512 * 128 + 512 * 256 + 16 * 128 + 128
    assert whole.total_parameters - grouped.total_parameters == 2 * fewer


def test_listed_layers_are_softmax_attention() -> None:
    model = read("gated_deltanet", attn={"layers": [1], "num_heads": 8, "num_kv_heads": 2})
    cores = [block.cores[0] for block, _ in model.blocks()]
    assert isinstance(cores[1], AttentionCore)
    assert model.cached_elements_per_token() == 2 * 2 * 64


@pytest.mark.parametrize(
    ("model_type", "change", "said"),
    [
        ("gla", {"num_heads": 3}, "num_heads is 3, expected a divisor of the 256 channels"),
        ("gla", {"num_kv_heads": 3}, "num_kv_heads is 3"),
        ("gated_deltanet", {"num_v_heads": 6}, "num_v_heads is 6, expected a multiple"),
        ("delta_net", {"attnres_block_size": 4}, "attnres_block_size is 4, expected null"),
    ],
)
def test_what_cannot_be_is_refused(model_type: str, change: dict[str, int], said: str) -> None:
    with pytest.raises(InputError, match=said):
        read(model_type, **change)
