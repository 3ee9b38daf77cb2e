"""A published deployment as questions: of each pool alone, and of both together.

A saturated prefill pool is passes full of prompts, a saturated decode pool a static batch of the
published size; where a row says a limit of TPOT instead, the largest batch that keeps it. Rows that
give figures of the whole are asked as two pools under so many requests in flight. Whatever is known
of how it ran is a setting that anybody can give by the same name.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from typing import Any

from engine.evidence.measured.calls import RECIPE_MEMORY_FRACTION
from engine.evidence.measured.library import Library
from engine.evidence.measured.pool_rows import PoolRow, PoolSide
from engine.evidence.measured.precisions import PLAIN, Formats, row_formats
from engine.hardware.chip import Chip
from engine.hardware.chip_profiles import load_chip
from engine.hardware.routing import balanced_excess
from engine.model.architecture import Architecture
from engine.model.precision import Precision
from engine.scenario import Mode, Objectives, Scenario, Settings, Workload
from engine.serve.call import Batch, Call, Concurrency, Most, Size
from engine.serve.requests import even_acceptance
from engine.sources.profile_files import read_toml
from engine.words.errors import InputError
from engine.work.arrangement import Aggregated, Disaggregated, Pool
from engine.work.layout import Layout
from profiles import ROOT

MODELS = re.compile(r"\s*/\s*|\s*\(")
"""Between the models of a cell like ``DeepSeek-V3/R1``."""
DRAFTS = re.compile(r"(\d+)\s*drafts?")
ACCEPTED = re.compile(r"acceptance\s*(0?\.\d+)|(\d+(?:\.\d+)?)\s*tok/step")


class Part(StrEnum):
    """What of a row a call answers."""

    PREFILL = "prefill"
    DECODE = "decode"
    WHOLE = "whole"


@dataclass(frozen=True, slots=True)
class Question:
    """One call of a row. ``devices`` are those that one published chip counts for; with a
    ``limit_ms`` the largest batch that keeps TPOT below it is meant, not the call's."""

    part: Part
    call: Call
    devices: int
    limit_ms: float = math.nan


@cache
def _file() -> dict[str, Any]:
    return read_toml(ROOT / "accuracy" / "pools.toml")


def questions_of(row: PoolRow, library: Library) -> tuple[Question, ...]:
    """What a row asks; raises `InputError` where it does not say enough."""
    if row.problem:
        raise InputError(row.problem)
    if "open loop" in row.status and math.isnan(row.concurrency):
        raise InputError("requests come at a rate that is not given")
    published = {metric for metric, value in row.measured.items() if not math.isnan(value)}
    if not published:
        raise InputError("no figure of a pool or of the whole is given")
    if not row.prefill.told and not row.decode.told:
        raise InputError("neither pool's layout or size is given")
    asked = []
    rates = {"prefill_tok_s_per_P_gpu", "decode_tok_s_per_D_gpu"} & published
    if row.prefill.told and "prefill_tok_s_per_P_gpu" in published:
        asked.append(_prefill(row, library))
    if row.decode.told and ("decode_tok_s_per_D_gpu" in published or not row.prefill.told):
        asked.append(_decode(row, library))
    if not asked or (not rates and row.prefill.told):
        asked = [_whole(row, library)]
    elif "output_tok_s_per_gpu_all" in published and row.prefill.told and row.decode.told:
        asked.append(_whole(row, library))
    return tuple(asked)


def engine_of(row: PoolRow) -> str:
    """The profile's id for a row's words."""
    for rule in _file()["engine"]:
        if re.search(rule["pattern"], row.framework, re.IGNORECASE):
            found: str = rule["framework"]
            return found
    return "generic"


def _chip(row: PoolRow) -> tuple[str, int]:
    """The chip as engines count it, and how many of them one published chip is."""
    device = _file()["devices"].get(row.chip)
    return (device, load_chip(row.chip).devices) if device else (row.chip, 1)


def _prefill(row: PoolRow, library: Library) -> Question:
    chip, devices = _chip(row)
    layout = _pool(row.prefill, devices, _prompt_ranks()).layout
    scenario = _scenario(row, library, chip, layout.chips_per_replica, row.prefill)
    scenario = _balanced(row, scenario, balanced_excess().prompts)
    prompt = scenario.workload.input_tokens
    budget = row.tokens
    if math.isnan(budget):
        framework = library.framework(scenario.framework)
        budget = framework.scheduler.prefill_tokens
    sequences = max(math.floor(budget / prompt), 1) * layout.attention_data
    workload = Workload(input_tokens=prompt, output_tokens=1, mode=Mode.STATIC)
    asked = replace(scenario, workload=workload)
    return Question(Part.PREFILL, Call(asked, Aggregated(layout), Batch(sequences)), devices)


def _decode(row: PoolRow, library: Library) -> Question:
    chip, devices = _chip(row)
    layout = _pool(row.decode, devices).layout
    scenario = _scenario(row, library, chip, layout.chips_per_replica, row.decode)
    scenario = _balanced(row, scenario, balanced_excess().decode)
    workload = scenario.workload if row.mixed else replace(scenario.workload, mode=Mode.STATIC)
    asked = replace(scenario, workload=workload)
    size: Size = Most()
    limit = math.nan
    if not math.isnan(row.batch):
        size = Batch(row.batch / devices * layout.chips_per_replica)
    elif not math.isnan(row.concurrency):
        size = Concurrency(row.concurrency)
    else:
        limit = row.measured["tpot_ms"]
    return Question(Part.DECODE, Call(asked, Aggregated(layout), size), devices, limit)


