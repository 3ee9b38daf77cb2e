"""How prefill and decode share the chips: the same replicas for both, or a pool for each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from engine.scenario import ArrangementKind, Scenario
from engine.words.messages import say
from engine.words.text import clean
from engine.words.units import parse_count
from tui.fields.field import LANGUAGE, Field

SEARCHED = "searched"
SAME = "same"
_NOTHING = frozenset({"", "any", "none", SEARCHED, SAME})


def _kinds() -> tuple[str, ...]:
    return tuple(one.value for one in ArrangementKind)


def _set_arrangement(scenario: Scenario, text: str) -> Scenario:
    """A new way of using the chips; what was chosen of pools goes with them."""
    from engine.scenario import PoolChoice
    from engine.words.errors import InputError

    name = text.strip().lower()
    if name not in _kinds():
        raise InputError(
            say(
                "arrangement: found {text!r}, expected {kinds}",
                text=clean(text, 40),
                kinds=", ".join(_kinds()),
            )
        )
    kind = ArrangementKind(name)
    pools = PoolChoice() if kind is ArrangementKind.AGGREGATED else scenario.pools
    return replace(scenario, arrangement=kind, pools=pools)


def _chosen(scenario: Scenario, **changes: Any) -> Scenario:
    from engine.plan.pool_choice import agreed

    return agreed(replace(scenario, pools=replace(scenario.pools, **changes)))


def _pool_field(
    id: str, label: str, hint: str, unsaid: str, parse: Callable[[str], object]
) -> Field:
    """A field of `engine.scenario.PoolChoice`, by its own name."""

    def read(scenario: Scenario) -> str:
        value = getattr(scenario.pools, id)
        return unsaid if value in {None, ""} else str(value)

    def write(scenario: Scenario, text: str) -> Scenario:
        nothing = None if id.endswith("_chips") else ""
        given = nothing if text.strip().lower() in _NOTHING else parse(text)
        return _chosen(scenario, **{id: given})

    return Field(id, label, read, write, hint=hint, kinds=LANGUAGE)


def _workers(text: str) -> str:
    from engine.work.arrangement import parse_pool

    parse_pool(text, "pool")
    return clean(text.strip(), 100)


def _chip(text: str) -> str:
    from engine.hardware.chip_profiles import load_chip

    return load_chip(text).id


def _precision(text: str) -> str:
    from engine.model.precision import parse_cache, parse_precision

    if parse_cache(text) is None:
        parse_precision(text, None)
    return clean(text.strip(), 40)


POOLS: tuple[Field, ...] = (
    Field(
        "arrangement",
        "arrangement",
        lambda scenario: scenario.arrangement.value,
        _set_arrangement,
        choices=_kinds,
        hint="prefill and decode together, apart, or either",
        kinds=LANGUAGE,
    ),
    _pool_field("prefill", "prefill pool", "workers, as TP1 EP8 DP8 x2", SEARCHED, _workers),
    _pool_field("decode", "decode pool", "workers, as TP1 EP16 DP16 x1", SEARCHED, _workers),
    _pool_field("prefill_chip", "prefill chip", "where it is another one", SAME, _chip),
    _pool_field(
        "prefill_chips",
        "prefill chips",
        "of all chips",
        SEARCHED,
        lambda text: parse_count(text, "prefill chips"),
    ),
    _pool_field(
        "prefill_precision", "prefill precision", "as W8A8; else the same", SAME, _precision
    ),
)
