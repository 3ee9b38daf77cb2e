"""Ways to do what a scenario asks, side by side: precisions, chips, engines, each with its best
plan."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from engine.hardware.chip import Provenance
from engine.hardware.framework import ANY, Framework
from engine.model.precision import Precision, parse_cache
from engine.model.precision_quality import Quality, quality_of
from engine.plan.kept import MISSES, glyph_of
from engine.plan.launch.stored_as import stored_as
from engine.plan.lost import why_lost
from engine.plan.metrics.metric import Metric
from engine.plan.names.named_scenario import with_precision
from engine.plan.prepared import Prepared, is_known_on, prepare
from engine.plan.ranges.accuracy import Accuracy
from engine.plan.ranking import wanted
from engine.plan.results import Sweep, Table
from engine.plan.sweep import leaders
from engine.plan.tables import batch_table
from engine.scenario import Scenario
from engine.serve.kinds import kind_of
from engine.sources.profile_files import BUNDLED
from engine.words.errors import InputError, RooftopError
from engine.words.messages import say

USUAL_PRECISIONS = ("W16A16", "W8A8", "W4A16", "W4A8", "KV8", "NVFP4")
"""Precisions that are put side by side where nobody named some."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """One way, told from the others by its ``label``, with its best plan or the one that comes
    nearest: a ``table`` of that row alone. Without a table it says why there is none."""

    label: str
    scenario: Scenario
    refused: str = ""
    prepared: Prepared | None = None
    table: Table | None = None

    @property
    def meets(self) -> bool:
        """Whether its plan meets the objectives."""
        return self.table is not None and bool(self.table.meets[0])

    @property
    def glyph(self) -> str:
        """Whether it meets them, may turn out either way, or misses (`engine.plan.kept`)."""
        if self.table is None:
            return MISSES
        return glyph_of(self.table, self.scenario.objectives, 0)

    @property
    def throughput(self) -> float:
        """What plans are ranked by; NaN without one that fits."""
        return (
            self.table.value(0, self.table.throughput) if self.table is not None else float("nan")
        )

    @property
    def accuracy(self) -> Accuracy | None:
        """How far off such predictions have been."""
        return None if self.table is None else self.table.accuracy(0)

    @property
    def lost(self) -> str:
        """Why its plan is none; empty where it meets every objective."""
        if self.table is None:
            return self.refused
        return why_lost(self.table, 0, self.scenario.objectives)

    @property
    def quality(self) -> tuple[Quality, ...]:
        """What evaluations say of its formats."""
        if self.prepared is None or self.table is None:
            return ()
        return quality_of(self.prepared.model, self.table.precision(0))

    @property
    def stored(self) -> str:
        """Which checkpoint is served, or who makes it."""
        if self.prepared is None or self.table is None:
            return ""
        return stored_as(self.prepared, self.table.precision(0))

    @property
    def notes(self) -> tuple[str, ...]:
        """What chip or engine do in place of what was asked for."""
        return () if self.prepared is None else self.prepared.fallbacks

    def figure(self, metric: Metric) -> tuple[float, float | None]:
        """A metric of its plan and the range of it as a share."""
        assert self.table is not None
        known = self.accuracy
        return self.table.value(0, metric.id), known.share(metric.range) if known else None

    def values(self) -> dict[str, Any]:
        """Plain values for files."""
        if self.prepared is None or self.table is None:
            return {"alternative": self.label, "refused": self.refused}
        from engine.plan.rows import row_values

        return {
            "alternative": self.label,
            "framework": self.prepared.framework.id,
            **row_values(self.prepared, self.scenario, self.table, 0),
            "quality": [one.values() for one in self.quality],
            "checkpoint": self.stored,
        }


def alternative(
    label: str, scenario: Scenario, should_stop: Callable[[], bool] | None = None
) -> Alternative | None:
    """The best plan of one way; None when ``should_stop`` said so. What cannot be planned says so
    in place of raising."""
    try:
        prepared = prepare(scenario)
        found = leaders(prepared, scenario, should_stop)
    except RooftopError as error:
        return Alternative(label, scenario, str(error))
    return None if found is None else of_sweep(label, prepared, scenario, found)


def of_sweep(label: str, prepared: Prepared, scenario: Scenario, found: Sweep) -> Alternative:
    """The best plan of a sweep that was made already."""
    row = found.best if found.best is not None else found.nearest
    if row is None:
        return Alternative(label, scenario, say("no layout was tried"))
    return _of_row(label, prepared, scenario, found.table, row)


def of_precisions(prepared: Prepared, scenario: Scenario, found: Sweep) -> list[Alternative]:
    """The best plan of every precision of a sweep, best first."""
    ranked = found.table.precision_index[found.order]
    _, firsts = np.unique(ranked, return_index=True)
    rows = (int(found.order[place]) for place in np.sort(firsts))
    return [
        _of_row(_label(found.table.precision(row)), prepared, scenario, found.table, row)
        for row in rows
    ]


def _of_row(
    label: str, prepared: Prepared, scenario: Scenario, table: Table, row: int
) -> Alternative:
    batch = np.array([int(table.batch[row])], dtype=np.int64)
    alone = batch_table(prepared, scenario, table.arrangement(row), table.precision(row), batch)
    return Alternative(label, scenario, "", prepared, alone)


def ranked(found: Iterable[Alternative]) -> list[Alternative]:
    """Best first: those that meet the objectives by what is wanted most (throughput, least cost
    or energy), then those that miss by how little, then those that do not fit, then those that
    cannot be planned."""

    def key(one: Alternative) -> tuple[int, float]:
        if one.table is None:
            return 3, 0.0
        if one.meets:
            return 0, -float(wanted(one.table, one.scenario)[0])
        return (1 if one.table.fits[0] else 2), float(one.table.excess[0])

    return sorted(found, key=key)


def precision_choices(scenario: Scenario) -> list[tuple[str, Scenario]]:
    """The checkpoint's own precision and those that the scenario names, or else the usual ones,
    each as a scenario of its own; what a chip has no units for is left out of the usual ones.
    Raises `InputError`."""
    own = replace(scenario, weights="", activations="", kv="", precisions=())
    prepared = prepare(own)
    found = {
        prepared.precisions[0]: (say("{label} own", label=_label(prepared.precisions[0])), own)
    }
    for text in scenario.precisions or _usual(prepared):
        changed = _with_precision(own, text)
        precision = prepare(changed).precisions[0]
        found.setdefault(precision, (_label(precision), changed))
    return list(found.values())


def _usual(prepared: Prepared) -> list[str]:
    """The usual precisions that chip and model have a use for."""
    left_out = set() if "fp4" in prepared.chip.peak_flops else {"NVFP4"}
    left_out |= set() if kind_of(prepared.kind).waits else {"KV8", "W4A8"}
    return [one for one in USUAL_PRECISIONS if one not in left_out]


def _label(precision: Precision) -> str:
    """``W8A8``, with the bits of the cache where they are fewer than usual, and the format where
    bits do not say it."""
    kv = f" KV{precision.kv.bits:g}" if precision.kv.bits < 16 else ""
    named = precision.weights.name
    format = f" {named}" if named in {"nvfp4", "mxfp4", "nf4", "mxfp8", "int8"} else ""
    return f"{precision.name}{kv}{format}"


def _with_precision(scenario: Scenario, text: str) -> Scenario:
    """A scenario in one precision; ``KV8`` alone is that of the cache."""
    cache = parse_cache(text)
    return with_precision(scenario, text) if cache is None else replace(scenario, kv=cache.name)


def hardware_choices(
    scenario: Scenario, chips: Sequence[str], engines: Sequence[str]
) -> list[tuple[str, Scenario]]:
    """Every chip with every engine, each as a scenario of its own; `ANY` stands for the engines
    that run on a chip. Raises `InputError`."""
    from engine.hardware.chip_profiles import load_chip

    found = []
    for chip in chips or (scenario.chip,):
        loaded = load_chip(chip)
        wanted = engines_on(scenario, chip) if ANY in engines else engines or (scenario.framework,)
        for engine in wanted:
            changed = replace(scenario, chip=loaded.id, framework=engine)
            found.append((f"{loaded.id} {engine}", changed))
    if not found:
        raise InputError(say("framework any: no engine is known to run on the chip"))
    return found


def engines_on(scenario: Scenario, chip: str) -> tuple[str, ...]:
    """The engines of today that run a scenario's model on a chip, without variants of each
    other."""
    from engine.hardware.framework_profiles import current_engines

    found = []
    for engine in current_engines():
        prepared = prepare(replace(scenario, chip=chip, framework=engine.id))
        stands_in = prepared.framework.id != engine.id
        tokens = kind_of(prepared.kind).waits
        if not stands_in and (is_known_on(engine, prepared.chip) if tokens else _is_timed(engine)):
            found.append(engine.id)
    return tuple(found)


def _is_timed(engine: Framework) -> bool:
    """Whether what an engine costs a forward model comes from measurements, or from a person."""
    runtime = engine.forward
    measured = runtime is not None and runtime.provenance is not Provenance.DATASHEET
    return measured or engine.origin != BUNDLED
