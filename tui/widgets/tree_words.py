"""What the tree says about the key under the cursor: its meaning, its effect, its rule."""

from __future__ import annotations

from collections.abc import Sequence

from engine.plan.key_effects import KeyEffect
from tui.format import change, counted
from tui.lines import Line, Run, cells, fit, joined, line, wrapped
from tui.styles import ACCENT, BOLD, DIM, EDITED, PLAIN, WARN
from tui.tree import TreeRow, shown_value

_VALUE = 8
"""Cells of a value that is tried."""


def meaning_lines(row: TreeRow, *, chinese: bool, width: int, most: int) -> list[Line]:
    """What a key is and what it does, in the chosen language."""
    return [line((one, ACCENT)) for one in wrapped(_meaning(row, chinese), width, most)]


def _meaning(row: TreeRow, chinese: bool) -> str:
    from engine.model.glossary import lookup

    if row.note:
        return str(row.value)
    entry = lookup(row.key)
    if entry is None:
        words = "没有说明。" if chinese else "Not in the glossary."
    elif chinese:
        words = f"{entry.chinese} {entry.effect_chinese}"
    else:
        words = f"{entry.english} {entry.effect_english}"
    if row.reason:
        source = f"文件中没有：{row.reason}。" if chinese else f"Not in the file: {row.reason}."
        return f"{source} {words}"
    return words


def complaint_lines(complaint: str, width: int, most: int) -> list[Line]:
    """Why a value is refused."""
    return [line((one, WARN)) for one in wrapped(f"✗ {complaint}", width, most)]


def edit_line(row: TreeRow, width: int, *, chinese: bool) -> Line:
    """What the file says of an edited key, and how to get it back."""
    if chinese:
        original = "没有此键" if row.original is None else f"为 {shown_value(row.original)}"
        words = f"* 假设值；文件中{original}；按 r 还原"
    else:
        original = "nothing" if row.original is None else shown_value(row.original)
        words = f"* a what-if; the file has {original}; r takes it back"
    return line((fit(words, width), EDITED))


def effect_lines(
    effects: Sequence[KeyEffect] | None,
    row: TreeRow,
    width: int,
    *,
    samples: str,
    chinese: bool,
) -> list[Line]:
    """The effect on the current plan of half and double the value, or of the other state of a
    switch; ``effects`` is None while it is worked out."""
    if row.note:
        return []
    if effects is None or not effects or all(_without_effect(one) for one in effects):
        which = 0 if effects is None else 2 if effects else 1
        return [line((_STATES[which][1 if chinese else 0], DIM))]
    return [_effect_line(one, row.value, width, samples) for one in effects]


_STATES = (
    ("effect on this plan: …", "对本方案的影响：…"),
    ("not a number: enter changes it", "不是数字：按 enter 修改"),
    ("no effect on speed or memory of this plan", "对本方案的速度和显存没有影响"),
)


def _without_effect(one: KeyEffect) -> bool:
    ratios = (one.throughput_ratio, one.ttft_ratio, one.memory_ratio)
    return not one.refused and all(change(ratio, 1.0) == "=" for ratio in ratios)


def _effect_line(one: KeyEffect, value: object, width: int, samples: str) -> Line:
    head: list[Run] = [
        (f"{_factor(one.value, value)} ", DIM),
        (f"{fit(shown_value(one.value), _VALUE)} ", BOLD),
    ]
    room = width - sum(cells(text) for text, _ in head)
    if one.refused:
        return line(*head, (fit(f"✗ {_rule(one.refused)}", room), WARN))
    memory = f"GiB {change(one.memory_ratio, 1.0)}"
    if one.overflows:
        return line(*head, (joined((memory, "does not fit"), room), WARN))
    unit, latency = (counted("img/s", samples), "latency") if samples else ("tok/s", "TTFT")
    parts = (
        f"{unit} {change(one.throughput_ratio, 1.0)}",
        memory,
        f"{latency} {change(one.ttft_ratio, 1.0)}",
    )
    return line(*head, (joined(parts, room, "  "), PLAIN))


def _rule(refused: str) -> str:
    """The rule without the file's name before it: the pane says which model it is."""
    _, separator, rule = refused.partition(": ")
    return rule if separator else refused


def _factor(tried: object, value: object) -> str:
    if isinstance(tried, bool) or not isinstance(tried, int | float):
        return " →"
    assert isinstance(value, int | float)
    return "÷2" if tried < value else "×2"
