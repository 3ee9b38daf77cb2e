"""What the charts show: throughput over batch, the Pareto frontier, operators on the roofline."""

from __future__ import annotations

import math
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.model.kinds import ModelKind
from engine.plan.metrics.metric import Metric
from engine.plan.metrics.table import BY_ID, OVER, limited_of
from engine.plan.results import Table
from engine.plan.why.explanation import Explanation, OperatorTime
from engine.scenario import Objectives
from engine.words.arrays import FloatArray
from engine.words.messages import say
from tui.drawing.format import share
from tui.drawing.lines import Run
from tui.drawing.styles import ACCENT, BEST, BOLD, DIM, WARN
from tui.widgets.chart import Figure, Label, Limit, Mark, Series
from tui.widgets.chart_axis import Axis, decades

CHOSEN, PINNED = "◆", "◇"
LOGARITHMIC_FROM = 1000.0
"""An axis whose largest value is so many times the least is logarithmic."""
_TERA = 1e12
_LEAST_SHARE = 0.002
"""Operators below this share of their phase are not put on the roofline."""


def batch_figure(
    table: Table,
    objectives: Objectives,
    chosen: int | None,
    baseline: Table | None = None,
    share: float | None = None,
) -> Figure:
    """Throughput per chip over batch: what meets the objectives as a line, what does not dotted,
    an upright line at the largest batch of each limit; the range, a ``share`` of the throughput, as
    dots above and below what meets."""
    x, y = table.sizes, table.metrics[table.rated.id]
    series, legend = [], []
    # A baseline of another kind of model, or of longer answers, has nothing to compare with.
    if baseline is not None and table.rated.id in baseline.metrics:
        before = baseline.metrics[table.rated.id]
        series.append(Series(baseline.sizes, before, DIM))
        legend.append((say("⠒ baseline"), DIM))
    if share is not None:
        series += [
            Series(x, _meeting(table, y * side), DIM, dotted=True)
            for side in (1 - share, 1 + share)
        ]
        legend.append((say("± {share:.0%} above and below", share=share), DIM))
    series.append(Series(x, y, DIM, dotted=True))
    series.append(Series(x, _meeting(table, y), ACCENT))
    marks = []
    if chosen is not None:
        marks.append(Mark(float(x[chosen]), float(y[chosen]), CHOSEN, BEST))
        legend.insert(0, (say("{mark} chosen", mark=CHOSEN), BEST))
    legend += [(say("⠤ meets"), ACCENT), (say("⠠⠠ misses"), DIM)]
    legend += [] if table.at_rate else [(say("┊ largest batch"), WARN)]
    high = max((_highest(one.y, -math.inf) for one in series), default=1.0)
    return Figure(
        _wide_axis(x, say("replicas") if table.at_rate else say("batch")),
        Axis(0.0, high),
        series,
        [] if table.at_rate else _largest_batches(table),
        marks,
        legend=legend,
    )


def _meeting(table: Table, values: FloatArray) -> FloatArray:
    """Values of the rows that meet the objectives, none elsewhere."""
    return np.where(table.meets, values, np.nan)


def _highest(values: FloatArray, least: float = 1.0) -> float:
    """The highest of the numbers among values, ``least`` at least."""
    return float(np.max(values, initial=least, where=np.isfinite(values)))


def _lowest(values: FloatArray, most: float) -> float:
    """The lowest of the numbers above 0 among values, ``most`` at most."""
    return float(np.min(values, initial=most, where=np.isfinite(values) & (values > 0)))


def _wide_axis(values: FloatArray, unit: str) -> Axis:
    """From 0, or logarithmic from the least value where there are many times more above it."""
    high = _highest(values)
    low = _lowest(values, high)
    if low > 0 and high / low > LOGARITHMIC_FROM:
        return Axis(low, high, log=True, unit=unit)
    return Axis(0.0, high, unit=unit)


