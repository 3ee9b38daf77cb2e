"""How far requests are from the mean latency: who waits, whose tokens are held up, who is long."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from engine.hardware.parts.costs import Costs
from engine.serve.laws.law import Law, Piece, mixed
from engine.serve.lengths import LengthNodes, Nodes
from engine.serve.load import Client
from engine.serve.steady import SteadyPasses
from engine.words.arrays import FloatArray
from engine.words.statistic import Statistic

LEAST = 1e-12


@dataclass(frozen=True, slots=True)
class Laws:
    """The laws of what users see, arrays of (arrangements, sizes).

    ``tpot`` is a user's mean time per token, ``itl`` the time between two deliveries of tokens.
    """

    ttft: Law
    tpot: Law
    itl: Law
    lengths: LengthNodes

    @property
    def e2e(self) -> Law:
        """End to end: the first token, and the later ones of short and of long answers. Answers of
        one length differ by how fast their tokens come."""
        later = self.lengths.later_tokens
        if len(later) > 1:
            return self._of_lengths()
        return mixed(
            [(piece.share, _spread(self.ttft, piece, later[0])) for piece in self.tpot.pieces]
        )

    def _of_lengths(self) -> Law:
        """As `e2e`, where answers differ in length: those around each node are evenly spread, of
        first tokens the mean and the variance count."""
        later, tpot = self.lengths.later_tokens, self.tpot.mean
        alike = len(self.tpot.pieces) == len(later)
        first, varied = self.ttft.mean, self.ttft.variance
        pieces = []
        for place, (share, tokens) in enumerate(zip(self.lengths.share, later, strict=True)):
            below, above = later[max(place - 1, 0)], later[min(place + 1, len(later) - 1)]
            width = 0.5 * (above - below) * tpot
            one = self.tpot.pieces[place] if alike else None
            tail = tokens * one.tail if one is not None else np.zeros(1)
            deviation = one.deviation if one is not None else self.tpot.deviation
            spread = np.sqrt(varied + np.square(width) / 12.0 + np.square(tokens * deviation))
            pieces.append(Piece(share, first + tokens * tpot - tail, tail=tail, deviation=spread))
        return Law(tuple(pieces))

    def law(self, name: str) -> Law:
        """The law of ``ttft``, ``tpot``, ``itl`` or ``e2e``."""
        law: Law = self.e2e if name == "e2e" else getattr(self, name)
        return law

    def at(self, name: str, statistic: Statistic) -> FloatArray:
        """Seconds of one statistic of it."""
        law = self.law(name)
        return law.mean if statistic is Statistic.MEAN else law.quantile(statistic.share)


def _spread(ttft: Law, tpot: Piece, later: FloatArray) -> Law:
    """First tokens, then ``later`` ones of the users of one piece. Of two tails the longer one is
    kept, the other one adds its mean and its variance."""
    deviation = np.sqrt(np.square(tpot.deviation) + np.square(tpot.width) / 12.0)
    after = later * np.asarray(tpot.tail)
    pieces = []
    for one in ttft.pieces:
        shorter = np.minimum(one.tail, after)
        pieces.append(
            Piece(
                one.share,
                one.fixed + later * (tpot.mean - tpot.tail) + shorter,
                one.width,
                np.maximum(one.tail, after),
                np.sqrt(
                    np.square(one.deviation) + np.square(later * deviation) + np.square(shorter)
                ),
            )
        )
    return Law(tuple(pieces))


SayLaws = Callable[[], Laws]


def remembered(say: SayLaws) -> SayLaws:
    """The same laws however often they are asked for."""
    return lru_cache(maxsize=1)(say)


@dataclass(frozen=True, slots=True)
class Opening:
    """A client that opens all its slots at once: a ``share`` of its requests wait from ``first`` to
    ``last`` seconds, and their tokens for the prompts behind them, up to ``held_up`` in all."""

    share: float
    first: FloatArray
    last: FloatArray
    held_up: FloatArray


def opening_of(
    costs: Costs, client: Client, first: FloatArray, last: FloatArray, tuned: bool
) -> Opening:
    """The opening of a ``client`` whose prompts would have their first tokens from ``first`` to
    ``last`` on a warm server. What a fresh one takes longer, where grouped products are ``tuned``,
    it takes at its first passes, so that all wait for it alike; the mean is that of
    `engine.serve.batching.client.opening_seconds`."""
    late: float | FloatArray = 0.0
    if tuned:
        late = (costs.opening_slowdown - 1.0) * 0.5 * (first + last) + costs.warmup_seconds
    return Opening(1.0 / client.waves, first + late, last + late, last + late)


def by_prompt(
    nodes: Nodes,
    fitting: FloatArray,
    passes: tuple[FloatArray, FloatArray],
    law: Law,
) -> Law:
    """A law of first tokens of mean prompts as that of short and long ones: shares of the requests
    with lengths over the mean. ``fitting`` mean prompts fill a pass, which takes so long without
    prompts and with one: longer prompts add their work, and passes where one is not enough."""
    if len(nodes) == 1:
        return law
    plain, with_one = passes
    mean_passes = np.maximum(1.0 / fitting, 1.0)
    work = mean_passes * np.maximum(with_one - plain, 0.0)
    parts = []
    for share, length in nodes:
        more = np.maximum(length / fitting, 1.0) - mean_passes
        parts.append((share, law.after((length - 1.0) * work + more * plain)))
    return mixed(parts)


def fixed_laws(ttft: FloatArray, tpot: FloatArray, lengths: LengthNodes) -> Laws:
    """All requests have the same latencies."""
    return Laws(Law.fixed(ttft), Law.fixed(tpot), Law.fixed(tpot), lengths)


def opened(law: Law, opening: Opening | None, arriving: float | FloatArray) -> Law:
    """Times to the first token of a client's whole run; ``arriving`` is what every request waits
    beside the prompts."""
    if opening is None:
        return law
    width = np.maximum(opening.last - opening.first, 0.0)
    burst = Law.of(Piece(1.0, opening.first + arriving, width))
    return mixed([(1.0 - opening.share, law), (opening.share, burst)])


def held_up(
    mean: FloatArray,
    plain: FloatArray,
    met: FloatArray,
    variation: float | FloatArray,
    others: FloatArray,
    opening: Opening | None,
    steps: FloatArray,
) -> Law:
    """Times per token: ``plain`` ones and, on average, ``met`` seconds of the prompts of others.

    How many prompts a request meets is a count of renewals: each of the ``others`` in flight starts
    one per answer, whose variance over a time of one answer is about the coefficient of
    ``variation`` of their lengths (1 for exponential lengths, where it is exact; 0 where all are
    equal). Who was there at the opening meets all prompts behind its own.
    """
    counted = np.sqrt(np.asarray(variation, dtype=float) / np.maximum(others, 1.0))
    deviation = np.maximum(met, 0.0) * np.minimum(counted, 1.0)
    if opening is None:
        return Law.of(Piece(1.0, mean, deviation=deviation))
    width = opening.held_up / np.maximum(steps, 1.0)
    burst = Piece(opening.share, plain + np.zeros_like(mean), width)
    rest = 1.0 - opening.share
    if rest <= 0.0:
        return Law.of(burst)
    steady = np.maximum((mean - opening.share * burst.mean) / rest, plain)
    return Law.of(burst, Piece(rest, steady, deviation=deviation))


def passes_law(passes: SteadyPasses, step: FloatArray) -> Law:
    """Times between two deliveries: passes without prompts, and those with them, as often as makes
    the mean that of a user's ``step``: whoever decodes meets prompts of others, never its own."""
    plain = np.asarray(passes.plain, dtype=float)
    longer = passes.row * (passes.mixed - passes.plain)
    met = np.clip((step - plain) / np.maximum(longer, LEAST), 0.0, 1.0)
    return Law.of(Piece(1.0 - met, plain), Piece(met, plain + longer))
