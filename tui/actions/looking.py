"""How the table is looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from tui.actions.base import Group
from tui.beside.behind import Behind
from tui.desk import Desk
from tui.widgets.chart_pane import ChartPane

if TYPE_CHECKING:
    from tui.session.table_view import TableView


class Looking(Group):
    """Views, filters, order."""

    def __init__(self, desk: Desk, behind: Behind) -> None:
        super().__init__(desk)
        self._behind = behind

    def do_view(self) -> None:
        """Next view."""
        from tui.session.table_view import VIEWS

        self._look(lambda view: replace(view, view=_after(view.view, VIEWS)))

    def do_chart(self) -> None:
        """The next kind of chart."""
        self._chart(1)

    def do_chart_back(self) -> None:
        """The kind of chart before."""
        self._chart(-1)

    def do_chart_right(self) -> None:
        """The next kind of chart, from inside the pane."""
        self._chart(1)

    def do_chart_left(self) -> None:
        """The kind of chart before, from inside the pane."""
        self._chart(-1)

    def _chart(self, by: int) -> None:
        chart = self._desk.panes.of(ChartPane)
        chart.next_kind(by)
        chart.update()
        self._behind.explain()

    def do_verdicts(self) -> None:
        """All rows, those that fit, those that meet."""
        from tui.session.table_view import FILTERS

        self._look(lambda view: replace(view, filter=_after(view.filter, FILTERS)))

    def do_filter(self) -> None:
        """Ask for words that rows must match; the table follows the typing."""
        session = self._session
        if session is not None:
            self._desk.ask("/", session.view.match, self._match, self._match)

    def _match(self, text: str) -> None:
        session = self._session
        if session is None or text == session.view.match:
            return
        session.look(replace(session.view, match=text))
        # A filter is a wish to look around: the cursor no longer follows the best plan.
        session.move(session.cursor)
        self._desk.paint()

    def do_search(self) -> None:
        """Ask for a part of a key or value of the config; the tree follows the typing."""
        tree = self._tree
        self._desk.ask("/", tree.search, self._look_for, self._look_for)

    def _look_for(self, text: str) -> None:
        self._tree.look_for(text)
        self._desk.paint()

    def do_columns(self) -> None:
        """Choose the table's columns and their order."""
        from tui.overlays.columns import ColumnChooser

        session = self._session
        if session is not None and session.shown is not None:
            self._desk.open(ColumnChooser(self._desk))

    def _look(self, changed: Callable[[TableView], TableView]) -> None:
        session = self._session
        if session is not None:
            session.look(changed(session.view))
        self._desk.paint()

    def do_sort_next(self) -> None:
        """Sort by the next column."""
        self._sort(1)

    def do_sort_back(self) -> None:
        """Sort by the column before."""
        self._sort(-1)

    def _sort(self, by: int) -> None:
        session = self._session
        if session is None or session.table is None:
            return
        shown = session.shown or session.table
        visible = [one.id for one in self._table.columns() if one.id in shown.metrics]
        columns = ["", "batch", *visible]
        here = columns.index(session.view.sort) if session.view.sort in columns else 0
        place = (here + by) % len(columns)
        session.look(replace(session.view, sort=columns[place]))
        self._desk.paint()

    def do_reverse(self) -> None:
        """The other sort order."""
        session = self._session
        if session is not None:
            session.look(replace(session.view, descending=not session.view.descending))
            self._desk.paint()

    def do_best(self) -> None:
        """Follow the best plan again."""
        if self._session is not None:
            self._session.follow()
            self._desk.paint()

    def do_layout(self) -> None:
        """Show the batches of the row's layout."""
        if self._session is not None:
            self._session.use_layout_of_cursor()
            self._desk.paint()

    def do_rerun(self) -> None:
        """Sweep again."""
        self._desk.scenario_changed()


def _after(current: str, choices: tuple[str, ...]) -> str:
    return choices[(choices.index(current) + 1) % len(choices)]
