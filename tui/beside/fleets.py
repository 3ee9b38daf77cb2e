"""Fleets planned beside the keys, with progress; a page that closes stops it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.words.errors import RooftopError
from engine.words.messages import error_text
from tui.beside.errand import Errand
from tui.beside.threads import into_this_thread
from tui.desk import Desk
from tui.nouns.files import RATE, is_of_chips

if TYPE_CHECKING:
    from engine.plan.fleet_taken import Found
    from engine.scenario import Scenario
    from tui.overlays.fleet_lines import Shown
    from tui.overlays.fleet_page import FleetPage

PAUSE_SECONDS = 0.002
"""What the work leaves to the keys between two of its steps."""
PROGRESS_SECONDS = 0.25
"""The least time between two drawings of progress."""


class _Stopped(Exception):
    """Nobody waits for it any more."""


class Fleets:
    """One fleet at a time: the newest wish wins."""

    def __init__(self, desk: Desk) -> None:
        self._errand: Errand[Shown] = Errand(desk.work_failed)

    def fill(self, page: FleetPage, scenario: Scenario, text: str, grows: bool) -> None:
        """Fill a page with the fleet that ``text`` names: the rate, or a file."""
        later, begun = into_this_thread(), page.shown

        def tell(shown: Shown) -> None:
            if page.is_attached:
                page.show(shown)

        def work(should_stop: Callable[[], bool]) -> Shown | None:
            told = time.monotonic()

            def progress(share: float) -> None:
                nonlocal told
                if should_stop():
                    raise _Stopped
                time.sleep(PAUSE_SECONDS)
                if time.monotonic() - told >= PROGRESS_SECONDS:
                    told = time.monotonic()
                    later(lambda: tell(replace(begun, share=share)))

            try:
                return replace(begun, share=1.0, found=_found(scenario, text, grows, progress))
            except _Stopped:
                return None
            except RooftopError as error:
                return replace(begun, refused=error_text(error))

        self._errand.submit(work, tell)

    def stop(self) -> None:
        """Forget what is planned."""
        self._errand.cancel()


def _found(scenario: Scenario, text: str, grows: bool, progress: Callable[[float], None]) -> Found:
    """The fleet of the scenario's rate, of a stock, or of a day; raises `InputError`."""
    from engine.plan.alternatives import hardware_choices
    from engine.plan.fleet.day import planned_day, with_lengths
    from engine.plan.fleet.several import sized_fleets
    from engine.plan.lengths import fitted
    from engine.plan.stock import best_split, read_stock
    from engine.serve.resolve import resolve
    from engine.sources.files import user_path
    from engine.sources.traces.day import read_day

    if text == RATE:
        return sized_fleets({"": scenario}, progress=progress)
    if is_of_chips(text):
        chips = [one.strip() for one in text.split(",") if one.strip()]
        choices = hardware_choices(scenario, chips, ())
        return sized_fleets(dict(choices), progress=progress)
    path = user_path(text)
    if path.suffix == ".toml":
        return best_split(read_stock(path, scenario), progress)
    scenario = fitted(scenario, resolve(scenario).systems[0])
    rates, trace = read_day(path)
    return planned_day(with_lengths(scenario, trace), rates, grows=grows, progress=progress)
