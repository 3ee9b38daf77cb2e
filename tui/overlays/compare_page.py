"""The page that compares: columns come and go, plan files are added, two are told apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import textual.events as events

from engine.sources.files import user_path
from engine.words.errors import RooftopError
from engine.words.messages import say
from tui.drawing.lines import Line, fit, line
from tui.drawing.styles import BOLD, DIM, FOCUSED, WARN
from tui.overlays.compare import Comparison, compare_lines, letter
from tui.overlays.diff import diff_lines
from tui.page import CLOSING, Page
from tui.session.pinned import Pinned, pin_plan
from tui.terminal import line_editor

MOST_LINES = 24
"""So tall the page is at most: what lies below is 3 kB to bring back."""
_HINT = "←→ column  enter go there  d differences  o add plan  x out  esc"
_DIFF_HINT = "←→ another column against A  d back  esc"


class ComparePage(Page[Pinned]):
    """Gives the candidate to go to. ``kept`` is told of every change of the columns;
    ``differing`` begins with the differences of the first two."""

    def __init__(
        self,
        columns: tuple[Pinned, ...],
        kept: Callable[[list[Pinned]], None],
        *,
        differing: bool = False,
    ) -> None:
        super().__init__("compare", _HINT, most=MOST_LINES, whole=True)
        self._comparison = Comparison(columns, cursor=min(len(columns) - 1, int(differing)))
        self._kept = kept
        self._differing = differing
        self._path: str | None = None
        self._message = ""

    def on_mount(self) -> None:
        """Show the columns."""
        self._fill()

    def on_resize(self) -> None:
        """Lines for the new width."""
        self.call_after_refresh(self._fill)

    def _fill(self) -> None:
        width = max(self.view.columns, 40)
        if self._differing:
            self.view.title, self.view.hint = "differences", _DIFF_HINT
            self.view.lines = self._difference_lines(width)
        else:
            self.view.title, self.view.hint = "compare", _HINT
            self.view.lines = compare_lines(self._comparison, width)
        if self._path is not None:
            asked = line(
                (say(" Add plan file: "), BOLD), (self._path[-(width - 20) :], BOLD), ("▏", FOCUSED)
            )
            self.view.lines = [asked, *self.view.lines]
        elif self._message:
            self.view.lines = [line((fit(f" {self._message}", width), WARN)), *self.view.lines]
        self.view.update()

    def _difference_lines(self, width: int) -> list[Line]:
        columns, place = self._comparison.columns, self._second()
        if len(columns) < 2:
            return [line((say(" one column has nothing to differ from; o adds a plan file"), DIM))]
        first, other = columns[0], columns[place]
        names = (f"A {first.source or first.name}", f"{letter(place)} {other.source or other.name}")
        return diff_lines(*_alike(first, other), names, width)

    def _second(self) -> int:
        return max(self._comparison.cursor, 1)

    # --- keys -------------------------------------------------------------------------------

    def keyed(self, event: events.Key) -> None:
        """Type a path, or move, choose, add, take out, tell apart, close."""
        self._message = ""
        if self._path is not None:
            self._path_key(event)
        elif not self._column_key(event.character or "", event.key):
            self._other_key(event)
        if self.is_current:
            self._fill()

    def _column_key(self, character: str, key: str) -> bool:
        if key in {"left", "right"} or character in {"h", "l"}:
            self._step(1 if key == "right" or character == "l" else -1)
        elif character == "d":
            self._differing = not self._differing
            self.view.top = 0
        elif character == "o":
            self._path = ""
        elif character == "x":
            self._take_out()
        else:
            return False
        return True

    def _other_key(self, event: events.Key) -> None:
        columns, cursor = self._comparison.columns, self._comparison.cursor
        if event.key == "enter" and columns:
            self.close(columns[cursor])
        elif event.key in CLOSING:
            self.close()
        else:
            self.view.scroll_key(event.character if event.character in {"g", "G"} else event.key)

    def _step(self, by: int) -> None:
        columns = self._comparison.columns
        cursor = (self._comparison.cursor + by) % max(len(columns), 1)
        if self._differing and cursor == 0 and len(columns) > 1:
            # A is compared with the others, never with itself.
            cursor = 1 if by > 0 else len(columns) - 1
        self._comparison = replace(self._comparison, cursor=cursor)

    def _take_out(self) -> None:
        columns, cursor = list(self._comparison.columns), self._comparison.cursor
        del columns[cursor]
        if not columns:
            self._kept([])
            self.close()
            return
        self._set(columns, min(cursor, len(columns) - 1))

    def _set(self, columns: list[Pinned], cursor: int) -> None:
        self._comparison = Comparison(tuple(columns), cursor)
        self._kept(columns)

    # --- adding a plan ----------------------------------------------------------------------

    def _path_key(self, event: events.Key) -> None:
        assert self._path is not None
        if event.key in {"escape", "ctrl+c"}:
            self._path = None
        elif event.key == "enter":
            text, self._path = self._path.strip(), None
            if text:
                self._add(text)
        elif (typed := line_editor.edited(self._path, event)) is not None:
            self._path = typed

    def pasted(self, text: str) -> None:
        """The path of a plan file; it asks for one where nothing is asked yet."""
        try:
            self._path = line_editor.pasted(self._path or "", text)
        except RooftopError as error:
            self._message = str(error)
        self._fill()

    def _add(self, text: str) -> None:
        columns = list(self._comparison.columns)
        try:
            added = pin_plan(user_path(text))
        except RooftopError as error:
            self._message = str(error)
            return
        if any(added.same_candidate(one) for one in columns):
            self._message = say("{source} is here already", source=added.source)
            return
        self._set([*columns, added], len(columns))


def _alike(first: Pinned, other: Pinned) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Both as plans of the same extent: whole files, or the choice and the scenario of each."""
    if first.document and other.document:
        return first.document, other.document
    bare = (replace(first, document={}), replace(other, document={}))
    return bare[0].plan(), bare[1].plan()
