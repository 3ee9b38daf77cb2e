"""How the table is looked at: which rows of it, in which order. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.plan.results import Table
from engine.words.arrays import BoolArray, IntArray, distinct
from engine.words.text import clean

VIEWS = ("layout", "best", "all")
"""The batches of one layout; the best batch of every layout; every candidate."""
FILTERS = ("all", "fits", "meets")
LONGEST_MATCH = 1000
"""Characters of a filter that a file may hold."""
EVERY_BATCH = 256
SPREAD_BATCHES = 192


@dataclass(frozen=True, slots=True)
class TableView:
    """How the table is looked at."""

    view: str = "layout"
    sort: str = ""
    descending: bool = True
    filter: str = "all"
    match: str = ""
    """Words that rows must match, see `tui.session.matching`."""


def checked_view(value: object) -> TableView:
    """A view as a file tells it; what is not a view's is left at its default."""
    table = value if isinstance(value, dict) else {}
    view, keep = table.get("view"), table.get("filter")
    return TableView(
        view=view if view in VIEWS else "layout",
        sort=str(table.get("sort", ""))[:40],
        descending=bool(table.get("descending", True)),
        filter=keep if keep in FILTERS else "all",
        match=clean(str(table.get("match", "")), LONGEST_MATCH),
    )


def viewed_rows(table: Table, view: TableView, ranked: IntArray | None) -> IntArray:
    """The rows of ``table`` that ``view`` shows, in its order. ``ranked`` orders the rows of a
    whole sweep best first; None for the table of one layout. Raises `InputError` for a filter
    that makes no sense."""
    rows = np.arange(len(table)) if ranked is None else ranked
    if ranked is not None and view.view == "best":
        rows = _first_of_each_layout(table, rows)
    keep = _filtered(table, view.filter)
    if view.match:
        from tui.session.matching import matching

        keep = keep & matching(table, view.match)
    rows = rows[keep[rows]]
    if view.sort == "batch" or view.sort in table.metrics:
        column = table.batch if view.sort == "batch" else table.metrics[view.sort]
        values = np.nan_to_num(column[rows].astype(float), nan=-1.0)
        rows = rows[np.argsort(-values if view.descending else values, kind="stable")]
    return rows


def shown_batches(most: int, wanted: tuple[int, ...] = ()) -> IntArray:
    """Every batch up to `EVERY_BATCH`, then about as many again spread to ``most``, and the
    neighbours of the ``wanted`` ones: enough to draw and to scroll, and quick for any size.
    The sweep behind still tries every single one."""
    dense = np.arange(1, min(most, EVERY_BATCH) + 1)
    if most <= EVERY_BATCH:
        return dense
    spread = distinct(np.geomspace(EVERY_BATCH, most, SPREAD_BATCHES).astype(np.int64))
    near = [np.arange(one - 8, one + 9) for one in wanted]
    chosen = distinct(np.concatenate([dense, spread, *near]))
    return chosen[(chosen >= 1) & (chosen <= most)]


def _filtered(table: Table, name: str) -> BoolArray:
    if name == "fits":
        return table.fits
    return table.meets if name == "meets" else np.ones(len(table), dtype=bool)


def _first_of_each_layout(table: Table, order: IntArray) -> IntArray:
    """The best-ranked row of every layout and precision, in rank order; at a rate whatever the
    number of replicas."""
    layouts = table.arrangement_index[order]
    if table.at_rate:
        names: dict[str, int] = {}
        places = [names.setdefault(one.layout_name, len(names)) for one in table.arrangements]
        layouts = np.array(places)[layouts]
    key = layouts * len(table.precisions) + table.precision_index[order]
    _, first = np.unique(key, return_index=True)
    found: IntArray = order[np.sort(first)]
    return found
