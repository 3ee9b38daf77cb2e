"""The dialects of ``quantization_config`` and ``hf_quant_config.json``, each one function."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import replace

from engine.model.architecture import Role
from engine.model.precision import FORMATS, NumberFormat
from engine.model.quantisation.scheme import Scheme
from engine.model.quantisation.tools import TOOLS
from engine.model.quantisation.values import (
    OVERRIDE,
    Config,
    block_size,
    check_words,
    grouped,
    names,
    number,
    problem,
    section,
)
from engine.words.errors import InputError
from engine.words.text import clean

BF16 = FORMATS["bf16"]


def read_scheme(config: Config, text_config: Config, hf_quant: Config | None) -> Scheme | None:
    """The scheme of a checkpoint, or None when it is not quantised; raises `InputError`."""
    found = section(config, "quantization_config") or section(text_config, "quantization_config")
    if found == {} and isinstance(config.get("quantization_config"), Mapping):
        expected = f"a quant_method and what it needs; {OVERRIDE}"
        raise problem("quantization_config", {}, expected)
    beside = _beside(hf_quant) if hf_quant else None
    if not found and beside:
        return _experts_of(config, beside)
    if not found:
        mlx = section(config, "quantization")
        return _mlx(mlx) if mlx else None
    check_words(found)
    method = _method(found)
    reader = _READERS.get(method)
    if reader is None:
        near = difflib.get_close_matches(method, _READERS, 1, 0.4)
        raise InputError(
            f"quantization_config.quant_method: found {clean(method, 40)!r}, expected one of "
            f"{', '.join(sorted(_READERS))}"
            + (f" (nearest: {near[0]})" if near else "")
            + f"; {OVERRIDE}"
        )
    scheme = reader(found)
    if beside and scheme.cache is None:
        scheme = replace(scheme, cache=beside.cache)
    nested = text_config if "expert_dtype" in text_config else config
    return _experts_of(nested, scheme, found)


def _beside(hf_quant: Config) -> Scheme | None:
    try:
        values = section(hf_quant, "quantization")
        check_words(values)
        return _modelopt(values) if values else None
    except InputError as error:
        raise InputError(f"hf_quant_config.json: {error}") from None


def _method(found: Config) -> str:
    """The method's name; files of some tools leave it out."""
    method = found.get("quant_method")
    if isinstance(method, str) and method:
        return method.lower()
    if method is not None and not isinstance(method, str):
        raise problem("quantization_config.quant_method", method, "the name of a method")
    if "quant_algo" in found:
        return "modelopt"
    if "config_groups" in found:
        return "compressed-tensors"
    if "w_bit" in found:
        return "awq"
    if found.get("load_in_4bit") or found.get("load_in_8bit"):
        return "bitsandbytes"
    return ""


def _fp8(found: Config) -> Scheme:
    lists = ("modules_to_not_convert", "ignored_layers", "ignore")
    ignored = tuple(name for key in lists for name in names(found.get(key)))
    block = block_size(found, "weight_block_size")
    weights = FORMATS["fp8"]
    if block:
        scale = 8 if found.get("scale_fmt") == "ue8m0" else 32
        weights = replace(FORMATS["fp8_block"], scale_bits=scale / block)
    return Scheme(weights, FORMATS["fp8"], _cache(found), ignored)


def _experts_of(config: Config, scheme: Scheme, found: Config | None = None) -> Scheme:
    """FP4 experts inside an FP8 checkpoint (DeepSeek-V4's ``expert_dtype``)."""
    algorithm = (found or {}).get("moe_quant_algo")
    expert = config.get("expert_dtype")
    name = "nvfp4" if algorithm == "NVFP4" else "mxfp4" if expert in ("fp4", "mxfp4") else ""
    if not name:
        return scheme
    rule = (("experts",), FORMATS[name])
    return replace(scheme, rules=(*scheme.rules, rule))


def _awq(found: Config) -> Scheme:
    bits, group = (
        number(found, "bits", number(found, "w_bit", 4)),
        number(found, "group_size", number(found, "q_group_size", 128)),
    )
    overhead = 16 + (bits if found.get("zero_point", True) else 0)
    ignored = names(found.get("modules_to_not_convert"))
    return Scheme(grouped(bits, group, overhead), BF16, None, ignored)


def _gptq(found: Config) -> Scheme:
    bits, group = number(found, "bits", 4), number(found, "group_size", 128)
    extra = frozenset({Role.LM_HEAD}) if found.get("lm_head") is True else frozenset()
    ignored = names(found.get("modules_to_not_convert"))
    return Scheme(grouped(bits, group, 16 + bits), BF16, None, ignored, extra_roles=extra)


