"""Passes that draft tokens: work like any other, between a step's verifying pass and the next.

After a verifying pass of K + 1 tokens per sequence the draft catches up on those tokens in one pass
and drafts the first of K; each further one takes a pass of one token per sequence. A draft that
makes the whole block at once has only the first pass, and logits of all its tokens. Prompts go
through the draft too, so that its cache knows them (vLLM, SGLang and TensorRT-LLM alike).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.serve.passes.deployment import Deployment
from engine.serve.passes.run import Pass, run
from engine.serve.requests import Drafts
from engine.words.arrays import FloatArray
from engine.work.tokens import Step


@dataclass(frozen=True, slots=True)
class Drafting:
    """The draft's passes of one step: the first, and the others, of which there are ``more``."""

    first: Pass | None = None
    further: Pass | None = None
    more: int = 0

    @property
    def seconds(self) -> FloatArray:
        """Seconds of all."""
        total: FloatArray = np.zeros(1) if self.first is None else self.first.seconds
        return total if self.further is None else total + self.more * self.further.seconds


def drafting_passes(deployment: Deployment, drafts: Drafts, verifying: Step) -> Drafting:
    """What drafts the tokens that the step ``verifying`` checks; nothing without any, or where no
    model has to run for them."""
    draft = deployment.draft
    if draft is None or not drafts.tokens:
        return Drafting()
    if deployment.drafts_at_once:
        return Drafting(run(draft, [verifying]))
    first = run(draft, [replace(verifying, last_only=True)])
    if drafts.tokens == 1:
        return Drafting(first)
    one = replace(verifying, queries=np.ones_like(verifying.queries))
    return Drafting(first, run(draft, [one]), drafts.tokens - 1)


def prompts_seconds(
    deployment: Deployment, drafts: Drafts, beside: Sequence[Step], prompts: Sequence[Step]
) -> FloatArray:
    """What ``prompts`` add to the draft's first pass of a step, or their own pass of it where no
    sequences decode ``beside`` them."""
    draft = deployment.draft
    if draft is None or not drafts.tokens:
        return np.zeros(1)
    if not beside:
        return run(draft, prompts).seconds
    caught_up = [replace(step, last_only=True) for step in beside]
    with_prompts = run(draft, [*caught_up, *prompts]).seconds
    more: FloatArray = np.maximum(with_prompts - run(draft, caught_up).seconds, 0.0)
    return more
