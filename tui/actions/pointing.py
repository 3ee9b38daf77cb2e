"""What the mouse does, once the app has it: chooses panes, rows and fields, and scrolls."""

from __future__ import annotations

from tui.actions.base import Group
from tui.actions.moving import Moving
from tui.desk import Desk
from tui.widgets.panes import Pane

WHEEL_ROWS = 3


class Pointing(Group):
    """Clicks and the wheel. Everything has a key; nothing needs this."""

    def __init__(self, desk: Desk, moving: Moving) -> None:
        super().__init__(desk)
        self._moving = moving

    def click(self, pane: Pane, y: int) -> None:
        """Make a pane the active one; a second click chooses what is drawn in line ``y``."""
        if pane is not self._desk.active:
            self._moving.go_to(pane)
            return
        pane.choose(y)
        self._desk.paint()

    def wheel(self, way: int) -> None:
        """Move in the active pane."""
        self._moving.move(way * WHEEL_ROWS)
