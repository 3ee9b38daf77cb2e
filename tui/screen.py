"""The main screen: panes side by side, one handler for every key, one frame for every answer."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult
from textual.containers import Container
from textual.screen import Screen

from engine.errors import RooftopError
from tui.actions import Actions
from tui.commands import PANES, command_for, footer_of
from tui.fetching import Fetching
from tui.fields import HARDWARE, WORKLOAD
from tui.lines import cells
from tui.store import Store
from tui.widgets.chart_pane import ChartPane
from tui.widgets.form_pane import FormPane
from tui.widgets.panes import AnswerPane, FooterPane, Pane
from tui.widgets.table_pane import TablePane
from tui.widgets.tree_pane import TreePane
from tui.widgets.why_pane import WhyPane

if TYPE_CHECKING:
    from engine.results import Explanation, Sweep
    from engine.scenario import Scenario
    from tui.session import Session
    from tui.sweeper import LatestWins

WIDE = (100, 30)
"""From this size on all panes are open; below, only the one in use is."""
SMALLEST = (60, 16)
WHY_SECONDS = 0.25
"""How long the cursor rests before the why pane follows it."""


class MainScreen(Screen[None]):
    """Holds the panes, the store and the session; `Actions` holds what commands do."""

    def __init__(self, store: Store, plan_path: Path | None = None) -> None:
        super().__init__()
        self.store = store
        self.plan_path = plan_path
        self.session: Session | None = None
        self.sweeper: LatestWins[Sweep] | None = None
        self.explainer: LatestWins[Explanation] | None = None
        self.answer = AnswerPane(id="answer")
        self.model_tree = TreePane(id="model")
        self.hardware = FormPane(id="hardware", title="hardware", form=HARDWARE)
        self.workload = FormPane(id="workload", title="workload and SLO", form=WORKLOAD)
        self.table = TablePane(id="table")
        self.chart = ChartPane(id="chart")
        self.why = WhyPane(id="why")
        self.footer = FooterPane(id="footer")
        self.panes: dict[str, Pane] = {
            "model": self.model_tree,
            "hardware": self.hardware,
            "workload": self.workload,
            "table": self.table,
            "chart": self.chart,
            "why": self.why,
        }
        self.active = "table"
        self.zoomed = False
        self.actions = Actions(self)
        self.fetching = Fetching(self)

    def compose(self) -> ComposeResult:
        """Answer on top, forms left, table, chart and why right, keys below."""
        yield self.answer
        with Container(id="panes"):
            with Container(id="left"):
                yield self.model_tree
                yield self.hardware
                yield self.workload
            with Container(id="right"):
                yield self.table
                with Container(id="below"):
                    yield self.chart
                    yield self.why
        yield self.footer

    # --- starting ---------------------------------------------------------------------------

    def on_mount(self) -> None:
        """Paint the empty frame first; the engine is loaded behind it."""
        self.focus_pane(self.active)
        self.call_after_refresh(self.set_timer, 0.005, self.load)

    def load(self) -> None:
        """Bring in the engine and work out the first scenario."""
        from tui.session import Session
        from tui.sweeper import LatestWins

        self.session = Session(self.store)
        self.sweeper = LatestWins()
        self.explainer = LatestWins(settle_seconds=WHY_SECONDS)
        for pane in self.panes.values():
            pane.session = self.session
        self.scenario_changed()

    # --- the way of a change ---------------------------------------------------------------

    def scenario_changed(self) -> None:
        """The store has a new scenario: work it out, draw, and sweep behind, once its model is
        here."""
        if self.session is None:
            return
        current = self.store.current
        self.fetching.when_here(current.model, current.revision, self.work_out)

    def model_is_missing(self, why: str) -> None:
        """A model could not be fetched; what is on the screen stays, if there is anything."""
        if self.session is not None and self.session.prepared is None:
            self.session.error = f"{why} (m: another model, F5: again)"
            self.paint()
        else:
            self.say(why)

    def work_out(self) -> None:
        """Work out the scenario, draw, and sweep behind."""
        assert self.session is not None
        self.session.recompute()
        self.paint()
        if not self.session.error:
            self.sweep_behind()

    def sweep_behind(self) -> None:
        """Ask the sweeper for the whole sweep of the current scenario."""
        from engine.sweep import prepare, sweep
        from tui.sweeper import Job

        assert self.session is not None and self.sweeper is not None
        scenario = self.store.current

        later = self.from_thread()

        def deliver(result: Sweep) -> None:
            later(lambda: self.sweep_done(scenario, result))

        def fail(error: Exception) -> None:
            later(lambda: self.sweep_failed(error))

        self.sweeper.submit(
            Job(lambda should_stop: sweep(prepare(scenario), scenario, should_stop), deliver, fail)
        )

    def from_thread(self) -> Callable[[Callable[[], None]], None]:
        """A function that other threads may call to run something here. It does not wait, and
        what comes after the app has ended is dropped."""
        loop, context = asyncio.get_running_loop(), contextvars.copy_context()

        def later(callback: Callable[[], None]) -> None:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(callback, context=context.copy())

        return later

    def sweep_done(self, scenario: Scenario, result: Sweep) -> None:
        """A sweep came back."""
        if self.session is not None:
            self.session.accept(scenario, result)
            self.paint()

    def sweep_failed(self, error: Exception) -> None:
        """A sweep could not be made; only the engine's own words are shown."""
        known = isinstance(error, RooftopError)
        self.say(str(error) if known else f"internal error: {type(error).__name__}")

    def explain_behind(self) -> None:
        """Ask for the explanation of the row under the cursor, once it rests."""
        from engine.explain import explain
        from tui.sweeper import Job

        session = self.session
        if session is None or session.selected is None or self.explainer is None:
            return
        table, row = session.selected
        prepared, scenario = session.prepared, self.store.current
        layout, precision, batch = table.layout(row), table.precision(row), int(table.batch[row])
        if prepared is None or not self.why.display:
            return

        def work(_: object) -> Explanation:
            return explain(prepared, scenario, layout, precision, batch)

        later = self.from_thread()

        def deliver(found: Explanation) -> None:
            later(lambda: self.explained(found))

        self.explainer.submit(Job(work, deliver, lambda error: None))

    def explained(self, found: Explanation) -> None:
        """An explanation came back."""
        self.why.explanation = found
        self.why.update()

    # --- drawing ----------------------------------------------------------------------------

    def paint(self) -> None:
        """Draw everything that changed, in this frame."""
        session = self.session
        if session is not None:
            self.answer.error = session.error
            self.answer.sentence = session.sentence() or self.fetching.text or "working …"
        self.answer.update()
        for pane in self.panes.values():
            if pane.display:
                pane.update()
        self.paint_footer()
        self.explain_behind()

    def paint_footer(self) -> None:
        """Draw the last line."""
        self.footer.keys = footer_of(self.active)
        self.footer.status = self._status()
        self.footer.update()

    def _status(self) -> str:
        session = self.session
        if session is None:
            return "loading"
        if self.fetching.text:
            return self.fetching.text
        parts = []
        if self.plan_path is not None:
            parts.append(self.plan_path.name[-30:])
        if self.store.dirty:
            parts.append("*")
        if session.baseline is not None:
            parts.append("Δ baseline")
        if session.sweep_is_current and session.sweep is not None:
            parts.append(f"{session.sweep.candidates:,} tried")
        elif not session.error:
            parts.append("sweeping")
        return " ".join(parts)

    def say(self, message: str) -> None:
        """Show a message in the last line until the next key; on top, too, if it is long."""
        self.footer.message = message
        self.footer.update()
        self._notice(message if cells(message) > self.footer.size.width else "")

    def _notice(self, message: str) -> None:
        if self.answer.notice != message:
            self.answer.notice = message
            self.answer.update()

    # --- panes ------------------------------------------------------------------------------

    def focus_pane(self, name: str) -> None:
        """Make a pane the one that keys go to; in a small terminal it opens and others fold."""
        self.panes[self.active].focused_pane = False
        self.active = name
        self.panes[name].focused_pane = True
        self._arrange()

    def _arrange(self) -> None:
        width, height = self.app.size
        narrow = width < WIDE[0] or height < WIDE[1]
        self.set_class(narrow, "narrow")
        self.set_class(self.zoomed, "zoomed")
        for name, pane in self.panes.items():
            active = name == self.active
            pane.set_class(narrow and not active, "folded")
            pane.display = not self.zoomed or active
        for group, members in (
            ("#left", ("model", "hardware", "workload")),
            ("#right", ("table", "chart", "why")),
            ("#below", ("chart", "why")),
        ):
            box = self.query_one(group)
            box.display = not self.zoomed or self.active in members
            box.set_class(narrow and self.active not in members, "folded")
        self.answer.styles.height = 2 if width >= 110 else 3

    def on_resize(self, event: events.Resize) -> None:
        """Open or fold panes for the new size."""
        self._arrange()
        if event.size.width < SMALLEST[0] or event.size.height < SMALLEST[1]:
            self.say(f"{event.size.width}×{event.size.height}: some columns are hidden")
        self.call_after_refresh(self.paint)

    # --- keys -------------------------------------------------------------------------------

    def on_key(self, event: events.Key) -> None:
        """Every key comes here."""
        event.stop()
        event.prevent_default()
        self.footer.message = ""
        self._notice("")
        if self.actions.prompt.is_open:
            self.actions.prompt.key(event)
        elif not self.actions.typing.typing_key(event) and not (
            event.key == "escape" and self.fetching.cancel()
        ):
            self._command_key(event)

    def _command_key(self, event: events.Key) -> None:
        if event.character and event.character in "123456":
            self.actions.moving.jump(PANES[int(event.character) - 1])
            return
        command = command_for(self.active, event.key)
        if command is None and event.character:
            command = command_for(self.active, event.character)
        if command is None:
            self.paint_footer()
            return
        self.actions.run(command.id)
