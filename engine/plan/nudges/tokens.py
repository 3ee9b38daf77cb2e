"""One step of the knobs that only models of tokens have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from engine.model.architecture import Architecture
from engine.plan.nudges.nudge import Nudge, weight_nudges
from engine.plan.nudges.settings import load_nudges, setting_nudges
from engine.plan.prepared import Prepared
from engine.scenario import ArrangementKind, DraftTokens, Lengths, PoolChoice, Scenario, Text
from engine.serve.joining import apart

CACHE_FORMATS = ("bf16", "fp8")
DEGREES = (("tensor", "TP"), ("pipeline", "PP"), ("expert", "EP"), ("attention_data", "DP"))
_LENGTHS = {"input_tokens": "ISL", "output_tokens": "OSL"}


def precision_nudges(scenario: Scenario, prepared: Prepared) -> Iterator[Nudge]:
    """Other formats of the cache, and of the weights with what goes with them."""
    own = prepared.precisions[0]
    for name in CACHE_FORMATS:
        if own.kv.name != name:
            yield Nudge("KV cache", own.kv.name, name, replace(scenario, kv=name))
    yield from weight_nudges(scenario, prepared)


def knob_nudges(scenario: Scenario, prepared: Prepared) -> Iterator[Nudge]:
    """Lengths, limits on layouts, balance of experts, drafts, the engine's settings, the load."""
    yield from token_nudges(scenario)
    yield from _arrangement_nudges(scenario, prepared)
    yield from _limit_nudges(scenario)
    yield from _routing_nudges(scenario, prepared.architecture)
    yield from _speculation_nudges(scenario)
    yield from setting_nudges(scenario, prepared)
    yield from load_nudges(scenario)


def _arrangement_nudges(scenario: Scenario, prepared: Prepared) -> Iterator[Nudge]:
    """Pools of prefill and decode instead of replicas that do both, or the other way round."""
    if scenario.chips < 2 or apart(prepared.systems[0], scenario.chips):
        return
    before = scenario.arrangement
    for after in (ArrangementKind.AGGREGATED, ArrangementKind.DISAGGREGATED):
        if after is not before:
            pools = scenario.pools if after is ArrangementKind.DISAGGREGATED else PoolChoice()
            changed = replace(scenario, arrangement=after, pools=pools)
            yield Nudge("arrangement", before.value, after.value, changed)


def token_nudges(scenario: Scenario) -> Iterator[Nudge]:
    """Prompts and answers of half and double the length."""
    for field in _LENGTHS:
        value: int = getattr(scenario.workload, field)
        for changed in (max(1, value // 2), value * 2):
            if changed != value:
                yield token_nudge(scenario, field, changed)


def token_nudge(scenario: Scenario, field: str, tokens: int) -> Nudge:
    """Another length of prompts (``input_tokens``) or answers (``output_tokens``)."""
    label = _LENGTHS[field]
    before: int = getattr(scenario.workload, field)
    changed: dict[str, Any] = {field: tokens, "lengths": Lengths.CHOSEN}
    workload = replace(scenario.workload, **changed)
    return Nudge(label, str(before), str(tokens), replace(scenario, workload=workload))


def _limit_nudges(scenario: Scenario) -> Iterator[Nudge]:
    """Limits on layouts and batches let go."""
    for field, label in DEGREES:
        allowed: tuple[int, ...] = getattr(scenario.limits, field)
        if allowed:
            limits = replace(scenario.limits, **{field: ()})
            before = ",".join(map(str, allowed))
            yield Nudge(label, before, "any", replace(scenario, limits=limits))
    if scenario.max_batch is not None:
        changed = replace(scenario, max_batch=scenario.max_batch * 2)
        yield Nudge("max batch", str(scenario.max_batch), str(changed.max_batch), changed)


def _routing_nudges(scenario: Scenario, architecture: Architecture) -> Iterator[Nudge]:
    if architecture.is_mixture:
        more = round(scenario.load_imbalance * 1.25, 3)
        changed = replace(scenario, load_imbalance=more)
        yield Nudge("EP imbalance", f"{scenario.load_imbalance:g}", f"{more:g}", changed)


def _speculation_nudges(scenario: Scenario) -> Iterator[Nudge]:
    """Draft tokens: fewer, more and none; how many of them are kept."""
    now, acceptance = scenario.draft_tokens, scenario.acceptance
    for drafts in sorted({0, max(now - 1, 0), now + 1} - {now}):
        changed = replace(scenario, draft_tokens=drafts, drafts=DraftTokens.GIVEN)
        yield Nudge("draft tokens", str(now), str(drafts), changed)
    if not now:
        return
    if scenario.kept:
        return
    if acceptance is None:
        yield from _text_nudges(scenario)
    elif (better := min(1.0, round(acceptance + 0.05, 3))) > acceptance:
        changed = replace(scenario, acceptance=better)
        yield Nudge("acceptance", f"{acceptance:g}", f"{better:g}", changed)


def _text_nudges(scenario: Scenario) -> Iterator[Nudge]:
    """Text of which more or fewer drafts are kept."""
    now = scenario.workload.text
    for text in (Text.CHAT, Text.CODE):
        if text is not now:
            changed = replace(scenario, workload=replace(scenario.workload, text=text))
            yield Nudge("text", now.value, text.value, changed)
