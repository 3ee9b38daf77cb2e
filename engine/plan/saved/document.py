"""What a plan says about its choice: metrics, reasons, names, provenance, launch command."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from engine import __version__
from engine.plan.answer import answer
from engine.plan.kinds import benchmark_names
from engine.plan.launch_lines import launch_of, launch_values
from engine.plan.lost import why_lost
from engine.plan.prepared import Prepared
from engine.plan.results import Sweep, Table
from engine.plan.rows import row_metrics
from engine.plan.saved.plan_file import (
    SCHEMA_VERSION,
    refuse_other_file,
    scenario_document,
    write_document,
)
from engine.plan.verification import verification
from engine.plan.why.explain import explain
from engine.plan.why.explanation import DraftGain, Explanation
from engine.scenario import Scenario
from engine.serve.memory.account import MemoryItem
from engine.words.messages import ENGLISH, retold, speaking
from engine.words.quantities import GIB


def save_plan(
    path: Path, prepared: Prepared, scenario: Scenario, sweep: Sweep, table: Table, row: int
) -> None:
    """Write the plan of ``table``'s ``row`` atomically; raises `InputError`.

    An older plan is replaced, another file never: a name typed wrong must not cost anyone a file.
    """
    refuse_other_file(path)
    write_document(path, plan_document(prepared, scenario, sweep, table, row))


@speaking(ENGLISH)
def plan_document(
    prepared: Prepared, scenario: Scenario, sweep: Sweep, table: Table, row: int
) -> dict[str, Any]:
    """The whole plan as TOML values."""
    arrangement, precision = table.arrangement(row), table.precision(row)
    batch = int(table.batch[row])
    explanation = explain(prepared, scenario, arrangement, precision, batch)
    accuracy = table.accuracy(row)
    document: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "rooftop_version": __version__,
        "answer": answer(prepared, scenario, sweep),
        "benchmarks": benchmark_names(prepared, scenario, precision, batch),
        "launch": launch_values(launch_of(prepared, scenario, arrangement, precision, batch)),
        "choice": {
            "batch": batch,
            "precision": precision.label,
            "mode": scenario.workload.mode.value,
            "meets_objectives": bool(table.meets[row]),
            "why_not": why_lost(table, row, scenario.objectives),
            "layout": arrangement.columns(),
            "metrics": row_metrics(table, row),
        },
        "scenario": scenario_document(scenario),
        "bottlenecks": _bottlenecks(explanation),
        "memory": _memory(explanation),
        "provenance": _provenance(prepared),
        "accuracy": {**accuracy.values(), "basis": accuracy.basis},
    }
    if explanation.drafting is not None:
        document["drafts"] = _drafts(explanation.drafting)
    verify = verification(prepared, scenario, arrangement, precision, batch)
    if verify:
        document["verify"] = verify
    runner_up = _runner_up(scenario, sweep, table, row)
    if runner_up:
        document["runner_up"] = runner_up
    return document


def _bottlenecks(explanation: Explanation) -> dict[str, Any]:
    totals = {one.phase: one.seconds for one in explanation.passes}
    shares = {}
    for one in explanation.passes:
        # Of a single pass there is nothing to tell its shares apart from.
        prefix = f"{one.phase}_" if len(explanation.passes) > 1 else ""
        shares[f"{prefix}mfu"] = round(one.mfu, 4)
        shares[f"{prefix}mbu"] = round(one.mbu, 4)
    return {
        **shares,
        "largest_batch": dict(explanation.largest_batch),
        "made_of": {
            metric: {one.name: float(f"{one.seconds * 1e3:.4g}") for one in parts}
            for metric, parts in explanation.parts.items()
        },
        "operators": [
            {
                "phase": row.phase,
                "name": row.name,
                "bound": row.bound,
                "time_ms": float(f"{row.seconds * 1e3:.4g}"),
                "share": round(row.seconds / totals[row.phase], 4) if totals[row.phase] else 0.0,
                "constants": row.provenance,
            }
            for row in explanation.operators
        ],
    }


def _drafts(found: DraftGain) -> dict[str, Any]:
    """What drafts, and the same candidate without."""
    figures = {
        "tpot_ms_without": found.tpot_ms_without,
        "throughput": found.throughput,
        "throughput_without": found.throughput_without,
    }
    known = {name: float(f"{one:.4g}") for name, one in figures.items() if not math.isnan(one)}
    return {"note": retold(found.note), **known}


def _memory(explanation: Explanation) -> dict[str, Any]:
    """What fills a chip, and what its server prints as it starts; of pools, the chip of the one
    that counts, then of both by their names."""
    whole: dict[str, Any] = _table(explanation.memory, explanation.capacity_bytes)
    for one in explanation.pool_memory:
        whole[one.pool] = _table(one.items, one.capacity_bytes)
    for server in explanation.startups:
        (whole[server.pool] if server.pool else whole)["start"] = server.startup.values()
    return whole


def _table(items: Iterable[MemoryItem], capacity_bytes: float) -> dict[str, Any]:
    named = {f"{item.name.replace(' ', '_')}_gib": item.bytes / GIB for item in items}
    named["capacity_gib"] = capacity_bytes / GIB
    return {name: round(value, 3) for name, value in named.items()}


def _provenance(prepared: Prepared) -> dict[str, Any]:
    chip, framework = prepared.chip, prepared.framework
    return {
        "chip": {
            "id": chip.id,
            "origin": chip.origin,
            "constants": str(chip.provenance),
            "sources": list(chip.sources),
        },
        "framework": {
            "id": framework.id,
            "origin": framework.origin,
            "constants": str(framework.provenance),
            "sources": list(framework.sources),
        },
        "model": {"name": prepared.model.name, "origin": prepared.model.origin},
    }


def _runner_up(scenario: Scenario, sweep: Sweep, table: Table, row: int) -> dict[str, Any]:
    """The best row of another arrangement or precision, and what it gives up."""
    other = sweep.runner_up
    if other is None:
        return {}
    throughput = sweep.table.throughput
    ours, theirs = table.value(row, throughput), sweep.table.value(other, throughput)
    return {
        "batch": int(sweep.table.batch[other]),
        "layout": sweep.table.arrangement(other).name,
        "precision": sweep.table.precision(other).label,
        "metrics": row_metrics(sweep.table, other),
        "why": f"{100 * (1 - float(theirs) / float(ours)):.1f} % less {throughput} than the choice",
    }
