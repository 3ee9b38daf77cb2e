"""Pages of lines on top of the main screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import textual.events as events
from textual.app import ComposeResult
from textual.screen import ModalScreen

from tui.lines import Line, cells, joined, line
from tui.styles import DIM, FOCUSED, RULE
from tui.widgets.line_pane import LinePane

Result = TypeVar("Result")

_STEPS = {"down": 1, "j": 1, "up": -1, "k": -1}
_PAGES = {"pagedown": 1.0, "ctrl+d": 0.5, "space": 1.0, "pageup": -1.0, "ctrl+u": -0.5}
_ENDS = {"g": 0, "home": 0, "G": 1, "end": 1}
CLOSING = frozenset({"escape", "q", "question_mark", "enter", "ctrl+c", "ctrl+q", "f1"})


class LinesView(LinePane):
    """Lines that scroll below a title."""

    def __init__(self, title: str, lines: Sequence[Line], hint: str) -> None:
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


class Page(ModalScreen[None], Generic[Result]):
    """Base of everything that lies on top of the main screen. `close` is the only way out."""

    DEFAULT_CSS = "Page { background: ansi_default; align: center middle; }"

    def __init__(self, title: str, hint: str) -> None:
        super().__init__()
        self.view = LinesView(title, [], hint)
        self.then: Callable[[Result | None], None] | None = None
        """Gets the result once the page is gone."""
        self._closed = False

    def compose(self) -> ComposeResult:
        """Only the lines."""
        yield self.view

    def close(self, result: Result | None = None) -> None:
        """Take the page away and hand its result on, once: a second time would take away what
        lies below."""
        if self._closed:
            return
        self._closed = True
        self.dismiss()
        if self.then is not None:
            self.then(result)

    def on_key(self, event: events.Key) -> None:
        """Every key; one that comes while the page is going does nothing."""
        event.stop()
        event.prevent_default()
        if not self._closed:
            self.keyed(event)

    def on_paste(self, event: events.Paste) -> None:
        """Text that was pasted."""
        event.stop()
        event.prevent_default()
        if not self._closed:
            self.pasted(event.text)

    def keyed(self, event: events.Key) -> None:
        """What a key does."""
        raise NotImplementedError

    def pasted(self, text: str) -> None:
        """What pasted text does: nothing, where nothing is typed."""


class Overlay(Page[None]):
    """A page of lines."""

    def __init__(self, title: str, lines: Sequence[Line]) -> None:
        super().__init__(title, "esc closes")
        self.view.lines = list(lines)

    def keyed(self, event: events.Key) -> None:
        """Scroll or close."""
        key = event.character if event.character in _ENDS else event.key
        if not self.view.scroll_key(key or "") and event.key in CLOSING:
            self.close()
