"""``rooftop simulate``: requests one by one, and what each saw."""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, replace

from engine.cli import FOUND, NOTHING_MEETS
from engine.cli.predict import asked_arrangement
from engine.cli.progress import Progress
from engine.cli.scenario.chosen import idle_options, scenario_from
from engine.cli.streams import tell
from engine.cli.sweep import command_scenario
from engine.cli.traced import asked_trace
from engine.model.architecture import Architecture
from engine.plan.lengths import fitted, lengths_note
from engine.plan.saved.plan_file import load_plan
from engine.plan.simulation.deployment import Question, overloaded, simulated
from engine.plan.simulation.text import report
from engine.scenario import Scenario
from engine.serve.resolve import Resolved, resolve
from engine.sources.files import user_path
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean
from engine.words.units import parse_count, parse_milliseconds, parse_whole
from engine.work.arrangement import Arrangement

LARGEST_SEED = 999_999_999


def run_simulate(arguments: argparse.Namespace) -> int:
    """Simulate and print; the exit code says whether every request kept the objectives' limits."""
    question, resolved = _question(arguments)
    with Progress("simulating") as progress:
        found = simulated(question, progress.share, resolved)
    too_much = overloaded(question, resolved)
    if too_much:
        tell(say("note: {note}", note=too_much))
    objectives = question.scenario.objectives
    if arguments.json:
        document = {
            "model": resolved.model.name,
            "chip": resolved.chip.id,
            "chips": question.arrangement.chips,
            "layout": question.arrangement.name,
            "tokens_estimated": question.trace is not None and question.trace.is_estimate,
            **found.values(objectives),
        }
        print(json.dumps(document, indent=1, ensure_ascii=False))
    else:
        print(report(question, resolved, found))
    return FOUND if len(found.ttft_seconds) and found.keeps(objectives).all() else NOTHING_MEETS


@dataclass(frozen=True, slots=True)
class _Asked:
    """A deployment to simulate: its place among the scenario's precisions, and how many
    ``clients`` wait for answers where requests do not come by themselves; 0 where nobody says."""

    scenario: Scenario
    resolved: Resolved
    arrangement: Arrangement
    precision: int
    clients: int


def _question(arguments: argparse.Namespace) -> tuple[Question, Resolved]:
    """What is simulated, as options and a saved plan say."""
    from_plan = (arguments.target or "").endswith(".toml")
    asked = _of_plan(arguments) if from_plan else _of_options(arguments)
    scenario, resolved, arrangement = asked.scenario, asked.resolved, asked.arrangement
    if not isinstance(resolved.model.architecture, Architecture):
        raise InputError(say("simulate: {model} generates no tokens", model=resolved.model.name))
    for note in (
        idle_options(arguments, resolved.model),
        lengths_note(scenario, resolved.systems[0]),
    ):
        if note:
            tell(say("note: {note}", note=note))
    trace = asked_trace(arguments)
    comes = bool(scenario.workload.rate) or (
        trace is not None and trace.arrival_seconds is not None
    )
    clients = 0 if comes else asked.clients
    if arguments.concurrency:
        clients = parse_count(arguments.concurrency, "--concurrency")
    scenario = replace(scenario, chips=arrangement.chips, framework=resolved.framework.id)
    question = Question(
        scenario,
        arrangement,
        asked.precision,
        trace,
        clients,
        parse_count(arguments.count, "--count") if arguments.count else None,
        parse_milliseconds(_seconds(arguments.duration), "--duration") / 1e3
        if arguments.duration
        else None,
        parse_whole(arguments.seed, "--seed", 0, LARGEST_SEED) if arguments.seed else 0,
    )
    return question, resolved


def _of_plan(arguments: argparse.Namespace) -> _Asked:
    plan = load_plan(user_path(arguments.target))
    scenario = scenario_from(arguments, plan.scenario)
    resolved = resolve(scenario)
    labels = _labels(resolved)
    if plan.choice.precision not in labels:
        raise InputError(
            say(
                "choice.precision: found {precision!r}, expected one of the scenario: {labels}",
                precision=clean(plan.choice.precision, 60),
                labels=", ".join(labels),
            )
        )
    arrangement: Arrangement = plan.choice.arrangement
    if _names_layout(arguments):
        arrangement = asked_arrangement(arguments, scenario, resolved)
    clients = plan.choice.batch * arrangement.replicas
    return _Asked(scenario, resolved, arrangement, labels.index(plan.choice.precision), clients)


def _of_options(arguments: argparse.Namespace) -> _Asked:
    if arguments.target:
        if arguments.model and arguments.model != arguments.target:
            raise InputError(say("simulate: found two models, expected one of them"))
        arguments.model = arguments.target
    scenario = command_scenario(arguments)
    resolved = resolve(scenario)
    scenario = fitted(scenario, resolved.systems[0])
    return _Asked(scenario, resolved, asked_arrangement(arguments, scenario, resolved), 0, 0)


def _labels(resolved: Resolved) -> list[str]:
    return [one.precision.label for one in resolved.systems]


def _names_layout(arguments: argparse.Namespace) -> bool:
    """Whether the options say how chips are used."""
    names = ("chips", "tp", "pp", "ep", "dp", "prefill", "decode")
    return any(getattr(arguments, one) is not None for one in names)


def _seconds(text: str) -> str:
    """A duration without a unit is in seconds."""
    return f"{text}s" if text.strip().replace(".", "", 1).isdigit() else text
