"""Marked rows side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui.format import gibibytes, milliseconds, rate
from tui.lines import line
from tui.styles import BEST, BOLD, PLAIN, TITLE

if TYPE_CHECKING:
    from tui.session import Pinned

_COMPARED = (
    ("batch", "batch", lambda value: f"{value:.0f}", 0),
    ("ttft_ms", "TTFT ms", milliseconds, -1),
    ("tpot_ms", "TPOT ms", milliseconds, -1),
    ("e2e_ms", "E2E ms", milliseconds, -1),
    ("latency_ms", "latency ms", milliseconds, -1),
    ("fps", "images/s", rate, 1),
    ("fps_per_chip", "images/s/chip", rate, 1),
    ("tps_per_chip", "tok/s/chip", rate, 1),
    ("tps_per_user", "tok/s/user", rate, 1),
    ("memory_gib", "GiB/chip", gibibytes, -1),
)


def compare_lines(marked: Sequence[Pinned]) -> list[object]:
    """Marked rows side by side, the best of each line marked with ★."""
    lines: list[object] = []
    for place, one in enumerate(marked):
        lines.append(line((f" {chr(65 + place)} ", BOLD), one.name))
    lines.append(line(""))
    header = "".join(f"{chr(65 + place):>14}" for place in range(len(marked)))
    lines.append(line((f"{'':<14}{header}", TITLE)))
    for metric, label, text, way in _COMPARED:
        values = [one.metrics.get(metric, float("nan")) for one in marked]
        if all(value != value for value in values):
            continue
        known = [value for value in values if value == value]
        best = max(known) if way > 0 else min(known)
        runs = [(f"{label:<14}", BOLD)]
        for value in values:
            star = way != 0 and value == best
            runs.append((f"{('★ ' if star else '') + text(value):>14}", BEST if star else PLAIN))
        lines.append(tuple(runs))
    return lines
