"""``--requests FILE`` for predictions: a trace's lengths, rate and cached share as a scenario."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.cli.progress import Progress
from engine.cli.streams import tell
from engine.plan.prepared import prepare
from engine.scenario import (
    LEAST_BURSTINESS,
    MOST_BURSTINESS,
    MOST_SPREAD,
    Lengths,
    Scenario,
    Workload,
)
from engine.serve.asked import requests_of
from engine.serve.load import Closed
from engine.serve.predict import predict
from engine.sources.files import user_path
from engine.words.messages import say
from engine.work.arrangement import Arrangement, Disaggregated

if TYPE_CHECKING:
    from engine.sources.traces.trace import Trace


def asked_trace(arguments: argparse.Namespace) -> Trace | None:
    """The trace that ``--requests`` names, with progress; stderr hears what was left out."""
    if not arguments.requests:
        return None
    # Most commands have none.
    from engine.sources.traces.read import read_trace

    with Progress("reading") as progress:
        trace = read_trace(user_path(arguments.requests), progress.bytes)
    if trace.left_out:
        tell(
            say(
                "note: {left_out:,} rows without a prompt or an answer were left out",
                left_out=trace.left_out,
            )
        )
    if trace.is_estimate:
        tell(say("note: tokens were estimated from text, four bytes each"))
    return trace


def like_trace(
    arguments: argparse.Namespace,
    scenario: Scenario,
    used: Callable[[Scenario], Arrangement] | None = None,
) -> Scenario:
    """The scenario with what its trace says, where no option said otherwise: lengths and their
    spreads, rate and burstiness, and the share that the prefix cache of one replica finds: of the
    arrangement that is ``used``, or of the one with the most room."""
    trace = asked_trace(arguments)
    if trace is None:
        return scenario
    workload = scenario.workload
    said: dict[str, Any] = {
        "input_tokens": max(round(float(trace.input_tokens.mean())), 1),
        "output_tokens": max(round(float(trace.output_tokens.mean())), 1),
        "input_spread": round(min(trace.input_spread, MOST_SPREAD), 4),
        "output_spread": round(min(trace.output_spread, MOST_SPREAD), 4),
        "burstiness": round(min(max(trace.burstiness, LEAST_BURSTINESS), MOST_BURSTINESS), 4),
        "rate": round(trace.rate, 6),
    }
    options = ("isl", "osl", "isl_spread", "osl_spread", "burstiness", "rate")
    open_ways = {
        field: value
        for option, (field, value) in zip(options, said.items(), strict=True)
        if getattr(arguments, option) is None
    }
    workload = replace(workload, lengths=Lengths.CHOSEN, **open_ways)
    scenario = replace(scenario, workload=workload)
    if arguments.cached is None and trace.blocks is not None:
        scenario = replace(scenario, workload=_cached(scenario, trace, used))
    return scenario


def _cached(
    scenario: Scenario, trace: Trace, used: Callable[[Scenario], Arrangement] | None
) -> Workload:
    from engine.serve.simulation.prefix_cache import cached_share

    assert trace.blocks is not None
    workload = scenario.workload
    prepared = prepare(scenario)
    system = prepared.systems[0]
    if not system.engine.scheduler.prefix_caching or not prepared.arrangements:
        return workload
    every = prepared.arrangements if used is None else (used(scenario),)
    kinds = [one for one in every if type(one) is type(every[0])]
    requests = requests_of(scenario, system)
    outcome = predict(system, kinds, requests, Closed(), np.ones((1, 1)))
    replicas = np.array([one.replicas for one in kinds])
    of_replica = outcome.memory.cache_tokens[:, 0] / replicas
    place = int(of_replica.argmax())
    tokens, ranks = float(of_replica[place]), _ranks(kinds[place])
    blocks = int(tokens / ranks // trace.blocks.tokens)
    share = cached_share(trace.blocks, trace.input_tokens.tolist(), blocks, ranks)
    tell(
        say(
            "note: a cache of {tokens:,.0f} tokens finds {share:.1%} of the "
            "prompts' tokens, where those that begin alike come to the same "
            "replica",
            tokens=tokens,
            share=share,
        )
    )
    return replace(workload, cached=round(share, 4))


def _ranks(arrangement: Arrangement) -> int:
    """Attention-DP ranks of a replica: each has a cache of its own, and they take turns."""
    if isinstance(arrangement, Disaggregated):
        return arrangement.prefill.layout.attention_data
    return arrangement.layout.attention_data
