"""The scheme of a checkpoint: where its files say it, and which tool's words they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from engine.model.matrices import Role
from engine.model.precision import FORMATS
from engine.model.quantisation.ascend import read_modelslim
from engine.model.quantisation.compressed import read_compressed_tensors
from engine.model.quantisation.formats import cache_format, in_blocks
from engine.model.quantisation.gptq import read_auto_round, read_awq, read_gptq
from engine.model.quantisation.mlx import read_mlx
from engine.model.quantisation.modelopt import read_modelopt
from engine.model.quantisation.quark import read_quark
from engine.model.quantisation.scheme import Rule, Scheme, sparse
from engine.model.quantisation.stated import Statement, modelopt_beside, stated
from engine.model.quantisation.tools import TOOLS
from engine.model.quantisation.torchao import read_torchao
from engine.model.quantisation.values import Config, block_size, check_words, names, one_of
from engine.words.errors import InputError


def read_scheme(config: Config, text_config: Config, beside: Mapping[str, Config]) -> Scheme | None:
    """The scheme of a checkpoint, or None when it is not quantised; raises `InputError`.

    ``beside`` holds the files beside config.json that speak of quantisation, by name.
    """
    statement = stated(config, text_config, beside)
    if statement is None:
        return None
    scheme = _read(statement)
    cache = modelopt_beside(beside) if scheme.cache is None else None
    if cache is not None:
        scheme = replace(scheme, cache=_read(cache).cache)
    nested = text_config if "expert_dtype" in text_config else config
    return _experts_of(nested, scheme, statement.values)


def _read(statement: Statement) -> Scheme:
    """What one statement says; messages name the file that it is in, if not config.json."""
    reader = _READERS.get(statement.method)
    try:
        if reader is None:
            raise one_of("quantization_config.quant_method", statement.method, _READERS)
        check_words(statement.values)
        return reader(statement.values)
    except InputError as error:
        raise InputError(f"{statement.file}: {error}" if statement.file else str(error)) from None


def _fp8(found: Config) -> Scheme:
    lists = ("modules_to_not_convert", "ignored_layers", "ignore")
    ignored = tuple(name for key in lists for name in names(found.get(key)))
    block = block_size(found, "weight_block_size")
    weights = FORMATS["fp8"]
    if block:
        scale = 8 if found.get("scale_fmt") == "ue8m0" else 32
        weights = in_blocks(block, scale)
    return Scheme(weights, FORMATS["fp8"], cache_format(found), ignored)


def _experts_of(config: Config, scheme: Scheme, found: Config) -> Scheme:
    """FP4 experts inside an FP8 checkpoint (DeepSeek-V4's ``expert_dtype``)."""
    algorithm = found.get("moe_quant_algo")
    expert = config.get("expert_dtype")
    name = "nvfp4" if algorithm == "NVFP4" else "mxfp4" if expert in ("fp4", "mxfp4") else ""
    if not name:
        return scheme
    rule = Rule(("experts",), FORMATS[name], scheme.activations)
    return replace(scheme, rules=(*scheme.rules, rule))


def _mxfp4(found: Config) -> Scheme:
    """gpt-oss: only the experts, multiplied with 16-bit activations."""
    ignored = names(found.get("modules_to_not_convert"))
    roles = frozenset({Role.ROUTED_EXPERT})
    return Scheme(FORMATS["mxfp4"], FORMATS["bf16"], None, ignored, only_roles=roles)


def _bitsandbytes(found: Config) -> Scheme:
    ignored = names(found.get("llm_int8_skip_modules"))
    if found.get("load_in_8bit") or found.get("_load_in_8bit"):
        return Scheme(FORMATS["int8"], FORMATS["bf16"], None, ignored)
    double = found.get("bnb_4bit_use_double_quant")
    weights = FORMATS["nf4"] if double else replace(FORMATS["nf4"], scale_bits=32 / 64)
    return Scheme(weights, FORMATS["bf16"], None, ignored)


def _marlin_24(found: Config) -> Scheme:
    """GPTQ with half of the weights kept (IST-DASLab/Sparse-Marlin)."""
    scheme = read_gptq(found)
    return replace(scheme, weights=scheme.weights and sparse(scheme.weights))


def _none(_: Config) -> Scheme:
    return Scheme(None)


_READERS: dict[str, Callable[[Config], Scheme]] = {
    "fp8": _fp8,
    "fbgemm_fp8": _fp8,
    "awq": read_awq,
    "gptq": read_gptq,
    "auto-round": read_auto_round,
    "inc": read_auto_round,
    "mxfp4": _mxfp4,
    "bitsandbytes": _bitsandbytes,
    "torchao": read_torchao,
    "modelopt": read_modelopt,
    "modelopt_fp4": read_modelopt,
    "modelopt_fp8": read_modelopt,
    "modelopt_mixed": read_modelopt,
    "modelopt_mxfp8": read_modelopt,
    "auto_awq": read_awq,
    "auto_gptq": read_gptq,
    "gpt_oss_mxfp4": _mxfp4,
    "deepseek_v4_fp8": _fp8,
    "compressed-tensors": read_compressed_tensors,
    "quark": read_quark,
    "none": _none,
    "awq_marlin": read_awq,
    "gptq_marlin": read_gptq,
    "gptq_marlin_24": _marlin_24,
    "marlin": read_gptq,
    "intel/auto-round": read_auto_round,
    "ptpc_fp8": _fp8,
    "mlx": read_mlx,
    "modelslim": read_modelslim,
    "ascend": read_modelslim,
    **TOOLS,
}
