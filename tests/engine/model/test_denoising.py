"""Language models that denoise blocks: their weights are counted, their times refused by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.model.dialects.reading import read_architecture
from engine.scenario import Scenario
from engine.serve.resolve import resolve
from engine.words.errors import InputError

LLADA: dict[str, Any] = {
    "model_type": "llada",
    "architectures": ["LLaDAModelLM"],
    "block_type": "llama",
    "d_model": 4096,
    "embedding_size": 126464,
    "include_bias": False,
    "max_sequence_length": 4096,
    "mlp_hidden_size": 12288,
    "n_heads": 32,
    "n_kv_heads": 32,
    "n_layers": 32,
    "vocab_size": 126464,
    "weight_tying": False,
}
DREAM: dict[str, Any] = {
    "model_type": "Dream",
    "architectures": ["DreamModel"],
    "hidden_size": 3584,
    "intermediate_size": 18944,
    "num_hidden_layers": 28,
    "num_attention_heads": 28,
    "num_key_value_heads": 4,
    "vocab_size": 152064,
    "mask_token_id": 151666,
}


@pytest.mark.parametrize(("config", "parameters"), [(LLADA, 8_015_581_184), (DREAM, 7_615_616_512)])
def test_weights_are_those_of_the_published_files(config: dict[str, Any], parameters: int) -> None:
    """GSAI-ML/LLaDA-8B-Base; Dream-org/Dream-v0-Base-7B has Qwen2.5-7B's."""
    assert read_architecture(config, "m.json", "m").total_parameters == parameters


def test_times_are_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(LLADA))
    with pytest.raises(InputError, match=r"denoises blocks of text in many passes \(diffusion\)"):
        resolve(Scenario(model=str(tmp_path)))
