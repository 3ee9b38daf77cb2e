"""The model's config by group: every key with its value, meaning and what-if."""

from __future__ import annotations

from tui.lines import Line, fit, line, wrapped
from tui.styles import ACCENT, BOLD, CURSOR, CURSOR_IDLE, DIM, EDITED, INPUT, PLAIN, TITLE, WARN
from tui.tree import OTHER, TreeRow, rows_with, shown_value, tree_rows
from tui.widgets.panes import Pane


class TreePane(Pane):
    """Rows of the config with a cursor; the meaning of the key below."""

    title = "model"

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.cursor = 1
        self.typed: str | None = None
        self.complaint = ""
        self.chinese = False
        self.search = ""
        self._rows: list[TreeRow] = []
        self._found: list[TreeRow] = []
        self._seen: object = None
        self._top = 0

    @property
    def rows(self) -> list[TreeRow]:
        """The tree of the model on screen, made anew when the model or its edits change."""
        session = self.session
        if session is None or session.prepared is None:
            return []
        model = session.prepared.model
        if self._seen is not model:
            from engine.glossary import group_order, groups_of_keys

            edited = frozenset(key for key, _ in session.store.current.edits)
            keys = groups_of_keys(model.config)
            self._rows = tree_rows(model.config, keys, group_order(), edited)
            self._seen = model
            self._search()
        return self._found

    def look_for(self, text: str) -> None:
        """Show only the keys whose name or value holds ``text``; nothing shows all."""
        self.search = text
        self.typed, self.complaint = None, ""
        self._search()

    def _search(self) -> None:
        chosen = self._found[self.cursor] if self.cursor < len(self._found) else None
        self._found = rows_with(self._rows, self.search)
        keys = [row.key for row in self._found]
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
        self.typed, self.complaint = None, ""
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

    def summary(self) -> tuple[str, ...]:
        """Name, size and what-ifs."""
        session = self.session
        assert session is not None
        if session.prepared is None:
            return ("reading …",)
        parts = [f"/{self.search}"] if self.search else []
        parts.append(session.prepared.model.name)
        edits = len(session.store.current.edits)
        if edits:
            parts.append(f"{edits} what-if")
        if session.prepared.model.kind == "language":
            architecture = session.prepared.architecture
            total, active = architecture.total_parameters, architecture.active_parameters
            parts.append(f"{total / 1e9:.2f} B")
            if active != total:
                parts.append(f"{active / 1e9:.2f} B active")
        return tuple(parts)

    def body(self, width: int, height: int) -> list[Line]:
        """Rows, then the meaning of the selected key in the last lines."""
        rows = self.rows
        if not rows:
            return [line(("no key matches; esc shows all" if self.search else "reading …", DIM))]
        meaning = self._meaning(width, 4 if height >= 12 else 2 if height >= 6 else 0)
        visible = max(height - len(meaning), 1)
        if self.cursor < self._top:
            self._top = self.cursor
        elif self.cursor >= self._top + visible:
            self._top = self.cursor - visible + 1
        self._top = max(0, min(self._top, len(rows) - visible))
        if self.cursor == self._top + 0 and self._top and rows[self._top - 1].is_heading:
            self._top -= 1
        lines = [
            self._line(place, rows[place], width)
            for place in range(self._top, min(self._top + visible, len(rows)))
        ]
        lines += [line("")] * (visible - len(lines))
        return lines + meaning

    def _line(self, place: int, row: TreeRow, width: int) -> Line:
        if row.is_heading:
            return line((f"▾ {self._group_title(row.group)}", TITLE))
        current = place == self.cursor
        marker = "*" if row.edited else " "
        key_width = min(max(width // 2, 16), 30)
        key = row.key if len(row.key) <= key_width else "…" + row.key[-(key_width - 1) :]
        style = EDITED if row.edited else PLAIN
        if current and self.typed is not None:
            shown = (
                f" {self.typed[-(width - key_width - 6) :]}▏",
                WARN if self.complaint else INPUT,
            )
        else:
            value = fit(shown_value(row.value), max(width - key_width - 5, 4)).rstrip()
            cursor = CURSOR if self.focused_pane else CURSOR_IDLE
            shown = (f" {value} ", cursor if current else style)
        return line((f" {marker}", EDITED), (fit(key, key_width), BOLD if current else DIM), shown)

    def _group_title(self, group: str) -> str:
        if group == OTHER:
            return "其他" if self.chinese else "other"
        from engine.glossary import group_title

        return group_title(group, chinese=self.chinese)

    def _meaning(self, width: int, height: int) -> list[Line]:
        """What the selected key is and does, in the chosen language."""
        row = self.row
        if not height or row is None or row.is_heading:
            return []
        if self.complaint:
            return [line((one, WARN)) for one in wrapped(self.complaint, width, height)]
        from engine.glossary import lookup

        entry = lookup(row.key)
        if entry is None:
            words = "没有说明。" if self.chinese else "Not in the glossary."
        elif self.chinese:
            words = f"{entry.chinese} {entry.effect_chinese}"
        else:
            words = f"{entry.english} {entry.effect_english}"
        lines = [line((one, ACCENT)) for one in wrapped(words, width, height)]
        return lines + [line("")] * (height - len(lines))
