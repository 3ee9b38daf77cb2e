"""How many tokens to draft, where the best number is asked for; what drafting brings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from engine.model.kinds import ModelKind
from engine.plan.prepared import Prepared, prepare
from engine.plan.results import Sweep
from engine.plan.sweep import leaders
from engine.plan.tables import asked_table
from engine.scenario import DraftTokens, Scenario
from engine.serve.asked import acceptance, drafts_of
from engine.serve.system import System
from engine.words.arrays import FloatArray
from engine.words.messages import say
from engine.words.units import kept_text
from engine.work.arrangement import Arrangement

MOST_DRAFTED = 16
PATIENCE = 2
"""So many longer drafts in a row that bring less end the search: what one more position keeps
falls with every position."""
USUAL_DRAFTS = 3
"""Where arrangements are chosen for trying the other numbers on them."""
COMPARED = 8
"""Arrangements, of the best without drafts and with, on which all numbers are tried."""

Value = tuple[bool, float]


def with_best_drafts(scenario: Scenario, should_stop: Callable[[], bool] | None = None) -> Scenario:
    """The scenario with as many draft tokens as bring most under the objectives, where that is
    asked for; as it was when ``should_stop`` said so. Raises `InputError`."""
    prepared = prepare(scenario)
    if not chooses(prepared, scenario):
        return scenario
    leading: dict[Arrangement, None] = {}
    for number in (0, USUAL_DRAFTS):
        drafting = replace(scenario, draft_tokens=number)
        found = leaders(prepare(drafting), drafting, should_stop)
        if found is None:
            return scenario
        leading |= dict.fromkeys(_leading(found))
    few = replace(prepared, arrangements=tuple(leading))

    def value(tokens: int) -> Value | None:
        found = leaders(few, replace(scenario, draft_tokens=tokens), should_stop)
        return None if found is None else worth(found)

    tokens = best_number(value)
    return scenario if tokens is None else replace(scenario, draft_tokens=tokens)


def with_best_drafts_at(
    prepared: Prepared, scenario: Scenario, arrangement: Arrangement, sizes: FloatArray
) -> Scenario:
    """As `with_best_drafts`, for so many requests in flight per replica of one arrangement."""
    if not chooses(prepared, scenario):
        return scenario

    def value(tokens: int) -> Value:
        changed = replace(scenario, draft_tokens=tokens)
        table, _ = asked_table(prepared, changed, arrangement, sizes)
        return bool(table.meets.any()), float(np.nansum(table.metrics[table.throughput]))

    tokens = best_number(value)
    assert tokens is not None, "nothing asks this search to stop"
    return replace(scenario, draft_tokens=tokens)


def chooses(prepared: Prepared, scenario: Scenario) -> bool:
    """Whether the number of draft tokens is left to be chosen."""
    return scenario.drafts is DraftTokens.BEST and prepared.kind is ModelKind.TOKENS


def best_number(value: Callable[[int], Value | None]) -> int | None:
    """The number of draft tokens of most ``value``, the fewest of equals; None when that was
    stopped."""
    best, most, worse = 0, value(0), 0
    if most is None:
        return None
    for tokens in range(1, MOST_DRAFTED + 1):
        found = value(tokens)
        if found is None:
            return None
        if found > most:
            best, most, worse = tokens, found, 0
        else:
            worse += 1
        if worse >= PATIENCE:
            break
    return best


def worth(found: Sweep) -> Value:
    """Throughput of the answer; how near the nearest comes where nothing meets the objectives."""
    table = found.table
    if found.best is not None:
        return True, float(table.metrics[table.throughput][found.best])
    return False, -float(table.excess[found.nearest]) if found.nearest is not None else -np.inf


def _leading(found: Sweep) -> list[Arrangement]:
    """The first few arrangements of a sweep in their order."""
    index = found.table.arrangement_index[found.order]
    firsts = np.sort(np.unique(index, return_index=True)[1])[:COMPARED]
    return [found.table.arrangements[int(index[place])] for place in firsts]


def drafts_told(scenario: Scenario, system: System) -> str:
    """As `drafts_note`, and that none pay where their number was left to be chosen."""
    chosen = scenario.drafts is DraftTokens.BEST and system.model.kind is ModelKind.TOKENS
    if chosen and not scenario.draft_tokens:
        return say("no tokens drafted: any number of them brings less here")
    return drafts_note(scenario, system)


def drafts_note(scenario: Scenario, system: System) -> str:
    """What drafts, how many tokens a step yields, and how that is known; empty without drafts."""
    if not scenario.draft_tokens or system.model.kind is not ModelKind.TOKENS:
        return ""
    drafts, drafter = drafts_of(scenario, system), system.drafter
    who = drafter.method.value
    if drafter.assumed:
        who = say("{who} (of the usual shape: no checkpoint was named)", who=who)
    known = _known(scenario, system)
    count = say("1 token") if drafts.tokens == 1 else say("{count} tokens", count=drafts.tokens)
    return say(
        "{count} drafted by {who}: {accepted:.2f} per step {known}",
        count=count,
        who=who,
        accepted=drafts.accepted,
        known=known,
    )


def _known(scenario: Scenario, system: System) -> str:
    if scenario.kept:
        return say("as measured by position ({kept})", kept=kept_text(scenario.kept))
    if scenario.acceptance is not None:
        return say("at an acceptance of {acceptance:g}", acceptance=scenario.acceptance)
    known = acceptance(scenario, system)
    figures = (
        say("1 figure") if known.figures == 1 else say("{figures} figures", figures=known.figures)
    )
    text = scenario.workload.text.value
    return say(
        "± {spread:.0f} % on {text} ({figures} of {basis})",
        spread=100 * known.spread,
        text=text,
        figures=figures,
        basis=known.basis.value,
    )
