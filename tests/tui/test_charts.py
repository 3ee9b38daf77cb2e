"""Charts: exact small pictures, round ticks, what each figure shows."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model.kinds import ModelKind
from engine.model.precision import parse_precision
from engine.plan.metrics.metric import Answers
from engine.plan.metrics.table import metrics_of
from engine.plan.prepared import prepare
from engine.plan.results import Table
from engine.plan.sweep import sweep
from engine.plan.tables import batch_table
from engine.plan.why.explain import explain
from engine.scenario import Objectives, Scenario
from engine.sources.languages import languages
from engine.words.messages import speaking
from engine.work.arrangement import Aggregated
from engine.work.layout import Layout
from tui.drawing.lines import width_of
from tui.drawing.styles import DIM, WARN
from tui.widgets.chart import Figure, Label, Limit, Mark, Series, draw
from tui.widgets.chart_axis import Axis, decades, nice_step, tick_text
from tui.widgets.chart_canvas import Canvas
from tui.widgets.chart_figures import (
    batch_figure,
    chosen_point,
    frontier,
    pareto_figure,
    pinned_point,
    roofline_figure,
)

DENSE = Scenario(
    model="llama-3.1-8b", chip="h200_sxm", chips=1, objectives=Objectives(ttft_ms=2000, tpot_ms=40)
)


def text_of(lines) -> str:
    return "\n".join("".join(run for run, _ in one).rstrip() for one in lines)


def picture(figure: Figure, width: int = 24, height: int = 6) -> str:
    return "\n" + text_of(draw(figure, width, height)) + "\n"


class TestAxis:
    @pytest.mark.parametrize(("span", "most", "step"), [(10, 5, 2), (730, 4, 200), (0.9, 3, 0.5)])
    def test_steps_are_one_two_five(self, span: float, most: int, step: float):
        assert nice_step(span, most) == pytest.approx(step)

    @given(st.floats(1e-6, 1e9), st.integers(2, 12))
    def test_never_more_ticks_than_asked(self, high: float, most: int):
        assert 1 <= len(Axis(0.0, high).ticks(most)) <= most

    def test_decades_begin_and_end_round(self):
        axis = decades(3.1, 870.0)
        assert (axis.low, axis.high) == (2.0, 1000.0)

    def test_log_ticks_thin_out_with_room(self):
        axis = Axis(2.0, 1000.0, log=True)
        assert axis.ticks(9) == (2, 5, 10, 20, 50, 100, 200, 500, 1000)
        assert axis.ticks(4) == (10, 100, 1000)

    def test_log_axis_places_by_ratio(self):
        shares = Axis(1.0, 100.0, log=True).share(np.array([1.0, 10.0, 100.0]))
        assert shares == pytest.approx([0.0, 0.5, 1.0])

    @pytest.mark.parametrize(
        ("value", "text"), [(0, "0"), (0.05, "0.05"), (2000, "2000"), (50_000, "50k"), (2e6, "2M")]
    )
    def test_ticks_are_short(self, value: float, text: str):
        assert tick_text(value) == text


class TestPictures:
    def test_a_rising_line(self):
        x = np.array([0.0, 10.0])
        figure = Figure(Axis(0, 10, unit="B"), Axis(0, 10), (Series(x, x),))
        assert picture(figure, 20, 6) == (
            """
 10┤             ⡠⠔⠊
   │         ⢀⡠⠔⠉
   │      ⢀⠤⠒⠁
   │   ⣀⠔⠊⠁
  0┤⡠⠔⠊
   └0       5      B
"""
        )

    def test_a_limit_and_a_mark(self):
        x = np.array([0.0, 10.0])
        figure = Figure(
            Axis(0, 10),
            Axis(0, 10),
            (Series(x, np.array([2.0, 2.0])),),
            (Limit(5.0, "SLO", WARN),),
            (Mark(5.0, 2.0, "◆", DIM),),
        )
        assert picture(figure, 20, 6) == (
            """
 10┤        ┊SLO
   │        ┊
   │        ┊
   │⣀⣀⣀⣀⣀⣀⣀⣀◆⣀⣀⣀⣀⣀⣀⣀
  0┤        ┊
   └0       5     10
"""
        )

    def test_a_cloud_has_one_dot_a_cell(self):
        rng = np.random.default_rng(1)
        x, y = rng.uniform(0, 10, 5000), rng.uniform(0, 10, 5000)
        lines = draw(Figure(Axis(0, 10), Axis(0, 10), (Series(x, y, joined=False),)), 20, 6)
        dots = [ord(c) - 0x2800 for c in text_of(lines) if 0x2800 < ord(c) < 0x2900]
        assert len(dots) > 50
        assert all(pattern.bit_count() == 1 for pattern in dots)

    def test_logarithmic_axes_make_powers_straight(self):
        x = np.array([1.0, 10.0, 100.0])
        axis = Axis(1.0, 100.0, log=True)
        assert picture(Figure(axis, axis, (Series(x, x),)), 20, 6) == (
            """
 100┤            ⣀⠔⠊
    │         ⡠⠔⠉
    │      ⣀⠔⠉
    │   ⣀⠔⠊
   1┤⡠⠔⠉
    └1     10    100
