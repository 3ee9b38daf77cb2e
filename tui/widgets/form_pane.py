"""A form: one field a line, typed over directly, answered at once."""

from __future__ import annotations

from typing import ClassVar

from engine.model.kinds import ModelCategory
from engine.scenario import Lengths, Scenario
from engine.words.messages import say
from tui.fields import HARDWARE, WORKLOAD, Field, cycle, fields_for
from tui.lines import Line, Run, cells, fit, line
from tui.setting_fields import OWN
from tui.styles import ACCENT, BOLD, CURSOR, CURSOR_IDLE, DIM, INPUT, PLAIN, WARN
from tui.widgets.panes import Place, TypedPane

_LENGTHS = ("input_tokens", "output_tokens")


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
            ),
        ),
    )
    form: ClassVar[tuple[Field, ...]]

    def __init__(self) -> None:
        super().__init__()
        self.cursor = 0
        self.top = 0

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields that make sense for the current model."""
        session = self.session
        kind = ModelCategory.LANGUAGE
        if session is not None and session.prepared is not None:
            kind = session.prepared.model.kind
        return fields_for(self.form, kind)

    @property
    def field(self) -> Field:
        """The field under the cursor."""
        fields = self.fields
        self.cursor = min(self.cursor, len(fields) - 1)
        return fields[self.cursor]

    def summary(self) -> tuple[str, ...]:
        """What the field takes; the first values when the pane is folded."""
        session = self.session
        assert session is not None
        scenario = session.store.current
        if self.size.height > 1 and self.focused_pane:
            return (self.complaint or say(self.field.hint),)
        return tuple(f"{say(one.label)} {say(one.read(scenario))}" for one in self.fields)

    def move(self, by: int) -> None:
        """Move the cursor; typing ends. One step goes round; more stop at the ends."""
        self.leave()
        last = len(self.fields) - 1
        place = self.cursor + by
        self.cursor = place % (last + 1) if abs(by) == 1 else max(0, min(place, last))

    def wanted_lines(self) -> int | None:
        """Every field and the title."""
        return len(self.fields) + 1

    def choose(self, y: int) -> None:
        """The field in line ``y``."""
        place = self.top + y - 1
        if 0 <= place < len(self.fields):
            self.leave()
            self.cursor = place

    def steps_with(self, character: str) -> bool:
        """Plus and minus step a number."""
        return character in {"+", "-"} and self.field.choices is None

    def written(self, scenario: Scenario, text: str) -> tuple[Scenario, str]:
        """The field under the cursor as typed."""
        return self.field.write(scenario, text), self.field.label

    def stepped(self, scenario: Scenario, direction: int) -> tuple[Scenario, str]:
        """The field's next choice or step."""
        return cycle(self.field, scenario, direction), self.field.label

    def body(self, width: int, height: int) -> list[Line]:
        """One line a field, around the cursor."""
        session = self.session
        assert session is not None
        scenario = session.store.current
        fields = self.fields
        top = self.top = max(0, min(self.cursor - height // 2, len(fields) - height))
        label_width = max(cells(say(one.label)) for one in fields) + 1
        lines = []
        for place in range(top, min(top + height, len(fields))):
            field = fields[place]
            value = self._shown(field, scenario)
            lines.append(self._field_line(field, value, place == self.cursor, label_width, width))
        return lines

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
