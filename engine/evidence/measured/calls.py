"""A published row as a question: the scenario, arrangement and size that it was a run of.

Whatever is known of how the run was launched is a setting that anybody can give by the same name;
what cannot be said as a setting is not used.
"""

from __future__ import annotations

import math

from engine.evidence.measured.eras import build_of, profile_of
from engine.evidence.measured.forward_calls import forward_call
from engine.evidence.measured.library import Library
from engine.evidence.measured.measurement import Measurement
from engine.evidence.measured.measurement import Pool as RowPool
from engine.evidence.measured.precisions import row_formats
from engine.hardware.framework import Framework
from engine.model.architecture import Architecture
from engine.scenario import (
    Client,
    ClientKind,
    FirstToken,
    Mode,
    Objectives,
    Scenario,
    Settings,
    Text,
    Workload,
)
from engine.serve.call import Call, Concurrency, Most, Rate, Size
from engine.words.errors import InputError
from engine.work.arrangement import Aggregated, Arrangement, Disaggregated, Pool
from engine.work.layout import Layout

WAVES = 10
"""Requests per slot of a closed-loop client (InferenceX: ten prompts per concurrent request)."""
RECIPE_MEMORY_FRACTION = 0.95
"""Recipes of serving benchmarks raise the share of memory as far as the engine starts
(InferenceX: gpu-memory-utilization and mem-fraction-static of 0.9 to 0.95)."""
DIFFERENT_PROMPTS = 100
"""GenAI-Perf and AIPerf send so many different prompts unless told otherwise, again and again
(default of ``--num-dataset-entries``). aiconfigurator's published runs on vLLM bear it out: were
all of their prompts new, some would reach nine tenths of the peak FLOP/s besides decoding.
inference-perf's shared prefixes are as many: ten groups of ten (the configurations that it wrote
beside inference-sim/training's runs; their profiles ask for turns by names that it did not read,
and prompts are of one length)."""
STAGE_SECONDS = 600.0
"""How long inference-perf holds a rate in those runs."""
NATURAL_SPREAD = 8.0
"""Of the answers in ShareGPT's conversations as benchmark clients draw them, in requests of at most
2048 tokens: the longest of a thousand is five means."""
EVEN_BURSTINESS = 100.0
"""Of a constant rate: requests come within a tenth of the time between them."""
RANDOM_SPREAD = 0.2 / 0.9
"""InferenceX draws lengths from 0.8 to 1.0 of the nominal one; taken for all whose lengths nobody
says to be equal."""


def call_of(row: Measurement, library: Library) -> Call:
    """The question that a row is the answer to; raises `InputError` where it does not say
    enough."""
    if row.problem:
        raise InputError(row.problem)
    if row.kind == "cv":
        return forward_call(row, library)
    lacking = _lacking(row)
    if lacking:
        raise InputError(lacking)
    profile = profile_of(row.run)
    chip, framework = library.chip(row.chip), library.framework(profile)
    model, architecture = library.language_model(row.model)
    words = row.weights, row.activations, row.kv
    formats = row_formats(*words, architecture, profile, model.precision)
    arrangement = _arrangement(row)
    scenario = Scenario(
        model=model.reference,
        chip=chip.id,
        chips=arrangement.chips,
        framework=profile,
        settings=_settings(row, framework, architecture),
        weights=formats.weights,
        activations=formats.activations,
        kv=formats.kv,
        workload=_workload(row, framework),
        objectives=Objectives(),
        draft=row.recipe.draft if row.draft_tokens else "",
        draft_tokens=row.draft_tokens,
    )
    return Call(scenario, arrangement, _size(row))


def _size(row: Measurement) -> Size:
    if not math.isnan(row.rate):
        return Rate(row.rate)
    if not math.isnan(row.batch):
        return Concurrency(row.batch)
    return Most() if math.isnan(row.burst) else Concurrency(row.burst)


def _lacking(row: Measurement) -> str:
    if math.isnan(row.input_tokens):
        return "isl is not given"
    if row.kind != "offline" and math.isnan(row.batch) and math.isnan(row.rate):
        return "concurrency_or_batch is not given"
    if row.cells.get("disagg", "").startswith("1") and row.prefill is None:
        return "disagg_pd is not understood"
    return ""


