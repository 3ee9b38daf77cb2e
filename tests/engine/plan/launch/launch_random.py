"""Scenarios at random, as a person could choose them, and what is wrong with their launch lines.

python -m tests.engine.plan.launch.launch_random [COUNT]
"""

from __future__ import annotations

import random
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from engine.hardware.launch_table import LaunchTable
from engine.model.kinds import ModelKind
from engine.model.model_profiles import bundled_models
from engine.plan.launch.fields import context
from engine.plan.launch.process import Launch, Process, Role
from engine.plan.launch_lines import launch_of
from engine.plan.prepared import Prepared, prepare, prepare_on
from engine.scenario import Mode, ReduceFormat, Scenario, Settings, Workload
from engine.words.errors import InputError
from engine.work.arrangement import Aggregated, Arrangement, Disaggregated, Pool, parse_pool
from engine.work.layout import Layout
from tests.engine.plan.launch.engine_options import file_problems, parse
from tests.engine.plan.launch.launch_names import (
    EVERY_RANK,
    FIELDS,
    FILES,
    GAPS,
    KINDS,
    OPTIONS,
    POOL_ROUTERS,
    ROUTERS,
)

ENGINES = ("vllm", "sglang", "trtllm", "lmdeploy", "atom", "vllm-ascend", "deepspeed", "mindie")
CHIPS = (
    *("a100_sxm_80gb", "l40s", "rtx_4090", "h100_sxm", "h200_sxm", "b200_sxm", "gb200_nvl72"),
    *("gb10_dgx_spark", "mi250x", "mi300x", "mi355x", "ascend_910b3", "ascend_910c"),
)
_FORMATS = ("", "", "", "fp8", "fp8_block", "int8", "int4", "nvfp4", "mxfp4", "mxfp8")
_CACHES = ("", "", "fp8", "int8", "int4", "nvfp4", "mxfp8", "bf16")
_DRAFTS = ("", "", "eagle3", "p-eagle", "dflash", "dspark", "ngram", "llama-3.1-8b")
_EDITS = (("rope_theta", 1e6), ("num_hidden_layers", 16), ("max_position_embeddings", 262_144))
_POOLS = ("TP1", "TP2", "TP4", "TP8", "TP4 EP4", "TP8 EP8", "TP1 EP8 DP8", "TP1 EP16 DP16")


@dataclass(frozen=True)
class Drawn:
    """One scenario with one of its arrangements and a batch."""

    scenario: Scenario
    prepared: Prepared
    arrangement: Arrangement
    batch: int

    @property
    def launch(self) -> Launch:
        """What it starts."""
        chosen = self.arrangement, self.prepared.precisions[0], self.batch
        return launch_of(self.prepared, self.scenario, *chosen)

    @property
    def name(self) -> str:
        """Enough to find it again."""
        one = self.scenario
        what = f"{one.framework} {one.model} {one.chip} {self.arrangement.name} B{self.batch}"
        return f"{what} {one.weights} {one.kv} {one.draft} {one.draft_tokens} {one.settings}"


def drawn(seed: int) -> Drawn:
    """A scenario by its number; raises `InputError` where a person would be told no."""
    chance = random.Random(seed)
    tokens = chance.choice((256, 1024, 4096, 32_768, 131_072, 500_000))
    drafts = chance.choice((0, 0, 0, 1, 3))
    scenario = Scenario(
        model=chance.choice(bundled_models()),
        chip=chance.choice(CHIPS),
        chips=chance.choice((1, 2, 4, 8, 8, 16, 16, 32, 64)),
        framework=chance.choice(ENGINES),
        weights=chance.choice(_FORMATS),
        kv=chance.choice(_CACHES),
        draft_tokens=drafts,
        draft=chance.choice(_DRAFTS) if drafts else "",
        acceptance=0.7 if drafts else None,
        edits=(chance.choice(_EDITS),) if chance.random() < 0.1 else (),
        workload=Workload(
            input_tokens=tokens,
            output_tokens=chance.choice((1, 128, 1024, 8192)),
            mode=chance.choice((*[Mode.CONTINUOUS] * 9, Mode.STATIC)),
            images=chance.choice((0, 0, 0, 0, 2)),
        ),
        settings=_settings(chance),
    )
    batch = chance.choice((1, 7, 32, 77, 256, 3000))
    if chance.random() < 0.2:
        pools = [_pool(chance), _pool(chance)]
        arrangement: Arrangement = Disaggregated(*pools)
        scenario = replace(scenario, chips=arrangement.chips)
        return Drawn(scenario, prepare_on(scenario, arrangement), arrangement, batch)
    prepared = prepare(scenario)
    return Drawn(scenario, prepared, chance.choice(prepared.arrangements), batch)


