"""Named service level objectives: ``profiles/objectives/<id>.toml``."""

from __future__ import annotations

from engine.plan.metrics.table import LIMITED
from engine.scenario import Objectives
from engine.sources.profile_files import find_profile, read_toml
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean

LARGEST = 1e12
_KEYS = {metric.id for metric, _ in LIMITED}


def load_objectives(name: str) -> Objectives:
    """The objectives called ``name``, the user's own first; raises `InputError`."""
    path, _ = find_profile("objectives", name)
    limits = read_toml(path).get("limits", {})
    if not isinstance(limits, dict):
        raise InputError(
            say("{path}: limits: expected a table of limits in ms", path=clean(str(path)))
        )
    for key, value in limits.items():
        known = key in _KEYS
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not known or not number or not 0 < value < LARGEST:
            expected = "a number above 0" if known else f"one of {', '.join(sorted(_KEYS))}"
            raise InputError(
                say(
                    "{path}: limits.{key}: found {value}, expected {expected}",
                    path=clean(str(path)),
                    key=clean(key, 40),
                    value=clean(repr(value), 40),
                    expected=expected,
                )
            )
    return Objectives(**{key: float(value) for key, value in limits.items()})
