"""Named service level objectives: ``profiles/objectives/<id>.toml``."""

from __future__ import annotations

from engine.errors import InputError
from engine.profile_files import find_profile, read_toml
from engine.scenario import Objectives
from engine.text import clean

_KEYS = {"ttft_ms", "tpot_ms", "e2e_ms", "latency_ms"}


def load_objectives(name: str) -> Objectives:
    """The objectives called ``name``, the user's own first; raises `InputError`."""
    path, _ = find_profile("objectives", name, {})
    limits = read_toml(path).get("limits", {})
    for key, value in limits.items():
        known = key in _KEYS
        if not known or isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
            expected = "a number above 0" if known else f"one of {', '.join(sorted(_KEYS))}"
            raise InputError(
                f"{clean(str(path))}: limits.{clean(key, 40)}: found {clean(repr(value), 40)}, "
                f"expected {expected}"
            )
    return Objectives(**{key: float(value) for key, value in limits.items()})
