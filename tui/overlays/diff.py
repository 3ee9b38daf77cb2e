"""Two plans, only the keys that differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.plan.saved.diff import Difference, differences
from engine.words.messages import say
from engine.words.text import clean
from tui.drawing.format import change
from tui.drawing.lines import Line, fit, line, right
from tui.drawing.styles import BOLD, DIM, PLAIN, TITLE, WARN

_VALUE = 22
_LAST = ("bottlenecks", "provenance", "runner_up", "memory")
"""Tables that come after what people turned and got."""


def diff_lines(
    before: Mapping[str, Any], after: Mapping[str, Any], names: tuple[str, str], width: int
) -> list[Line]:
    """Keys whose values differ: before, after, and the change of numbers. ``names`` are those of
    the plans; each begins with the letter that stands for it."""
    found = sorted(differences(before, after), key=_order)
    lines = [line((f" {one}", BOLD)) for one in names] + [line("")]
    if not found:
        return [*lines, line((say("the same in every key"), DIM))]
    value = min(_VALUE, max((width - 24) // 3, 10))
    longest = max(len(one.key) for one in found) + 4
    label = max(min(width - 2 * value - 12, longest), 12)
    head = f" {fit(say('key'), label)}{names[0][0]:>{value}} {names[1][0]:>{value}} "
    head += right(say("change"), 8)
    lines.append(line((head, TITLE)))
    section = ""
    for one in found:
        group, _, rest = one.key.partition(".")
        if group != section:
            section = group
            if rest:
                lines.append(line((f" {group}", TITLE)))
        lines += _difference_lines(one, rest or group, label, value)
    return lines


def _order(one: Difference) -> int:
    group = one.key.partition(".")[0].partition("[")[0]
    return _LAST.index(group) + 1 if group in _LAST else 0


def _difference_lines(one: Difference, key: str, label: int, value: int) -> list[Line]:
    """One line, or three when the values are long text."""
    old, new = shown(one.before), shown(one.after)
    ratio = "" if one.ratio is None else change(one.ratio, 1.0)
    if max(len(old), len(new)) > value:
        return [
            line((f"   {clean(key, 200)}", PLAIN)),
            line((f"     − {old}", DIM)),
            line((f"     + {new}", WARN)),
        ]
    name = clean(key, 200)
    if len(name) > label - 3:
        name = "…" + name[-(label - 4) :]
    return [
        line(
            (f"   {fit(name, label - 2)}", PLAIN),
            (f"{old:>{value}} ", DIM),
            (f"{new:>{value}} ", WARN),
            (f"{ratio:>8}", PLAIN),
        )
    ]


def shown(value: object) -> str:
    """A value of a plan in one line."""
    if value is None:
        return "absent"
    if value == "":
        return "empty"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return clean(", ".join(str(one) for one in value), 300) or "none"
    return clean(str(value), 300)
