"""The session that was left: written when the app ends in whatever way, offered at the next
start, never applied unasked."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.words.errors import RooftopError
from engine.words.messages import say
from engine.words.text import clean

if TYPE_CHECKING:
    from engine.scenario import Scenario
    from tui.session.pinned import Pinned
    from tui.session.table_view import TableView

QUIT, CRASH, RUNNING = "quit", "crash", "running"
"""How a session ended; the last is said of one that had no time to say anything."""
MOST_MARKS = 100


@dataclass(frozen=True, slots=True)
class LastSession:
    """What can be restored, and how it came to be left. ``document`` is the scenario as a file
    tells it: checking it takes longer than starting, so that it waits for the wish."""

    document: dict[str, Any]
    view: TableView
    pane: str
    plan_path: Path | None
    saved_at: str
    ended: str
    unsaved: bool
    baseline: Mapping[str, Any] | None = None
    marks: tuple[Mapping[str, Any], ...] = ()
    """Candidates as `kept_candidate` makes them."""

    def offers(self) -> tuple[str, ...]:
        """The line that offers it, the longest wording first."""
        how = {
            "SIGHUP": say("connection lost"),
            "SIGTERM": say("terminated"),
            CRASH: say("crashed"),
        }
        how[RUNNING] = say("cut short")
        left = how.get(self.ended, say("left unsaved"))
        model, chips, chip = (str(self.document.get(key, "")) for key in ("model", "chips", "chip"))
        what = clean(
            say("{model} on {chips} × {chip}", model=model[-30:], chips=chips, chip=chip), 80
        )
        return (
            say(
                "R restores the session of {saved_at}, {left}: {what}",
                saved_at=self.saved_at,
                left=left,
                what=what,
            ),
            say("R restores a session, {left}: {what}", left=left, what=what),
            say("R restores {what}", what=what),
        )

    def scenario(self) -> Scenario:
        """The scenario it had; raises `InputError` for one that is not ours."""
        from engine.plan.saved.schema import parse_scenario

        return parse_scenario("session", self.document)

    def is_worth_offering(self, scenario: Scenario) -> bool:
        """Whether restoring would bring back something that ``scenario`` is not."""
        from engine.plan.saved.plan_file import scenario_document

        return (self.unsaved or self.ended != QUIT) and self.document != scenario_document(scenario)


def kept_candidate(one: Pinned) -> dict[str, Any]:
    """A baseline or a mark as TOML values: what a plan says of it, and where it came from."""
    plan = replace(one, document={}).plan()
    return {"source": one.source, **plan}


def save_last_session(session: LastSession) -> bool:
    """Write it where the next start finds it; False when that failed. Nothing here may keep
    anyone from leaving."""
    from dataclasses import asdict

    from engine import __version__
    from engine.plan.saved.plan_file import SCHEMA_VERSION, write_document
    from tui.paths import session_file

    document: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "rooftop_version": __version__,
        "session": {
            "saved_at": session.saved_at,
            "ended": session.ended,
            "unsaved": session.unsaved,
            "pane": session.pane,
            "plan": str(session.plan_path or ""),
            "view": asdict(session.view),
            "marks": list(session.marks[:MOST_MARKS]),
            **({} if session.baseline is None else {"baseline": session.baseline}),
        },
        "scenario": session.document,
    }
    try:
        write_document(session_file(), document)
    except (RooftopError, OSError):
        return False
    return True


def load_last_session() -> LastSession | None:
    """The session that was left, or None when there is none that can be read."""
    from engine.sources.profile_files import read_toml
    from tui.paths import session_file

    try:
        document = read_toml(session_file())
    except RooftopError:
        return None
    scenario, table = document.get("scenario"), document.get("session")
    if not isinstance(scenario, dict):
        return None
    return _session(scenario, table if isinstance(table, dict) else {})


def _session(scenario: dict[str, Any], table: dict[str, Any]) -> LastSession:
    from tui.session.table_view import checked_view

    def text(name: str, limit: int = 60) -> str:
        return clean(str(table.get(name, "")), limit)

    pane, plan = text("pane"), text("plan", 1000)
    marks = table.get("marks")
    marks = marks if isinstance(marks, list) else []
    return LastSession(
        scenario,
        checked_view(table.get("view")),
        pane,
        Path(plan) if plan else None,
        text("saved_at"),
        text("ended"),
        bool(table.get("unsaved")),
        _table(table.get("baseline")),
        tuple(one for one in map(_table, marks[:MOST_MARKS]) if one is not None),
    )


def _table(value: object) -> Mapping[str, Any] | None:
    return value if isinstance(value, dict) else None


def now() -> str:
    """The time as people write it."""
    return time.strftime("%d %b %H:%M")
