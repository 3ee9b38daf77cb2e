"""Golden predictions: what the engine says today of some eighty questions, each a command.

    python -m tests.golden --write

writes ``tests/data/golden_predictions.csv`` anew. Who changes figures on purpose does so and says
in the commit which and why; who does not sees in `tests.engine.plan.test_golden` what moved.
"""

from __future__ import annotations

import argparse
import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from engine.scenario import Client, ClientKind, Mode, Objectives, Scenario, Settings, Workload
from engine.serve.asked import load_of, requests_of
from engine.serve.call import Batch, Call, Concurrency, Most, size_per_replica
from engine.serve.command import command_line
from engine.serve.predict import largest_sizes, predict
from engine.serve.resolve import resolve
from engine.serve.system import System
from engine.sources.files import write_text
from engine.work.arrangement import Aggregated, Disaggregated, Pool
from engine.work.layout import Layout

TABLE = Path(__file__).parent / "data" / "golden_predictions.csv"
FIGURES = (
    "ttft_ms",
    "tpot_ms",
    "latency_ms",
    "tokens_per_second_per_chip",
    "samples_per_second",
    "needed_gib",
    "largest_batch",
)
Change = Callable[[System], System]

_SYSTEMS: tuple[tuple[str, str, str, str, Layout, float], ...] = (
    ("deepseek-v3", "h200_sxm", "sglang", "", Layout(1, 1, 8, 8, 2), 128),
    ("deepseek-v3", "b200_sxm", "trtllm", "nvfp4", Layout(8, 1, 8), 32),
    ("deepseek-v3.2", "gb200_nvl72", "vllm", "nvfp4", Layout(1, 1, 16, 16), 256),
    ("deepseek-v3", "h100_sxm", "sglang", "", Layout(1, 1, 72, 72), 9216),
    ("deepseek-r1", "ascend_910c_die", "mindie", "int8", Layout(1, 1, 320, 320), 10_240),
    ("kimi-k2", "h200_sxm", "vllm", "", Layout(1, 1, 32, 32), 2048),
    ("kimi-k2", "mi355x", "sglang", "", Layout(8, 1, 8), 64),
    ("gpt-oss-120b", "h100_sxm", "vllm", "", Layout(2, 1, 2, 1, 4), 48),
    ("gpt-oss-120b", "b200_sxm", "vllm", "", Layout(8), 1),
    ("gpt-oss-20b", "rtx_5090", "vllm", "", Layout(), 12),
    ("qwen3-235b-a22b", "h100_sxm", "trtllm", "fp8", Layout(4, 1, 4, 2), 96),
    ("qwen3.5-397b-a17b", "b200_sxm", "sglang", "fp8", Layout(8, 1, 8), 40),
    ("minimax-m3", "mi355x", "atom", "mxfp4", Layout(4, 1, 4), 24),
    ("glm-5", "gb300_nvl72", "sglang", "nvfp4", Layout(4, 1, 4), 16),
    ("llama-3.1-8b", "l40s", "vllm", "fp8", Layout(), 8),
    ("llama-3.1-70b", "a100_sxm_80gb", "vllm", "", Layout(4, 2, 1), 24),
    ("llama-3.3-70b", "mi300x", "vllm", "fp8", Layout(4, 1, 1, 1, 2), 64),
    ("llama-3.1-405b", "h200_sxm", "trtllm", "fp8", Layout(8), 20),
    ("mixtral-8x7b", "h100_sxm", "lmdeploy", "", Layout(2), 32),
    ("qwen2.5-32b", "ascend_910c", "vllm-ascend", "int8", Layout(2), 16),
    ("qwen3-32b", "tpu_v6e", "vllm", "", Layout(4), 16),
    ("gemma-4-31b", "gaudi3", "generic", "", Layout(2), 10),
    ("bloom-7b1", "v100_sxm2_32gb", "fastertransformer", "fp16", Layout(2), 6),
)
"""Model, chip, engine, weights, layout and batch per replica."""
_CLOSED = Client(ClientKind.CLOSED, 10, 0.2)
_IN_STEP = Client(ClientKind.CLOSED, 10, 0.0)
_FORWARD = (
    ("resnet-50", "h100_sxm", "tensorrt", "int8", 32),
    ("resnet-50", "a100_sxm_80gb", "pytorch", "fp16", 8),
    ("vit-b-16", "l40s", "tensorrt", "fp8", 16),
    ("vit-b-16", "t4", "onnxruntime", "fp16", 1),
)


