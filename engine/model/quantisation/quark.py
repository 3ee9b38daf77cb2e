"""AMD Quark: a description for all layers, others for single ones, and named schemes."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping

from engine.model.precision import FORMATS, NumberFormat
from engine.model.quantisation.formats import grouped, in_blocks
from engine.model.quantisation.scheme import BF16, Rule, Scheme
from engine.model.quantisation.values import (
    Config,
    block_size,
    names,
    number,
    one_of,
    problem,
    section,
)

Operands = tuple[NumberFormat, NumberFormat]

_PLACE = "quantization_config.global_quant_config"
_CLASSES = "layer_type_quant_config"


def read_quark(found: Config) -> Scheme:
    """``global_quant_config`` with ``layer_quant_config`` by glob and ``layer_type_quant_config``
    by class (vLLM, quantization/quark/quark.py ``_find_matched_config``); without them a scheme by
    name (Quark's ``--quant_scheme``). What none of these says is refused."""
    ignored = names(found.get("exclude"))
    layers, classes = section(found, "layer_quant_config"), section(found, _CLASSES)
    if not (found.get("global_quant_config") or layers or classes):
        weights, activations = _named(found)
        return Scheme(weights, activations, None, ignored)
    default = _operands(section(found, "global_quant_config"), _PLACE)
    rules = tuple(_rule(_glob(pattern), values, pattern) for pattern, values in layers.items())
    for name, values in classes.items():
        rules, default = _of_class(name, values, rules, default)
    cache = _cache(found, layers)
    if default[0].bits >= 16 and cache is None and all(rule.weights is None for rule in rules):
        raise problem("quantization_config", sorted(found), "the dtype of some weights")
    return Scheme(default[0], default[1], cache, ignored, rules)


def _glob(pattern: str) -> str:
    """A glob over a whole path as a regular expression; without a star it is the path itself."""
    return f"re:{fnmatch.translate(pattern)}" if "*" in pattern else pattern


def _rule(pattern: str, values: object, place: str) -> Rule:
    if not isinstance(values, Mapping):
        raise problem(f"quantization_config.layer_quant_config.{place}", values, "a mapping")
    weights, by = _operands(values, f"quantization_config.layer_quant_config.{place}")
    return Rule((pattern,), weights if weights.bits < 16 else None, by)


def _of_class(
    name: str, values: object, rules: tuple[Rule, ...], default: Operands
) -> tuple[tuple[Rule, ...], Operands]:
    """A class of modules: linear layers are the default, expert banks a rule."""
    rule = _rule("experts", values, name)
    if "linear" in name.lower():
        return rules, (rule.weights or BF16, rule.activations)
    if re.search("moe|expert", name, re.IGNORECASE):
        return (*rules, rule), default
    if rule.weights is None:
        return rules, default
    raise problem(f"quantization_config.{_CLASSES}", name, "linear layers or experts")


def _operands(described: Config, place: str) -> Operands:
    weights = _tensor(described.get("weight"), f"{place}.weight")
    return weights, _tensor(described.get("input_tensors"), f"{place}.input_tensors")


def _tensor(value: object, place: str) -> NumberFormat:
    """One tensor's format; of two stages (FP8 and INT4, FP4 and the scale of its scales) the
    narrower one is what is stored."""
    if value is None:
        return BF16
    given = value if isinstance(value, list) else [value]
    stages = [one for one in given if isinstance(one, Mapping)]
    if not stages or len(stages) < len(given):
        raise problem(place, value, "a mapping, or a list of them")
    return min((_stage(one, place) for one in stages), key=lambda one: one.bits)


_FLOATS = {
    "bf16": "bf16",
    "bfloat16": "bf16",
    "fp16": "fp16",
    "float16": "fp16",
    "fp8_e4m3": "fp8",
    "fp8_e5m2": "fp8",
    "fp6_e3m2": "fp6",
    "fp6_e2m3": "fp6",
    "fp4": "mxfp4",
}
_INTEGERS = {"int8": 8, "uint8": 8, "int4": 4, "uint4": 4, "int3": 3, "int2": 2}


def _stage(values: Config, place: str) -> NumberFormat:
    dtype = str(values.get("dtype") or "bf16").lower()
    if dtype == "mx":
        dtype = str(values.get("mx_element_dtype")).lower()
    group = number(values, "group_size", -1)
    if dtype in _INTEGERS:
        bits = _INTEGERS[dtype]
        if bits == 8 and group < 0:
            return FORMATS["int8"]
        symmetric = values.get("symmetric") is not False and not dtype.startswith("u")
        return grouped(bits, group, 16 if symmetric else 16 + bits)
    if dtype not in _FLOATS:
        raise one_of(f"{place}.dtype", dtype, (*_FLOATS, *_INTEGERS))
    if dtype == "fp4" and group == 16:
        return FORMATS["nvfp4"]
    if _FLOATS[dtype] == "fp8" and group == 32:
        return FORMATS["mxfp8"]
    if _FLOATS[dtype] == "fp8" and values.get("block_size"):
        return in_blocks(block_size(values, "block_size"))
    return FORMATS[_FLOATS[dtype]]


def _cache(found: Config, layers: Config) -> NumberFormat | None:
    """The cache's format: that of the outputs of the projections in ``export.kv_cache_group``,
    or of ``kv_cache_quant_config``."""
    groups = names(section(found, "export").get("kv_cache_group"))
    entries = section(found, "kv_cache_quant_config") or {
        name: values
        for name, values in layers.items()
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in groups)
    }
    for name, values in entries.items():
        outputs = values.get("output_tensors") if isinstance(values, Mapping) else None
        if outputs is not None:
            return _tensor(outputs, f"quantization_config.{name}.output_tensors")
    return None


_SCHEMES = {
    "fp8": ("fp8", "fp8"),
    "ptpc_fp8": ("fp8", "fp8"),
    "int8": ("int8", "int8"),
    "mxfp4": ("mxfp4", "mxfp4"),
    "mxfp4_fp8": ("mxfp4", "fp8"),
    "mxfp6_e3m2": ("fp6", "fp6"),
    "mxfp6_e2m3": ("fp6", "fp6"),
}
_WEIGHT_ONLY = re.compile(r"u?int4_wo_(\d{2,4})")


def _named(found: Config) -> Operands:
    scheme = found.get("quant_scheme")
    name = str(scheme).lower()
    if name in _SCHEMES:
        weights, activations = _SCHEMES[name]
        return FORMATS[weights], FORMATS[activations]
    groups = _WEIGHT_ONLY.fullmatch(name)
    if groups:
        return grouped(4, int(groups[1]), 16 + 4), BF16
    if name == "int4_fp8":
        return grouped(4, -1, 32), FORMATS["fp8"]
    if scheme is None:
        raise problem("quantization_config", sorted(found), "global_quant_config or quant_scheme")
    raise one_of("quantization_config.quant_scheme", scheme, (*_SCHEMES, "int4_wo_128", "int4_fp8"))
