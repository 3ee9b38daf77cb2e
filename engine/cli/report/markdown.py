"""A report as Markdown, as tickets take it: tables, and charts as tables of a few points."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from engine import __version__
from engine.cli.report.document import (
    Bars,
    Body,
    Chart,
    Grid,
    Listing,
    Report,
    Sentences,
    bar_figure,
    is_empty,
)
from engine.words.messages import say
from engine.words.quantities import rate
from engine.words.text import clean

_MARKED = re.compile(r"([\\`*_\[\]<>|~#$&])")
_POINTS = 8


def markdown_text(report: Report) -> str:
    """The whole report. What Markdown would act upon is escaped."""
    lines = [f"# {_shown(report.title)}", "", f"**{_shown(report.answer)}**", ""]
    for one in report.sections:
        if not is_empty(one.body):
            lines += [f"## {_shown(one.heading)}", "", *_body(one.body), ""]
    return "\n".join([*lines, say("Written by rooftop {version}.", version=__version__)]) + "\n"


def _shown(text: str) -> str:
    return _MARKED.sub(r"\\\1", clean(text, len(text)))


def _body(body: Body) -> Iterator[str]:
    match body:
        case Grid():
            yield from _table(body.rows, body.right)
        case Sentences(lines):
            yield from (f"- {_shown(line)}" if len(lines) > 1 else _shown(line) for line in lines)
        case Listing(text):
            # A fence must be longer than any in the text.
            longest = max((len(one) for one in re.findall(r"`+", text)), default=0)
            fence = "`" * max(longest + 1, 3)
            lines = [clean(line, len(line)) for line in text.splitlines()]
            yield from (f"{fence}text", *lines, fence)
        case Chart():
            yield from _points(body)
        case Bars():
            rows = [[body.title, body.unit]]
            rows += [[name, bar_figure(value)] for name, value, _, _ in body.bars]
            known = any(off is not None for _, _, off, _ in body.bars)
            offs = ["–" if off is None else f"{off:.0%}" for _, _, off, _ in body.bars]
            if known:
                rows = [[*row, off] for row, off in zip(rows, ["±", *offs], strict=True)]
            yield from _table(rows, (1, 2))


def _table(rows: Sequence[Sequence[str]], right: Sequence[int]) -> Iterator[str]:
    head, *rest = rows
    yield _row(head)
    yield "|" + "|".join("---:" if place in right else "---" for place in range(len(head))) + "|"
    yield from map(_row, rest)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(_shown(cell) for cell in cells) + " |"


def _points(chart: Chart) -> Iterator[str]:
    """A few points of every line, the chosen one with them."""
    for line in chart.series:
        count = len(line.points)
        places = {round(place * (count - 1) / (_POINTS - 1)) for place in range(_POINTS)}
        kept = {line.points[place] for place in places}
        if chart.chosen is not None and chart.chosen in line.points:
            kept.add(chart.chosen)
        rows = [[f"{x:,.4g}", rate(y)] for x, y in sorted(kept)]
        yield from _table([[chart.across, f"{line.name or chart.up}"], *rows], (0, 1))
        yield ""
