"""What is to leave the app waits for the sweep of the scenario on screen, so that it never mixes
two scenarios."""

from __future__ import annotations

from collections.abc import Callable

from engine.words.errors import RooftopError
from engine.words.messages import say
from tui.desk import Desk


class Waiting:
    """One wish at a time; it is given up when the scenario changes."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._wish: tuple[str, Callable[[], None]] | None = None

    def once_swept(self, what: str, action: Callable[[], None]) -> None:
        """Do what needs the sweep of the scenario on screen: now, or once it is in. ``what``
        names it for people."""
        session = self._desk.session
        if session is None or session.error:
            self._desk.say(say("{what}: not done, there is no answer yet", what=say(what)))
            return
        self._wish = (what, action)
        if session.sweep_is_current:
            self.swept()
        else:
            self._desk.say(say("{what}: waits for the sweep", what=say(what)))

    def swept(self) -> None:
        """The sweep of the scenario on screen is in."""
        wish, self._wish = self._wish, None
        if wish is None:
            return
        try:
            wish[1]()
        except RooftopError as error:
            self._desk.say(str(error))

    def give_up(self, why: str) -> None:
        """It will never be in; say so of what waits for it."""
        wish, self._wish = self._wish, None
        if wish is not None:
            self._desk.say(say("{wish}: not done, {why}", wish=say(wish[0]), why=say(why)))
