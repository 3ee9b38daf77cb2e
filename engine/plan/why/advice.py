"""What would have to change, in words."""

from __future__ import annotations

from engine.plan.metrics.table import NO_FIGURE, NO_MEMORY
from engine.plan.why.remedies import Advice
from engine.plan.why.shortfall import Shortfall
from engine.plan.why.trying import Remedy
from engine.words.messages import say
from engine.words.quantities import memory_amount


def shortfall_words(shortfall: Shortfall) -> str:
    """``TPOT misses 50 ms by 1.20 ms``, ``memory lacks 3.1 GiB per chip``."""
    name = say(shortfall.verdict.name)
    if shortfall.verdict is NO_MEMORY:
        return say(
            "{name} lacks {excess} per chip", name=name, excess=memory_amount(shortfall.excess)
        )
    if shortfall.verdict is NO_FIGURE:
        return say("a figure is beyond {name}", name=name)
    if shortfall.verdict.metric is None:
        return say(
            "{name} of {limit:,.0f} is exceeded by {excess:,.0f}",
            name=name,
            limit=shortfall.limit,
            excess=shortfall.excess,
        )
    limit, excess = (
        shortfall.verdict.metric.amount(one) for one in (shortfall.limit, shortfall.excess)
    )
    return say("{name} misses {limit} by {excess}", name=name, limit=limit, excess=excess)


def remedy_words(remedy: Remedy) -> str:
    """One change in a few words: ``KV cache at fp8``, ``h200_sxm → b200_sxm``."""
    nudge = remedy.nudge
    if nudge.knob in {"chip", "layout"}:
        return f"{say(nudge.before)} → {say(nudge.after)}"
    if nudge.knob in {"KV cache", "weights"}:
        return say("{knob} at {after}", knob=say(nudge.knob), after=nudge.after)
    return f"{say(nudge.knob)} {say(nudge.after)}"


def advice_sentence(advice: Advice) -> str:
    """What the candidate misses and which single changes would do."""
    subject = say(
        "Batch {batch} of {arrangement}",
        batch=advice.candidate.batch,
        arrangement=advice.candidate.arrangement.name,
    )
    if advice.shortfall is None and advice.batch_limit is not None:
        return say(
            "{subject} meets every objective: the batch limit {batch_limit} is in the way.",
            subject=subject,
            batch_limit=advice.batch_limit,
        )
    if advice.shortfall is None:
        return say("{subject} meets every objective.", subject=subject)
    missed = shortfall_words(advice.shortfall)
    doing = [remedy_words(one) for one in advice.remedies if one.passes]
    if not doing:
        return say(
            "{subject}: {missed}; no single change tried would do.", subject=subject, missed=missed
        )
    return say(
        "{subject}: {missed}: {doing} would do.",
        subject=subject,
        missed=missed,
        doing=say(", or ").join(doing),
    )
