"""A page of lines on top of the main screen."""

from __future__ import annotations

from collections.abc import Sequence

import textual.events as events
from textual.app import ComposeResult
from textual.screen import ModalScreen

from tui.lines import Line, cells, joined, line
from tui.styles import DIM, FOCUSED, RULE
from tui.widgets.line_pane import LinePane

_STEPS = {"down": 1, "j": 1, "up": -1, "k": -1}
_PAGES = {"pagedown": 1.0, "ctrl+d": 0.5, "space": 1.0, "pageup": -1.0, "ctrl+u": -0.5}
_ENDS = {"g": 0, "home": 0, "G": 1, "end": 1}
CLOSING = frozenset({"escape", "q", "question_mark", "enter", "ctrl+c", "ctrl+q", "f1"})


class LinesView(LinePane):
    """Lines that scroll below a title."""

    def __init__(self, title: str, lines: Sequence[Line], hint: str = "esc closes") -> None:
        super().__init__(id="lines")
        self.title = title
        self.lines = list(lines)
        self.hint = hint
        self.top = 0

    def content(self, width: int, height: int) -> list[Line]:
        """Title, then the visible lines; how far down they are when not all are visible."""
        room = height - 1
        self.top = max(0, min(self.top, len(self.lines) - room))
        below = len(self.lines) - self.top - room
        parts = (self.hint, f"↓ {below} more") if below > 0 else (self.hint,)
        title = f" {self.title} "
        left = max(width - cells(title) - 1, 0)
        shown = f"{joined(parts, left, ', ').rstrip()} "
        head = line((title, FOCUSED), (f" {shown}", DIM), ("─" * max(left - cells(shown), 0), RULE))
        return [head, *self.lines[self.top : self.top + room]]

    def scroll_key(self, key: str) -> bool:
        """Scroll for ``key``; whether it does."""
        page = max(self.size.height - 2, 1)
        if key in _STEPS:
            self.top += _STEPS[key]
        elif key in _PAGES:
            self.top += round(_PAGES[key] * page)
        elif key in _ENDS:
            self.top = _ENDS[key] * len(self.lines)
        else:
            return False
        self.update()
        return True


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
        key = event.character if event.character in _ENDS else event.key
        if not self._view.scroll_key(key or "") and event.key in CLOSING:
            self.dismiss(None)
