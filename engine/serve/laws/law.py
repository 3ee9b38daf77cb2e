"""How a latency is spread over requests: laws in closed form, of blocks of candidates at once.

A `Piece` is a fixed time, a time evenly spread over a width, an exponential tail and a normal
deviation, one after the other. A `Law` is a mixture of pieces: of those who waited and those who
did not, of short and long answers. Its quantiles are found by halving, all rows together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np

from engine.words.arrays import FloatArray

HALVINGS = 24
"""Of the range that a quantile lies in: finer than a millionth of it."""
FARTHEST_SHARE = 1e-4
"""Nobody asks for more than all but this share of the requests."""
NORMAL_FARTHEST = 4.0
FEW = 64
"""Of so many rows all pieces of a law are worked out at once: numpy's own cost is most of it."""
LEAST_SECONDS = 1e-9


@dataclass(frozen=True, slots=True)
class Piece:
    """``fixed + U(0, width) + Exp(tail) + N(0, deviation)`` seconds, of a ``share`` of requests.

    Arrays that broadcast together. The exact distribution of the first three; with a deviation that
    of a normal and an exponential one, the width being part of the normal.
    """

    share: float | FloatArray
    fixed: FloatArray
    width: float | FloatArray = 0.0
    tail: float | FloatArray = 0.0
    deviation: float | FloatArray = 0.0
    stacked: bool = False
    """Whether it stands for several, one along the first axis of its arrays."""

    @property
    def mean(self) -> FloatArray:
        """Mean seconds."""
        mean: FloatArray = self.fixed + 0.5 * np.asarray(self.width) + self.tail
        return mean

    @property
    def variance(self) -> FloatArray:
        """Of its seconds."""
        variance: FloatArray = (
            np.square(self.width) / 12.0 + np.square(self.tail) + np.square(self.deviation)
        )
        return variance

    @property
    def farthest(self) -> FloatArray:
        """What all but `FARTHEST_SHARE` keep."""
        beyond: FloatArray = (
            self.fixed + self.width - np.log(FARTHEST_SHARE) * np.asarray(self.tail)
        )
        return beyond + NORMAL_FARTHEST * np.asarray(self.deviation)

    @property
    def nearest(self) -> FloatArray:
        """What nearly nobody is below."""
        nearest: FloatArray = self.fixed - NORMAL_FARTHEST * np.asarray(self.deviation)
        return nearest

    def after(self, seconds: FloatArray) -> Piece:
        """The same, so many seconds later."""
        return replace(self, fixed=self.fixed + seconds)

    def of(self, share: float | FloatArray) -> Piece:
        """The same, of a share of its requests."""
        return replace(self, share=self.share * share)

    @property
    def deviates(self) -> bool:
        """Whether it has a normal deviation anywhere."""
        if isinstance(self.deviation, float):
            return self.deviation > 0
        return bool(np.any(self.deviation > 0))

    def parts(self, seconds: FloatArray) -> Iterator[FloatArray]:
        """Shares of all requests that it holds and that take at most so many seconds, of each of
        the pieces that it stands for."""
        shares: FloatArray = self.share * self.within(seconds)
        if self.stacked:
            yield from shares
        else:
            yield shares

    def within(self, seconds: FloatArray) -> FloatArray:
        """Share of its requests that take at most so many seconds."""
        past = seconds - self.fixed
        if self.deviates:
            return _normal_within(past, self)
        return _evenly_within(past, self)


def _evenly_within(past: FloatArray, piece: Piece) -> FloatArray:
    """``P(U(0, w) + Exp(θ) ≤ t)``: the exponential's distribution averaged over the width."""
    width = np.maximum(piece.width, LEAST_SECONDS)
    tail = np.maximum(piece.tail, LEAST_SECONDS)
    # `np.clip` costs several times as much for few rows.
    inside, beyond = np.minimum(np.maximum(past, 0.0), width), np.maximum(past - width, 0.0)
    fallen = np.exp(-beyond / tail) * -np.expm1(-inside / tail)
    within: FloatArray = np.minimum(np.maximum((inside - tail * fallen) / width, 0.0), 1.0)
    return within


MOST_DEVIATIONS = 2.0
"""Of a normal deviation over an exponential tail: beyond it the sum is as good as normal."""


