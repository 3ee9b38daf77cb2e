"""What one key of the model config costs: its effect on the current plan, computed.

A number is tried at half and double, a switch the other way round; layout and batch stay.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from engine.model.precision import Precision
from engine.plan.metrics.table import limited_of
from engine.plan.prepared import prepare
from engine.plan.results import Table
from engine.plan.tables import batch_table
from engine.scenario import Scenario
from engine.words.errors import RooftopError
from engine.words.messages import say
from engine.work.arrangement import Arrangement


@dataclass(frozen=True, slots=True)
class KeyEffect:
    """What a config key set to ``value`` would do at the same layout and batch, as ratios of
    after over before; ``refused`` holds the rule when the value is impossible, and
    ``overflows`` is True where the batch no longer fits (then only memory has a ratio)."""

    value: object
    throughput_ratio: float = float("nan")
    ttft_ratio: float = float("nan")
    memory_ratio: float = float("nan")
    refused: str = ""
    overflows: bool = False


def tried_values(value: object) -> tuple[object, ...]:
    """The values to compare with: half and double a positive number, the other state of a
    switch; none for anything else."""
    if isinstance(value, bool):
        return (not value,)
    if not isinstance(value, int | float) or value <= 0:
        return ()
    if isinstance(value, float):
        return (value / 2, value * 2)
    return tuple(one for one in (value // 2, value * 2) if one > 0)


def key_effects(
    scenario: Scenario,
    key: str,
    value: object,
    arrangement: Arrangement,
    precision: Precision,
    batch: int,
    should_stop: Callable[[], bool] | None = None,
) -> tuple[KeyEffect, ...] | None:
    """The effects of the `tried_values` of a config ``key``; None when stopped."""
    batches = np.array([batch], dtype=np.int64)
    tried = tried_values(value)
    if not tried:
        return ()
    base = batch_table(prepare(scenario), scenario, arrangement, precision, batches)
    found = []
    for one in tried:
        if should_stop is not None and should_stop():
            return None
        found.append(_effect(scenario, key, one, arrangement, precision, base))
    return tuple(found)


def edited(scenario: Scenario, key: str, value: object) -> Scenario:
    """The scenario with one config key set to ``value``."""
    kept = tuple(edit for edit in scenario.edits if edit[0] != key)
    return replace(scenario, edits=(*kept, (key, value)))


def _effect(
    scenario: Scenario,
    key: str,
    value: object,
    arrangement: Arrangement,
    precision: Precision,
    base: Table,
) -> KeyEffect:
    changed = edited(scenario, key, value)
    try:
        prepared = prepare(changed)
        if arrangement not in prepared.arrangements:
            return KeyEffect(
                value, refused=say("{layout} is not legal with it", layout=arrangement.name)
            )
        other = precision if precision in prepared.precisions else prepared.precisions[0]
        table = batch_table(prepared, changed, arrangement, other, base.batch)
    except RooftopError as error:
        return KeyEffect(value, refused=str(error))

    def ratio(metric: str) -> float:
        if metric not in base.metrics:
            return float("nan")
        return float(table.metrics[metric][0] / base.metrics[metric][0])

    latency = limited_of(base.kind)[0].id
    return KeyEffect(
        value,
        ratio(base.throughput),
        ratio(latency),
        ratio("memory_gib"),
        overflows=not bool(table.fits[0]),
    )
