"""``rooftop plan``: write the winner."""

from __future__ import annotations

import argparse

from engine.cli import FOUND, NOTHING_MEETS
from engine.cli.assumed import print_assumed
from engine.cli.report.options import wants_report
from engine.cli.streams import having
from engine.cli.sweep import assumed_of, prepare_told
from engine.plan.answer import answer
from engine.plan.saved.document import save_plan
from engine.plan.sweep import sweep
from engine.sources.files import user_path
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean


def run_plan(arguments: argparse.Namespace) -> int:
    """Sweep and save; nothing is written when nothing meets the objectives."""
    reported = wants_report(arguments)
    scenario, prepared = prepare_told(arguments)
    result = sweep(prepared, scenario)
    if result is None:
        raise InputError(say("plan: the sweep was stopped"))
    sentence = answer(prepared, scenario, result)
    if result.best is None:
        print(say("{sentence}\nNo plan was written.", sentence=sentence))
        return NOTHING_MEETS
    report = None
    if reported:
        from engine.cli.report.of_plan import plan_report

        report = plan_report(prepared, scenario, result)
    path = user_path(arguments.output)
    # The answer comes when the file is safe: who reads it may rely on the plan.
    save_plan(path, prepared, scenario, result, result.table, result.best)
    done = say("Plan written to {path}", path=clean(str(path)))
    with having(done):
        if report is not None:
            from engine.cli.report.write import give_report

            written = give_report(arguments, report)
            done = f"{done}\n{written}" if written else done
        if not arguments.markdown:
            print(sentence)
            print_assumed(assumed_of(arguments, scenario, prepared))
            print(done)
    return FOUND
