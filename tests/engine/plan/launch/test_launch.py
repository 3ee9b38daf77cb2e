"""Launch tables and templates: what is written, what is a gap, where processes run."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from engine.hardware.launch_table import LaunchTemplate, read_launch
from engine.plan.launch.fill import file_text, filled_words
from engine.plan.launch.nodes import place
from engine.plan.launch.process import Launch, Role, shell_word
from engine.plan.launch_lines import launch_command, launch_of, launch_text, launch_values
from engine.scenario import Mode, ReduceFormat, Settings, Workload
from engine.words.errors import InputError
from engine.words.messages import speaking
from engine.work.layout import Layout
from tests.engine.plan.launch.launch_scenarios import (
    DENSE,
    LATENT,
    MIXTURE,
    SMALL,
    lengths,
    one,
    pools,
)


def words(launch: Launch, role: Role = Role.SERVER) -> list[str]:
    return [word for each in launch.processes if each.role is role for word in each.words]


def test_an_entry_is_written_when_all_its_fields_have_values():
    fields = {"drafts": "2", "on": "true"}
    assert filled_words("--drafts {drafts} --on {on?}", fields) == ["--drafts", "2", "--on"]
    assert filled_words("--drafts {drafts} --never {never?}", fields) == []


def test_no_value_becomes_several_words_or_none():
    assert filled_words("serve {model}", {"model": "x; rm -rf /"}) == ["serve", "x; rm -rf /"]
    assert filled_words("--x '{\"n\":{n}}'", {"n": "2"}) == ["--x", '{"n":2}']


def test_a_file_holds_the_lines_whose_fields_have_values():
    table = read_launch(
        {
            "command": "serve {model}",
            "version": "1",
            "flags": [],
            "file": {"name": "a.yaml", "flag": "", "lines": ["a.b: {x}", "a.c: {y}", "d: {z}"]},
        }
    )
    lines = [entry.text for entry in table.file.lines]
    assert file_text(table.file, lines, {"x": "fp8", "z": "[1]"}) == "a:\n  b: fp8\nd: [1]\n"
    assert file_text(table.file, lines, {}) == ""


def test_a_json_file_has_lists_where_keys_are_places():
    table = read_launch(
        {
            "command": "serve",
            "version": "1",
            "flags": [],
            "file": {"name": "a.json", "flag": "", "lines": ["m.0.tp: {x}"]},
        }
    )
    text = file_text(table.file, [table.file.lines[0].text], {"x": "8"})
    assert text.split() == ["{", '"m":', "[", "{", '"tp":', "8", "}", "]", "}"]


def test_addresses_are_variables_of_the_shell():
    assert shell_word("http://<NODE1>:80") == 'http://"${NODE1}":80'
    assert shell_word("a b") == "'a b'"


@pytest.mark.parametrize(
    ("workers", "expected"),
    [
        ([4, 4], [[(0, 4)], [(0, 4)]]),
        ([3, 3, 3], [[(0, 3)], [(0, 3)], [(1, 3)]]),
        ([2, 16, 2], [[(0, 2)], [(1, 8), (2, 8)], [(3, 2)]]),
        ([12], [[(0, 6), (1, 6)]]),
    ],
)
def test_workers_fill_one_node_after_the_other(workers, expected):
    found = place(workers, 8)
    assert [[(each.node, len(each.devices)) for each in spread] for spread in found] == expected


def test_replicas_on_one_node_have_devices_and_ports_of_their_own():
    first, second, *_ = one(DENSE, "h100_sxm", Layout(4, replicas=2)).launch("vllm").processes
    assert first.environment == (("CUDA_VISIBLE_DEVICES", "0,1,2,3"),)
    assert second.environment == (("CUDA_VISIBLE_DEVICES", "4,5,6,7"),)
    assert (first.port, second.port) == (8001, 8002)


def test_a_router_stands_in_front_of_replicas():
    launch = one(SMALL, "h100_sxm", Layout(replicas=2)).launch("sglang")
    assert "http://<NODE0>:8002" in words(launch, Role.ROUTER)


def test_a_replica_that_has_the_node_to_itself_is_told_no_devices():
    (process,) = one(DENSE, "h100_sxm", Layout(8)).launch("vllm").processes
    assert process.environment == ()


@pytest.mark.parametrize(
    ("engine", "variable"), [("vllm", "VLLM_ROCM_USE_AITER"), ("sglang", "SGLANG_USE_AITER")]
)
@pytest.mark.parametrize(
    ("chip", "told"), [("mi300x", True), ("mi355x", True), ("mi250x", False), ("h100_sxm", False)]
)
def test_kernels_that_published_runs_on_amd_had_are_turned_on(engine, variable, chip, told):
    (process,) = one(DENSE, chip, Layout(8)).launch(engine).processes
    assert ((variable, "1") in process.environment) is told


@pytest.mark.parametrize(
    ("build", "told"),
    [
        ("no-aiter", {("VLLM_ROCM_USE_AITER", "0")}),
        ("no-aiter-moe", {("VLLM_ROCM_USE_AITER", "1"), ("VLLM_ROCM_USE_AITER_MOE", "0")}),
    ],
)
def test_a_build_without_aiter_is_told_so(build, told):
    case = one(DENSE, "mi355x", Layout(8), settings=Settings(build=build))
    (process,) = case.launch("vllm").processes
    assert told == {item for item in process.environment if "AITER" in item[0]}


@pytest.mark.parametrize(
    ("chip", "build", "told"),
    [("mi355x", "", True), ("mi355x", "no-aiter-moe", False), ("mi300x", "", False)],
)
def test_experts_in_int4_are_of_flydsl_where_it_has_them(chip, build, told):
    case = one(MIXTURE, chip, Layout(8), weights="int4", settings=Settings(build=build))
    (process,) = case.launch("vllm").processes
    assert ("flydsl" in process.arguments) is told


@pytest.mark.parametrize(("layout", "told"), [(Layout(8), True), (Layout(replicas=8), False)])
def test_quantised_all_reduces_are_told_where_there_are_any(layout, told):
    settings = Settings(reduce_format=ReduceFormat.INT6)
    case = one(SMALL, "mi300x", layout, settings=settings)
    process = case.launch("vllm").processes[0]
    assert (("VLLM_ROCM_QUICK_REDUCE_QUANTIZATION", "INT6") in process.environment) is told


def test_weights_that_the_engine_cannot_make_need_another_checkpoint():
    gaps = one(DENSE, "h100_sxm", Layout(8), weights="int4").launch("vllm").gaps
    assert any("int4 weights" in gap and "checkpoint stored so" in gap for gap in gaps)


def test_weights_that_the_engine_makes_are_a_flag():
    launch = one(DENSE, "h100_sxm", Layout(8), weights="fp8").launch("vllm")
    assert "fp8_per_tensor" in words(launch)
    assert launch.gaps == ()


def test_a_format_of_the_cache_is_spelled_as_the_engine_does():
    launch = one(DENSE, "h100_sxm", Layout(8), kv="fp8").launch("sglang")
    assert "fp8_e4m3" in words(launch)
    assert any(
        "int4 cache" in gap
        for gap in one(DENSE, "h100", Layout(8), kv="int4").launch("sglang").gaps
    )


def test_what_an_engine_has_no_flag_for_is_a_gap():
    gaps = one(DENSE, "h100_sxm", Layout(2, 4)).launch("lmdeploy").gaps
    assert any(gap.startswith("pipeline parallelism of 4") for gap in gaps)


def test_context_has_room_for_a_template_as_far_as_the_model_goes():
    assert "5248" in words(one(SMALL, "h100_sxm", Layout()).launch("vllm"))
    told = one(SMALL, "h100_sxm", Layout(), workload=lengths(130_048, 1024)).launch("vllm")
    assert "131072" in words(told)


def test_a_context_that_was_asked_for_is_told_as_it_is():
    launch = one(SMALL, "h100_sxm", Layout(), settings=Settings(max_context=9000)).launch("vllm")
    assert "9000" in words(launch)


def test_a_card_of_two_devices_is_twice_as_wide():
    launch = one("qwen3-32b", "ascend_910c", Layout(4)).launch("vllm-ascend")
    values = words(launch)
    assert values[values.index("--tensor-parallel-size") + 1] == "8"
    assert any("predicted as one device" in note for note in launch.notes)


def test_what_ifs_that_other_weights_would_need_are_gaps():
    case = one(SMALL, "h100_sxm", Layout(), edits=(("num_hidden_layers", 16), ("rope_theta", 1e6)))
    launch = case.launch("vllm")
    assert '{"rope_theta":1000000.0}' in words(launch)
    assert any("num_hidden_layers" in gap for gap in launch.gaps)


def test_an_engine_that_does_not_run_on_the_chip_says_so():
    launch = one(DENSE, "mi300x", Layout(4)).launch("trtllm")
    assert launch.refused == launch.gaps[:1]
    assert "does not run on Instinct MI300X" in launch.refused[0]


def test_pools_get_their_roles_and_a_router():
    launch = pools(LATENT, "h200_sxm", "TP8 x2", "TP1 EP16 DP16").launch("sglang")
    roles = [(each.role, each.replica, each.rank) for each in launch.processes]
    assert roles == [
        (Role.PREFILL, 0, 0),
        (Role.PREFILL, 1, 0),
        (Role.DECODE, 0, 0),
        (Role.DECODE, 0, 1),
        (Role.ROUTER, 0, 0),
    ]


def test_an_unknown_version_is_refused():
    with pytest.raises(InputError, match=r"version '9.9' of vLLM: expected 0.10 to 0.33"):
        one(SMALL, "h100_sxm", Layout()).launch("vllm", "9.9")


def test_a_plain_template_is_filled_in_and_what_it_leaves_out_is_said():
    case = one(SMALL, "h100_sxm", Layout(2, 2), 64)
    prepared = case.prepared("vllm")
    own = replace(
        prepared.framework,
        launch=LaunchTemplate("mine {model} -t {tensor} {expert_flag}-b {batch}"),
    )
    arrangement, precision = case.arrangement, prepared.precisions[0]
    asked = (replace(prepared, framework=own), case.scenario("vllm"), arrangement, precision, 64)
    assert launch_command(*asked).startswith("mine meta-llama/Llama-3.1-8B-Instruct -t 2 -b 64\n")
    assert any(gap.startswith("pipeline parallelism of 2") for gap in launch_of(*asked).gaps)


def test_plain_values_hold_one_worker_of_each_role():
    launch = one(SMALL, "h100_sxm", Layout(replicas=8)).launch("vllm")
    values = launch_values(launch)
    assert [(each["name"], each["workers"]) for each in values["processes"]] == [
        ("server-1", 8),
        ("router-1", 1),
    ]


def test_text_has_gaps_as_comments():
    launch = one(DENSE, "h100_sxm", Layout(8), weights="int4").launch("vllm")
    command, gap = launch_text(launch).splitlines()
    assert command.startswith("vllm serve ")
    assert gap.startswith("# gap: int4 weights")


def test_what_the_reader_sees_to_is_no_gap():
    """The server of a placeholder, of trusted code or of cards of two devices is the predicted."""
    cards = one("qwen3-32b", "ascend_910c", Layout(4, replicas=2)).launch("sglang")
    assert (len(cards.gaps), len(cards.notes)) == (0, 1)
    static = one(SMALL, "h100_sxm", Layout(), workload=Workload(mode=Mode.STATIC)).launch("vllm")
    assert static.gaps == ()
    assert launch_text(static).splitlines()[1].startswith("# see to: static batches")


def test_what_an_engines_file_says_it_refuses_is_a_gap_in_todays_language():
    case = one(LATENT, "h200_sxm", Layout(1, 1, 8, 8), draft="llama-3.1-8b", draft_tokens=3)
    with speaking("zh"):
        launch = replace(case, changes={**case.changes, "acceptance": 0.7}).launch("sglang")
    assert "用模型起草同时注意力数据并行：SGLang 拒绝" in launch.gaps


def test_the_users_own_table_may_build_on_nothing(tmp_path: Path, monkeypatch):
    """A user's profile with a launch table of a few flags loads through its schema."""
    from engine.hardware.framework_profiles import load_framework

    folder = tmp_path / "rooftop" / "frameworks"
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text(
        'id = "mine"\nname = "Mine"\nversion = "1"\nstep_us = 1\nmemory_fraction = 0.9\n'
        "reserve_gib = 1\nchunk_tokens = 8192\nchunked_prefill = true\nmax_sequences = 64\n"
        '[launch]\ncommand = "mine {model}"\nversion = "1"\nflags = ["-t {tensor}"]\n'
    )
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert load_framework("mine").launch.command == "mine {model}"


