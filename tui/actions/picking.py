"""Picking from a list: chips, models, engines, saved plans, precisions, and a field's choices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.words.messages import say
from tui.actions.base import Group
from tui.actions.choosing import Choosing
from tui.actions.files import Files
from tui.desk import Desk
from tui.fields.field import Field
from tui.fields.forms import HARDWARE
from tui.widgets.form_pane import FormPane
from tui.widgets.panes import TypedPane

if TYPE_CHECKING:
    from tui.nouns.noun import Noun

_OF_FIELDS = {"chip": "chip", "framework": "engine"}
"""Fields of forms that are nouns."""


class Picking(Group):
    """One list for every noun; what is picked is taken as if it had been typed."""

    def __init__(self, desk: Desk, files: Files, choosing: Choosing) -> None:
        super().__init__(desk)
        self._choosing = choosing
        self._files = files

    def do_chip(self) -> None:
        """Pick a chip."""
        self.pick("chip", self.take_chip)

    def do_engine(self) -> None:
        """Pick an engine."""
        self.pick("engine", self.take_engine)

    def do_precision(self) -> None:
        """Pick a precision."""
        self.pick("precision", self.take_precision)

    def do_model(self) -> None:
        """Pick a model, or type what names one: a file, a folder, a hub id, a benchmark name."""
        self.pick("model", self.take_model)

    def do_open(self) -> None:
        """Pick a saved plan or a scenario of before, or type a plan's path, and restore it."""
        self.pick("open", self.take_open)

    def take_chip(self, text: str) -> None:
        """A chip by its name; several are put side by side."""
        if "," in text:
            self._choosing.hardware(_listed(text), ())
            return
        self._write(_field("chip"), text)

    def take_engine(self, text: str) -> None:
        """An engine by its name; several, or any, are put side by side."""
        if "," in text or text.strip() == "any":
            self._choosing.hardware((), _listed(text))
            return
        self._write(_field("framework"), text)

    def take_precision(self, text: str) -> None:
        """Formats of weights and activations by their bits, or by a format's name; several are
        put side by side."""
        from engine.plan.names.named_scenario import with_precision

        if "," in text:
            self._change(replace(self._store.current, precisions=_listed(text)), "precisions")
            self._choosing.do_precisions()
            return
        self._change(with_precision(self._store.current, text), "precision")

    def take_model(self, text: str) -> None:
        """A model by whatever names it."""
        self._files.use_model(text)

    def take_open(self, text: str) -> None:
        """A scenario of before by its name, or a plan by its path."""
        from tui.session.past import past_scenarios

        past = next((one for one in past_scenarios() if one.name == text), None)
        if past is None:
            self._files.open_plan(text)
        else:
            self._files.restore_past(past)

    def take_field(self, id: str) -> None:
        """Go to a field of a form, wherever it is folded."""
        for pane in self._desk.panes:
            if isinstance(pane, FormPane) and pane.show_field(id):
                self._desk.zoomed = False
                self._desk.focus_pane(pane)
                self._desk.paint_arranged()
                return
        self._desk.say(say("not a field of this kind of model"))

    def take_knob(self, text: str) -> None:
        """Set a field by its name, as ``rate 3``; raises `InputError`."""
        from tui.fields.knobs import knob

        found = knob(text)
        forms = [pane for pane in self._desk.panes if isinstance(pane, FormPane)]
        known = tuple(field for pane in forms for field in pane.fields)
        field = found.of(known) if found is not None else None
        if found is None or field is None:
            self._desk.say(say("not a field of this kind of model"))
        else:
            self._write(field, found.text)

    def do_edit(self) -> None:
        """Open the value under the cursor: its choices as a list, else to type over it."""
        pane = self._desk.active
        if not isinstance(pane, TypedPane) or self._fold(0) or not pane.can_be_typed():
            return
        field = pane.field if isinstance(pane, FormPane) else None
        if field is not None and field.choices is not None:
            self._pick_choice(field)
            return
        self._store.separate()
        pane.begin(self._store.current)
        self._desk.paint()

    def narrow(self, character: str) -> bool:
        """Open the choices under the cursor at those that a letter begins; False where it begins
        none."""
        pane = self._desk.active
        if not isinstance(pane, FormPane) or not pane.narrows_with(character):
            return False
        assert pane.field is not None
        self._pick_choice(pane.field, character)
        return True

    def _pick_choice(self, field: Field, typed: str = "") -> None:
        from tui.nouns.every import BY_ID, choice_noun

        assert field.choices is not None
        noun = BY_ID[_OF_FIELDS[field.id]] if field.id in _OF_FIELDS else None
        noun = noun or choice_noun(field.id, field.label, field.read, field.choices)
        takers = {"chip": self.take_chip, "framework": self.take_engine}
        self._open(noun, takers.get(field.id) or (lambda text: self._write(field, text)), typed)

    def _write(self, field: Field, text: str) -> None:
        self._change(field.write(self._store.current, text), field.label)

    def pick(self, id: str, take: Callable[[str], None]) -> None:
        """Open the list of a noun; ``take`` gets what is chosen."""
        from tui.nouns.every import BY_ID

        self._open(BY_ID[id], take)

    def _open(self, noun: Noun, take: Callable[[str], None], typed: str = "") -> None:
        from tui.overlays.picker import Picker

        def taken(text: str | None) -> None:
            if text:
                take(text)

        self._desk.open(Picker(noun, self._store.current, typed), taken)


def _listed(text: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in text.split(",") if one.strip())


def _field(id: str) -> Field:
    return next(one for one in HARDWARE if one.id == id)
