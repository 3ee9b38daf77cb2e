"""A simulation as lines: latencies, rates, and what waits, runs and is held over time. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.words.messages import say
from engine.words.quantities import duration
from tui.drawing.lines import Line, fit, line, right
from tui.drawing.styles import ACCENT, BOLD, DIM, PLAIN, TITLE, WARN
from tui.widgets.chart_axis import Axis
from tui.widgets.chart_canvas import Canvas

if TYPE_CHECKING:
    from engine.scenario import Objectives
    from engine.serve.simulation.simulated import Simulated
    from engine.words.arrays import FloatArray

_LABEL = 9
"""Cells before a chart: what its top stands for."""
_LEAST_ROWS = 2
_NAMES = {"ttft": "TTFT", "tpot": "TPOT", "itl": "ITL", "e2e": "E2E"}


@dataclass(frozen=True, slots=True)
class Shown:
    """What there is to show of a simulation: its share that is done, and itself at the end."""

    subject: str
    share: float = 0.0
    found: Simulated | None = None


def simulation_lines(shown: Shown, objectives: Objectives, width: int, height: int) -> list[Line]:
    """Lines for a page of ``height`` rows."""
    head = line((fit(f" {shown.subject}", width), TITLE))
    if shown.found is None:
        return [head, line((say(" simulating … {share:.0%}", share=shown.share), DIM))]
    found = shown.found
    told = [head, *_latencies(found, width), *_rates(found, objectives, width)]
    rows = max((height - len(told) - 1) // 3 - 1, _LEAST_ROWS)
    time = found.line.bins(max((width - _LABEL - 1) * 2, 2))
    for name, values, most in (
        (say("waiting"), time.waiting, f"{time.waiting.max():,.0f}"),
        (say("running"), time.running, f"{time.running.max():,.0f}"),
        (say("KV held"), time.held, f"{time.held.max():.0%}"),
    ):
        told += _chart(name, most, values, width, rows)
    end = duration(found.seconds * 1e3)
    told.append(line((f"{'':<{_LABEL}}0{end:>{max(width - _LABEL - 2, 1)}}", DIM)))
    return told


def _latencies(found: Simulated, width: int) -> list[Line]:
    rows = found.statistics_ms()
    names = list(next(iter(rows.values()), {}))
    room = max(min(12, (width - 7) // max(len(names), 1)), 8)
    lines = [line((f" {'':<6}" + "".join(right(say(name), room) for name in names), DIM))]
    for name, row in rows.items():
        cells = "".join(f"{duration(value):>{room}}" for value in row.values())
        lines.append(line((f" {_NAMES[name]:<6}", BOLD), (cells, PLAIN)))
    return lines


def _rates(found: Simulated, objectives: Objectives, width: int) -> list[Line]:
    rates = found.rates
    words = say(
        " {requests:.3g} requests/s, {output_tokens:,.0f} tok/s out, "
        "{output_tokens_2:,.0f} tok/s/chip",
        requests=rates["requests"],
        output_tokens=rates["output_tokens"],
        output_tokens_2=rates["output_tokens"] / found.chips,
    )
    lines = [line((fit(words, width), PLAIN))]
    if len(found.ttft_seconds):
        kept = float(found.keeps(objectives).mean())
        lines.append(line((say(" {kept:.1%} of the requests keep every limit", kept=kept), PLAIN)))
    for count, what in (
        (found.preemptions, say("times a request lost its cache and was read again")),
        (found.refused, say("requests were refused: they never fit")),
    ):
        if count:
            lines.append(line((fit(f" {count:,} {what}", width), WARN)))
    return lines


def _chart(name: str, most: str, values: FloatArray, width: int, rows: int) -> list[Line]:
    """A curve below its name, the top of its axis at its left."""
    top = float(values.max()) or 1.0
    canvas = Canvas(
        max(width - _LABEL - 1, 2), rows, Axis(0.0, float(len(values) - 1)), Axis(0.0, top)
    )
    canvas.curve(np.arange(len(values), dtype=float), values, ("", ACCENT))
    lines = [line((f" {name}", BOLD), (say(" at most {most}", most=most), DIM))]
    for row in range(rows):
        label = most if row == 0 else "0" if row == rows - 1 else ""
        lines.append(line((f"{label:>{_LABEL - 1}} ", DIM), *canvas.line(row)))
    return lines
