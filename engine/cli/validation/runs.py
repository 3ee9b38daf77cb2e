"""``rooftop validate`` of a benchmark client's own result file: what was run is said by options."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

from engine.cli.compared import Asked, Compared, compare, error_lines, lines, with_prompts
from engine.cli.scenario.chosen import scenario_from
from engine.evidence.calibration.results import read_runs
from engine.evidence.calibration.run import Run
from engine.model.kinds import ModelKind
from engine.scenario import Mode, Scenario
from engine.serve.resolve import resolve
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean
from engine.work.arrangement import Aggregated, given_layout


def validate_runs(arguments: argparse.Namespace, source: Path) -> int:
    """Predict every run of a file on the deployment that the options describe, and print the
    error. The exit code is 0 however far off it is."""
    for option in ("model", "chip"):
        if not getattr(arguments, option):
            raise InputError(
                say(
                    "{source}: found a client's result, which does not say what it ran on, "
                    "expected --{option}",
                    source=clean(str(source)),
                    option=option,
                )
            )
    if arguments.csv:
        raise InputError(say("--csv: is of tables of measured rows, expected --json for a result"))
    scenario = scenario_from(arguments)
    resolved = resolve(scenario)
    if resolved.model.architecture.kind is not ModelKind.TOKENS:
        raise InputError(
            say("{model} is a vision model, expected a language model", model=resolved.model.name)
        )
    layout = given_layout(scenario.limits, scenario.chips if arguments.chips is not None else None)
    label = resolved.systems[0].precision.label
    found: list[Compared] = []
    for run in read_runs([source], layout):
        found += compare(Asked(_of(run, scenario), Aggregated(layout), label), run)
    if not found:
        raise InputError(
            say(
                "{source}: holds none of TTFT, TPOT and output tokens per second",
                source=clean(str(source)),
            )
        )
    if arguments.json:
        print(json.dumps([one.values() for one in found], indent=1))
    else:
        print("\n".join([*lines(found), *error_lines(found)]))
    return 0


def _of(run: Run, scenario: Scenario) -> Scenario:
    """The scenario with a run's own lengths, in flight as its client had them."""
    told = with_prompts(run, scenario)
    workload = replace(
        scenario.workload,
        input_tokens=max(round(told.input_tokens), 1),
        output_tokens=max(round(told.output_tokens), 1),
        mode=Mode.CONTINUOUS,
        rate=0.0,
    )
    return replace(scenario, workload=workload)
