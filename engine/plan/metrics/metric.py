"""What a metric is: its words, its unit, its limit, how an outcome says it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from engine.model.kinds import ModelKind
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.quantities import dollars, duration, duration_beyond, joules
from engine.words.statistic import Statistic
from engine.words.text import clean
from engine.words.units import parse_decimal, parse_milliseconds, parse_percent

if TYPE_CHECKING:
    from engine.scenario import Objectives
    from engine.serve.outcome import Outcome
    from engine.words.arrays import FloatArray


class Unit(Enum):
    """What a metric's numbers are in."""

    MILLISECONDS = "ms"
    PER_SECOND = "/s"
    GIBIBYTES = "GiB"
    PERCENT = "%"
    REQUESTS = "requests"
    DOLLARS = "$"
    JOULES = "J"


_AMOUNTS = {Unit.DOLLARS: "dollars", Unit.JOULES: "joules"}
LARGEST_AMOUNT = 1e9


class Better(Enum):
    """Which way a metric is better."""

    LOWER = "lower"
    HIGHER = "higher"


class Answers(Enum):
    """The answers that a metric is about, by their length."""

    ANY = "any"
    SEVERAL_TOKENS = "two tokens or more"
    """Nothing comes after the first token of an answer of one."""
    ONE_TOKEN = "one token: only prompts are worked on"


class Needs(Enum):
    """What a metric cannot be known without."""

    NOTHING = "nothing"
    PRICE = "prices of chips"
    WATTS = "watts of chips"


@dataclass(frozen=True, slots=True)
class Limit:
    """The objective that a metric has: a field of `engine.scenario.Objectives` by the metric's id.

    ``option`` is its option on the command line, ``customary`` where a step of the form takes a
    limit that there was none of, in the metric's unit.
    """

    option: str
    customary: float
    help: str

    @property
    def keyword(self) -> str:
        """The option as Python writes it."""
        return self.option.replace("-", "_")


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric of a candidate.

    ``label`` heads its column, ``name`` is what sentences call it. ``of`` reads it from an outcome
    as an array of (arrangements, sizes). ``range`` names the kind of published error that is its
    range, empty for what was never compared. ``rank`` says which columns go first where there is no
    room, ``width`` the cells that its numbers need; ``shown`` is False for columns that are hidden
    at first. A ``headline`` is what answers are compared by; ``words`` name it in a filter.
    ``answers`` are those that it says something about. ``statistic`` is which of the requests it
    is. What is ``asked`` for is worked out only where an objective limits it or few rows are
    shown: it takes longer than a sweep has time for.
    """

    id: str
    label: str
    name: str
    unit: Unit
    better: Better
    kinds: tuple[ModelKind, ...]
    of: Callable[[Outcome, Objectives], FloatArray]
    limit: Limit | None = None
    range: str = ""
    rank: int = 9
    width: int = 8
    shown: bool = True
    headline: bool = False
    words: tuple[str, ...] = ()
    answers: Answers = Answers.ANY
    statistic: Statistic = Statistic.MEAN
    asked: bool = False
    of_rates: bool = False
    """Whether there is none but of requests that come at a rate."""
    needs: Needs = Needs.NOTHING

    def limit_in(self, objectives: Objectives) -> float | None:
        """What a person allows of it; None where it has no limit."""
        if self.limit is None:
            return None
        found: float | None = getattr(objectives, self.id)
        return found

    def ratio(self, values: FloatArray | float, limit: FloatArray | float) -> FloatArray:
        """How far values are from a limit: above 1 they miss it."""
        if self.better is Better.LOWER:
            return values / limit  # type: ignore[return-value]
        return limit / values  # type: ignore[return-value]

    def keeps(self, value: float, limit: float) -> bool:
        """Whether one value is within its limit."""
        return value <= limit if self.better is Better.LOWER else value >= limit

    def amount(self, value: float) -> str:
        """A value for a sentence: ``41.2 ms``, ``95 %``, ``$ 0.43``."""
        if self.unit is Unit.PERCENT:
            return f"{value:.4g} %"
        if self.unit is Unit.DOLLARS:
            return dollars(value)
        return joules(value) if self.unit is Unit.JOULES else duration(value)

    def plain(self, value: float) -> str:
        """A limit as short as it is typed: ``50 ms``, ``$2``."""
        if self.unit is Unit.DOLLARS:
            return f"${value:g}"
        return f"{value:g} {self.unit.value}"

    def beyond(self, value: float, limit: float) -> str:
        """A value that misses its limit, with digits that show it."""
        if self.unit is Unit.PERCENT:
            return f"{value:.4g} %" if f"{value:.4g}" != f"{limit:.4g}" else f"{value:.6g} %"
        if self.unit in _AMOUNTS:
            text = self.amount(value)
            return text if text != self.amount(limit) else self.plain(float(f"{value:.6g}"))
        return duration_beyond(value, limit)

    def parse(self, text: str, what: str) -> float:
        """A limit as a person writes it; raises `InputError`."""
        if self.unit is Unit.PERCENT:
            return parse_percent(text, what, 1, 100)
        if self.unit in _AMOUNTS:
            value = parse_decimal(text.strip().removeprefix("$"))
            if 0 < value <= LARGEST_AMOUNT:
                return value
            found, expected = clean(text, 40), _AMOUNTS[self.unit]
            raise InputError(
                say(
                    "{what}: found {found!r}, expected {expected} above 0",
                    what=what,
                    found=found,
                    expected=expected,
                )
            )
        return parse_milliseconds(text, what)

    @property
    def largest_limit(self) -> float:
        """Beyond which a limit says nothing."""
        return 100.0 if self.unit is Unit.PERCENT else math.inf

    def is_about(self, *, one_token: bool) -> bool:
        """Whether it says something about answers of one token, or of several."""
        other = Answers.SEVERAL_TOKENS if one_token else Answers.ONE_TOKEN
        return self.answers is not other

    @property
    def latency(self) -> str:
        """Its id without statistic and unit: what several metrics are statistics of."""
        return self.id.removesuffix("_ms").removesuffix(f"_{self.statistic}")

    @property
    def short(self) -> str:
        """The label without its unit: ``TTFT``, ``tok/s/chip``."""
        return self.label.removesuffix(" ms")
