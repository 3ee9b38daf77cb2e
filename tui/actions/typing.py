"""Keys that go into the value under the cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events

from engine.words.errors import RooftopError
from tui.actions.base import Group
from tui.drawing.lines import cells
from tui.terminal.line_editor import edited, pasted
from tui.widgets.panes import TypedPane

if TYPE_CHECKING:
    from engine.scenario import Scenario


TITLE_CELLS = 20
"""Cells of a pane's first line that its number and title take."""


class Typing(Group):
    """Typing over a field or over a key of the model's config."""

    @property
    def is_typing(self) -> bool:
        """Whether keys go into a value now."""
        pane = self._desk.active
        return isinstance(pane, TypedPane) and pane.typed is not None

    def typing_key(self, event: events.Key) -> bool:
        """Keys that go into a value; True when one was used."""
        pane = self._desk.active
        if not isinstance(pane, TypedPane) or pane.typed is None:
            return False
        return self._edit(pane, pane.typed, event)

    def paste(self, text: str) -> bool:
        """Put a text into the value under the cursor; False where none is. Raises `InputError`
        when it is too long."""
        pane = self._desk.active
        if not isinstance(pane, TypedPane) or not pane.can_be_typed():
            return False
        typed = pasted(pane.typed or "", text)
        if pane.typed is None:
            self._store.separate()
            pane.begin(self._store.current)
        self._type(pane, typed)
        return True

    def _edit(self, pane: TypedPane, typed: str, event: events.Key) -> bool:
        """A key while something is typed. A pane that waits for enter uses every key."""
        if event.key == "escape":
            before = pane.before
            pane.leave()
            self._put_back(before)
        elif pane.takes_every_key and event.key in {"enter", "tab", "up", "down"}:
            self._end(pane, {"up": -1, "down": 1}.get(event.key, 0))
        elif pane.steps_with(event.character or ""):
            self._end(pane, 0)
            self._desk.run("more" if event.character == "+" else "less")
        elif event.key == "enter":
            self._take(pane)
        elif (text := edited(typed, event)) is not None:
            self._type(pane, text)
        else:
            return not pane.takes_every_key
        return True

    def _type(self, pane: TypedPane, text: str) -> None:
        pane.typed = text
        if pane.takes_every_key:
            self._try_field(pane)
        else:
            self._desk.paint()

    def _try_field(self, pane: TypedPane) -> None:
        """Take what is typed if it can be taken; otherwise the value before is in force."""
        written = self._written(pane)
        if written is not None:
            pane.complaint = ""
            self._change(*written)
        else:
            self._put_back(pane.before)

    def _put_back(self, before: Scenario | None) -> None:
        """The scenario from before typing, as if nothing had been typed."""
        if before is not None and self._store.rewind(before):
            self._desk.scenario_changed()
        else:
            self._desk.paint()

    def _take(self, pane: TypedPane) -> None:
        """Take what was typed, or say why not and go on typing."""
        written = self._written(pane)
        if written is not None:
            pane.leave()
            self._change(*written)
        else:
            self._desk.paint()

    def _written(self, pane: TypedPane) -> tuple[Scenario, str] | None:
        try:
            return pane.written(self._store.current, pane.typed or "")
        except RooftopError as error:
            pane.complaint = str(error)
            if cells(pane.complaint) > pane.size.width - TITLE_CELLS:
                # A narrow pane would cut what is expected.
                self._desk.mention(pane.complaint)
            return None

    def _end(self, pane: TypedPane, by: int) -> None:
        """Typing ends with what was taken last; the cursor moves on."""
        if pane.complaint:
            self._desk.say(pane.complaint)
        pane.leave()
        if by:
            pane.move(by)
        self._desk.paint()
