"""Number formats as quantisation configs describe them: bits, groups, blocks, caches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from engine.model.precision import FORMATS, NumberFormat
from engine.model.quantisation.values import OVERRIDE, Config, block_size, number
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean


def grouped(bits: int, group: int, overhead_bits: float, inputs: int = 4096) -> NumberFormat:
    """An integer format with ``overhead_bits`` of scale and zero point per group; a group of -1
    is a whole row."""
    base = {2: "int2", 3: "int3", 4: "int4", 8: "int8"}.get(bits)
    if base is None:
        raise InputError(
            say("quantization_config.bits: found {bits}, expected 2, 3, 4 or 8", bits=bits)
        )
    return _with_scales(base, group, overhead_bits, inputs)


def grouped_any(bits: int, group: int, overhead_bits: float, inputs: int = 4096) -> NumberFormat:
    """As `grouped`, for tools that also pack 5 and 6 bits."""
    if bits in (5, 6):
        return _with_scales(f"int{bits}", group, overhead_bits, inputs)
    return grouped(bits, group, overhead_bits, inputs)


def _with_scales(base: str, group: int, overhead_bits: float, inputs: int) -> NumberFormat:
    return replace(FORMATS[base], scale_bits=overhead_bits / (group if group > 0 else inputs))


def in_blocks(weights_of_scale: int, scale_bits: int = 32) -> NumberFormat:
    """FP8 with one scale for so many weights."""
    return replace(FORMATS["fp8_block"], scale_bits=scale_bits / weights_of_scale)


def described(values: Config, form: str) -> NumberFormat:
    """A format from bits, type, strategy and group size, as compressed-tensors writes them;
    ``form`` is the name of the storage format. Raises `InputError`."""
    if not values:
        return FORMATS["bf16"]
    bits, group = number(values, "num_bits", 8), number(values, "group_size", -1)
    floating = values.get("type") == "float"
    if bits == 8 and floating:
        block = block_size(values, "block_structure")
        if block:
            return in_blocks(block)
        return FORMATS["mxfp8"] if group == 32 else FORMATS["fp8"]
    if bits == 4 and floating:
        return FORMATS["mxfp4"] if "mxfp4" in form or group == 32 else FORMATS["nvfp4"]
    if bits >= 16:
        return FORMATS["bf16"]
    symmetric = values.get("symmetric", True)
    return grouped_any(bits, group, 16 + (0 if symmetric else bits))


def cache_format(found: Config) -> NumberFormat | None:
    """The cache format: ``kv_cache_quant_algo``, or ``kv_cache_scheme`` as text or description."""
    value = found.get("kv_cache_quant_algo") or found.get("kv_cache_scheme")
    if isinstance(value, Mapping):
        return described(value, "") if value.get("num_bits") else None
    if not isinstance(value, str):
        return None
    known = {"FP8": "fp8", "STATIC": "fp8", "INT8": "int8", "NVFP4": "nvfp4"}.get(value.upper())
    if known is None:
        raise InputError(
            say(
                "kv_cache_quant_algo: found {value!r}, expected FP8, INT8 or NVFP4; {OVERRIDE}",
                value=clean(value, 40),
                OVERRIDE=OVERRIDE,
            )
        )
    return FORMATS[known]
