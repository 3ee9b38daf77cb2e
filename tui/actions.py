"""What every command does. One method a command, named after its id."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from textual import events

from engine.errors import RooftopError
from tui.commands import PANES
from tui.fields import Field, cycle
from tui.store import Store

if TYPE_CHECKING:
    from engine.scenario import Scenario
    from tui.screen import MainScreen
    from tui.session import Session
    from tui.widgets.form_pane import FormPane


class Actions:
    """The commands of a `MainScreen`, and the typing into fields, the tree and the prompt."""

    def __init__(self, screen: MainScreen) -> None:
        self._screen = screen
        self.prompt: Callable[[str], None] | None = None

    # --- shorthands -------------------------------------------------------------------------

    @property
    def _store(self) -> Store:
        return self._screen.store

    @property
    def _session(self) -> Session | None:
        return self._screen.session

    def _form(self) -> FormPane | None:
        screen = self._screen
        return {"hardware": screen.hardware, "workload": screen.workload}.get(screen.active)

    def _change(self, scenario: Scenario, path: str) -> None:
        if self._store.set(scenario, path):
            self._screen.scenario_changed()
        else:
            self._screen.paint()

    def run(self, id: str) -> None:
        """Run a command by its id."""
        try:
            getattr(self, f"do_{id}")()
        except RooftopError as error:
            self._screen.say(str(error))

    # --- typing -----------------------------------------------------------------------------

    def typing_key(self, event: events.Key) -> bool:
        """Keys that go into a field or a tree value; True when one was used."""
        form = self._form()
        if form is not None:
            return self._form_key(form, event)
        tree = self._screen.model_tree
        if self._screen.active == "model" and tree.typed is not None:
            self._tree_key(event)
            return True
        return False

    def _form_key(self, form: FormPane, event: events.Key) -> bool:
        character = event.character or ""
        if form.typed is None:
            starts = character.isdigit() or character == "."
            if form.field.choices is not None or event.key == "enter":
                starts = starts and form.field.choices is None
            if event.key == "enter":
                form.typed = ""
                self._screen.paint()
                return True
            if not starts:
                return False
            form.typed = character
        elif event.key in {"enter", "tab", "up", "down"}:
            self._end_typing(form, event.key)
            return True
        elif event.key == "escape":
            form.typed, form.complaint = None, ""
            self._screen.paint()
            return True
        elif event.key in {"backspace", "ctrl+h"}:
            form.typed = form.typed[:-1]
        elif event.key == "ctrl+u":
            form.typed = ""
        elif character.isprintable() and character:
            form.typed += character
        else:
            return False
        self._try_field(form)
        return True

    def _try_field(self, form: FormPane) -> None:
        """Take what is typed if it can be taken; the last good scenario stays otherwise."""
        field = form.field
        try:
            scenario = field.write(self._store.current, form.typed or "")
        except RooftopError as error:
            form.complaint = str(error)
            self._screen.paint()
            return
        form.complaint = ""
        self._change(scenario, field.label)

    def _end_typing(self, form: FormPane, key: str) -> None:
        if form.complaint:
            self._screen.say(form.complaint)
        form.typed, form.complaint = None, ""
        if key in {"up", "down"}:
            form.move(1 if key == "down" else -1)
        self._screen.paint()

    def _tree_key(self, event: events.Key) -> None:
        from tui.tree import parse_value

        tree = self._screen.model_tree
        row = tree.row
        character = event.character or ""
        if row is None or tree.typed is None:
            return
        if event.key == "escape":
            tree.typed, tree.complaint = None, ""
        elif event.key == "enter":
            self._set_key(row.key, parse_value(tree.typed))
            return
        elif event.key in {"backspace", "ctrl+h"}:
            tree.typed = tree.typed[:-1]
        elif event.key == "ctrl+u":
            tree.typed = ""
        elif character.isprintable() and character:
            tree.typed += character
        self._screen.paint()

    def _set_key(self, key: str, value: object) -> None:
        """Make a what-if of a config key, unless the engine refuses the value."""
        from engine.sweep import prepare

        tree = self._screen.model_tree
        kept = tuple(edit for edit in self._store.current.edits if edit[0] != key)
        changed = replace(self._store.current, edits=(*kept, (key, value)))
        try:
            prepare(changed)
        except RooftopError as error:
            tree.complaint = str(error)
            self._screen.paint()
            return
        tree.typed, tree.complaint = None, ""
        self._change(changed, key)

    # --- the prompt in the last line -------------------------------------------------------

    def ask(self, label: str, text: str, answer: Callable[[str], None]) -> None:
        """Ask for a line of text; ``answer`` gets it."""
        self._screen.footer.prompt = (label, text)
        self.prompt = answer
        self._screen.footer.update()

    def prompt_key(self, event: events.Key) -> None:
        """A key while a question is open."""
        footer = self._screen.footer
        assert footer.prompt is not None and self.prompt is not None
        label, text = footer.prompt
        character = event.character or ""
        if event.key in {"escape", "ctrl+c"}:
            self._close_prompt()
        elif event.key == "enter":
            answer = self.prompt
            self._close_prompt()
            try:
                answer(text)
            except RooftopError as error:
                self._screen.say(str(error))
        elif event.key in {"backspace", "ctrl+h"}:
            footer.prompt = (label, text[:-1])
        elif event.key == "ctrl+u":
            footer.prompt = (label, "")
        elif character.isprintable() and character:
            footer.prompt = (label, text + character)
        footer.update()

    def _close_prompt(self) -> None:
        self._screen.footer.prompt = None
        self.prompt = None
        self._screen.paint_footer()

    # --- moving -----------------------------------------------------------------------------

    def jump(self, name: str) -> None:
        """To a pane by number; again zooms it."""
        if name == self._screen.active:
            self.do_zoom()
            return
        self._screen.zoomed = False
        self._screen.focus_pane(name)
        self._screen.call_after_refresh(self._screen.paint)

    def _move(self, by: int) -> None:
        screen = self._screen
        form = self._form()
        if form is not None:
            form.move(max(-1, min(1, by)) if abs(by) < 1000 else by)
            form.update()
            screen.paint_footer()
        elif screen.active == "model":
            screen.model_tree.move(by)
            screen.model_tree.update()
            screen.paint_footer()
        elif screen.active == "why":
            screen.why.top = max(0, screen.why.top + by)
            screen.why.update()
        elif self._session is not None:
            self._session.move(self._session.cursor + by)
            screen.table.update()
            screen.paint_footer()
            screen.explain_behind()

    def do_up(self) -> None:
        """One row up."""
        self._move(-1)

    def do_down(self) -> None:
        """One row down."""
        self._move(1)

    def do_page_up(self) -> None:
        """A page up."""
        self._move(-self._screen.table.page)

    def do_page_down(self) -> None:
        """A page down."""
        self._move(self._screen.table.page)

    def do_top(self) -> None:
        """To the first row."""
        self._move(-1_000_000)

    def do_bottom(self) -> None:
        """To the last row."""
        self._move(1_000_000)

    def do_next_pane(self) -> None:
        """To the next pane."""
        self._rotate(1)

    def do_previous_pane(self) -> None:
        """To the pane before."""
        self._rotate(-1)

    def _rotate(self, by: int) -> None:
        place = (PANES.index(self._screen.active) + by) % len(PANES)
        self._screen.zoomed = False
        self._screen.focus_pane(PANES[place])
        self._screen.call_after_refresh(self._screen.paint)

    def do_zoom(self) -> None:
        """The active pane alone, and back."""
        self._screen.zoomed = not self._screen.zoomed
        self._screen.focus_pane(self._screen.active)
        self._screen.call_after_refresh(self._screen.paint)

    # --- fields and what-ifs ------------------------------------------------------------------

    def do_edit(self) -> None:
        """Start typing over the value under the cursor."""
        tree = self._screen.model_tree
        if self._screen.active == "model" and tree.row is not None and not tree.row.is_heading:
            tree.typed = ""
            tree.update()

    def do_less(self) -> None:
        """The previous choice or one step down."""
        self._step(-1)

    def do_more(self) -> None:
        """The next choice or one step up."""
        self._step(1)

    def _step(self, direction: int) -> None:
        form = self._form()
        if form is None:
            return
        field: Field = form.field
        form.typed, form.complaint = None, ""
        self._change(cycle(field, self._store.current, direction), field.label)

    def do_revert(self) -> None:
        """Take back the what-if under the cursor."""
        row = self._screen.model_tree.row
        if row is None:
            return
        kept = tuple(edit for edit in self._store.current.edits if edit[0] != row.key)
        self._screen.model_tree.typed, self._screen.model_tree.complaint = None, ""
        self._change(replace(self._store.current, edits=kept), f"revert {row.key}")

    def do_language(self) -> None:
        """English or Chinese."""
        self._screen.model_tree.chinese = not self._screen.model_tree.chinese
        self._screen.model_tree.update()

    def do_undo(self) -> None:
        """One change back."""
        self._history(self._store.undo(), "undid")

    def do_redo(self) -> None:
        """One change forward."""
        self._history(self._store.redo(), "redid")

    def _history(self, what: str | None, verb: str) -> None:
        if what is None:
            self._screen.say("nothing more in the history")
            return
        self._screen.scenario_changed()
        self._screen.say(f"{verb}: {what}")

    # --- the table ----------------------------------------------------------------------------

    def do_view(self) -> None:
        """Next view."""
        from tui.session import VIEWS

        self._look("view", VIEWS)
        chart = self._screen.chart
        if self._session is not None:
            chart.kind = "batch" if self._session.view.view == "layout" else "pareto"
        self._screen.paint()

    def do_filter(self) -> None:
        """Next filter."""
        from tui.session import FILTERS

        self._look("filter", FILTERS)
        self._screen.paint()

    def _look(self, name: str, choices: tuple[str, ...]) -> None:
        session = self._session
        if session is not None:
            current = choices.index(getattr(session.view, name))
            following = choices[(current + 1) % len(choices)]
            session.look(replace(session.view, **{name: following}))

    def do_sort_next(self) -> None:
        """Sort by the next column."""
        self._sort(1)

    def do_sort_back(self) -> None:
        """Sort by the column before."""
        self._sort(-1)

    def _sort(self, by: int) -> None:
        session = self._session
        if session is None or session.table is None:
            return
        columns = ["", "batch", *session.table.metrics]
        place = (columns.index(session.view.sort) + by) % len(columns)
        session.look(replace(session.view, sort=columns[place]))
        self._screen.paint()

    def do_reverse(self) -> None:
        """The other sort order."""
        session = self._session
        if session is not None:
            session.look(replace(session.view, descending=not session.view.descending))
            self._screen.paint()

    def do_best(self) -> None:
        """Follow the best plan again."""
        if self._session is not None:
            self._session.follow()
            self._screen.paint()

    def do_layout(self) -> None:
        """Show the batches of the row's layout."""
        if self._session is not None:
            self._session.use_layout_of_cursor()
            self._screen.chart.kind = "batch"
            self._screen.paint()

    def do_rerun(self) -> None:
        """Sweep again."""
        self._screen.scenario_changed()

    # --- comparing ----------------------------------------------------------------------------

    def do_baseline(self) -> None:
        """Pin the row under the cursor, or let go of the pinned one."""
        session = self._session
        if session is None:
            return
        session.baseline = None if session.baseline is not None else session.pin()
        pinned = session.baseline
        self._screen.paint()
        self._screen.say(f"baseline: {pinned.name}" if pinned else "no baseline")

    def do_swap(self) -> None:
        """Swap the scenario with the baseline's."""
        session = self._session
        if session is None or session.baseline is None:
            self._screen.say("no baseline is pinned; b pins one")
            return
        here, there = session.pin(), session.baseline
        session.baseline = here
        self._change(there.scenario, "swap with baseline")

    def do_mark(self) -> None:
        """Mark the row under the cursor, or take its mark away."""
        session = self._session
        pinned = session.pin() if session is not None else None
        if session is None or pinned is None:
            return
        names = [one.name for one in session.marked]
        if pinned.name in names:
            del session.marked[names.index(pinned.name)]
        else:
            session.marked.append(pinned)
        self._screen.table.update()
        self._screen.say(f"{len(session.marked)} marked; c compares, x forgets")

    def do_unmark(self) -> None:
        """Forget all marks."""
        if self._session is not None:
            self._session.marked.clear()
            self._screen.paint()

    def do_compare(self) -> None:
        """Marked rows side by side."""
        from tui.overlays import compare_lines

        session = self._session
        if session is None or len(session.marked) < 2:
            self._screen.say("mark two rows or more with space first")
            return
        self._overlay("compare", compare_lines(session.marked))

    def do_sensitivity(self) -> None:
        """Which knob matters most: every input nudged, swept again, sorted."""
        from engine.sensitivity import sensitivity
        from tui.overlays import sensitivity_lines

        session = self._session
        if session is None or not session.sweep_is_current:
            self._screen.say("the sweep is still running")
            return
        found = sensitivity(self._store.current)
        if not found:
            self._screen.say("nothing meets the objectives, so there is no plan to nudge")
            return
        self._overlay("what matters", sensitivity_lines(found))

    # --- files ----------------------------------------------------------------------------------

    def do_save(self) -> None:
        """Ask for a name and save the selected row."""
        session = self._session
        if session is None or session.selected is None or session.sweep is None:
            self._screen.say("nothing to save yet")
            return
        suggestion = str(self._screen.plan_path or self._suggested_name())
        self.ask("Save plan as:", suggestion, self._save)

    def _suggested_name(self) -> Path:
        import re

        session = self._session
        assert session is not None and session.prepared is not None and session.selected
        table, row = session.selected
        model = re.sub(r"[^\w.-]+", "-", session.prepared.model.name).strip("-").lower() or "model"
        return Path(f"{model}-{session.prepared.chip.id}-b{int(table.batch[row])}.toml")

    def _save(self, text: str) -> None:
        from engine.plan_document import save_plan
        from engine.text import clean

        session = self._session
        assert session is not None and session.prepared is not None and session.selected
        assert session.sweep is not None
        if not text.strip():
            return
        path = Path(text.strip()).expanduser()
        table, row = session.selected
        save_plan(path, session.prepared, self._store.current, session.sweep, table, row)
        self._screen.plan_path = path
        self._store.mark_saved()
        self._screen.paint_footer()
        self._screen.say(f"saved {clean(str(path))}")

    def do_open(self) -> None:
        """Ask for a plan file and restore its scenario."""
        suggestion = str(self._screen.plan_path) if self._screen.plan_path else ""
        self.ask("Open plan:", suggestion, self._open)

    def _open(self, text: str) -> None:
        from engine.plan import load_plan
        from engine.text import clean

        path = Path(text.strip()).expanduser()
        plan = load_plan(path)
        self._screen.plan_path = path
        self._change(plan.scenario, f"open {path.name}")
        self._store.mark_saved()
        self._screen.paint_footer()
        self._screen.say(f"opened {clean(str(path))}: batch {plan.choice.batch}")

    def do_model(self) -> None:
        """Ask for another model."""
        self.ask("Model (profile, file, folder or hub id):", "", self._use_model)

    def _use_model(self, text: str) -> None:
        from engine.sweep import prepare

        if text.strip():
            changed = replace(self._store.current, model=text.strip(), edits=())
            prepare(changed)
            self._change(changed, "model")

    def do_copy(self) -> None:
        """The row's launch command to the clipboard."""
        from engine.plan_document import launch_command

        session = self._session
        if session is None or session.selected is None or session.prepared is None:
            return
        table, row = session.selected
        text = launch_command(
            session.prepared,
            self._store.current,
            table.layout(row),
            table.precision(row),
            int(table.batch[row]),
        )
        self._copy(text)

    def do_copy_plan(self) -> None:
        """The row's plan to the clipboard."""
        import tomli_w

        from engine.plan_document import plan_document

        session = self._session
        if session is None or session.selected is None or session.sweep is None:
            return
        assert session.prepared is not None
        table, row = session.selected
        document = plan_document(session.prepared, self._store.current, session.sweep, table, row)
        self._copy(tomli_w.dumps(document))

    def _copy(self, text: str) -> None:
        from engine.plan import write_text
        from tui.paths import last_copy_file

        path = last_copy_file()
        write_text(path, text + "\n")
        self._screen.app.copy_to_clipboard(text)
        self._screen.say(f"copied; also in {path}")

    # --- the program ----------------------------------------------------------------------------

    def _overlay(self, title: str, lines: list[object]) -> None:
        from tui.overlays import Overlay

        self._screen.app.push_screen(Overlay(title, lines))

    def do_help(self) -> None:
        """The keys of this pane."""
        from tui.overlays import help_lines

        self._overlay(f"help: {self._screen.active}", help_lines(self._screen.active))

    def do_palette(self) -> None:
        """Find a command by name."""
        from tui.overlays import Palette

        self._screen.app.push_screen(Palette(self._screen.active), self._chosen)

    def _chosen(self, id: str | None) -> None:
        if id is not None:
            self.run(id)

    def do_redraw(self) -> None:
        """Draw the whole screen again."""
        self._screen.refresh(layout=True)

    def do_suspend(self) -> None:
        """Back to the shell."""
        self._screen.app.action_suspend_process()

    def do_quit(self) -> None:
        """Leave; the session is kept."""
        self._screen.app.exit(0)
