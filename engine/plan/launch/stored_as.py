"""Where the weights of a precision come from: the checkpoint itself, the engine, another one."""

from __future__ import annotations

from engine.hardware.launch_table import LaunchTable
from engine.model.precision import Precision
from engine.plan.launch.formats import format_gaps, online_spelling
from engine.plan.launch.published import published_checkpoint
from engine.plan.launch.remark import gaps_of
from engine.plan.prepared import Prepared
from engine.words.messages import say


def stored_as(prepared: Prepared, precision: Precision) -> str:
    """Which checkpoint a precision is served from, in a few words."""
    own, engine = prepared.model.precision, prepared.framework
    parts = (own.weights, own.plain, own.overrides)
    if parts == (precision.weights, precision.plain, precision.overrides):
        return say(
            "the model's own checkpoint{cache_words}", cache_words=_cache_words(prepared, precision)
        )
    published = published_checkpoint(prepared, precision)
    if published:
        return say("published: {published}", published=published)
    table = engine.launch if isinstance(engine.launch, LaunchTable) else None
    if table is not None and online_spelling(prepared, precision, table) is not None:
        return say("{engine} quantises the checkpoint as it starts", engine=engine.name)
    return say("no published checkpoint known: to be found, or quantised first")


def _cache_words(prepared: Prepared, precision: Precision) -> str:
    if precision.kv == prepared.model.precision.kv:
        return ""
    launch = prepared.framework.launch
    table = launch if isinstance(launch, LaunchTable) else None
    gaps = format_gaps(prepared, precision, table, (9999,))
    told = not any("cache" in gap for gap in gaps_of(gaps))
    engine = prepared.framework.name
    return (
        say("; {engine} stores the cache so", engine=engine)
        if told
        else say("; how {engine} is told is not known", engine=engine)
    )
