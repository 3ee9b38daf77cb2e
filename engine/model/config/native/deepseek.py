"""DeepSeek's inference configs (deepseek-ai/DeepSeek-V3, inference/model.py ``ModelArgs``)."""

from __future__ import annotations

from typing import Any

from engine.model.config.native.translated import Translated, renamed, unknown

DEEPSEEK = frozenset({"dim", "inter_dim", "n_layers", "kv_lora_rank"})
"""Keys by which such a file is known."""

_NAMES = {
    "dim": "hidden_size",
    "inter_dim": "intermediate_size",
    "moe_inter_dim": "moe_intermediate_size",
    "n_layers": "num_hidden_layers",
    "n_dense_layers": "first_k_dense_replace",
    "n_heads": "num_attention_heads",
    "n_activated_experts": "num_experts_per_tok",
    "n_expert_groups": "n_group",
    "n_limited_groups": "topk_group",
    "route_scale": "routed_scaling_factor",
    "score_func": "scoring_func",
    "max_seq_len": "max_position_embeddings",
}
_DEFAULTS: dict[str, Any] = {
    "vocab_size": 102400,
    "moe_inter_dim": 1408,
    "n_dense_layers": 1,
    "n_heads": 16,
    "n_routed_experts": 64,
    "n_shared_experts": 2,
    "n_activated_experts": 6,
    "n_expert_groups": 1,
    "n_limited_groups": 1,
    "score_func": "softmax",
    "q_lora_rank": 0,
    "qk_nope_head_dim": 128,
    "qk_rope_head_dim": 64,
    "v_head_dim": 128,
    "dtype": "bf16",
}
"""What the class takes where the file says nothing."""
_BLOCK = [128, 128]
"""``block_size`` of its FP8 linear layers, in both directions."""


def from_deepseek(values: dict[str, Any]) -> Translated:
    """V2, V3 and V3.2 (the one with an indexer); ``dtype`` of ``fp8`` stores linear layers in
    blocks of 128 × 128."""
    given = {**_DEFAULTS, **values}
    dtype, scale = given.pop("dtype"), given.pop("scale_fmt", None)
    config = renamed(given, _NAMES)
    config["num_key_value_heads"] = config["num_attention_heads"]
    config["q_lora_rank"] = config["q_lora_rank"] or None
    config["torch_dtype"] = "bfloat16"
    if dtype == "fp8":
        config["quantization_config"] = {
            "quant_method": "fp8",
            "weight_block_size": _BLOCK,
            "scale_fmt": scale,
        }
    elif dtype != "bf16":
        raise unknown("dtype", dtype, "bf16 or fp8")
    config["model_type"] = _model_type(given)
    return Translated(config, "read from DeepSeek's inference config, in transformers' words")


def _model_type(given: dict[str, Any]) -> str:
    if "index_n_heads" in given:
        return "deepseek_v32"
    return "deepseek_v2" if given["score_func"] == "softmax" else "deepseek_v3"
