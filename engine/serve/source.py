"""Requests of encoder-decoders and those with images: what goes into the encoder, once, and what
the decoder begins with.

The encoder of T5 or BART reads the prompt, and the decoder begins with one token; that of Whisper
reads a fixed number of frames, and the prompt is the decoder's. Engines do not cut an encoder's
input into chunks (vLLM, v1/core/encoder_cache_manager.py ``compute_mm_encoder_budget``): a pass
holds as many whole requests as its tokens allow, at least one.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.model.architecture import Architecture
from engine.serve.passes.deployment import Deployment
from engine.serve.requests import Images, Requests
from engine.work.tokens import Source

START = 1.0
"""Tokens that a decoder begins with when the encoder has the prompt."""


def with_source(
    deployment: Deployment, model: Architecture, requests: Requests
) -> tuple[Deployment, Requests]:
    """``deployment`` and ``requests`` as the decoder sees them; themselves for other models. Images
    are read as the prompts that hold them are, and found in the cache with these."""
    if requests.images is not None:
        return replace(deployment, source=_image_source(requests, requests.images)), requests
    if not model.encoder:
        return deployment, requests
    given = np.asarray(requests.input_tokens, dtype=float)
    fixed = model.source_tokens
    tokens = np.full_like(given, float(fixed)) if fixed else given
    prompt = given if fixed else np.full_like(given, START)
    scheduler = deployment.framework.scheduler
    whole = np.maximum(
        scheduler.prefill_tokens // float(np.max(tokens + prompt * bool(fixed))), 1.0
    )
    budget = int(max(whole * float(np.max(prompt)), 1.0))
    framework = replace(deployment.framework, scheduler=replace(scheduler, prefill_tokens=budget))
    # Nothing of an encoder's result is found in a cache of prefixes.
    asked = replace(requests, input_tokens=prompt, cached=0.0)
    return replace(deployment, framework=framework, source=Source(tokens, prompt)), asked


def _image_source(requests: Requests, images: Images) -> Source:
    prompt, seen = np.asarray(requests.input_tokens, dtype=float), images.seen
    return Source(
        np.asarray(float(seen.patches)),
        prompt,
        images.count * seen.pieces,
        images.count * seen.features,
    )
