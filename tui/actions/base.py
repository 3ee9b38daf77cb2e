"""What every group of commands has at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.desk import Desk
from tui.session.store import Store
from tui.widgets.table_pane import TablePane
from tui.widgets.tree_pane import TreePane

if TYPE_CHECKING:
    from engine.scenario import Scenario
    from tui.session.session import Session


class Group:
    """Commands that belong together: a method ``do_<id>`` for each command's id."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    @property
    def _store(self) -> Store:
        return self._desk.store

    @property
    def _session(self) -> Session | None:
        return self._desk.session

    @property
    def _tree(self) -> TreePane:
        return self._desk.panes.of(TreePane)

    @property
    def _table(self) -> TablePane:
        return self._desk.panes.of(TablePane)

    def _fold(self, direction: int) -> bool:
        """Open (1), close (-1) or turn (0) the group of fields under the cursor; False where none
        is. What is open stays so for the next start."""
        opened = self._desk.active.fold_key(direction)
        if opened is None:
            return False
        for pane in self._desk.panes:
            pane.unfold(opened)
        self._desk.program.choose(open_groups=opened)
        # A form of another height: the table takes the rest.
        self._desk.focus_pane(self._desk.active)
        self._desk.paint_arranged()
        return True

    def _change(self, scenario: Scenario, path: str) -> None:
        if self._store.set(scenario, path):
            self._desk.scenario_changed()
        else:
            self._desk.paint()