def _normal_within(past: FloatArray, piece: Piece) -> FloatArray:
    """``P(N + Exp(θ) ≤ t) = Φ(u) − exp(σ²/2θ² − uσ/θ)·Φ(u − σ/θ)`` with ``u = (t − μ)/σ``, the
    width taken as normal; all as one normal where the tail is small beside it."""
    tail, middle = np.asarray(piece.tail), 0.5 * np.asarray(piece.width)
    square = np.maximum(piece.variance, LEAST_SECONDS**2)
    plain = normal_share((past - middle - tail) / np.sqrt(square))
    if not np.any(tail > 0):
        return plain
    sigma = np.sqrt(np.maximum(square - np.square(tail), LEAST_SECONDS**2))
    ratio = sigma / np.maximum(tail, LEAST_SECONDS)
    longer = ratio <= MOST_DEVIATIONS
    ratio = np.minimum(ratio, MOST_DEVIATIONS)
    places = (past - middle) / sigma
    left = np.exp(np.minimum(0.5 * ratio**2 - np.maximum(places, -NORMAL_FARTHEST) * ratio, 40.0))
    shared = normal_share(places) - left * normal_share(places - ratio)
    within: FloatArray = np.where(longer, np.minimum(np.maximum(shared, 0.0), 1.0), plain)
    return within


def normal_share(deviations: FloatArray) -> FloatArray:
    """Share of a normal distribution up to so many standard deviations above its mean."""
    share: FloatArray = 0.5 * (1.0 + _error_function(deviations / np.sqrt(2.0)))
    return share


def _error_function(values: FloatArray) -> FloatArray:
    """To 1.5e-7 (Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26)."""
    size = np.abs(values)
    t = 1.0 / (1.0 + 0.3275911 * size)
    series = t * (0.254829592 + t * (-0.284496736 + t * 1.421413741))
    series = series + t**4 * (-1.453152027 + t * 1.061405429)
    signed: FloatArray = np.sign(values) * (1.0 - series * np.exp(-size * size))
    return signed


@dataclass(frozen=True, slots=True)
class Law:
    """A mixture of pieces, whose shares sum to 1."""

    pieces: tuple[Piece, ...]

    @classmethod
    def of(cls, *pieces: Piece) -> Law:
        """Their mixture."""
        return cls(tuple(pieces))

    @classmethod
    def fixed(cls, seconds: FloatArray) -> Law:
        """The same for all requests."""
        return cls((Piece(1.0, np.asarray(seconds, dtype=float)),))

    @property
    def mean(self) -> FloatArray:
        """Mean seconds."""
        mean: FloatArray = sum((one.share * one.mean for one in self.pieces), np.zeros(1))
        return mean

    @property
    def variance(self) -> FloatArray:
        """Of the whole mixture."""
        mean = self.mean
        variance: FloatArray = sum(
            (one.share * (one.variance + np.square(one.mean - mean)) for one in self.pieces),
            np.zeros(1),
        )
        return variance

    @property
    def deviation(self) -> FloatArray:
        """Square root of `variance`."""
        deviation: FloatArray = np.sqrt(self.variance)
        return deviation

    def within(self, seconds: FloatArray | float) -> FloatArray:
        """Share of the requests that take at most so many seconds."""
        limit = np.asarray(seconds, dtype=float)
        parts = [part for one in self.pieces for part in one.parts(limit)]
        # Shares of pieces add up to one but for rounding.
        share: FloatArray = np.minimum(sum(parts, np.zeros(1)), 1.0)
        return share

    def quantile(self, share: float) -> FloatArray:
        """Seconds that a ``share`` of the requests keeps."""
        low = _extreme([one.nearest for one in self.pieces], np.minimum)
        high = _extreme([one.farthest for one in self.pieces], np.maximum)
        low, high = np.broadcast_arrays(low, high)
        within = self.within if low.size > FEW else Law(self._together(low.shape)).within
        for _ in range(HALVINGS):
            middle = 0.5 * (low + high)
            enough = within(middle) >= share
            low, high = np.where(enough, low, middle), np.where(enough, middle, high)
        return high

    def _together(self, shape: tuple[int, ...]) -> tuple[Piece, ...]:
        """Neighbouring pieces of one form as one, their arrays of (pieces, *shape)."""
        return tuple(
            _stacked(tuple(alike), shape)
            for _, alike in groupby(self.pieces, lambda one: one.deviates)
        )

    def after(self, seconds: FloatArray) -> Law:
        """The same, so many seconds later."""
        return Law(tuple(one.after(seconds) for one in self.pieces))


def _stacked(pieces: tuple[Piece, ...], shape: tuple[int, ...]) -> Piece:
    """Pieces as one that stands for them all."""

    def column(name: str) -> FloatArray:
        return np.stack([np.broadcast_to(getattr(one, name), shape) for one in pieces])

    return Piece(
        column("share"),
        column("fixed"),
        column("width"),
        column("tail"),
        column("deviation"),
        stacked=True,
    )


def _extreme(values: Sequence[FloatArray], choose: np.ufunc) -> FloatArray:
    found = values[0]
    for one in values[1:]:
        found = choose(found, one)
    return np.asarray(found, dtype=float)


def mixed(parts: Sequence[tuple[float | FloatArray, Law]]) -> Law:
    """Laws of shares of the requests, as one."""
    return Law(tuple(piece.of(share) for share, law in parts for piece in law.pieces))
