"""GPTQ, AWQ and AutoRound: integers in groups, and what single modules have instead."""

from __future__ import annotations

import re
from collections.abc import Mapping

from engine.model.matrices import Role
from engine.model.precision import FORMATS, NumberFormat
from engine.model.quantisation.formats import grouped, grouped_any, in_blocks
from engine.model.quantisation.scheme import BF16, Rule, Scheme, sparse
from engine.model.quantisation.values import (
    Config,
    block_size,
    names,
    number,
    one_of,
    problem,
    text,
)


def read_awq(found: Config) -> Scheme:
    """AutoAWQ: a 16-bit scale and, unless symmetric, a zero point of the weights' width."""
    bits, group = (
        number(found, "bits", number(found, "w_bit", 4)),
        number(found, "group_size", number(found, "q_group_size", 128)),
    )
    overhead = 16 + (bits if found.get("zero_point", True) else 0)
    ignored = names(found.get("modules_to_not_convert"))
    return Scheme(grouped(bits, group, overhead), BF16, None, ignored)


def read_gptq(found: Config) -> Scheme:
    """GPTQ, with GPTQModel's ``dynamic``: regular expressions from a module's start, ``-:`` for
    modules left alone, else values of their own; what is left alone goes first
    (ModelCloud/GPTQModel, quantization/config.py).

    Marlin's 2:4 format keeps half of the weights (IST-DASLab/Sparse-Marlin).
    """
    bits, group = number(found, "bits", 4), number(found, "group_size", 128)
    weights = grouped(bits, group, 16 + bits)
    extra = frozenset({Role.LM_HEAD}) if found.get("lm_head") is True else frozenset()
    ignored = names(found.get("modules_to_not_convert"))
    is_sparse = found.get("is_marlin_24_format") is True
    if is_sparse or text(found, "checkpoint_format") == "marlin_24":
        weights = sparse(weights)
    rules = _dynamic(found.get("dynamic"), bits, group)
    return Scheme(weights, BF16, None, ignored, rules, extra_roles=extra)


def _dynamic(entries: object, bits: int, group: int) -> tuple[Rule, ...]:
    place = "quantization_config.dynamic"
    if entries is None or entries is False:
        return ()
    if not isinstance(entries, Mapping):
        raise problem(place, entries, "a mapping of patterns")
    alone, others = [], []
    for pattern, values in entries.items():
        expression = f"re:(?:{pattern.removeprefix('-:').removeprefix('+:')})"
        if pattern.startswith("-:"):
            alone.append(Rule((expression,), None))
            continue
        if not isinstance(values, Mapping):
            raise problem(f"{place}.{pattern}", values, "a mapping")
        own = number(values, "bits", bits)
        weights = grouped(own, number(values, "group_size", group), 16 + own)
        others.append(Rule((expression,), weights))
    return (*alone, *others)


_KEYS = ("bits", "group_size", "sym", "data_type", "act_bits", "act_data_type")


def read_auto_round(found: Config) -> Scheme:
    """Intel AutoRound: ``data_type`` beside ``bits``, and ``extra_config`` for single modules, by
    name or by a regular expression anywhere in it (intel/auto-round, schemes.py; vLLM,
    quantization/inc.py)."""
    weights, activations = _auto_round_operands(found)
    entries = found.get("extra_config") or {}
    if not isinstance(entries, Mapping):
        raise problem("quantization_config.extra_config", entries, "a mapping")
    rules = []
    for name, values in entries.items():
        if not isinstance(values, Mapping):
            raise problem(f"quantization_config.extra_config.{name}", values, "a mapping")
        own, by = _auto_round_operands({**{k: found.get(k) for k in _KEYS}, **values})
        rules.append(Rule((_anywhere(name),), own, by))
    ignored = names(found.get("modules_to_not_convert"))
    return Scheme(weights, activations, None, ignored, tuple(rules))


def _anywhere(name: str) -> str:
    special = set(name) & set("*+?^$()[]{}|\\")
    return f"re:.*(?:{name})" if special else name


def _auto_round_operands(values: Config) -> tuple[NumberFormat, NumberFormat]:
    kind = text(values, "data_type").replace("_", "") or "int"
    width = re.search(r"\d", kind)
    bits = number(values, "bits", int(width[0]) if width else 4)
    if bits >= 16:
        return BF16, BF16
    four_bit_floats = kind.startswith(("mx", "nv"))
    multiplied = number(values, "act_bits", bits if four_bit_floats else 16)
    return _auto_round_weights(kind, bits, values), _auto_round_activations(values, multiplied)


def _auto_round_weights(kind: str, bits: int, values: Config) -> NumberFormat:
    if kind.startswith("mxint"):
        return grouped(bits, 32, 8)
    if kind.startswith("mx"):
        return _sized("mx", bits)
    if kind.startswith("nv"):
        return _sized("nv", bits)
    if kind.startswith("fp"):
        if isinstance(values.get("group_size"), list):
            return in_blocks(block_size(values, "group_size"))
        return _sized("fp", bits)
    if kind.startswith("int"):
        return grouped_any(bits, number(values, "group_size", 128), 16 + bits)
    raise one_of("quantization_config.data_type", kind, ("int", "fp", "mx_fp", "mx_int", "nv_fp"))


_SIZED = {
    ("mx", 4): "mxfp4",
    ("mx", 6): "fp6",
    ("mx", 8): "mxfp8",
    ("nv", 4): "nvfp4",
    ("fp", 8): "fp8",
}


def _sized(kind: str, bits: int) -> NumberFormat:
    name = _SIZED.get((kind, bits))
    if name is None:
        widths = sorted(width for known, width in _SIZED if known == kind)
        raise problem("quantization_config.bits", bits, f"one of {widths} for {kind}")
    return FORMATS[name]


def _auto_round_activations(values: Config, bits: int) -> NumberFormat:
    if bits >= 16:
        return BF16
    kind = text(values, "act_data_type") or text(values, "data_type")
    if bits == 8:
        return FORMATS["int8" if kind.startswith("int") or not kind else "fp8"]
    if bits == 6:
        return FORMATS["fp6"]
    return FORMATS["nvfp4" if kind.startswith("nv") else "mxfp4"]
