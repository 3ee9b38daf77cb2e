"""What every command does: a method ``do_<id>`` in one of the groups."""

from __future__ import annotations

from collections.abc import Callable

from textual import events

from engine.words.errors import RooftopError
from engine.words.messages import say
from tui.actions.choosing import Choosing
from tui.actions.comparing import Comparing
from tui.actions.editing import Editing
from tui.actions.files import Files
from tui.actions.fleets import Fleeting
from tui.actions.looking import Looking
from tui.actions.moving import Moving
from tui.actions.picking import Picking
from tui.actions.pointing import Pointing
from tui.actions.program import Program
from tui.actions.prompt import Prompt
from tui.actions.typing import Typing
from tui.beside.behind import Behind
from tui.beside.fetching import Fetching
from tui.beside.thinking import Thinking
from tui.beside.waiting import Waiting
from tui.desk import Desk
from tui.facts import facts_of
from tui.keymap import ASKING
from tui.widgets.panes import FooterPane, Pane


class Actions:
    """The commands of a `Desk` by their ids, the typing and the question line."""

    def __init__(
        self,
        desk: Desk,
        footer: FooterPane,
        behind: Behind,
        thinking: Thinking,
        fetching: Fetching,
        waiting: Waiting,
    ) -> None:
        self._desk = desk
        self._fetching = fetching
        self.prompt = Prompt(desk, footer)
        self.typing = Typing(desk)
        self.moving = Moving(desk, behind, thinking)
        self.pointing = Pointing(desk, self.moving)
        choosing = Choosing(desk)
        files = Files(desk, fetching, waiting)
        self.picking = Picking(desk, files, choosing)
        groups = (
            self.moving,
            Editing(desk),
            Looking(desk, behind),
            Comparing(desk, thinking, fetching),
            files,
            choosing,
            self.picking,
            Fleeting(desk, self.picking),
            Program(desk),
        )
        self.commands: dict[str, Callable[[], None]] = {
            name.removeprefix("do_"): getattr(group, name)
            for group in groups
            for name in dir(group)
            if name.startswith("do_")
        }
        self.takers: dict[str, Callable[[str], None]] = {
            name.removeprefix("take_"): getattr(group, name)
            for group in groups
            for name in dir(group)
            if name.startswith("take_")
        }

    def key(self, event: events.Key) -> None:
        """What a key does: it asks for help, answers the open question, is typed, or is a
        command."""
        if self._asks_for_help(event):
            self.run("help")
        elif self.prompt.is_open:
            self.prompt.key(event)
        elif not self.typing.typing_key(event):
            self._command_key(event)

    def _asks_for_help(self, event: events.Key) -> bool:
        """Whether help is asked for, also where something is typed: no value has that key."""
        keymap, pane = self._desk.program.keymap, self._desk.active.short_name
        command = keymap.command(pane, event.key, event.character)
        return event.key in ASKING and command is not None and command.id == "help"

    def paste(self, text: str) -> None:
        """What a paste does: it goes where a key would be typed, never into commands."""
        try:
            if self.prompt.is_open:
                self.prompt.paste(text)
            elif not self.typing.paste(text):
                self._desk.say("pasted text goes into a field, a config key or a question")
        except RooftopError as error:
            self._desk.warn(str(error))

    def click(self, pane: Pane, y: int) -> None:
        """What a click on line ``y`` of a pane does."""
        if not self.prompt.is_open:
            self.pointing.click(pane, y)

    def _command_key(self, event: events.Key) -> None:
        desk = self._desk
        pane = desk.panes.numbered(event.character)
        if pane is not None:
            self.moving.jump(pane)
            return
        if event.key == "escape":
            if not self._fetching.cancel():
                self.moving.back()
            return
        if self.picking.narrow(event.character or ""):
            return
        keymap = desk.program.keymap
        command = keymap.command(desk.active.short_name, event.key, event.character)
        if command is None:
            desk.paint_footer()
        else:
            self.run(command.id)

    def footer_keys(self) -> tuple[tuple[str, str], ...]:
        """What the footer says: the keys that can do something now."""
        if self.typing.is_typing:
            return (("enter", say("take")), ("esc", say("restore")), ("ctrl+u", say("clear")))
        keymap = self._desk.program.keymap
        return keymap.footer(self._desk.active.short_name, facts_of(self._desk))

    def run(self, id: str, text: str = "") -> None:
        """Run a command by its id, with a ``text`` where it takes one; a mistake becomes a line at
        the bottom."""
        try:
            if text:
                self.takers[id](text)
            else:
                self.commands[id]()
        except RooftopError as error:
            self._desk.say(str(error))
