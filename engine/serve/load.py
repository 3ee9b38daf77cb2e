"""How requests arrive: what the size axis of a prediction means."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from engine.scenario import FirstToken
from engine.words.arrays import FloatArray

MOST_EVEN = 2.0
"""The widest range over its mean of lengths that are evenly spread: from 0 to twice the mean."""
MANY_ANSWERS = 1000.0
"""So many answers have a longest one as a client's ``spread`` says."""


@dataclass(frozen=True, slots=True)
class Client:
    """A benchmark's client, where it differs from a steady load of so many requests in flight.

    It opens with all slots at once and then refills each slot as its answer ends. ``waves`` is
    the number of requests per slot over the run. ``spread`` is the range of answer lengths as a
    share of their mean; with equal lengths (0) every wave arrives at once.
    """

    waves: int = 10
    spread: float = 0.2
    statistic: FirstToken = FirstToken.MEAN
    """The median does not see the opening."""

    @property
    def in_step(self) -> bool:
        """Answers of one length that began together end together, wave after wave."""
        return self.spread <= 0

    @property
    def longest(self) -> float:
        """Its longest answer over the mean one."""
        return 1.0 + 0.5 * self.spread

    def rest(self, requests: FloatArray) -> FloatArray:
        """By how many mean answers the longest of so many outlasts them: extremes grow with the
        logarithm of their number, up to the client's range."""
        share = np.log(np.maximum(requests, 1.0)) / math.log(MANY_ANSWERS)
        rest: FloatArray = (self.longest - 1.0) * np.minimum(share, 1.0)
        return rest

    @property
    def variation(self) -> float:
        """Coefficient of variation of its answers: evenly spread over their range, or, where that
        is longer than an even one can be, with an exponential's tail to the longest of
        `MANY_ANSWERS`."""
        if self.spread <= MOST_EVEN:
            return self.spread / math.sqrt(12.0)
        return max(MOST_EVEN / math.sqrt(12.0), (self.longest - 1.0) / math.log(MANY_ANSWERS))


@dataclass(frozen=True, slots=True)
class Static:
    """One batch: all prompts are prefilled together, then all sequences decode in lock step.

    The size is sequences per replica.
    """


@dataclass(frozen=True, slots=True)
class Closed:
    """So many requests in flight per replica (the size); as one ends, the next one starts.

    Without a ``client`` the load is steady; with one it is opened and kept as a benchmark does.
    ``busy`` is the share of the time that forward models have a batch to work on.
    """

    client: Client | None = None
    busy: float = 1.0


@dataclass(frozen=True, slots=True)
class Open:
    """Requests that come by themselves, however long others take.

    The size is requests per second of the whole deployment; ``rate`` is what a person asked for.
    The time between requests follows a gamma distribution of the shape ``burstiness``: 1 is
    Poisson, less comes in bursts (the meaning that ``--burstiness`` has for the clients of vLLM
    and SGLang).
    """

    rate: float
    burstiness: float = 1.0

    @property
    def variation(self) -> float:
        """Squared coefficient of variation of the time between requests: ``1/shape``."""
        return 1.0 / self.burstiness


Load = Static | Closed | Open
