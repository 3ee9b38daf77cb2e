"""Values of quantisation configs, read with their bounds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from engine.model.precision import FORMATS, NumberFormat
from engine.words.errors import InputError
from engine.words.text import clean

Config = Mapping[str, Any]
LARGEST = 1 << 20
"""No group or block of weights that shares a scale is larger."""
OVERRIDE = "--set quantization_config=null with --weights FORMAT overrides it"


def section(config: Config, key: str) -> Config:
    """A nested mapping; empty when null or absent. Raises `InputError`."""
    value = config.get(key)
    if value is None or isinstance(value, Mapping):
        return value or {}
    raise problem(key, value, "a mapping")


def problem(key: str, value: object, expected: str) -> InputError:
    """The error for a bad value of ``key``."""
    return InputError(f"{key}: found {clean(repr(value), 60)}, expected {expected}")


def names(value: object) -> tuple[str, ...]:
    """The texts of a list; none when it is no list."""
    if not isinstance(value, list):
        return ()
    return tuple(name for name in value if isinstance(name, str))


def number(found: Config, key: str, otherwise: int) -> int:
    """A count, or -1 for "all"; null and 0 are not given."""
    value = found.get(key)
    if value is None:
        return otherwise
    if isinstance(value, bool) or not isinstance(value, int) or not -1 <= value <= LARGEST:
        raise problem(f"quantization_config.{key}", value, f"a whole number up to {LARGEST}")
    return value or otherwise


def block_size(found: Config, key: str) -> int:
    """Weights that share one scale in two-dimensional blocks; 0 where there are none."""
    block = found.get(key)
    if block is None:
        return 0
    if isinstance(block, str) and re.fullmatch(r"\d{1,7}x\d{1,7}", block, re.ASCII):
        block = [int(side) for side in block.split("x")]
    sides = block if isinstance(block, list) and len(block) == 2 else ()
    if not sides or not all(type(side) is int and 0 < side <= LARGEST for side in sides):
        raise problem(f"quantization_config.{key}", block, "two whole numbers, as [128, 128]")
    return int(sides[0] * sides[1])


def grouped(bits: int, group: int, overhead_bits: float, inputs: int = 4096) -> NumberFormat:
    """An integer format with ``overhead_bits`` of scale and zero point per group; a group of -1
    is a whole row."""
    base = {2: "int2", 3: "int3", 4: "int4", 8: "int8"}.get(bits)
    if base is None:
        raise InputError(f"quantization_config.bits: found {bits}, expected 2, 3, 4 or 8")
    size = group if group > 0 else inputs
    return replace(FORMATS[base], scale_bits=overhead_bits / size)
