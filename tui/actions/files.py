"""Plans and models: saving, opening, copying."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from engine.plan.names.parse import is_benchmark_name
from engine.words.messages import say
from tui.actions.base import Group
from tui.beside.fetching import Fetching
from tui.beside.waiting import Waiting
from tui.desk import Desk
from tui.session.recent import remember_plan

if TYPE_CHECKING:
    from engine.plan.deploy.files import Artefacts
    from tui.session.past import Past
    from tui.session.session import Session


class Files(Group):
    """What leaves the app and what comes in."""

    def __init__(self, desk: Desk, fetching: Fetching, waiting: Waiting) -> None:
        super().__init__(desk)
        self._fetching = fetching
        self._waiting = waiting

    def do_save(self) -> None:
        """Ask for a name and save the selected row."""
        session = self._session
        if session is None or session.selected is None or not session.table_is_current:
            self._desk.say("nothing to save yet")
            return
        suggestion = str(self._desk.plan_path or self._suggested_name())
        self._desk.ask(self._save_labels(), suggestion, self._save)

    def _save_labels(self) -> tuple[str, ...]:
        """What is asked, with what the plan delivers as far as there is room: ± goes last."""
        from tui.session.row_words import row_words

        session = self._session
        assert session is not None and session.selected is not None
        known = session.accuracy()
        words = row_words(*session.selected, known, session.samples) if known is not None else ()
        return (
            *(say("Save plan ({one}) as:", one=one) for one in words if one),
            say("Save plan as:"),
        )

    def _suggested_name(self) -> Path:
        import re

        session = self._session
        assert session is not None and session.prepared is not None and session.selected
        table, row = session.selected
        model = re.sub(r"[^\w.-]+", "-", session.prepared.model.name).strip("-").lower() or "model"
        return Path(f"{model}-{session.prepared.chip.id}-b{int(table.batch[row])}.toml")

    def _save(self, text: str) -> None:
        from engine.sources.files import user_path

        if text.strip():
            path = user_path(text.strip())
            self._waiting.once_swept("saving the plan", lambda: self._write(path))

    def _write(self, path: Path) -> None:
        from engine.plan.saved.document import save_plan
        from engine.words.text import clean

        session = self._session
        assert session is not None and session.prepared is not None and session.sweep is not None
        if session.selected is None:
            self._desk.say("no row is chosen: nothing was saved")
            return
        table, row = session.selected
        save_plan(path, session.prepared, self._store.current, session.sweep, table, row)
        remember_plan(path)
        self._desk.plan_path = path
        self._store.mark_saved()
        self._desk.paint_footer()
        self._desk.say(say("saved {path}", path=clean(str(path))))

    def open_plan(self, text: str) -> None:
        """Restore the scenario of a plan file; raises `InputError`."""
        from engine.plan.saved.plan_file import load_plan
        from engine.sources.files import user_path
        from engine.words.text import clean

        path = user_path(text.strip())
        plan = load_plan(path)

        def restore() -> None:
            remember_plan(path)
            self._desk.plan_path = path
            self._change(plan.scenario, f"open {path.name}")
            self._store.mark_saved()
            self._desk.paint_footer()
            self._desk.say(
                say("opened {path}: batch {batch}", path=clean(str(path)), batch=plan.choice.batch)
            )

        self._fetching.when_here(plan.scenario.model, plan.scenario.revision, restore)

    def restore_past(self, past: Past) -> None:
        """The scenario of before; raises `InputError` for one that is not ours."""
        from engine.plan.saved.schema import parse_scenario

        scenario = parse_scenario(past.name, past.document)

        def restore() -> None:
            self._desk.plan_path = None
            self._change(scenario, f"restore {past.name}")
            self._desk.say(
                say("restored {name} of {saved_at}", name=past.name, saved_at=past.saved_at)
            )

        self._fetching.when_here(scenario.model, scenario.revision, restore)

    def use_model(self, text: str) -> None:
        """Another model by whatever names it; raises `InputError`."""
        from engine.plan.prepared import prepare

        model = text.strip()
        if not model:
            return
        if is_benchmark_name(model):
            self.take_name(model)
            return

        def use() -> None:
            changed = self._store.current.of_model(model)
            prepare(changed)
            self._change(changed, "model")

        self._fetching.when_here(model, "", use)

    def take_name(self, text: str) -> None:
        """What a benchmark name says as the scenario; the cursor goes to its batch."""
        from engine.plan.names.named_scenario import named_scenario
        from tui.session.table_view import TableView

        changed = named_scenario(text, self._store.current)
        if self._session is not None:
            self._session.view, self._session.following = TableView(), True
        self._change(changed, "benchmark name")

    def do_copy(self) -> None:
        """The row in one line, with its benchmark name."""
        session = self._session
        if session is not None and session.selected is not None and self._row_is_current(session):
            self._copy(session.row_text(*session.selected), "the row")

    def _row_is_current(self, session: Session) -> bool:
        """Whether the row is one of the scenario on screen; says so when it is not."""
        if not session.table_is_current:
            self._desk.say("the rows are those of another scenario: nothing was copied")
        return session.table_is_current

    def do_copy_launch(self) -> None:
        """The row's launch command to the clipboard."""
        from engine.plan.launch_lines import launch_command

        session = self._session
        if session is None or session.selected is None or session.prepared is None:
            return
        if not self._row_is_current(session):
            return
        table, row = session.selected
        text = launch_command(
            session.prepared,
            self._store.current,
            table.arrangement(row),
            table.precision(row),
            int(table.batch[row]),
        )
        self._copy(text, "the launch command")

    def do_deploy(self) -> None:
        """What starts the row, as files of every kind; looked at before anything is written."""
        self.take_deploy("")

    def take_deploy(self, text: str) -> None:
        """What starts the row, as files of one kind first."""
        from engine.plan.deploy.files import deploy_row
        from engine.plan.deploy.kind import deployment_ids, load_deployment
        from tui.overlays.deploy_page import DeployPage

        session = self._session
        if session is None or session.selected is None or session.prepared is None:
            return
        if not self._row_is_current(session):
            return
        table, row = session.selected
        prepared, scenario = session.prepared, self._store.current
        chosen = (table.arrangement(row), table.precision(row), int(table.batch[row]))

        def made(kind: str) -> Artefacts:
            return deploy_row(prepared, scenario, *chosen, load_deployment(kind))

        first = load_deployment(text).id if text else "sh"
        copy = partial(self._copy, what="the files")
        self._desk.open(DeployPage(deployment_ids(), made, copy, first), self._ask_folder)

    def _ask_folder(self, made: Artefacts | None) -> None:
        if made is not None:
            self._desk.ask("Write to folder:", ".", lambda text: self._write_files(made, text))

    def _write_files(self, made: Artefacts, text: str) -> None:
        from engine.plan.deploy.files import write_artefacts
        from engine.sources.files import user_path
        from engine.words.text import clean

        if text.strip():
            paths = write_artefacts(made, user_path(text.strip()), force=False)
            self._desk.say(say("written {paths}", paths=clean(", ".join(map(str, paths)))))

    def do_copy_plan(self) -> None:
        """The row's plan to the clipboard."""
        self._waiting.once_swept("copying the plan", self._copy_plan)

    def _copy_plan(self) -> None:
        from engine.plan.saved.document import plan_document
        from engine.plan.saved.plan_file import document_text

        session = self._session
        assert session is not None and session.prepared is not None and session.sweep is not None
        if session.selected is None:
            self._desk.say("no row is chosen: nothing was copied")
            return
        table, row = session.selected
        document = plan_document(session.prepared, self._store.current, session.sweep, table, row)
        self._copy(document_text(document), "the plan")

    def _copy(self, text: str, what: str) -> None:
        from engine.sources.files import write_text
        from engine.words.errors import InputError
        from engine.words.text import clean
        from tui.paths import last_copy_file

        self._desk.copy_text(text)
        path = last_copy_file()
        try:
            write_text(path, text + "\n")
        except InputError as error:
            self._desk.say(say("copied {what}, to no file: {error}", what=what, error=error))
            return
        # No more than the line holds: a copy is no reason to cover the answer.
        self._desk.mention(
            say(
                "copied {what}, also to {path}: {text}",
                what=what,
                path=clean(str(path)),
                text=clean(text, 400),
            )
        )
