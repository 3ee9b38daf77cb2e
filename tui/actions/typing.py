"""Keys that go into the value under the cursor."""

from __future__ import annotations

from textual import events

from engine.words.errors import RooftopError
from tui.actions.base import Group
from tui.widgets.form_pane import FormPane


class Typing(Group):
    """Typing over a field or over a key of the model's config."""

    @property
    def is_typing(self) -> bool:
        """Whether keys go into a value now."""
        form = self._form()
        if form is not None:
            return form.typed is not None
        return self._screen.active == "model" and self._screen.model_tree.typed is not None

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
        elif event.key in {"plus", "minus"} and form.field.choices is None:
            self._end_typing(form, event.key)
            self._screen.actions.run("more" if event.key == "plus" else "less")
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
            self.set_key(row.key, parse_value(tree.typed))
            return
        elif event.key in {"backspace", "ctrl+h"}:
            tree.typed = tree.typed[:-1]
        elif event.key == "ctrl+u":
            tree.typed = ""
        elif character.isprintable() and character:
            tree.typed += character
        self._screen.paint()

    def set_key(self, key: str, value: object) -> None:
        """Make a what-if of a config key, unless the engine refuses the value."""
        from engine.plan.key_effects import edited
        from engine.plan.prepared import prepare

        tree = self._screen.model_tree
        changed = edited(self._store.current, key, value)
        try:
            prepare(changed)
        except RooftopError as error:
            tree.complaint = str(error)
            self._screen.paint()
            return
        tree.typed, tree.complaint = None, ""
        self._change(changed, key)
