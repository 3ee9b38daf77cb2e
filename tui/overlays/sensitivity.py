"""What matters now: what would let the next batch pass, and every knob by what a step does."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.plan.metrics.table import NO_MEMORY
from engine.words.messages import say
from tui.drawing.bars import signed_bar
from tui.drawing.format import change, counted, rate
from tui.drawing.lines import Line, cells, fit, joined, line, right, wrapped
from tui.drawing.styles import BEST, BOLD, DIM, PLAIN, TITLE, WARN
from tui.overlays.rows import Row

if TYPE_CHECKING:
    from engine.plan.nudges.nudge import Nudge
    from engine.plan.sensitivity.knobs import Response
    from engine.plan.why.remedies import Advice
    from engine.plan.why.shortfall import Shortfall
    from engine.plan.why.trying import Remedy

_KNOB, _STEP, _CHANGE = 14, 26, 8
_NEW_BEST = 24
_LEAST_BAR, _LARGEST_BAR = 7, 25


def remedy_rows(advice: Advice | None, base: float, width: int) -> list[Row[Nudge]]:
    """What a candidate misses, the changes that would do, and those that would not. ``base`` is
    the throughput of the best plan, not a number when there is none."""
    from engine.plan.why.advice import advice_sentence, remedy_words, shortfall_words

    which = say("the nearest plan") if math.isnan(base) else say("the next better batch")
    title = say(" what would let {which} pass, in its own layout and batch", which=which)
    rows: list[Row[Nudge]] = [Row(line((title, TITLE)))]
    if advice is None:
        words = say(" no larger batch brings more per chip: no limit is in the way")
        return [*rows, Row(line((words, DIM)))]
    if advice.shortfall is None:
        return rows + [
            Row(line((f" {one}", DIM))) for one in wrapped(advice_sentence(advice), width - 1, 2)
        ]
    subject = say(
        "batch {batch} of {arrangement}: ",
        batch=advice.candidate.batch,
        arrangement=advice.candidate.arrangement.name,
    )
    missed = wrapped(subject + shortfall_words(advice.shortfall), width - 1, 2)
    rows += [Row(line((f" {one}", BOLD))) for one in missed]
    longest = max((cells(remedy_words(one)) for one in advice.remedies), default=0)
    room = min(max(longest, 20), max(width - 28, 20))
    rows += [Row(_remedy_line(one, base, room, width), one.nudge) for one in advice.remedies]
    return rows


def _remedy_line(remedy: Remedy, base: float, label: int, width: int) -> Line:
    """A change with what it brings, or by how much it misses; figures go whole or not at all."""
    from engine.plan.why.advice import remedy_words, shortfall_words

    words, room = fit(remedy_words(remedy), label), width - label - 6
    if remedy.shortfall is not None:
        missed = shortfall_words(remedy.shortfall)
        if cells(missed) > room:
            missed = say(
                "{verdict} is {figure}",
                verdict=say(remedy.shortfall.verdict.short),
                figure=_figure(remedy.shortfall),
            )
        return line((" ✗ ", WARN), (f"{words}  ", DIM), (missed, DIM))
    gain = "" if math.isnan(base) else change(remedy.throughput, base)
    text = joined(
        [
            say("{throughput} per chip", throughput=rate(remedy.throughput)),
            *([gain] if gain else []),
        ],
        room,
        ", ",
    )
    return line((" ✓ ", BEST), (f"{words}  ", PLAIN), (text, PLAIN))


def _figure(shortfall: Shortfall) -> str:
    if shortfall.verdict.metric is not None:
        return shortfall.verdict.metric.plain(float(f"{shortfall.value:.4g}"))
    return f"{shortfall.value:.4g}{' GiB' if shortfall.verdict is NO_MEMORY else ''}"


@dataclass(frozen=True, slots=True)
class _Columns:
    """What has room: how many changes, the bar's cells (0 for none), the new best plan."""

    changes: int
    bar: int
    new: bool

    @classmethod
    def for_width(cls, width: int, most: int) -> _Columns:
        """As much as fits whole, the change of the throughput first."""
        changes = max(1, min(most, (width - _KNOB - _STEP - 2) // _CHANGE))
        left = width - _KNOB - _STEP - changes * _CHANGE - 4
        bar = min(left, _LARGEST_BAR)
        bar = bar - (bar + 1) % 2 if bar >= _LEAST_BAR and changes == most else 0
        return cls(changes, bar, left - bar >= _NEW_BEST)


def sort_names(samples: str) -> tuple[str, ...]:
    """What the knobs can be sorted by."""
    return (
        (counted("img/s", samples), say("latency"), "GiB")
        if samples
        else ("tok/s", "TTFT", "TPOT", "GiB")
    )


def _ratios(one: Response, samples: str) -> tuple[float, ...]:
    """The changes of a response in the order of `sort_names`."""
    ratios = (one.throughput_ratio, one.ttft_ratio, one.tpot_ratio, one.memory_ratio)
    return (ratios[0], *ratios[2:]) if samples else ratios


def _sorted(found: Sequence[Response], sort: int, samples: str) -> list[Response]:
    """The largest change of one column first; knobs that lose the plan before all."""

    def size(one: Response) -> float:
        ratio = _ratios(one, samples)[sort]
        return -abs(math.log(ratio)) if one.batch and ratio > 0 else -math.inf

    return sorted(found, key=size)


def response_rows(
    found: Sequence[Response], width: int, samples: str, sort: int = 0
) -> list[Row[Nudge]]:
    """One step of every knob, the largest change first, with a bar of what it does to the
    throughput of the best plan. ``sort`` is a place in `sort_names`."""
    names = [
        ("▼" if place == sort else "") + name for place, name in enumerate(sort_names(samples))
    ]
    columns = _Columns.for_width(width, len(names))
    first, *others = names[: columns.changes]
    head = f" {fit(say('one step of'), _KNOB)}{fit(say('from → to'), _STEP)}{right(first, _CHANGE)}"
    head += fit(say(" /chip"), columns.bar + 2) if columns.bar else ""
    head += "".join(right(name, _CHANGE) for name in others)
    rows: list[Row[Nudge]] = [Row(line((head + (say("  new best") if columns.new else ""), TITLE)))]
    if not found:
        rows.append(
            Row(line((say(" no plan meets the objectives, so there is none to nudge"), DIM)))
        )
    most = max((one.strength for one in found if math.isfinite(one.strength)), default=0.0)
    for one in _sorted(found, sort, samples):
        rows.append(Row(_response_line(one, most, columns, samples), one.nudge))
    return rows


def _response_line(one: Response, most: float, columns: _Columns, samples: str) -> Line:
    nudge = one.nudge
    step = fit(f"{say(nudge.before)} → {say(nudge.after)}", _STEP - 1)
    start = ((f" {fit(say(nudge.knob), _KNOB - 1)} ", BOLD), (f"{step} ", PLAIN))
    if not one.batch:
        return line(*start, (say("  no plan meets"), WARN))
    picture = ""
    if columns.bar:
        picture = f" {signed_bar(math.log(one.throughput_ratio), most, columns.bar)} "
    others = _ratios(one, samples)[1 : columns.changes]
    best = f"  {one.layout} B{one.batch}" if columns.new else ""
    return line(
        *start,
        (f"{change(one.throughput_ratio, 1.0):>{_CHANGE}}", BOLD),
        (picture, PLAIN),
        ("".join(f"{change(ratio, 1.0):>{_CHANGE}}" for ratio in others), PLAIN),
        (best, DIM),
    )
