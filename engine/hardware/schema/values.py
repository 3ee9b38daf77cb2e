"""Values that the files of several kinds hold, with their bounds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from pydantic import BeforeValidator, Field


def _ascii_digits(key: object) -> object:
    """Keys of TOML tables are text; of Python's ways to write a number in one, only the plain."""
    if isinstance(key, str) and not (key.isascii() and key.isdecimal()):
        raise ValueError("a whole number")
    return key


def none_or(least: float) -> Callable[[float], float]:
    """A check of figures that are 0 where there is none."""

    def check(value: float) -> float:
        if 0 < value < least:
            raise ValueError(f"0 or at least {least:g}")
        return value

    return check


Ranks = Annotated[int, BeforeValidator(_ascii_digits), Field(gt=0, le=1 << 20, strict=False)]
Identity = Annotated[str, Field(pattern=r"^[a-z0-9_.-]{1,60}$")]
"""Names are names: nothing that leads to another folder, nothing that a table cannot hold."""
Title = Annotated[str, Field(min_length=1, max_length=200)]
Share = Annotated[float, Field(ge=1e-3)]
"""Of what a datasheet promises. Constants are bounded by what a machine can be, with room: from
figures beyond that come others that are no numbers any more."""
Bandwidth = Annotated[float, Field(ge=1e-3, le=1e8)]
"""GB/s, from a serial line to a wafer of memory."""
Micros = Annotated[float, Field(ge=0, le=10_000)]
