"""Every launch line parses, and every assumption is on it or named as a gap."""

from __future__ import annotations

import re

import pytest

from engine.hardware.framework_profiles import load_framework
from engine.hardware.launch_table import LaunchTable
from engine.plan.launch.process import Launch, Process, Role
from engine.scenario import Settings
from engine.sources.profile_files import FORMER, bundled_files
from engine.work.layout import Layout
from tests.engine.plan.launch.engine_options import FOLDER, file_problems, parse
from tests.engine.plan.launch.launch_names import FILES, POOL_ROUTERS, ROUTERS
from tests.engine.plan.launch.launch_scenarios import CASES, Case, one

PARSERS = {
    "vllm": "vllm",
    "vllm-ascend": "vllm",
    "sglang": "sglang",
    "sglang-interval": "sglang",
    "sglang-interval-10": "sglang",
    "sglang-flashmla": "sglang",
    "trtllm": "trtllm",
    "lmdeploy": "lmdeploy",
    "atom": "atom",
    "deepspeed": "deepspeed",
    "mindie": "mindie",
}
"""Whose options an engine's lines are held against."""
EACH = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
ENGINE = pytest.mark.parametrize("engine", PARSERS)


def servers(launch: Launch) -> list[Process]:
    return [one for one in launch.processes if one.role is not Role.ROUTER]


def parsed(engine: str, process: Process) -> dict[str, str]:
    return parse(PARSERS[engine], process.words)[0]


def number(values: dict[str, str], *names: str, otherwise: int = 1) -> int:
    return next((int(values[name]) for name in names if name in values), otherwise)


def test_every_engine_with_a_table_has_its_options_recorded():
    todays = [id for id, path in bundled_files("frameworks").items() if path.parent.name != FORMER]
    tables = {id for id in todays if isinstance(load_framework(id).launch, LaunchTable)}
    assert tables == {*PARSERS}
    recorded = {*PARSERS.values(), *ROUTERS.values(), *POOL_ROUTERS.values(), *FILES.values()}
    assert all((FOLDER / f"{name}.txt").is_file() for name in recorded)


@ENGINE
@EACH
def test_every_line_parses(case: Case, engine: str):
    for process in servers(case.launch(engine)):
        assert parse(PARSERS[engine], process.words)[1] == []


@ENGINE
@EACH
def test_every_router_parses(case: Case, engine: str):
    launch = case.launch(engine)
    routers = [one for one in launch.processes if one.role is Role.ROUTER]
    workers = {one.role for one in servers(launch)}
    table = ROUTERS if Role.SERVER in workers else POOL_ROUTERS
    assert all(parse(table[engine], one.words)[1] == [] for one in routers)


@pytest.mark.parametrize("engine", ["trtllm", "mindie"])
@EACH
def test_every_file_has_keys_that_the_engine_knows(case: Case, engine: str):
    yaml = pytest.importorskip("yaml")
    for name, text in case.launch(engine).files.items():
        kind = next((kind for end, kind in FILES.items() if name.endswith(end)), None)
        if kind is not None:
            assert [*file_problems(kind, yaml.safe_load(text))] == []
        else:
            assert name == "router.conf"


@ENGINE
@EACH
def test_what_was_assumed_is_told_or_a_gap(case: Case, engine: str):
    launch, scenario = case.launch(engine), case.scenario(engine)
    prepared = case.prepared(engine)
    said = " ".join(word for one in launch.processes for word in one.words)
    said += " ".join(launch.files.values()).replace("\n", " ")
    said += " ".join(name for one in launch.processes for name, _ in one.environment).lower()
    gaps = " | ".join([*launch.gaps, *launch.notes])
    # What the engine does so without being told.
    table = prepared.framework.launch
    assert isinstance(table, LaunchTable)
    said += f" {table.defaults.get('prefill_tokens', '')}"
    layouts = [one.layout for one in servers(launch)]
    own, used = prepared.model.precision, prepared.precisions[0]
    pipelines = {one.pipeline for one in layouts if one.pipeline > 1}
    attention = {one.attention_data for one in layouts if one.attention_data > 1}
    budget = str(prepared.framework.scheduler.prefill_tokens)
    expected = [
        *((rf"(pp|pipeline)\S* {width}", "pipeline") for width in pipelines),
        *((rf"(dp|data)\S*[ :]+({width}|true)", "attention-data") for width in attention),
        (r"expert|ep", "expert") if any(one.expert > 1 for one in layouts) else None,
        (rf"{budget}|{int(budget) * max(attention, default=1)}", "prompt tokens in one pass"),
        (r"(memory|mem-fraction|cache-max-entry)", "memory share"),
        (r"(seq_len|maxSeqLen|session-len|model-len|context-length|max-length)", "context"),
        (r"quant", f"{used.weights.name} weights") if used.weights != own.weights else None,
        (r"(kv|quant|dtype)\S*[ :].*(fp8|int|nv)", f"{used.kv.name} cache")
        if used.kv != own.kv
        else None,
        (r"(spec|method)", "draft") if scenario.draft_tokens else None,
        (r"override|model_kwargs", "what-if") if scenario.edits else None,
        (r"node|local|mpirun", "nodes") if launch.spans else None,
    ]
    for told, gap in filter(None, expected):
        assert re.search(told, said) or gap in gaps, gap


