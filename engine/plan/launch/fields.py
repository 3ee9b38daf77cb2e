"""What a prediction of tokens assumed of one worker, as fields that launch tables spell.

A field without a value (a degree of 1, the checkpoint's own precision, no drafts) is absent.

| field | what it is |
| --- | --- |
| model, revision | the checkpoint |
| tensor, pipeline, expert, attention_data | degrees; ``ranks`` are tensor × attention_data |
| sequences, batch | sequences in flight of one attention rank, of the worker |
| context | tokens of one request, with room for a chat template and drafts |
| prefill_tokens, prefill_total | prompt tokens of one pass: of one attention rank, of all |
| memory_fraction | share of memory |
| graph_tokens, graph_sequences, graph_list | up to what decode passes replay graphs |
| kv, online | spellings of the cache's format and of what the engine quantises weights to |
| drafts, drafts_plus_one | draft tokens of the model's own prediction layers |
| first_eagle_drafts, eagle_drafts, parallel_drafts, dflash_drafts | of methods with a draft |
| model_drafts, ngram_drafts | of a small model, and of words looked up |
| draft_model | their checkpoint |
| replicas | copies of the model that one process starts by itself |
| prefill_tensor, prefill_data, decode_tensor, decode_data | degrees of the pools, for both |
| prefix_on, prefix_off, chunked | prefix cache; prompts in several passes |
| dispatch, balanced | tokens are sent only to their experts' ranks; popular experts have copies |
| dispatch_latency, dispatch_throughput | the first, by a pool of its own for decode or not |
| on_nvidia, on_amd, on_huawei, … | whose chips these are |
| on_hopper, on_cdna3, on_cdna4, … | of which generation |
| experts_int4, experts_fp8, … | the format of a mixture's experts |
| redundant, expert_slots | copies of experts in all, and places for them and the experts |
| batch_overlap | two halves of a batch take turns |
| eager | the host launches every kernel: nothing is captured |
| dp_lm_head | every attention-DP rank holds the LM head |
| host_cache, host_total | GiB behind the prefix cache, for each chip and a rank's chips together |
| host_bytes | the same for each chip, in bytes |
| rank_wait | passes that a rank's prompts wait at most for the others' |
| rank_wait_off | that they are told not to wait |
| reduce_format | what large all-reduces are quantised to, in capitals |
| batch_wait | passes that prompts without attention-DP wait at most for others to share theirs |
| prefill_interval, decode_passes | passes between those that take prompts; the same less one |
| images | images of a request |
| edits | what-ifs on config keys that a checkpoint can be run with, as JSON |
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine.hardware.framework import Framework
from engine.hardware.parts.scheduler import PrefillPasses
from engine.model.draft import DraftMethod
from engine.plan.launch.process import Role
from engine.plan.prepared import Prepared
from engine.scenario import Scenario
from engine.words.messages import say
from engine.work.expert_slots import Placing
from engine.work.layout import Layout

TEMPLATE_TOKENS = 128
"""Room for what a chat template adds to a prompt."""
UNNAMED_DRAFT = "<DRAFT_MODEL>"
RUNNABLE_EDITS = ("rope_", "max_position_embeddings", "sliding_window", "num_experts_per_tok")
"""What-ifs that a checkpoint can be run with; others would need other weights."""


@dataclass(frozen=True, slots=True)
class Assumption:
    """One thing that the prediction assumed; ``taken_by`` are the fields that tell an engine."""

    says: str
    taken_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Worker:
    """One worker as predicted: its layout in devices as the engine counts them, and the sequences
    that it has in flight."""

    layout: Layout
    batch: int
    role: Role = Role.SERVER


def worker_fields(prepared: Prepared, scenario: Scenario, worker: Worker) -> dict[str, str]:
    """The fields of a worker that do not depend on where it runs, but for the formats."""
    layout, engine = worker.layout, prepared.framework
    sequences = -(-worker.batch // layout.attention_data)
    budget = engine.scheduler.prefill_tokens
    numbers = {
        "tensor": _degree(layout.tensor),
        "pipeline": _degree(layout.pipeline),
        "expert": _degree(layout.expert),
        "attention_data": _degree(layout.attention_data),
        "ranks": _degree(layout.ranks),
        "sequences": sequences,
        "batch": sequences * layout.attention_data,
        "context": context(prepared, scenario),
        "prefill_tokens": budget,
        "prefill_total": budget * layout.attention_data,
        "memory_fraction": engine.memory.memory_fraction,
        **_graphs(engine, sequences, sequences * (1 + scenario.draft_tokens)),
        "prefill_interval": scenario.settings.prefill_interval or 0,
        "rank_wait": (scenario.settings.rank_wait or 0) * (layout.attention_data > 1),
        "batch_wait": (scenario.settings.batch_wait or 0) * (layout.attention_data == 1),
        "dp_lm_head": int(_whole_head(prepared, scenario) and layout.attention_data > 1),
        **_host_cache(scenario, layout),
        "reduce_format": _reduce_format(prepared, layout),
        "decode_passes": (scenario.settings.prefill_interval or 1) - 1,
        "images": scenario.workload.images,
        **_drafts(prepared, scenario),
        **_wide_experts(prepared, worker),
    }
    fields = {name: _text(value) for name, value in numbers.items() if value}
    fields[f"on_{prepared.chip.vendor.lower()}"] = "true"
    fields[f"on_{prepared.chip.generation}"] = "true"
    fields["prefix_on" if engine.scheduler.prefix_caching else "prefix_off"] = "true"
    if engine.scheduler.prefill_passes is PrefillPasses.SHARED:
        fields["chunked"] = "true"
    if scenario.settings.rank_wait == 0 and layout.attention_data > 1:
        fields["rank_wait_off"] = "true"
    runnable = _nested(dict(_split_edits(scenario)[0]))
    if runnable:
        fields["edits"] = json.dumps(runnable, separators=(",", ":"))
    return fields


def worker_assumptions(fields: Mapping[str, str]) -> Iterator[Assumption]:
    """What of ``fields`` an engine has to be told, in words for where it is not."""
    for name, says, others in SAID:
        if name in fields:
            yield Assumption(say(says, value=fields[name]), (name, *others))


def _reduce_format(prepared: Prepared, layout: Layout) -> str:
    """What large all-reduces are quantised to, where any are."""
    able = prepared.framework.capabilities
    return able.reduce_format.value.upper() if layout.tensor in able.reduces_on else ""


def _graphs(engine: Framework, sequences: int, tokens: int) -> dict[str, int | str]:
    """Up to what decode passes replay graphs, or that none does."""
    if not engine.capabilities.replays_graphs:
        return {"eager": 1}
    sizes = json.dumps(graph_sizes(sequences), separators=(",", ":"))
    return {"graph_tokens": tokens, "graph_sequences": sequences, "graph_list": sizes}


def _whole_head(prepared: Prepared, scenario: Scenario) -> bool:
    """Whether ranks are told to hold the LM head: as a person says, or as what drafts needs it."""
    needed = prepared.framework.storage.whole_head_drafts if scenario.draft_tokens else ()
    return bool(scenario.settings.dp_lm_head) or prepared.systems[0].drafter.method in needed


def _host_cache(scenario: Scenario, layout: Layout) -> dict[str, int]:
    """GiB of host memory behind the prefix cache: of each chip, of a rank's chips together."""
    chip = round(scenario.settings.host_cache_gib or 0)
    return {
        "host_cache": chip,
        "host_total": chip * layout.tensor,
        "host_bytes": chip << 30,
    }


