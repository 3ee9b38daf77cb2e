"""Where the cursor and the keys go."""

from __future__ import annotations

from tui.actions.base import Group
from tui.beside.behind import Behind
from tui.beside.thinking import Thinking
from tui.desk import Desk
from tui.widgets.panes import Moves, Pane


class Moving(Group):
    """Rows, pages, panes, zoom."""

    def __init__(self, desk: Desk, behind: Behind, thinking: Thinking) -> None:
        super().__init__(desk)
        self._behind = behind
        self._thinking = thinking

    def jump(self, pane: Pane) -> None:
        """To a pane; again zooms it."""
        if pane is self._desk.active:
            self.do_zoom()
        else:
            self.go_to(pane)

    def go_to(self, pane: Pane) -> None:
        """To a pane; none is zoomed any more."""
        self._desk.zoomed = False
        self._desk.focus_pane(pane)
        self._desk.paint_arranged()

    def back(self) -> None:
        """What esc does where nothing is typed: one step back to the plain table, and never
        out of the app."""
        desk = self._desk
        if desk.zoomed:
            self.do_zoom()
        elif desk.active.back():
            desk.paint()
        elif desk.active is not desk.panes.home:
            self.jump(desk.panes.home)
        else:
            desk.paint_footer()

    def move(self, by: int) -> None:
        """Move the active pane's cursor, or what it shows, by lines."""
        pane = self._desk.active
        pane.move(by)
        if pane.moves is Moves.ROW:
            self._table.update()
            if pane is not self._table:
                # Where the point is moved by hand it moves at once.
                pane.update()
            self._behind.explain()
            self._thinking.advise()
        else:
            pane.update()
            self._thinking.taste()
        self._desk.paint_footer()

    def do_up(self) -> None:
        """One row up."""
        self.move(-1)

    def do_down(self) -> None:
        """One row down."""
        self.move(1)

    def do_page_up(self) -> None:
        """A page up."""
        self.move(-self._desk.active.page)

    def do_page_down(self) -> None:
        """A page down."""
        self.move(self._desk.active.page)

    def do_top(self) -> None:
        """To the first row."""
        self.move(-1_000_000)

    def do_bottom(self) -> None:
        """To the last row."""
        self.move(1_000_000)

    def do_next_pane(self) -> None:
        """To the next pane."""
        self.go_to(self._desk.panes.beside(self._desk.active, 1))

    def do_previous_pane(self) -> None:
        """To the pane before."""
        self.go_to(self._desk.panes.beside(self._desk.active, -1))

    def do_zoom(self) -> None:
        """The active pane alone, and back."""
        self._desk.zoomed = not self._desk.zoomed
        self._desk.focus_pane(self._desk.active)
        self._desk.paint_arranged()
