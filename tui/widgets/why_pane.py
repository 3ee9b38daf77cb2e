"""Why the selected row is as fast as it is: time by operator, bounds, memory, limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.format import gibibytes, milliseconds, share
from tui.lines import Line, fit, line
from tui.styles import ACCENT, BOLD, DIM, PLAIN, TITLE
from tui.widgets.panes import Pane

if TYPE_CHECKING:
    from engine.results import Explanation, OperatorTime

GIB = float(1 << 30)
_BOUND = {"compute": "C", "memory": "M", "link": "L", "launch": "·"}


class WhyPane(Pane):
    """Draws an `Explanation`; the screen brings a new one when the cursor rests."""

    title = "why"

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.explanation: Explanation | None = None
        self.top = 0

    def summary(self) -> tuple[str, ...]:
        """Utilisation, and what the letters mean."""
        found = self.explanation
        if found is None:
            return ("…",)
        return (
            f"B{found.batch}",
            f"MFU {share(found.decode_mfu)}",
            f"MBU {share(found.decode_mbu)}",
            "C compute M memory L link · launch",
        )

    def body(self, width: int, height: int) -> list[Line]:
        """Operators by time per phase, memory, largest batches."""
        found = self.explanation
        if found is None:
            return [line(("choose a row in the table", DIM))]
        lines: list[Line] = []
        for phase in ("decode", "prefill", "batch"):
            rows = [row for row in found.operators if row.phase == phase]
            if rows:
                lines += _phase_lines(phase, rows, width)
        lines.append(
            line((f"memory per chip of {gibibytes(found.capacity_bytes / GIB)} GiB", TITLE))
        )
        for item in found.memory:
            part = item.bytes / found.capacity_bytes
            bar = "▇" * max(round(part * max(width - 30, 0)), 0)
            lines.append(
                line(
                    (f" {fit(item.name, 19)}", PLAIN),
                    (f"{gibibytes(item.bytes / GIB):>7} ", BOLD),
                    (bar, ACCENT),
                )
            )
        limits = "  ".join(f"{name} {batch}" for name, batch in found.largest_batch.items())
        lines.append(line(("largest batch by limit", TITLE)))
        lines.append(line((f" {limits}", PLAIN)))
        self.top = max(0, min(self.top, len(lines) - height))
        return lines[self.top : self.top + height]


def _phase_lines(phase: str, rows: list[OperatorTime], width: int) -> list[Line]:
    total = sum(row.seconds for row in rows)
    names = {"prefill": "prefill of one prompt", "decode": "decode step", "batch": "one batch"}
    lines = [line((f"{names[phase]}: {milliseconds(total * 1e3)} ms", TITLE))]
    for row in sorted(rows, key=lambda one: -one.seconds):
        part = row.seconds / total if total else 0.0
        name = row.name.removeprefix("self_attn.").removeprefix("mlp.")
        # Letter, name, time, share, and a bar where there is room for one.
        label = max(min(width - 18, 24), 8)
        bar = "▇" * round(part * max(width - label - 19, 0))
        lines.append(
            line(
                (f" {_BOUND.get(row.bound, '?')} {fit(name, label)}", PLAIN),
                (f"{milliseconds(row.seconds * 1e3):>8} ", BOLD),
                (f"{share(part):>4} ", DIM),
                (bar, ACCENT),
            )
        )
    return lines
