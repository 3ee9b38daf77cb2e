"""The Textual app: signals, the terminal's own colours, saving the session at the end."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

from textual.app import App

from engine.scenario import Scenario
from tui.screen import MainScreen
from tui.store import Store


class RooftopApp(App[int], inherit_bindings=False):
    """One screen; every key goes to it."""

    TITLE = "rooftop"
    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, scenario: Scenario, plan_path: Path | None = None) -> None:
        super().__init__(ansi_color=True)
        self.theme = "ansi-dark"
        self.animation_level = "none"
        self.main = MainScreen(Store(scenario), plan_path)

    def get_default_screen(self) -> MainScreen:
        """The only screen."""
        return self.main

    def on_mount(self) -> None:
        """End cleanly when the connection drops or someone asks."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._ended_by, number)
        self.app_resume_signal.subscribe(self, lambda _: self.screen.refresh(layout=True))

    def _ended_by(self, number: signal.Signals) -> None:
        self.exit(128 + number)

    def on_unmount(self) -> None:
        """Keep the session for the next start."""
        save_session(self.main.store.current)


def save_session(scenario: Scenario) -> None:
    """Write the scenario where the next start finds it; never in the way of leaving."""
    from engine import __version__
    from engine.errors import RooftopError
    from engine.plan import SCHEMA_VERSION, scenario_document, write_document
    from tui.paths import session_file

    document = {
        "schema_version": SCHEMA_VERSION,
        "rooftop_version": __version__,
        "scenario": scenario_document(scenario),
    }
    try:
        write_document(session_file(), document)
    except (RooftopError, OSError):
        # A full disk must not keep anyone from quitting.
        return


def run_app(scenario: Scenario, plan_path: Path | None, *, mouse: bool = False) -> int:
    """Run the app until it ends; its exit code."""
    app = RooftopApp(scenario, plan_path)
    code = app.run(mouse=mouse)
    return int(code if code is not None else app.return_code or 0)
