"""What each input does to the best plan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui.format import change
from tui.lines import fit, line
from tui.styles import BOLD, PLAIN, TITLE, WARN

if TYPE_CHECKING:
    from engine.sensitivity import Response


def sensitivity_lines(found: Sequence[Response]) -> list[object]:
    """Nudges sorted by what they do to the throughput of the best plan."""
    header = f"{'knob':<14}{'from':>12}{'to':>16}{'tok/s/chip':>12}{'TTFT':>8}{'TPOT':>8}{'GiB':>8}"
    lines: list[object] = [line((f"{header}  new best", TITLE))]
    for one in found:
        nudge = one.nudge
        if one.batch:
            cells = [one.throughput_ratio, one.ttft_ratio, one.tpot_ratio, one.memory_ratio]
            texts = [change(cell, 1.0) for cell in cells]
            new = f"{one.layout} B{one.batch}"
        else:
            texts, new = ["none meets", "", "", ""], ""
        style = WARN if not one.batch else PLAIN
        lines.append(
            line(
                (f"{fit(nudge.knob, 14)}", BOLD),
                (f"{fit(nudge.before, 11):>12}{fit(nudge.after, 15):>16}", PLAIN),
                (f"{texts[0]:>12}{texts[1]:>8}{texts[2]:>8}{texts[3]:>8}  {new}", style),
            )
        )
    return lines
