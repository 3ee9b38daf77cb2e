"""How far single requests of an open load are from the mean."""

from __future__ import annotations

import numpy as np

from engine.serve.laws.law import Law, Piece
from engine.serve.laws.laws import Laws, by_prompt, passes_law
from engine.serve.laws.queues import (
    LEAST,
    Queue,
    Traffic,
    flight_stretch,
    further_seconds,
    prompts_dispersion,
    prompts_during,
    with_places,
    work_nodes,
)
from engine.serve.lengths import answer_nodes, input_variation, prompt_nodes
from engine.serve.requests import Requests
from engine.serve.steady import SteadyPasses
from engine.words.arrays import FloatArray


def open_laws(
    requests: Requests,
    traffic: Traffic,
    passes: SteadyPasses,
    means: tuple[FloatArray, FloatArray],
    waits: tuple[FloatArray, Queue, Queue],
) -> Laws:
    """How far single requests are from the ``means``: seconds that all first tokens take at least,
    and of a later token. First tokens wait besides until the engine looks at its queue (mean
    seconds), for prompts of others and for a place."""
    least, tpot = means
    return Laws(
        by_prompt(
            work_nodes(requests, passes, prompt_nodes(requests)),
            passes.budget / requests.fresh_tokens,
            (passes.plain, passes.plain + further_seconds(passes)),
            first_token(requests, least, *waits),
        ),
        _token_law(requests, traffic, passes, tpot),
        passes_law(passes, tpot * requests.drafts.accepted),
        answer_nodes(requests),
    )


def first_token(
    requests: Requests, served: FloatArray, polling: FloatArray, prompts: Queue, place: Queue
) -> Law:
    """All combinations of who waits for what. A Poisson count of mean ``a`` is none of ``e^−a``
    requests; that of the others is taken as a fixed one and an exponential, which has its mean and
    variance; of prompts whose lengths differ by more. Longer waits are seldom, and told apart from
    each other no further."""
    pieces, varied = [], input_variation(requests) ** 2
    placed = 1.0 - place.beyond_share
    usual = placed * (1.0 - prompts.beyond_share)
    for one in prompts.passes:
        beside = np.maximum(one.beside, LEAST)
        some = -np.expm1(-beside)
        mean = beside / some
        variance = np.maximum((beside + beside**2) / some - mean**2, 0.0) + mean * varied
        counted = np.minimum(np.sqrt(variance), mean)
        first, tail = (mean - counted) * one.each, counted * one.each
        every = np.sqrt(beside * (1.0 + varied)) * one.each
        for share, after, tails in (
            (usual * (1.0 - some), 0.0, 0.0),
            (usual * some, first, tail),
            (
                placed * prompts.beyond_share,
                np.maximum(beside * one.each - every, 0.0),
                np.hypot(every, prompts.beyond),
            ),
        ):
            width = one.seconds + 2.0 * polling
            pieces.append(Piece(one.share * share, served + after, width, tails))
    waited = prompts.mean + polling
    pieces.append(Piece(place.beyond_share, served, 2.0 * waited, place.beyond))
    return Law(tuple(pieces))


def _token_law(requests: Requests, traffic: Traffic, passes: SteadyPasses, mean: FloatArray) -> Law:
    """A user's mean time per token: how many others were in flight during its answer, and how many
    of their prompts came, of which a short answer meets few or many.

    The number in flight stays about as it is for as long as `flight_stretch` says: its mean
    over one answer varies less, by the factor ``kept`` (of an Ornstein-Uhlenbeck process).
    Those who came during an answer are those who are in flight at its end, so that both go
    together: half of the prompts' variance, of a number that goes evenly from before to after;
    where prompts have passes of their own, those who come in one bunch meet none of each
    other's. Numbers in flight are skewed as those of a gamma distribution are, by twice their
    coefficient of variation; a tail b in a deviation σ has the skew 2(b/σ)³. Where places run out
    the tail is what waits outside: as much of it is left as of the variance (in simulations of
    three engines the 99th percentile of a time per token is off by 16 % in the mean, by 18 with
    all of the tail).
    """
    accepted, steps = requests.drafts.accepted, requests.steps_per_answer
    lasting = flight_stretch(traffic, passes)
    kept = 2.0 * lasting * (1.0 + lasting * np.expm1(-1.0 / lasting))
    placed = with_places(requests, traffic, passes)
    others = np.sqrt(placed.variance * kept) * traffic.slope
    met = np.maximum(passes.step - passes.plain, 0.0)
    counted = prompts_dispersion(traffic, passes, steps, input_variation(requests) ** 2)
    prompts = met * np.sqrt(counted / np.maximum(prompts_during(passes, steps), 1.0))
    skewed = np.minimum(np.sqrt(placed.variance) / np.maximum(traffic.running, 1.0), 1.0) ** (
        1.0 / 3.0
    )
    skewed = skewed * placed.share
    nodes = answer_nodes(requests)
    whole = np.maximum(np.asarray(requests.output_tokens, dtype=float) - 1.0, 1.0)
    pieces = []
    for share, later in zip(nodes.share, nodes.later_tokens, strict=True):
        own = prompts * np.sqrt(whole / np.maximum(later, 1.0))
        both = np.zeros(1) if passes.apart else others * own / np.sqrt(kept)
        spread = np.sqrt(others**2 + own**2 + both) / accepted
        tail = spread * skewed
        normal = np.sqrt(np.maximum(spread**2 - tail**2, 0.0))
        pieces.append(Piece(share, mean - tail, tail=tail, deviation=normal))
    return Law(tuple(pieces))
