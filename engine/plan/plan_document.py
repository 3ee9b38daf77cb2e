"""What a plan says about its choice: metrics, reasons, names, provenance, launch command."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine import __version__
from engine.model.architecture import Architecture
from engine.model.config import hub_reference
from engine.model.precision import Precision
from engine.plan.answer import answer, capacity_gib, why_lost
from engine.plan.benchmark import FpsName, FtlName, TpsName, fps_model, model_and_size
from engine.plan.explain import explain
from engine.plan.plan_file import (
    SCHEMA_VERSION,
    refuse_other_file,
    scenario_document,
    write_document,
)
from engine.plan.prepared import Prepared
from engine.plan.ranges import accuracy_of
from engine.plan.results import Explanation, Sweep, Table
from engine.scenario import Scenario
from engine.words.quantities import GIB
from engine.work.layout import Layout


def save_plan(
    path: Path, prepared: Prepared, scenario: Scenario, sweep: Sweep, table: Table, row: int
) -> None:
    """Write the plan of ``table``'s ``row`` atomically; raises `InputError`.

    An older plan is replaced, another file never: a name typed wrong must not cost anyone a file.
    """
    refuse_other_file(path)
    write_document(path, plan_document(prepared, scenario, sweep, table, row))


def plan_document(
    prepared: Prepared, scenario: Scenario, sweep: Sweep, table: Table, row: int
) -> dict[str, Any]:
    """The whole plan as TOML values."""
    layout, precision = table.layout(row), table.precision(row)
    batch = int(table.batch[row])
    explanation = explain(prepared, scenario, layout, precision, batch)
    place = prepared.precisions.index(precision)
    accuracy = accuracy_of(prepared, scenario.workload.mode, place)
    document: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "rooftop_version": __version__,
        "answer": answer(prepared, scenario, sweep),
        "benchmarks": benchmark_names(prepared, scenario, precision, batch),
        "launch": launch_command(prepared, scenario, layout, precision, batch),
        "choice": {
            "batch": batch,
            "precision": precision.label,
            "mode": scenario.workload.mode.value,
            "meets_objectives": bool(table.meets[row]),
            "why_not": why_lost(table, row, scenario.objectives, capacity_gib(prepared)),
            "layout": _layout(layout),
            "metrics": row_metrics(table, row),
        },
        "scenario": scenario_document(scenario),
        "bottlenecks": _bottlenecks(explanation),
        "memory": _memory(explanation),
        "provenance": _provenance(prepared),
        "accuracy": {**accuracy.values(), "basis": accuracy.basis},
    }
    runner_up = _runner_up(scenario, sweep, table, row)
    if runner_up:
        document["runner_up"] = runner_up
    return document


def row_metrics(table: Table, row: int) -> dict[str, float]:
    """The metrics of a row, rounded to six digits; absent where the row does not fit."""
    values = {name: float(column[row]) for name, column in table.metrics.items()}
    return {name: float(f"{value:.6g}") for name, value in values.items() if value == value}


def _layout(layout: Layout) -> dict[str, int]:
    return {
        "tensor": layout.tensor,
        "pipeline": layout.pipeline,
        "expert": layout.expert,
        "attention_data": layout.attention_data,
        "replicas": layout.replicas,
    }


def benchmark_names(
    prepared: Prepared, scenario: Scenario, precision: Precision, batch: int
) -> list[str]:
    """The benchmark names that a candidate stands for."""
    weights, activations = round(precision.weights.bits), round(precision.activations.bits)
    if not isinstance(prepared.model.architecture, Architecture):
        vision = prepared.vision
        name = FpsName(
            1,
            fps_model(prepared.model.name, vision.version),
            vision.version or "V1",
            vision.width,
            vision.height,
            weights,
            activations,
            batch,
        )
        return [str(name)]
    model, size = model_and_size(prepared.model.name, prepared.architecture.total_parameters)
    inputs, outputs = scenario.workload.input_tokens, scenario.workload.output_tokens
    tps = TpsName(1, model, size, inputs, outputs, weights, activations, batch)
    ftl = FtlName(1, model, size, inputs, weights, activations, batch)
    return [str(tps), str(ftl)]


def launch_command(
    prepared: Prepared, scenario: Scenario, layout: Layout, precision: Precision, batch: int
) -> str:
    """The framework's command line for one replica, to be read before it is run."""
    if not isinstance(prepared.model.architecture, Architecture):
        return _vision_launch(prepared, scenario, batch)
    model, note = _named(prepared, scenario)
    sequences = -(-batch // layout.attention_data)
    fields = {
        "model": model,
        "tensor": layout.tensor,
        "pipeline": layout.pipeline,
        "expert": layout.expert,
        "attention_data": layout.attention_data,
        "ranks": layout.ranks,
        "chips": layout.chips_per_replica,
        "replicas": layout.replicas,
        "batch": batch,
        "sequences": sequences,
        "context": scenario.workload.input_tokens + scenario.workload.output_tokens,
        "kv_dtype": "fp8" if precision.kv.bits <= 8 else "auto",
        "expert_flag": "--enable-expert-parallel " if layout.expert > 1 else "",
        "attention_data_flag": "--enable-dp-attention " if layout.attention_data > 1 else "",
    }
    return _filled(prepared.framework.launch, fields) + note


def _named(prepared: Prepared, scenario: Scenario) -> tuple[str, str]:
    """The checkpoint as a shell word, and a comment with its revision: every engine has an option
    of its own for that."""
    reference = hub_reference(scenario.model, scenario.revision)
    revision = reference.revision if reference is not None else ""
    note = f"  # revision {shlex.quote(revision)}" if revision else ""
    return shlex.quote(prepared.model.repository or scenario.model), note


def _vision_launch(prepared: Prepared, scenario: Scenario, batch: int) -> str:
    runtime, vision = prepared.framework.forward, prepared.vision
    model, note = _named(prepared, scenario)
    fields = {
        "model": model,
        "batch": batch,
        "width": vision.width,
        "height": vision.height,
        "instances": scenario.instances,
    }
    return _filled(runtime.launch if runtime is not None else "", fields) + note


def _filled(command: str, fields: Mapping[str, object]) -> str:
    for name, value in fields.items():
        command = command.replace("{" + name + "}", str(value))
    return command


def _bottlenecks(explanation: Explanation) -> dict[str, Any]:
    totals = {"prefill": 0.0, "decode": 0.0}
    for row in explanation.operators:
        totals[row.phase] = totals.get(row.phase, 0.0) + row.seconds
    shares = {
        "prefill_mfu": explanation.prefill_mfu,
        "prefill_mbu": explanation.prefill_mbu,
        "decode_mfu": explanation.decode_mfu,
        "decode_mbu": explanation.decode_mbu,
    }
    if "batch" in totals:
        shares = {"mfu": explanation.decode_mfu, "mbu": explanation.decode_mbu}
    return {
        **{name: round(value, 4) for name, value in shares.items()},
        "largest_batch": dict(explanation.largest_batch),
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


def _memory(explanation: Explanation) -> dict[str, float]:
    items = {f"{item.name.replace(' ', '_')}_gib": item.bytes / GIB for item in explanation.memory}
    items["capacity_gib"] = explanation.capacity_bytes / GIB
    return {name: round(value, 3) for name, value in items.items()}


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
    """The best row of another layout or precision, and what it gives up."""
    other = sweep.runner_up
    if other is None:
        return {}
    throughput = sweep.table.throughput
    ours, theirs = table.metrics[throughput][row], sweep.table.metrics[throughput][other]
    return {
        "batch": int(sweep.table.batch[other]),
        "layout": sweep.table.layout(other).name,
        "precision": sweep.table.precision(other).label,
        "metrics": row_metrics(sweep.table, other),
        "why": f"{100 * (1 - float(theirs) / float(ours)):.1f} % less {throughput} than the choice",
    }
