"""Which statistic a run's time per token is, and the predicted one that stands beside it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import numpy as np

from engine.serve.outcome import Outcome
from engine.words.arrays import FloatArray
from engine.words.statistic import Statistic


class TokenTime(StrEnum):
    """What a run's time per output token is: the mean or the median of the requests, or the median
    of all gaps between deliveries, most of which hold no prompt of another request."""

    MEAN = "mean"
    MEDIAN = "median"
    MEDIAN_GAP = "median gap"


_MEDIANS = ("median", "p50")
_LAWS = {TokenTime.MEDIAN: "tpot", TokenTime.MEDIAN_GAP: "itl"}


def token_time(words: str) -> TokenTime:
    """What the words of a row call its time per token; the mean where they say nothing."""
    said = words.lower()
    if not said.startswith(_MEDIANS):
        return TokenTime.MEAN
    return TokenTime.MEDIAN_GAP if "itl" in said else TokenTime.MEDIAN


def token_seconds(outcome: Outcome, times: Sequence[TokenTime]) -> FloatArray:
    """Predicted seconds per token of every row of ``outcome``, each in the statistic that its run
    says; where nothing is known of single requests, all of them are the mean."""
    found = np.broadcast_to(outcome.seconds["tpot"], outcome.shape)[:, 0]
    said = np.array(times)
    for time, latency in _LAWS.items():
        if outcome.say_laws is not None and np.any(said == time):
            median = np.broadcast_to(outcome.at(latency, Statistic.P50), outcome.shape)[:, 0]
            found = np.where(said == time, median, found)
    return np.asarray(found)
