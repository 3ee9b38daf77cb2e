"""The panes of the screen. Adding one is writing its class and naming it here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from tui.widgets.chart_pane import ChartPane
from tui.widgets.form_pane import HardwarePane, WorkloadPane
from tui.widgets.panes import Pane, Place
from tui.widgets.table_pane import TablePane
from tui.widgets.tree_pane import TreePane
from tui.widgets.why_pane import WhyPane

KINDS: tuple[type[Pane], ...] = (
    TreePane,
    HardwarePane,
    WorkloadPane,
    TablePane,
    ChartPane,
    WhyPane,
)
"""In the order of their numbers."""
HOME: type[Pane] = TablePane
"""Where the keys go at first, and where esc leads back to."""

Kind = TypeVar("Kind", bound=Pane)


class Panes:
    """One pane of each kind."""

    def __init__(self) -> None:
        self._all = {kind: kind() for kind in KINDS}

    def __iter__(self) -> Iterator[Pane]:
        return iter(self._all.values())

    def of(self, kind: type[Kind]) -> Kind:
        """The pane of a kind."""
        pane = self._all[kind]
        assert isinstance(pane, kind)
        return pane

    @property
    def home(self) -> Pane:
        """The pane that esc leads back to."""
        return self._all[HOME]

    def named(self, short_name: str) -> Pane:
        """The pane of that name, home where there is none."""
        return next((pane for pane in self if pane.short_name == short_name), self.home)

    def numbered(self, digit: str | None) -> Pane | None:
        """The pane that a digit leads to."""
        return next((pane for pane in self if str(pane.number) == digit), None)

    def beside(self, pane: Pane, by: int) -> Pane:
        """The pane ``by`` further on, round the end."""
        every = tuple(self)
        return every[(every.index(pane) + by) % len(every)]

    def standing(self, place: Place) -> tuple[Pane, ...]:
        """The panes in a box, from the top or from the left."""
        return tuple(pane for pane in self if pane.place is place)
