"""The session that was left: written when the app ends in whatever way, offered at the next
start, never applied unasked."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import RooftopError

if TYPE_CHECKING:
    from engine.scenario import Scenario
    from tui.session import TableView

QUIT, CRASH = "quit", "crash"


@dataclass(frozen=True, slots=True)
class LastSession:
    """What can be restored, and how it came to be left."""

    scenario: Scenario
    view: TableView
    pane: str
    plan_path: Path | None
    saved_at: str
    ended: str
    unsaved: bool

    def offer(self) -> str:
        """The one line that offers it."""
        how = {"SIGHUP": "connection lost", "SIGTERM": "was ended", CRASH: "crashed"}
        left = how.get(self.ended, "left unsaved")
        what = f"{self.scenario.model[-30:]} on {self.scenario.chips} × {self.scenario.chip}"
        return f"R restores the session of {self.saved_at}, {left}: {what}"


def save_last_session(session: LastSession) -> bool:
    """Write it where the next start finds it; False when that failed. Nothing here may keep
    anyone from leaving."""
    from dataclasses import asdict

    from engine import __version__
    from engine.plan import SCHEMA_VERSION, scenario_document, write_document
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
        },
        "scenario": scenario_document(session.scenario),
    }
    try:
        write_document(session_file(), document)
    except (RooftopError, OSError):
        return False
    return True


def load_last_session() -> LastSession | None:
    """The session that was left, or None when there is none that can be read."""
    from engine.plan_schema import parse_scenario
    from engine.profile_files import read_toml
    from tui.paths import session_file

    path = session_file()
    if not path.exists():
        return None
    try:
        document = read_toml(path)
        scenario = parse_scenario(path.name, document.get("scenario"))
    except RooftopError:
        return None
    table = document.get("session")
    return _session(scenario, table if isinstance(table, dict) else {})


def _session(scenario: Scenario, table: dict[str, Any]) -> LastSession:
    from engine.text import clean
    from tui.commands import PANES
    from tui.session import checked_view

    def text(name: str, limit: int = 60) -> str:
        return clean(str(table.get(name, "")), limit)

    pane, plan = text("pane"), text("plan", 1000)
    return LastSession(
        scenario,
        checked_view(table.get("view")),
        pane if pane in PANES else "table",
        Path(plan) if plan else None,
        text("saved_at"),
        text("ended"),
        bool(table.get("unsaved")),
    )


def now() -> str:
    """The time as people write it."""
    return time.strftime("%d %b %H:%M")
