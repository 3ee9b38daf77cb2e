"""The model's config by group: every key with its value, meaning and what-if."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from engine.model.kinds import ModelKind
from engine.sources.languages import words
from engine.words.messages import ENGLISH, say
from tui.drawing.lines import Line, fit, line, width_of
from tui.drawing.short_names import short_names
from tui.drawing.styles import BOLD, CURSOR, CURSOR_IDLE, DIM, EDITED, INPUT, PLAIN, TITLE, WARN
from tui.tree import (
    ASSUMED,
    OTHER,
    TreeOrder,
    TreeRow,
    assumed_rows,
    document_rows,
    flattened,
    parse_value,
    rows_with,
    shown_value,
    stepped,
    tree_rows,
)
from tui.widgets.panes import Moves, Place, TypedPane

if TYPE_CHECKING:
    from engine.plan.sensitivity.key_effects import KeyEffect
    from engine.scenario import Scenario
    from tui.session.session import Session

EFFECT_LINES = 2
WIDE = 76
"""From this width the effects stand beside the values."""
_KEY, _VALUE = 27, 16
"""Cells of keys and values beside effects."""


class TreePane(TypedPane):
    """Rows of the config with a cursor; the meaning of the key below."""

    short_name = "model"
    number = 1
    title = "model"
    place = Place.LEFT
    moves = Moves.KEY
    takes_every_key = False

    def __init__(self) -> None:
        super().__init__()
        self.cursor = 1
        self.language = ENGLISH
        self.order = TreeOrder.GROUPS
        self.search = ""
        self._rows: list[TreeRow] = []
        self._found: list[TreeRow] = []
        self._seen: object = None
        self._seen_in = self.order
        self._top = 0
        self._effects: dict[str, Sequence[KeyEffect]] = {}
        self._effects_of: object = None
        self._short: Mapping[str, str] = {}
        self._short_of: object = None

    @property
    def rows(self) -> list[TreeRow]:
        """The tree of the model on screen, made anew when the model or its edits change."""
        session = self.session
        if session is None or session.prepared is None:
            return []
        model = session.prepared.model
        if self._seen is not model or self._seen_in is not self.order:
            self._rows = _rows_of(session, self.order)
            self._seen, self._seen_in = model, self.order
            self._search()
        return self._found

    # --- effects ----------------------------------------------------------------------------

    def knows_effects(self, scenario: Scenario, place: object, key: str) -> bool:
        """Whether the effects of a key on this very plan are known."""
        return self._effects_of == (scenario, place) and key in self._effects

    def learn_effects(
        self, scenario: Scenario, place: object, key: str, effects: Sequence[KeyEffect]
    ) -> None:
        """Take the effects of a key; those of another plan are forgotten."""
        if self._effects_of != (scenario, place):
            self._effects_of = (scenario, place)
            self._effects = {}
        self._effects[key] = effects
        self.update()

    @property
    def keys_in_view(self) -> list[TreeRow]:
        """The keys whose effects are to be seen now: the cursor's, then those around it."""
        row, rows = self.row, self.rows
        if row is None:
            return []
        last = self._top + self.size.height if self.size.width >= WIDE else self._top
        others = [one for one in rows[self._top : last] if one is not row]
        return [one for one in (row, *others) if one.key and not (one.note or one.absent)]

    def _known_effects(self, row: TreeRow) -> Sequence[KeyEffect] | None:
        session = self.session
        if session is None or self._effects_of is None or session.selected is None:
            return None
        from tui.candidates import candidate_of

        here = (session.store.current, candidate_of(*session.selected))
        return self._effects.get(row.key) if self._effects_of == here else None

    def reorder(self) -> None:
        """The document's blocks and order instead of the glossary's groups, and back."""
        self.order = next(one for one in TreeOrder if one is not self.order)
        self.typed, self.complaint = None, ""
        self.update()

    def look_for(self, text: str) -> None:
        """Show only the keys whose name or value holds ``text``; nothing shows all."""
        self.search = text
        self.leave()
        self._search()

    def _search(self) -> None:
        chosen = self._found[self.cursor] if self.cursor < len(self._found) else None
        self._found = rows_with(self._rows, self.search)
        keys = [row.key for row in self._found]
        if chosen is not None and chosen.key in keys[self.cursor : self.cursor + 1]:
            return
        if chosen is not None and chosen.key in keys:
            self.cursor = keys.index(chosen.key)
        elif self._found:
            self.cursor = min(max(self.cursor, 1), len(self._found) - 1)
        else:
            self.cursor = 0

    @property
    def row(self) -> TreeRow | None:
        """The row under the cursor."""
        rows = self.rows
        return rows[self.cursor] if rows else None

    def move(self, by: int) -> None:
        """Move the cursor over keys, not headings; editing ends."""
        self.leave()
        rows = self.rows
        if not rows:
            return
        place = self.cursor + by
        way = 1 if by >= 0 else -1
        while 0 <= place < len(rows) and rows[place].is_heading:
            place += way
        if 0 <= place < len(rows):
            self.cursor = place
        elif abs(by) > 1:
            self.cursor = len(rows) - 1 if by > 0 else 1

    def back(self) -> bool:
        """Show every key again."""
        if not self.search:
            return False
        self.look_for("")
        return True

    def can_be_typed(self) -> bool:
        """Headings and notes are no values."""
        row = self.row
        return row is not None and not row.is_heading and not row.note

    def written(self, scenario: Scenario, text: str) -> tuple[Scenario, str]:
        """A what-if of the key under the cursor."""
        row = self.row
        if row is None:
            return scenario, ""
        return _what_if(scenario, row.key, parse_value(text)), row.key

    def stepped(self, scenario: Scenario, direction: int) -> tuple[Scenario, str] | None:
        """A what-if one step up or down."""
        row = self.row
        if row is None or not self.can_be_typed():
            return scenario, ""
        value = stepped(row.value, direction)
        return None if value == row.value else (_what_if(scenario, row.key, value), row.key)

    def summary(self) -> tuple[str, ...]:
        """Name, size and what-ifs."""
        session = self.session
        assert session is not None
        if session.prepared is None:
            return (say("reading …"),)
        parts = [f"/{self.search}"] if self.search else []
        parts.append(session.prepared.model.name)
        edits = len(session.store.current.edits)
        if edits:
            parts.append(say("{edits} what-if", edits=edits))
        if session.prepared.kind is ModelKind.TOKENS:
            architecture = session.prepared.architecture
            total, active = architecture.total_parameters, architecture.active_parameters
            parts.append(f"{total / 1e9:.2f} B")
            if active != total:
                parts.append(say("{active:.2f} B active", active=active / 1e9))
        else:
            vision = session.prepared.forward_model
            parts += [f"{vision.parameters / 1e6:.1f} M", f"{vision.flops / 1e9:.2f} GFLOPs"]
        return tuple(parts)

    def body(self, width: int, height: int) -> list[Line]:
        """Rows, then what the selected key is and does in the last lines."""
        rows = self.rows
        if not rows:
            return [
                line(
                    (say("no key matches; esc shows all") if self.search else say("reading …"), DIM)
                )
            ]
        head = self._effects_head(width)
        words = self._words(width, height - len(head))
        visible = max(height - len(words) - len(head), 1)
        if self.cursor < self._top:
            self._top = self.cursor
        elif self.cursor >= self._top + visible:
            self._top = self.cursor - visible + 1
        self._top = max(0, min(self._top, len(rows) - visible))
        if self.cursor == self._top and self._top and rows[self._top - 1].is_heading:
            self._top -= 1
        lines = [
            self._line(place, rows[place], width)
            for place in range(self._top, min(self._top + visible, len(rows)))
        ]
        lines += [line("")] * (visible - len(lines))
        return head + lines + words

    def _effects_head(self, width: int) -> list[Line]:
        """The names of the columns beside the values, where there are any."""
        if width < WIDE:
            return []
        from tui.widgets.tree_effects import effects_head, pairs_in

        samples = self.session.samples if self.session is not None else ""
        names = effects_head(pairs_in(width - _KEY - _VALUE - 4), samples)
        said = words(self.language, "tree")
        return [line((f"  {fit(said['key'], _KEY)} {fit(said['value'], _VALUE + 1)}{names}", DIM))]

    def _words(self, width: int, height: int) -> list[Line]:
        """The lines below the rows: always as many for a height, so that rows do not jump."""
        from tui.widgets.tree_words import complaint_lines, edit_line, effect_lines, meaning_lines

        room = (
            8
            if height >= 24
            else 6
            if height >= 13
            else 5
            if height >= 11
            else 3
            if height >= 7
            else 0
        )
        row = self.row
        if not room or row is None or row.is_heading:
            return [line("")] * room
        if self.complaint:
            lines = complaint_lines(self.complaint, width, room)
        else:
            samples = self.session.samples if self.session is not None else ""
            known = self._known_effects(row)
            lines = effect_lines(known, row, width, samples=samples, language=self.language)
            lines = lines[:EFFECT_LINES]
            if known is None and not self.focused_pane:
                # Nobody looks at the key: its effect is worked out when the cursor comes here.
                lines = []
            lines += (
                [edit_line(row, width, language=self.language)]
                if row.edited and room > len(lines) + 1
                else []
            )
            effects = 0 if row.note or row.absent else EFFECT_LINES
            most = room - max(len(lines), effects)
            lines = meaning_lines(row, language=self.language, width=width, most=most) + lines
        return lines + [line("")] * (room - len(lines))

    def _line(self, place: int, row: TreeRow, width: int) -> Line:
        if row.is_heading:
            return line((f"▾ {self._group_title(row.group)}", TITLE))
        current, wide = place == self.cursor, width >= WIDE
        marker = "*" if row.edited else "≈" if row.group == ASSUMED else " "
        key_width = _KEY if wide else min(max(width // 2, 16), 30)
        room = _VALUE - 1 if wide and not row.note else max(width - key_width - 5, 4)
        key = self._short_names(key_width)[row.key]
        style = EDITED if row.edited else PLAIN
        if current and self.typed is not None:
            shown = (f" {self.typed[-room:]}▏", WARN if self.complaint else INPUT)
        else:
            value = "–" if row.absent else fit(shown_value(row.value), room).rstrip()
            cursor = CURSOR if self.focused_pane else CURSOR_IDLE
            shown = (f" {value} ", cursor if current else style)
        name = (fit(key, key_width), BOLD if current else DIM)
        start = line((f" {marker}", EDITED), name, shown)
        return start + self._beside(row, width, width_of(start)) if wide else start

    def _short_names(self, width: int) -> Mapping[str, str]:
        """The keys of the whole tree in ``width`` cells."""
        if self._short_of != (id(self._rows), width):
            self._short = short_names([one.key for one in self._rows], width)
            self._short_of = (id(self._rows), width)
        return self._short

    def _beside(self, row: TreeRow, width: int, used: int) -> Line:
        """The effects beside a value that has any."""
        from engine.plan.sensitivity.key_effects import tried_values
        from tui.widgets.tree_effects import effects_cells, pairs_in

        before = _KEY + _VALUE + 4
        if row.note or used > before or not tried_values(row.value):
            return ()
        cells = effects_cells(self._known_effects(row), row.value, pairs_in(width - before))
        return ((" " * (before - used), PLAIN), *cells)

    def _group_title(self, group: str) -> str:
        if group in (OTHER, ASSUMED):
            return words(self.language, "tree")[group]
        from engine.model.document_order import block_title
        from engine.model.glossary import group_title

        title = block_title if self.order is TreeOrder.DOCUMENT else group_title
        return title(group, self.language)


def _what_if(scenario: Scenario, key: str, value: object) -> Scenario:
    """The scenario with another value of a config key; raises `RooftopError` when the engine
    refuses it."""
    from engine.plan.prepared import prepare
    from engine.plan.sensitivity.key_effects import edited

    changed = edited(scenario, key, value)
    prepare(changed)
    return changed


def _rows_of(session: Session, order: TreeOrder) -> list[TreeRow]:
    """The rows of the model on screen: its config in that order, then what was assumed."""
    from engine.model.document_order import document_blocks
    from engine.model.glossary import group_order, groups_of_keys

    assert session.prepared is not None
    model = session.prepared.model
    originals = _originals(session.store.current)
    if order is TreeOrder.DOCUMENT:
        rows = document_rows(model.config, document_blocks(model.config), originals)
    else:
        rows = tree_rows(model.config, groups_of_keys(model.config), group_order(), originals)
    architecture = model.architecture
    return rows + assumed_rows(architecture.assumptions, model.warnings, model.config)


def _originals(scenario: Scenario) -> dict[str, Any]:
    """The edited keys with the values that the file has for them."""
    from dataclasses import replace

    from engine.plan.prepared import prepare
    from engine.words.errors import RooftopError

    if not scenario.edits:
        return {}
    try:
        config = prepare(replace(scenario, edits=())).model.config
    except RooftopError:
        config = {}
    own = dict(flattened(config))
    return {key: own.get(key) for key, _ in scenario.edits}
