"""Methods of single tools, each a few lines: HQQ, EETQ, Quanto, BitNet, W4AFP8, MXFP8."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from engine.model.architecture import Role
from engine.model.precision import FORMATS, QUANTISED_ROLES, NumberFormat
from engine.model.quantisation.formats import grouped
from engine.model.quantisation.scheme import Rule, Scheme
from engine.model.quantisation.values import OVERRIDE, Config, names, number, problem, section

BF16 = FORMATS["bf16"]


def _hqq(found: Config) -> Scheme:
    """Half-quadratic quantisation: a 16-bit scale and zero point per group, for all linear layers
    or by the end of their path (transformers, ``HqqConfig``)."""
    values, ignored = section(found, "quant_config"), names(found.get("skip_modules"))
    if "weight_quant_params" in values or not values:
        return Scheme(_hqq_format(values), BF16, None, ignored)
    rules = tuple(Rule((end,), _hqq_format(section(values, end))) for end in values)
    return Scheme(None, BF16, None, ignored, rules)


def _hqq_format(values: Config) -> NumberFormat:
    given = section(values, "weight_quant_params") or values
    return grouped(number(given, "nbits", 4), number(given, "group_size", 64), 32)


def _eetq(found: Config) -> Scheme:
    return Scheme(grouped(8, -1, 16), BF16, None, names(found.get("modules_to_not_convert")))


def _quanto(found: Config) -> Scheme:
    known = {"int8": "int8", "int4": "int4", "int2": "int2", "float8": "fp8"}
    weights = known.get(str(found.get("weights")).lower())
    if weights is None:
        expected = f"one of {', '.join(sorted(known))}; {OVERRIDE}"
        raise problem("quantization_config.weights", found.get("weights"), expected)
    activations = known.get(str(found.get("activations")).lower(), "bf16")
    ignored = names(found.get("modules_to_not_convert"))
    return Scheme(FORMATS[weights], FORMATS[activations], None, ignored)


def _bitnet(found: Config) -> Scheme:
    """Ternary weights, four to a byte, one scale per matrix; 8-bit activations."""
    ignored = names(found.get("modules_to_not_convert"))
    return Scheme(replace(FORMATS["int2"], scale_bits=0.0), FORMATS["int8"], None, ignored)


def _w4afp8(found: Config) -> Scheme:
    """INT4 experts in groups of 128 with FP8 activations; the rest is block FP8."""
    rule = Rule(("experts",), grouped(4, number(found, "group_size", 128), 16), FORMATS["fp8"])
    ignored = names(found.get("modules_to_not_convert"))
    plain = FORMATS["fp8_block"]
    roles = QUANTISED_ROLES - {Role.MIXER, Role.OTHER}
    return Scheme(plain, FORMATS["fp8"], None, ignored, (rule,), only_roles=roles)


def _mxfp8(found: Config) -> Scheme:
    ignored = names(found.get("modules_to_not_convert")) + names(found.get("ignored_layers"))
    return Scheme(FORMATS["mxfp8"], FORMATS["fp8"], None, ignored)


TOOLS: dict[str, Callable[[Config], Scheme]] = {
    "hqq": _hqq,
    "eetq": _eetq,
    "quanto": _quanto,
    "bitnet": _bitnet,
    "w4afp8": _w4afp8,
    "mxfp8": _mxfp8,
}
