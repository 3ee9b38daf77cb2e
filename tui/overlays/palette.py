"""The command palette."""

from __future__ import annotations

import textual.events as events
from textual.app import ComposeResult
from textual.screen import ModalScreen

from tui.commands import Command, commands_of, key_name
from tui.lines import Line, fit, line
from tui.overlays.page import LinesView
from tui.styles import BOLD, CURSOR, PLAIN


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
            self._view.lines.append(command_line(command, style))
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


def command_line(command: Command, style: object) -> Line:
    keys = " ".join(key_name(key) for key in command.keys)
    return ((f" {fit(keys, 16)} ", BOLD), (command.help, style))  # type: ignore[return-value]
