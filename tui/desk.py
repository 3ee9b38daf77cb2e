"""What commands, slower work and pages need of the main screen, and no more than that."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from tui.drawing.look import Look
from tui.keymap import Keymap
from tui.panes import Panes
from tui.session.store import Store
from tui.widgets.panes import Pane

if TYPE_CHECKING:
    from engine.plan.results import Sweep
    from engine.plan.why.explanation import Explanation
    from engine.scenario import Scenario
    from tui.page import Page
    from tui.session.last_session import LastSession
    from tui.session.session import Session

Result = TypeVar("Result")


class Program(Protocol):
    """The app around the screen: how it looks, which keys it takes."""

    look: Look
    keymap: Keymap
    mouse: bool

    def look_as(self, look: Look) -> None:
        """Draw everything with another look."""

    def choose(self, **chosen: object) -> None:
        """Remember a choice for the next start."""

    def draw_anew(self) -> None:
        """Send the whole screen again."""

    def use_mouse(self, wanted: bool) -> None:
        """Take the mouse from the terminal, or give it back."""


class Desk(Protocol):
    """Where the work lies: the scenario, what is known of it, and the panes that show it."""

    store: Store
    session: Session | None
    plan_path: Path | None
    offer: LastSession | None
    panes: Panes
    active: Pane
    zoomed: bool

    @property
    def program(self) -> Program:
        """The app."""

    # --- saying and drawing -----------------------------------------------------------------

    def say(self, message: str) -> None:
        """Show a message until the next key."""

    def warn(self, message: str) -> None:
        """Show a message on top until the next key, also where the last line asks for something."""

    def mention(self, message: str) -> None:
        """Show as much of a message as the last line holds."""

    def paint(self) -> None:
        """Draw everything that changed."""

    def paint_footer(self) -> None:
        """Draw the last line."""

    def paint_arranged(self) -> None:
        """Draw everything once the panes have their places."""

    def focus_pane(self, pane: Pane) -> None:
        """Make a pane the one that keys go to."""

    # --- asking -----------------------------------------------------------------------------

    def ask(
        self,
        label: str | tuple[str, ...],
        text: str,
        answer: Callable[[str], None],
        changed: Callable[[str], None] | None = None,
    ) -> None:
        """Ask for a line of text in the last line; of several labels the first that has room."""

    def open(self, page: Page[Result], then: Callable[[Result | None], None] | None = None) -> None:
        """Put a page on top; ``then`` gets its result when it is closed."""

    def run(self, id: str, text: str = "") -> None:
        """Run a command by its id, with a text where it takes one."""

    # --- the way of a change ----------------------------------------------------------------

    def scenario_changed(self) -> None:
        """The store has another scenario."""

    def language_changed(self) -> None:
        """Another language is spoken: what was said is said again."""

    def model_is_missing(self, why: str) -> None:
        """The scenario's model could not be read."""

    def sweep_done(self, scenario: Scenario, result: Sweep) -> None:
        """A sweep came back."""

    def explained(self, found: Explanation) -> None:
        """An explanation came back."""

    def sweep_failed(self, error: Exception) -> None:
        """The sweep came to nothing."""

    def work_failed(self, error: Exception) -> None:
        """Slower work came to nothing."""

    # --- the terminal -----------------------------------------------------------------------

    def copy_text(self, text: str) -> None:
        """Hand a text to the terminal's clipboard."""

    def redraw(self) -> None:
        """Draw the whole screen again."""

    def suspend(self) -> None:
        """Back to the shell."""

    def leave(self) -> None:
        """End the app; the session is kept."""
