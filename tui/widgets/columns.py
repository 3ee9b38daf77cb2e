"""The table's columns: which there are, which are shown, which have room."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from engine.model.kinds import ModelKind
from engine.plan.metrics.metric import Metric
from engine.plan.metrics.table import metrics_about
from tui.drawing.format import metric_text
from tui.drawing.lines import cells
from tui.session.choices import Choices

if TYPE_CHECKING:
    from engine.plan.results import Table


@dataclass(frozen=True, slots=True)
class Column:
    """One column; ``rank`` says which go first when there is no room (lowest first). Words are
    cut to their width, numbers never."""

    id: str
    label: str
    width: int
    rank: int
    text: Callable[[float], str] | None = None
    """How a metric is written; None for words."""


_WORDS = (
    Column("layout", "layout", 44, 0),
    Column("precision", "precision", 24, 1),
)
CHIPS = Column("chips", "chips", 5, 1)
"""Of all replicas."""
_LAST = (
    Column("verdict", "verdict", 8, 8),
    Column("benchmark", "benchmark", 44, 9),
)
HIDDEN_AT_FIRST = Choices().hidden
WHOLE_SWEEP = frozenset({"layout", "precision"})
"""Columns that say nothing in a table of one layout."""


def columns_of(kind: ModelKind, *, one_token: bool = False) -> tuple[Column, ...]:
    """Every column of a table of ``kind``, in the order of the first start: those that are hidden
    at first stand last. Answers of one token have columns of their own."""
    metrics = metrics_about(kind, one_token=one_token)
    shown = (_of_metric(one) for one in metrics if one.shown)
    hidden = (_of_metric(one) for one in metrics if not one.shown)
    return (*_WORDS, *shown, *_LAST, *hidden)


def columns_in(table: Table) -> tuple[Column, ...]:
    """As `columns_of`, of the metrics that a table has: some are worked out only where asked."""
    every = columns_of(table.kind, one_token=table.one_token)
    if table.at_rate:
        # How many it takes is then what layouts differ in.
        every = (*every[:1], CHIPS, *every[1:])
    return tuple(one for one in every if one.text is None or one.id in table.metrics)


def _of_metric(metric: Metric) -> Column:
    return Column(metric.id, metric.label, metric.width, metric.rank, partial(metric_text, metric))


def sized(columns: Sequence[Column], words: Mapping[str, Iterable[str]]) -> tuple[Column, ...]:
    """``columns`` with those of ``words`` as wide as the longest word, within their width."""
    widths = {id: max((cells(one) for one in texts), default=0) for id, texts in words.items()}
    return tuple(
        replace(one, width=max(min(widths[one.id], one.width), len(one.label) + 1))
        if one.id in widths
        else one
        for one in columns
    )


def ordered(columns: Sequence[Column], order: Sequence[str]) -> tuple[Column, ...]:
    """``columns`` in the chosen ``order``; those it does not name keep their place after."""
    places = {id: place for place, id in enumerate(order)}
    return tuple(sorted(columns, key=lambda column: places.get(column.id, len(places))))


def with_room(columns: Sequence[Column], width: int) -> tuple[Column, ...]:
    """The most important of ``columns`` that fit whole into ``width`` cells, in their order.

    Each takes a space on its left; words one more, to stand off from the number before.
    """
    kept: set[str] = set()
    for column in sorted(columns, key=lambda one: one.rank):
        cost = column.width + (1 if column.text else 2)
        if cost <= width:
            kept.add(column.id)
            width -= cost
    return tuple(column for column in columns if column.id in kept)


def number(column: Column, value: float) -> str:
    """A metric for its column; in powers of ten when nothing shorter fits."""
    assert column.text is not None
    text = column.text(value)
    return text if len(text) <= column.width else f"{value:.0e}"
