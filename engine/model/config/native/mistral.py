"""Mistral's ``params.json`` (vLLM, transformers_utils/configs/mistral.py ``adapt_config_dict``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.model.config.native.translated import Translated, renamed, unknown, whole

MISTRAL = frozenset({"dim", "n_layers", "n_heads", "hidden_dim"})
"""Keys by which such a file is known."""

_NAMES = {
    "dim": "hidden_size",
    "n_layers": "num_hidden_layers",
    "n_heads": "num_attention_heads",
    "n_kv_heads": "num_key_value_heads",
    "hidden_dim": "intermediate_size",
    "norm_eps": "rms_norm_eps",
    "activation": "hidden_act",
    "tied_embeddings": "tie_word_embeddings",
    "max_seq_len": "max_position_embeddings",
}
_EXPERTS = {
    "route_every_n": "moe_layer_freq",
    "num_experts": "n_routed_experts",
    "expert_hidden_dim": "moe_intermediate_size",
    "routed_scale": "routed_scaling_factor",
    "num_shared_experts": "n_shared_experts",
    "num_expert_groups": "n_group",
    "num_expert_groups_per_tok": "topk_group",
}
_QUIET = ("causal", "llama_4_scaling", "yarn", "renorm_strategy", "use_load_balancing_bias")
"""Keys that change neither bytes nor FLOPs."""


def from_mistral(values: dict[str, Any]) -> Translated:
    """A decoder, with experts as Mixtral's or DeepSeek's, and Pixtral's tower."""
    given = {key: value for key, value in values.items() if key not in _QUIET}
    quantisation, tower = given.pop("quantization", None), given.pop("vision_encoder", None)
    moe = given.pop("moe", None)
    given.pop("model_type", None)
    if given.get("multimodal"):
        tower = _tower_of(given.pop("multimodal"))
    config = _windows(renamed(given, _NAMES))
    config.setdefault("tie_word_embeddings", False)
    config.setdefault("torch_dtype", config.pop("dtype", None) or "bfloat16")
    if given.get("qk_nope_head_dim"):
        config |= {"model_type": "deepseek_v3", **_latent(config, _mapping("moe", moe))}
    elif moe:
        routed = _mapping("moe", moe)
        config |= {"model_type": "mixtral", "num_local_experts": whole(routed, "num_experts")}
        config["num_experts_per_tok"] = whole(routed, "num_experts_per_tok")
    else:
        config["model_type"] = "mistral"
    if tower is not None:
        config = _with_tower(config, _mapping("vision_encoder", tower))
    if quantisation:
        config["quantization_config"] = _quantisation(_mapping("quantization", quantisation))
    return Translated(config, "read from Mistral's params.json, in transformers' words")


def _mapping(key: str, value: object) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise unknown(key, value, "a mapping")
    return value


def _tower_of(value: object) -> object:
    found = _mapping("multimodal", value)
    if set(found) == {"vision_encoder_args"}:
        return found["vision_encoder_args"]
    raise unknown("multimodal", sorted(found), "vision_encoder_args alone: name the config.json")


def _windows(config: dict[str, Any]) -> dict[str, Any]:
    """A list of windows is a pattern that repeats over the layers; null is all of the context."""
    windows = config.get("sliding_window")
    if not isinstance(windows, list):
        return config
    sizes = {whole({"sliding_window": one}, "sliding_window") for one in windows if one is not None}
    layers = whole(config, "num_hidden_layers")
    if not windows or len(sizes) > 1 or layers % len(windows):
        raise unknown("sliding_window", windows, "one size in a pattern that divides the layers")
    kinds = ["full_attention" if window is None else "sliding_attention" for window in windows]
    pattern = kinds * (layers // len(windows))
    return {**config, "layer_types": pattern, "sliding_window": next(iter(sizes), None)}


def _latent(config: dict[str, Any], moe: Mapping[str, Any]) -> dict[str, Any]:
    """Mistral Large 3's experts in DeepSeek's words; without experts all layers are dense."""
    if not moe:
        return {"first_k_dense_replace": config["num_hidden_layers"], "n_routed_experts": None}
    kept = {key: value for key, value in moe.items() if key not in _QUIET}
    return renamed(kept, _EXPERTS)


def _with_tower(config: dict[str, Any], tower: Mapping[str, Any]) -> dict[str, Any]:
    merged = whole(tower, "spatial_merge_size") if tower.get("spatial_merge_size") else 1
    vision = {**tower, "model_type": "pixtral"}
    bias = vision.pop("adapter_bias", False)
    for key in ("mm_projector_id", "add_pre_mm_projector_layer_norm", "spatial_merge_size"):
        vision.pop(key, None)
    outer = {
        "model_type": "mistral3" if merged > 1 else "llava",
        "text_config": config,
        "vision_config": vision,
        "multimodal_projector_bias": bias,
        "torch_dtype": config["torch_dtype"],
    }
    return outer | ({"spatial_merge_size": merged} if merged > 1 else {})


def _quantisation(found: Mapping[str, Any]) -> dict[str, Any]:
    if found.get("qformat_weight") == "fp8_e4m3":
        return {"quant_method": "fp8"}
    method = str(found.get("quant_method", "")).lower().replace("_", "-")
    if method == "compressed-tensors":
        return {**found, "quant_method": method}
    raise unknown("quantization", dict(found), "qformat_weight fp8_e4m3 or compressed-tensors")
