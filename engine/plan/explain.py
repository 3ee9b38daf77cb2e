"""Why one candidate is as fast as it is: time and bound per operator, memory, limits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.hardware.roofline import Message, Work, kernel_bound, kernel_seconds, message_seconds
from engine.model.architecture import Architecture
from engine.model.precision import Precision
from engine.plan.prepared import Prepared
from engine.plan.results import Explanation, OperatorTime
from engine.plan.sweep import batch_limits, batch_table, step_tokens
from engine.scenario import Mode, Scenario
from engine.serve.load import tokens_per_step
from engine.serve.memory import memory_items
from engine.serve.passes import Deployment, pass_seconds
from engine.words.arrays import FloatArray
from engine.work.layout import Layout
from engine.work.tokens import (
    LayoutArrays,
    Step,
    decode_step,
    prefill_step,
    step_messages,
    step_work,
)


def explain(
    prepared: Prepared, scenario: Scenario, layout: Layout, precision: Precision, batch: int
) -> Explanation:
    """Break one candidate down. Prefill is of one prompt per attention rank, or of the whole
    batch where it is served so; decode of the whole batch at its mean context."""
    if not isinstance(prepared.model.architecture, Architecture):
        from engine.plan.forward_explain import explain_vision

        return explain_vision(prepared, scenario, precision, batch)
    index = prepared.precisions.index(precision)
    layouts = LayoutArrays.of([layout])
    workload = scenario.workload
    prompts = batch if workload.mode is Mode.STATIC else layout.attention_data
    operators = _operators(prepared, scenario, index, layouts, batch, prompts)
    decode_seconds = sum(row.seconds for row in operators if row.phase == "decode")
    context = float(workload.input_tokens + workload.output_tokens)
    usage = prepared.footprint(index, (layout,), context)
    sequences = np.ceil(np.array(float(batch)) / layout.attention_data)
    largest_pass = float(step_tokens(prepared, scenario, sequences))
    return Explanation(
        layout=layout,
        precision=precision,
        batch=batch,
        operators=tuple(operators),
        memory=memory_items(usage, layouts, batch, largest_pass),
        capacity_bytes=usage.capacity_bytes,
        prefill_mfu=_share_of_peak(operators, "prefill"),
        prefill_mbu=_share_of_bandwidth(prepared, operators, "prefill"),
        decode_mfu=_share_of_peak(operators, "decode"),
        decode_mbu=_share_of_bandwidth(prepared, operators, "decode"),
        largest_batch=_largest_batches(prepared, scenario, layout, precision),
        prompts=prompts,
        waiting_seconds=_waiting_seconds(
            prepared, scenario, layout, precision, batch, decode_seconds
        ),
        peaks=_peaks(prepared, operators),
        bandwidth_bytes=prepared.chip.bandwidth_bytes,
    )


def _operators(
    prepared: Prepared,
    scenario: Scenario,
    precision: int,
    layouts: LayoutArrays,
    batch: int,
    prompts: int,
) -> list[OperatorTime]:
    """Every class of operators in prefill of ``prompts`` and in a decode step of ``batch``."""
    deployment = Deployment(
        prepared.inventories[precision],
        prepared.chip,
        prepared.framework,
        layouts,
        scenario.load_imbalance,
    )
    workload = scenario.workload
    prefill = prefill_step(np.array([[float(prompts)]]), layouts, workload.input_tokens)
    decode = decode_step(
        np.array([[float(batch)]]),
        layouts,
        workload.input_tokens,
        workload.output_tokens,
        1.0 + scenario.draft_tokens,
    )
    return [*_phase(deployment, prefill, "prefill"), *_phase(deployment, decode, "decode")]


def _waiting_seconds(
    prepared: Prepared,
    scenario: Scenario,
    layout: Layout,
    precision: Precision,
    batch: int,
    decode_seconds: float,
) -> float:
    """What is left of TPOT beside the step itself and its drafting; 0 where it does not fit."""
    row = batch_table(prepared, scenario, layout, precision, np.array([batch]))
    tokens = tokens_per_step(scenario.draft_tokens, scenario.acceptance)
    between = float(row.metrics["tpot_ms"][0]) * 1e-3 * tokens
    drafting = decode_seconds * scenario.draft_tokens / max(prepared.architecture.layer_count, 1)
    return max(float(np.nan_to_num(between)) - decode_seconds - drafting, 0.0)


def _number(values: FloatArray | float) -> float:
    return float(np.max(values))


def _phase(deployment: Deployment, step: Step, phase: str) -> list[OperatorTime]:
    steps: Sequence[Step] = [step]
    chip = deployment.chip
    rows = [
        _kernel_row(deployment, work, phase)
        for work in step_work(deployment.inventory, deployment.layouts, steps, deployment.imbalance)
    ]
    for message in step_messages(deployment.inventory, deployment.layouts, steps, chip.node_size):
        if _number(message.times) > 0 and _number(message.ranks) > 1:
            rows.append(_message_row(deployment, message, phase))
    # What the engine adds around its kernels, waits for the host included.
    runtime = _number(pass_seconds(deployment, steps)) - sum(row.seconds for row in rows)
    if runtime > 0:
        provenance = str(deployment.framework.provenance)
        rows.append(
            OperatorTime(
                "runtime", "framework", phase, 1, runtime, 0.0, 0.0, 0.0, "launch", provenance
            )
        )
    return rows


def _kernel_row(deployment: Deployment, work: Work, phase: str) -> OperatorTime:
    calls = _number(work.calls)
    return OperatorTime(
        name=work.name,
        kernel=work.kernel,
        phase=phase,
        calls=round(calls),
        seconds=calls * _number(kernel_seconds(work, deployment.chip)),
        flops=calls * _number(work.flops),
        bytes=calls * _number(work.bytes),
        message_bytes=0.0,
        bound=kernel_bound(work, deployment.chip),
        provenance=str(work.constants.provenance),
        peak_flops=work.peak_flops,
    )


def _message_row(deployment: Deployment, message: Message, phase: str) -> OperatorTime:
    times = _number(message.times)
    chip = deployment.chip
    table = chip.all_to_all if message.kind == "all_to_all" else chip.all_reduce
    known = table.get(int(_number(message.ranks)))
    return OperatorTime(
        name=message.name,
        kernel=message.kind,
        phase=phase,
        calls=round(times),
        seconds=times
        * (_number(message_seconds(message, chip)) + deployment.framework.costs.collective_seconds),
        flops=0.0,
        bytes=0.0,
        message_bytes=times * _number(message.bytes),
        bound="link",
        provenance=str(known.provenance if known else chip.provenance),
    )


def _share_of_peak(rows: list[OperatorTime], phase: str) -> float:
    mine = [row for row in rows if row.phase == phase]
    seconds = sum(row.seconds for row in mine)
    ideal = sum(row.flops / row.peak_flops for row in mine if row.flops)
    return ideal / seconds if seconds else 0.0


def _peaks(prepared: Prepared, rows: list[OperatorTime]) -> dict[str, float]:
    """The rates that the operators compute at, by name, highest first."""
    used = {row.peak_flops for row in rows if row.flops}
    named = {rate: name for name, rate in list(prepared.chip.peak_flops.items())[::-1]}
    return {named.get(rate, "peak"): rate for rate in sorted(used, reverse=True)}


def _share_of_bandwidth(prepared: Prepared, rows: list[OperatorTime], phase: str) -> float:
    mine = [row for row in rows if row.phase == phase]
    seconds = sum(row.seconds for row in mine)
    moved = sum(row.bytes for row in mine)
    return moved / (seconds * prepared.chip.bandwidth_bytes) if seconds else 0.0


def _largest_batches(
    prepared: Prepared, scenario: Scenario, layout: Layout, precision: Precision
) -> dict[str, int]:
    index = prepared.precisions.index(precision)
    known = [row for row, one in enumerate(prepared.layouts) if one == layout]
    fitting = int(batch_limits(prepared, scenario, index)[known[0]]) if known else 0
    largest = {"memory": fitting}
    if fitting < 1:
        return largest
    table = batch_table(prepared, scenario, layout, precision, np.arange(1, fitting + 1))
    for metric in ("ttft_ms", "tpot_ms", "e2e_ms"):
        limit = getattr(scenario.objectives, metric)
        if limit is not None:
            passing = np.flatnonzero(table.metrics[metric] <= limit)
            largest[metric.removesuffix("_ms")] = (
                int(table.batch[passing[-1]]) if len(passing) else 0
            )
    return largest
