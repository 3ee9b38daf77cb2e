"""A form: one field a line, typed over directly, answered at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from engine.model.kinds import ModelCategory
from engine.scenario import Lengths, Scenario
from engine.words.messages import say
from tui.drawing.lines import Line, Run, cells, fit, joined, line, width_of
from tui.drawing.styles import ACCENT, BOLD, CURSOR, CURSOR_IDLE, DIM, INPUT, PLAIN, WARN
from tui.fields.forms import HARDWARE, WORKLOAD, Field, cycle, fields_for
from tui.fields.settings import OWN
from tui.widgets.form_rows import FormRow, Heading, form_rows
from tui.widgets.panes import Place, TypedPane

_LENGTHS = ("input_tokens", "output_tokens")


LONG_LIST = 6
"""Choices from which on a letter narrows them: fewer are stepped through."""
_STEERING = frozenset("jkg")


class FormPane(TypedPane):
    """Fields with a cursor."""

    place = Place.LEFT
    takes_every_key = True
    help = (
        (
            "",
            (
                ("enter", "opens a field: 4K, 1.5s, 70B are read; choices are a list"),
                ("enter esc", "take what is typed / the value before"),
                ("a letter", "on a long list: those that it begins, to be narrowed"),
                ("▸", "more fields: enter or → opens them, ← folds them"),
            ),
        ),
    )
    form: ClassVar[tuple[Field, ...]]

    def __init__(self) -> None:
        super().__init__()
        self.cursor = 0
        self.top = 0
        self.opened: set[str] = set()
        """The groups of fields that are not folded."""

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields that make sense for the current model."""
        session = self.session
        kind = ModelCategory.LANGUAGE
        if session is not None and session.prepared is not None:
            kind = session.prepared.model.kind
        return fields_for(self.form, kind)

    @property
    def rows(self) -> list[FormRow]:
        """What there is a line for: fields, and headings of those that are folded."""
        return list(form_rows(self.fields, self.opened))

    @property
    def row(self) -> FormRow:
        """The line under the cursor."""
        rows = self.rows
        self.cursor = min(self.cursor, len(rows) - 1)
        return rows[self.cursor]

    @property
    def field(self) -> Field | None:
        """The field under the cursor; None on a heading."""
        row = self.row
        return row if isinstance(row, Field) else None

    def unfold(self, groups: Iterable[str]) -> None:
        """Open groups."""
        self.opened = set(groups)

    def fold_key(self, direction: int) -> tuple[str, ...] | None:
        """Open or close the group whose heading the cursor stands on."""
        row = self.row
        if not isinstance(row, Heading):
            return None
        wanted = direction > 0 if direction else not row.opened
        self.opened = self.opened - {row.group} | ({row.group} if wanted else set())
        return tuple(sorted(self.opened))

    def show_field(self, id: str) -> bool:
        """Put the cursor on a field, its group open; whether it is one of this form."""
        field = next((one for one in self.fields if one.id == id), None)
        if field is None:
            return False
        self.leave()
        self.opened |= {field.group} - {""}
        self.cursor = self.rows.index(field)
        return True

    def narrows_with(self, character: str) -> bool:
        """Whether a small letter begins one of the long list of choices under the cursor. What
        moves the cursor goes on moving it, and capitals stay commands."""
        field = self.field
        if field is None or field.choices is None or not character.islower():
            return False
        choices = () if character in _STEERING else field.choices()
        begins = any(one.lower().startswith(character) for one in choices)
        return begins and len(choices) > LONG_LIST

    def summary(self) -> tuple[str, ...]:
        """What the field takes; the first values when the pane is folded."""
        session = self.session
        assert session is not None
        scenario = session.store.current
        if self.size.height > 1 and self.focused_pane:
            return (self.complaint or self._hint(), self._below())
        return tuple(f"{say(one.label)} {say(one.read(scenario))}" for one in self.fields)

    def _hint(self) -> str:
        field = self.field
        return say("enter opens and folds") if field is None else say(field.hint)

    def _below(self) -> str:
        """How many lines are further down than is seen."""
        height, rows = self.size.height - 1, len(self.rows)
        top = max(0, min(self.cursor - height // 2, rows - height))
        more = rows - top - height
        return say("↓ {more} more", more=more) if more > 0 and not self.complaint else ""

    def move(self, by: int) -> None:
        """Move the cursor; typing ends. One step goes round; more stop at the ends."""
        self.leave()
        last = len(self.rows) - 1
        place = self.cursor + by
        self.cursor = place % (last + 1) if abs(by) == 1 else max(0, min(place, last))

    def wanted_lines(self) -> int | None:
        """Every line and the title."""
        return len(self.rows) + 1

    def can_be_typed(self) -> bool:
        """Whether a field is under the cursor, no heading."""
        return self.field is not None

    def choose(self, y: int) -> None:
        """The field in line ``y``."""
        place = self.top + y - 1
        if 0 <= place < len(self.rows):
            self.leave()
            self.cursor = place

    def steps_with(self, character: str) -> bool:
        """Plus and minus step a number."""
        field = self.field
        return character in {"+", "-"} and field is not None and field.choices is None

    def written(self, scenario: Scenario, text: str) -> tuple[Scenario, str]:
        """The field under the cursor as typed."""
        field = self.field
        assert field is not None
        return field.write(scenario, text), field.label

    def stepped(self, scenario: Scenario, direction: int) -> tuple[Scenario, str] | None:
        """The field's next choice or step."""
        field = self.field
        return None if field is None else (cycle(field, scenario, direction), field.label)

    def body(self, width: int, height: int) -> list[Line]:
        """One line a field, around the cursor."""
        session = self.session
        assert session is not None
        scenario = session.store.current
        rows = self.rows
        self.cursor = min(self.cursor, len(rows) - 1)
        top = self.top = max(0, min(self.cursor - height // 2, len(rows) - height))
        label_width = max(cells(say(one.label)) for one in rows if isinstance(one, Field)) + 1
        lines = []
        for place in range(top, min(top + height, len(rows))):
            row, current = rows[place], place == self.cursor
            if isinstance(row, Heading):
                lines.append(self._heading_line(row, scenario, current, width))
                continue
            value = self._shown(row, scenario)
            lines.append(self._field_line(row, value, current, label_width, width))
        return lines

    def _heading_line(self, row: Heading, scenario: Scenario, current: bool, width: int) -> Line:
        """A group: what was chosen in it, else what is in it."""
        style = (CURSOR if self.focused_pane else CURSOR_IDLE) if current else BOLD
        name: Run = (f" {'▾' if row.opened else '▸'} {say(row.group)} ", style)
        chosen = row.chosen(scenario)
        words = [f"{say(label)} {say(value)}" for label, value in chosen]
        words = words or [say(one.label) for one in row.fields]
        told = joined(words, width - width_of([name]) - 2, say(", ")).rstrip()
        return line(name, (f" {'' if row.opened else told}", ACCENT if chosen else DIM))

    def _shown(self, field: Field, scenario: Scenario) -> str:
        """The value; where nothing is chosen, what stands instead."""
        value = field.read(scenario)
        prepared = self.session.prepared if self.session is not None else None
        if field.standing is None or prepared is None or value != OWN:
            return say(value)
        return say("{standing} (own)", standing=field.standing(prepared))

    def _field_line(
        self, field: Field, value: str, current: bool, label_width: int, width: int
    ) -> Line:
        label: Run = (f" {fit(say(field.label), label_width)} ", BOLD if current else DIM)
        room = max(width - label_width - 6, 4)
        if current and self.typed is not None:
            style = INPUT if not self.complaint else WARN
            return line(
                label, (f" {self.typed[-room:]}▏", style), (" ✗" if self.complaint else "", WARN)
            )
        if current:
            style = CURSOR if self.focused_pane else CURSOR_IDLE
            arrows = "◂▸" if field.choices is not None else "±" if field.step else ""
            return line(
                label,
                (f" {fit(value, min(cells(value), room))} ", style),
                (f" {arrows} {self._owner(field, value)}", ACCENT),
            )
        shown = f" {fit(value, min(cells(value), room))} "
        return line(label, (shown, PLAIN), (self._owner(field, value), ACCENT))

    def _owner(self, field: Field, value: str) -> str:
        """``yours`` beside a profile from the person's own folder; what made lengths that nobody
        chose."""
        from engine.sources.profile_files import BUNDLED

        prepared = self.session.prepared if self.session is not None else None
        if self.session is None or prepared is None:
            return ""
        if field.id in _LENGTHS:
            fits = self.session.store.current.workload.lengths is Lengths.FITTED
            return say("fits its context") if fits else ""
        profiles = {
            "chip": (prepared.chip.id, prepared.chip.origin),
            "framework": (prepared.framework.id, prepared.framework.origin),
        }
        id, origin = profiles.get(field.id, ("", BUNDLED))
        return say("yours") if id == value and origin != BUNDLED else ""


class HardwarePane(FormPane):
    """What it runs on."""

    short_name = "hardware"
    number = 2
    title = "hardware"
    open_lines = 12
    form = HARDWARE


class WorkloadPane(FormPane):
    """What is asked of it."""

    short_name = "workload"
    number = 3
    title = "workload and SLO"
    open_lines = 11
    form = WORKLOAD