def _whole(row: PoolRow, library: Library) -> Question:
    """Both pools; a row of one pool alone is replicas of one layout."""
    if not row.prefill.told or not row.decode.told:
        return _decode(row, library)
    chip, devices = _chip(row)
    pools = _pool(row.prefill, devices, _prompt_ranks()), _pool(row.decode, devices)
    arrangement = Disaggregated(*pools)
    scenario = _scenario(row, library, chip, arrangement.chips, row.decode)
    if math.isnan(row.concurrency):
        call = Call(scenario, arrangement, Most())
        return Question(Part.WHOLE, call, devices, row.measured["tpot_ms"])
    return Question(Part.WHOLE, Call(scenario, arrangement, Concurrency(row.concurrency)), devices)


def _prompt_ranks() -> int:
    """Ranks that share a prompt's attention in a prefill worker whose degrees nobody gives."""
    ranks: int = _file()["unsaid"]["prompt_ranks"]
    return ranks


def _pool(side: PoolSide, devices: int, widest: int = 1) -> Pool:
    """The workers of a pool. Where nothing but chips is published, the experts of a worker are
    spread over all of them, and its attention over up to ``widest``: each of a decode worker has
    that of its own requests, prompts are shared out."""
    ranks = max(side.expert, side.tensor * max(side.attention_data, 1))
    chips = side.gpus * devices
    if not ranks:
        workers = max(side.workers, 1)
        ranks = max(chips // workers, 1)
        tensor = math.gcd(ranks, widest)
        return Pool(Layout(tensor, 1, ranks, ranks // tensor), workers)
    tensor = side.tensor or 1
    data = side.attention_data or (max(side.expert // tensor, 1) if tensor == 1 else 1)
    if chips and tensor * data > chips and tensor % data == 0:
        # TP as SGLang counts it: of all ranks, attention-DP included.
        tensor //= data
    expert = side.expert or (tensor * data if data > 1 else 1)
    layout = Layout(tensor, side.pipeline or 1, min(expert, tensor * data), data)
    return Pool(layout, max(chips // layout.chips_per_replica, 1))


def _scenario(row: PoolRow, library: Library, chip: str, chips: int, side: PoolSide) -> Scenario:
    profile = engine_of(row)
    model, architecture = library.language_model(_model(row, library))
    stored = model.precision
    formats = _formats(row, library.chip(chip), architecture, profile, stored)
    framework = library.framework(profile)
    drafts, acceptance = _drafts(row)
    unsaid = _file()["unsaid"]
    prompt = unsaid["input_tokens"] if math.isnan(row.input_tokens) else row.input_tokens
    if math.isnan(row.output_tokens):
        answer = 2 if row.lengths_told else unsaid["output_tokens"]
    else:
        answer = row.output_tokens
    return Scenario(
        model=model.reference,
        chip=chip,
        chips=chips,
        framework=profile,
        settings=Settings(
            memory_fraction=max(framework.memory.memory_fraction, RECIPE_MEMORY_FRACTION),
            redundant_experts=side.redundant or None,
            batch_overlap=side.overlapped or None,
            build=_build(row, profile),
        ),
        weights=formats.weights,
        activations=formats.activations,
        kv=formats.kv,
        workload=Workload(
            input_tokens=max(round(prompt), 1),
            output_tokens=max(round(answer), 1),
            cached=row.cached,
        ),
        objectives=Objectives(),
        draft_tokens=drafts,
        acceptance=acceptance,
    )


def _build(row: PoolRow, engine: str) -> str:
    """The engine's build: what its source tells, else the day of publication."""
    for rule in _file()["build"]:
        told = re.search(rule["pattern"], row.source, re.IGNORECASE)
        if told and rule["framework"] == engine:
            build: str = rule["build"]
            return build
    return row.day


def _balanced(row: PoolRow, scenario: Scenario, usual: float) -> Scenario:
    """The scenario of a row whose ranks had equally many tokens, where the busiest has ``usual``
    more otherwise."""
    return replace(scenario, load_imbalance=1.0 / (1.0 + usual)) if row.balanced else scenario


def _formats(
    row: PoolRow, chip: Chip, architecture: Architecture, engine: str, stored: Precision
) -> Formats:
    """What a precision's words mean: eight bits are FP8 where the chip multiplies it, else INT8;
    W4A8 are routed experts of four bits; FP8 where nothing is said."""
    written = row.weights.split("/")[0].strip().lower()
    eight = "fp8" if "fp8" in chip.peak_flops else "int8"
    if written.startswith("w4a8"):
        return Formats(f"int4/{eight}", eight, PLAIN)
    words = re.sub(r"^w8a8(c16)?$", eight, written) or "fp8"
    return row_formats(words, words, "", architecture, engine, stored)


def _model(row: PoolRow, library: Library) -> str:
    """The first of a cell's models that is known."""
    first = MODELS.split(row.model)[0]
    for name in (row.model, first):
        try:
            library.reference(name)
        except InputError:
            continue
        return name
    return first


def _drafts(row: PoolRow) -> tuple[int, float | None]:
    """Tokens that decode passes draft, and their acceptance; None where it is not published, for
    what is known of the model."""
    found = DRAFTS.search(row.drafts) or re.match(r"(?:d )?([1-9])\b", row.drafts)
    if found is None:
        return 0, None
    count, said = int(found[1]), ACCEPTED.search(row.drafts)
    if said is None:
        return count, None
    return count, float(said[1]) if said[1] else even_acceptance(count, float(said[2]))
