"""``rooftop plan``: write the winner."""

from __future__ import annotations

import argparse

from engine.cli import FOUND, NOTHING_MEETS
from engine.cli.streams import having
from engine.cli.sweep import prepare_told
from engine.plan.answer import answer
from engine.plan.plan_document import save_plan
from engine.plan.sweep import sweep
from engine.sources.files import user_path
from engine.words.errors import InputError
from engine.words.text import clean


def run_plan(arguments: argparse.Namespace) -> int:
    """Sweep and save; nothing is written when nothing meets the objectives."""
    scenario, prepared = prepare_told(arguments)
    result = sweep(prepared, scenario)
    if result is None:
        raise InputError("plan: the sweep was stopped")
    sentence = answer(prepared, scenario, result)
    if result.best is None:
        print(f"{sentence}\nNo plan was written.")
        return NOTHING_MEETS
    path = user_path(arguments.output)
    # The answer comes when the file is safe: who reads it may rely on the plan.
    save_plan(path, prepared, scenario, result, result.table, result.best)
    done = f"Plan written to {clean(str(path))}"
    with having(done):
        print(f"{sentence}\n{done}")
    return FOUND
