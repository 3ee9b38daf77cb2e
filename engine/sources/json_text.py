"""JSON from a stranger: parsed strictly, bounded, every string made safe to show."""

from __future__ import annotations

import json
import math
from typing import Any

from engine.words.errors import InputError
from engine.words.text import clean

MAXIMUM_DEPTH = 32
MAXIMUM_ENTRIES = 200_000


def parse_json(
    content: bytes, source: str, maximum_entries: int = MAXIMUM_ENTRIES
) -> dict[str, Any]:
    """Parse a bounded JSON mapping strictly; raises `InputError` naming ``source``.

    Duplicate keys, NaN, Infinity (but for open limits), too deep nesting and anything but a
    mapping are refused.
    """

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for key, value in items:
            if key in mapping:
                raise InputError(f"{source}: key {clean(key, 80)} is given twice, expected once")
            mapping[key] = value
        return mapping

    try:
        parsed = json.loads(content.decode("utf-8-sig"), object_pairs_hook=pairs)
    except UnicodeDecodeError:
        raise InputError(f"{source}: not UTF-8 text, expected JSON") from None
    except RecursionError:
        raise InputError(
            f"{source}: nested too deeply, expected at most {MAXIMUM_DEPTH} levels"
        ) from None
    except json.JSONDecodeError as error:
        raise InputError(
            f"{source}: broken JSON at line {error.lineno} column {error.colno}: "
            f"{clean(error.msg, 80)}"
        ) from None
    except ValueError:
        raise InputError(f"{source}: a number has too many digits") from None
    if not isinstance(parsed, dict):
        kind = {list: "a list", str: "text", type(None): "null"}.get(type(parsed), "a number")
        raise InputError(f"{source}: holds {kind}, expected a mapping of config keys")
    cleaned: dict[str, Any] = _Cleaner(source, maximum_entries).clean(parsed, "", 0)
    return cleaned


_MAY_BE_INFINITE = frozenset({"time_step_limit"})
"""Mamba-2 configs write an open upper limit of the time step as Infinity."""


class _Cleaner:
    """Strings made safe to show, numbers finite, size and depth bounded."""

    def __init__(self, source: str, maximum_entries: int) -> None:
        self.source = source
        self.maximum = self.budget = maximum_entries

    def clean(self, value: Any, path: str, depth: int) -> Any:
        """``value`` found at the dotted ``path``; raises `InputError`."""
        if depth > MAXIMUM_DEPTH:
            raise InputError(
                f"{self.source}: {path[:80]} is nested deeper than {MAXIMUM_DEPTH} levels"
            )
        self.budget -= 1
        if self.budget < 0:
            raise InputError(f"{self.source}: more than {self.maximum:,} values")
        if isinstance(value, str):
            return clean(value)
        if isinstance(value, float) and not math.isfinite(value):
            self._check_infinite(value, path)
        if isinstance(value, dict):
            return {
                clean(key, 200): self.clean(
                    inner, f"{path}.{clean(key, 80)}" if path else clean(key, 80), depth + 1
                )
                for key, inner in value.items()
            }
        if isinstance(value, list):
            return [self.clean(inner, path, depth + 1) for inner in value]
        return value

    def _check_infinite(self, value: float, path: str) -> None:
        name = "NaN" if math.isnan(value) else "infinite"
        if name == "infinite" and path.rsplit(".", 1)[-1] in _MAY_BE_INFINITE:
            return
        raise InputError(f"{self.source}: {path} is {name}, expected a finite number")
