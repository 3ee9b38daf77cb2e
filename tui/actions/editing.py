"""Changes of the scenario: steps, what-ifs, history."""

from __future__ import annotations

from dataclasses import replace

from engine.sources.languages import language_name, next_language
from tui.actions.base import Group
from tui.fields import Field, cycle
from tui.tree import stepped


class Editing(Group):
    """Fields, config keys, undo and redo."""

    def do_edit(self) -> None:
        """Start typing over the value under the cursor."""
        tree = self._screen.model_tree
        row = tree.row
        if self._screen.active == "model" and row is not None and row.key and not row.note:
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
        if form is not None:
            field: Field = form.field
            form.typed, form.complaint = None, ""
            self._change(cycle(field, self._store.current, direction), field.label)
            return
        row = self._screen.model_tree.row
        if row is not None and not row.is_heading and not row.note:
            value = stepped(row.value, direction)
            if value == row.value:
                self._screen.say("no number: enter changes it")
            else:
                self._screen.actions.typing.set_key(row.key, value)

    def do_revert(self) -> None:
        """Take back the what-if under the cursor."""
        row = self._screen.model_tree.row
        if row is None:
            return
        kept = tuple(edit for edit in self._store.current.edits if edit[0] != row.key)
        self._screen.model_tree.typed, self._screen.model_tree.complaint = None, ""
        self._change(replace(self._store.current, edits=kept), f"revert {row.key}")

    def do_revert_all(self) -> None:
        """Take all what-ifs on the model back."""
        self._screen.model_tree.typed, self._screen.model_tree.complaint = None, ""
        self._change(replace(self._store.current, edits=()), "revert all what-ifs")

    def do_language(self) -> None:
        """The explanations in the next language."""
        tree = self._screen.model_tree
        tree.language = next_language(tree.language)
        tree.update()
        self._screen.say(language_name(tree.language))

    def do_order(self) -> None:
        """The tree in our order or in the document's."""
        self._screen.model_tree.reorder()

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
