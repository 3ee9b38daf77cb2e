"""A page of lines on top of the main screen."""

from __future__ import annotations

from collections.abc import Sequence

import textual.events as events
from textual.app import ComposeResult
from textual.screen import ModalScreen

from tui.lines import Line, line
from tui.styles import DIM, TITLE
from tui.widgets.line_pane import LinePane


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