def questions() -> Iterator[Call]:
    """All golden calls, of bundled models alone."""
    for model, chip, engine, weights, layout, batch in _SYSTEMS:
        arrangement = Aggregated(layout)
        base = Scenario(
            model=model,
            chip=chip,
            chips=arrangement.chips,
            framework=engine,
            weights=weights,
            objectives=Objectives(),
        )
        for workload, size in (
            (Workload(1000, 200, Mode.STATIC), Batch(batch)),
            (Workload(3000, 700), Batch(batch)),
            (Workload(1024, 1024, client=_CLOSED), Concurrency(batch * layout.replicas)),
        ):
            yield Call(replace(base, workload=workload), arrangement, size)
    yield from _disaggregated()
    yield from _settings()
    for model, chip, engine, format, batch in _FORWARD:
        scenario = Scenario(
            model=model,
            chip=chip,
            chips=2,
            framework=engine,
            weights=format,
            activations=format,
            objectives=Objectives(),
            instances=2 if batch > 8 else 1,
        )
        yield Call(scenario, Aggregated(Layout(replicas=2)), Batch(batch))


def _disaggregated() -> Iterator[Call]:
    for model, chip, engine, weights, prefill, decode, concurrency in (
        ("deepseek-v3", "gb200_nvl72", "trtllm", "nvfp4", (4, 4, 1), (1, 16, 16), 512),
        ("deepseek-r1", "h200_sxm", "sglang", "", (8, 8, 1), (1, 8, 8), 96),
        ("llama-3.3-70b", "h100_sxm", "vllm", "fp8", (2, 1, 1), (4, 1, 1), 40),
    ):
        pools = [
            Pool(Layout(tensor, 1, expert, data), workers)
            for (tensor, expert, data), workers in ((prefill, 3), (decode, 1))
        ]
        arrangement = Disaggregated(*pools)
        scenario = Scenario(
            model=model,
            chip=chip,
            chips=arrangement.chips,
            framework=engine,
            weights=weights,
            workload=Workload(8192, 1024),
            objectives=Objectives(),
        )
        yield Call(scenario, arrangement, Concurrency(concurrency))


def _settings() -> Iterator[Call]:
    """What an engine can be told, drafts, imbalance, answers of one length, short prompts, and as
    many as fit."""
    arrangement = Aggregated(Layout(8, 1, 8))
    base = Scenario(
        chips=8,
        chip="b200_sxm",
        framework="sglang",
        weights="fp8",
        workload=Workload(2000, 500),
        objectives=Objectives(),
    )
    for scenario in (
        replace(base, settings=Settings(build="2026-05-20")),
        replace(base, settings=Settings(memory_fraction=0.8, max_sequences=64)),
        replace(base, settings=Settings(prefill_tokens=2048)),
        replace(base, workload=replace(base.workload, cached=0.5)),
        replace(base, draft_tokens=2, acceptance=0.7),
        replace(base, load_imbalance=1.3),
        replace(base, framework="nim", workload=Workload(500, 500, client=_IN_STEP)),
        replace(base, framework="vllm", workload=Workload(20, 500)),
    ):
        yield Call(scenario, arrangement, Batch(80))
    yield Call(base, arrangement, Most())


def figures(call: Call, change: Change | None = None) -> dict[str, float]:
    """What the engine says of a call, by the table's columns; of a changed system with
    ``change``."""
    system = _system(call.scenario)
    system = change(system) if change else system
    requests, load = requests_of(call.scenario, system), load_of(call.scenario)
    largest = largest_sizes(system, (call.arrangement,), requests, load)
    sizes = np.array([size_per_replica(call, float(largest[0, 0]))])
    outcome = predict(system, (call.arrangement,), requests, load, sizes)
    found = {
        f"{name}_ms": 1e3 * float(outcome.seconds[name][0, 0])
        for name in ("ttft", "tpot", "latency")
        if name in outcome.seconds
    }
    rates = {name: float(rate[0, 0]) for name, rate in outcome.rates.items()}
    if "request_tokens" in rates:
        found["tokens_per_second_per_chip"] = rates["request_tokens"] / call.arrangement.chips
    if "samples" in rates:
        found["samples_per_second"] = rates["samples"]
    needed = np.broadcast_to(outcome.memory.needed_bytes, outcome.shape)
    found["needed_gib"] = float(needed[0, 0]) / (1 << 30)
    found["largest_batch"] = float(largest[0, 0])
    return found


@cache
def _system(scenario: Scenario) -> System:
    return resolve(scenario).systems[0]


def read_table() -> dict[str, Mapping[str, float]]:
    """The figures on record, by command."""
    with TABLE.open(encoding="utf-8", newline="") as stream:
        return {
            line.pop("command"): {name: float(text) for name, text in line.items() if text}
            for line in csv.DictReader(stream)
        }


def table_text() -> str:
    """Today's figures as CSV."""
    out = io.StringIO()
    writer = csv.DictWriter(out, ("command", *FIGURES), lineterminator="\n")
    writer.writeheader()
    for call in questions():
        told = {name: f"{value:.9g}" for name, value in figures(call).items()}
        writer.writerow({"command": command_line(call), **told})
    return out.getvalue()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help=f"write {TABLE.name} anew")
    if parser.parse_args().write:
        write_text(TABLE, table_text())
        print(f"written: {TABLE}")
    else:
        print(table_text(), end="")


if __name__ == "__main__":
    main()
