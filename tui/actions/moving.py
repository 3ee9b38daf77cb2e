"""Where the cursor and the keys go."""

from __future__ import annotations

from dataclasses import replace

from tui.actions.base import Group
from tui.commands import PANES


class Moving(Group):
    """Rows, pages, panes, zoom."""

    def jump(self, name: str) -> None:
        """To a pane by number; again zooms it."""
        if name == self._screen.active:
            self.do_zoom()
            return
        self._screen.zoomed = False
        self._screen.focus_pane(name)
        self._screen.call_after_refresh(self._screen.paint)

    def back(self) -> None:
        """What esc does where nothing is typed: one step back to the plain table, and never
        out of the app."""
        screen, session = self._screen, self._session
        if screen.zoomed:
            self.do_zoom()
        elif screen.active == "model" and screen.model_tree.search:
            screen.model_tree.look_for("")
            screen.paint()
        elif screen.active == "table" and session is not None and session.view.match:
            session.look(replace(session.view, match=""))
            screen.paint()
        elif screen.active != "table":
            self.jump("table")
        else:
            screen.paint_footer()

    def move(self, by: int) -> None:
        """Move the active pane's cursor, or what it shows, by lines."""
        screen = self._screen
        form = self._form()
        if form is not None:
            # One step goes round; more stop at the ends.
            last = len(form.fields) - 1
            form.move(by if abs(by) == 1 else max(-form.cursor, min(by, last - form.cursor)))
            form.update()
            screen.paint_footer()
        elif screen.active == "model":
            screen.model_tree.move(by)
            screen.model_tree.update()
            screen.paint_footer()
            screen.thinking.taste()
        elif screen.active == "why":
            screen.why.top = max(0, screen.why.top + by)
            screen.why.update()
        elif self._session is not None:
            self._session.move(self._session.cursor + by)
            screen.table.update()
            screen.paint_footer()
            screen.behind.explain()
            screen.thinking.advise()

    @property
    def _page(self) -> int:
        """Rows of the active pane that are visible at a time."""
        screen = self._screen
        if screen.active == "table":
            return screen.table.page
        return max(screen.panes[screen.active].size.height - 2, 1)

    def do_up(self) -> None:
        """One row up."""
        self.move(-1)

    def do_down(self) -> None:
        """One row down."""
        self.move(1)

    def do_page_up(self) -> None:
        """A page up."""
        self.move(-self._page)

    def do_page_down(self) -> None:
        """A page down."""
        self.move(self._page)

    def do_top(self) -> None:
        """To the first row."""
        self.move(-1_000_000)

    def do_bottom(self) -> None:
        """To the last row."""
        self.move(1_000_000)

    def do_next_pane(self) -> None:
        """To the next pane."""
        self._rotate(1)

    def do_previous_pane(self) -> None:
        """To the pane before."""
        self._rotate(-1)

    def _rotate(self, by: int) -> None:
        place = (PANES.index(self._screen.active) + by) % len(PANES)
        self._screen.zoomed = False
        self._screen.focus_pane(PANES[place])
        self._screen.call_after_refresh(self._screen.paint)

    def do_zoom(self) -> None:
        """The active pane alone, and back."""
        self._screen.zoomed = not self._screen.zoomed
        self._screen.focus_pane(self._screen.active)
        self._screen.call_after_refresh(self._screen.paint)
