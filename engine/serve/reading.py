"""Passes that read prompts: what they hold, how they are filled, how long they take."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.hardware.parts.scheduler import PrefillPasses
from engine.serve.drafting import prompts_seconds
from engine.serve.lengths import longest_of, prompt_nodes
from engine.serve.passes.deployment import Deployment
from engine.serve.passes.run import Pass, run
from engine.serve.requests import Requests
from engine.words.arrays import FloatArray
from engine.work.tokens import Step

LEAST_FRESH = 1e-9
"""Keeps shares of shares finite."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How prompts are read: beside what decodes ``alone``, which drafts for so many seconds, in
    chunks of a budget; ``ranks`` that bring prompts to an ``own_share`` of the passes and are
    ``filled_up`` to each other."""

    requests: Requests
    alone: Pass
    drafting: FloatArray
    budget: FloatArray
    chunk: FloatArray
    own_share: FloatArray
    ranks: FloatArray
    filled_up: FloatArray

    def reading_ranks(self, share: FloatArray) -> FloatArray:
        """Ranks that bring prompts to a pass that holds any."""
        own_share = self.alone.deployment.spread(self.own_share)
        return np.maximum(self.ranks * own_share / np.maximum(share, LEAST_FRESH), 1.0)

    def passes(self, share: FloatArray) -> tuple[Pass, FloatArray]:
        """The pass that holds prompts, and its turn's seconds, if there are so many of them."""
        deployment, requests, alone = self.alone.deployment, self.requests, self.alone
        taking_part = deployment.spread(self.own_share) / np.maximum(share, LEAST_FRESH)
        nodes = prompt_nodes(requests)
        ranks = self.reading_ranks(share) if len(nodes) > 1 else self.ranks
        longer = longest_of(nodes, ranks)
        part = self.filled_up + (1.0 - self.filled_up) * taking_part / longer
        prompts = prompt_step(np.minimum(self.chunk * longer, self.budget), requests, part)
        shared = deployment.framework.scheduler.prefill_passes is PrefillPasses.SHARED
        decodes = list(alone.steps) if shared else []
        prompts_drafting = prompts_seconds(deployment, requests.drafts, decodes, [prompts])
        prefill = prefill_pass(deployment, alone, prompts)
        turn = turn_seconds(deployment, prefill, alone)
        return prefill, np.maximum(turn, alone.seconds) + self.drafting + prompts_drafting


def prompt_step(chunk: FloatArray, requests: Requests, share: float | FloatArray) -> Step:
    """``chunk`` tokens of prompts in one pass: whole prompts, or an average piece of one. What is
    found in the prefix cache is seen, not computed. Where lengths differ, most tokens are of long
    prompts, and see as many."""
    input_tokens, fresh = np.asarray(requests.input_tokens, dtype=float), requests.fresh_tokens
    queries = np.minimum(chunk, fresh)
    longer = requests.spread.input_bias
    before = (input_tokens - fresh) * (1.0 if requests.in_turns else longer)
    first, last = before, before + fresh * longer - 1.0
    return Step(chunk / queries, queries, first, last, decode=False, share=share)


def prefill_pass(deployment: Deployment, alone: Pass, prompts: Step) -> Pass:
    """The pass that holds ``prompts``: with the sequences that decode in the one ``alone``, or by
    themselves."""
    shared = deployment.framework.scheduler.prefill_passes is PrefillPasses.SHARED
    return run(deployment, [*alone.steps, prompts] if shared else [prompts], alone)


def turn_seconds(deployment: Deployment, prefill: Pass, alone: Pass) -> FloatArray:
    """Seconds of decoding with prompts: in the same pass, or in one of their own before it."""
    if deployment.framework.scheduler.prefill_passes is PrefillPasses.SHARED:
        return prefill.seconds
    return alone.seconds + prefill.seconds