def _largest_batches(table: Table) -> list[Limit]:
    """The last batch within each limit, where a shown one lies beyond it."""
    limits: list[Limit] = []
    for metric in limited_of(table.kind) if len(table) else ():
        limit, values = table.limit(0, metric), table.metrics.get(metric.id)
        # There are none of what nobody says the price of.
        if limit is not None and values is not None:
            kept = metric.ratio(values, limit) <= 1.0
            inside = np.flatnonzero(table.fits & kept)
            beyond = np.flatnonzero(table.fits & ~kept)
            if len(inside) and len(beyond) and beyond[-1] > inside[-1]:
                limits.append(Limit(float(table.batch[inside[-1]]), say(metric.short), WARN))
    fitting = np.flatnonzero(table.fits)
    if len(fitting) and fitting[-1] < len(table) - 1:
        limits.append(Limit(float(table.batch[fitting[-1]]), say("memory"), WARN))
    return limits


def frontier(x: FloatArray, y: FloatArray) -> NDArray[np.int64]:
    """Points that no other beats in both, by falling ``x``; none of none."""
    order = np.lexsort((-y, -x))
    if not len(order):
        return order
    best = np.maximum.accumulate(y[order])
    ahead = np.concatenate([[True], best[1:] > best[:-1]])
    first: NDArray[np.int64] = order[ahead]
    return first


@dataclass(frozen=True, slots=True)
class _Across:
    """What the Pareto chart's throughput is drawn over. A metric of which less is better is drawn
    by decades; the rate of one user stands for the time per token, whose limit it then has."""

    metric: Metric
    limit: Metric
    unit: str
    falls: bool

    def place(self, limit: float) -> float:
        """Where the limit's line stands."""
        return limit if self.falls else 1000.0 / limit

    def words(self, limit: float) -> str:
        """What the line says."""
        name = "" if self.falls else f"{self.limit.short} "
        return say("{name}≤ {limit:g} ms", name=name, limit=limit)


_ACROSS = {
    ModelKind.TOKENS: _Across(OVER[ModelKind.TOKENS], BY_ID["tpot_ms"], "tok/s/user", falls=False),
    ModelKind.FORWARD: _Across(OVER[ModelKind.FORWARD], BY_ID["latency_ms"], "ms", falls=True),
}


_ONE_TOKEN = _Across(BY_ID["ttft_ms"], BY_ID["ttft_ms"], "ms", falls=True)


def _across(table: Table) -> _Across:
    """Where nothing comes after the first token, that one is what a user waits for."""
    return _ONE_TOKEN if table.one_token else _ACROSS[table.kind]


def pareto_figure(table: Table, objectives: Objectives) -> Figure:
    """Throughput per chip over what one user gets: every candidate a dot, the frontier a line.
    Forward models: over the latency of a batch."""
    across = _across(table)
    fits = np.flatnonzero(table.fits)
    x, y = table.metrics[across.metric.id][fits], table.metrics[table.rated.id][fits]
    front = frontier(-x if across.falls else x, y)
    limit = across.limit.limit_in(objectives)
    widest = _highest(x)
    limits, labels = [], []
    if limit:
        place = across.place(limit)
        if place <= 2.0 * widest:
            limits.append(Limit(place, across.words(limit), WARN))
            widest = max(widest, place)
        else:
            words = f"{across.words(limit)} →"
            labels.append(Label(widest, _highest(y), words, WARN))
    across_axis = Axis(0.0, widest, unit=across.unit)
    if across.falls:
        across_axis = decades(_lowest(x, widest), widest, across.unit)
    return Figure(
        across_axis,
        Axis(0.0, _highest(y)),
        (Series(x, y, DIM, joined=False), Series(x[front], y[front], ACCENT)),
        limits,
        labels=labels,
        legend=(
            (say("{mark} chosen", mark=CHOSEN), BEST),
            (say("⠤ frontier"), ACCENT),
            (say("⠐ all candidates"), DIM),
            (say("┊ limit"), WARN),
        ),
    )


def chosen_point(chosen: tuple[Table, int] | None) -> tuple[Mark, ...]:
    """The selected row on the Pareto chart."""
    if chosen is None:
        return ()
    table, row = chosen
    x, y = table.value(row, _across(table).metric.id), table.value(row, table.rated.id)
    return (Mark(x, y, CHOSEN, BEST),)


def pinned_point(figure: Figure, metrics: Mapping[str, float], table: Table) -> Figure:
    """A Pareto chart of ``table`` with the baseline's answer marked as well."""
    across, up = _across(table).metric.id, table.rated.id
    if across not in metrics or up not in metrics:
        return figure
    mark = Mark(metrics[across], metrics[up], PINNED, WARN)
    legend = (
        *figure.legend[:1],
        (say("{mark} baseline", mark=PINNED), WARN),
        *figure.legend[1:],
    )
    return replace(figure, marks=(mark, *figure.marks), legend=legend)


