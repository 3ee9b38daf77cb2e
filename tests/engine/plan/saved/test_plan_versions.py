"""Plans of older schemas open; what the newest schema adds comes back as it was written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.plan.saved.plan_file import SCHEMA_VERSION, load_plan, scenario_document, write_document
from engine.scenario import (
    Client,
    ClientKind,
    FirstToken,
    LayoutLimits,
    Lengths,
    Mode,
    Objectives,
    Scenario,
    Settings,
    Workload,
)
from engine.words.errors import InputError
from engine.work.arrangement import Aggregated, Arrangement, Disaggregated, Pool
from engine.work.layout import Layout

FIRST_SCHEMA = """
schema_version = 1
rooftop_version = "0.1.0"
answer = "Serve DeepSeek-V3 on 16 × H200 SXM 141GB as TP4 EP8 DP2 ×2 W8A8, batch 98: …"
benchmarks = [
    "TPS001-DeepSeek-V3-671B-S4K-01K-W8A8-B98",
    "FTL001-DeepSeek-V3-671B-S4K-W8A8-B98",
]
launch = "vllm serve deepseek-ai/DeepSeek-V3 --tensor-parallel-size 4"

[choice]
batch = 98
precision = "W8A8 KV16 fp8_block"
mode = "continuous"
meets_objectives = true
why_not = ""

[choice.layout]
tensor = 4
pipeline = 1
expert = 8
attention_data = 2
replicas = 2

[choice.metrics]
ttft_ms = 1221.37
tpot_ms = 49.8761
e2e_ms = 52244.6
request_tps = 3841.87
decode_tps = 3929.74
tps_per_chip = 240.117
tps_per_user = 20.0497
memory_gib = 118.214

[scenario]
model = "deepseek-v3"
chip = "h200_sxm"
chips = 16
framework = "vllm"
weights = ""
activations = ""
kv = "bf16"
precisions = ["W4A16"]
max_batch = 512
load_imbalance = 1.25
draft_tokens = 1
acceptance = 0.8
instances = 1
assume = ""
revision = ""

[[scenario.edits]]
key = "num_hidden_layers"
value = "30"

[scenario.workload]
input_tokens = 4096
output_tokens = 1024
mode = "continuous"
image_width = 0
image_height = 0

[scenario.objectives]
ttft_ms = 2000
tpot_ms = 50.0

[scenario.limits]
tensor = [4, 8]
pipeline = []
expert = []
attention_data = []

[bottlenecks]
prefill_mfu = 0.3711
prefill_mbu = 0.1207
decode_mfu = 0.0713
decode_mbu = 0.5117

[bottlenecks.largest_batch]
memory = 233
ttft = 233
tpot = 98

[[bottlenecks.operators]]
phase = "decode"
name = "experts"
bound = "memory"
time_ms = 21.4
share = 0.48
constants = "fitted"

[memory]
weights_gib = 86.1
capacity_gib = 126.9

[provenance.chip]
id = "h200_sxm"
origin = "bundled"
constants = "fitted"
sources = ["https://www.nvidia.com/en-us/data-center/h200/"]

[accuracy]
badge = "measured"
basis = "published runs"
tpot_range_percent = 8.5