"""
        )

    def test_gaps_stay_open(self):
        x = np.arange(5.0)
        y = np.array([1.0, 1.0, np.nan, 1.0, 1.0])
        assert picture(Figure(Axis(0, 4), Axis(0, 2), (Series(x, y),)), 30, 5) == (
            """
 2┤
  │
  │⠉⠉⠉⠉⠉⠉⠉             ⠉⠉⠉⠉⠉⠉⠉
 0┤
  └0            2            4
"""
        )

    def test_tall_charts_have_a_rule_and_a_legend(self):
        x = np.array([0.0, 10.0])
        figure = Figure(
            Axis(0, 10, unit="B"), Axis(0, 10), (Series(x, x),), legend=(("◆ it", DIM),)
        )
        lines = text_of(draw(figure, 24, 10)).split("\n")
        assert len(lines) == 10
        assert lines[-3].startswith("   └┬")
        assert lines[-2].endswith("B")
        assert lines[-1].strip() == "◆ it"

    def test_labels_find_room(self):
        x = np.array([0.0, 10.0])
        figure = Figure(
            Axis(0, 10),
            Axis(0, 10),
            (Series(x, np.array([9.0, 9.0])),),
            labels=(Label(10.0, 9.0, "roof", DIM),),
        )
        assert "roof" in picture(figure, 20, 6)

    @pytest.mark.parametrize("width", [16, 23, 40, 77])
    @pytest.mark.parametrize("height", [4, 8, 9, 17])
    def test_no_line_is_wider_and_none_too_many(self, width: int, height: int):
        x = np.arange(1.0, 400.0)
        figure = Figure(
            Axis(0, 400, unit="batch"),
            Axis(0, 1.6e5),
            (Series(x, x**2),),
            (Limit(399, "far", DIM),),
        )
        lines = draw(figure, width, height)
        assert len(lines) <= height
        assert all(width_of(one) <= width for one in lines)

    def test_too_small_gives_nothing(self):
        assert draw(Figure(Axis(0, 1), Axis(0, 1)), 10, 3) == []

    def test_nothing_to_draw_says_so(self):
        assert text_of(draw(Figure(Axis(0, 1), Axis(0, 1)), 40, 12)) == "no data"

    def test_a_limit_at_infinity_does_no_harm(self):
        x = np.array([0.0, 1.0])
        figure = Figure(Axis(0, 1), Axis(0, 1), (Series(x, np.array([0.0, 1e300])),))
        assert len(draw(figure, 30, 6)) == 6


@pytest.fixture(scope="module")
def swept():
    return sweep(prepare(DENSE), DENSE)


def best_table(found) -> tuple[Table, int]:
    table, best = found.table, found.best
    same = (table.arrangement_index == table.arrangement_index[best]) & (
        table.precision_index == table.precision_index[best]
    )
    arrangement, precision = table.arrangement(best), table.precision(best)
    one = batch_table(prepare(DENSE), DENSE, arrangement, precision, table.batch[same])
    return one, int(np.flatnonzero(one.batch == table.batch[best])[0])


class TestFigures:
    def test_the_limit_stands_at_the_largest_batch_that_keeps_it(self, swept):
        table, row = best_table(swept)
        figure = batch_figure(table, DENSE.objectives, row)
        tpot = next(one for one in figure.limits if one.name == "TPOT")
        inside = table.metrics["tpot_ms"] <= 40
        assert tpot.x == table.batch[inside].max()

    def test_the_chosen_row_is_marked(self, swept):
        table, row = best_table(swept)
        mark = batch_figure(table, DENSE.objectives, row).marks[0]
        assert (mark.x, mark.y) == (table.batch[row], table.metrics["tps_per_chip"][row])

    def test_a_baseline_is_drawn_too(self, swept):
        table, row = best_table(swept)
        plain = batch_figure(table, DENSE.objectives, row)
        both = batch_figure(table, DENSE.objectives, row, table)
        assert len(both.series) == len(plain.series) + 1

    def test_frontier_is_what_nothing_beats(self):
        x = np.array([1.0, 2.0, 3.0, 2.0, 1.5])
        y = np.array([5.0, 4.0, 1.0, 3.0, 5.0])
        assert sorted(frontier(x, y).tolist()) == [1, 2, 4]

    def test_nothing_fits_has_no_frontier(self):
        assert len(frontier(np.zeros(0), np.zeros(0))) == 0

    def test_pareto_has_the_limit_and_the_chosen(self, swept):
        figure = pareto_figure(swept.table, DENSE.objectives)
        assert figure.limits[0].x == pytest.approx(1000 / 40)
        mark = chosen_point((swept.table, swept.best))[0]
        assert mark.y == swept.table.metrics["tps_per_chip"][swept.best]

    def test_a_limit_far_beyond_is_named_not_drawn(self, swept):
        figure = pareto_figure(swept.table, replace(DENSE.objectives, tpot_ms=0.01))
        assert not figure.limits
        assert "→" in figure.labels[0].text

    def test_roofline_has_roofs_and_operators_below_them(self, swept):
        prepared = prepare(DENSE)
        table, row = best_table(swept)
        found = explain(prepared, DENSE, table.arrangement(row), table.precision(row), 64)
        figure = roofline_figure(found)
        assert [label.text for label in figure.labels] == ["bf16 989", "4.8 TB/s"]
        roof = np.interp(
            np.log([mark.x for mark in figure.marks]),
            np.log(figure.series[0].x),
            np.log(figure.series[0].y),
        )
        assert all(np.log([mark.y for mark in figure.marks]) <= roof + 1e-9)
        glyphs = {mark.glyph for mark in figure.marks}
        assert "a" in glyphs
        assert "A" in glyphs

    def test_the_slowest_operator_is_called_a(self, swept):
        found = explain(
            prepare(DENSE), DENSE, swept.table.arrangement(0), swept.table.precision(0), 64
        )
        totals = {
            phase: sum(row.seconds for row in found.operators if row.phase == phase)
            for phase in ("prefill", "decode")
        }
        largest = max(
            (row for row in found.operators if row.flops),
            key=lambda row: row.seconds / totals[row.phase],
        )
        legend = [text for text, _ in roofline_figure(found).legend]
        assert legend[2].startswith(f"a {largest.name.removeprefix('mlp.')}")

    def test_a_roofline_of_a_phase_that_takes_no_time_is_empty(self, swept):
        found = explain(
            prepare(DENSE), DENSE, swept.table.arrangement(0), swept.table.precision(0), 64
        )
        at_once = tuple(replace(row, seconds=0.0) for row in found.operators)
        assert not roofline_figure(replace(found, operators=at_once)).marks


NUMBERS = st.floats(-1e30, 1e30) | st.sampled_from([math.nan, math.inf, -math.inf, 0.0])


@st.composite
def tables(draw) -> Table:
    """Tables of any kind and figures, sensible or not."""
    rows = draw(st.integers(0, 5))
    kind = draw(st.sampled_from(list(ModelKind)))
    one_token = kind is ModelKind.TOKENS and draw(st.booleans())

    def column(values) -> np.ndarray:
        alike = draw(st.booleans())
        found = [draw(values)] * rows if alike else [draw(values) for _ in range(rows)]
        return np.array(found, dtype=float)

    fits = np.array([draw(st.booleans()) for _ in range(rows)], dtype=bool)
    return Table(
        kind=kind,
        arrangements=(Aggregated(Layout(1, replicas=2)),),
        precisions=(parse_precision("W8A8"),),
        arrangement_index=np.zeros(rows, dtype=np.int32),
        precision_index=np.zeros(rows, dtype=np.int32),
        batch=np.arange(1, rows + 1),
        metrics={
            one.id: column(NUMBERS)
            for one in metrics_of(kind)
            if one_token or one.answers is not Answers.ONE_TOKEN
        },
        capacity_gib=np.full(rows, 80.0),
        fits=fits,
        meets=fits & (column(NUMBERS) > 0),
        binding=np.zeros(rows, dtype=np.int8),
        excess=np.zeros(rows),
        limits=(Objectives(ttft_ms=10.0, tpot_ms=10.0, latency_ms=10.0),),
        one_token=one_token,
    )


@settings(deadline=None)
@given(
    table=tables(),
    baseline=st.none() | tables(),
    share=st.none() | st.floats(0, 10),
    limit=st.none() | st.floats(1e-3, 1e9),
    size=st.tuples(st.integers(1, 90), st.integers(1, 30)),
    code=st.sampled_from(list(languages())),
)
def test_any_table_is_drawn_in_its_cells(table, baseline, share, limit, size, code):
    objectives = Objectives(ttft_ms=limit, tpot_ms=limit, latency_ms=limit)
    chosen = (table, len(table) - 1) if len(table) else None
    metrics = baseline.values(0) if baseline is not None and len(baseline) else {}
    with speaking(code):
        pareto = replace(pareto_figure(table, objectives), marks=chosen_point(chosen))
        over = batch_figure(table, objectives, chosen[1] if chosen else None, baseline, share)
        for figure in (pareto, pinned_point(pareto, metrics, table), over):
            lines = draw(figure, *size)
            assert len(lines) <= size[1] or size[1] < 4
            assert all(width_of(one) <= max(size[0], 16) for one in lines)


@given(low=NUMBERS, high=NUMBERS, values=st.lists(NUMBERS, max_size=4), log=st.booleans())
def test_an_axis_has_a_place_for_any_number(low, high, values, log):
    axis = Axis(low, high, log=log).to_a_tick(4)
    assert len(axis.ticks(4)) <= 4
    canvas = Canvas(5, 3, axis, axis)
    assert all(0 <= canvas.column(one) < 5 and 0 <= canvas.row(one) < 3 for one in values)
