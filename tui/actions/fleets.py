"""How many chips: for the rate, a day, or several loads on one stock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.model.kinds import ModelKind
from engine.scenario import Scenario
from engine.words.messages import say
from engine.words.text import clean
from tui.actions.base import Group
from tui.actions.picking import Picking
from tui.beside.fleets import Fleets
from tui.desk import Desk


class Fleeting(Group):
    """Picks what is to be carried and opens its page."""

    def __init__(self, desk: Desk, picking: Picking) -> None:
        super().__init__(desk)
        self._picking = picking
        self._fleets = Fleets(desk)

    def do_fleet(self) -> None:
        """Pick the rate, a day, a trace or a stock."""
        self._picking.pick("fleet", self.take_fleet)

    def take_fleet(self, text: str) -> None:
        """The fleet that the rate or a file asks for."""
        from tui.nouns.files import RATE, is_of_chips
        from tui.overlays.fleet_page import FleetPage

        session, scenario = self._session, self._store.current
        if session is None or session.prepared is None:
            self._desk.say("nothing to plan yet")
            return
        if session.prepared.kind is not ModelKind.TOKENS and not text.endswith(".toml"):
            self._desk.say("only models that generate tokens have a rate")
            return
        if (text == RATE or is_of_chips(text)) and not scenario.workload.rate:
            self._desk.say("needs requests per second: :rate 12")
            return

        def again(page: FleetPage, grows: bool) -> None:
            self._fleets.fill(page, scenario, text, grows)

        subject = (
            say("{rate:g} requests/s", rate=scenario.workload.rate)
            if text == RATE
            else clean(text, 80)
        )
        page = FleetPage(subject, again, self._take, lambda rows: self._save(text, rows))
        self._desk.open(page, lambda _: self._fleets.stop())
        again(page, True)

    def _take(self, scenario: Scenario) -> None:
        self._change(scenario, "a line of the fleet")
        self._desk.say("that layout alone is tried now; u undoes")

    def _save(self, text: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Ask where to write rows, and write them; a file that is there is kept."""
        from engine.sources.csv_text import write_rows
        from engine.sources.files import user_path

        subject = Path(text).stem if Path(text).suffix else "rate"
        name = f"fleet-{subject}.csv"

        def write(path: str) -> None:
            if path.strip():
                write_rows(user_path(path.strip()), rows)
                self._desk.say(say("written {paths}", paths=clean(path.strip())))

        self._desk.ask("Write CSV as:", name, write)
