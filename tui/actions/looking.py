"""How the table is looked at."""

from __future__ import annotations

from dataclasses import replace

from tui.actions.base import Group


class Looking(Group):
    """Views, filters, order."""

    def do_view(self) -> None:
        """Next view."""
        from tui.session import VIEWS

        self._look("view", VIEWS)
        chart = self._screen.chart
        if self._session is not None:
            chart.kind = "batch" if self._session.view.view == "layout" else "pareto"
        self._screen.paint()

    def do_filter(self) -> None:
        """Next filter."""
        from tui.session import FILTERS

        self._look("filter", FILTERS)
        self._screen.paint()

    def _look(self, name: str, choices: tuple[str, ...]) -> None:
        session = self._session
        if session is not None:
            current = choices.index(getattr(session.view, name))
            following = choices[(current + 1) % len(choices)]
            session.look(replace(session.view, **{name: following}))

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
        columns = ["", "batch", *session.table.metrics]
        place = (columns.index(session.view.sort) + by) % len(columns)
        session.look(replace(session.view, sort=columns[place]))
        self._screen.paint()

    def do_reverse(self) -> None:
        """The other sort order."""
        session = self._session
        if session is not None:
            session.look(replace(session.view, descending=not session.view.descending))
            self._screen.paint()

    def do_best(self) -> None:
        """Follow the best plan again."""
        if self._session is not None:
            self._session.follow()
            self._screen.paint()

    def do_layout(self) -> None:
        """Show the batches of the row's layout."""
        if self._session is not None:
            self._session.use_layout_of_cursor()
            self._screen.chart.kind = "batch"
            self._screen.paint()

    def do_rerun(self) -> None:
        """Sweep again."""
        self._screen.scenario_changed()