_METHODS = {
    DraftMethod.EAGLE: "first_eagle",
    DraftMethod.EAGLE3: "eagle",
    DraftMethod.P_EAGLE: "parallel",
    DraftMethod.DFLASH: "dflash",
    DraftMethod.MODEL: "model",
    DraftMethod.NGRAM: "ngram",
    DraftMethod.DSPARK: "dspark",
    DraftMethod.PREDICTION: "prediction",
}
SAID: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("revision", "revision {value} of the checkpoint", ()),
    ("tensor", "tensor parallelism of {value}", ("ranks",)),
    ("pipeline", "pipeline parallelism of {value}", ()),
    ("expert", "expert parallelism of {value}", ()),
    ("attention_data", "attention-data parallelism of {value}", ()),
    ("sequences", "at most {value} sequences of one attention rank", ("batch",)),
    ("context", "a context of {value} tokens", ()),
    ("prefill_tokens", "{value} prompt tokens in one pass", ("prefill_total",)),
    ("memory_fraction", "a memory share of {value}", ()),
    ("graph_sequences", "graphs for {value} sequences", ("graph_tokens", "graph_list")),
    ("drafts", "{value} draft tokens", ("drafts_plus_one",)),
    ("bundled_drafts", "{value} draft tokens", ("bundled_plus_one",)),
    *((f"{one}_drafts", "{value} draft tokens", (f"{one}_plus_one",)) for one in _METHODS.values()),
    ("prefix_on", "a prefix cache", ()),
    ("prefix_off", "no prefix cache", ()),
    ("chunked", "prompts that share passes with decoding sequences", ()),
    (
        "dispatch",
        "tokens that are sent only to their experts' ranks",
        ("dispatch_latency", "dispatch_throughput"),
    ),
    ("balanced", "copies of popular experts (EPLB)", ()),
    ("redundant", "{value} copies of experts", ("expert_slots",)),
    ("batch_overlap", "two halves of a batch in turns", ()),
    ("eager", "passes without graphs", ()),
    ("prefill_interval", "prompts in every {value}th pass at most", ("decode_passes",)),
    ("rank_wait", "prompts of attention ranks that wait up to {value} passes for the others'", ()),
    ("batch_wait", "prompts that wait up to {value} passes for others to share theirs", ()),
    ("reduce_format", "large all-reduces in {value}", ()),
    ("images", "{value} images of a request", ()),
    (
        "host_cache",
        "{value} GiB of host memory for each chip's prefix cache",
        ("host_total", "host_bytes"),
    ),
    ("edits", "the what-ifs {value}", ()),
    ("nodes", "one worker on {value} nodes", ("group_nodes", "data_local")),
)
"""Assumptions by their fields: what they are called, and the fields that tell them as well."""


