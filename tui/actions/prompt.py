"""A question in the last line."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual import events

from engine.errors import RooftopError

if TYPE_CHECKING:
    from tui.screen import MainScreen


class Prompt:
    """Asks for a line of text; while a question is open, every key belongs to it."""

    def __init__(self, screen: MainScreen) -> None:
        self._screen = screen
        self._answer: Callable[[str], None] | None = None

    @property
    def is_open(self) -> bool:
        """Whether a question waits for its answer."""
        return self._answer is not None

    def ask(self, label: str, text: str, answer: Callable[[str], None]) -> None:
        """Ask for a line of text; ``answer`` gets it."""
        self._screen.footer.prompt = (label, text)
        self._answer = answer
        self._screen.footer.update()

    def key(self, event: events.Key) -> None:
        """A key while a question is open."""
        footer = self._screen.footer
        assert footer.prompt is not None and self._answer is not None
        label, text = footer.prompt
        character = event.character or ""
        if event.key in {"escape", "ctrl+c"}:
            self._close()
        elif event.key == "enter":
            answer = self._answer
            self._close()
            try:
                answer(text)
            except RooftopError as error:
                self._screen.say(str(error))
        elif event.key in {"backspace", "ctrl+h"}:
            footer.prompt = (label, text[:-1])
        elif event.key == "ctrl+u":
            footer.prompt = (label, "")
        elif character.isprintable() and character:
            footer.prompt = (label, text + character)
        footer.update()

    def _close(self) -> None:
        self._screen.footer.prompt = None
        self._answer = None
        self._screen.paint_footer()
