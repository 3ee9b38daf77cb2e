"""``rooftop predict``: what will it be, without a search."""

from __future__ import annotations

import argparse
import json
import math
import sys
from dataclasses import replace

from engine.cli import FOUND, NOTHING_MEETS
from engine.cli.assumed import assumed, print_assumed
from engine.cli.scenario.chosen import AUTO, idle_options
from engine.cli.streams import tell
from engine.cli.sweep import command_scenario
from engine.cli.tables import print_csv, print_reliability, print_rows, tell_unknown
from engine.cli.traced import like_trace
from engine.model.kinds import ModelKind
from engine.plan.drafting import drafts_told
from engine.plan.fleet.fewest import fewest_layout
from engine.plan.found import found_note
from engine.plan.kinds import plan_kind
from engine.plan.lengths import fitted, lengths_note
from engine.plan.metrics.table import NO_MEMORY
from engine.plan.predicted import Predicted, predicted
from engine.plan.waiting_ranks import ranks_note
from engine.plan.why.starting import unstarted
from engine.scenario import (
    LEAST_PER_SECOND,
    MOST_PER_SECOND,
    ArrangementKind,
    DraftTokens,
    Scenario,
)
from engine.serve.call import Batch, Concurrency, Most, Rate, Size
from engine.serve.kinds import kind_of
from engine.serve.legal import refuse_illegal
from engine.serve.resolve import Resolved, resolve
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.quantities import duration
from engine.words.text import clean
from engine.words.units import LARGEST_COUNT, parse_decimal, parse_per_second
from engine.work.arrangement import Arrangement, given_pools

MOST = "most"
_BESIDE = 4
"""Sizes whose TPOT is said without drafts."""


def run_predict(arguments: argparse.Namespace) -> int:
    """Predict and print; the exit code says whether any row meets the objectives."""
    rates = _first_rate(arguments)
    scenario = like_trace(
        arguments,
        command_scenario(arguments),
        lambda one: asked_arrangement(arguments, one, resolve(one)),
    )
    resolved = resolve(scenario)
    scenario = fitted(scenario, resolved.systems[0])
    shrunk = lengths_note(scenario, resolved.systems[0])
    for note in (idle_options(arguments, resolved.model), shrunk):
        if note:
            tell(say("note: {note}", note=note))
    arrangement = asked_arrangement(arguments, scenario, resolved)
    scenario = replace(scenario, chips=arrangement.chips, framework=resolved.framework.id)
    found = predicted(
        scenario, arrangement, _sizes(arguments, scenario, rates or [scenario.workload.rate])
    )
    if arguments.json or arguments.csv:
        tell_unknown(found.prepared)
    if arguments.json:
        _print_json(found)
    elif arguments.csv:
        print_csv(found.rows())
    else:
        _print_table(arguments, found)
    return FOUND if bool(found.table.meets.any()) else NOTHING_MEETS


def asked_arrangement(
    arguments: argparse.Namespace, scenario: Scenario, resolved: Resolved
) -> Arrangement:
    """How the options say that chips are used; with ``--chips auto`` the layout that carries the
    rate on the fewest. Raises `InputError`."""
    if arguments.chips == AUTO:
        return fewest_layout(scenario)
    given = given_pools(scenario.pools)
    if given is not None:
        refuse_illegal(resolved.systems[0], given)
        return given
    if scenario.pools.prefill or scenario.pools.decode:
        raise InputError(say("--prefill and --decode: found one pool, expected both"))
    if scenario.arrangement is ArrangementKind.DISAGGREGATED:
        raise InputError(
            say(
                "--arrangement disaggregated: expected --prefill and --decode, the "
                "pools to predict (rooftop sweep searches for them)"
            )
        )
    chips = scenario.chips if arguments.chips is not None else None
    arrangement = kind_of(resolved.model.architecture.kind).arrangement(scenario.limits, chips)
    refuse_illegal(resolved.systems[0], arrangement)
    return arrangement


def _sizes(arguments: argparse.Namespace, scenario: Scenario, rates: list[float]) -> list[Size]:
    if scenario.workload.rate:
        if arguments.batch or arguments.concurrency:
            raise InputError(
                say("--rate: found --batch or --concurrency, too, expected one of them")
            )
        return [Rate(one) for one in rates]
    if arguments.batch and arguments.concurrency:
        raise InputError(say("--batch and --concurrency: found both, expected one of them"))
    if arguments.concurrency:
        return [
            Concurrency(_number(text, "--concurrency")) for text in arguments.concurrency.split(",")
        ]
    if not arguments.batch and scenario.fixed_batch is not None:
        return [Batch(float(scenario.fixed_batch))]
    words = (arguments.batch or MOST).split(",")
    return [Most() if text == MOST else Batch(_number(text, "--batch")) for text in words]


