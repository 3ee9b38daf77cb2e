"""``rooftop verify``: measured runs against what a plan said they would show."""

from __future__ import annotations

import argparse
import json

from engine.cli import FOUND, NOTHING_MEETS
from engine.cli.compared import Asked, compare, lines, with_prompts
from engine.cli.streams import print_verdict
from engine.cli.together import together
from engine.evidence.calibration.results import read_runs
from engine.evidence.calibration.run import Run
from engine.plan.saved.plan_file import PlanFile, load_plan
from engine.sources.files import user_path
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean
from engine.work.arrangement import Aggregated
from engine.work.layout import Layout

_LENGTHS_APART = 0.1
"""Share by which mean lengths may differ from the plan's: tokenizers and templates differ."""


def run_verify(arguments: argparse.Namespace) -> int:
    """0 where every figure lies within its range, 1 where one does not, 2 for other results."""
    plan = load_plan(user_path(arguments.plan))
    arrangement = plan.choice.arrangement
    layout = arrangement.layout if isinstance(arrangement, Aggregated) else Layout()
    read = read_runs([user_path(one) for one in arguments.results], layout)
    runs = [with_prompts(run, plan.scenario) for run in read]
    for run in runs:
        _refuse_other(plan, run)
    asked = Asked(plan.scenario, arrangement, plan.choice.precision)
    found = [one for run in runs for one in compare(asked, run)]
    if not found:
        raise InputError(say("the results hold none of TTFT, TPOT and output tokens per second"))
    good = all(one.inside for one in found)
    reason = "" if good else together(asked, runs, found)
    if arguments.json:
        print_verdict(json.dumps([one.values() for one in found], indent=1))
    else:
        print_verdict("\n".join([*lines(found), *([reason] if reason else [])]))
    return FOUND if good else NOTHING_MEETS


def _refuse_other(plan: PlanFile, run: Run) -> None:
    """Raise `InputError` for a run of another model or other lengths."""
    workload, scenario = plan.scenario.workload, plan.scenario
    named = str(plan.document.get("launch", {}).get("model", "")) or scenario.model
    if "/" in run.model and "/" in named and run.model.lower() != named.lower():
        raise InputError(
            say(
                "{run}: found a run of {model}, expected {named}",
                run=run.name,
                model=clean(run.model, 80),
                named=clean(named, 80),
            )
        )
    for what, found, expected in (
        (say("tokens in"), run.input_tokens, workload.input_tokens),
        (say("tokens out"), run.output_tokens, workload.output_tokens),
    ):
        if abs(found / expected - 1.0) > _LENGTHS_APART:
            raise InputError(
                say(
                    "{run}: found {found:,.0f} {what} on average, expected the plan's {expected:,}",
                    run=run.name,
                    found=found,
                    what=what,
                    expected=expected,
                )
            )
    if workload.rate and not run.rate:
        raise InputError(
            say(
                "{run}: found a run with a number of requests in flight, expected one at a rate",
                run=run.name,
            )
        )
    drafts = scenario.draft_tokens
    if (run.accepted > 1.0) != (drafts > 0):
        what = (
            say("{drafts} draft tokens", drafts=drafts)
            if drafts
            else say("no speculative decoding")
        )
        raise InputError(
            say(
                "{run}: found {accepted:g} tokens a step, expected {what}",
                run=run.name,
                accepted=run.accepted,
                what=what,
            )
        )