@ENGINE
@EACH
def test_every_chip_is_used_once(case: Case, engine: str):
    """By one process each, or by one that starts itself on several nodes."""
    launch = case.launch(engine)
    if isinstance(load_framework(engine).launch, LaunchTable) and not any(
        "mpirun" in one.words for one in launch.processes
    ):
        devices = [(one.node, device) for one in servers(launch) for device in one.devices]
        assert len(devices) == len({*devices})
        assert len(devices) == case.arrangement.chips * case.prepared(engine).chip.devices


@ENGINE
@EACH
def test_ports_of_a_node_are_all_different(case: Case, engine: str):
    ports = [(one.node, one.port) for one in case.launch(engine).processes]
    assert len(ports) == len({*ports})


@pytest.mark.parametrize("engine", ["vllm", "vllm-ascend"])
@EACH
def test_vllm_accepts_what_it_is_told(case: Case, engine: str):
    launch, gaps = case.launch(engine), " ".join(case.launch(engine).gaps)
    for process in servers(launch):
        told = parsed(engine, process)
        sequences = number(told, "--max-num-seqs")
        assert sequences <= number(told, "--max-num-batched-tokens") or "refuses more" in gaps
        most = case.prepared(engine).architecture.maximum_positions
        assert number(told, "--max-model-len") <= (most or 1 << 30) or "the model ends" in gaps
        ranks = number(told, "--data-parallel-size")
        local = number(told, "--data-parallel-size-local", otherwise=ranks)
        group = number(told, "--tensor-parallel-size") * number(told, "--pipeline-parallel-size")
        assert process.device_count * number(told, "--nnodes") == local * group
        assert ("--headless" in told) == (process.rank > 0)


@EACH
def test_sglang_accepts_what_it_is_told(case: Case):
    for process in servers(case.launch("sglang")):
        told = parsed("sglang", process)
        ranks, attention = number(told, "--tp-size"), number(told, "--attn-dp-size")
        assert ranks % attention == 0
        assert ranks % number(told, "--ep-size") == 0
        assert ranks * number(told, "--pp-size") % number(told, "--nnodes") == 0
        assert number(told, "--max-running-requests") % attention == 0
        assert number(told, "--chunked-prefill-size") % attention == 0


@EACH
def test_tensorrt_llm_accepts_what_it_is_told(case: Case):
    launch = case.launch("trtllm")
    gaps = " ".join(launch.gaps)
    for process in servers(launch):
        told = parsed("trtllm", process)
        ranks = number(told, "--tensor_parallel_size")
        assert ranks % number(told, "--moe_expert_parallel_size") == 0
        layout, text = process.layout, launch.files[told["--config"]]
        assert ("enable_attention_dp: true" in text) == (layout.attention_data > 1)
        assert layout.attention_data in {1, ranks} or "attention-data" in gaps


def test_an_older_vllm_is_told_only_what_it_knows():
    across = next(one for one in CASES if one.arrangement.name == "TP8 PP2")
    assert "--nnodes" in across.launch("vllm").processes[0].words
    older = across.launch("vllm", "0.10")
    assert "--nnodes" not in older.processes[0].words
    assert any("on 2 nodes" in gap for gap in older.gaps)


@pytest.mark.parametrize(("told", "written"), [(None, {}), (0, {"0"}), (30, {"30"})])
def test_what_is_told_of_waiting_ranks_stands_in_the_environment_of_atom(told, written):
    settings = Settings(rank_wait=told)
    case = one("deepseek-v3", "mi355x", Layout(1, 1, 8, 8), 64, settings=settings)
    (server,) = servers(case.launch("atom"))
    assert {value for name, value in server.environment if "DELAYER" in name} == {*written}
