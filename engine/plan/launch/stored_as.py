"""Where the weights of a precision come from: the checkpoint itself, the engine, another one."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from engine.hardware.launch_table import LaunchTable
from engine.model.precision import Precision
from engine.model.precision_quality import spelt, weights_quality_format
from engine.plan.launch.formats import format_gaps, online_spelling
from engine.plan.launch.remark import gaps_of
from engine.plan.prepared import Prepared
from engine.sources.profile_files import read_toml
from engine.words.messages import say
from profiles import ROOT

CHECKPOINTS_FILE = ROOT / "quality" / "checkpoints.toml"
SIXTEEN_BITS = "bf16"


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


def published_checkpoint(prepared: Prepared, precision: Precision) -> str:
    """A repository of the hub with the model in such weights; empty where none is known."""
    model = prepared.model
    named = {spelt(one) for one in (model.name, model.repository) if one}
    format = weights_quality_format(precision) or SIXTEEN_BITS
    if format == SIXTEEN_BITS and precision.weights.name != SIXTEEN_BITS:
        return ""
    found = (one.get(format, "") for one in _checkpoints() if spelt(one["model"]) in named)
    return next((one for one in found if one), "")


@cache
def _checkpoints() -> tuple[Mapping[str, str], ...]:
    return tuple(read_toml(CHECKPOINTS_FILE)["checkpoint"])
