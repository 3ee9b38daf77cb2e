"""The command palette."""

from __future__ import annotations

import contextlib

import textual.events as events

from engine.words.errors import RooftopError
from tui import line_editor
from tui.commands import Command
from tui.keymap import Keymap, commands_of, key_name
from tui.lines import Line, fit, line
from tui.overlays.page import Page
from tui.styles import BOLD, CURSOR, DIM, INPUT, PLAIN, Role


class Palette(Page[str]):
    """Commands by name: type to narrow, enter to run. What can do nothing now is dim."""

    def __init__(self, pane: str, keymap: Keymap, facts: frozenset[str]) -> None:
        super().__init__("commands", "enter runs, ↑↓ choose, esc closes")
        self._pane = pane
        self._keymap = keymap
        self._facts = facts | {""}
        self._typed = ""
        self._cursor = 0

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
        self.view.lines = [line((" › ", BOLD), (f"{self._typed}", BOLD), (" ", INPUT))]
        for place, command in enumerate(found):
            style = PLAIN if command.needs in self._facts else DIM
            style = CURSOR if place == self._cursor else style
            self.view.lines.append(command_line(command, self._keymap, style))
        if not found:
            self.view.lines.append(line(("   no command has these words", DIM)))
        self.view.top = max(0, self._cursor - self.view.size.height + 4)
        self.view.update()

    def keyed(self, event: events.Key) -> None:
        """Type, move, run or close."""
        found = self._found()
        if event.key in {"escape", "ctrl+c", "ctrl+q"}:
            self.close()
            return
        if event.key == "enter":
            self.close(found[self._cursor].id if found else None)
            return
        if event.key in {"down", "up", "ctrl+n", "ctrl+p", "tab", "shift+tab"}:
            self._cursor += 1 if event.key in {"down", "ctrl+n", "tab"} else -1
            self._cursor %= max(len(found), 1)
        elif (typed := line_editor.edited(self._typed, event)) is not None:
            self._type(typed)
        self._fill()

    def pasted(self, text: str) -> None:
        """Narrow by what was pasted; what is longer than any command's words is not taken."""
        with contextlib.suppress(RooftopError):
            self._type(line_editor.pasted(self._typed, text))
        self._fill()

    def _type(self, typed: str) -> None:
        if typed != self._typed:
            self._typed, self._cursor = typed, 0


def command_line(command: Command, keymap: Keymap, style: Role) -> Line:
    """A command's keys and what it does."""
    keys = " ".join(key_name(key) for key in keymap.keys(command))
    return ((f"  {fit(keys, 16)}  ", BOLD if style is not DIM else DIM), (command.help, style))
