"""Keys that go into the value under the cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events

from engine.words.errors import RooftopError
from tui.actions.base import Group
from tui.line_editor import edited, pasted
from tui.widgets.panes import TypedPane

if TYPE_CHECKING:
    from engine.scenario import Scenario


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
        if not isinstance(pane, TypedPane):
            return False
        if pane.typed is not None:
            return self._edit(pane, pane.typed, event)
        if not event.character or not pane.starts_with(event.character):
            return False
        self._type(pane, event.character)
        return True

    def paste(self, text: str) -> bool:
        """Put a text into the value under the cursor; False where none is. Raises `InputError`
        when it is too long."""
        pane = self._desk.active
        if not isinstance(pane, TypedPane) or not pane.can_be_typed():
            return False
        self._type(pane, pasted(pane.typed or "", text))
        return True

    def _edit(self, pane: TypedPane, typed: str, event: events.Key) -> bool:
        """A key while something is typed. A pane that waits for enter uses every key."""
        if event.key == "escape":
            pane.leave()
            self._desk.paint()
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
        """Take what is typed if it can be taken; the last good scenario stays otherwise."""
        written = self._written(pane)
        if written is not None:
            pane.complaint = ""
            self._change(*written)

    def _take(self, pane: TypedPane) -> None:
        """Take what was typed, or say why not and go on typing."""
        written = self._written(pane)
        if written is not None:
            pane.leave()
            self._change(*written)

    def _written(self, pane: TypedPane) -> tuple[Scenario, str] | None:
        try:
            return pane.written(self._store.current, pane.typed or "")
        except RooftopError as error:
            pane.complaint = str(error)
            self._desk.paint()
            return None

    def _end(self, pane: TypedPane, by: int) -> None:
        """Typing ends with what was taken last; the cursor moves on."""
        if pane.complaint:
            self._desk.say(pane.complaint)
        pane.leave()
        if by:
            pane.move(by)
        self._desk.paint()
