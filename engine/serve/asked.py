"""What a scenario's requests look like, what is drafted for them and how they arrive."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from engine.model.architecture import Architecture
from engine.model.kinds import ModelKind
from engine.scenario import ClientKind, Mode, Scenario, Workload
from engine.serve.images import with_images
from engine.serve.load import Client, Closed, Load, Open, Static
from engine.serve.requests import Drafts, Requests, Spread
from engine.serve.system import System

if TYPE_CHECKING:
    from engine.model.acceptance import Acceptance
    from engine.model.forward.architecture import ForwardArchitecture


def requests_of(scenario: Scenario, system: System) -> Requests:
    """What the scenario's requests to a ``system`` look like."""
    return replace(undrafted_requests(scenario, system.model), drafts=drafts_of(scenario, system))


def undrafted_requests(
    scenario: Scenario, architecture: Architecture | ForwardArchitecture
) -> Requests:
    """What they look like to a model, whoever serves it."""
    workload, images = with_images(scenario.workload, architecture)
    prompt, found = conversation(workload)
    return Requests(
        prompt,
        float(workload.output_tokens),
        max(workload.cached, found / prompt),
        spread=Spread(workload.input_spread, workload.output_spread),
        shared_prefix_tokens=float(min(workload.shared_prefix_tokens, workload.input_tokens)),
        longest_tokens=float(longest_tokens(workload)),
        think_seconds=workload.think_seconds,
        returning=1.0 - 1.0 / workload.turns if workload.turns > 1 else 1.0,
        images=images,
    )


def longest_tokens(workload: Workload) -> int:
    """Tokens of the longest request: the last turn's prompt with its answer."""
    return workload.turns * (workload.input_tokens + workload.output_tokens)


def conversation(workload: Workload) -> tuple[float, float]:
    """Mean tokens of a prompt over the turns of a conversation, and those of them that were there
    before: the shared prefix in the first turn, all turns before and their answers in the others.
    """
    turns, added = workload.turns, float(workload.input_tokens)
    grown = added + workload.output_tokens
    prompt = added + 0.5 * (turns - 1) * grown
    first = min(float(workload.shared_prefix_tokens), added)
    return prompt, (first + 0.5 * turns * (turns - 1) * grown) / turns


def drafts_of(scenario: Scenario, system: System) -> Drafts:
    """What is drafted for each of them, and how much of it is kept."""
    tokens = scenario.draft_tokens
    if not tokens or system.model.kind is not ModelKind.TOKENS:
        return Drafts()
    if scenario.kept:
        from engine.model.acceptance import further

        return Drafts(tokens, further(scenario.kept, tokens))
    if scenario.acceptance is not None:
        return Drafts.even(tokens, scenario.acceptance)
    return Drafts(tokens, acceptance(scenario, system).first(tokens))


def acceptance(scenario: Scenario, system: System) -> Acceptance:
    """What is known of the drafts that a ``system`` makes on the scenario's text."""
    from engine.model.acceptance import acceptance_of

    name = system.tokens_model.name or scenario.model
    return acceptance_of(name, system.drafter.method, scenario.workload.text)


def load_of(scenario: Scenario) -> Load:
    """How they arrive."""
    workload = scenario.workload
    if workload.mode is Mode.STATIC:
        return Static()
    if workload.rate:
        return Open(workload.rate, workload.burstiness)
    client = workload.client
    if client.kind is ClientKind.STEADY:
        return Closed(busy=workload.utilisation)
    closed = Client(client.waves, client.spread, client.first_token)
    return Closed(closed, workload.utilisation)
