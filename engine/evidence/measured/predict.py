"""Predict measured rows: grouped by what they share, each group as one evaluation of arrays.

Rows of one model, chip, framework and precision differ only in layout, lengths and batch; all
of these are arrays of the physics, one row of measurements being one row of the array.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from engine.evidence.measured.dates import months_before_newest
from engine.evidence.measured.eras import profile_of
from engine.evidence.measured.models import row_architecture, stored_precision
from engine.evidence.measured.precisions import row_precision
from engine.evidence.measured.reader import Measurement, Pool
from engine.hardware.chip import Chip
from engine.hardware.chip_profiles import load_chip
from engine.hardware.framework import Framework
from engine.hardware.framework_parts import Admission, MemoryShare
from engine.hardware.framework_profiles import load_framework
from engine.model.architecture import Architecture
from engine.model.precision import Precision
from engine.scenario import Mode
from engine.serve.disaggregation import Disaggregated, serve_disaggregated
from engine.serve.load import Arrivals, Service, Traffic
from engine.serve.memory import footprint, largest_batch
from engine.serve.passes import Deployment
from engine.serve.serving import serve_traffic
from engine.words.arrays import FloatArray
from engine.words.errors import InputError
from engine.work.layout import Layout
from engine.work.tokens import LayoutArrays, take_inventory

METRICS = ("ttft_ms", "tpot_ms", "e2el_ms", "output_tps_per_chip", "samples_per_s", "latency_ms")
WAVES = 10
"""Requests per slot of a closed-loop client (InferenceX: ten prompts per concurrent request)."""
RECIPE_MEMORY_FRACTION = 0.95
"""Recipes of serving benchmarks raise the share of memory as far as the engine starts
(InferenceX: gpu-memory-utilization and mem-fraction-static of 0.9 to 0.95)."""
DIFFERENT_PROMPTS = 100
"""GenAI-Perf and AIPerf send so many different prompts unless told otherwise, again and again
(default of ``--num-dataset-entries``). aiconfigurator's published runs on vLLM bear it out: were
all of their prompts new, some would reach nine tenths of the peak FLOP/s besides decoding."""
RANDOM_SPREAD = 0.2 / 0.9
"""InferenceX draws lengths from 0.8 to 1.0 of the nominal one; taken for all whose lengths nobody
says to be equal."""


@dataclass(frozen=True, slots=True)
class Predictions:
    """One value per row and metric, NaN where not predicted, and why rows were refused."""

    values: dict[str, FloatArray]
    refused: list[str]


@dataclass(frozen=True, slots=True)
class Subject:
    """What the rows of one group share."""

    architecture: Architecture
    chip: Chip
    framework: Framework
    precision: Precision

    def deployment(self, layouts: Sequence[Layout]) -> Deployment:
        """The group's model on ``layouts``, one per row."""
        inventory = take_inventory(self.architecture, self.precision, self.chip, self.framework)
        return Deployment(inventory, self.chip, self.framework, LayoutArrays.build(layouts))


def predict(
    rows: Sequence[Measurement],
    configs: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
    change: Callable[[Subject], Subject] | None = None,
) -> Predictions:
    """Predict every row; ``progress`` is told rows done and rows in all.

    ``change`` replaces what the rows of a group share: predictions as they would be with other
    constants.
    """
    values = {metric: np.full(len(rows), np.nan) for metric in METRICS}
    refused = [""] * len(rows)
    groups: dict[tuple[str, ...], list[int]] = {}
    for index, row in enumerate(rows):
        refused[index] = row.problem
        if not row.problem:
            groups.setdefault(group_key(row), []).append(index)
    done = sum(1 for reason in refused if reason)
    for places in groups.values():
        _predict_group(rows, places, configs, values, refused, change)
        done += len(places)
        if progress is not None:
            progress(done, len(rows))
    return Predictions(values, refused)


def group_key(row: Measurement) -> tuple[str, ...]:
    if row.kind == "cv":
        return ("cv", row.id)
    mode = "disaggregated" if row.prefill else row.kind
    profile = _profile(row)
    launched = (row.kv, str(row.recipe.chunk_tokens), str(row.recipe.memory_fraction))
    return (mode, row.model, row.chip, profile, row.weights, row.activations, *launched)


def _predict_group(
    rows: Sequence[Measurement],
    places: list[int],
    configs: Path | None,
    values: dict[str, FloatArray],
    refused: list[str],
    change: Callable[[Subject], Subject] | None,
) -> None:
    chosen = [rows[place] for place in places]
    try:
        if chosen[0].kind == "cv":
            found = _predict_vision(chosen[0], configs)
        else:
            usable = usable_rows(chosen, places, refused)
            places = [place for place, _ in usable]
            chosen = [row for _, row in usable]
            if not chosen:
                return
            subject = subject_of(chosen[0], configs)
            found = predict_language(change(subject) if change else subject, chosen)
    except InputError as error:
        for place in places:
            refused[place] = str(error)
        return
    for metric, column in found.items():
        values[metric][places] = column
    for place in places:
        if all(np.isnan(values[metric][place]) for metric in METRICS):
            refused[place] = "does not fit in memory"


