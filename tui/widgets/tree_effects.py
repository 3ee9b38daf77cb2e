"""Effects beside the values, in columns: half and double, for throughput, memory and latency."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui.drawing.format import change, counted
from tui.drawing.lines import Line, Run, line
from tui.drawing.styles import DIM, PLAIN, WARN

if TYPE_CHECKING:
    from engine.plan.sensitivity.key_effects import KeyEffect

_CELL = 7
PAIR = 2 * _CELL + 1
"""Cells of one metric: what half does, what double does."""
_METRICS = ("throughput_ratio", "memory_ratio", "ttft_ratio")


def pairs_in(width: int) -> int:
    """How many metrics have room, the most important first."""
    return max(0, min(width // PAIR, len(_METRICS)))


def effects_head(pairs: int, samples: str) -> str:
    """The names of the columns."""
    names = (counted("img/s", samples) if samples else "tok/s", "GiB", "ms" if samples else "TTFT")
    return "".join(f"{name + ' ÷2':>{_CELL + 1}}{'×2':>{_CELL}}" for name in names[:pairs])


def effects_cells(effects: Sequence[KeyEffect] | None, value: object, pairs: int) -> Line:
    """The columns of one key: ``…`` while they are worked out, ``✗`` for a refused value, ``full``
    where the plan's batch would no longer fit."""
    if effects is None:
        return line(("…".rjust(_CELL + 1), DIM))
    sides: list[KeyEffect | None] = [None, None]
    for one in effects:
        sides[_is_double(one, value)] = one
    runs: list[Run] = []
    for metric in _METRICS[:pairs]:
        runs.append((" ", PLAIN))
        runs += [_cell(side, metric) for side in sides]
    return tuple(runs)


def _is_double(one: KeyEffect, value: object) -> bool:
    """Whether a tried value goes into the second column; that of a switch does."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return True
    return isinstance(one.value, int | float) and one.value > value


def _cell(side: KeyEffect | None, metric: str) -> Run:
    if side is None:
        return (" " * _CELL, PLAIN)
    if side.refused:
        return ("✗".rjust(_CELL), WARN)
    if side.overflows and metric != "memory_ratio":
        return ("full".rjust(_CELL), WARN)
    text = change(getattr(side, metric), 1.0)
    return (text.rjust(_CELL), DIM if text == "=" else PLAIN)
