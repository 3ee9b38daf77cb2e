"""Speech through a FastConformer, against transformers' own counts."""

from __future__ import annotations

from typing import Any

import pytest

from engine.model.architecture import Architecture
from engine.model.cores import AttentionCore
from engine.model.dialects.reading import read_architecture

HEARD: dict[str, Any] = {
    "hidden_size": 1280,
    "num_hidden_layers": 48,
    "num_attention_heads": 8,
    "intermediate_size": 5120,
    "num_mel_bins": 128,
}
DECODER: dict[str, Any] = {
    "hidden_size": 1024,
    "num_hidden_layers": 8,
    "num_attention_heads": 8,
    "num_key_value_heads": 8,
    "intermediate_size": 4096,
    "vocab_size": 16_384,
    "max_position_embeddings": 1024,
}
COHERE = {"model_type": "cohere_asr", **DECODER, "encoder_config": HEARD}
CANARY = {
    "model_type": "canary",
    "decoder_config": {**DECODER, "head_dim": 128},
    "encoder_config": {**HEARD, "hidden_size": 1024, "num_hidden_layers": 32}
    | {"intermediate_size": 4096},
}


def read(config: dict[str, Any]) -> Architecture:
    return read_architecture(config, "m.json", "m")


@pytest.mark.parametrize(
    ("config", "total", "encoder"),
    [
        pytest.param(COHERE, 2_065_647_872, 1_895_339_264, id="cohere-transcribe: 2B"),
        pytest.param(CANARY, 962_155_520, 810_984_448, id="canary-1b-v2"),
    ],
)
def test_the_elements_of_transformers(config: dict[str, Any], total: int, encoder: int) -> None:
    model = read(config)
    assert (model.total_parameters, model.tower_parameters) == (total, encoder)


def test_the_longest_clip_makes_so_many_frames() -> None:
    """35 s of 100 frames, shortened eight times."""
    core = read(COHERE).layers[0].block.cores[1]
    assert isinstance(core, AttentionCore)
    assert (core.cross, core.source_tokens) == (True, 438)


def test_what_speech_goes_through_is_an_encoder() -> None:
    assert [group.count for group in read(COHERE).encoder] == [48]
