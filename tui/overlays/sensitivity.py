"""What matters now: what would let the next batch pass, and every knob by what a step does."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui.bars import signed_bar
from tui.format import change, rate
from tui.lines import Line, fit, line, wrapped
from tui.overlays.rows import Row
from tui.styles import BEST, BOLD, DIM, PLAIN, TITLE, WARN

if TYPE_CHECKING:
    from engine.nudges import Nudge
    from engine.remedies import Advice, Remedy
    from engine.sensitivity import Response

_KNOB, _STEP, _CHANGE = 14, 26, 8
_NEW_BEST = 24
_LEAST_BAR = 7


def remedy_rows(advice: Advice | None, base: float, width: int) -> list[Row[Nudge]]:
    """What a candidate misses, the changes that would do, and those that would not. ``base`` is
    the throughput of the best plan, not a number when there is none."""
    from engine.advice import advice_sentence, shortfall_words

    which = "the nearest plan" if math.isnan(base) else "the next better batch"
    rows: list[Row[Nudge]] = [Row(line((f" what would let {which} pass", TITLE)))]
    if advice is None:
        words = " no larger batch brings more per chip: no limit is in the way"
        return [*rows, Row(line((words, DIM)))]
    if advice.shortfall is None:
        return rows + [
            Row(line((f" {one}", DIM))) for one in wrapped(advice_sentence(advice), width - 1, 2)
        ]
    subject = f"batch {advice.candidate.batch} of {advice.candidate.layout.name}: "
    missed = wrapped(subject + shortfall_words(advice.shortfall), width - 1, 2)
    rows += [Row(line((f" {one}", BOLD))) for one in missed]
    rows += [Row(_remedy_line(one, base, width), one.nudge) for one in advice.remedies]
    return rows


def _remedy_line(remedy: Remedy, base: float, width: int) -> Line:
    from engine.advice import remedy_words, shortfall_words

    words = fit(remedy_words(remedy), 34)
    if remedy.shortfall is not None:
        missed = shortfall_words(remedy.shortfall)
        return line((" ✗ ", WARN), (f"{words} ", DIM), (fit(missed, max(width - 39, 10)), DIM))
    gain = "" if math.isnan(base) else f", {change(remedy.throughput, base)}"
    text = f"would do: {rate(remedy.throughput)} per chip{gain}"
    return line((" ✓ ", BEST), (f"{words} ", PLAIN), (text, PLAIN))


def response_rows(found: Sequence[Response], width: int, vision: bool) -> list[Row[Nudge]]:
    """One step of every knob, the strongest first, with a bar of what it does to the throughput
    of the best plan."""
    bar = min(max(width - _KNOB - _STEP - 4 * _CHANGE - 3, 0), 25)
    new = width - _KNOB - _STEP - 4 * _CHANGE - bar - 6 >= _NEW_BEST
    bar = bar - (bar + 1) % 2 if bar >= _LEAST_BAR else 0
    unit, second = ("img/s", "latency") if vision else ("tok/s", "TPOT")
    first = "" if vision else "TTFT"
    head = f" {'one step of':<{_KNOB}}{'from → to':<{_STEP}}{unit:>{_CHANGE}}"
    head += f"{' ' + '/chip':<{bar + 2}}" if bar else ""
    head += f"{first:>{_CHANGE}}{second:>{_CHANGE}}{'GiB':>{_CHANGE}}"
    rows: list[Row[Nudge]] = [Row(line((head + ("  new best" if new else ""), TITLE)))]
    if not found:
        rows.append(Row(line((" no plan meets the objectives, so there is none to nudge", DIM))))
    strengths = [one.strength for one in found if math.isfinite(one.strength)]
    most = max(strengths, default=0.0)
    for one in found:
        rows.append(Row(_response_line(one, most, bar, new, vision), one.nudge))
    return rows


def _response_line(one: Response, most: float, bar: int, new: bool, vision: bool) -> Line:
    nudge = one.nudge
    step = fit(f"{nudge.before} → {nudge.after}", _STEP - 1)
    start = ((f" {fit(nudge.knob, _KNOB - 1)} ", BOLD), (f"{step} ", PLAIN))
    if not one.batch:
        return line(*start, ("  nothing meets the objectives any more", WARN))
    gained = math.log(one.throughput_ratio)
    picture = f" {signed_bar(gained, most, bar)} " if bar else ""
    ttft = "" if vision else change(one.ttft_ratio, 1.0)
    rest = f"{ttft:>{_CHANGE}}{change(one.tpot_ratio, 1.0):>{_CHANGE}}"
    rest += f"{change(one.memory_ratio, 1.0):>{_CHANGE}}"
    best = f"  {one.layout} B{one.batch}" if new else ""
    return line(
        *start,
        (f"{change(one.throughput_ratio, 1.0):>{_CHANGE}}", BOLD),
        (picture, PLAIN),
        (rest, PLAIN),
        (best, DIM),
    )
