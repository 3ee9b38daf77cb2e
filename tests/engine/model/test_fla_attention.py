"""Softmax attention of flash-linear-attention, and its classes' own defaults, counted by hand."""

from __future__ import annotations

from typing import Any

import pytest

from engine.model.architecture import Architecture
from engine.model.cores import AttentionCore
from engine.model.dialects.reading import read_architecture
from engine.words.errors import InputError

BASE: dict[str, Any] = {"hidden_size": 576, "num_hidden_layers": 4, "vocab_size": 1000}
ENDS = 2 * 1000 * 576 + 576
WIDTH = 1536
FEED_FORWARD = 3 * 576 * WIDTH + 2 * 576
ATTENTION = 4 * 576 * 576
MAMBA = 576 * 2304 + 1152 * (36 + 32) + 36 * 1152 + 1152 + 1152 * 576 + 1152 * (4 + 1 + 16 + 1)


def read(model_type: str, **more: object) -> Architecture:
    return read_architecture({**BASE, "model_type": model_type, **more}, "m.json", "m")


def test_a_transformer_is_a_llama_of_other_names() -> None:
    model = read("transformer", num_heads=8, num_kv_heads=None)
    assert model.total_parameters == ENDS + 4 * (ATTENTION + FEED_FORWARD)
    grouped = read("transformer", num_heads=8, num_kv_heads=2, qk_norm=True, intermediate_size=64)
    layer = 2 * 576 * 576 + 2 * 576 * 144 + 2 * 72 + 3 * 576 * 64 + 2 * 576
    assert grouped.total_parameters == ENDS + 4 * layer


def test_samba_has_mamba_between_layers_of_attention() -> None:
    listed = {"layers": [1, 3], "num_heads": 8, "window_size": 128}
    model = read("samba", attn=listed, intermediate_size=1152)
    assert model.total_parameters == ENDS + 2 * (ATTENTION + MAMBA) + 4 * FEED_FORWARD
    windows = [
        core.window
        for block, _ in model.blocks()
        for core in block.cores
        if isinstance(core, AttentionCore)
    ]
    assert set(windows) == {128}
    usual = read("samba")
    assert usual.total_parameters == model.total_parameters
    assert any(item.key == "attn.layers" for item in usual.assumptions)


def test_attention_residuals_are_refused() -> None:
    with pytest.raises(InputError, match="attnres_block_size is 2, expected null"):
        read("transformer", num_heads=8, attnres_block_size=2)


def test_mamba_2_has_as_many_heads_as_its_channels_hold() -> None:
    given = {"hidden_size": 64, "head_dim": 32, "n_groups": 1, "state_size": 16, "conv_kernel": 4}
    model = read("mamba2", **given)
    assert model.total_parameters == read("mamba2", num_heads=4, **given).total_parameters
    assert any(item.key == "num_heads" for item in model.assumptions)
