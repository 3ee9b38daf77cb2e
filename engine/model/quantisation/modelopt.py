"""NVIDIA ModelOpt: an algorithm by name, for all layers or module by module."""

from __future__ import annotations

from collections.abc import Mapping

from engine.model.precision import FORMATS, NumberFormat
from engine.model.quantisation.formats import cache_format, grouped
from engine.model.quantisation.scheme import BF16, Rule, Scheme
from engine.model.quantisation.values import OVERRIDE, Config, names, number, section
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean

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


def _algorithm(values: Config, key: str) -> tuple[NumberFormat, NumberFormat]:
    name = values.get("quant_algo")
    known = _ALGORITHMS.get(str(name).upper())
    if known is None:
        raise InputError(
            say(
                "{key}: found {name!r}, expected one of {ALGORITHMS}; {OVERRIDE}",
                key=key,
                name=clean(str(name), 40),
                ALGORITHMS=", ".join(sorted(_ALGORITHMS)),
                OVERRIDE=OVERRIDE,
            )
        )
    weights, activations = FORMATS[known[0]], FORMATS[known[1]]
    if weights.name == "int4" and values.get("group_size"):
        weights = grouped(4, number(values, "group_size", 128), 16)
    return weights, activations


def read_modelopt(found: Config) -> Scheme:
    """``quant_algo`` with the modules left out, as in ``hf_quant_config.json``; raises
    `InputError`."""
    algorithm = found.get("quant_algo")
    ignored = names(found.get("exclude_modules")) + names(found.get("ignore"))
    cache = cache_format(found)
    if str(algorithm).upper() == "MIXED_PRECISION":
        return _mixed(section(found, "quantized_layers"), cache, ignored)
    if algorithm is None and ("quant_algo" in found or cache is not None):
        return Scheme(None, BF16, cache)
    weights, activations = _algorithm(found, "quantization.quant_algo")
    return Scheme(weights, activations, cache, ignored)


def _mixed(layers: Config, cache: NumberFormat | None, ignored: tuple[str, ...]) -> Scheme:
    """Every quantised module by name, with its own algorithm."""
    modules: dict[tuple[NumberFormat, NumberFormat], list[str]] = {}
    for module, values in layers.items():
        if isinstance(values, Mapping):
            found = _algorithm(values, "quantization.quantized_layers.quant_algo")
            modules.setdefault(found, []).append(module)
    rules = (Rule(tuple(named), weights, by) for (weights, by), named in modules.items())
    return Scheme(None, BF16, cache, ignored, tuple(rules))