def context(prepared: Prepared, scenario: Scenario) -> int:
    """Tokens that one request may have: what was asked for, else prompt and answer with room for a
    template and drafts, as far as the model goes."""
    if scenario.settings.max_context is not None:
        return scenario.settings.max_context
    needed = scenario.workload.input_tokens + scenario.workload.output_tokens
    roomy = needed + TEMPLATE_TOKENS + scenario.draft_tokens
    most = prepared.architecture.maximum_positions
    return max(needed, min(roomy, most)) if most else roomy


def graph_sizes(most: int) -> list[int]:
    """Sizes to capture graphs for: 1, 2, 4, then steps of 8, from 256 on of 16, and the largest."""
    sizes = [1, 2, 4, *range(8, 256, 8), *range(256, most + 1, 16)]
    return [*(size for size in sizes if size < most), most]


def impossible_edits(scenario: Scenario) -> list[str]:
    """Keys of what-ifs that no checkpoint can be run with as it is."""
    return [key for key, _ in _split_edits(scenario)[1]]


def _split_edits(
    scenario: Scenario,
) -> tuple[list[tuple[str, object]], list[tuple[str, object]]]:
    runnable: list[tuple[str, object]] = []
    others: list[tuple[str, object]] = []
    for key, value in scenario.edits:
        can = key.rpartition(".")[2].startswith(RUNNABLE_EDITS) or key.startswith("rope_")
        (runnable if can else others).append((key, value))
    return runnable, others


def _nested(edits: Mapping[str, object]) -> dict[str, Any]:
    """Dotted keys as tables within tables."""
    whole: dict[str, Any] = {}
    for key, value in edits.items():
        *above, last = key.split(".")
        place = whole
        for part in above:
            inner = place.setdefault(part, {})
            place = inner if isinstance(inner, dict) else {}
        place[last] = value
    return whole


def _drafts(prepared: Prepared, scenario: Scenario) -> dict[str, int | str]:
    """Draft tokens by their method; a checkpoint that drafts has to be named."""
    tokens, drafter = scenario.draft_tokens, prepared.systems[0].drafter
    if not tokens:
        return {}
    if drafter.built_in:
        name = "bundled_drafts" if drafter.in_one_pass else "drafts"
        return {name: tokens, f"{name.removesuffix('_drafts')}_plus_one": tokens + 1}
    method = _METHODS.get(drafter.method, "other")
    fields: dict[str, int | str] = {f"{method}_drafts": tokens, f"{method}_plus_one": tokens + 1}
    checkpoint = UNNAMED_DRAFT if drafter.assumed else drafter.checkpoint
    return {**fields, "draft_model": checkpoint} if checkpoint else fields


def _wide_experts(prepared: Prepared, worker: Worker) -> dict[str, int]:
    """How tokens reach experts on many ranks: sent to those that have them, and popular experts on
    several."""
    layout, able = worker.layout, prepared.framework.capabilities
    if layout.attention_data == 1 or not prepared.architecture.is_mixture:
        return {}
    count = prepared.architecture.expert_count
    slots = Placing.of(able).slots_on(count, layout.expert)
    fields = {}
    if slots > count:
        fields = {"balanced": 1, "redundant": slots - count, "expert_slots": slots}
    one_domain = layout.ranks <= prepared.chip.node_size
    sending = able.sends_over_network or one_domain
    if able.gathering_ranks and layout.ranks > able.gathering_ranks and sending:
        fields["dispatch"] = 1
        nodes = -(-layout.ranks // prepared.chip.node_size)
        fields["batch_overlap"] = int(nodes >= able.overlapped_nodes)
        if layout.expert == layout.ranks:
            kind = "latency" if worker.role is Role.DECODE else "throughput"
            fields[f"dispatch_{kind}"] = 1
    return fields


def _degree(value: int) -> int:
    return value if value > 1 else 0


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
