"""What the tree says about the key under the cursor: its meaning, its effect, its rule."""

from __future__ import annotations

from collections.abc import Sequence

from engine.plan.sensitivity.key_effects import KeyEffect
from engine.sources.languages import words
from engine.words.messages import retold, say
from tui.drawing.format import change, counted
from tui.drawing.lines import Line, Run, cells, fit, joined, line, wrapped
from tui.drawing.styles import ACCENT, BOLD, DIM, EDITED, PLAIN, WARN
from tui.tree import TreeRow, shown_value

_VALUE = 8
"""Cells of a value that is tried."""


def meaning_lines(row: TreeRow, *, language: str, width: int, most: int) -> list[Line]:
    """What a key is and what it does, in the language of that code."""
    return [line((one, ACCENT)) for one in wrapped(_meaning(row, language), width, most)]


def _meaning(row: TreeRow, language: str) -> str:
    from engine.model.glossary import lookup

    if row.note:
        return str(row.value)
    said, entry = words(language, "tree"), lookup(row.key, language)
    explanation = said["unknown"]
    if entry is not None:
        explanation = said["explanation"].format(meaning=entry.meaning, effect=entry.effect)
    if row.reason:
        return said["assumed_value"].format(reason=retold(row.reason, language), words=explanation)
    return said["absent_key"].format(words=explanation) if row.absent else explanation


def complaint_lines(complaint: str, width: int, most: int) -> list[Line]:
    """Why a value is refused."""
    return [line((one, WARN)) for one in wrapped(f"✗ {complaint}", width, most)]


def edit_line(row: TreeRow, width: int, *, language: str) -> Line:
    """What the file says of an edited key, and how to get it back."""
    said = words(language, "tree")
    if row.original is None:
        text = said["edited_new"]
    else:
        text = said["edited"].format(original=shown_value(row.original))
    return line((fit(text, width), EDITED))


def effect_lines(
    effects: Sequence[KeyEffect] | None,
    row: TreeRow,
    width: int,
    *,
    samples: str,
    language: str,
) -> list[Line]:
    """The effect on the current plan of half and double the value, or of the other state of a
    switch; ``effects`` is None while it is worked out."""
    if row.note or row.absent:
        return []
    if effects is None or not effects or all(_without_effect(one) for one in effects):
        state = "waiting" if effects is None else "no_effect" if effects else "not_a_number"
        return [line((words(language, "tree")[state], DIM))]
    return [_effect_line(one, row.value, width, samples) for one in effects]


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
        return line(*head, (joined((memory, say("does not fit")), room), WARN))
    unit, latency = (counted("img/s", samples), say("latency")) if samples else ("tok/s", "TTFT")
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
