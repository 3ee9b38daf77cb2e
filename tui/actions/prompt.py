"""A question in the last line."""

from __future__ import annotations

from collections.abc import Callable

from textual import events

from engine.words.errors import RooftopError
from engine.words.messages import say
from tui.desk import Desk
from tui.drawing.lines import cells
from tui.terminal.line_editor import edited, pasted
from tui.widgets.panes import FooterPane

ROOM_TO_TYPE = 4
"""Cells behind the text of a question: a space, the cursor, and two to go on."""


class Prompt:
    """Asks for a line of text; while a question is open, every key belongs to it."""

    def __init__(self, desk: Desk, footer: FooterPane) -> None:
        self._desk = desk
        self._footer = footer
        self._answer: Callable[[str], None] | None = None
        self._changed: Callable[[str], None] | None = None

    @property
    def is_open(self) -> bool:
        """Whether a question waits for its answer."""
        return self._answer is not None

    def ask(
        self,
        label: str | tuple[str, ...],
        text: str,
        answer: Callable[[str], None],
        changed: Callable[[str], None] | None = None,
    ) -> None:
        """Ask for a line of text; ``answer`` gets it. Of several labels the first is shown that
        leaves room for the text, else the last. ``changed`` gets every text on the way,
        and an empty one when esc takes the question back."""
        labels = [say(one) for one in ((label,) if isinstance(label, str) else label)]
        room = self._footer.size.width - cells(text) - ROOM_TO_TYPE
        label = next((one for one in labels if cells(one) <= room), labels[-1])
        self._footer.prompt = (label, text)
        self._answer, self._changed = answer, changed
        self._footer.update()

    def key(self, event: events.Key) -> None:
        """A key while a question is open."""
        assert self._footer.prompt is not None and self._answer is not None
        text = self._footer.prompt[1]
        if event.key in {"escape", "ctrl+c"}:
            self._tell("")
            self._close()
        elif event.key == "enter":
            answer = self._answer
            self._close()
            self._carefully(answer, text)
        else:
            self._show(edited(text, event))

    def paste(self, addition: str) -> None:
        """Put a text into the answer in one step; raises `InputError` when it is too long."""
        assert self._footer.prompt is not None
        self._show(pasted(self._footer.prompt[1], addition))

    def _show(self, typed: str | None) -> None:
        assert self._footer.prompt is not None
        label, text = self._footer.prompt
        if typed is not None and typed != text:
            self._footer.prompt = (label, typed)
            self._tell(typed)
        self._footer.update()

    def _tell(self, text: str) -> None:
        if self._changed is not None:
            self._carefully(self._changed, text)

    def _carefully(self, callback: Callable[[str], None], text: str) -> None:
        try:
            callback(text)
        except RooftopError as error:
            self._desk.say(str(error))

    def _close(self) -> None:
        self._footer.prompt = None
        self._answer = self._changed = None
        self._desk.paint_footer()
