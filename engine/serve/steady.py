"""Passes of continuous batching in its steady state: what they hold and how long they take.

Each of the sequences ends after ``output`` steps, so ``a = sequences·yield/output`` prompts start
per step. A pass takes prompts up to its token budget: a share of the passes carries prefill.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from engine.hardware.parts.scheduler import PrefillPasses, Scheduler
from engine.serve.batch_wait import longest_wait, mean_wait
from engine.serve.by_rate import Read, read_by_rate
from engine.serve.drafting import drafting_passes
from engine.serve.lengths import prompt_nodes
from engine.serve.load import Client
from engine.serve.passes.deployment import Deployment
from engine.serve.passes.run import Pass, run
from engine.serve.reading import (
    LEAST_FRESH,
    Reading,
    prefill_pass,
    prompt_step,
    turn_seconds,
)
from engine.serve.requests import Requests
from engine.words.arrays import FloatArray
from engine.work.tokens import Step

OF_RANK = ("sequences", "budget", "arrivals", "together", "chunk", "interval", "row")
"""What of `SteadyPasses` depends on the load of one rank alone."""


@dataclass(frozen=True, slots=True)
class SteadyPasses:
    """What passes hold and take in the steady state: arrays of (layouts, batches), tokens and
    sequences of one attention rank, seconds of one pass. What is `OF_RANK` is that of the loads of
    ranks, where sizes share these."""

    sequences: FloatArray
    """Sequences admitted; ``decoding`` holds those that the budget can keep supplied."""
    decoding: Step
    budget: FloatArray
    """Tokens of prompts that a pass has room for."""
    arrivals: FloatArray
    """Prompts to prefill per pass, of which ``together`` share one, ``chunk`` tokens in all."""
    together: FloatArray
    chunk: FloatArray
    share: FloatArray
    """Of the passes that carry prompts."""
    row: FloatArray
    """Passes of prompts that follow each other where they have passes of their own, else 1."""
    alone: Pass
    """Without prompts or drafts."""
    prefill: Pass
    """The one that holds prompts: shared with the decoding sequences, or of their own."""
    plain: FloatArray
    """Seconds without prompts, and of a turn with prompts; drafting included."""
    mixed: FloatArray
    interval: FloatArray
    """Passes from one that may take prompts to the next."""
    step: FloatArray
    """Seconds of the mean pass."""
    apart: bool
    """Whether prompts have passes of their own."""
    service: FloatArray
    """Seconds until a prompt that is being served has its first token."""
    reading_ranks: FloatArray | None = None
    """Ranks that bring prompts to a pass that holds any; None where all start anew."""
    further: FloatArray | None = None
    """Seconds that one more mean prompt adds to a pass that holds some; None where nobody asked."""
    steeper: FloatArray | None = None
    """By what share tokens of a prompt take longer for every mean length that it is longer."""


def steady_passes(
    deployment: Deployment,
    requests: Requests,
    client: Client | None,
    admitted: FloatArray,
    others: FloatArray | None = None,
    rate: FloatArray | None = None,
) -> SteadyPasses:
    """Passes with ``admitted`` sequences per replica, of whom all start anew when they end, or
    only those ``others`` whom one that is looked at meets, where ``rate`` prompts come to it per
    second by themselves."""
    scheduler, spread = deployment.framework.scheduler, deployment.spread
    copies = deployment.layouts.attention_data
    fresh = requests.fresh_tokens
    whole = _decoding(deployment, requests, admitted)
    decoding, budget = _supplied(deployment, requests, whole)
    held = decoding.sequences
    starting = 1.0 if others is None else others / np.maximum(admitted, 1.0)
    arrivals = held * starting / requests.steps_per_answer
    interval = _interval(deployment, arrivals, budget / fresh)
    if scheduler.batch_wait_passes and (client is None or not client.in_step):
        waited = longest_wait(deployment, requests, arrivals, budget)
        # The first prompt comes a while after those before it were taken.
        between = waited + 1.0 / np.maximum(arrivals, LEAST_FRESH)
        interval = np.where(waited > 0, np.maximum(interval, between), interval)
    together = _together(scheduler, client, held, arrivals * interval, budget / fresh)
    chunk = np.minimum(together * fresh, budget)
    needed = arrivals * interval * fresh / chunk
    own_share = np.minimum(needed, 1.0)
    apart = scheduler.prefill_passes is not PrefillPasses.SHARED
    # Passes of prompts alone follow each other while any prompt waits.
    row = np.maximum(needed, 1.0) if apart else np.ones(1)
    # Attention-DP ranks step together: all wait whenever one of them has a prompt. Fewer requests
    # than ranks come from as many ranks as there are requests.
    ranks = np.maximum(copies * whole.share, 1.0)
    share = -np.expm1(ranks * spread(np.log1p(-np.minimum(own_share, 1.0 - 1e-12))))
    # Where passes replay CUDA graphs, ranks without a prompt are filled up to those with one.
    filled_up = (copies > 1) * _in_graphs(deployment, requests, own_share, ranks)
    alone = run(deployment, [decoding])
    drafting = drafting_passes(deployment, requests.drafts, decoding).seconds
    plain = alone.seconds + drafting
    parts = np.maximum(fresh / np.minimum(budget, fresh), 1.0)
    reading = Reading(requests, alone, drafting, budget, chunk, own_share, ranks, filled_up)
    read = Read.of(reading, share, row, together)
    if rate is not None:
        read = read_by_rate(reading, read, rate, plain, parts, interval)
    mixed, share = read.mixed, read.share / spread(interval)
    prompt = spread(parts) * (mixed - plain if apart else mixed)
    return SteadyPasses(
        sequences=whole.sequences,
        decoding=decoding,
        budget=budget,
        arrivals=arrivals,
        together=read.together,
        chunk=read.chunk,
        share=share,
        row=read.row,
        alone=alone,
        prefill=read.prefill,
        plain=plain,
        mixed=mixed,
        interval=interval,
        step=plain + share * spread(read.row) * (mixed - plain),
        apart=apart,
        service=plain + prompt if apart else prompt,
        reading_ranks=read.ranks,
    )


def _decoding(deployment: Deployment, requests: Requests, admitted: FloatArray) -> Step:
    """The mean decode step, of the loads of ranks where sizes share these."""
    loads = deployment.loads
    if loads is None:
        return requests.decoding(deployment.layouts, admitted)
    return requests.decoding_of(loads.sequences, loads.share)


def _supplied(deployment: Deployment, requests: Requests, whole: Step) -> tuple[Step, FloatArray]:
    """The sequences of a step that the budget of a pass can keep supplied with prompts, and the
    tokens of prompts that it has room for beside them."""
    scheduler, steps = deployment.framework.scheduler, requests.steps_per_answer
    if scheduler.prefill_passes is not PrefillPasses.SHARED:
        # Passes of their own take none of the tokens, and are as many as there are prompts for.
        return whole, np.full_like(whole.sequences, float(scheduler.prefill_tokens))
    taken = whole.queries
    sustained = scheduler.prefill_tokens * steps / (requests.fresh_tokens + taken * steps)
    held = np.minimum(whole.sequences, np.maximum(sustained, 1.0))
    budget = np.maximum(scheduler.prefill_tokens - held * taken, 1.0)
    if not np.any(held < whole.sequences):
        return whole, budget
    share = np.minimum(whole.share * deployment.spread(whole.sequences / held), 1.0)
    return replace(whole, sequences=held, share=share), budget


def _in_graphs(
    deployment: Deployment, requests: Requests, own_share: FloatArray, ranks: FloatArray
) -> FloatArray:
    """Share of the prompts' tokens in passes that replay CUDA graphs: all that share one are short
    enough, of ``ranks`` that each bring a prompt to a pass with the probability ``own_share``."""
    most = deployment.framework.capabilities.graph_tokens / requests.fresh_tokens
    nodes = prompt_nodes(requests)
    short = sum((share * (length <= most) for share, length in nodes), np.zeros(1))
    tokens = sum((share * length * (length <= most) for share, length in nodes), np.zeros(1))
    if not np.any(tokens > 0):
        return np.zeros(1)
    others: FloatArray = deployment.spread(1.0 - own_share * (1.0 - short)) ** (ranks - 1.0)
    return tokens * others


def _interval(deployment: Deployment, arrivals: FloatArray, fitting: FloatArray) -> FloatArray:
    """Passes from one that may take prompts to the next, when ``arrivals`` prompts come to a rank
    per pass and one pass has room for ``fitting``: as the engine is told, or until every
    attention-DP rank has a prompt, as long as they wait for each other; sooner where one pass could
    not take all that come meanwhile."""
    layouts, scheduler = deployment.of_rank.layouts, deployment.framework.scheduler
    told, patience = scheduler.prefill_interval, scheduler.rank_wait_passes
    if told <= 1.0 and not patience:
        return np.ones(1)
    arrivals = np.maximum(arrivals, LEAST_FRESH)
    waited = np.clip(1.0 / arrivals, 1.0, max(patience, 1))
    waited = np.where(layouts.attention_data > 1, waited, 1.0)
    return np.maximum(np.minimum(fitting / arrivals, np.maximum(waited, told)), 1.0)


def waited_passes(passes: SteadyPasses) -> FloatArray:
    """Passes from one that may take a prompt of a rank to the next: prompts of a rank that decodes
    nothing are let through at once."""
    busy = 1.0 - 1.0 / np.maximum(passes.sequences, 1.0)
    return 1.0 + (passes.interval - 1.0) * busy


def passes_until_taken(
    deployment: Deployment, requests: Requests, passes: SteadyPasses
) -> FloatArray:
    """Passes until a prompt is taken, on average: half of those between two looks at the queue, or
    those that it waits for others to share its own while others decode."""
    scheduler = deployment.framework.scheduler
    looks = np.maximum(scheduler.admission_steps, waited_passes(passes))
    looked: FloatArray = 0.5 * np.maximum(looks - 1.0, 0.0)
    if not scheduler.batch_wait_passes:
        return looked
    longest = longest_wait(deployment, requests, passes.arrivals, passes.budget)
    beside = 1.0 - 1.0 / np.maximum(passes.sequences, 1.0)
    return np.where(longest > 0, mean_wait(longest, passes.arrivals) * beside, looked)


def _together(
    scheduler: Scheduler,
    client: Client | None,
    sequences: FloatArray,
    waiting: FloatArray,
    fitting: FloatArray,
) -> FloatArray:
    """Prompts that share a pass: those that wait for it, ``waiting`` on average, and come until the
    next look at the queue, as far as the budget goes. Answers of equal length end together, so
    their successors come together; the first of them starts alone."""
    collected = waiting * np.maximum(scheduler.admission_steps, 1.0)
    if client is not None and client.in_step:
        collected = sequences - 1.0
    most = np.minimum(fitting, float(scheduler.prefill_requests))
    together: FloatArray = np.maximum(1.0, np.minimum(collected, most))
    return together


SEVERAL = 4.0
"""Prompts of the pass that tells what one more takes."""


def with_further(deployment: Deployment, requests: Requests, passes: SteadyPasses) -> SteadyPasses:
    """The passes with what one more prompt takes: a first one is read partly while weights come
    from memory, others take all their arithmetic; where passes hold nothing else it reads weights
    for the others, too, and ranks that are filled up to it wait for it in any case. As long as the
    average one where a pass has no room for more."""
    fresh = requests.fresh_tokens
    share, read = passes.prefill.steps[-1].share, passes.prefill.steps[-1].tokens
    chunk = np.maximum(np.minimum(SEVERAL * read, passes.budget), read)
    # One rank holds more: the others what they held.
    ranks = deployment.layouts.attention_data
    part = (share * read + (chunk - read) / ranks) / chunk
    several = with_prompts(deployment, passes, prompt_step(chunk, requests, part))
    drafting = passes.mixed - turn_seconds(deployment, passes.prefill, passes.alone)
    prompts = (chunk - read) / fresh
    each = np.maximum(passes.mixed - passes.plain, 0.0) / np.maximum(passes.together, 1.0)
    added = np.maximum(several + drafting - passes.mixed, 0.0) / np.maximum(prompts, LEAST_FRESH)
    return replace(
        passes,
        further=np.where(prompts >= 0.5, added, each),
        steeper=_steeper(deployment, requests, passes),
    )


def _steeper(deployment: Deployment, requests: Requests, passes: SteadyPasses) -> FloatArray:
    """See `SteadyPasses`: the same tokens with twice as many keys, where lengths differ at all."""
    longer = requests.spread.input_bias
    if longer <= 1.0:
        return np.zeros(1)
    step = passes.prefill.steps[-1]
    deep = replace(step, first=step.first * 2.0, last=step.last * 2.0 + 1.0)
    added = with_prompts(deployment, passes, deep) - with_prompts(deployment, passes, step)
    whole = np.maximum(passes.mixed - passes.plain, LEAST_FRESH)
    share: FloatArray = np.clip(added / whole / longer, 0.0, 1.0 / longer)
    if requests.in_turns:
        # What was said before is not the longer for what a turn adds.
        own = 0.5 * requests.fresh_tokens * longer
        share = share * own / (requests.input_tokens - requests.fresh_tokens + own)
    return share


def with_prompts(deployment: Deployment, passes: SteadyPasses, prompts: Step) -> FloatArray:
    """Seconds of the steady passes' decoding with other ``prompts``."""
    prefill = prefill_pass(deployment, passes.alone, prompts)
    return turn_seconds(deployment, prefill, passes.alone)