def _first_rate(arguments: argparse.Namespace) -> list[float]:
    """All rates that were asked for; the scenario is that of the first."""
    words = (arguments.rate or "").split(",")
    arguments.rate = words[0] or None
    return [
        parse_per_second(one, "--rate", LEAST_PER_SECOND, MOST_PER_SECOND)
        for one in words
        if words[0]
    ]


def _unstarted(found: Predicted) -> tuple[str, ...]:
    """Why nothing starts in the first precision, and what would help."""
    system, table = found.prepared.systems[0], found.table
    if system.model.kind is not ModelKind.TOKENS or table.verdict(0) is not NO_MEMORY:
        return ()
    return unstarted(found.scenario, system, found.arrangement)


def _drafted(found: Predicted) -> tuple[str, ...]:
    """What drafts, how many tokens, and how much of them is kept, and what would be without; that
    none pay."""
    note = drafts_told(found.scenario, found.prepared.systems[0])
    if not note or not found.scenario.draft_tokens:
        return (note,) if note else ()
    without = replace(found.scenario, draft_tokens=0, drafts=DraftTokens.GIVEN)
    plain = predicted(without, found.arrangement, found.sizes[:_BESIDE]).table.metrics["tpot_ms"]
    times = [duration(float(one)) for one in plain[:_BESIDE] if math.isfinite(one)]
    if not times:
        return (note,)
    return (note, say("without drafts: TPOT {times}", times=", ".join(times)))


def _number(text: str, what: str) -> float:
    """A number of requests; means of several runs need not be whole."""
    value = parse_decimal(text)
    if 1 <= value <= LARGEST_COUNT:
        return value
    raise InputError(
        say(
            "{what}: found {text!r}, expected numbers from 1, as 1,8,32",
            what=what,
            text=clean(text, 40),
        )
    )


def _print_json(found: Predicted) -> None:
    document = {
        "rows": found.rows(),
        **found.held(),
        "settings": found.settings(),
        "notes": [*found.prepared.fallbacks, *_drafted(found)],
    }
    json.dump(document, sys.stdout, indent=1, ensure_ascii=False)
    print()


def _without_batch(subject: str) -> str:
    """What is served, without the batch at its end: every row has its own."""
    return subject.rsplit(say(", batch"), 1)[0]


def _figures(found: Predicted) -> str:
    """What the one batch that was asked for delivers, with ranges, under its benchmark name; empty
    where several were asked for, and where it does not start."""
    scenario, table = found.scenario, found.table
    if scenario.fixed_batch is None or len(table) > 1 or not table.fits[0]:
        return ""
    kind, precision = plan_kind(found.prepared), table.precision(0)
    name = kind.names(found.prepared, scenario, precision, int(table.batch[0]))[0]
    told = kind.figures(found.prepared, table, 0, scenario.objectives, table.accuracy(0))
    return f"\n{name}: {told}"


def _print_table(arguments: argparse.Namespace, found: Predicted) -> None:
    prepared, table = found.prepared, found.table
    subject = plan_kind(prepared).subject(prepared, found.scenario, table, 0)
    print(f"{_without_batch(subject)}{_figures(found)}")
    print_assumed(
        assumed(
            arguments,
            found.scenario,
            kind=prepared.kind,
            chip=prepared.chip,
            framework=prepared.framework,
            counts_chips=False,
        )
    )
    print()
    rows = found.rows()
    print_rows(prepared, found.scenario, rows)
    print_reliability(prepared, table.accuracy(0))
    for text in (*_drafted(found), *_unstarted(found)):
        print(say("note: {note}", note=text))
    for row in rows:
        if row["waiting"]:
            print(
                say(
                    "note: batch {batch:g}: {admitted:,} run at once, the rest wait",
                    batch=row["batch"],
                    admitted=row["admitted"],
                )
            )
        beside = (
            found_note(found.scenario, prepared.systems[0], row.get("cached_percent")),
            ranks_note(found.arrangement, row.get("utilised_percent")),
        )
        for note in filter(None, beside):
            print(say("note: batch {batch:g}: {note}", batch=row["batch"], note=note))
