"""What a report holds, whatever it is written as."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.words.quantities import rate


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows of cells under a head; cells at the places ``right`` are figures."""

    rows: Sequence[Sequence[str]]
    right: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Sentences:
    """One paragraph or point each."""

    lines: Sequence[str]


@dataclass(frozen=True, slots=True)
class Listing:
    """Text that is to be copied as it stands."""

    text: str


@dataclass(frozen=True, slots=True)
class Series:
    """Points of one line, as (x, y)."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines over one axis; ``chosen`` is a point to be marked, ``limit`` a height."""

    title: str
    across: str
    up: str
    series: Sequence[Series]
    chosen: tuple[float, float] | None = None
    limit: float | None = None


def bar_figure(value: float) -> str:
    """A bar's height in figures; what is counted is whole."""
    return f"{value:,.0f}" if value.is_integer() else rate(value)


@dataclass(frozen=True, slots=True)
class Bars:
    """Named bars with what they may be off by (None: unknown); those ``good`` meet what was
    asked."""

    title: str
    unit: str
    bars: Sequence[tuple[str, float, float | None, bool]]


Body = Grid | Sentences | Listing | Chart | Bars


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it."""

    heading: str
    body: Body


@dataclass(frozen=True, slots=True)
class Report:
    """A title, the answer, and sections in order; empty ones are left out when written."""

    title: str
    answer: str
    sections: Sequence[Section] = field(default_factory=tuple)


def is_empty(body: Body) -> bool:
    """Whether there is nothing to show."""
    match body:
        case Grid(rows):
            return len(rows) < 2
        case Sentences(lines):
            return not lines
        case Listing(text):
            return not text.strip()
        case Chart():
            return not any(len(one.points) > 1 for one in body.series)
        case Bars(bars=bars):
            return not bars
