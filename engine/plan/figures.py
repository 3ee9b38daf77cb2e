"""Columns of a table: what predictions say of its rows, and the metrics, each worked out when
somebody reads it.

A sweep has hundreds of thousands of rows and a dozen metrics, of which ranking reads one or two and
a screen shows some forty rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from engine.plan.metrics.metric import Metric, Needs
from engine.plan.metrics.table import BY_ID, MEMORY
from engine.scenario import Objectives
from engine.serve.outcome import Bill, Memory, Outcome
from engine.serve.service import Parts
from engine.words.arrays import BoolArray, FloatArray, IntArray, Places

RATES = ("request_tokens", "decode_tokens", "prompt_tokens", "samples")
"""The rates that metrics of all rows are worked out from."""
REMEMBERED_ROWS = 8192
"""Columns of larger tables are worked out anew: a dozen of them would take more than all that is
known of the rows, and a screen shows forty rows."""
KEPT = (MEMORY.id, "largest_rate", "utilised_percent")
"""Figures of rows that are not served, too: they say by how much."""


@dataclass(frozen=True, slots=True)
class Told:
    """What predictions say of rows, columns of equal length: seconds and rates by name, and the
    metrics that were ``asked`` for by id (statistics of single requests are not kept otherwise)."""

    seconds: Mapping[str, FloatArray]
    rates: Mapping[str, FloatArray]
    needed_bytes: FloatArray
    asked: Mapping[str, FloatArray]

    @classmethod
    def of(cls, outcome: Outcome, asked: Mapping[str, FloatArray], wanted: BoolArray) -> Told:
        """The ``wanted`` of an outcome's (arrangements, sizes)."""
        shape, rows = outcome.shape, np.flatnonzero(wanted)

        def flat(values: FloatArray) -> FloatArray:
            return np.broadcast_to(values, shape).ravel().take(rows)

        return cls(
            {name: flat(values) for name, values in outcome.seconds.items()},
            {name: flat(outcome.rates[name]) for name in RATES if name in outcome.rates},
            flat(outcome.memory.needed_bytes),
            {name: flat(values) for name, values in asked.items()},
        )

    def columns(self) -> Iterator[FloatArray]:
        """Every column, in an order of their own."""
        for named in (self.seconds, self.rates, self.asked):
            yield from named.values()
        yield self.needed_bytes

    def of_columns(self, columns: Iterable[FloatArray]) -> Told:
        """The same of other rows, from `columns` in their order."""
        given = iter(columns)
        seconds, rates, asked = (
            {name: next(given) for name in named}
            for named in (self.seconds, self.rates, self.asked)
        )
        return Told(seconds, rates, next(given), asked)

    def only(self, rows: IntArray) -> Told:
        """Some rows."""
        return self.of_columns(column[rows] for column in self.columns())

    @property
    def passing(self) -> FloatArray:
        """Tokens per second, read and written, or samples."""
        if "samples" in self.rates:
            return self.rates["samples"]
        return self.rates["request_tokens"] + self.rates["prompt_tokens"]

    @property
    def finite(self) -> BoolArray:
        """The rows of which every figure is a number; their sum is one only then."""
        *others, needed = self.columns()
        total = np.asarray(sum(others, needed))
        finite: BoolArray = np.isfinite(total)
        return finite


class Billing(Protocol):
    """Who says what chips cost and draw."""

    def bill(self, precision: Places, arrangement: Places, rate: FloatArray) -> Bill:
        """Of rows through which so many tokens or samples go per second, by their places."""


@dataclass(frozen=True, slots=True, eq=False)
class Figures(Mapping[str, FloatArray]):
    """The columns of ``names``, metrics of what is ``told`` of rows by the places of their
    arrangement, each of so many ``chips``, and precision; NaN where they are not ``served``, and
    for metrics that mean ``nothing``."""

    names: tuple[str, ...]
    told: Told
    objectives: Objectives
    arrangement_index: Places
    precision_index: Places
    chips: FloatArray
    """Of each arrangement."""
    charges: Billing
    served: BoolArray | None
    """None where all are."""
    nothing: tuple[str, ...] = ()
    _known: dict[str, FloatArray] = field(default_factory=dict)

    def __getitem__(self, name: str) -> FloatArray:
        found = self._known.get(name)
        if found is None:
            if name not in self.names:
                raise KeyError(name)
            # Threads that read it at the same time work it out to the same end.
            found = self._worked_out(name)
            if self.remembers:
                self._known[name] = found
        return found

    @property
    def remembers(self) -> bool:
        """Whether a column that was read once is kept."""
        return len(self.arrangement_index) <= REMEMBERED_ROWS

    def only(self, rows: IntArray) -> Figures:
        """The columns of some rows."""
        return replace(
            self,
            told=self.told.only(rows),
            arrangement_index=self.arrangement_index[rows],
            precision_index=self.precision_index[rows],
            served=None if self.served is None else self.served[rows],
            _known={name: column[rows] for name, column in self._known.items()},
        )

    def __contains__(self, name: object) -> bool:
        """Whether there is such a column; asking does not work it out."""
        return name in self.names

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def _worked_out(self, name: str) -> FloatArray:
        if name in self.nothing:
            return np.full(len(self.arrangement_index), np.nan)
        column = self.told.asked.get(name)
        if column is None:
            column = BY_ID[name].of(self._outcome(BY_ID[name]), self.objectives)
        if self.served is None or name in KEPT:
            return column
        return np.where(self.served, column, np.nan)

    def _outcome(self, metric: Metric) -> Outcome:
        """The rows as an outcome for a metric, whose arrays are columns of theirs."""
        told = self.told
        nowhere = np.zeros(0)
        memory = Memory(told.needed_bytes, nowhere, nowhere, nowhere, nowhere > 0, nowhere, nowhere)
        return Outcome(
            arrangements=(),
            sizes=nowhere,
            chips=self.chips[self.arrangement_index],
            seconds=told.seconds,
            rates=told.rates,
            memory=memory,
            say_parts=_nothing,
            passes={},
            weigh=lambda _: (),
            bill=None if metric.needs is Needs.NOTHING else self._bill(),
        )

    def _bill(self) -> Bill:
        rate = self.told.passing
        return self.charges.bill(self.precision_index, self.arrangement_index, rate)


def _nothing() -> Parts:
    return {}
