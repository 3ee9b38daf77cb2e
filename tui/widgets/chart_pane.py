"""The chart pane: throughput over batch, the Pareto frontier, or the roofline, one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.model.kinds import ModelKind
from engine.plan.metrics.table import OVER, THROUGHPUT
from engine.words.messages import language, say
from tui.drawing.format import counted
from tui.drawing.lines import Line, line
from tui.drawing.styles import DIM
from tui.widgets.panes import Moves, Pane, Place

if TYPE_CHECKING:
    from engine.plan.why.explanation import Explanation
    from engine.scenario import Scenario
    from tui.widgets.chart import Figure

KINDS = ("batch", "pareto", "roofline")


WIDE = 66
"""From this width on the title has room for the point's layout, too."""


class ChartPane(Pane):
    """``kind`` is one of `KINDS`; the roofline shows the ``explanation`` of the selected row."""

    short_name = "chart"
    number = 5
    title = "chart"
    place = Place.BELOW
    moves = Moves.ROW

    def __init__(self) -> None:
        super().__init__()
        self.kind = "batch"
        self.explanation: Explanation | None = None
        self._pareto: tuple[tuple[Scenario | None, str], Figure] | None = None
        """The last one, of a scenario in a language."""

    def next_kind(self, by: int = 1) -> None:
        """The next kind of chart, or the one before."""
        self.kind = KINDS[(KINDS.index(self.kind) + by) % len(KINDS)]

    def move(self, by: int) -> None:
        """Move the chosen point along the table's rows."""
        if self.session is not None:
            self.session.move(self.session.cursor + by)

    def summary(self) -> tuple[str, ...]:
        """What is drawn over what."""
        session = self.session
        assert session is not None
        if self.kind == "roofline":
            found = self.explanation
            batch = f"B{found.batch}" if found is not None else "…"
            return (
                say("TFLOP/s over FLOP/byte"),
                say("roofline of {batch}", batch=batch),
                say("p next chart"),
            )
        table = session.table
        kind = ModelKind.TOKENS if table is None else table.kind
        rated = THROUGHPUT[kind] if table is None else table.rated
        unit = counted(rated.short, session.samples)
        if self.kind == "pareto":
            across = "TTFT" if table is not None and table.one_token else say(OVER[kind].short)
            return (
                say("{unit} over {across}", unit=unit, across=across),
                self._point(),
                say("Pareto, all layouts"),
                say("p next chart"),
            )
        over = say("replicas") if session.at_rate else say("batch")
        if self.size.width < WIDE:
            point = f"{self._point(short=True)} {unit}"
            return (point, say("over {over}", over=over), say("p next chart"))
        parts = (say("{unit} over {over}", unit=unit, over=over), self._point())
        # Whoever moves the point wants to read it.
        parts = parts[::-1] if self.focused_pane else parts
        return (*parts, say("p next chart"))

    def _point(self, *, short: bool = False) -> str:
        """The point under the cursor: its batch, its layout where there is room, its throughput
        with the range."""
        from tui.session.row_words import ranged

        session = self.session
        assert session is not None
        if session.selected is None:
            return session.arrangement.name if session.arrangement is not None else ""
        (table, row), known = session.selected, session.accuracy()
        share = known.share(table.rated.range) if known is not None else None
        speed = ranged(table.rated, table.value(row, table.rated.id), share)
        batch = "" if session.at_rate else f"B{int(table.batch[row])} "
        return f"{batch}{speed}" if short else f"{batch}{table.arrangement(row).name}: {speed}"

    def body(self, width: int, height: int) -> list[Line]:
        """The picture."""
        from tui.widgets.chart import draw

        figure = self._figure()
        if isinstance(figure, str):
            return [line((figure, DIM))]
        return draw(figure, width, height)

    def _figure(self) -> Figure | str:
        """The figure to draw, or why there is none yet."""
        session = self.session
        assert session is not None
        if session.table is None:
            return say("working …")
        if self.kind == "roofline":
            return self._roofline()
        if self.kind == "pareto":
            return self._frontier()
        return self._over_batch()

    def _over_batch(self) -> Figure | str:
        from tui.widgets.chart_figures import batch_figure

        session = self.session
        assert session is not None and session.table is not None
        chosen = session.selected
        row = chosen[1] if chosen is not None and chosen[0] is session.table else None
        objectives, pinned = session.store.current.objectives, session.baseline
        before = None
        if pinned is not None and session.arrangement is not None and session.precision is not None:
            before = pinned.table(session.arrangement, session.precision, session.table.batch)
        known = session.accuracy()
        share = known.share(session.table.rated.range) if known is not None else None
        return batch_figure(session.table, objectives, row, before, share)

    def _frontier(self) -> Figure | str:
        from dataclasses import replace

        from tui.widgets.chart_figures import chosen_point, pareto_figure, pinned_point

        session = self.session
        assert session is not None
        if session.sweep is None or not session.sweep_is_current:
            return say("sweeping all layouts …")
        swept = (session.swept_scenario, language())
        if self._pareto is None or self._pareto[0] != swept:
            objectives = session.store.current.objectives
            self._pareto = (swept, pareto_figure(session.sweep.table, objectives))
        figure = replace(self._pareto[1], marks=chosen_point(session.selected))
        if session.baseline is None:
            return figure
        return pinned_point(figure, session.baseline.answer.metrics, session.sweep.table)

    def _roofline(self) -> Figure | str:
        from tui.widgets.chart_figures import roofline_figure

        if self.explanation is None:
            return say("working …")
        return roofline_figure(self.explanation)
