"""What a row's precision words mean for a model: which matrices are stored how.

Published tables say "nvfp4" or "fp8" and mean a usual checkpoint of that model. Four-bit
checkpoints of mixture models quantise the routed experts and leave attention alone (NVIDIA
ModelOpt, AMD Quark and OpenAI releases); profiles/accuracy/checkpoints.toml says which quantise
more. Those of dense models quantise every linear layer.
FP8 checkpoints of DeepSeek, Qwen3, MiniMax and GLM scale by 128×128 blocks, the others by tensor.
"""

from __future__ import annotations

import re
from functools import cache

from engine.model.architecture import Architecture, Role
from engine.model.precision import (
    FORMATS,
    QUANTISED_ROLES,
    NumberFormat,
    Precision,
    parse_precision,
)
from engine.sources.profile_files import read_toml
from engine.words.errors import InputError
from profiles import ROOT

_PLAIN = FORMATS["bf16"]
_NOT_EXPERTS = QUANTISED_ROLES - {Role.ROUTED_EXPERT}
_SPELLINGS = {
    "half": "bf16",
    "float16": "bf16",
    "bfloat16": "bf16",
    "float32": "fp32",
    "float8": "fp8",
    "fp8_e4m3": "fp8",
    "fp4": "nvfp4",
    "awq": "int4",
    "gptq": "int4",
    "w4": "int4",
}
"""Other words of published tables; AWQ and GPTQ checkpoints are of four bits where nobody says."""
_BLOCK_SCALED = ("deepseek", "qwen3", "minimax", "glm", "kimi", "step3")


def row_precision(
    weights: str,
    activations: str,
    kv: str,
    architecture: Architecture,
    framework: str = "",
    stored: Precision | None = None,
) -> Precision:
    """The precision of a row's words for ``architecture``, whose own checkpoint is ``stored`` so;
    raises `InputError`.

    "FP8" of a checkpoint whose experts are of four bits (DeepSeek-V4) means all but those.
    TensorRT-LLM's FP8 engines keep an FP8 cache (ModelOpt's default); other engines keep 16 bits
    unless told.
    """
    words = weights.lower()
    cache = _cache(kv.lower())
    if cache is None and words.startswith("fp8") and framework.startswith(("trtllm", "nim")):
        cache = FORMATS["fp8"]
    if not words or words.startswith(("fp16", "bf16")):
        return Precision(_PLAIN, _PLAIN, cache or _PLAIN)
    mixed = stored is not None and stored.weight_format(Role.ROUTED_EXPERT).bits <= 4
    if "native mixed" in words or (mixed and words.startswith("fp8")):
        return _experts_only("mxfp4", "fp8", cache or FORMATS["fp8"], FORMATS["fp8_block"])
    for name in ("nvfp4", "mxfp4"):
        if words.startswith(name):
            return _four_bit(name, cache, architecture)
    if words.startswith("mxfp8"):
        return Precision(FORMATS["mxfp8"], FORMATS["fp8"], cache or _PLAIN)
    if words.startswith("fp8"):
        name = "fp8_block" if _is_block_scaled(words, architecture) else "fp8"
        return Precision(FORMATS[name], FORMATS["fp8"], cache or _PLAIN)
    if words.startswith("int8"):
        if activations.lower().startswith("int8"):
            return Precision(FORMATS["int8"], FORMATS["int8"], cache or _PLAIN)
        return Precision(FORMATS["int8"], _PLAIN, cache or _PLAIN)
    if words.startswith("int4"):
        if architecture.is_mixture and "(" not in words:
            return _experts_only("int4", "bf16", cache or _PLAIN, _PLAIN)
        return Precision(FORMATS["int4"], _PLAIN, cache or _PLAIN)
    return _other(weights, cache or _PLAIN)


def _other(weights: str, cache: NumberFormat) -> Precision:
    """Any other format or WxAy by its first word that is one; raises `InputError`."""
    for word in re.split(r"[\s/(),;+]+", weights):
        named = word.lower().replace("-", "_")
        try:
            return parse_precision(_SPELLINGS.get(named, named), cache.name)
        except InputError:
            continue
    raise InputError(f"precision {weights[:40]!r} is unknown")


def _cache(words: str) -> NumberFormat | None:
    if words.startswith("fp8"):
        return FORMATS["fp8"]
    return _PLAIN if words.startswith(("fp16", "bf16")) else None


def _is_block_scaled(words: str, architecture: Architecture) -> bool:
    return words.startswith("fp8_block") or architecture.model_type.startswith(_BLOCK_SCALED)


def _four_bit(name: str, cache: NumberFormat | None, architecture: Architecture) -> Precision:
    if architecture.is_mixture:
        activations = "bf16" if architecture.model_type == "gpt_oss" else name
        besides = _quantised_besides().get((architecture.model_type, name), frozenset())
        return _experts_only(name, activations, cache or FORMATS["fp8"], _PLAIN, besides)
    return Precision(FORMATS[name], FORMATS[name], cache or FORMATS["fp8"])


@cache
def _quantised_besides() -> dict[tuple[str, str], frozenset[Role]]:
    """By model type and format: what a checkpoint quantises besides the routed experts."""
    return {
        (one["model_type"], one["weights"]): frozenset(Role(role) for role in one["quantised"])
        for one in read_toml(ROOT / "accuracy" / "checkpoints.toml")["checkpoint"]
    }


def _experts_only(
    name: str,
    activations: str,
    cache: NumberFormat,
    others: NumberFormat,
    besides: frozenset[Role] = frozenset(),
) -> Precision:
    return Precision(
        FORMATS[name],
        FORMATS[activations],
        cache,
        overrides=tuple((role, others) for role in sorted(_NOT_EXPERTS - besides)),
    )
