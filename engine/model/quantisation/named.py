"""What a model's name says of its numbers."""

from __future__ import annotations

import re

from engine.model.precision import Precision
from engine.words.messages import say

_QUANTISED_NAME = re.compile(
    r"(?<![A-Za-z0-9])(NVFP4|MXFP4|MXFP8|FP8|FP4|AWQ|GPTQ|INT4|INT8|4bit|8bit|W4A16|W8A8|W4A8)"
    r"(?![A-Za-z0-9])",
    re.IGNORECASE,
)


def name_warning(name: str, precision: Precision) -> tuple[str, ...]:
    """A warning when a model's name says that it is quantised and its files do not."""
    said = _QUANTISED_NAME.search(name)
    if said is None or precision.weights.bits < 16:
        return ()
    note = say(
        "the name says {stated}, the files hold no quantization_config: weights count as "
        "{weights}; --weights names another format",
        stated=said[1],
        weights=precision.weights.name,
    )
    return (note,)
