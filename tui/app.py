"""The Textual app: signals, the terminal's own colours, saving the session at the end."""

from __future__ import annotations

import asyncio
import signal
import sys
from dataclasses import replace
from pathlib import Path

from textual import events

from engine.cli.streams import tell
from engine.scenario import Scenario
from engine.words.messages import use_language
from tui.beside.tidying import Tidying
from tui.drawing.look import Look
from tui.screen import MainScreen
from tui.session.choices import save_choices
from tui.session.store import Store
from tui.settings.settings import Settings
from tui.terminal.app import TerminalApp
from tui.terminal.hangup import watch_terminal
from tui.widgets.line_pane import LinePane

CRASHED = 70
"""Exit code when the app itself is at fault."""


class RooftopApp(TerminalApp, inherit_bindings=False):
    """One screen; every key goes to it."""

    TITLE = "rooftop"
    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = False

    def __init__(
        self,
        scenario: Scenario,
        plan_path: Path | None = None,
        settings: Settings | None = None,
    ) -> None:
        super().__init__()
        self.animation_level = "none"
        settings = settings or Settings()
        use_language(settings.language)
        self.look = Look(settings.theme, ascii_only=settings.ascii_only)
        self.theme = "ansi-dark"
        self.keymap = settings.keymap
        self.choices = settings.choices
        self.mouse = settings.mouse
        self.crash = ""
        self._tidying = Tidying()
        self.main = MainScreen(
            Store(scenario), settings.choices, plan_path, language=settings.language
        )

    def get_default_screen(self) -> MainScreen:
        """The only screen."""
        return self.main

    def on_mount(self) -> None:
        """End cleanly when the connection drops or someone asks."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._ended_by, number)
        self.app_resume_signal.subscribe(self, lambda _: self.draw_anew())

    async def on_event(self, event: events.Event) -> None:
        """Whatever is pressed puts off what can wait."""
        if isinstance(event, events.Key | events.Paste):
            self._tidying.soon()
        await super().on_event(event)

    def _ended_by(self, number: signal.Signals) -> None:
        self.main.keep_session(number.name)
        self.exit(128 + number)

    def on_unmount(self) -> None:
        """Keep the session for the next start."""
        self.main.keep_session()

    def look_as(self, look: Look) -> None:
        """Draw everything with another theme or other glyphs, now and at the next start."""
        self.look = look
        for screen in self.screen_stack:
            for pane in screen.query(LinePane):
                pane.redraw()
        glyphs = "ascii" if look.ascii_only else "unicode"
        self.choose(theme=look.theme, glyphs=glyphs)

    def choose(self, **chosen: object) -> None:
        """Remember a choice for the next start."""
        self.choices = replace(self.choices, **chosen)  # type: ignore[arg-type]
        save_choices(self.choices)

    def use_mouse(self, wanted: bool) -> None:
        """Ask the terminal for the mouse, or give it back for the terminal's own selection."""
        if self.take_mouse(wanted):
            self.mouse = wanted

    def broke(self, error: Exception) -> None:
        """Keep the session, leave in order, say it in one line."""
        if not self.crash:
            from tui.crash import note_crash
            from tui.session.last_session import CRASH

            self.crash = note_crash(error)
            self.main.keep_session(CRASH)
            self.exit(CRASHED)


def run_app(scenario: Scenario, plan_path: Path | None, settings: Settings) -> int:
    """Run the app until it ends; its exit code."""
    # The sweep's thread gives the keys their turn sooner.
    sys.setswitchinterval(0.001)
    app = RooftopApp(scenario, plan_path, settings)
    watch_terminal(lambda: app.main.keep_session(signal.SIGHUP.name))
    code = app.run(mouse=settings.mouse)
    if app.crash:
        tell(f"rooftop: {app.crash}")
    return int(code if code is not None else app.return_code or 0)
