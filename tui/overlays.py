"""Screens on top: help, the command palette, comparing, what matters. Esc or q closes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import textual.events as events
from textual.app import ComposeResult
from textual.screen import ModalScreen

from tui.commands import COMMANDS, Command, commands_of, key_name
from tui.format import change, gibibytes, milliseconds, rate
from tui.lines import Line, fit, line
from tui.styles import BEST, BOLD, CURSOR, DIM, PLAIN, TITLE, WARN
from tui.widgets.line_pane import LinePane

if TYPE_CHECKING:
    from engine.sensitivity import Response
    from tui.session import Pinned


class LinesView(LinePane):
    """Lines that scroll."""

    def __init__(self, title: str, lines: Sequence[Line]) -> None:
        super().__init__(id="lines")
        self.title = title
        self.lines = list(lines)
        self.top = 0

    def content(self, width: int, height: int) -> list[Line]:
        """Title, then the visible lines."""
        self.top = max(0, min(self.top, len(self.lines) - height + 1))
        head = line((f" {self.title} ", TITLE), ("  esc closes", DIM))
        return [head, *self.lines[self.top : self.top + height - 1]]


class Overlay(ModalScreen[None]):
    """A page of lines."""

    def __init__(self, title: str, lines: Sequence[object]) -> None:
        super().__init__()
        self._view = LinesView(title, [one for one in lines if isinstance(one, tuple)])

    def compose(self) -> ComposeResult:
        """Only the lines."""
        yield self._view

    def on_key(self, event: events.Key) -> None:
        """Scroll or close."""
        event.stop()
        event.prevent_default()
        step = {"down": 1, "j": 1, "up": -1, "k": -1, "pagedown": 10, "pageup": -10}.get(event.key)
        if step is not None:
            self._view.top += step
            self._view.update()
        elif event.key in {"escape", "q", "question_mark", "enter", "ctrl+c", "f1"}:
            self.dismiss(None)


class Palette(ModalScreen[str | None]):
    """Commands by name: type to narrow, enter to run."""

    def __init__(self, pane: str) -> None:
        super().__init__()
        self._pane = pane
        self._typed = ""
        self._cursor = 0
        self._view = LinesView("commands", [])

    def compose(self) -> ComposeResult:
        """Only the lines."""
        yield self._view

    def on_mount(self) -> None:
        """Show every command at first."""
        self._fill()

    def _found(self) -> list[Command]:
        words = self._typed.lower().split()
        mine = commands_of(self._pane)
        return [c for c in mine if all(word in f"{c.label} {c.help}".lower() for word in words)]

    def _fill(self) -> None:
        found = self._found()
        self._cursor = max(0, min(self._cursor, len(found) - 1))
        self._view.lines = [line((f" › {self._typed}▏", BOLD))]
        for place, command in enumerate(found):
            style = CURSOR if place == self._cursor else PLAIN
            self._view.lines.append(_command_line(command, style))
        self._view.top = max(0, self._cursor - self._view.size.height + 4)
        self._view.update()

    def on_key(self, event: events.Key) -> None:
        """Type, move, run or close."""
        event.stop()
        event.prevent_default()
        character = event.character or ""
        found = self._found()
        if event.key in {"escape", "ctrl+c"}:
            self.dismiss(None)
            return
        if event.key == "enter":
            self.dismiss(found[self._cursor].id if found else None)
            return
        if event.key in {"down", "up"}:
            self._cursor += 1 if event.key == "down" else -1
        elif event.key == "backspace":
            self._typed = self._typed[:-1]
        elif character.isprintable() and character:
            self._typed += character
        self._fill()


def _command_line(command: Command, style: object) -> Line:
    keys = " ".join(key_name(key) for key in command.keys)
    return ((f" {fit(keys, 16)} ", BOLD), (command.help, style))  # type: ignore[return-value]


def help_lines(pane: str) -> list[object]:
    """The keys of a pane, its own first, then those that work everywhere."""
    everywhere = [c for c in COMMANDS if len(c.panes) > 2]
    own = [c for c in commands_of(pane) if c not in everywhere]
    lines: list[object] = [line((f"in {pane}", TITLE))]
    lines += [_command_line(command, PLAIN) for command in own]
    if pane in {"hardware", "workload"}:
        lines.append(
            line(("  digits          ", BOLD), "type over the value; 4K, 1.5s, 70B are read")
        )
    lines.append(line(("1 to 6           ", BOLD), "to a pane; again gives it the whole screen"))
    lines.append(line(("everywhere", TITLE)))
    lines += [_command_line(command, PLAIN) for command in everywhere]
    lines.append(line(("esc", BOLD), "  closes, clears or cancels; it never quits"))
    return lines


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