def usable_rows(
    chosen: list[Measurement], places: list[int], refused: list[str]
) -> list[tuple[int, Measurement]]:
    """Rows that say enough; the others are refused with the column they lack."""
    usable = []
    for place, row in zip(places, chosen, strict=True):
        reason = _lacking(row)
        if reason:
            refused[place] = reason
        else:
            usable.append((place, row))
    return usable


def _lacking(row: Measurement) -> str:
    if np.isnan(row.input_tokens):
        return "isl is not given"
    if row.kind != "offline" and np.isnan(row.batch):
        return "concurrency_or_batch is not given"
    if row.cells.get("disagg", "").startswith("1") and row.prefill is None:
        return "disagg_pd is not understood"
    return ""


def _predict_vision(row: Measurement, configs: Path | None) -> dict[str, FloatArray]:
    try:
        from engine.evidence.measured.forward import predict_row
    except ModuleNotFoundError:
        raise InputError("vision models are not available") from None
    found: dict[str, float] = predict_row(
        {**row.cells, "chip": row.chip, "framework": row.framework}, configs
    )
    return {name: np.array([value]) for name, value in found.items() if name in METRICS}


def subject_of(row: Measurement, configs: Path | None) -> Subject:
    """Model, chip, framework and precision of a row; raises `InputError`."""
    architecture = row_architecture(row.model, configs)
    profile = _profile(row)
    framework = load_framework(profile)
    if row.recipe.chunk_tokens:
        framework = framework.changed(prefill_tokens=row.recipe.chunk_tokens)
    stored = stored_precision(row.model, configs)
    precision = row_precision(row.weights, row.activations, row.kv, architecture, profile, stored)
    return Subject(architecture, load_chip(row.chip), framework, precision)


def _profile(row: Measurement) -> str:
    return profile_of(row.run)