def _settings(chance: random.Random) -> Settings:
    def sometimes(value: object) -> object:
        return value if chance.random() < 0.15 else None

    return Settings(
        memory_fraction=sometimes(chance.choice((0.7, 0.85))),  # type: ignore[arg-type]
        prefill_tokens=sometimes(chance.choice((512, 4096, 20_000))),  # type: ignore[arg-type]
        max_context=sometimes(chance.choice((8192, 200_000))),  # type: ignore[arg-type]
        prefix_caching=sometimes(chance.random() < 0.5),  # type: ignore[arg-type]
        prefill_interval=sometimes(5),  # type: ignore[arg-type]
        host_cache_gib=sometimes(32.0),  # type: ignore[arg-type]
        batch_wait=sometimes(20),  # type: ignore[arg-type]
        reduce_format=sometimes(ReduceFormat.NONE),  # type: ignore[arg-type]
    )


def _pool(chance: random.Random) -> Pool:
    return parse_pool(f"{chance.choice(_POOLS)} x{chance.choice((1, 2, 3))}", "pool")


_PARSER = {"vllm-ascend": "vllm"}
_CACHE_WORDS = {
    "fp8": r"fp8",
    "int8": r"int8",
    "int4": r"int4",
    "nvfp4": r"nvfp4",
    "mxfp8": r"mxfp8",
    "bf16": r"bf16|bfloat16|auto|none",
    "fp16": r"fp16|float16|auto|none",
}


def faults(one: Drawn) -> Iterator[str]:
    """What is wrong with a launch: words that an engine does not know, figures of the prediction
    that it is told otherwise or not at all, devices or ports that are used twice."""
    if one.prepared.kind is not ModelKind.TOKENS:
        return
    launch, parser = one.launch, _PARSER.get(one.scenario.framework, one.scenario.framework)
    servers = [process for process in launch.processes if process.role is not Role.ROUTER]
    for process in servers:
        yield from parse(parser, process.words)[1]
        yield from _figures(one, launch, process, parser)
    yield from _routers(one, launch, servers)
    ports = [(process.node, process.port) for process in launch.processes]
    if len(ports) != len({*ports}):
        yield "a port is used twice"
    if not any("mpirun" in process.words for process in servers):
        used = [(process.node, device) for process in servers for device in process.devices]
        if len(used) != len({*used}):
            yield "a device is used twice"
        if servers and len(used) != one.arrangement.chips * one.prepared.chip.devices:
            yield f"{len(used)} devices of {one.arrangement.chips} chips"
    yield from _formats(one, launch, servers)


def _routers(one: Drawn, launch: Launch, servers: list[Process]) -> Iterator[str]:
    """What stands in front, and files that engines read."""
    pools = not any(process.role is Role.SERVER for process in servers)
    for process in launch.processes:
        if process.role is Role.ROUTER:
            kind = (POOL_ROUTERS if pools else ROUTERS)[one.scenario.framework]
            yield from parse(kind, process.words)[1]
    yaml = _yaml()
    for name, text in launch.files.items():
        kind = next((kind for end, kind in FILES.items() if name.endswith(end)), "")
        if kind and yaml is not None:
            yield from file_problems(kind, yaml.safe_load(text))


def _yaml() -> Any:
    """PyYAML where it is installed."""
    try:
        import yaml
    except ImportError:
        return None
    return yaml


def _figures(one: Drawn, launch: Launch, process: Process, parser: str) -> Iterator[str]:
    values, problems = parse(parser, process.words)
    if problems or parser == "mindie":
        return
    gaps, expected = " | ".join(launch.gaps), _expected(one, process)
    table = one.prepared.framework.launch
    usual = table.defaults if isinstance(table, LaunchTable) else {}
    for kind, (rank, every) in KINDS.items():
        option = OPTIONS[parser].get(kind)
        if option is not None:
            name = every if kind in EVERY_RANK[parser] else rank
            told = float(values.get(option) or 1)
            if abs(told - expected[name]) <= 1e-6 * max(expected[name], 1):
                continue
        elif expected[rank] == 1 or usual.get(FIELDS.get(kind, "")) == f"{expected[rank]:g}":
            continue
        if GAPS[kind] not in gaps and not _said_elsewhere(kind, values, launch, process):
            yield f"{kind}: told {values.get(option or '') or 'nothing'}, predicted {expected}"