def test_wide_experts_are_dispatched_and_copied_as_predicted():
    told = words(one(LATENT, "h100_sxm", Layout(1, 1, 64, 64), 4096).launch("sglang"))
    assert told[told.index("--moe-a2a-backend") + 1] == "deepep"
    assert told[told.index("--ep-num-redundant-experts") + 1] == "64"


def test_a_decode_pool_dispatches_for_latency():
    launch = pools(LATENT, "h200_sxm", "TP8 x2", "TP1 EP16 DP16").launch("vllm")
    assert "deepep_low_latency" in words(launch, Role.DECODE)


def test_a_dispatch_that_no_option_says_is_a_gap():
    gaps = one(LATENT, "mi300x", Layout(1, 1, 16, 16), 512).launch("vllm", "0.20").gaps
    assert any(gap.startswith("tokens that are sent only to their experts") for gap in gaps)


def test_a_dispatcher_is_that_of_the_chips():
    told = words(one(LATENT, "mi300x", Layout(1, 1, 16, 16), 512).launch("sglang"))
    assert told[told.index("--moe-a2a-backend") + 1] == "mori"


def test_an_engine_that_starts_replicas_by_itself_is_one_process():
    launch = one(SMALL, "h100_sxm", Layout(2, replicas=4)).launch("deepspeed")
    (process,) = launch.processes
    assert process.words[process.words.index("--replica-num") + 1] == "4"
    assert process.device_count == 8


