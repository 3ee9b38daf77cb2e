"""What differs between two scenarios, in the words of the forms. Pure."""

from __future__ import annotations

from engine.scenario import Scenario
from engine.words.messages import say
from engine.words.text import clean
from tui.fields.forms import HARDWARE, WORKLOAD


def changed_words(before: Scenario, after: Scenario) -> list[str]:
    """Every input that differs: ``ISL 4K → 8K``, ``num_hidden_layers → 30``."""
    return [f"{label} {old} → {new}" for label, old, new in changed_values(before, after)]


def changed_values(before: Scenario, after: Scenario) -> list[tuple[str, str, str]]:
    """Every input that differs as (label, before, after)."""
    found = []
    if before.model != after.model:
        found.append(("model", clean(before.model, 60), clean(after.model, 60)))
    for field in (*HARDWARE, *WORKLOAD):
        old, new = field.read(before), field.read(after)
        if old != new:
            found.append((say(field.label), say(old), say(new)))
    return found + _changed_edits(before, after)


def _changed_edits(before: Scenario, after: Scenario) -> list[tuple[str, str, str]]:
    from tui.tree import shown_value

    olds, news = dict(before.edits), dict(after.edits)
    keys = dict.fromkeys([*olds, *news])
    return [
        (
            clean(key, 60),
            shown_value(olds[key]) if key in olds else say("as in the file"),
            shown_value(news[key]) if key in news else say("as in the file"),
        )
        for key in keys
        if (key in olds, olds.get(key)) != (key in news, news.get(key))
    ]
