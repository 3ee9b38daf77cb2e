"""A form: one field a line, typed over directly, answered at once."""

from __future__ import annotations

from tui.fields import Field, fields_for
from tui.lines import Line, Run, fit, line
from tui.styles import ACCENT, BOLD, CURSOR, CURSOR_IDLE, DIM, INPUT, PLAIN, WARN
from tui.widgets.panes import Pane


class FormPane(Pane):
    """Fields with a cursor. ``typed`` is what is being typed over the current field, or None;
    ``complaint`` says why the typed text is not taken."""

    def __init__(self, *, id: str, title: str, form: tuple[Field, ...]) -> None:
        super().__init__(id=id)
        self.title = title
        self._form = form
        self.cursor = 0
        self.top = 0
        self.typed: str | None = None
        self.complaint = ""

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields that make sense for the current model."""
        session = self.session
        kind = "language"
        if session is not None and session.prepared is not None:
            kind = session.prepared.model.kind
        return fields_for(self._form, kind)

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
            return (self.complaint or self.field.hint,)
        return tuple(f"{one.label} {one.read(scenario)}" for one in self.fields)

    def move(self, by: int) -> None:
        """Move the cursor; typing ends."""
        self.typed, self.complaint = None, ""
        self.cursor = (self.cursor + by) % len(self.fields)

    def body(self, width: int, height: int) -> list[Line]:
        """One line a field, around the cursor."""
        session = self.session
        assert session is not None
        scenario = session.store.current
        fields = self.fields
        top = self.top = max(0, min(self.cursor - height // 2, len(fields) - height))
        label_width = max(len(one.label) for one in fields) + 1
        lines = []
        for place in range(top, min(top + height, len(fields))):
            field = fields[place]
            value = field.read(scenario)
            lines.append(self._field_line(field, value, place == self.cursor, label_width, width))
        return lines

    def _field_line(
        self, field: Field, value: str, current: bool, label_width: int, width: int
    ) -> Line:
        label: Run = (f" {field.label:<{label_width}} ", BOLD if current else DIM)
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
                (f" {fit(value, min(len(value), room))} ", style),
                (f" {arrows} {self._owner(field, value)}", ACCENT),
            )
        shown = f" {fit(value, min(len(value), room))} "
        return line(label, (shown, PLAIN), (self._owner(field, value), ACCENT))

    def _owner(self, field: Field, value: str) -> str:
        """``yours`` beside a profile from the person's own folder."""
        from engine.sources.profile_files import BUNDLED

        prepared = self.session.prepared if self.session is not None else None
        if prepared is None:
            return ""
        profile = {"chip": prepared.chip, "framework": prepared.framework}.get(field.id)
        own = profile is not None and profile.id == value and profile.origin != BUNDLED
        return "yours" if own else ""