def test_a_front_for_replicas_lists_them_in_its_file():
    launch = one(SMALL, "h100_sxm", Layout(4, replicas=2)).launch("trtllm")
    assert launch.processes[-1].words[-2:] == ("-c", "router.conf")
    lines = launch.files["router.conf"].splitlines()
    assert [line for line in lines if line.startswith("server <")] == [
        "server <NODE0>:8001 max_fails=0;",
        "server <NODE0>:8002 max_fails=0;",
    ]
    assert "listen 8000;" in lines


def test_sglang_is_told_the_block_of_dspark():
    """It refuses any other number of verified tokens than the block and one."""
    case = one(SMALL, "h100_sxm", Layout(), 64, draft="dspark", draft_tokens=3)
    command = case.launch("sglang").processes[0].line
    assert "--speculative-dspark-block-size 3" in command
    assert "--speculative-num-draft-tokens" not in command


def test_a_draft_that_nobody_named_is_a_place_to_fill_in():
    launch = one(SMALL, "h100_sxm", Layout(), 64, draft_tokens=3, acceptance=0.7).launch("vllm")
    assert '"${DRAFT_MODEL}"' in launch.processes[0].line
    assert [note for note in launch.notes if "draft" in note] == [
        "3 draft tokens by eagle3: no draft was named; give its checkpoint as --draft"
    ]