def _said_elsewhere(kind: str, values: Mapping[str, str], launch: Launch, process: Process) -> bool:
    """Switches that have no number: expert parallelism over all ranks, attention-DP in a file."""
    if kind == "expert":
        return "--enable-expert-parallel" in values
    files = [text for name, text in launch.files.items() if name in process.words]
    return kind == "data" and any("enable_attention_dp: true" in text for text in files)


def _expected(one: Drawn, process: Process) -> dict[str, float]:
    layout = _layout(one.arrangement, process.role)
    devices, workers = one.prepared.chip.devices, _workers(one.arrangement, process.role)
    in_flight = -(-one.batch // workers)
    rank = -(-in_flight // layout.attention_data)
    budget = one.prepared.framework.scheduler.prefill_tokens
    data = layout.attention_data
    return {
        "tensor": layout.tensor * devices,
        "ranks": layout.tensor * devices * data,
        "pipeline": layout.pipeline,
        "data": data,
        "expert": layout.expert * devices if layout.expert > 1 else 1,
        "rank sequences": rank,
        "all sequences": rank * data,
        "context": context(one.prepared, one.scenario),
        "rank budget": budget,
        "all budget": budget * data,
        "memory": float(f"{one.prepared.framework.memory.memory_fraction:g}"),
    }


def _layout(arrangement: Arrangement, role: Role) -> Layout:
    if isinstance(arrangement, Aggregated):
        return arrangement.layout
    return (arrangement.prefill if role is Role.PREFILL else arrangement.decode).layout


def _workers(arrangement: Arrangement, role: Role) -> int:
    if isinstance(arrangement, Aggregated):
        return 1
    return (arrangement.prefill if role is Role.PREFILL else arrangement.decode).workers


def _formats(one: Drawn, launch: Launch, servers: list[Process]) -> Iterator[str]:
    """Precision, drafts, prefix cache and what-ifs: in some word or file, or a gap."""
    own, used = one.prepared.model.precision, one.prepared.precisions[0]
    said = " ".join(word for process in servers for word in process.words)
    said += " ".join(launch.files.values()).replace("\n", " ")
    gaps = " | ".join([*launch.gaps, *launch.notes])
    if not servers:
        return
    if used.kv.name != own.kv.name:
        words = _CACHE_WORDS.get(used.kv.name, used.kv.name)
        pattern = rf"(kv.cache.dtype|quant.policy|dtype:) ({words})"
        if not re.search(pattern, said) and f"{used.kv.name} cache" not in gaps:
            yield f"the {used.kv.name} cache is neither told nor a gap"
    if used.weights != own.weights and "quant" not in said and "weights:" not in gaps:
        yield f"{used.weights.name} weights are neither told nor a gap"
    drafts = one.scenario.draft_tokens
    told = re.search(rf"(spec|draft|num_nextn)\S*[ :\"]+.{{0,200}}({drafts}|{drafts + 1})", said)
    if drafts and not told and "draft tokens" not in gaps:
        yield "drafts are neither told nor a gap"
    told = re.search("override|model_kwargs", said)
    if one.scenario.edits and not told and "what-if" not in gaps:
        yield "a what-if is neither told nor a gap"
    most = one.prepared.architecture.maximum_positions
    if most and _needed(one.scenario) > most and "the model ends" not in gaps:
        yield "a context beyond the model is no gap"


def _needed(scenario: Scenario) -> int:
    return scenario.workload.input_tokens + scenario.workload.output_tokens


def main() -> None:
    """Draw so many scenarios and print how many are refused, right, and what is wrong."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    refused, found = 0, Counter[str]()
    first: dict[str, str] = {}
    for seed in range(count):
        try:
            one = drawn(seed)
        except InputError:
            refused += 1
            continue
        for fault in {re.sub(r"\d[\d.,]*", "#", fault) for fault in faults(one)}:
            found[fault] += 1
            first.setdefault(fault, f"{seed}: {one.name}")
    print(f"{count} drawn, {refused} refused, {sum(found.values())} faults")
    for fault, times in found.most_common():
        print(f"{times} × {fault}\n    {first[fault]}")


if __name__ == "__main__":
    main()
