"""The engine's command for a candidate, to be read before it is run."""

from __future__ import annotations

import shlex

from engine.model.config import hub_reference
from engine.model.precision import Precision
from engine.plan.kinds import plan_kind
from engine.plan.prepared import Prepared
from engine.scenario import Scenario
from engine.words.text import clean
from engine.work.arrangement import Arrangement


def launch_command(
    prepared: Prepared,
    scenario: Scenario,
    arrangement: Arrangement,
    precision: Precision,
    batch: int,
) -> str:
    """The framework's command line for one replica."""
    template, fields = plan_kind(prepared).launch(prepared, scenario, arrangement, precision, batch)
    model, note = _named(prepared, scenario)
    command = template.replace("{model}", model)
    for name, value in fields.items():
        command = command.replace("{" + name + "}", str(value))
    line = command + note
    # It is shown and pasted: a model's path may hold what a terminal acts upon.
    return clean(line, len(line))


def _named(prepared: Prepared, scenario: Scenario) -> tuple[str, str]:
    """The checkpoint as a shell word, and a comment with its revision: every engine has an option
    of its own for that."""
    reference = hub_reference(scenario.model, scenario.revision)
    revision = reference.revision if reference is not None else ""
    note = f"  # revision {shlex.quote(revision)}" if revision else ""
    return shlex.quote(prepared.model.repository or scenario.model), note
