"""What every group of commands has at hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tui.store import Store

if TYPE_CHECKING:
    from engine.scenario import Scenario
    from tui.screen import MainScreen
    from tui.session import Session
    from tui.widgets.form_pane import FormPane


class Group:
    """Commands that belong together: a method ``do_<id>`` for each command's id."""

    def __init__(self, screen: MainScreen) -> None:
        self._screen = screen

    @property
    def _store(self) -> Store:
        return self._screen.store

    @property
    def _session(self) -> Session | None:
        return self._screen.session

    def _form(self) -> FormPane | None:
        screen = self._screen
        return {"hardware": screen.hardware, "workload": screen.workload}.get(screen.active)

    def _change(self, scenario: Scenario, path: str) -> None:
        if self._store.set(scenario, path):
            self._screen.scenario_changed()
        else:
            self._screen.paint()

    def _ask(
        self,
        label: str,
        text: str,
        answer: Callable[[str], None],
        changed: Callable[[str], None] | None = None,
    ) -> None:
        """Ask for a line of text in the last line, see `Prompt.ask`."""
        self._screen.actions.prompt.ask(label, text, answer, changed)

    def _overlay(self, title: str, lines: list[object]) -> None:
        from tui.overlays.page import Overlay

        self._screen.app.push_screen(Overlay(title, lines))