def _mxfp4(found: Config) -> Scheme:
    """gpt-oss: only the experts, multiplied with 16-bit activations."""
    ignored = names(found.get("modules_to_not_convert"))
    roles = frozenset({Role.ROUTED_EXPERT})
    return Scheme(FORMATS["mxfp4"], BF16, None, ignored, only_roles=roles)


def _bitsandbytes(found: Config) -> Scheme:
    ignored = names(found.get("llm_int8_skip_modules"))
    if found.get("load_in_8bit") or found.get("_load_in_8bit"):
        return Scheme(FORMATS["int8"], BF16, None, ignored)
    double = found.get("bnb_4bit_use_double_quant")
    weights = FORMATS["nf4"] if double else replace(FORMATS["nf4"], scale_bits=32 / 64)
    return Scheme(weights, BF16, None, ignored)


def _mlx(found: Config) -> Scheme:
    """MLX quantises embeddings and head too; scale and bias of 16 bits per group."""
    bits, group = number(found, "bits", 4), number(found, "group_size", 64)
    extra = frozenset({Role.LM_HEAD, Role.EMBEDDING})
    return Scheme(grouped(bits, group, 32), BF16, extra_roles=extra)


_TORCHAO = {
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
    "float8_weight_only": ("fp8", "bf16"),
    "float8weightonlyconfig": ("fp8", "bf16"),
    "float8_dynamic_activation_float8_weight": ("fp8", "fp8"),
    "float8dynamicactivationfloat8weightconfig": ("fp8", "fp8"),
}


def _torchao(found: Config) -> Scheme:
    kind = found.get("quant_type")
    if isinstance(kind, Mapping):
        kind = section(kind, "default").get("_type") or kind.get("_type")
    known = _TORCHAO.get(str(kind).lower())
    if known is None:
        raise InputError(
            f"quantization_config.quant_type: found {clean(str(kind), 60)!r}, expected one of "
            f"{', '.join(sorted(_TORCHAO))}; {OVERRIDE}"
        )
    ignored = names(found.get("modules_to_not_convert"))
    return Scheme(FORMATS[known[0]], FORMATS[known[1]], None, ignored)


_ALGORITHMS = {
    "FP8": ("fp8", "fp8"),
    "FP8_PER_CHANNEL_PER_TOKEN": ("fp8", "fp8"),
    "FP8_PB_WO": ("fp8_block", "fp8"),
    "FP8_PB_REAL": ("fp8_block", "fp8"),
    "MXFP8": ("mxfp8", "fp8"),
    "NVFP4": ("nvfp4", "nvfp4"),
    "NVFP4_AWQ": ("nvfp4", "nvfp4"),
    "W4A16_NVFP4": ("nvfp4", "bf16"),
    "W4A8_NVFP4_FP8": ("nvfp4", "fp8"),
    "MXFP4": ("mxfp4", "bf16"),
    "W4A8_MXFP4_FP8": ("mxfp4", "fp8"),
    "W4A16_AWQ": ("int4", "bf16"),
    "W4A8_AWQ": ("int4", "fp8"),
    "W4A16": ("int4", "bf16"),
    "W8A16": ("int8", "bf16"),
    "W8A8_SQ": ("int8", "int8"),
    "INT8_SQ": ("int8", "int8"),
}
"""NVIDIA ModelOpt's algorithm names: weight and activation formats."""


def _algorithm(name: object, key: str) -> tuple[NumberFormat, NumberFormat]:
    known = _ALGORITHMS.get(str(name).upper())
    if known is None:
        raise InputError(
            f"{key}: found {clean(str(name), 40)!r}, expected one of "
            f"{', '.join(sorted(_ALGORITHMS))}; {OVERRIDE}"
        )
    return FORMATS[known[0]], FORMATS[known[1]]


def _modelopt(found: Config) -> Scheme:
    algorithm = found.get("quant_algo")
    ignored = names(found.get("exclude_modules")) + names(found.get("ignore"))
    cache = _cache(found)
    if str(algorithm).upper() == "MIXED_PRECISION":
        return _mixed(section(found, "quantized_layers"), cache, ignored)
    if algorithm is None:
        return Scheme(None, BF16, cache)
    weights, activations = _algorithm(algorithm, "quantization.quant_algo")
    return Scheme(weights, activations, cache, ignored)


