"""``rooftop memory``: what the server will print of its memory, and whether it starts."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from typing import Any

from engine.cli import FOUND, NOTHING_MEETS
from engine.cli.options import idle_options
from engine.cli.sweep import command_scenario
from engine.model.kinds import ModelKind
from engine.plan.starting import Started, started
from engine.scenario import DraftTokens
from engine.serve.kinds import kind_of
from engine.serve.resolve import resolve
from engine.serve.startup import Startup
from engine.words.errors import InputError
from engine.words.quantities import GIB

LABEL = 26


def run_memory(arguments: argparse.Namespace) -> int:
    """Print every precision's table; the exit code says whether the first one starts."""
    scenario = command_scenario(arguments)
    if scenario.drafts is DraftTokens.BEST:
        # Memory is that of a draft, however many tokens it drafts at a time.
        scenario = replace(scenario, draft_tokens=max(scenario.draft_tokens, 1))
    resolved = resolve(scenario)
    if resolved.model.architecture.kind is not ModelKind.TOKENS:
        raise InputError(f"{scenario.model}: has no cache; rooftop predict shows its memory")
    note = idle_options(arguments, resolved.model)
    if note:
        print(f"note: {note}", file=sys.stderr)
    chips = scenario.chips if arguments.chips is not None else None
    arrangement = kind_of(ModelKind.TOKENS).arrangement(scenario.limits, chips)
    found = started(scenario, resolved, arrangement)
    if arguments.json:
        print(json.dumps(_as_json(found[0]), indent=1, ensure_ascii=False))
    else:
        print("\n\n".join(_as_text(one) for one in found))
    return FOUND if found[0].startup.starts else NOTHING_MEETS


def _gib(value: float) -> float:
    return round(value / GIB, 4)


def _as_json(one: Started) -> dict[str, Any]:
    """Plain values, in GiB per chip; tokens and sequences of one copy of the deployment."""
    found = one.startup
    return {
        "weights_gib": _gib(found.weight_bytes),
        "kv_pool_gib": _gib(found.pool_bytes),
        "kv_tokens": int(found.tokens),
        "sequences_at_max_context": round(found.sequences, 2),
        "max_context": int(found.context_tokens),
        "starts": found.starts,
        "lacks_gib": _gib(found.lacks_bytes),
        "items": {item.name: _gib(item.bytes) for item in found.items},
        "outside": {item.name: _gib(item.bytes) for item in found.outside},
        "budget_gib": _gib(found.capacity_bytes),
        "device_gib": _gib(one.device_bytes),
        "device": one.device_words,
        "arrangement": one.arrangement,
        "precision": one.precision,
        "verdict": one.verdict,
        "helps": list(one.helps),
    }


def _as_text(one: Started) -> str:
    found = one.startup
    lines = [
        one.title,
        "",
        _line("device", one.device_bytes, one.device_words),
        _line("the engine fills", found.capacity_bytes, one.budget_words),
        *(_line(f"  {item.name}", item.bytes) for item in found.items),
        _line("  available for the cache", found.pool_bytes),
        *(_line(f"beside it: {item.name}", item.bytes) for item in found.outside),
        "",
        f"{'KV cache':<{LABEL}}{int(found.tokens):>10,} tokens",
        _concurrency(found),
        "",
        one.verdict,
        *(f"  {text}" for text in one.helps),
    ]
    return "\n".join(lines)


def _line(name: str, size: float, words: str = "") -> str:
    return f"{name:<{LABEL}}{size / GIB:>10.2f} GiB  {words}".rstrip()


def _concurrency(found: Startup) -> str:
    longest = f"of {int(found.context_tokens):,} tokens each"
    return f"{'requests at once':<{LABEL}}{found.sequences:>10.2f} {longest}"
