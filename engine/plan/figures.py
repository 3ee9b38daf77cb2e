"""Columns of a table: what predictions say of its rows, and the metrics, each worked out when
somebody reads it.

A sweep has hundreds of thousands of rows and a dozen metrics, of which ranking reads one or two and
a screen shows some forty rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.plan.metrics.metric import Metric, Needs
from engine.plan.metrics.table import BY_ID, MEMORY
from engine.scenario import Objectives
from engine.serve.outcome import Bill, Memory, Outcome
from engine.serve.service import Parts
from engine.words.arrays import BoolArray, FloatArray

RATES = ("request_tokens", "decode_tokens", "prompt_tokens", "samples")
"""The rates that metrics of all rows are worked out from."""
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

    @classmethod
    def joined(cls, parts: Sequence[Told]) -> Told:
        """All rows in one: its columns lie in one piece of memory, which large pages serve."""
        first = parts[0]
        count = len(first.seconds) + len(first.rates) + 1 + len(first.asked)
        pieces = iter(np.empty((count, sum(len(one.needed_bytes) for one in parts))))

        def together(columns: list[FloatArray]) -> FloatArray:
            return np.concatenate(columns, out=next(pieces))

        def all_together(mappings: Sequence[Mapping[str, FloatArray]]) -> dict[str, FloatArray]:
            return {name: together([one[name] for one in mappings]) for name in mappings[0]}

        return cls(
            all_together([one.seconds for one in parts]),
            all_together([one.rates for one in parts]),
            together([one.needed_bytes for one in parts]),
            all_together([one.asked for one in parts]),
        )

    @property
    def passing(self) -> FloatArray:
        """Tokens per second, read and written, or samples."""
        if "samples" in self.rates:
            return self.rates["samples"]
        return self.rates["request_tokens"] + self.rates["prompt_tokens"]

    @property
    def finite(self) -> BoolArray:
        """The rows of which every figure is a number; their sum is one only then."""
        columns = (*self.seconds.values(), *self.rates.values(), *self.asked.values())
        total = np.asarray(sum(columns, self.needed_bytes))
        finite: BoolArray = np.isfinite(total)
        return finite


@dataclass(frozen=True, slots=True, eq=False)
class Figures(Mapping[str, FloatArray]):
    """The columns of ``names``, metrics of what is ``told`` of rows that take so many ``chips``,
    under the bill of so many tokens or samples per second; NaN where they are not ``served``, and
    for metrics that mean ``nothing``."""

    names: tuple[str, ...]
    told: Told
    objectives: Objectives
    chips: FloatArray
    bill: Callable[[FloatArray], Bill]
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
            found = self._known[name] = self._worked_out(name)
        return found

    def __contains__(self, name: object) -> bool:
        """Whether there is such a column; asking does not work it out."""
        return name in self.names

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def _worked_out(self, name: str) -> FloatArray:
        if name in self.nothing:
            return np.full(len(self.chips), np.nan)
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
            chips=self.chips,
            seconds=told.seconds,
            rates=told.rates,
            memory=memory,
            say_parts=_nothing,
            passes={},
            weigh=lambda _: (),
            bill=None if metric.needs is Needs.NOTHING else self.bill(told.passing),
        )


def _nothing() -> Parts:
    return {}
