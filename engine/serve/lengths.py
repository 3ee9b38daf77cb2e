"""Lengths of requests as a few weighted ones: what is spread over many is summed over these."""

from __future__ import annotations

import math
from dataclasses import dataclass
from operator import itemgetter

import numpy as np

from engine.serve.load import MOST_EVEN, Client
from engine.serve.requests import Requests
from engine.words.arrays import FloatArray

_EDGES = np.array([*np.arange(0.0, 0.9, 0.1), 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 1.0])
"""Shares of the requests at which lengths are cut: finer where percentiles lie."""
MIDDLES, WEIGHTS = 0.5 * (_EDGES[:-1] + _EDGES[1:]), np.diff(_EDGES)
FEW_EDGES = np.array([0.5, 0.8, 0.95, 0.99])
"""The same for lengths of those whom a request meets."""


@dataclass(frozen=True, slots=True)
class LengthNodes:
    """Answers of a few lengths: ``later_tokens`` after the first, of a ``share`` of requests."""

    share: tuple[float, ...]
    later_tokens: tuple[FloatArray, ...]


def answer_nodes(requests: Requests, client: Client | None = None) -> LengthNodes:
    """The answers' lengths; one node where all are equal. A ``client`` draws them evenly from a
    range, where that is not beyond what is above 0."""
    mean = np.asarray(requests.output_tokens, dtype=float)
    spread = requests.spread
    if spread.histogram is not None:
        factors = _histogram_factors(spread.histogram.output_tokens, spread.histogram.share)
    elif spread.output > 0:
        factors = log_normal(spread.output)
    elif client is not None and 0 < client.spread <= MOST_EVEN:
        factors = 1.0 + client.spread * (MIDDLES - 0.5)
    elif client is not None and client.spread > 0:
        factors = log_normal(client.variation)
    else:
        return LengthNodes((1.0,), (np.maximum(mean - 1.0, 0.0),))
    nodes = tuple(np.maximum(mean * one - 1.0, 0.0) for one in factors)
    return LengthNodes(tuple(map(float, WEIGHTS)), nodes)


def prompt_nodes(requests: Requests) -> tuple[tuple[float, float], ...]:
    """Shares of the requests with the lengths of their prompts over the mean; one where all are
    equal."""
    spread = requests.spread
    if spread.histogram is not None:
        factors = _histogram_factors(spread.histogram.input_tokens, spread.histogram.share)
    elif spread.input > 0:
        factors = log_normal(spread.input)
    else:
        return ((1.0, 1.0),)
    return tuple(zip(map(float, WEIGHTS), map(float, factors), strict=True))


Nodes = tuple[tuple[float, float | FloatArray], ...]
"""Shares of the requests, and their lengths over the mean."""


def longest_of(
    nodes: tuple[tuple[float, float], ...], count: FloatArray, least: float = 0.0
) -> FloatArray:
    """The mean of the longest of ``count`` such lengths (1 or more), of one that is ``least`` and
    they."""
    if len(nodes) == 1:
        return np.full(1, max(nodes[0][1], least))
    longest, below, reached = np.zeros(1), np.zeros(1), 0.0
    for share, length in sorted(nodes, key=itemgetter(1)):
        reached = min(reached + share, 1.0)
        up_to = reached**count
        longest = longest + max(length, least) * (up_to - below)
        below = up_to
    return longest


def awaited(nodes: tuple[tuple[float, float], ...], together: FloatArray) -> Nodes:
    """As which lengths prompts count that each share a pass with ``together − 1`` of other ranks,
    and wait for the longest; the mean stays 1."""
    if len(nodes) == 1 or not np.any(together > 1.0):
        return nodes
    others = np.maximum(together - 1.0, 0.0)
    mean = longest_of(nodes, together)
    return tuple((share, 1.0 + longest_of(nodes, others, one) - mean) for share, one in nodes)


def weighed(nodes: Nodes, steeper: FloatArray, longer: float) -> Nodes:
    """What prompts take over what the mean one takes: their tokens see as many keys as they are
    long, ``longer`` ones than the mean on average."""
    if len(nodes) == 1:
        return nodes
    taken = [(share, one * (1.0 + steeper * (one - longer))) for share, one in nodes]
    mean = sum((share * one for share, one in taken), np.zeros(1))
    return tuple((share, one / mean) for share, one in taken)


def few_nodes(nodes: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    """As many neighbours as make up `FEW_EDGES` taken together, by their mean length."""
    if len(nodes) == 1:
        return nodes
    shares, lengths = np.array(nodes).T
    groups = np.searchsorted(FEW_EDGES, np.cumsum(shares) - 0.5 * shares)
    whole = np.bincount(groups, shares)
    means = np.bincount(groups, shares * lengths) / whole
    return tuple(zip(map(float, whole), map(float, means), strict=True))


def log_normal(variation: float) -> FloatArray:
    """Lengths over their mean at `MIDDLES`, log-normal with a coefficient of variation; their mean
    is 1."""
    sigma = np.sqrt(np.log1p(variation**2))
    factors = np.exp(sigma * _normal_quantiles(MIDDLES))
    whole: FloatArray = factors / float(WEIGHTS @ factors)
    return whole


def share_beyond(requests: Requests, tokens: float) -> float:
    """Share of the requests whose prompt and answer are more than ``tokens`` together."""
    spread, mean = requests.spread, float(np.asarray(requests.output_tokens))
    prompt = float(np.asarray(requests.input_tokens))
    if spread.histogram is not None:
        whole = spread.histogram.input_tokens + spread.histogram.output_tokens
        return float(spread.histogram.share[whole > tokens].sum())
    if not spread.output:
        return _log_normal_beyond(prompt, spread.input, tokens - mean)
    return sum(
        share * _log_normal_beyond(mean, spread.output, tokens - length * prompt)
        for share, length in prompt_nodes(requests)
    )


def _log_normal_beyond(mean: float, variation: float, value: float) -> float:
    """Share of log-normal lengths that are above ``value``."""
    if value <= 0 or not variation:
        return float(mean > value)
    square = math.log1p(variation**2)
    above = math.log(value / mean) + 0.5 * square
    return 0.5 * math.erfc(above / math.sqrt(2.0 * square))


def _histogram_factors(tokens: FloatArray, share: FloatArray) -> FloatArray:
    order = np.argsort(tokens, kind="stable")
    reached = np.cumsum(share[order])
    places = np.minimum(np.searchsorted(reached, MIDDLES * reached[-1]), len(order) - 1)
    lengths = tokens[order][places]
    factors: FloatArray = lengths / float(WEIGHTS @ lengths)
    return factors


def _normal_quantiles(shares: FloatArray) -> FloatArray:
    """Quantiles of the standard normal distribution."""
    from statistics import NormalDist

    standard = NormalDist()
    return np.array([standard.inv_cdf(float(one)) for one in shares])


def output_variation(requests: Requests, client: Client | None = None) -> float:
    """Coefficient of variation of the answers' lengths."""
    spread = requests.spread
    if spread.histogram is not None:
        return _variation(spread.histogram.output_tokens, spread.histogram.share)
    return max(spread.output, client.variation if client is not None else 0.0)


def input_variation(requests: Requests) -> float:
    """Coefficient of variation of the prompts' lengths."""
    histogram = requests.spread.histogram
    if histogram is None:
        return requests.spread.input
    return _variation(histogram.input_tokens, histogram.share)


def _variation(lengths: FloatArray, share: FloatArray) -> float:
    mean = float(share @ lengths)
    return math.sqrt(float(share @ np.square(lengths - mean))) / mean if mean else 0.0