def _mixed(layers: Config, cache: NumberFormat | None, ignored: tuple[str, ...]) -> Scheme:
    """Every quantised module by name, with its own algorithm."""
    by_algorithm: dict[str, list[str]] = {}
    for module, values in layers.items():
        if isinstance(values, Mapping):
            by_algorithm.setdefault(str(values.get("quant_algo")), []).append(module)
    rules, activations = [], BF16
    for name, modules in by_algorithm.items():
        weights, multiplied = _algorithm(name, "quantization.quantized_layers.quant_algo")
        rules.append((tuple(modules), weights))
        activations = min(activations, multiplied, key=lambda one: one.bits)
    return Scheme(None, activations, cache, ignored, tuple(rules))


def _compressed_tensors(found: Config) -> Scheme:
    """Groups of targets, each with weights and activations described by bits, type and strategy."""
    ignored, default = names(found.get("ignore")), None
    rules: list[tuple[tuple[str, ...], NumberFormat]] = []
    activations = BF16
    for group in section(found, "config_groups").values():
        if not isinstance(group, Mapping):
            continue
        weights = _described(
            section(group, "weights"), str(group.get("format") or found.get("format"))
        )
        targets = names(group.get("targets"))
        if not targets or any(name in {"Linear", "MoEGMM"} for name in targets):
            default = weights
        else:
            rules.append((targets, weights))
        inputs = section(group, "input_activations")
        if inputs:
            activations = min(activations, _described(inputs, ""), key=lambda one: one.bits)
    plain = {"fp8_block": "fp8"}.get(activations.name, activations.name)
    return Scheme(default, FORMATS[plain], _cache(found), ignored, tuple(rules))


def _described(values: Config, form: str) -> NumberFormat:
    """A format from bits, type, strategy and group size."""
    bits, group = number(values, "num_bits", 16), number(values, "group_size", -1)
    floating = values.get("type") == "float"
    if bits == 8 and floating:
        block = block_size(values, "block_structure")
        if block:
            return replace(FORMATS["fp8_block"], scale_bits=32 / block)
        return FORMATS["mxfp8"] if group == 32 else FORMATS["fp8"]
    if bits == 4 and floating:
        return FORMATS["mxfp4"] if "mxfp4" in form or group == 32 else FORMATS["nvfp4"]
    if bits >= 16:
        return BF16
    symmetric = values.get("symmetric", True)
    return grouped(bits, group, 16 + (0 if symmetric else bits))


def _cache(found: Config) -> NumberFormat | None:
    """The cache format: ``kv_cache_quant_algo``, or ``kv_cache_scheme`` as text or description."""
    value = found.get("kv_cache_quant_algo") or found.get("kv_cache_scheme")
    if isinstance(value, Mapping):
        return _described(value, "") if value.get("num_bits") else None
    if not isinstance(value, str):
        return None
    known = {"FP8": "fp8", "STATIC": "fp8", "INT8": "int8", "NVFP4": "nvfp4"}.get(value.upper())
    if known is None:
        raise InputError(
            f"kv_cache_quant_algo: found {clean(value, 40)!r}, expected FP8, INT8 or NVFP4; "
            f"{OVERRIDE}"
        )
    return FORMATS[known]


_QUARK = {
    "bf16": "bf16",
    "bfloat16": "bf16",
    "fp16": "fp16",
    "float16": "fp16",
    "fp8_e4m3": "fp8",
    "fp4": "mxfp4",
    "int8": "int8",
    "int4": "int4",
    "uint4": "int4",
}


def _quark(found: Config) -> Scheme:
    """AMD Quark: one description for all layers."""
    described = section(found, "global_quant_config")

    def named(part: str) -> NumberFormat:
        dtype = str(section(described, part).get("dtype") or "bf16").lower()
        if dtype not in _QUARK:
            place = f"quantization_config.global_quant_config.{part}.dtype"
            raise problem(place, dtype, f"one of {', '.join(sorted(_QUARK))}")
        return FORMATS[_QUARK[dtype]]

    return Scheme(named("weight"), named("input_tensors"), None, names(found.get("exclude")))


def _none(_: Config) -> Scheme:
    return Scheme(None)


_READERS: dict[str, Callable[[Config], Scheme]] = {
    "fp8": _fp8,
    "fbgemm_fp8": _fp8,
    "awq": _awq,
    "gptq": _gptq,
    "auto-round": _gptq,
    "mxfp4": _mxfp4,
    "bitsandbytes": _bitsandbytes,
    "torchao": _torchao,
    "modelopt": _modelopt,
    "modelopt_fp4": _modelopt,
    "compressed-tensors": _compressed_tensors,
    "quark": _quark,
    "none": _none,
    "awq_marlin": _awq,
    "gptq_marlin": _gptq,
    "marlin": _gptq,
    "intel/auto-round": _gptq,
    "ptpc_fp8": _fp8,
    **TOOLS,
}
