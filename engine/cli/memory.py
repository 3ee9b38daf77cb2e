"""``rooftop memory``: what the server will print of its memory, and whether it starts."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from typing import Any

from engine.cli import FOUND, NOTHING_MEETS
from engine.cli.predict import asked_arrangement
from engine.cli.scenario.chosen import idle_options
from engine.cli.sweep import command_scenario
from engine.cli.tables import print_csv
from engine.cli.traced import like_trace
from engine.model.kinds import ModelKind
from engine.plan.why.starting import HeldAtOnce, Started, started
from engine.scenario import DraftTokens
from engine.serve.call import Batch, Concurrency
from engine.serve.resolve import resolve
from engine.serve.startup import Startup
from engine.words.cells import left
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.quantities import GIB
from engine.words.units import parse_count

LABEL = 26


def run_memory(arguments: argparse.Namespace) -> int:
    """Print the table of every precision, with pools of a worker of each; the exit code says
    whether those of the first precision start."""
    scenario = like_trace(
        arguments,
        command_scenario(arguments),
        lambda one: asked_arrangement(arguments, one, resolve(one)),
    )
    if scenario.drafts is DraftTokens.BEST:
        # Memory is that of a draft, however many tokens it drafts at a time.
        scenario = replace(scenario, draft_tokens=max(scenario.draft_tokens, 1))
    resolved = resolve(scenario)
    if resolved.model.architecture.kind is not ModelKind.TOKENS:
        raise InputError(
            say("{model}: has no cache; rooftop predict shows its memory", model=scenario.model)
        )
    note = idle_options(arguments, resolved.model)
    if note:
        print(say("note: {note}", note=note), file=sys.stderr)
    arrangement = asked_arrangement(arguments, scenario, resolved)
    found = started(scenario, resolved, arrangement, _asked(arguments))
    first = [one for one in found if one.precision == found[0].precision]
    if arguments.json:
        servers = [_as_json(one) for one in found]
        # Those of the last pool, which holds the requests, stand by themselves too.
        document = {**servers[len(first) - 1], "servers": servers}
        print(json.dumps(document, indent=1, ensure_ascii=False))
    elif arguments.csv:
        print_csv([_as_row(one) for one in found])
    else:
        print("\n\n".join(_as_text(one) for one in found))
    return FOUND if all(one.startup.starts for one in first) else NOTHING_MEETS


def _asked(arguments: argparse.Namespace) -> Batch | Concurrency | None:
    if arguments.batch and arguments.concurrency:
        raise InputError(say("--batch and --concurrency: found both, expected one of them"))
    if arguments.concurrency:
        return Concurrency(float(parse_count(arguments.concurrency, "--concurrency")))
    return Batch(float(parse_count(arguments.batch, "--batch"))) if arguments.batch else None


def _gib(value: float) -> float:
    return round(value / GIB, 4)


def _as_json(one: Started) -> dict[str, Any]:
    """Plain values, in GiB per chip; tokens and sequences of one copy of the deployment."""
    return {
        **one.startup.values(),
        "device_gib": _gib(one.device_bytes),
        "device": one.device_words,
        "arrangement": one.arrangement,
        "pool": one.pool,
        "precision": one.precision,
        "verdict": one.verdict,
        "helps": list(one.helps),
        **_held_json(one.held),
    }


def _as_row(one: Started) -> dict[str, Any]:
    """The same without lists: every item of the memory in a column of its own."""
    plain = _as_json(one)
    for key in ("items", "outside", "held"):
        for name, value in plain.pop(key, {}).items():
            column = name.replace(" ", "_").removesuffix("_gib")
            unit = "" if isinstance(value, int) else "_gib"
            plain[f"{key.removesuffix('s')}_{column}{unit}"] = value
    return {**plain, "helps": "; ".join(plain["helps"])}


def _held_json(held: HeldAtOnce | None) -> dict[str, Any]:
    if held is None:
        return {}
    return {
        "held": {
            "sequences": held.sequences,
            "cache_gib": _gib(held.cache_bytes),
            "lacks_gib": _gib(held.lacks_bytes),
            "admitted": held.admitted,
        }
    }


def _as_text(one: Started) -> str:
    found = one.startup
    lines = [
        one.title,
        "",
        _line(say("device"), one.device_bytes, one.device_words),
        _line(say("the engine fills"), found.capacity_bytes, one.budget_words),
        *(_line(f"  {say(item.name)}", item.bytes) for item in found.items),
        _line(say("  available for the cache"), found.pool_bytes),
        *(
            _line(say("beside it: {item}", item=say(item.name)), item.bytes)
            for item in found.outside
        ),
        "",
        f"{left(say('KV cache'), LABEL)}{int(found.tokens):>10,} {say('tokens')}",
        _concurrency(found),
        *([_line(*_held_words(one.held))] if one.held is not None else []),
        "",
        one.verdict,
        *(f"  {text}" for text in one.helps),
    ]
    return "\n".join(lines)


def _line(name: str, size: float, words: str = "") -> str:
    return f"{left(name, LABEL)}{size / GIB:>10.2f} GiB  {words}".rstrip()


def _concurrency(found: Startup) -> str:
    longest = say("of {context_tokens:,} tokens each", context_tokens=int(found.context_tokens))
    return f"{left(say('requests at once'), LABEL)}{found.sequences:>10.2f} {longest}"


def _held_words(held: HeldAtOnce) -> tuple[str, float, str]:
    """What some requests hold, as a line."""
    one = held.sequences == 1
    name = (
        say("1 request holds")
        if one
        else say("{sequences:,} requests hold", sequences=held.sequences)
    )
    if held.lacks_bytes <= 0 and held.admitted >= held.sequences:
        return name, held.cache_bytes, say("on average, all at once")
    lacks = (
        say("{lacks_bytes:.2f} GiB more than there is, ", lacks_bytes=held.lacks_bytes / GIB)
        if held.lacks_bytes
        else ""
    )
    return (
        name,
        held.cache_bytes,
        say("{lacks}{admitted:,} are let in, the rest waits", lacks=lacks, admitted=held.admitted),
    )
