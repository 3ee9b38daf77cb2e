"""Text families that engines serve from their own code, against published sizes and kinds."""

from __future__ import annotations

from typing import Any

import pytest

from engine.model.architecture import Architecture
from engine.model.dialects.reading import read_architecture


def read(config: dict[str, Any]) -> Architecture:
    return read_architecture(config, "m.json", "m")


def kinds(model: Architecture) -> dict[str, int]:
    return {group.block.kind: group.count for group in model.layers}


BAILING: dict[str, Any] = {
    "vocab_size": 157_184,
    "num_experts": 256,
    "num_shared_experts": 1,
    "num_experts_per_tok": 8,
    "n_group": 8,
    "topk_group": 4,
    "head_dim": 128,
    "use_qk_norm": True,
    "use_qkv_bias": False,
    "use_bias": False,
}
RING_2_5: dict[str, Any] = {
    **BAILING,
    "model_type": "bailing_hybrid",
    "architectures": ["BailingMoeV2_5ForCausalLM"],
    "hidden_size": 8192,
    "intermediate_size": 18_432,
    "num_hidden_layers": 80,
    "num_attention_heads": 64,
    "num_key_value_heads": 64,
    "moe_intermediate_size": 2048,
    "first_k_dense_replace": 4,
    "layer_group_size": 8,
    "group_norm_size": 8,
    "kv_lora_rank": 512,
    "q_lora_rank": 1536,
    "qk_rope_head_dim": 64,
    "qk_nope_head_dim": 128,
    "v_head_dim": 128,
}
RING_MINI: dict[str, Any] = {
    **BAILING,
    "model_type": "bailing_moe_linear",
    "hidden_size": 2048,
    "intermediate_size": 5120,
    "num_hidden_layers": 20,
    "num_attention_heads": 16,
    "num_key_value_heads": 4,
    "moe_intermediate_size": 512,
    "first_k_dense_replace": 1,
    "layer_group_size": 5,
    "group_norm_size": 4,
}
PANGU_ULTRA: dict[str, Any] = {
    "model_type": "pangu_ultra_moe",
    "hidden_size": 7680,
    "intermediate_size": 18_432,
    "num_hidden_layers": 61,
    "num_attention_heads": 128,
    "vocab_size": 153_600,
    "first_k_dense_replace": 3,
    "n_routed_experts": 256,
    "n_shared_experts": 1,
    "num_experts_per_tok": 8,
    "moe_intermediate_size": 2048,
    "q_lora_rank": 1536,
    "kv_lora_rank": 512,
    "qk_nope_head_dim": 128,
    "qk_rope_head_dim": 64,
    "v_head_dim": 128,
    "sandwich_norm": True,
    "tie_word_embeddings": False,
}
RNJ: dict[str, Any] = {
    "model_type": "rnj1",
    "hidden_size": 4096,
    "intermediate_size": 16_384,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "vocab_size": 128_256,
    "sliding_window": 4096,
    "layer_types": ["chunked_attention", "full_attention"] * 16,
}
PLAMO: dict[str, Any] = {
    "model_type": "plamo3",
    "hidden_size": 4096,
    "intermediate_size": 16_384,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 4,
    "head_dim": 128,
    "vocab_size": 107_520,
    "window_size": 2048,
    "tie_word_embeddings": True,
}
MOONDREAM: dict[str, Any] = {"model_type": "moondream3", "config": {}}


@pytest.mark.parametrize(
    ("config", "total", "active"),
    [
        pytest.param(RING_2_5, 1000, 63, id="Ring-2.5-1T: 1T, 63B active"),
        pytest.param(RING_MINI, 16.4, 1.6, id="Ring-mini-linear-2.0: 16.4B, 1.6B active"),
        pytest.param(PANGU_ULTRA, 718, 39, id="openPangu-Ultra-MoE-718B: 39B active"),
        pytest.param(RNJ, 8.3, 8.3, id="rnj-1: 8.3B"),
        pytest.param(PLAMO, 8, 8, id="plamo-3-nict-8b"),
        pytest.param(MOONDREAM, 9.27, 2.2, id="moondream3-preview: 9.27B, 2B active"),
    ],
)
def test_the_published_size(config: dict[str, Any], total: float, active: float) -> None:
    model = read(config)
    assert model.total_parameters / 1e9 == pytest.approx(total, rel=0.013)
    assert model.active_parameters / 1e9 == pytest.approx(active, rel=0.04)


def test_the_class_tells_ring_2_5_from_ling_3() -> None:
    shared = {key: value for key, value in RING_2_5.items() if key != "group_norm_size"}
    ring = kinds(read(RING_2_5))
    ling = kinds(read({**shared, "architectures": ["BailingMoeV3ForCausalLM"]}))
    assert ring["lightning attention + mixture of experts"] == 66
    assert ling["kimi delta attention + mixture of experts"] == 66
    full = "latent attention + mixture of experts"
    assert ring[full] == ling[full] == 10


LING_3: dict[str, Any] = {
    **{key: value for key, value in RING_2_5.items() if key != "group_norm_size"},
    "architectures": ["BailingMoeV3ForCausalLM"],
    "hidden_size": 512,
    "num_hidden_layers": 8,
    "num_attention_heads": 4,
    "first_k_dense_replace": 0,
}


@pytest.mark.parametrize(
    ("said", "gates"), [("head_wise", 4), ("element_wise", 4 * 128), (None, 0)]
)
def test_ling_3_gates_by_head_by_element_or_not(said: str | None, gates: int) -> None:
    name = "gated_attention_proj_granularity_type"
    own, silent = read({**LING_3, name: said}), read(LING_3)
    assert own.total_parameters - silent.total_parameters == 512 * (gates - 4)


def test_layers_behind_the_last_whole_group_attend_to_everything() -> None:
    found = kinds(read({**LING_3, "num_hidden_layers": 10}))
    assert found["latent attention + mixture of experts"] == 3


def test_pangu_holds_tokens_as_parameters() -> None:
    plain = {
        "model_type": "PanguProMoEV2",
        "hidden_size": 512,
        "intermediate_size": 1024,
        "num_hidden_layers": 3,
        "num_attention_heads": 8,
        "num_key_value_heads": 2,
        "vocab_size": 1000,
        "qk_nope_dim": 64,
        "qk_rope_dim": 32,
        "v_channels": 64,
        "param_sink_number": 16,
    }
    valued = {**plain, "param_sink_with_value": True}
    attention = 512 * (8 * 96 + 2 * 96 + 2 * 64) + 8 * 64 * 512
    sinks = 16 * 2 * 96 + 96
    layer = attention + sinks + 3 * 512 * 1024 + 2 * 512
    assert read(plain).total_parameters == 3 * layer + 2 * 1000 * 512 + 512
    assert read(valued).total_parameters - read(plain).total_parameters == 3 * 16 * 2 * 64


def test_step_1_calls_its_key_value_heads_groups() -> None:
    config = {
        "model_type": "step1",
        "hidden_size": 512,
        "intermediate_size": 1024,
        "num_hidden_layers": 2,
        "num_attention_heads": 8,
        "num_attention_groups": 2,
        "vocab_size": 1000,
    }
    layer = 2 * 512 * 512 + 2 * 512 * 128 + 3 * 512 * 1024 + 2 * 512
    assert read(config).total_parameters == 2 * layer + 1000 * 512 + 512
