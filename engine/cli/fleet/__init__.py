"""``rooftop fleet``: chips for a rate, a day, or several loads on one stock."""

from __future__ import annotations

import argparse
from dataclasses import replace

from engine.cli import FOUND
from engine.cli.fleet.day import run_day
from engine.cli.fleet.rate import print_fleets
from engine.cli.fleet.stock import print_split
from engine.cli.hardware import named_hardware
from engine.cli.report.options import wants_report
from engine.cli.scenario.chosen import scenario_from
from engine.cli.streams import tell
from engine.cli.sweep import command_scenario
from engine.cli.traced import like_trace
from engine.plan.alternatives import hardware_choices
from engine.plan.fleet.several import sized_fleets
from engine.plan.lengths import fitted
from engine.plan.saved.plan_file import load_plan
from engine.plan.stock import best_split, read_stock
from engine.scenario import Scenario
from engine.serve.resolve import resolve
from engine.sources.files import user_path
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean
from engine.work.arrangement import Aggregated, limits_to


def run_fleet(arguments: argparse.Namespace) -> int:
    """Print what is asked: a stock's split, a day, or the chips for a rate."""
    wants_report(arguments)
    chips, engines = named_hardware(arguments)
    planned = (arguments.subject or "").endswith(".toml")
    scenario = _scenario(arguments)
    if arguments.pool:
        print_split(arguments, best_split(read_stock(user_path(arguments.pool), scenario)))
        return FOUND
    several = bool(chips or engines)
    choices = hardware_choices(scenario, chips, engines) if several else [("", scenario)]
    if arguments.day:
        return run_day(arguments, {name: _fitted(one) for name, one in choices})
    found = sized_fleets(dict(choices), whole_nodes=arguments.whole_nodes)
    for why in found.refused:
        tell(say("note: {note}", note=why))
    print_fleets(arguments, found, planned=planned)
    return FOUND


def _scenario(arguments: argparse.Namespace) -> Scenario:
    """The options' scenario; a plan's own layout is the only one that is tried."""
    subject = arguments.subject or ""
    if not subject.endswith(".toml"):
        return like_trace(arguments, command_scenario(arguments))
    arguments.subject = None
    plan = load_plan(user_path(subject))
    arrangement = plan.choice.arrangement
    if not isinstance(arrangement, Aggregated):
        raise InputError(
            say(
                "{subject}: found a plan of pools, expected one of replicas; "
                "without the plan, --prefill and --decode name the pools",
                subject=clean(subject, 80),
            )
        )
    limits = limits_to(arrangement.layout)
    return scenario_from(arguments, replace(plan.scenario, limits=limits))


def _fitted(scenario: Scenario) -> Scenario:
    return fitted(scenario, resolve(scenario).systems[0])