def roofline_figure(found: Explanation) -> Figure:
    """Operators as letters under the roofs of the chip, both axes logarithmic. The same letter
    is the same operator: small in decode, capital in prefill."""
    shown = _on_roofline(found.operators)
    x = np.array([row.intensity for row in shown])
    y = np.array([row.flops_per_second / _TERA for row in shown])
    if not len(shown) or not found.peaks:
        return Figure(Axis(0, 1), Axis(0, 1))
    highest = next(iter(found.peaks))
    ridge = found.ridge(highest)
    across = decades(float(min(x.min(), ridge / 8)), float(max(x.max(), ridge * 4)), "FLOP/byte")
    top = found.peaks[highest] / _TERA
    up = decades(float(min(y.min(), top / 50)), top * 1.2)
    letters = _letters(shown)
    ordered = sorted(zip(shown, x, y, strict=True), key=lambda one: one[0].seconds)
    marks = [_operator_mark(row, px, py, letters) for row, px, py in ordered]
    return Figure(
        across,
        up,
        _roofs(found, across),
        (),
        marks,
        _roof_labels(found, across),
        _roofline_legend(shown, letters),
    )


def _operator_mark(row: OperatorTime, x: float, y: float, letters: dict[str, str]) -> Mark:
    letter = letters.get(row.name, "•")
    prefill = row.phase == "prefill"
    return Mark(float(x), float(y), letter.upper() if prefill else letter, _STYLES[row.phase])


_STYLES = {"prefill": WARN, "decode": ACCENT, "batch": ACCENT}


def _on_roofline(rows: Sequence[OperatorTime]) -> list[OperatorTime]:
    totals: dict[str, float] = {}
    for row in rows:
        totals[row.phase] = totals.get(row.phase, 0.0) + row.seconds
    return [
        row
        for row in rows
        if row.flops and row.bytes and row.seconds > 0
        if row.seconds >= _LEAST_SHARE * totals[row.phase]
    ]


def _letters(rows: Sequence[OperatorTime]) -> dict[str, str]:
    """A letter for every operator, those with most time first."""
    times: dict[str, float] = {}
    for row in rows:
        times[row.name] = max(times.get(row.name, 0.0), _share(row, rows))
    names = sorted(times, key=lambda name: -times[name])
    return dict(zip(names, string.ascii_lowercase, strict=False))


def _share(row: OperatorTime, rows: Sequence[OperatorTime]) -> float:
    return row.seconds / sum(one.seconds for one in rows if one.phase == row.phase)


def _roofs(found: Explanation, across: Axis) -> list[Series]:
    series = []
    for name in found.peaks:
        ridge = min(max(found.ridge(name), across.low), across.high)
        x = np.array([across.low, ridge, across.high])
        series.append(Series(x, found.roof(name, x) / _TERA, BOLD))
    return series


def _roof_labels(found: Explanation, across: Axis) -> list[Label]:
    labels = [
        Label(across.high, peak / _TERA, f"{name} {peak / _TERA:,.0f}", BOLD)
        for name, peak in found.peaks.items()
    ]
    middle = (across.low * found.ridge(list(found.peaks)[-1])) ** 0.5
    height = middle * found.bandwidth_bytes / _TERA
    return [*labels, Label(middle, height, f"{found.bandwidth_bytes / _TERA:.3g} TB/s", BOLD)]


def _roofline_legend(rows: Sequence[OperatorTime], letters: dict[str, str]) -> list[Run]:
    phases = {row.phase for row in rows}
    legend: list[Run] = []
    if len(phases) > 1:
        legend = [(say("a decode"), ACCENT), (say("A prefill"), WARN)]
    for name, letter in letters.items():
        shares = [_share(row, rows) for row in rows if row.name == name and row.phase != "prefill"]
        part = f" {share(shares[0])}" if shares else ""
        short = say(name.removeprefix("self_attn.").removeprefix("mlp."))
        legend.append((f"{letter} {short}{part}", DIM))
    return legend
