"""A static batch: all prompts are prefilled together, then all sequences decode in lock step."""

from __future__ import annotations

import numpy as np

from engine.serve.drafting import drafting_passes, prompts_seconds
from engine.serve.laws.laws import fixed_laws
from engine.serve.lengths import answer_nodes
from engine.serve.passes.deployment import Deployment
from engine.serve.passes.run import run
from engine.serve.requests import Requests
from engine.serve.service import Part, Service
from engine.words.arrays import FloatArray
from engine.work.tokens import prefill_step


def serve_static(deployment: Deployment, requests: Requests, batch: FloatArray) -> Service:
    """Metrics of ``batch`` (shape (1, sizes) or (layouts, sizes)) sequences per replica."""
    layouts, accepted = deployment.layouts, requests.drafts.accepted
    whole = prefill_step(batch, layouts, requests.input_tokens)
    prefill = run(deployment, [whole])
    drafted = prompts_seconds(deployment, requests.drafts, [], [whole])
    # Micro-batches follow each other through the stages; the last one leaves last.
    behind = 2.0 - 1.0 / layouts.pipeline
    prompts, drafted = prefill.seconds * behind, drafted * behind
    request_seconds = deployment.framework.costs.request_seconds
    first = prompts + drafted + request_seconds
    decoding = requests.decoding(layouts, batch)
    decode = run(deployment, [decoding])
    drafting = drafting_passes(deployment, requests.drafts, decoding)
    step = decode.seconds + drafting.seconds
    return Service.of(
        requests,
        batch,
        first,
        step / accepted,
        lambda: {
            "ttft": (
                Part("request", np.asarray(request_seconds)),
                Part("prefill", prompts, "prefill"),
                Part("drafting", drafted),
            ),
            "tpot": (
                Part("decode", decode.seconds / accepted, "decode"),
                Part("drafting", drafting.seconds / accepted),
            ),
        },
        lambda: fixed_laws(first, step / accepted, answer_nodes(requests)),
        {"prefill": prefill, "decode": decode},
    )
