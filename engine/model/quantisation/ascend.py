"""Ascend's ModelSlim: a type for each tensor in ``quant_model_description.json``."""

from __future__ import annotations

import re
from collections.abc import Mapping

from engine.model.precision import FORMATS, NumberFormat
from engine.model.quantisation.compressed import read_compressed_tensors
from engine.model.quantisation.formats import grouped
from engine.model.quantisation.scheme import Rule, Scheme
from engine.model.quantisation.values import Config, number, one_of, problem

_TYPES = {
    "W8A8": ("int8", "int8"),
    "W8A8_DYNAMIC": ("int8", "int8"),
    "W8A8_MIX": ("int8", "int8"),
    "W8A8S": ("int8", "int8"),
    "W8A16": ("int8", "bf16"),
    "W4A16": ("int4", "bf16"),
    "W4A8_DYNAMIC": ("int4", "int8"),
    "W4A4_DYNAMIC": ("int4", "int4"),
    "W4A4_FLATQUANT_DYNAMIC": ("int4", "int4"),
    "W8A8FP8_DYNAMIC": ("fp8", "fp8"),
    "W8A8_MXFP8": ("mxfp8", "fp8"),
    "W4A8_MXFP": ("mxfp4", "fp8"),
    "W4A4_MXFP4": ("mxfp4", "mxfp4"),
    "W4A4_MXFP4_FLATQUANT": ("mxfp4", "mxfp4"),
    "W4A16_MXFP4": ("mxfp4", "bf16"),
}
"""Weight and activation formats of the types that vLLM-Ascend serves
(vllm-project/vllm-ascend, quantization/methods, ``register_scheme``)."""
_PLAIN = "FLOAT"
_WEIGHT = ".weight"
_EXPERT = re.compile(r"experts\.\d+\.")


def read_description(found: Config) -> Scheme:
    """The description: ``<module>.weight`` with its type, ``FLOAT`` for those left alone, and
    ``model_quant_type`` for the whole where no tensor is named (vllm-project/vllm-ascend,
    quantization/modelslim_config.py). Tensors of scales are beside their weights in it."""
    by_type: dict[str, dict[str, None]] = {}
    for name, value in found.items():
        if name.endswith(_WEIGHT) and isinstance(value, str):
            module = _EXPERT.sub("experts.0.", name.removesuffix(_WEIGHT))
            by_type.setdefault(value, {})[module] = None
    cache = FORMATS["int8"] if "C8" in _cache_types(found) else None
    if not by_type:
        if str(found.get("model_quant_type")).upper() == _PLAIN:
            return Scheme(None, cache=cache)
        weights, activations = _operands(found.get("model_quant_type"), found)
        return Scheme(weights, activations, cache)
    rules = []
    for kind, modules in by_type.items():
        if kind != _PLAIN:
            weights, activations = _operands(kind, found)
            rules.append(Rule(tuple(modules), weights, activations))
    return Scheme(None, cache=cache, rules=tuple(rules))


def _cache_types(found: Config) -> set[str]:
    return {str(found.get(key)) for key in ("kv_cache_type", "kv_quant_type")}


def _operands(kind: object, found: Config) -> tuple[NumberFormat, NumberFormat]:
    known = _TYPES.get(str(kind).upper())
    if known is None:
        raise one_of("quantisation type", kind, (_PLAIN, *_TYPES))
    weights, activations = FORMATS[known[0]], FORMATS[known[1]]
    if weights.name == "int4":
        # 0 is a whole row here.
        group = number(found, "group_size", -1) if found.get("group_size") else -1
        weights = grouped(4, group, 32)
    return weights, activations


def read_modelslim(found: Config) -> Scheme:
    """``quant_method`` of ``ascend`` or ``modelslim`` inside config.json: the description itself,
    or groups as compressed-tensors writes them. Without either the description is wanted."""
    if any(name.endswith(_WEIGHT) for name in found) or "model_quant_type" in found:
        return read_description(found)
    if isinstance(found.get("config_groups"), Mapping):
        return read_compressed_tensors(found)
    expected = "quant_model_description.json beside config.json"
    raise problem("quantization_config.quant_method", found.get("quant_method"), expected)
