"""The precision a vision checkpoint is served in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.model.precision import FORMATS, Precision
from engine.model.quantisation.dialects import read_scheme


def read_precision(
    config: dict[str, Any], beside: Mapping[str, dict[str, Any]]
) -> tuple[Precision, str]:
    """The checkpoint's precision, and a note when it is not what the file says.

    Plain checkpoints are served in 16 bit: BF16 when stored so, else FP16, which every chip
    with matrix units has. Raises `InputError` for a quantisation that is not known.
    ``beside`` holds the files beside config.json that speak of quantisation, by name.
    """
    stored = config.get("torch_dtype") or config.get("dtype")
    plain = FORMATS["bf16"] if stored == "bfloat16" else FORMATS["fp16"]
    scheme = read_scheme(config, config, beside)
    if scheme is not None and scheme.weights is not None:
        activations = scheme.activations if scheme.weights.bits < 16 else plain
        return Precision(scheme.weights, activations, plain, plain), ""
    note = ""
    if stored not in ("bfloat16", "float16"):
        kept = f"{stored} weights" if stored == "float32" else "weights of unstated type"
        note = f"{kept} served in {plain.name}, as inference engines do"
    return Precision(plain, plain, plain, plain), note
