"""The main screen: panes side by side, one handler for every key, one frame for every answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from textual import events
from textual.app import ComposeResult
from textual.containers import Container
from textual.screen import Screen

from engine.words.errors import RooftopError
from engine.words.messages import say
from tui.actions import Actions
from tui.arrange import arrange, size_note
from tui.beside.behind import SWEEP_SECONDS, Behind
from tui.beside.fetching import Fetching
from tui.beside.keeping import Keeping
from tui.beside.thinking import Thinking
from tui.beside.waiting import Waiting
from tui.desk import Program
from tui.drawing.lines import cells, fit
from tui.keymap import as_pressed
from tui.panes import Panes
from tui.session.choices import Choices
from tui.session.store import Store
from tui.terminal.app import waiting_keys
from tui.widgets.chart_pane import ChartPane
from tui.widgets.panes import AnswerPane, FooterPane, Pane, Place
from tui.widgets.table_pane import TablePane
from tui.widgets.tree_pane import TreePane
from tui.widgets.why_pane import WhyPane

if TYPE_CHECKING:
    from engine.plan.results import Sweep
    from engine.plan.why.explanation import Explanation
    from engine.scenario import Scenario
    from tui.page import Page
    from tui.session.last_session import LastSession
    from tui.session.session import Session

Result = TypeVar("Result")
ADVICE_WAIT_SECONDS = 0.3
"""How long an explanation waits for the advice that goes with it."""


class MainScreen(Screen[None]):
    """The `Desk`: holds the panes, the store and the session; `Actions` holds what commands do."""

    ALLOW_SELECT = False

    def __init__(
        self, store: Store, choices: Choices, plan_path: Path | None = None, *, language: str
    ) -> None:
        super().__init__()
        self.store = store
        self.plan_path = plan_path
        self.session: Session | None = None
        self.offer: LastSession | None = None
        self.answer = AnswerPane(id="answer")
        self.footer = FooterPane(id="footer")
        self.panes = Panes()
        self.model_tree = self.panes.of(TreePane)
        self.table = self.panes.of(TablePane)
        self.chart = self.panes.of(ChartPane)
        self.why = self.panes.of(WhyPane)
        self.model_tree.language = language
        self.table.order, self.table.hidden = choices.columns, choices.hidden
        for pane in self.panes:
            pane.unfold(choices.open_groups)
        self.active = self.panes.home
        self.zoomed = False
        self.behind = Behind(self)
        self.thinking = Thinking(self)
        self.fetching = Fetching(self)
        self.waiting = Waiting(self)
        self.actions = Actions(
            self, self.footer, self.behind, self.thinking, self.fetching, self.waiting
        )
        self.keeping = Keeping(self)

    def compose(self) -> ComposeResult:
        """Answer on top, forms left, table, chart and why right, keys below."""
        yield self.answer
        with Container(id="panes"):
            with Container(id=Place.LEFT.value):
                yield from self.panes.standing(Place.LEFT)
            with Container(id=Place.RIGHT.value):
                yield from self.panes.standing(Place.RIGHT)
                with Container(id=Place.BELOW.value):
                    yield from self.panes.standing(Place.BELOW)
        yield self.footer

    # --- starting ---------------------------------------------------------------------------

    def on_mount(self) -> None:
        """Paint the empty frame first; the engine is loaded behind it."""
        self.focus_pane(self.active)
        self.call_after_refresh(self.set_timer, 0.005, self.load)

    @property
    def program(self) -> Program:
        """The app, with what is its own."""
        return cast(Program, self.app)

    @property
    def in_front(self) -> bool:
        """Whether no page lies on top; Textual calls the screen below a page current, too."""
        return self.app.screen is self

    def load(self) -> None:
        """Bring in the engine and work out the first scenario."""
        from tui.allocator import hand_back_large_blocks, spare_what_is_loaded
        from tui.session.session import Session

        hand_back_large_blocks()
        self.session = Session(self.store)
        for pane in self.panes:
            pane.session = self.session
        self.keeping.begin()
        self.scenario_changed()
        self._offer_last_session()
        spare_what_is_loaded()

    def _offer_last_session(self) -> None:
        from tui.session.last_session import load_last_session

        last = load_last_session()
        if last is not None and last.is_worth_offering(self.store.current):
            self.offer = last
            # No more than the line holds: an offer is no reason to cover the answer.
            room = self.footer.size.width
            offers = last.offers()
            self.mention(next((one for one in offers if cells(one) <= room), offers[-1]))

    def keep_session(self, ended: str = "quit") -> None:
        """Write the session for the next start."""
        self.keeping.at_the_end(ended)

    # --- the way of a change ---------------------------------------------------------------

    def scenario_changed(self) -> None:
        """The store has a new scenario: work it out once its model is here."""
        self.waiting.give_up("the scenario changed before the sweep was in")
        if self.session is not None:
            current = self.store.current
            self.fetching.when_here(current.model, current.revision, self.work_out)

    def language_changed(self) -> None:
        """Work the sentences out again in another language."""
        self.why.explanation = self.chart.explanation = None
        self.why.advised_for = self.why.advice = None
        self.scenario_changed()

    def model_is_missing(self, why: str) -> None:
        """A model could not be fetched; what is on the screen stays, if there is anything."""
        self.waiting.give_up("its model is not here")
        if self.session is not None and self.session.prepared is None:
            self.session.error = say("{why} (m: another model, F5: again)", why=why)
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
            first = not self.session.swept.candidates
            self.session.drop_stale_sweep()
            self.behind.sweep(self.store.current, seconds=0.0 if first else SWEEP_SECONDS)
        self.paint()
        if self.session.remark:
            self.mention(self.session.remark)

    def sweep_done(self, scenario: Scenario, result: Sweep) -> None:
        """A sweep came back."""
        if self.session is not None:
            self.session.accept(scenario, result)
            self.paint()
            if self.session.sweep_is_current:
                self.waiting.swept()

    def sweep_failed(self, error: Exception) -> None:
        """The sweep came to nothing, and so does what waits for it."""
        self.waiting.give_up("the sweep failed")
        self.work_failed(error)

    def work_failed(self, error: Exception) -> None:
        """Something could not be worked out; only the engine's own words are shown."""
        known = isinstance(error, RooftopError)
        self.say(str(error) if known else say("internal error: {name}", name=type(error).__name__))

    def explained(self, found: Explanation) -> None:
        """An explanation came back."""
        self.chart.explanation = found
        self.chart.update()
        # What the row lacks is known in a moment: both are drawn at once then.
        self.why.next_explanation = found
        if self.why.waits_for_advice:
            self.set_timer(ADVICE_WAIT_SECONDS, self.why.turn)
        else:
            self.why.turn()

    # --- drawing ----------------------------------------------------------------------------

    def paint(self) -> None:
        """Draw everything that changed, in this frame."""
        session = self.session
        if session is not None:
            self.answer.error = session.error
            self.answer.verdict = session.answer_verdict
            self.answer.sentence = session.sentence() or self.fetching.text or say("working …")
        self.answer.update()
        for pane in self.panes:
            if pane.display:
                pane.update()
        self.paint_footer()
        self.behind.explain()
        self.thinking.rest()
        self.keeping.soon()

    def paint_footer(self) -> None:
        """Draw the last line."""
        self.footer.keys = self.actions.footer_keys()
        self.footer.status = self._status()
        self.footer.update()

    def paint_arranged(self) -> None:
        """Draw everything once the panes have their places."""
        self.call_after_refresh(self.paint)

    def redraw(self) -> None:
        """Draw the whole screen again."""
        self.program.draw_anew()

    def _status(self) -> str:
        session = self.session
        if session is None:
            return say("loading")
        if self.fetching.text:
            return self.fetching.text
        parts = []
        if not self.table.display and session.selected is not None:
            # The name of the selected row is always on the screen.
            parts.append(self.table.name_of_row())
        if self.plan_path is not None:
            parts.append(self.plan_path.name[-30:])
        if self.store.dirty:
            parts.append("*")
        if session.baseline is not None:
            parts.append(say("Δ baseline"))
        if session.sweep_is_current and session.sweep is not None:
            parts.append(say("{candidates:,} tried", candidates=session.sweep.candidates))
        elif not session.error:
            parts.append(say("sweeping"))
        return " ".join(parts)

    def say(self, message: str) -> None:
        """Show a message in the last line until the next key; on top, too, if it is long."""
        message = say(message)
        self.footer.message = message
        self.footer.update()
        self._notice(message if cells(message) > self.footer.size.width else "")

    def warn(self, message: str) -> None:
        """Show a message on top until the next key, also where the last line asks for something."""
        self._notice(say(message))

    def mention(self, message: str) -> None:
        """Show as much of a message as the last line holds."""
        self.say(fit(say(message), self.footer.size.width).rstrip())

    def _notice(self, message: str) -> None:
        if self.answer.notice != message:
            self.answer.notice = message
            self.answer.update()

    # --- panes, questions and pages ---------------------------------------------------------

    def focus_pane(self, pane: Pane) -> None:
        """Make a pane the one that keys go to; in a small terminal it opens and others fold."""
        self.active.focused_pane = False
        self.active = pane
        pane.focused_pane = True
        self._arrange()

    def _arrange(self) -> None:
        arrange(self, self.panes, self.active, self.answer, zoomed=self.zoomed)

    def ask(
        self,
        label: str | tuple[str, ...],
        text: str,
        answer: Callable[[str], None],
        changed: Callable[[str], None] | None = None,
    ) -> None:
        """Ask for a line of text in the last line, see `Prompt.ask`."""
        self.actions.prompt.ask(label, text, answer, changed)

    def open(self, page: Page[Result], then: Callable[[Result | None], None] | None = None) -> None:
        """Put a page on top; ``then`` gets its result when it is closed."""

        def carefully(result: Result | None) -> None:
            try:
                if then is not None:
                    then(result)
            except RooftopError as error:
                self.say(str(error))

        page.then = carefully
        # A page opens another one: help.
        below = self.app.screen
        self.app.push_screen(page)
        # What was typed while the page was made comes before what is typed from now on.
        for key in waiting_keys(below):
            page.post_message(key)

    def run(self, id: str, text: str = "") -> None:
        """Run a command by its id, with a text where it takes one."""
        self.actions.run(id, text)

    def on_resize(self, event: events.Resize) -> None:
        """Open or fold panes for the new size."""
        self._arrange()
        self.footer.message = size_note(event.size)
        self.call_after_refresh(self.paint)

    # --- the terminal -----------------------------------------------------------------------

    def on_key(self, event: events.Key) -> None:
        """Every key comes here; one that was typed before a page came is the page's."""
        event.stop()
        event.prevent_default()
        if not self.in_front:
            self.app.post_message(events.Key(event.key, event.character))
            return
        self._begin_anew()
        for key, character in as_pressed(event.key, event.character):
            self.actions.key(events.Key(key, character))

    def on_paste(self, event: events.Paste) -> None:
        """Text that was pasted goes where it would be typed."""
        event.stop()
        event.prevent_default()
        if not self.in_front:
            self.app.post_message(events.Paste(event.text))
            return
        self._begin_anew()
        self.actions.paste(event.text)

    def _begin_anew(self) -> None:
        """What was said was said about the key before."""
        self.footer.message = ""
        self._notice("")

    def on_click(self, event: events.Click) -> None:
        """Choose what was clicked."""
        x, y = event.screen_offset
        widget, region = self.get_widget_at(x, y)
        if isinstance(widget, Pane):
            self.actions.click(widget, y - region.y)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel, towards oneself."""
        self.actions.pointing.wheel(1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel, away."""
        self.actions.pointing.wheel(-1)

    def copy_text(self, text: str) -> None:
        """Hand a text to the terminal's clipboard."""
        self.app.copy_to_clipboard(text)

    def suspend(self) -> None:
        """Back to the shell."""
        self.app.action_suspend_process()

    def leave(self) -> None:
        """End the app; the session is kept."""
        self.app.exit(0)
