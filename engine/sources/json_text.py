"""JSON from a stranger: parsed strictly, bounded, every string made safe to show."""

from __future__ import annotations

import json
import math
from typing import Any

from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean

MAXIMUM_DEPTH = 32
MAXIMUM_ENTRIES = 200_000
MAXIMUM_VALUES = 6_000_000
"""Detailed results hold every token's time."""
MAXIMUM_OBJECTS = 50_000
"""A run is one object. Parsed, each value takes up to sixty bytes and each object hundreds,
however few there were of it in the file."""


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
                raise InputError(
                    say(
                        "{source}: key {key} is given twice, expected once",
                        source=source,
                        key=clean(key, 80),
                    )
                )
            mapping[key] = value
        return mapping

    try:
        parsed = json.loads(content.decode("utf-8-sig"), object_pairs_hook=pairs)
    except UnicodeDecodeError:
        raise InputError(say("{source}: not UTF-8 text, expected JSON", source=source)) from None
    except RecursionError:
        raise InputError(
            say(
                "{source}: nested too deeply, expected at most {MAXIMUM_DEPTH} levels",
                source=source,
                MAXIMUM_DEPTH=MAXIMUM_DEPTH,
            )
        ) from None
    except json.JSONDecodeError as error:
        raise InputError(
            say(
                "{source}: broken JSON at line {lineno} column {colno}: {msg}",
                source=source,
                lineno=error.lineno,
                colno=error.colno,
                msg=clean(error.msg, 80),
            )
        ) from None
    except ValueError:
        raise InputError(say("{source}: a number has too many digits", source=source)) from None
    if not isinstance(parsed, dict):
        kind = {list: "a list", str: "text", type(None): "null"}.get(type(parsed), "a number")
        raise InputError(
            say(
                "{source}: holds {kind}, expected a mapping of config keys",
                source=source,
                kind=kind,
            )
        )
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
                say(
                    "{source}: {path} is nested deeper than {MAXIMUM_DEPTH} levels",
                    source=self.source,
                    path=path[:80],
                    MAXIMUM_DEPTH=MAXIMUM_DEPTH,
                )
            )
        self.budget -= 1
        if self.budget < 0:
            raise InputError(
                say(
                    "{source}: more than {maximum:,} values",
                    source=self.source,
                    maximum=self.maximum,
                )
            )
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
        raise InputError(
            say(
                "{source}: {path} is {name}, expected a finite number",
                source=self.source,
                path=path,
                name=name,
            )
        )


def json_values(text: str) -> list[Any]:
    """One JSON value (a list counts as many), else one per line; empty where neither."""
    try:
        whole = json.loads(text)
        return whole if isinstance(whole, list) else [whole]
    except (ValueError, RecursionError):
        pass
    try:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except (ValueError, RecursionError):
        return []


def check_size(text: str, shown: str) -> None:
    """Refuse what would take more memory than anybody expects of a result file, before parsing."""
    objects = text.count("{")
    values = objects + text.count("[") + text.count(",")
    if objects > MAXIMUM_OBJECTS or values > MAXIMUM_VALUES:
        raise InputError(
            say(
                "{shown}: {objects:,} objects and {values:,} values, expected at most "
                "{maximum_objects:,} and {maximum_values:,}; results without details "
                "are enough",
                shown=shown,
                objects=objects,
                values=values,
                maximum_objects=MAXIMUM_OBJECTS,
                maximum_values=MAXIMUM_VALUES,
            )
        )
