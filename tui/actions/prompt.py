"""A question in the last line."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual import events

from engine.words.errors import RooftopError

if TYPE_CHECKING:
    from tui.screen import MainScreen


class Prompt:
    """Asks for a line of text; while a question is open, every key belongs to it."""

    def __init__(self, screen: MainScreen) -> None:
        self._screen = screen
        self._answer: Callable[[str], None] | None = None
        self._changed: Callable[[str], None] | None = None

    @property
    def is_open(self) -> bool:
        """Whether a question waits for its answer."""
        return self._answer is not None

    def ask(
        self,
        label: str,
        text: str,
        answer: Callable[[str], None],
        changed: Callable[[str], None] | None = None,
    ) -> None:
        """Ask for a line of text; ``answer`` gets it. ``changed`` gets every text on the way,
        and an empty one when esc takes the question back."""
        self._screen.footer.prompt = (label, text)
        self._answer, self._changed = answer, changed
        self._screen.footer.update()

    def key(self, event: events.Key) -> None:
        """A key while a question is open."""
        footer = self._screen.footer
        assert footer.prompt is not None and self._answer is not None
        label, text = footer.prompt
        if event.key in {"escape", "ctrl+c"}:
            self._tell("")
            self._close()
        elif event.key == "enter":
            answer = self._answer
            self._close()
            self._carefully(answer, text)
        else:
            typed = _edited(text, event)
            if typed != text:
                footer.prompt = (label, typed)
                self._tell(typed)
        footer.update()

    def _tell(self, text: str) -> None:
        if self._changed is not None:
            self._carefully(self._changed, text)

    def _carefully(self, callback: Callable[[str], None], text: str) -> None:
        try:
            callback(text)
        except RooftopError as error:
            self._screen.say(str(error))

    def _close(self) -> None:
        self._screen.footer.prompt = None
        self._answer = self._changed = None
        self._screen.paint_footer()


def _edited(text: str, event: events.Key) -> str:
    if event.key in {"backspace", "ctrl+h"}:
        return text[:-1]
    if event.key == "ctrl+u":
        return ""
    if event.key == "ctrl+w":
        return text.rstrip().rpartition(" ")[0]
    character = event.character or ""
    return text + character if character and character.isprintable() else text
