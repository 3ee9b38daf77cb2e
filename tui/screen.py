"""The main screen: panes side by side, one handler for every key, one frame for every answer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from textual import events
from textual.app import ComposeResult
from textual.containers import Container
from textual.keys import _character_to_key
from textual.screen import Screen

from engine.words.errors import RooftopError
from tui.actions import Actions
from tui.arrange import arrange, size_note
from tui.behind import SWEEP_SECONDS, Behind
from tui.fetching import Fetching
from tui.fields import HARDWARE, WORKLOAD
from tui.lines import cells
from tui.store import Store
from tui.thinking import Thinking
from tui.widgets.chart_pane import ChartPane
from tui.widgets.form_pane import FormPane
from tui.widgets.panes import AnswerPane, FooterPane, Pane
from tui.widgets.table_pane import TablePane
from tui.widgets.tree_pane import TreePane
from tui.widgets.why_pane import WhyPane

if TYPE_CHECKING:
    from engine.plan.results import Explanation, Sweep
    from engine.scenario import Scenario
    from tui.app import RooftopApp
    from tui.last_session import LastSession
    from tui.session import Session


class MainScreen(Screen[None]):
    """Holds the panes, the store and the session; `Actions` holds what commands do."""

    ALLOW_SELECT = False

    def __init__(self, store: Store, plan_path: Path | None = None) -> None:
        super().__init__()
        self.store = store
        self.plan_path = plan_path
        self.session: Session | None = None
        self.offer: LastSession | None = None
        self.behind = Behind(self)
        self.thinking = Thinking(self)
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
        self._kept = False

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
        choices = self.rooftop.choices
        self.table.order = choices.columns
        self.table.hidden = choices.hidden
        self.focus_pane(self.active)
        self.call_after_refresh(self.set_timer, 0.005, self.load)

    @property
    def rooftop(self) -> RooftopApp:
        """The app, with what is its own."""
        return cast("RooftopApp", self.app)

    def load(self) -> None:
        """Bring in the engine and work out the first scenario."""
        from tui.allocator import hand_back_large_blocks, spare_what_is_loaded
        from tui.session import Session

        hand_back_large_blocks()
        self.session = Session(self.store)
        for pane in self.panes.values():
            pane.session = self.session
        self.scenario_changed()
        self._offer_last_session()
        spare_what_is_loaded()

    def _offer_last_session(self) -> None:
        from tui.last_session import load_last_session

        last = load_last_session()
        if last is not None and last.is_worth_offering(self.store.current):
            self.offer = last
            self.say(last.offer())

    def keep_session(self, ended: str = "quit") -> None:
        """Write the session for the next start, once. One that was offered and that nothing has
        taken the place of stays."""
        from engine.plan.plan_file import scenario_document
        from tui.last_session import LastSession, now, save_last_session

        session = self.session
        if session is None or self._kept or (self.offer is not None and not self.store.history):
            return
        document, dirty = scenario_document(self.store.current), self.store.dirty
        left = LastSession(document, session.view, self.active, self.plan_path, now(), ended, dirty)
        self._kept = save_last_session(left)

    # --- the way of a change ---------------------------------------------------------------

    def scenario_changed(self) -> None:
        """The store has a new scenario: work it out once its model is here."""
        if self.session is not None:
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
        """Work out the scenario and draw; sweep at once where that is quick and behind the keys
        where it is not."""
        assert self.session is not None
        # First of all: what is being swept is of no use any more, and shares this interpreter.
        self.behind.stop_sweeping()
        self.session.recompute()
        if not self.session.error and not self.session.sweep_at_once():
            first = self.session.sweep is None
            self.behind.sweep(self.store.current, seconds=0.0 if first else SWEEP_SECONDS)
        self.paint()

    def sweep_done(self, scenario: Scenario, result: Sweep) -> None:
        """A sweep came back."""
        if self.session is not None:
            self.session.accept(scenario, result)
            self.paint()

    def sweep_failed(self, error: Exception) -> None:
        """Something could not be worked out; only the engine's own words are shown."""
        known = isinstance(error, RooftopError)
        self.say(str(error) if known else f"internal error: {type(error).__name__}")

    def explained(self, found: Explanation) -> None:
        """An explanation came back."""
        self.why.explanation = found
        self.chart.explanation = found
        self.why.update()
        self.chart.update()

    # --- drawing ----------------------------------------------------------------------------

    def paint(self) -> None:
        """Draw everything that changed, in this frame."""
        session = self.session
        if session is not None:
            self.answer.error = session.error
            self.answer.verdict = session.answer_verdict
            self.answer.sentence = session.sentence() or self.fetching.text or "working …"
        self.answer.update()
        for pane in self.panes.values():
            if pane.display:
                pane.update()
        self.paint_footer()
        self.behind.explain()
        self.thinking.rest()

    def paint_footer(self) -> None:
        """Draw the last line."""
        self.footer.keys = self.actions.footer_keys()
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
        arrange(self)

    def on_resize(self, event: events.Resize) -> None:
        """Open or fold panes for the new size."""
        arrange(self)
        self.footer.message = size_note(event.size)
        self.call_after_refresh(self.paint)

    # --- keys -------------------------------------------------------------------------------

    def on_key(self, event: events.Key) -> None:
        """Every key comes here."""
        event.stop()
        event.prevent_default()
        self.footer.message = ""
        self._notice("")
        for one in _as_pressed(event):
            self.actions.key(one)

    # --- the mouse --------------------------------------------------------------------------

    def on_click(self, event: events.Click) -> None:
        """Choose what was clicked."""
        self.actions.pointing.click(*event.screen_offset)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel, towards oneself."""
        self.actions.pointing.wheel(1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel, away."""
        self.actions.pointing.wheel(-1)


def _as_pressed(event: events.Key) -> list[events.Key]:
    """Esc and a key right after it, as quick fingers and slow lines send them, reach a program
    as alt with that key. No command has alt, so that it is what it was."""
    character = event.character or ""
    if not event.key.startswith("alt+") or not character.isprintable() or not character:
        return [event]
    return [
        events.Key("escape", None),
        events.Key(_character_to_key(character), character),
    ]
