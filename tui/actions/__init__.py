"""What every command does: a method ``do_<id>`` in one of the groups."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual import events

from engine.words.errors import RooftopError
from tui.actions.comparing import Comparing
from tui.actions.editing import Editing
from tui.actions.files import Files
from tui.actions.looking import Looking
from tui.actions.moving import Moving
from tui.actions.pointing import Pointing
from tui.actions.program import Program
from tui.actions.prompt import Prompt
from tui.actions.typing import Typing
from tui.commands import PANES
from tui.facts import facts_of

if TYPE_CHECKING:
    from tui.screen import MainScreen


class Actions:
    """The commands of a `MainScreen` by their ids, the typing and the question line."""

    def __init__(self, screen: MainScreen) -> None:
        self._screen = screen
        self.prompt = Prompt(screen)
        self.typing = Typing(screen)
        self.moving = Moving(screen)
        self.pointing = Pointing(screen)
        groups = (
            self.moving,
            Editing(screen),
            Looking(screen),
            Comparing(screen),
            Files(screen),
            Program(screen),
        )
        self.commands: dict[str, Callable[[], None]] = {
            name.removeprefix("do_"): getattr(group, name)
            for group in groups
            for name in dir(group)
            if name.startswith("do_")
        }

    def key(self, event: events.Key) -> None:
        """What a key does: it answers the open question, is typed, or is a command."""
        if self.prompt.is_open:
            self.prompt.key(event)
        elif not self.typing.typing_key(event):
            self._command_key(event)

    def _command_key(self, event: events.Key) -> None:
        screen = self._screen
        if event.character and event.character in "123456":
            self.moving.jump(PANES[int(event.character) - 1])
            return
        if event.key == "escape":
            if not screen.fetching.cancel():
                self.moving.back()
            return
        command = screen.rooftop.keymap.command(screen.active, event.key, event.character)
        if command is None:
            screen.paint_footer()
        else:
            self.run(command.id)

    def footer_keys(self) -> tuple[tuple[str, str], ...]:
        """What the footer says: the keys that can do something now."""
        if self.typing.is_typing:
            return (("enter", "take"), ("esc", "leave"), ("ctrl+u", "clear"))
        return self._screen.rooftop.keymap.footer(self._screen.active, facts_of(self._screen))

    def run(self, id: str) -> None:
        """Run a command by its id; a mistake becomes a line at the bottom."""
        try:
            self.commands[id]()
        except RooftopError as error:
            self._screen.say(str(error))
