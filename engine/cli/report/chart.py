"""Charts of a report as SVG, with no script and nothing to load."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from engine.cli.report.document import Bars, Chart, bar_figure
from engine.words.messages import say
from engine.words.quantities import rate
from engine.words.text import clean

WIDTH, HEIGHT = 720, 260
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 30, 40
BAR, LABEL = 26, 220
_COLOURS = ("#1f6feb", "#bf5b04", "#1a7f37", "#8250df", "#57606a")
_MOST_POINTS = 400


def svg(body: Chart | Bars) -> str:
    """One chart."""
    return _lines(body) if isinstance(body, Chart) else _bars(body)


def _lines(chart: Chart) -> str:
    shown = [one for line in chart.series for one in line.points]
    shown += [chart.chosen] if chart.chosen else []
    left, right = min(x for x, _ in shown), max(x for x, _ in shown)
    highest = max(y for _, y in shown)
    # A limit belongs into the picture where it does not flatten all lines.
    if chart.limit is not None and chart.limit <= 3 * highest:
        highest = max(highest, chart.limit)
    ticks = _ticks(highest)
    top = ticks[-1] or 1.0

    scale = _Scale(left, right, top)
    parts = [*_grid(scale, ticks), *_curves(scale, chart)]
    if chart.limit is not None and chart.limit <= top:
        parts += _limit(scale, chart, chart.limit)
    if chart.chosen is not None:
        x, y = chart.chosen
        parts.append(
            f'<circle cx="{scale.across(x):.1f}" cy="{scale.up(y):.1f}" r="5" class="chosen"/>'
        )
    middle = (LEFT + WIDTH - RIGHT) / 2
    return _whole(
        HEIGHT,
        say("{title}: {up} over {across}", title=chart.title, up=chart.up, across=chart.across),
        [
            _text(LEFT, 16, chart.up),
            *parts,
            _text(middle, HEIGHT - 4, chart.across, "middle"),
        ],
    )


@dataclass(frozen=True, slots=True)
class _Scale:
    """Where figures stand in the picture: from ``left`` to ``right``, from 0 up to ``top``."""

    left: float
    right: float
    top: float

    def across(self, x: float) -> float:
        share = (x - self.left) / ((self.right - self.left) or 1.0)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def up(self, y: float) -> float:
        return HEIGHT - BOTTOM - y / self.top * (HEIGHT - TOP - BOTTOM)


def _grid(scale: _Scale, ticks: Sequence[float]) -> Iterator[str]:
    for value in ticks:
        up = scale.up(value)
        yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" {_flat(up)}/>'
        yield _text(LEFT - 8, up + 4, rate(value), "end")
    for value in _ticks(scale.right):
        if value >= scale.left:
            yield _text(scale.across(value), HEIGHT - BOTTOM + 18, f"{value:,.4g}", "middle")


def _curves(scale: _Scale, chart: Chart) -> Iterator[str]:
    for place, line in enumerate(chart.series):
        colour = _COLOURS[place % len(_COLOURS)]
        step = max(len(line.points) // _MOST_POINTS, 1)
        kept = [*line.points[::step], line.points[-1]] if line.points else []
        path = " ".join(f"{scale.across(x):.1f},{scale.up(y):.1f}" for x, y in kept)
        yield f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{path}"/>'
        if len(chart.series) > 1:
            yield _text(WIDTH - RIGHT, TOP + 14 * place, line.name, "end", colour)


def _limit(scale: _Scale, chart: Chart, limit: float) -> Iterator[str]:
    up = scale.up(limit)
    yield f'<line class="limit" x1="{LEFT}" x2="{WIDTH - RIGHT}" {_flat(up)}/>'
    said = say("limit {limit}", limit=rate(limit))
    # At the end at which the lines are farther from it.
    lines = [one.points for one in chart.series if one.points]
    near = {end: min(abs(one[end][1] - limit) for one in lines) for end in (0, -1)}
    where = (LEFT + 4, "start") if near[0] > near[-1] else (WIDTH - RIGHT, "end")
    yield _text(where[0], up - 5, said, where[1], "#cf222e")


def _bars(bars: Bars) -> str:
    most = max(value * (1 + (off or 0.0)) for _, value, off, _ in bars.bars) or 1.0
    room = WIDTH - LABEL - 80

    def parts() -> Iterator[str]:
        for place, (name, value, off, good) in enumerate(bars.bars):
            y = TOP + BAR * place
            length = value / most * room
            colour = _COLOURS[0] if good else _COLOURS[4]
            yield _text(LABEL - 8, y + 13, name, "end")
            yield f'<rect x="{LABEL}" y="{y}" width="{length:.1f}" height="18" fill="{colour}"/>'
            if off is not None:
                ends = [LABEL + value * (1 + sign * off) / most * room for sign in (-1, 1)]
                x1, x2 = (f"{one:.1f}" for one in ends)
                yield f'<line class="range" x1="{x1}" x2="{x2}" {_flat(y + 9)}/>'
            reach = value * (1 + (off or 0.0)) / most * room
            yield _text(LABEL + reach + 6, y + 13, bar_figure(value))

    height = TOP + BAR * len(bars.bars) + 8
    return _whole(height, bars.title, [_text(LABEL, 16, bars.unit), *parts()])


def _flat(y: float) -> str:
    return f'y1="{y:.1f}" y2="{y:.1f}"'


def _text(x: float, y: float, text: str, anchor: str = "start", colour: str = "") -> str:
    fill = f' fill="{colour}"' if colour else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{fill}>{_shown(text)}</text>'


def _shown(text: str) -> str:
    return escape(clean(text, len(text)))


def _whole(height: int, label: str, parts: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{_shown(label)}" '
        f'xmlns="http://www.w3.org/2000/svg">{"".join(parts)}</svg>'
    )


def _ticks(most: float) -> list[float]:
    """Round numbers from 0 to one that is not below ``most``."""
    if not math.isfinite(most) or most <= 0:
        return [0.0, 1.0]
    rough = most / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * one for one in (1, 2, 2.5, 5, 10) if power * one >= rough)
    return [step * count for count in range(math.ceil(most / step - 1e-9) + 1)]
