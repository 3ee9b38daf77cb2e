"""Parts of an encoder-decoder are refused, not counted without what they look at."""

from __future__ import annotations

from typing import Any

import pytest

from engine.model.config import RawConfig, interpret
from engine.words.errors import InputError

SIZES: dict[str, dict[str, Any]] = {
    "gpt2": {"n_embd": 64, "n_layer": 2, "n_head": 4},
    "bert": {
        "hidden_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "max_position_embeddings": 32,
        "intermediate_size": 128,
    },
}


@pytest.mark.parametrize("model_type", SIZES)
def test_cross_attention_in_a_model_without_an_encoder(model_type: str) -> None:
    config = {"model_type": model_type, "vocab_size": 100, **SIZES[model_type]}
    interpret(RawConfig("m", "m", "m", {**config, "add_cross_attention": False}), "m")
    with pytest.raises(InputError, match="add_cross_attention = true is not understood"):
        interpret(RawConfig("m", "m", "m", {**config, "add_cross_attention": True}), "m")


def test_two_vocabularies_are_not_taken_for_one() -> None:
    marian = {
        "model_type": "marian",
        "d_model": 64,
        "encoder_layers": 1,
        "decoder_layers": 1,
        "encoder_ffn_dim": 128,
        "decoder_ffn_dim": 128,
        "encoder_attention_heads": 4,
        "decoder_attention_heads": 4,
        "vocab_size": 100,
        "max_position_embeddings": 32,
    }
    interpret(RawConfig("m", "m", "m", {**marian, "decoder_vocab_size": 100}), "m")
    with pytest.raises(InputError, match="decoder_vocab_size is 90, expected 100, as vocab_size"):
        interpret(RawConfig("m", "m", "m", {**marian, "decoder_vocab_size": 90}), "m")
