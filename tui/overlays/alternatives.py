"""Precisions, chips or engines side by side: the best plan of each, worked out beside the keys."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import textual.events as events

from engine.plan.metrics.table import BY_ID, MEMORY
from engine.scenario import Scenario
from engine.words.messages import say
from tui.drawing.format import change, counted, gibibytes
from tui.drawing.lines import Line, cells, fit, line, right, wrapped
from tui.drawing.styles import BEST, BOLD, DIM, PLAIN, TITLE, WARN
from tui.overlays.rows import Row, RowsPage
from tui.session.row_words import ranged

if TYPE_CHECKING:
    from engine.plan.alternatives import Alternative

STEADY_LINES = 16
"""So tall the page is: a box of 3 kB."""
LEAST_LABEL = 11
COST = "usd_per_million_output"


class AlternativesPage(RowsPage[Scenario]):
    """Gives the scenario to take. ``costs`` says what precisions cost in quality and where their
    weights come from; ``every`` is called by ``e``, where there is more to be tried."""

    def __init__(
        self, title: str, *, costs: bool = False, every: Callable[[], None] | None = None
    ) -> None:
        more = say(", e every engine") if every is not None else ""
        super().__init__(
            title,
            say("enter takes it{more}, esc closes", more=more),
            steady=STEADY_LINES,
            most=STEADY_LINES,
        )
        self._costs = costs
        self._every = every
        self._found: tuple[Alternative, ...] = ()
        self._left = 1

    def show(self, found: tuple[Alternative, ...], left: int) -> None:
        """Draw what there is so far, best first; ``left`` are still worked out."""
        self._found, self._left = found, left
        chosen = self.chosen
        self.refill()
        if chosen is not None:
            self.put_cursor(chosen)

    def page_key(self, event: events.Key) -> bool:
        """Every engine in place of the scenario's."""
        if event.character != "e" or self._every is None:
            return False
        self._every()
        return True

    def rows(self, width: int) -> Sequence[Row[Scenario]]:
        """One line each, with what it costs below."""
        rows = alternative_rows(self._found, width, costs=self._costs)
        if self._left:
            rows.append(Row(line((say(" {left} to be swept …", left=self._left), DIM))))
        return rows


def alternative_rows(
    found: Sequence[Alternative], width: int, *, costs: bool
) -> list[Row[Scenario]]:
    """A header and a line for each; columns that have no room are left out, the last ones first."""
    label = max((cells(one.label) for one in found), default=0)
    label = max(label, LEAST_LABEL)
    grid = [_cells(one, found) for one in found]
    headings = max((tuple(row) for row in grid), key=len, default=())
    widths = {
        name: max(cells(say(name)), *(cells(row.get(name, "")) for row in grid))
        for name in headings
    }
    shown: list[str] = []
    for name in headings:
        if label + 4 + sum(widths[one] + 2 for one in (*shown, name)) <= width:
            shown.append(name)
    head = " " * (label + 3) + "".join(f"  {right(say(one), widths[one])}" for one in shown)
    rows: list[Row[Scenario]] = [Row(line((head, TITLE)))] if found else []
    for one, row in zip(found, grid, strict=True):
        mark = (one.glyph, BEST if one.meets else WARN)
        figures = "".join(f"  {right(row.get(name, ''), widths[name])}" for name in shown)
        first: Line = line((" ", PLAIN), mark, (f" {fit(one.label, label)}", BOLD), figures)
        rows.append(Row(first, one.scenario if one.table is not None else None))
        rows += [Row(line((f"     {text}", DIM))) for text in _details(one, width - 6, costs)]
    return rows


def _cells(one: Alternative, found: Sequence[Alternative]) -> dict[str, str]:
    """A plan's figures by their headings, what matters most first."""
    table, prepared = one.table, one.prepared
    if table is None or prepared is None or not table.fits[0]:
        return {}
    samples = prepared.samples
    best = next((other for other in found if other.meets), None)
    told = {}
    for metric in (table.rated, table.felt):
        told[counted(metric.short, samples)] = ranged(metric, *one.figure(metric))
    if best is not None and best is not one:
        told[" vs best"] = change(one.throughput, best.throughput)
    else:
        told[" vs best"] = ""
    if COST in table.metrics and math.isfinite(one.figure(BY_ID[COST])[0]):
        told[BY_ID[COST].label] = BY_ID[COST].plain(float(f"{one.figure(BY_ID[COST])[0]:.3g}"))
    told["plan"] = f"{table.arrangement(0).name} B{int(table.batch[0])}"
    told["GiB"] = gibibytes(one.figure(MEMORY)[0])
    if "ttft_ms" in table.metrics and table.felt.id != "ttft_ms":
        told["TTFT"] = ranged(BY_ID["ttft_ms"], *one.figure(BY_ID["ttft_ms"]))
    return told


def _details(one: Alternative, width: int, costs: bool) -> list[str]:
    """Why it is no plan, where its weights come from, what they cost, what stands in."""
    told = [one.lost] if one.lost else []
    if costs and one.table is not None:
        told += [one.stored, *(quality.sentence() for quality in one.quality)]
    told += one.notes
    return [text for words in told for text in wrapped(words, width, 2)]