def row_layout(row: Measurement) -> Layout:
    """The layout of an aggregated row: ``dp`` copies of the attention inside ``tp`` chips."""
    attention = row.attention_data
    tensor = row.tensor // attention if row.tensor % attention == 0 else row.tensor
    ranks = tensor * attention
    replicas = max(row.chips // (ranks * row.pipeline), 1)
    return Layout(tensor, row.pipeline, min(row.expert, ranks), attention, replicas)


def _worker(pool: Pool) -> Layout:
    tensor = pool.tensor // pool.attention_data
    return Layout(tensor, 1, min(pool.expert, pool.tensor), pool.attention_data)


def _column(values: Sequence[float]) -> FloatArray:
    return np.array(values, dtype=float)[:, np.newaxis]


def predict_language(subject: Subject, rows: Sequence[Measurement]) -> dict[str, FloatArray]:
    subject = _as_built(subject, rows)
    if rows[0].prefill is not None:
        return _predict_disaggregated(subject, rows)
    deployment = subject.deployment([row_layout(row) for row in rows])
    kind = rows[0].kind
    traffic = _traffic(rows, cached_share(subject.framework, rows))
    limit = _largest(subject, deployment, rows)
    if kind == "offline":
        wanted = _column([np.inf if np.isnan(row.batch) else row.batch for row in rows])
        per_replica = np.minimum(limit, wanted / deployment.layouts.replicas)
    else:
        per_replica = _column([row.batch for row in rows]) / deployment.layouts.replicas
        per_replica = np.maximum(per_replica, 1.0)
        # Somebody ran it, so it fits; where our memory account disagrees, nothing queues.
        traffic = replace(traffic, limit=np.where(limit >= 1.0, limit, per_replica))
    served = np.maximum(per_replica, 1.0)
    service = serve_traffic(deployment, traffic, served)
    found = _metrics(service, traffic, served / deployment.layouts.chips_per_replica)
    if kind != "offline":
        return found
    fits = (limit >= 1.0)[:, 0]
    return {name: np.where(fits, column, np.nan) for name, column in found.items()}


def _as_built(subject: Subject, rows: Sequence[Measurement]) -> Subject:
    """The subject with its framework at the pace of the builds that the rows ran on; builds
    older than any observed are taken for the oldest of those."""
    framework, generation = subject.framework, subject.chip.generation
    quickening = framework.builds.quickening.get(generation, 0.0)
    if not quickening:
        return subject
    months = _column([months_before_newest(row.day) if row.day else 0.0 for row in rows])
    oldest = framework.builds.observed_months.get(generation, np.inf)
    pace = np.exp(quickening * np.minimum(months, oldest))
    return replace(subject, framework=replace(framework, pace=pace))


def _traffic(rows: Sequence[Measurement], cached: float | FloatArray = 0.0) -> Traffic:
    """What the rows' client sent, ``cached`` of it prompts that the engine finds again."""
    arrivals = Arrivals(
        waves=WAVES,
        opening=_column([float(row.opens_at_once) for row in rows]),
        spread=_column([0.0 if row.equal_lengths else RANDOM_SPREAD for row in rows]),
        median=_column([1.0 if row.ttft_is_median else 0.0 for row in rows]),
    )
    return Traffic(
        _column([row.input_tokens for row in rows]),
        np.nan_to_num(_column([row.output_tokens for row in rows]), nan=2.0),
        Mode.STATIC if rows[0].kind == "static" else Mode.CONTINUOUS,
        arrivals=arrivals if rows[0].kind == "serving" else None,
        cached=cached,
    )


def cached_share(framework: Framework, rows: Sequence[Measurement]) -> FloatArray:
    """Share of the prompts that the engine finds in its cache, a column: those sent again."""
    sent = _column([row.batch for row in rows]) * WAVES
    again = np.maximum(1.0 - DIFFERENT_PROMPTS / sent, 0.0)
    repeats = _column([float(row.repeats_prompts) for row in rows])
    return (
        np.nan_to_num(again * repeats)
        if framework.scheduler.prefix_caching
        else np.zeros_like(sent)
    )


def _metrics(
    service: Service, traffic: Traffic, batch_per_chip: FloatArray
) -> dict[str, FloatArray]:
    answers = np.asarray(traffic.output_tokens, dtype=float)
    shape = service.tpot_seconds.shape
    tps = batch_per_chip * answers / service.e2e_seconds
    columns = {
        "ttft_ms": service.ttft_seconds * 1e3,
        "tpot_ms": service.tpot_seconds * 1e3,
        "e2el_ms": service.e2e_seconds * 1e3,
        "output_tps_per_chip": tps,
    }
    return {name: np.broadcast_to(column, shape)[:, 0] for name, column in columns.items()}


def _largest(subject: Subject, deployment: Deployment, rows: Sequence[Measurement]) -> FloatArray:
    """The batch per replica that an engine admits: what memory holds, at most what the
    scheduler allows."""
    framework, layouts = subject.framework, deployment.layouts
    given = rows[0].recipe.memory_fraction
    share = given or framework.memory.memory_fraction
    if rows[0].kind == "serving":
        tuned = given or max(share, RECIPE_MEMORY_FRACTION)
        framework = framework.changed(memory_fraction=tuned)
    prompts = _column([row.input_tokens for row in rows])
    answers = np.nan_to_num(_column([row.output_tokens for row in rows]))
    # Requests in flight are halfway through their answers, on average.
    held = answers if framework.scheduler.admission is Admission.WHOLE_ANSWER else 0.5 * answers
    usage = footprint(
        subject.architecture,
        subject.precision,
        subject.chip,
        framework,
        layouts,
        prompts + held,
    )
    capacity = np.asarray(usage.capacity_bytes)
    if framework.memory.share_of is MemoryShare.LEFT:
        used = usage.weight_bytes + usage.communication_bytes + usage.reserve_bytes
        total = float(subject.chip.memory_bytes)
        capacity = total - (1.0 - share) * (total - used)
    fitting = largest_batch(usage, layouts, framework.scheduler.prefill_tokens, prompts, capacity)
    taken = _column([row.recipe.sequences for row in rows])
    allowed: FloatArray = (
        np.minimum(taken, framework.scheduler.max_sequences) * layouts.attention_data
    )
    return np.minimum(fitting, allowed)


def _predict_disaggregated(subject: Subject, rows: Sequence[Measurement]) -> dict[str, FloatArray]:
    prefills = [row.prefill for row in rows if row.prefill]
    decodes = [row.decode for row in rows if row.decode]
    prefill = subject.deployment([_worker(pool) for pool in prefills])
    decode = subject.deployment([_worker(pool) for pool in decodes])
    traffic = _traffic(rows)
    pools = Disaggregated(
        prefill,
        _column([pool.workers for pool in prefills]),
        decode,
        _column([pool.workers for pool in decodes]),
        _transfer_seconds(subject, prefill.layouts, rows),
    )
    concurrency = _column([row.batch for row in rows])
    # Somebody ran it, so it fits; where our memory account disagrees, nothing is bounded.
    limit = _largest(subject, decode, rows)
    limit = np.where(limit >= 1.0, limit, np.inf)
    service = serve_disaggregated(pools, traffic, concurrency, limit)
    chips = _column([p.chips + d.chips for p, d in zip(prefills, decodes, strict=True)])
    return _metrics(service, traffic, concurrency / chips)


def _transfer_seconds(
    subject: Subject, layouts: LayoutArrays, rows: Sequence[Measurement]
) -> FloatArray:
    """Each chip of the prefill worker sends its share of the prompt's cache."""
    chip = subject.chip
    per_token = (
        footprint(
            subject.architecture, subject.precision, chip, subject.framework, layouts, 4096.0
        ).cache_bytes_per_sequence
        / 4096.0
    )
    link = chip.scale_up if chip.node_size > 16 else chip.scale_out
    moved = per_token * _column([row.input_tokens for row in rows])
    return link.alpha_seconds + moved / (link.bandwidth_bytes * link.achieved)
