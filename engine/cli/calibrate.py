"""``rooftop calibrate``: fit constants to your own runs and keep them as a profile."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace

from engine.cli.compared import with_prompts
from engine.cli.scenario.chosen import scenario_from
from engine.cli.streams import having
from engine.evidence.calibration.fit import LEAST_GAIN, Calibration, Fitted, calibrate
from engine.evidence.calibration.profile import profile_name, write_profile
from engine.evidence.calibration.repeats import Repeats
from engine.evidence.calibration.results import is_result_file, read_runs
from engine.evidence.calibration.rows import csv_runs
from engine.evidence.calibration.run import Run
from engine.evidence.calibration.with_drafts import with_drafts
from engine.model.kinds import ModelKind
from engine.scenario import Scenario
from engine.serve.resolve import resolve
from engine.serve.system import System
from engine.sources.files import user_path
from engine.words.cells import left, right
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean
from engine.work.arrangement import given_layout
from engine.work.layout import Layout

_NAME = 28
"""Columns of a constant's name."""


def run_calibrate(arguments: argparse.Namespace) -> int:
    """Fit the runs of the named files, show the fit, write the profile."""
    for option in ("model", "chip"):
        if not getattr(arguments, option):
            raise InputError(
                say("--{option} is missing: say what the runs were made with", option=option)
            )
    scenario = scenario_from(arguments)
    site = _site(scenario)
    name = profile_name(site.engine.id, site.chip.id, arguments.name)
    chips = scenario.chips if arguments.chips is not None else None
    layout = given_layout(scenario.limits, chips)
    runs = _runs(arguments.results, scenario, site, layout)
    for model, *results in arguments.also:
        if not results:
            raise InputError(say("--also {model}: its results are missing", model=clean(model, 80)))
        other = replace(scenario, model=model, edits=())
        system = _site(other)
        runs += [replace(run, system=system) for run in _runs(results, other, system, layout)]
    outcome = calibrate(site, runs)
    print(_as_text(outcome))
    if arguments.dry_run:
        print(say("nothing written (--dry-run)"))
        return 0
    if not outcome.helps:
        print(
            say(
                "nothing written: {engine} as published fits these runs as well",
                engine=site.engine.id,
            )
        )
        return 0
    path = write_profile(outcome.framework, name, site.chip.id, outcome.runs)
    done = say("written to {path}; use it with --framework {name}", path=path, name=name)
    with having(done):
        print(done)
    return 0


def _runs(given: Sequence[str], scenario: Scenario, site: System, layout: Layout) -> list[Run]:
    """The runs of one model in the named files."""
    paths = [user_path(result) for result in given]
    results = [path for path in paths if is_result_file(path)]
    tables = [path for path in paths if path not in results and path.suffix.lower() == ".csv"]
    runs = [
        with_drafts(with_prompts(run, scenario), scenario, site)
        for run in read_runs([path for path in paths if path not in tables], layout)
    ]
    for table in tables:
        runs += csv_runs(table, site)
    return runs


def _site(scenario: Scenario) -> System:
    resolved = resolve(scenario)
    if resolved.model.architecture.kind is not ModelKind.TOKENS:
        raise InputError(
            say("{model} is a vision model, expected a language model", model=resolved.model.name)
        )
    return resolved.systems[0]


def _as_text(outcome: Calibration) -> str:
    heads = (left(say("constant"), _NAME), right(say("published"), 15), right(say("yours"), 15))
    lines = [say("{runs} runs", runs=outcome.runs), *_repeated(outcome.repeats)]
    lines.append(f"{''.join(heads)}{'±':>7}")
    lines += [_line(fitted) for fitted in outcome.constants if fitted.identified]
    stayed = [fitted.constant.label for fitted in outcome.constants if not fitted.identified]
    if stayed:
        lines.append(
            say("as published, for these runs do not tell: {names}", names=", ".join(stayed))
        )
    errors = zip(outcome.before, outcome.after, outcome.left_out, strict=True)
    for name, (before, after, left_out) in zip(("TTFT", "TPOT"), errors, strict=True):
        if before == before:
            lines.append(
                say(
                    "{name} median error {before:.1%} before, {after:.1%} after; of each "
                    "configuration by the others {left_out:.1%}",
                    name=name,
                    before=before,
                    after=after,
                    left_out=left_out,
                )
            )
            if left_out > before + LEAST_GAIN:
                lines.append(
                    say(
                        "{name} of other runs may get worse: the configurations do not foretell "
                        "each other; more of them tell",
                        name=name,
                    )
                )
    return "\n".join(lines)


def _repeated(repeats: Repeats | None) -> Iterator[str]:
    """What is said of runs of one configuration."""
    if repeats is not None:
        yield say(
            "{count} of them repeat others and are averaged: TPOT of one configuration up to "
            "{apart:.1%} apart ({first}, {second})",
            count=repeats.count,
            apart=repeats.apart,
            first=repeats.names[0],
            second=repeats.names[1],
        )


def _line(fitted: Fitted) -> str:
    constant = fitted.constant
    start = f"{left(constant.label, _NAME)}{_shown(constant.base, constant.unit):>15}"
    return f"{start}{_shown(fitted.value, constant.unit):>15}{fitted.spread:>7.0%}"


def _shown(value: float, unit: str) -> str:
    return f"{value:,.1f} {unit}" if unit else f"{value:.1%}"