def _arrangement(row: Measurement) -> Arrangement:
    if row.prefill is not None and row.decode is not None:
        return Disaggregated(_pool(row.prefill), _pool(row.decode))
    return Aggregated(row_layout(row))


def _pool(pool: RowPool) -> Pool:
    tensor = pool.tensor // pool.attention_data
    layout = Layout(tensor, 1, min(pool.expert, pool.tensor), pool.attention_data)
    return Pool(layout, pool.workers)


def row_layout(row: Measurement) -> Layout:
    """The layout of an aggregated row: ``dp`` copies of the attention inside ``tp`` chips."""
    attention = row.attention_data
    tensor = row.tensor // attention if row.tensor % attention == 0 else row.tensor
    ranks = tensor * attention
    replicas = max(row.chips // (ranks * row.pipeline), 1)
    return Layout(tensor, row.pipeline, min(row.expert, ranks), attention, replicas)


def _lengths(row: Measurement) -> tuple[int, int]:
    """Mean lengths of prompts and answers in whole tokens; answers that nobody gave are of two."""
    answer = 2.0 if math.isnan(row.output_tokens) else row.output_tokens
    return max(round(row.input_tokens), 1), max(round(answer), 1)


def _workload(row: Measurement, framework: Framework) -> Workload:
    prompt, answer = _lengths(row)
    return Workload(
        input_tokens=prompt,
        output_tokens=answer,
        mode=Mode.STATIC if row.kind == "static" else Mode.CONTINUOUS,
        cached=cached_share(row, framework),
        rate=0.0 if math.isnan(row.rate) else row.rate,
        burstiness=EVEN_BURSTINESS if row.comes_evenly else 1.0,
        client=_client(row),
        text=Text.RANDOM if row.draft_tokens else Text.CHAT,
    )


def _client(row: Measurement) -> Client:
    burst = not math.isnan(row.burst)
    if not burst and (row.kind != "serving" or not row.opens_at_once):
        return Client()
    waves = 1 if burst else WAVES if math.isnan(row.waves) else max(round(row.waves), 1)
    return Client(
        ClientKind.CLOSED,
        waves,
        _spread(row),
        FirstToken.MEDIAN if row.ttft_is_median else FirstToken.MEAN,
    )


def _spread(row: Measurement) -> float:
    if row.equal_lengths:
        return 0.0
    return NATURAL_SPREAD if row.natural_lengths else RANDOM_SPREAD


def cached_share(row: Measurement, framework: Framework) -> float:
    """Share of the prompts that the engine finds in its cache: what the row says, else those sent
    again."""
    if not math.isnan(row.cached):
        return min(row.cached, 1.0)
    if not (row.repeats_prompts and framework.scheduler.prefix_caching):
        return 0.0
    requests = row.batch * WAVES if math.isnan(row.rate) else row.rate * STAGE_SECONDS
    if row.kind == "static" or row.prefill is not None or math.isnan(requests):
        return 0.0
    return max(1.0 - DIFFERENT_PROMPTS / requests, 0.0)


def _settings(row: Measurement, framework: Framework, architecture: Architecture) -> Settings:
    recipe, scheduler = row.recipe, framework.scheduler
    fraction = recipe.memory_fraction or None
    if row.kind == "serving" and fraction is None:
        fraction = max(framework.memory.memory_fraction, RECIPE_MEMORY_FRACTION)
    needed, own = sum(_lengths(row)), architecture.maximum_positions
    few = recipe.sequences < scheduler.max_sequences
    return Settings(
        memory_fraction=fraction,
        prefill_tokens=recipe.chunk_tokens or None,
        rank_wait=recipe.rank_wait,
        batch_wait=recipe.batch_wait,
        reduce_format=recipe.reduce_format,
        max_sequences=int(recipe.sequences) if few else None,
        # Who ran longer requests than the model is made for had told the engine so.
        max_context=needed if own and needed - 1 > own else None,
        graphs=False if row.eager else None,
        build=build_of(row.run, framework),
    )
