"""Changes of the scenario: steps, what-ifs, history."""

from __future__ import annotations

from dataclasses import replace

from engine.sources.languages import language_name, next_language
from engine.words.errors import RooftopError
from engine.words.messages import say, use_language
from tui.actions.base import Group
from tui.widgets.panes import TypedPane


class Editing(Group):
    """Fields, config keys, undo and redo."""

    def do_less(self) -> None:
        """The previous choice or one step down."""
        self._step(-1)

    def do_more(self) -> None:
        """The next choice or one step up."""
        self._step(1)

    def _step(self, direction: int) -> None:
        pane = self._desk.active
        if not isinstance(pane, TypedPane) or self._fold(direction):
            return
        try:
            stepped = pane.stepped(self._store.current, direction)
        except RooftopError as error:
            pane.complaint = str(error)
            self._desk.paint()
            return
        if stepped is None:
            self._desk.say("no number: enter changes it")
            return
        pane.leave()
        self._change(*stepped)

    def do_revert(self) -> None:
        """Take back the what-if under the cursor."""
        row = self._tree.row
        if row is None:
            return
        kept = tuple(edit for edit in self._store.current.edits if edit[0] != row.key)
        self._tree.leave()
        self._change(replace(self._store.current, edits=kept), f"revert {row.key}")

    def do_revert_all(self) -> None:
        """Take all what-ifs on the model back."""
        self._tree.leave()
        self._change(replace(self._store.current, edits=()), "revert all what-ifs")

    def do_language(self) -> None:
        """Everything in the next language."""
        tree = self._tree
        tree.language = next_language(tree.language)
        use_language(tree.language)
        self._desk.program.choose(language=tree.language)
        self._desk.language_changed()
        self._desk.say(language_name(tree.language))

    def do_order(self) -> None:
        """The tree in our order or in the document's."""
        self._tree.reorder()

    def do_undo(self) -> None:
        """One change back."""
        self._history(self._store.undo(), "undid")

    def do_redo(self) -> None:
        """One change forward."""
        self._history(self._store.redo(), "redid")

    def _history(self, what: str | None, verb: str) -> None:
        if what is None:
            self._desk.say("nothing more in the history")
            return
        self._desk.scenario_changed()
        self._desk.say(f"{say(verb)}: {say(what)}")
