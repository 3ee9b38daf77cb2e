"""The chart: tokens per second per chip over batch, or over tokens per second per user."""

from __future__ import annotations

from tui.lines import Line, line
from tui.styles import ACCENT, BEST, DIM, WARN
from tui.widgets.panes import Pane


class ChartPane(Pane):
    """``kind`` is ``batch`` (with the boundary of the objectives) or ``pareto``."""

    title = "chart"

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.kind = "batch"
        self.ascii_only = False

    def summary(self) -> tuple[str, ...]:
        """What is drawn over what."""
        session = self.session
        assert session is not None
        vision = session.table is not None and session.table.kind == "vision"
        unit = "img/s/chip" if vision else "tok/s/chip"
        if self.kind == "pareto" and not vision:
            return (f"{unit} over tok/s/user", "◆ chosen", "┊ limit", "all layouts")
        return (f"{unit} over batch", "◆ chosen", "┊ limit")

    def body(self, width: int, height: int) -> list[Line]:
        """The picture."""
        session = self.session
        assert session is not None
        if session.table is None:
            return [line(("working …", DIM))]
        if self.kind == "pareto" and session.sweep_is_current:
            return self._pareto(width, height)
        return self._over_batch(width, height)

    def _over_batch(self, width: int, height: int) -> list[Line]:
        import numpy as np

        from tui.widgets.chart import Mark, Series, draw

        session = self.session
        assert session is not None and session.table is not None
        table = session.table
        x = table.batch.astype(float)
        y = table.metrics[table.throughput]
        meets = table.meets
        curves = [Series(x, y, DIM)]
        if meets.any():
            curves.append(Series(x[meets], y[meets], ACCENT))
        marks = []
        missing = np.flatnonzero(~meets & table.fits)
        if meets.any() and len(missing) and missing[-1] > np.flatnonzero(meets)[-1]:
            boundary = float(x[np.flatnonzero(meets)[-1]])
            marks.append(Mark(boundary, None, "|" if self.ascii_only else "┊", WARN))
        chosen = session.selected
        if chosen is not None and session.view.view == "layout":
            row = chosen[1]
            marks.append(Mark(float(x[row]), float(y[row]), "#" if self.ascii_only else "◆", BEST))
        return draw(curves, marks, width, height, ascii_only=self.ascii_only)

    def _pareto(self, width: int, height: int) -> list[Line]:
        import numpy as np

        from tui.widgets.chart import Mark, Series, draw

        session = self.session
        assert session is not None and session.sweep is not None
        table = session.sweep.table
        if "tps_per_user" not in table.metrics:
            return self._over_batch(width, height)
        fits = np.flatnonzero(table.fits)
        x, y = table.metrics["tps_per_user"][fits], table.metrics["tps_per_chip"][fits]
        order = np.argsort(-x, kind="stable")
        x, y = x[order], y[order]
        front = y >= np.maximum.accumulate(y)
        curves = [Series(x[::-1], y[::-1], DIM, joined=False), Series(x[front], y[front], ACCENT)]
        marks = []
        limit = session.store.current.objectives.tpot_ms
        if limit:
            marks.append(Mark(1000.0 / limit, None, "|" if self.ascii_only else "┊", WARN))
        best = session.sweep.best
        if best is not None:
            at = float(table.metrics["tps_per_user"][best])
            glyph = "#" if self.ascii_only else "◆"
            marks.append(Mark(at, float(table.metrics["tps_per_chip"][best]), glyph, BEST))
        return draw(curves, marks, width, height, ascii_only=self.ascii_only)
