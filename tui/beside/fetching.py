"""A model's config on its way from the hub, while the app goes on answering keys."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from engine.words.errors import RooftopError
from engine.words.messages import say
from tui.beside.threads import into_this_thread
from tui.desk import Desk
from tui.drawing.lines import fit

if TYPE_CHECKING:
    from engine.sources.hub.reference import HubReference

NAME_WIDTH = 36
"""Of a hub id in the last line, so that the key that cancels is never cut at 80 columns."""


class Fetching:
    """Fetches one model at a time in a daemon thread; the newest wish wins, escape ends it.

    The thread cannot be stopped, but what it brings after its wish is gone is dropped, and it
    never holds up leaving.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._number = 0
        self._under_way: HubReference | None = None
        self._step = ""
        self._arrived: Callable[[], None] = desk.paint

    @property
    def text(self) -> str:
        """What the last line says meanwhile; empty when nothing is under way."""
        if self._under_way is None:
            return ""
        return say(
            "fetching {under_way} {step} … esc cancels",
            under_way=fit(str(self._under_way), NAME_WIDTH).rstrip(),
            step=self._step,
        )

    def when_here(self, model: str, revision: str, arrived: Callable[[], None]) -> None:
        """Call ``arrived`` when the model can be read without the network: at once for profiles,
        files and what was fetched before, later for the rest. The screen is told of failures."""
        from engine.model.config import hub_reference

        try:
            reference = hub_reference(model, revision)
        except RooftopError as error:
            self._desk.model_is_missing(str(error))
            return
        if reference is None or _is_here(reference):
            arrived()
            return
        self._arrived = arrived
        if reference != self._under_way:
            self._start(reference)
        self._desk.paint()

    def cancel(self) -> bool:
        """Forget what is under way; False when nothing is."""
        if self._under_way is None:
            return False
        self._end(say("{under_way} was not fetched: cancelled", under_way=self._under_way))
        return True

    def _start(self, reference: HubReference) -> None:
        self._number += 1
        self._under_way = reference
        self._step = ""
        number, later = self._number, into_this_thread()

        def work() -> None:
            from engine.model.config.bundled import fetch

            problem = ""
            try:
                fetch(reference, lambda file: later(lambda: self._show(number, file)))
            except RooftopError as error:
                problem = str(error)
            except Exception as error:
                problem = say(
                    "{reference}: internal error: {name}",
                    reference=reference,
                    name=type(error).__name__,
                )
            later(lambda: self._done(number, problem))

        threading.Thread(target=work, daemon=True, name="fetching").start()

    def _show(self, number: int, file: str) -> None:
        if number == self._number:
            self._step = f" {file}"
            self._desk.paint_footer()

    def _done(self, number: int, problem: str) -> None:
        if number == self._number and self._under_way is not None:
            self._end(problem)

    def _end(self, problem: str) -> None:
        self._number += 1
        self._under_way = None
        self._desk.paint()
        if problem:
            self._desk.model_is_missing(problem)
            return
        try:
            self._arrived()
        except RooftopError as error:
            self._desk.model_is_missing(str(error))


def _is_here(reference: HubReference) -> bool:
    from engine.sources.hub import remembered

    return remembered(reference) is not None