[runner_up]
batch = 49
layout = "TP8 EP16 DP2"
precision = "W8A8 KV16 fp8_block"
why = "3.2 % less tps_per_chip than the choice"
"""
"""Everything that rooftop wrote before engine settings and clients were part of a scenario."""


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_plan_of_the_first_schema_restores_its_scenario(tmp_path):
    assert load_plan(written(tmp_path / "p.toml", FIRST_SCHEMA)).scenario == Scenario(
        model="deepseek-v3",
        edits=(("num_hidden_layers", 30),),
        chip="h200_sxm",
        chips=16,
        framework="vllm",
        kv="bf16",
        precisions=("W4A16",),
        workload=Workload(4096, 1024, Mode.CONTINUOUS, lengths=Lengths.CHOSEN),
        objectives=Objectives(ttft_ms=2000, tpot_ms=50.0),
        limits=LayoutLimits(tensor=(4, 8)),
        max_batch=512,
        load_imbalance=1.25,
        draft_tokens=1,
        acceptance=0.8,
    )


def test_a_plan_of_the_first_schema_restores_its_choice(tmp_path):
    choice = load_plan(written(tmp_path / "p.toml", FIRST_SCHEMA)).choice
    assert choice.batch == 98
    assert choice.precision == "W8A8 KV16 fp8_block"
    assert choice.arrangement == Aggregated(Layout(4, 1, 8, 2, replicas=2))


def test_the_newest_schema_keeps_settings_client_and_cached_share(tmp_path):
    scenario = replace(
        Scenario(),
        settings=Settings(
            memory_fraction=0.85,
            prefill_tokens=4096,
            max_sequences=256,
            max_context=32_768,
            prefix_caching=True,
            build="2026-02-10",
        ),
        workload=Workload(
            cached=0.25,
            client=Client(ClientKind.CLOSED, waves=4, spread=0.0, first_token=FirstToken.MEDIAN),
        ),
    )
    assert reopened(tmp_path, scenario, Aggregated(Layout())).scenario == scenario


@pytest.mark.parametrize(
    "arrangement",
    [
        Aggregated(Layout(2, 2, 4, 2, replicas=3)),
        Disaggregated(Pool(Layout(tensor=4), 3), Pool(Layout(1, 1, 8, 8), 2)),
    ],
    ids=lambda one: one.name,
)
def test_a_choice_keeps_how_chips_are_used(tmp_path, arrangement: Arrangement):
    assert reopened(tmp_path, Scenario(), arrangement).choice.arrangement == arrangement


def reopened(folder: Path, scenario: Scenario, arrangement: Arrangement):
    path = folder / "plan.toml"
    choice = {"batch": 4, "precision": "W8A8", "layout": arrangement.columns()}
    document = {
        "schema_version": SCHEMA_VERSION,
        "scenario": scenario_document(scenario),
        "choice": choice,
    }
    write_document(path, document)
    return load_plan(path)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("ttft_ms = 2000", "ttft_ms = 0", "scenario.objectives.ttft_ms: found 0"),
        ("tpot_ms = 50.0\n\n", "p99 = 1\n\n", "scenario.objectives.p99: no such key"),
        ("[scenario.objectives]", "[scenario.goals]", "scenario.objectives: missing"),
        ("attention_data = 2\n", "attention_data = 2\nteam = 3\n", "choice.layout.team: no such"),
        ("attention_data = 2\n", "decode_tensor = 2\n", "choice.layout.prefill_tensor: missing"),
        ("replicas = 2", 'replicas = "2"', "choice.layout.replicas: found '2'"),
        ("image_height = 0", "cached = 1.5", "scenario.workload.cached: found 1.5"),
        (
            "[scenario.limits]",
            "[scenario.settings]\nmemory_fraction = 0\n[scenario.limits]",
            "scenario.settings.memory_fraction: found 0",
        ),
        (
            "[scenario.limits]",
            "[scenario.settings]\nspeed = 0\n[scenario.limits]",
            "scenario.settings.speed: no such key",
        ),
        (
            "[scenario.limits]",
            '[scenario.workload.client]\nkind = "patient"\n[scenario.limits]',
            "scenario.workload.client.kind: found 'patient'",
        ),
    ],
    ids=lambda text: text[:24],
)
def test_bad_values_are_refused_by_their_whole_key(tmp_path, old: str, new: str, words: str):
    assert old in FIRST_SCHEMA
    path = written(tmp_path / "p.toml", FIRST_SCHEMA.replace(old, new, 1))
    with pytest.raises(InputError) as caught:
        load_plan(path)
    assert words in str(caught.value)
