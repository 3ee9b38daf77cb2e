"""What can be picked from a list, each with a line of facts: lists are cheap; facts are read for
the lines that are drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from engine.scenario import Scenario
from tui.nouns.files import (
    fleet_facts,
    is_fleet_path,
    is_plan_path,
    listed_fleets,
    listed_plans,
    plan_facts,
)
from tui.nouns.hardware import (
    chip_facts,
    chip_of_alias,
    current_chip,
    engine_facts,
    listed_chips,
    listed_engines,
    names_several,
)
from tui.nouns.models import (
    PRECISIONS,
    current_precision,
    is_model_reference,
    is_precision,
    listed_models,
    model_facts,
    precision_facts,
)
from tui.nouns.noun import Noun


def _deployments(scenario: Scenario) -> Sequence[str]:
    from engine.plan.deploy.kind import deployment_ids

    return deployment_ids()


def _deployment_facts(scenario: Scenario, value: str) -> str:
    from engine.plan.deploy.kind import load_deployment

    kind = load_deployment(value)
    return f"{kind.name} · {kind.file}"


NOUNS: tuple[Noun, ...] = (
    Noun(
        "chip",
        "chip",
        ("chip",),
        current_chip,
        listed_chips,
        chip_facts,
        names_several,
        chip_of_alias,
        True,
    ),
    Noun(
        "model",
        "model",
        ("model",),
        lambda s: s.model,
        listed_models,
        model_facts,
        is_model_reference,
    ),
    Noun(
        "engine",
        "engine",
        ("engine", "framework"),
        lambda s: s.framework,
        listed_engines,
        engine_facts,
        names_several,
        several=True,
    ),
    Noun(
        "open",
        "plan or past scenario",
        ("plan", "open", "past", "scenario"),
        lambda s: "",
        listed_plans,
        plan_facts,
        is_plan_path,
    ),
    Noun(
        "precision",
        "precision",
        ("precision",),
        current_precision,
        lambda s: PRECISIONS,
        precision_facts,
        is_precision,
        several=True,
    ),
    Noun(
        "deploy",
        "deployment",
        ("deploy", "deployment"),
        lambda s: "",
        _deployments,
        _deployment_facts,
        lambda text: False,
    ),
    Noun(
        "fleet",
        "fleet: the rate, a day, a trace or a stock",
        ("fleet", "day", "stock"),
        lambda s: "",
        listed_fleets,
        fleet_facts,
        is_fleet_path,
    ),
)
"""Each taken by the command of its id."""
BY_ID = {noun.id: noun for noun in NOUNS}
BY_WORD = {word: noun for noun in NOUNS for word in noun.words}


def choice_noun(
    id: str, label: str, read: Callable[[Scenario], str], choices: Callable[[], tuple[str, ...]]
) -> Noun:
    """A field of a form that has choices, as something to pick."""

    def is_meant(text: str) -> bool:
        return bool(text) and text not in choices() and any(one.isdigit() for one in text)

    def no_facts(scenario: Scenario, value: str) -> str:
        return ""

    return Noun(id, label, (), read, partial(_of_field, choices), no_facts, is_meant)


def _of_field(choices: Callable[[], tuple[str, ...]], scenario: Scenario) -> Sequence[str]:
    return choices()
