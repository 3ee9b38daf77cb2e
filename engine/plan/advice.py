"""What would have to change, in words."""

from __future__ import annotations

from engine.plan.metrics import NO_FIGURE, NO_MEMORY
from engine.plan.remedies import Advice, Remedy, Shortfall
from engine.words.quantities import memory_amount


def shortfall_words(shortfall: Shortfall) -> str:
    """``TPOT misses 50 ms by 1.20 ms``, ``memory lacks 3.1 GiB per chip``."""
    name = shortfall.verdict.name
    if shortfall.verdict is NO_MEMORY:
        return f"{name} lacks {memory_amount(shortfall.excess)} per chip"
    if shortfall.verdict is NO_FIGURE:
        return f"a figure is beyond {name}"
    if shortfall.verdict.metric is None:
        return f"{name} of {shortfall.limit:,.0f} is exceeded by {shortfall.excess:,.0f}"
    limit, excess = (
        shortfall.verdict.metric.amount(one) for one in (shortfall.limit, shortfall.excess)
    )
    return f"{name} misses {limit} by {excess}"


def remedy_words(remedy: Remedy) -> str:
    """One change in a few words: ``KV cache at fp8``, ``h200_sxm → b200_sxm``."""
    nudge = remedy.nudge
    if nudge.knob in {"chip", "layout"}:
        return f"{nudge.before} → {nudge.after}"
    if nudge.knob in {"KV cache", "weights"}:
        return f"{nudge.knob} at {nudge.after}"
    return f"{nudge.knob} {nudge.after}"


def advice_sentence(advice: Advice) -> str:
    """What the candidate misses and which single changes would do."""
    subject = f"Batch {advice.candidate.batch} of {advice.candidate.arrangement.name}"
    if advice.shortfall is None and advice.batch_limit is not None:
        return (
            f"{subject} meets every objective: the batch limit {advice.batch_limit} is in the way."
        )
    if advice.shortfall is None:
        return f"{subject} meets every objective."
    missed = shortfall_words(advice.shortfall)
    doing = [remedy_words(one) for one in advice.remedies if one.passes]
    if not doing:
        return f"{subject}: {missed}; no single change tried would do."
    return f"{subject}: {missed}: {', or '.join(doing)} would do."
