"""Methods of single tools, each a few lines: HQQ, EETQ, Quanto, BitNet, W4AFP8, MXFP8, Metal,
SINQ, FP-Quant, Four over Six, Gemma's, and SGLang's of 8 bits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from engine.model.matrices import Role
from engine.model.precision import FORMATS, QUANTISED_ROLES, NumberFormat
from engine.model.quantisation.formats import grouped
from engine.model.quantisation.scheme import Rule, Scheme
from engine.model.quantisation.values import (
    OVERRIDE,
    Config,
    block_size,
    names,
    number,
    one_of,
    problem,
    section,
    text,
)

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


def _metal(found: Config) -> Scheme:
    """transformers' ``MetalConfig``: a 16-bit scale and bias per group of linear layers."""
    weights = grouped(number(found, "bits", 4), number(found, "group_size", 64), 32)
    return Scheme(weights, BF16, None, names(found.get("modules_to_not_convert")))


def _sinq(found: Config) -> Scheme:
    """A 16-bit scale and zero point per group; one more scale per column is below 0.1 %."""
    weights = grouped(number(found, "nbits", 4), number(found, "group_size", 64), 32)
    return Scheme(weights, BF16, None, names(found.get("modules_to_not_convert")))


def _four_bit_floats(key: str, master: str) -> Callable[[Config], Scheme]:
    """Linear layers in NVFP4 or MXFP4, as ``key`` says, unless ``master`` keeps them wide."""

    def read(found: Config) -> Scheme:
        name = text(found, key) or "nvfp4"
        if name not in ("nvfp4", "mxfp4"):
            raise one_of(f"quantization_config.{key}", name, ("mxfp4", "nvfp4"))
        if found.get(master):
            raise problem(f"quantization_config.{master}", True, f"false; {OVERRIDE}")
        ignored = names(found.get("modules_to_not_convert"))
        return Scheme(FORMATS[name], FORMATS[name], None, ignored)

    return read


def _gemma(found: Config) -> Scheme:
    """transformers' ``GemmaQuantizationConfig``: a 32-bit scale per row; patterns, searched for in
    a module's path, have bits of their own; the embeddings are quantised where the file says so."""

    def rows(bits: int) -> NumberFormat:
        return grouped(bits, -1, 32)

    bits = number(found, "num_bits", 4)
    own = section(found, "module_quant_configs")
    rules = tuple(
        Rule((f"re:.*(?:{path})",), rows(number(section(own, path), "num_bits", bits)))
        for path in own
    )
    wide = frozenset({Role.EMBEDDING}) if found.get("quantize_embeddings") else frozenset()
    ignored = names(found.get("modules_to_not_convert"))
    return Scheme(rows(bits), BF16, None, ignored, rules, extra_roles=wide)


def _eight_bits(name: str) -> Callable[[Config], Scheme]:
    """A scale per row, and one per token (SGLang's ``w8a8_int8`` and ``w8a8_fp8``)."""

    def read(found: Config) -> Scheme:
        ignored = names(found.get("ignore")) + names(found.get("modules_to_not_convert"))
        return Scheme(FORMATS[name], FORMATS[name], None, ignored)

    return read


def _blockwise_int8(found: Config) -> Scheme:
    """SGLang's ``blockwise_int8``: a 32-bit scale per block of 128 by 128 or what the file says."""
    block = block_size(found, "weight_block_size") or 128 * 128
    weights = replace(FORMATS["int8"], scale_bits=32 / block)
    ignored = names(found.get("modules_to_not_convert")) + names(found.get("ignored_layers"))
    return Scheme(weights, FORMATS["int8"], None, ignored)


TOOLS: dict[str, Callable[[Config], Scheme]] = {
    "hqq": _hqq,
    "eetq": _eetq,
    "quanto": _quanto,
    "bitnet": _bitnet,
    "w4afp8": _w4afp8,
    "mxfp8": _mxfp8,
    "metal": _metal,
    "sinq": _sinq,
    "fp_quant": _four_bit_floats("forward_dtype", "store_master_weights"),
    "fouroversix": _four_bit_floats("dtype", "keep_master_weights"),
    "nvfp4": _four_bit_floats("dtype", "keep_master_weights"),
    "gemma": _gemma,
    "w8a8_int8": _eight_bits("int8"),
    "w8a8_fp8": _eight_bits("fp8"),
    "blockwise_int8": _blockwise_int8,
}
