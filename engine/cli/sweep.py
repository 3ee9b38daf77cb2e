"""``rooftop sweep``: the ranked table, for people, JSON and CSV."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from typing import Any

from engine.cli import FOUND, NOTHING_MEETS
from engine.cli.allocator import keep_what_is_dropped
from engine.cli.assumed import assumed, print_assumed
from engine.cli.hardware import named_hardware
from engine.cli.report.options import wants_report
from engine.cli.scenario.chosen import AUTO, idle_options, scenario_from
from engine.cli.streams import tell
from engine.cli.tables import print_csv, print_reliability, print_rows, tell_unknown
from engine.cli.traced import like_trace
from engine.plan.answer import answer
from engine.plan.drafting import with_best_drafts
from engine.plan.found import found_of
from engine.plan.kinds import plan_kind
from engine.plan.lengths import fitted
from engine.plan.prepared import Prepared, prepare
from engine.plan.results import Sweep
from engine.plan.rows import row_values, rows_values
from engine.plan.sweep import sweep
from engine.plan.waiting_ranks import row_ranks_note
from engine.plan.why.fitting import fits_on
from engine.scenario import Objectives, Scenario
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.units import parse_count


def command_scenario(arguments: argparse.Namespace) -> Scenario:
    """A command's scenario: limits are only those that were asked for."""
    return scenario_from(arguments, Scenario(objectives=Objectives()))


def is_auto(arguments: argparse.Namespace) -> bool:
    """Whether ``--chips auto`` asks for as many as it takes."""
    return bool(arguments.chips == AUTO)


def prepare_told(
    arguments: argparse.Namespace, *, several: bool = False
) -> tuple[Scenario, Prepared]:
    """A command's scenario, resolved; stderr hears which options do nothing for its model.

    Without a framework asked for, a vision model gets one that serves it; without lengths asked
    for, they fit the model's context. Where ``several`` chips or engines are asked for, each has
    its own fewest chips later.
    """
    scenario = like_trace(arguments, command_scenario(arguments))
    if is_auto(arguments) and not several:
        from engine.plan.fleet.fewest import with_chips_counted

        scenario = with_chips_counted(scenario)
    prepared = prepare(scenario)
    engine = plan_kind(prepared).engine(prepared, scenario)
    if arguments.framework is None and engine != scenario.framework:
        scenario = replace(scenario, framework=engine)
        prepared = prepare(scenario)
    note = idle_options(arguments, prepared.model)
    if note:
        tell(say("note: {note}", note=note))
    scenario = with_best_drafts(fitted(scenario, prepared.systems[0]))
    return scenario, prepare(scenario)


def run_sweep(arguments: argparse.Namespace) -> int:
    """Sweep, print, and say by the exit code whether anything meets the objectives."""
    keep_what_is_dropped()
    count, reported = _row_count(arguments.rows), wants_report(arguments)
    chips, engines = named_hardware(arguments)
    scenario, prepared = prepare_told(arguments, several=bool(chips or engines))
    if chips or engines:
        from engine.cli.alternatives import run_hardware

        return run_hardware(arguments, scenario, chips, engines)
    result = sweep(prepared, scenario)
    if result is None:
        raise InputError(say("sweep: stopped"))
    shown = result.order if count is None else result.order[:count]
    rows = rows_values(prepared, scenario, result.table, map(int, shown))
    if reported:
        from engine.cli.report.of_plan import plan_report
        from engine.cli.report.write import give_report

        give_report(arguments, plan_report(prepared, scenario, result))
    if arguments.json or arguments.csv:
        tell_unknown(prepared)
    if arguments.json:
        _print_json(prepared, scenario, result, rows)
    elif arguments.csv:
        print_csv(rows)
    elif not arguments.markdown:
        _print_table(arguments, prepared, scenario, result, rows)
    return FOUND if result.best is not None else NOTHING_MEETS


def _row_count(text: str) -> int | None:
    return None if text == "all" else parse_count(text, "--rows")


def _print_json(
    prepared: Prepared, scenario: Scenario, result: Sweep, rows: list[dict[str, Any]]
) -> None:
    from engine.plan.alternatives import of_precisions

    def told(row: int | None) -> dict[str, Any] | None:
        return None if row is None else row_values(prepared, scenario, result.table, row)

    document = {
        "candidates": result.candidates,
        "elapsed_ms": round(result.elapsed_seconds * 1e3, 3),
        "answer": answer(prepared, scenario, result),
        "best": told(result.best),
        "nearest": told(result.nearest),
        "precisions": [one.values() for one in of_precisions(prepared, scenario, result)],
        "rows": rows,
    }
    json.dump(document, sys.stdout, indent=1, ensure_ascii=False)
    print()


def assumed_of(arguments: argparse.Namespace, scenario: Scenario, prepared: Prepared) -> str:
    """What the command took for granted of a sweep."""
    return assumed(
        arguments,
        scenario,
        kind=prepared.kind,
        chip=prepared.chip,
        framework=prepared.framework,
    )


def _candidates_words(count: int) -> str:
    return say("1 candidate") if count == 1 else say("{candidates:,} candidates", candidates=count)


def _print_table(
    arguments: argparse.Namespace,
    prepared: Prepared,
    scenario: Scenario,
    result: Sweep,
    rows: list[dict[str, Any]],
) -> None:
    print(answer(prepared, scenario, result))
    enough = fits_on(scenario, prepared.systems[0], result) if result.best is None else 0
    if enough:
        print(say("It fits on {chips} chips (--chips {chips}).", chips=enough))
    print_assumed(assumed_of(arguments, scenario, prepared))
    if result.best is not None:
        table, best = result.table, result.best
        beside = (
            found_of(scenario, table.arrangement(best), float(table.batch[best])),
            row_ranks_note(table, best),
        )
        for note in filter(None, beside):
            print(say("note: {note}", note=note))
    elapsed = result.elapsed_seconds * 1e3
    print(
        say(
            "{candidates} in {elapsed:,.0f} ms; best first\n",
            candidates=_candidates_words(result.candidates),
            elapsed=elapsed,
        )
    )
    if len(prepared.precisions) > 1:
        from engine.cli.alternatives import print_alternatives, print_costs
        from engine.plan.alternatives import of_precisions

        side_by_side = of_precisions(prepared, scenario, result)
        print_alternatives(side_by_side, "precision")
        print_costs(side_by_side)
        print()
    print_rows(prepared, scenario, rows)
    first = result.table.accuracy(int(result.order[0]))
    # The answer has said what the model as a whole cannot have.
    print_reliability(prepared, first, told=prepared.notes)
