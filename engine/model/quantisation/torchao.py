"""torchao's ``quant_type``: a name with arguments, or a serialised configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from engine.model.matrices import Role
from engine.model.precision import FORMATS, NumberFormat
from engine.model.quantisation.formats import grouped
from engine.model.quantisation.scheme import BF16, Rule, Scheme
from engine.model.quantisation.values import OVERRIDE, Config, names, number, problem, section
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean

Operands = tuple[NumberFormat, NumberFormat]

_NAMED = {
    "int4wo": ("int4", "bf16"),
    "int8wo": ("int8", "bf16"),
    "int8dq": ("int8", "int8"),
    "float8wo": ("fp8", "bf16"),
    "float8dq": ("fp8", "fp8"),
    "int4_weight_only": ("int4", "bf16"),
    "int4weightonlyconfig": ("int4", "bf16"),
    "int8_weight_only": ("int8", "bf16"),
    "int8weightonlyconfig": ("int8", "bf16"),
    "int8_dynamic_activation_int8_weight": ("int8", "int8"),
    "int8dynamicactivationint8weightconfig": ("int8", "int8"),
    "int8staticactivationint8weightconfig": ("int8", "int8"),
    "float8_weight_only": ("fp8", "bf16"),
    "float8weightonlyconfig": ("fp8", "bf16"),
    "float8_dynamic_activation_float8_weight": ("fp8", "fp8"),
    "float8dynamicactivationfloat8weightconfig": ("fp8", "fp8"),
    "float8staticactivationfloat8weightconfig": ("fp8", "fp8"),
    "float8dynamicactivationint4weightconfig": ("int4", "fp8"),
    "nvfp4dynamicactivationnvfp4weightconfig": ("nvfp4", "nvfp4"),
    "nvfp4inferenceconfig": ("nvfp4", "nvfp4"),
    "nvfp4weightonlyconfig": ("nvfp4", "bf16"),
}
_MICROSCALED = ("mxdynamicactivationmxweightconfig", "mxfpinferenceconfig")
_BY_MODULE = ("fqntoconfig", "modulefqntoconfig")
"""Configurations that hold another one for each module."""
_INTEGERS = 128
"""The group of int4 when none is given; 8-bit weights have one scale per row."""


def read_torchao(found: Config) -> Scheme:
    """What ``quant_type`` names (pytorch/ao, quantization/quant_api.py and
    prototype/mx_formats; transformers, ``TorchAoConfig``). ``group_size`` is an argument beside a
    name, or in the configuration's ``_data``."""
    kind = found.get("quant_type")
    if isinstance(kind, Mapping):
        kind = kind.get("default", kind)
    extra = frozenset[Role]()
    if found.get("include_input_output_embeddings") is True:
        extra = frozenset({Role.LM_HEAD, Role.EMBEDDING})
    ignored = names(found.get("modules_to_not_convert"))
    default, rules = _modules(kind, section(found, "quant_type_kwargs"))
    weights, activations = default or (None, BF16)
    return Scheme(weights, activations, None, ignored, rules, extra_roles=extra)


def _modules(kind: object, arguments: Config) -> tuple[Operands | None, tuple[Rule, ...]]:
    """The default and the rules of single modules."""
    if not isinstance(kind, Mapping) or str(kind.get("_type")).lower() not in _BY_MODULE:
        return _operands(kind, arguments), ()
    data = section(kind, "_data")
    entries = section(data, "fqn_to_config") or section(data, "module_fqn_to_config")
    if not entries:
        raise problem("quantization_config.quant_type._data", data, "configurations of modules")
    rules = []
    for name, value in entries.items():
        if name == "_default":
            continue
        weights, activations = (None, BF16) if value is None else _operands(value, {})
        rules.append(Rule((name.removesuffix(".weight"),), weights, activations))
    default = entries.get("_default")
    return (None if default is None else _operands(default, {})), tuple(rules)


def _operands(kind: object, arguments: Config) -> Operands:
    """The formats of one configuration with its arguments."""
    name, data = kind, arguments
    if isinstance(kind, Mapping):
        name, data = kind.get("_type"), section(kind, "_data")
    key = str(name).lower()
    if key in _MICROSCALED:
        return _microscaled(data)
    known = _NAMED.get(key)
    if known is None:
        raise InputError(
            say(
                "quantization_config.quant_type: found {name!r}, expected one of "
                "{names}; {OVERRIDE}",
                name=clean(str(name), 60),
                names=", ".join(sorted((*_NAMED, *_MICROSCALED, *_BY_MODULE))),
                OVERRIDE=OVERRIDE,
            )
        )
    weights, activations = (FORMATS[one] for one in known)
    if key == "nvfp4inferenceconfig" and "weight_only" in str(data.get("mm_config")).lower():
        activations = BF16
    return _in_groups(weights, data), activations


def _in_groups(weights: NumberFormat, data: Config) -> NumberFormat:
    """Integers with a 16-bit scale and zero point per group of 4 bits, a scale per group of 8."""
    granularity = data.get("granularity")
    inner = granularity.get("_data") if isinstance(granularity, Mapping) else None
    given = data if not isinstance(inner, Mapping) else inner
    if weights.name == "int4":
        return grouped(4, number(given, "group_size", _INTEGERS), 32)
    group = number(given, "group_size", -1)
    if weights.name == "int8" and group > 0:
        return replace(weights, scale_bits=16 / group)
    return weights


def _microscaled(data: Config) -> Operands:
    kind = data.get("weight_dtype") or data.get("elem_dtype")
    if isinstance(kind, Mapping):
        kind = kind.get("_data")
    dtype = str(kind or "float8_e4m3fn").lower()
    if "float8" in dtype:
        return FORMATS["mxfp8"], FORMATS["fp8"]
    if "float4" in dtype or "fp4" in dtype:
        return FORMATS["mxfp4"], FORMATS["mxfp4"]
    raise problem("quantization_config.quant_type.weight_dtype", kind, "float8 or float4")