def test_a_degree_that_an_engine_has_not_is_said_once():
    gaps = one(SMALL, "h100_sxm", Layout(2, 2)).launch("lmdeploy").gaps
    assert [gap for gap in gaps if "pipeline" in gap] == [
        "pipeline parallelism of 2: LMDeploy TurboMind has none"
    ]


def test_both_pools_are_told_the_widths_of_both():
    launch = pools("qwen3-32b", "ascend_910b3", "TP4 x2", "TP2 x2", 64).launch("vllm-ascend")
    for role in (Role.PREFILL, Role.DECODE):
        text = next(word for word in words(launch, role) if "Mooncake" in word)
        extra = json.loads(text)["kv_connector_extra_config"]
        assert extra == {
            "prefill": {"dp_size": 1, "tp_size": 4},
            "decode": {"dp_size": 1, "tp_size": 2},
        }
    router = words(launch, Role.ROUTER)
    ports = router[router.index("--prefiller-ports") + 1 :][:2]
    assert ports == ["8001", "8002"]


def test_a_prefill_pool_narrower_than_its_decode_pool_is_refused_where_it_must_be_wider():
    gaps = pools("qwen3-32b", "ascend_910b3", "TP2 x2", "TP4 x1", 64).launch("vllm-ascend").gaps
    assert any(gap.startswith("TP of 2 for prefill and 4 for decode") for gap in gaps)
