"""The live batch table: only what is on screen is formatted, columns drop out whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tui.format import change, gibibytes, milliseconds, rate
from tui.lines import Line, Run, fit, line
from tui.styles import BAD, BEST, CURSOR, DIM, GOOD, PLAIN, TITLE, WARN
from tui.widgets.panes import Pane


@dataclass(frozen=True, slots=True)
class Column:
    """One column; ``rank`` says which go first when there is no room (highest first)."""

    id: str
    label: str
    width: int
    rank: int
    text: Callable[[float], str] | None = None


LANGUAGE = (
    Column("ttft_ms", "TTFT ms", 9, 2, milliseconds),
    Column("tpot_ms", "TPOT ms", 8, 1, milliseconds),
    Column("e2e_ms", "E2E ms", 8, 5, milliseconds),
    Column("tps_per_chip", "tok/s/chip", 10, 0, rate),
    Column("tps_per_user", "tok/s/user", 10, 4, rate),
    Column("memory_gib", "GiB", 7, 3, gibibytes),
)
VISION = (
    Column("latency_ms", "latency ms", 10, 1, milliseconds),
    Column("fps", "images/s", 9, 2, rate),
    Column("fps_per_chip", "img/s/chip", 10, 0, rate),
    Column("memory_gib", "GiB", 7, 3, gibibytes),
)
_SHORT = {0: "meets", 1: "memory", 2: "TTFT", 3: "TPOT", 4: "E2E", 5: "latency"}
_UP_IS_BAD = {"ttft_ms", "tpot_ms", "e2e_ms", "latency_ms", "memory_gib"}


class TablePane(Pane):
    """Rows of the session's current view around its cursor."""

    title = "batches"

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._top = 0

    def summary(self) -> tuple[str, ...]:
        """Where the cursor is, which rows these are, and the row's benchmark name."""
        session = self.session
        assert session is not None
        if session.layout is None or session.precision is None:
            return ("working …",)
        place = f"{session.cursor + 1}/{len(session.rows)}" if len(session.rows) else "no rows"
        views = {"best": "best of each layout", "all": "all candidates"}
        layout = f"{session.layout.name} {session.precision.label}"
        parts = [place, views.get(session.view.view, layout)]
        if session.view.filter != "all":
            parts.append(f"only {session.view.filter}")
        if session.view.sort:
            parts.append(f"by {session.view.sort} {'▼' if session.view.descending else '▲'}")
        chosen = session.selected
        if chosen is not None:
            parts.insert(1, self._benchmark(chosen[1]))
        return tuple(parts)

    def body(self, width: int, height: int) -> list[Line]:
        """Header and the visible rows."""
        session = self.session
        assert session is not None
        table = session.shown
        if table is None:
            return [line(("working …", DIM))]
        columns = LANGUAGE if table.kind == "language" else VISION
        chosen, layouts, verdict, name = _columns_for(columns, width, session.view.view != "layout")
        lines = [self._header(chosen, layouts, verdict, name)]
        visible = max(height - 1, 1)
        self._scroll(visible, len(session.rows))
        for place in range(self._top, min(self._top + visible, len(session.rows))):
            lines.append(self._row(place, chosen, layouts, verdict, name, width))
        return lines

    @property
    def page(self) -> int:
        """Rows that are visible at a time."""
        return max(self.size.height - 2, 1)

    def _scroll(self, visible: int, rows: int) -> None:
        assert self.session is not None
        cursor = self.session.cursor
        if self.session.following:
            # The best row in the middle shows what the next larger batches miss.
            self._top = cursor - visible // 2
        elif cursor < self._top:
            self._top = cursor
        elif cursor >= self._top + visible:
            self._top = cursor - visible + 1
        self._top = max(0, min(self._top, rows - visible))

    def _header(self, chosen: tuple[Column, ...], layouts: bool, verdict: bool, name: int) -> Line:
        assert self.session is not None
        sort, down = self.session.view.sort, self.session.view.descending
        arrow = "▼" if down else "▲"

        def label(id: str, text: str, width: int) -> str:
            return ((arrow if id == sort else "") + text).rjust(width)

        text = "  " + label("batch", "batch", 6)
        if layouts:
            text += "  " + "layout".ljust(16) + "precision".ljust(13)
        text += "".join(label(one.id, one.label, one.width + 1) for one in chosen)
        text += "  verdict" if verdict else ""
        text += "  benchmark".ljust(name) if name else ""
        return line((text, TITLE))

    def _row(
        self,
        place: int,
        chosen: tuple[Column, ...],
        layouts: bool,
        verdict: bool,
        name: int,
        width: int,
    ) -> Line:
        session = self.session
        assert session is not None
        table = session.shown
        assert table is not None
        row = int(session.rows[place])
        meets, fits = bool(table.meets[row]), bool(table.fits[row])
        glyph, style = ("✓", GOOD) if meets else ("✗", BAD if not fits else WARN)
        if place == session.cursor:
            body = CURSOR if self.focused_pane else BEST
        else:
            body = PLAIN if meets else DIM
        marked = (
            "●" if any(pin.metrics["batch"] == table.batch[row] for pin in session.marked) else " "
        )
        text = f"{int(table.batch[row]):>6}"
        if layouts:
            text += "  " + fit(table.layout(row).name, 15) + " "
            text += fit(table.precision(row).label, 12) + " "
        for column in chosen:
            text += self._cell(column, float(table.metrics[column.id][row])).rjust(column.width + 1)
        runs: list[Run] = [(marked, WARN), (glyph, style), (text, body)]
        if verdict:
            word = _SHORT[int(table.binding[row])]
            runs.append((f"  {word:<7}", style))
        if name:
            runs.append(("  " + fit(self._benchmark(row), name - 2), DIM))
        return tuple(runs)

    def _cell(self, column: Column, value: float) -> str:
        assert self.session is not None and column.text is not None
        baseline = self.session.baseline
        if baseline is not None and column.id in baseline.metrics:
            return change(value, baseline.metrics[column.id])
        return column.text(value)

    def _benchmark(self, row: int) -> str:
        from engine.plan_document import benchmark_names

        session = self.session
        assert session is not None and session.prepared is not None
        table = session.shown
        assert table is not None
        batch, precision = int(table.batch[row]), table.precision(row)
        return benchmark_names(session.prepared, session.store.current, precision, batch)[0]


def _columns_for(
    columns: tuple[Column, ...], width: int, layouts: bool
) -> tuple[tuple[Column, ...], bool, bool, int]:
    """Columns that fit whole, whether layout and verdict are shown, and the benchmark's width."""
    used = 8 + (31 if layouts else 0)
    kept: set[str] = set()
    for column in sorted(columns, key=lambda one: one.rank):
        if used + column.width + 1 <= width:
            kept.add(column.id)
            used += column.width + 1
    verdict = used + 9 <= width
    used += 9 if verdict else 0
    name = 46 if verdict and used + 46 <= width else 0
    return tuple(one for one in columns if one.id in kept), layouts, verdict, name
