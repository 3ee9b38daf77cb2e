"""The command palette."""

from __future__ import annotations

import textual.events as events
from textual.app import ComposeResult
from textual.screen import ModalScreen

from tui.commands import Command
from tui.keymap import Keymap, commands_of, key_name
from tui.lines import Line, fit, line
from tui.overlays.page import LinesView
from tui.styles import BOLD, CURSOR, DIM, INPUT, PLAIN, Role


class Palette(ModalScreen[str | None]):
    """Commands by name: type to narrow, enter to run. What can do nothing now is dim."""

    def __init__(self, pane: str, keymap: Keymap, facts: frozenset[str]) -> None:
        super().__init__()
        self._pane = pane
        self._keymap = keymap
        self._facts = facts | {""}
        self._typed = ""
        self._cursor = 0
        self._view = LinesView("commands", [], hint="enter runs, ↑↓ choose, esc closes")

    def compose(self) -> ComposeResult:
        """Only the lines."""
        yield self._view

    def on_mount(self) -> None:
        """Show every command at first."""
        self._fill()

    def _found(self) -> list[Command]:
        words = self._typed.lower().split()
        mine = [one for one in commands_of(self._pane) if one.id != "palette"]
        found = [
            one
            for one in mine
            if all(word in f"{one.id} {one.label} {one.help}".lower() for word in words)
        ]
        return sorted(found, key=lambda one: one.needs not in self._facts)

    def _fill(self) -> None:
        found = self._found()
        self._cursor = max(0, min(self._cursor, len(found) - 1))
        self._view.lines = [line((" › ", BOLD), (f"{self._typed}", BOLD), (" ", INPUT))]
        for place, command in enumerate(found):
            style = PLAIN if command.needs in self._facts else DIM
            style = CURSOR if place == self._cursor else style
            self._view.lines.append(command_line(command, self._keymap, style))
        if not found:
            self._view.lines.append(line(("   no command has these words", DIM)))
        self._view.top = max(0, self._cursor - self._view.size.height + 4)
        self._view.update()

    def on_key(self, event: events.Key) -> None:
        """Type, move, run or close."""
        event.stop()
        event.prevent_default()
        character = event.character or ""
        found = self._found()
        if event.key in {"escape", "ctrl+c", "ctrl+q"}:
            self.dismiss(None)
            return
        if event.key == "enter":
            self.dismiss(found[self._cursor].id if found else None)
            return
        if event.key in {"down", "up", "ctrl+n", "ctrl+p", "tab", "shift+tab"}:
            self._cursor += 1 if event.key in {"down", "ctrl+n", "tab"} else -1
            self._cursor %= max(len(found), 1)
        elif event.key in {"backspace", "ctrl+h"}:
            self._typed = self._typed[:-1]
        elif event.key == "ctrl+u":
            self._typed = ""
        elif character.isprintable() and character:
            self._typed += character
            self._cursor = 0
        self._fill()


def command_line(command: Command, keymap: Keymap, style: Role) -> Line:
    """A command's keys and what it does."""
    keys = " ".join(key_name(key) for key in keymap.keys(command))
    return ((f"  {fit(keys, 16)}  ", BOLD if style is not DIM else DIM), (command.help, style))
