"""A static batch: all prompts are prefilled together, then all sequences decode in lock step."""

from __future__ import annotations

import numpy as np

from engine.serve.laws import fixed_laws
from engine.serve.lengths import answer_nodes
from engine.serve.passes import Deployment, drafting_seconds, run
from engine.serve.requests import Requests
from engine.serve.service import Part, Service
from engine.words.arrays import FloatArray
from engine.work.tokens import prefill_step


def serve_static(deployment: Deployment, requests: Requests, batch: FloatArray) -> Service:
    """Metrics of ``batch`` (shape (1, sizes) or (layouts, sizes)) sequences per replica."""
    layouts, accepted = deployment.layouts, requests.drafts.accepted
    prefill = run(deployment, [prefill_step(batch, layouts, requests.input_tokens)])
    # Micro-batches follow each other through the stages; the last one leaves last.
    prompts = prefill.seconds * (2.0 - 1.0 / layouts.pipeline)
    request_seconds = deployment.framework.costs.request_seconds
    decode = run(deployment, [requests.decoding(layouts, batch)])
    drafting = drafting_seconds(deployment, requests.drafts.tokens, decode.seconds)
    step = decode.seconds + drafting
    return Service.of(
        requests,
        batch,
        prompts + request_seconds,
        step / accepted,
        lambda: {
            "ttft": (
                Part("request", np.asarray(request_seconds)),
                Part("prefill", prompts, "prefill"),
            ),
            "tpot": (
                Part("decode", decode.seconds / accepted, "decode"),
                Part("drafting", drafting / accepted),
            ),
        },
        lambda: fixed_laws(prompts + request_seconds, step / accepted, answer_nodes(requests)),
        {"prefill": prefill, "decode": decode},
    )
