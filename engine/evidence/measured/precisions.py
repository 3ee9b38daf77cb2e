"""What a row's precision words ask for, as the options of a scenario say it.

Published tables say "nvfp4" or "fp8" and mean a usual checkpoint of that model, as whoever asks
for such weights does (`engine.model.served`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.model.architecture import Architecture
from engine.model.matrices import Role
from engine.model.precision import Precision, parse_precision
from engine.model.served import served_precision
from engine.words.errors import InputError

PLAIN = "bf16"
_SPELLINGS = {
    "half": "bf16",
    "float16": "bf16",
    "bfloat16": "bf16",
    "float32": "fp32",
    "float8": "fp8",
    "fp8_e4m3": "fp8",
    "fp4": "nvfp4",
    "awq": "int4",
    "gptq": "int4",
    "w4": "int4",
}
"""Other words of published tables; AWQ and GPTQ checkpoints are of four bits where nobody says."""
_NATIVE = "mxfp4/fp8_block"
"""Four-bit experts, everything else in FP8 (DeepSeek-V4)."""
_EIGHT_BIT_CACHE = ("nvfp4", "mxfp4", _NATIVE)
"""Formats whose recipes keep an FP8 cache unless told."""


@dataclass(frozen=True, slots=True)
class Formats:
    """Formats as ``--weights``, ``--activations`` and ``--kv`` take them; empty: as the weights
    are served."""

    weights: str
    activations: str
    kv: str


def row_formats(
    weights: str,
    activations: str,
    kv: str,
    architecture: Architecture,
    framework: str = "",
    stored: Precision | None = None,
) -> Formats:
    """The formats of a row's words for ``architecture``, whose own checkpoint is ``stored`` so;
    raises `InputError`.

    "FP8" of a checkpoint whose experts are of four bits (DeepSeek-V4) means all but those.
    TensorRT-LLM's FP8 engines keep an FP8 cache (ModelOpt's default); other engines keep 16 bits
    unless told.
    """
    words = weights.lower()
    cache = _cache(kv.lower())
    if not words or words.startswith(("fp16", "bf16")):
        return Formats(PLAIN, PLAIN, cache or PLAIN)
    mixed = stored is not None and stored.weight_format(Role.ROUTED_EXPERT).bits <= 4
    if words.startswith("fp8") and framework.startswith(("trtllm", "nim")):
        cache = cache or "fp8"
    if "native mixed" in words or (mixed and words.startswith("fp8")):
        named = _NATIVE
    else:
        named = _named(words, weights, architecture)
    eight = named in _EIGHT_BIT_CACHE
    return Formats(named, _activations(named, activations), cache or ("fp8" if eight else PLAIN))


def _named(words: str, written: str, architecture: Architecture) -> str:
    """The format of a row's weights by its first words, else by any word that is one."""
    for name in ("nvfp4", "mxfp4", "mxfp8", "fp8_block", "fp8", "int8"):
        if words.startswith(name):
            return name
    if words.startswith("int4"):
        # AWQ and GPTQ files, which rows name in brackets, quantise every linear layer.
        return "int4/int4" if architecture.is_mixture and "(" in words else "int4"
    for word in re.split(r"[\s/(),;+]+", written):
        named = word.lower().replace("-", "_")
        try:
            return parse_precision(_SPELLINGS.get(named, named)).weights.name
        except InputError:
            continue
    raise InputError(f"precision {written[:40]!r} is unknown")


def _activations(named: str, written: str) -> str:
    """W8A16 unless the row says that activations are of 8 bits, too."""
    if named == "int8":
        return "int8" if written.lower().startswith("int8") else PLAIN
    return ""


def _cache(words: str) -> str:
    if words.startswith("fp8"):
        return "fp8"
    return PLAIN if words.startswith(("fp16", "bf16")) else ""


_PLAIN_PRECISION = parse_precision(PLAIN)


def row_precision(
    weights: str,
    activations: str,
    kv: str,
    architecture: Architecture,
    framework: str = "",
    stored: Precision | None = None,
) -> Precision:
    """The precision that a row's words mean; raises `InputError`."""
    formats = row_formats(weights, activations, kv, architecture, framework, stored)
    own = stored or _PLAIN_PRECISION
    return served_precision(own, architecture, formats.weights, formats.activations, formats.kv)
