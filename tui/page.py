"""Pages of lines on top of the main screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar, cast

import textual.events as events
from textual.app import ComposeResult
from textual.screen import ModalScreen

from engine.words.messages import say
from tui.drawing.lines import Line, cells, joined, line, padded
from tui.drawing.styles import DIM, FOCUSED, RULE
from tui.keymap import ASKING, as_pressed
from tui.terminal.app import forget_pieces, waiting_keys
from tui.widgets.line_pane import LinePane

Result = TypeVar("Result")

_STEPS = {"down": 1, "j": 1, "up": -1, "k": -1}
_PAGES = {"pagedown": 1.0, "ctrl+d": 0.5, "space": 1.0, "pageup": -1.0, "ctrl+u": -0.5}
_ENDS = {"g": 0, "home": 0, "G": 1, "end": 1}
CLOSING = frozenset({"escape", "q", "question_mark", "enter", "ctrl+c", "ctrl+q", "f1"})
NOT_BELOW = CLOSING - ASKING
"""Pressed once more as a page goes, these are meant for the page and do nothing below it."""


BORDERED = 70
"""Below this width a page takes every column there is."""
WIDEST = 98
"""A page that is read covers no more columns than that."""
TALL = 30
"""From this height on, a page leaves two fifths of the lines to what lies below."""


class LinesView(LinePane):
    """Lines that scroll below a title, in a box no larger than they need. ``steady`` is a least
    height, for lines that come and go, ``most`` the greatest; ``whole`` takes the terminal's whole
    width."""

    DEFAULT_CSS = "LinesView { width: 1; height: 1; }"

    def __init__(
        self,
        title: str,
        lines: Sequence[Line],
        hint: str,
        *,
        steady: int = 0,
        most: int = 0,
        whole: bool = False,
    ) -> None:
        super().__init__(id="lines")
        self.title = title
        self.lines = list(lines)
        self.hint = hint
        self.top = 0
        self._steady, self._most, self._whole = steady, most, whole
        self._shape = (0, 0)

    @property
    def columns(self) -> int:
        """Cells that a line has."""
        width = self.app.size.width
        return width if width < BORDERED else min(width, width if self._whole else WIDEST) - 2

    @property
    def room(self) -> int:
        """Lines that are seen at once, at most."""
        height = self.app.size.height
        most = height * 3 // 5 if height >= TALL and not self._whole else height - 2
        return min(max(most, 3) - 2, self._most or height)

    def update(self) -> None:
        """Draw what changed, once the box has the size that it needs."""
        bordered = self.app.size.width >= BORDERED
        lines = min(max(len(self.lines), self._steady), self.room)
        shape = (self.columns + 2 * bordered, lines + 1 + bordered)
        if shape != self._shape:
            self._shape = shape
            self.styles.width, self.styles.height = shape
        super().update()

    @property
    def extent(self) -> tuple[int, int]:
        """The size of the box, also before it is laid out: its first frame is whole."""
        return self._shape

    def content(self, width: int, height: int) -> list[Line]:
        """Title, then the visible lines; how far down they are when not all are visible."""
        inner = self.columns
        bordered = width > inner
        room = height - 1 - bordered
        self.top = max(0, min(self.top, len(self.lines) - room))
        below = len(self.lines) - self.top - room
        parts = (
            (say(self.hint), say("↓ {below} more", below=below)) if below > 0 else (say(self.hint),)
        )
        title = f" {say(self.title)} "
        left = max(inner - cells(title) - 1, 0)
        shown = f"{joined(parts, left, say(', ')).rstrip()} "
        rest = "─" * max(left - cells(shown), 0)
        head = line((title, FOCUSED), (f" {shown}", DIM), (rest, RULE))
        seen = self.lines[self.top : self.top + room]
        if not bordered:
            return [head, *seen]
        seen += [line()] * (room - len(seen))
        bar = ("│", RULE)
        return [
            (("┌", RULE), *padded(head, inner), ("┐", RULE)),
            *((bar, *padded(one, inner), bar) for one in seen),
            line((f"└{'─' * inner}┘", RULE)),
        ]

    def scroll_key(self, key: str) -> bool:
        """Scroll for ``key``; whether it does."""
        page = max(self.room - 1, 1)
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


class Runs(Protocol):
    """The main screen, as far as pages need it."""

    def run(self, id: str, text: str = "") -> None:
        """Run a command by its id."""


class Page(ModalScreen[None], Generic[Result]):
    """Base of everything that lies on top of the main screen. `close` is the only way out."""

    asks_for_help = True
    """Whether the keys that ask for help do so here; the page of help closes with them."""

    def __init__(
        self, title: str, hint: str, *, steady: int = 0, most: int = 0, whole: bool = False
    ) -> None:
        super().__init__()
        self.view = LinesView(title, [], hint, steady=steady, most=most, whole=whole)
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
        waiting = waiting_keys(self)
        self.dismiss()
        forget_pieces(self.app.screen_stack[0])
        if self.then is not None:
            self.then(result)
        # Keys in the same read as the one that closes a page are meant for what lies below.
        for key in waiting:
            if key.key not in NOT_BELOW:
                self.app.screen.post_message(key)

    @property
    def _in_front(self) -> bool:
        return not self._closed and self.app.screen is self

    def on_key(self, event: events.Key) -> None:
        """Every key; one that closes pages does nothing while this one is going, and what was
        typed before another page came on top is that one's."""
        event.stop()
        event.prevent_default()
        for key, character in as_pressed(event.key, event.character):
            pressed = events.Key(key, character)
            if not self._in_front:
                if not self._closed or key not in NOT_BELOW:
                    self.app.screen.post_message(pressed)
            elif key in ASKING and self.asks_for_help:
                cast(Runs, self.app.screen_stack[0]).run("help")
            else:
                self.keyed(pressed)

    def on_paste(self, event: events.Paste) -> None:
        """Text that was pasted."""
        event.stop()
        event.prevent_default()
        if self._in_front:
            self.pasted(event.text)
        elif not self._closed:
            self.app.screen.post_message(events.Paste(event.text))

    def keyed(self, event: events.Key) -> None:
        """What a key does."""
        raise NotImplementedError

    def pasted(self, text: str) -> None:
        """What pasted text does: nothing, where nothing is typed."""
