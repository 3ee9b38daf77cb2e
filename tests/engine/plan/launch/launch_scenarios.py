"""Fifty things to launch: dense, mixtures, latent attention, states, vision; one to 64 chips."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from engine.plan.launch.process import Launch
from engine.plan.launch_lines import launch_of
from engine.plan.prepared import Prepared, prepare_on
from engine.scenario import Mode, Scenario, Settings, Workload
from engine.work.arrangement import Aggregated, Arrangement, Disaggregated, parse_pool
from engine.work.layout import Layout


@dataclass(frozen=True)
class Case:
    """One scenario with its arrangement and batch; the engine comes later."""

    model: str
    chip: str
    arrangement: Arrangement
    batch: int = 32
    changes: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return " ".join([self.model, self.chip, self.arrangement.name, *map(str, self.changes)])

    def scenario(self, engine: str) -> Scenario:
        chips = self.arrangement.chips
        return Scenario(
            model=self.model, chip=self.chip, chips=chips, framework=engine, **self.changes
        )

    def prepared(self, engine: str) -> Prepared:
        return prepare_on(self.scenario(engine), self.arrangement)

    def launch(self, engine: str, version: str = "", apart: bool = False) -> Launch:
        prepared = self.prepared(engine)
        chosen = (self.arrangement, prepared.precisions[0], self.batch)
        return launch_of(prepared, self.scenario(engine), *chosen, version, apart)


def one(model: str, chip: str, layout: Layout, batch: int = 32, **changes: Any) -> Case:
    return Case(model, chip, Aggregated(layout), batch, changes)


def pools(model: str, chip: str, prefill: str, decode: str, batch: int = 256) -> Case:
    both = Disaggregated(parse_pool(prefill, "prefill"), parse_pool(decode, "decode"))
    return Case(model, chip, both, batch)


def lengths(inputs: int, outputs: int) -> Workload:
    return Workload(input_tokens=inputs, output_tokens=outputs)


SMALL, DENSE, MIXTURE, LATENT = "llama-3.1-8b", "llama-3.3-70b", "qwen3-235b-a22b", "deepseek-v3"
CASES = (
    one(SMALL, "h100_sxm", Layout()),
    one(SMALL, "h100_sxm", Layout(replicas=8)),
    one(SMALL, "a100_sxm_80gb", Layout(2, replicas=4)),
    one(SMALL, "l40s", Layout(), 16, weights="fp8"),
    one(SMALL, "rtx_4090", Layout(), 8, weights="int4"),
    one(SMALL, "h100_sxm", Layout(), 64, workload=Workload(mode=Mode.STATIC)),
    one(SMALL, "h100_sxm", Layout(), 64, draft_tokens=3, acceptance=0.7),
    one(SMALL, "h100_sxm", Layout(), 64, settings=Settings(prefix_caching=False)),
    one(SMALL, "h100_sxm", Layout(), 64, settings=Settings(prefix_caching=True)),
    one(SMALL, "h100_sxm", Layout(), 64, settings=Settings(graphs=False)),
    one(SMALL, "h100_sxm", Layout(), 64, edits=(("rope_theta", 1e6),)),
    one(SMALL, "h100_sxm", Layout(), 64, edits=(("num_hidden_layers", 16),)),
    one(DENSE, "h100_sxm", Layout(8), 128),
    one(DENSE, "h100_sxm", Layout(4, replicas=2), 128),
    one(DENSE, "h100_sxm", Layout(2, 4), 64),
    one(DENSE, "h100_sxm", Layout(8, 2), 64),
    one(DENSE, "h100_sxm", Layout(8), 64, weights="fp8", kv="fp8"),
    one(DENSE, "h100_sxm", Layout(8), 64, weights="int4"),
    one(DENSE, "h200_sxm", Layout(8), 64, kv="int8"),
    one(DENSE, "h200_sxm", Layout(8), 64, kv="int4"),
    one(DENSE, "b200_sxm", Layout(4), 64, weights="nvfp4", kv="fp8"),
    one(DENSE, "h200_sxm", Layout(8), 4, workload=lengths(131_072, 1024)),
    one(DENSE, "mi300x", Layout(4), 64),
    one(DENSE, "mi355x", Layout(4), 64, weights="mxfp4"),
    one(DENSE, "mi250x", Layout(4), 32),
    one("qwen3-32b", "h100_sxm", Layout(4), 32, workload=lengths(65_536, 512)),
    one("qwen3-32b", "ascend_910b3", Layout(8), 32),
    one("qwen3-32b", "ascend_910c", Layout(4, replicas=2), 32),
    one("qwen3-32b", "tpu_v6e", Layout(8), 32),
    one(MIXTURE, "h200_sxm", Layout(8, expert=8), 64),
    one(MIXTURE, "h200_sxm", Layout(4, expert=8, attention_data=2), 64),
    one(MIXTURE, "h200_sxm", Layout(8, expert=4), 64),
    one(MIXTURE, "h200_sxm", Layout(8, 2, 8), 64, weights="fp8"),
    one(MIXTURE, "ascend_910c", Layout(8, expert=8), 64),
    one(MIXTURE, "mi300x", Layout(8, expert=8), 64, kv="fp8"),
    one(LATENT, "h200_sxm", Layout(8), 64),
    one(LATENT, "h200_sxm", Layout(1, 1, 16, 16), 352),
    one(LATENT, "h200_sxm", Layout(4, 1, 16, 4), 77),
    one(LATENT, "h200_sxm", Layout(1, 1, 8, 8), 352, draft_tokens=2, acceptance=0.8),
    one(LATENT, "h100_sxm", Layout(1, 1, 64, 64), 4096),
    one(LATENT, "gb200_nvl72", Layout(1, 1, 8, 8), 512, weights="nvfp4"),
    one(LATENT, "mi300x", Layout(8), 64),
    one(LATENT, "ascend_910c", Layout(4, 1, 16, 4), 128, weights="int8"),
    one("deepseek-v4-pro", "b200_sxm", Layout(1, 1, 8, 8), 70_000),
    one("kimi-k2.5", "b200_sxm", Layout(8), 64),
    one("gpt-oss-120b", "h100_sxm", Layout(2, replicas=4), 64),
    one("nemotron-3-nano-30b-a3b", "h100_sxm", Layout(), 64),
    one("qwen3.5-397b-a17b", "b200_sxm", Layout(8, expert=8), 64, draft_tokens=1, acceptance=0.8),
    one("qwen3-vl-32b", "h100_sxm", Layout(2, replicas=4), 32),
    one("llama-4-scout-17b-16e", "h100_sxm", Layout(8, expert=8), 32),
    one("gemma-4-31b", "h100_sxm", Layout(2), 32),
    pools(DENSE, "h100_sxm", "TP4 x2", "TP8 x1"),
    pools(LATENT, "h200_sxm", "TP8 EP8 x2", "TP1 EP16 DP16 x1", 512),
    pools(MIXTURE, "mi300x", "TP8 x1", "TP8 EP8 x1"),
)
