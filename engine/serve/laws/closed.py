"""The laws of a closed load: so many requests in flight, and how a benchmark's client begins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.hardware.parts.scheduler import PrefillPasses
from engine.serve.laws.law import Law, Piece
from engine.serve.laws.laws import Laws, by_prompt, held_up, opened, opening_of, passes_law
from engine.serve.lengths import answer_nodes, output_variation, prompt_nodes
from engine.serve.load import Client
from engine.serve.passes.deployment import Deployment
from engine.serve.reading import prompt_step
from engine.serve.requests import Requests
from engine.serve.steady import SteadyPasses, with_prompts
from engine.words.arrays import FloatArray


@dataclass(frozen=True, slots=True)
class Users:
    """Means that the laws keep, in seconds: ``looked`` until the queue is looked at (``longest`` at
    most), ``waiting``
    for others' prompts, ``place`` for one in memory, ``met`` per step for prompts of others; and
    the requests ``admitted`` at once."""

    ttft: FloatArray
    tpot: FloatArray
    looked: FloatArray
    longest: FloatArray
    waiting: FloatArray
    place: FloatArray
    met: FloatArray
    admitted: FloatArray


def closed_laws(
    deployment: Deployment,
    requests: Requests,
    client: Client | None,
    passes: SteadyPasses,
    users: Users,
) -> Laws:
    """How far single requests are from the means of ``users``."""
    steps, accepted = requests.steps_per_answer, requests.drafts.accepted
    request = deployment.framework.costs.request_seconds + requests.loading_seconds
    opening = (
        None
        if client is None
        else opening_of(
            deployment.framework.costs,
            client,
            *opening_span(deployment, requests, passes),
            tuned=bool(deployment.inventory.banks),
        )
    )
    fresh = _first_token(client, passes, users, request)
    waited = by_prompt(
        prompt_nodes(requests),
        passes.budget / requests.fresh_tokens,
        (passes.plain, passes.mixed),
        fresh,
    )
    first = opened(waited, opening, request)
    tokens = held_up(
        users.tpot,
        passes.plain / accepted,
        np.maximum(users.met, 0.0) / accepted,
        output_variation(requests, client),
        users.admitted - 1.0,
        opening,
        steps * accepted,
    )
    return Laws(
        first,
        tokens,
        passes_law(passes, users.tpot * accepted),
        answer_nodes(requests, client),
    )


def _first_token(
    client: Client | None, passes: SteadyPasses, users: Users, request: float | FloatArray
) -> Law:
    """Who finds no prompt before its own waits for the running pass; who does, for a time that is
    exponential, or as long as its place in a group that came at once. Looks at the queue come
    evenly."""
    served = request + users.place + passes.service
    if client is not None and client.in_step:
        least = request + users.place + np.minimum(passes.service, passes.service + users.waiting)
        return Law.of(Piece(1.0, least, 2.0 * np.maximum(users.waiting, 0.0)))
    busy = np.minimum(passes.share * passes.row * passes.mixed / passes.step, 1.0)
    idle = np.minimum(0.5 * passes.plain * (1.0 - busy), users.waiting)
    tail = np.maximum(users.waiting - idle, 0.0) / np.maximum(busy, 1e-9)
    width = 2.0 * idle / np.maximum(1.0 - busy, 1e-9)
    evenly = 2.0 * (users.longest - users.looked)
    least = served + users.longest - evenly
    return Law.of(Piece(1.0 - busy, least, evenly + width), Piece(busy, least, evenly, tail=tail))


def opening_span(
    deployment: Deployment, requests: Requests, passes: SteadyPasses
) -> tuple[FloatArray, FloatArray]:
    """When the first and the last of all prompts have their first token, if all come at once."""
    fresh = requests.fresh_tokens
    full = np.minimum(passes.budget, passes.sequences * fresh)
    filled = with_prompts(deployment, passes, prompt_step(full, requests, 1.0))
    if deployment.framework.scheduler.prefill_passes is PrefillPasses.OWN:
        filled = filled - passes.alone.seconds
    return filled, passes.sequences * filled * fresh / full
