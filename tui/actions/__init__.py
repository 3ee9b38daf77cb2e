"""What every command does: a method ``do_<id>`` in one of the groups."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from engine.errors import RooftopError
from tui.actions.comparing import Comparing
from tui.actions.editing import Editing
from tui.actions.files import Files
from tui.actions.looking import Looking
from tui.actions.moving import Moving
from tui.actions.program import Program
from tui.actions.prompt import Prompt
from tui.actions.typing import Typing

if TYPE_CHECKING:
    from tui.screen import MainScreen


class Actions:
    """The commands of a `MainScreen` by their ids, the typing and the question line."""

    def __init__(self, screen: MainScreen) -> None:
        self._screen = screen
        self.prompt = Prompt(screen)
        self.typing = Typing(screen)
        self.moving = Moving(screen)
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

    def run(self, id: str) -> None:
        """Run a command by its id; a mistake becomes a line at the bottom."""
        try:
            self.commands[id]()
        except RooftopError as error:
            self._screen.say(str(error))
