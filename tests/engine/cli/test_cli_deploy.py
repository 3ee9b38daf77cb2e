"""From a plan to its files, and back from results: deploy, check, verify."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from engine.cli import run
from engine.plan.saved.plan_file import load_plan

ROOT = Path(__file__).parents[3]
ARGUMENTS = [
    *("--model", "llama-3.1-8b", "--chip", "h100_sxm", "--chips", "2"),
    *("--isl", "1000", "--osl", "500", "--tpot", "30"),
]


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plans") / "plan.toml"
    assert run(["plan", *ARGUMENTS, "-o", str(path)]) == 0
    return path


@pytest.fixture(scope="module")
def expected(plan: Path) -> dict:
    return load_plan(plan).document["verify"]["runs"][0]


def result(expected: dict, **changes: object) -> dict:
    """A run of vLLM's client that shows exactly what was expected."""
    concurrency = expected["concurrency"]
    means = {name: one["value"] for name, one in expected["expected"].items()}
    output = 500 * 10 * concurrency
    return {
        "backend": "openai",
        "completed": 10 * concurrency,
        "duration": output / (2 * means["tps_per_chip"]),
        "total_input_tokens": 1000 * 10 * concurrency,
        "total_output_tokens": output,
        "max_concurrency": concurrency,
        "output_lens": [500, 500],
        "mean_ttft_ms": means["ttft_ms"],
        "mean_tpot_ms": means["tpot_ms"],
        **changes,
    }


def verified(plan: Path, folder: Path, *records: dict) -> int:
    path = folder / "r.jsonl"
    path.write_text("\n".join(map(json.dumps, records)))
    return run(["verify", str(plan), str(path)])


def test_files_are_written_and_gaps_are_told(plan: Path, tmp_path: Path, capsys):
    assert run(["deploy", str(plan), "--to", "sh", "-o", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out.endswith("start.sh\n")
    assert "vllm serve meta-llama" in (tmp_path / "out" / "start.sh").read_text()


def test_gaps_and_notes_are_told_apart(tmp_path: Path, capsys):
    path = tmp_path / "plan.toml"
    options = ["--weights", "int3", "--draft-tokens", "3", "--acceptance", "0.7"]
    assert run(["plan", *ARGUMENTS, *options, "-o", str(path)]) == 0
    launch = load_plan(path).document["launch"]
    assert [one.partition(":")[0] for one in launch["gaps"]] == ["int3 weights"]
    assert [one.partition(":")[0] for one in launch["notes"]] == ["3 draft tokens by eagle3"]
    capsys.readouterr()
    assert run(["deploy", str(path), "--to", "sh", "--language", "zh"]) == 0
    out, err = capsys.readouterr()
    assert out.index("# In what this differs") < out.index("# What you have to see to")
    assert "#   int3 weights: vLLM does not make them" in out
    assert [line.partition("：")[0] for line in err.splitlines()] == ["缺口", "请处理"]


def test_without_a_folder_they_are_printed(plan: Path, capsys):
    assert run(["deploy", str(plan), "--to", "compose"]) == 0
    assert "services:" in capsys.readouterr().out


def test_files_that_exist_are_refused_and_forced(plan: Path, tmp_path: Path, capsys):
    (tmp_path / "start.sh").write_text("mine")
    command = ["deploy", str(plan), "--to", "sh", "-o", str(tmp_path)]
    assert run(command) == 2
    assert "--force replaces it" in capsys.readouterr().err
    assert run([*command, "--force"]) == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--to", "heroku"], "known: compose"),
        (["--to", "sh", "--engine-version", "0.3"], "expected 0.10 to 0.33"),
        (["--to", "sh", "-o", "/proc/nowhere"], "/proc/nowhere"),
    ],
)
def test_what_cannot_be_deployed_is_one_line(plan: Path, options: list[str], message: str, capsys):
    assert run(["deploy", str(plan), *options]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--to", "sh", "--engine-version", "99"], "vLLM 的版本 '99'：应为 0.10 至 0.33"),
        (["--to", "sh", "-o", "/proc/nowhere"], "/proc/nowhere：文件或目录不存在，应为目录"),
        (["--to", "llmisvc", "--engine-version", "x"], "vLLM 的版本 'x'"),
    ],
)
def test_what_cannot_be_deployed_is_said_in_chinese(plan: Path, options, message: str, capsys):
    assert run(["--language", "zh", "deploy", str(plan), *options]) == 2
    assert message in capsys.readouterr().err


def test_files_that_exist_are_told_in_chinese(plan: Path, tmp_path: Path, capsys):
    (tmp_path / "start.sh").write_text("mine")
    command = ["deploy", str(plan), "--to", "sh", "-o", str(tmp_path), "--language", "zh"]
    assert run(command) == 2
    assert "start.sh：已存在，没有写入；--force 覆盖" in capsys.readouterr().err


def test_an_engine_that_does_not_run_on_the_chip_is_refused(plan: Path, tmp_path: Path, capsys):
    other = tmp_path / "other.toml"
    other.write_text(plan.read_text().replace('framework = "vllm"', 'framework = "atom"'))
    assert run(["deploy", str(other), "--to", "sh"]) == 2
    assert "ATOM (AMD) does not run on H100" in capsys.readouterr().err


def test_a_plan_of_today_checks_out(plan: Path, capsys):
    assert run(["check", str(plan)]) == 0
    assert "still meets its objectives; drifted by 0.0% at most" in capsys.readouterr().out


def test_a_plan_that_drifted_is_told(plan: Path, tmp_path: Path, capsys):
    document = load_plan(plan).document
    tpot = document["choice"]["metrics"]["tpot_ms"]
    text = plan.read_text().replace(f"tpot_ms = {tpot}", f"tpot_ms = {tpot * 1.5}", 1)
    drifted = tmp_path / "drifted.toml"
    drifted.write_text(text)
    assert run(["check", str(drifted), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["good"], found["meets"]) == (False, True)
    assert run(["check", str(drifted), "--within", "0.5"]) == 0


def test_a_plan_that_no_longer_meets_is_told(plan: Path, tmp_path: Path, capsys):
    stricter = tmp_path / "stricter.toml"
    stricter.write_text(plan.read_text().replace("tpot_ms = 30.0", "tpot_ms = 3.0"))
    assert run(["check", str(stricter)]) == 1
    assert "no longer meets its objectives" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("schema_version = 2", "schema_version = 99", "reads up to 2; use a newer one"),
        ('chip = "h100_sxm"', 'chip = "h999"', "chip 'h999' is unknown"),
        ('model = "llama-3.1-8b"', 'model = "no-such"', "'no-such' is neither a profile"),
        ('precision = "W16A16 KV16 bf16"', 'precision = "W1A1"', "choice.precision: found 'W1A1'"),
        ("[scenario]", "[scenario", "not valid TOML"),
    ],
)
def test_a_plan_that_cannot_be_read_is_neither_met_nor_missed(
    plan: Path, tmp_path: Path, capsys, before: str, after: str, message: str
):
    other, text = tmp_path / "other.toml", plan.read_text()
    assert before in text
    other.write_text(text.replace(before, after, 1))
    assert run(["check", str(other)]) == 2
    out, error = capsys.readouterr()
    assert (out, message in error, error.count("\n")) == ("", True, 1)
    assert run(["verify", str(other), str(plan)]) == 2


@pytest.mark.parametrize(("limit", "code"), [("tpot_ms = 30.0", 0), ("tpot_ms = 3.0", 1)])
def test_a_verdict_stands_where_the_reader_has_left(
    plan: Path, tmp_path: Path, limit: str, code: int
):
    other = tmp_path / "other.toml"
    other.write_text(plan.read_text().replace("tpot_ms = 30.0", limit))
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "engine", "check", str(other)]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, check=False, cwd=ROOT)
    os.close(writer)
    assert (done.returncode, done.stderr) == (code, b"")


def test_a_file_that_is_no_plan_is_refused(tmp_path: Path, capsys):
    (tmp_path / "x.toml").write_text("a = 1")
    assert run(["check", str(tmp_path / "x.toml")]) == 2
    assert "not a rooftop plan" in capsys.readouterr().err


def test_a_plan_says_how_to_verify_it(plan: Path):
    document = load_plan(plan).document
    full = document["choice"]["batch"] * document["choice"]["layout"]["replicas"]
    runs = document["verify"]["runs"]
    assert [one["concurrency"] for one in runs] == [full, full // 2, full // 4]
    assert set(runs[0]["lines"]) == {"vllm", "sglang", "aiperf", "guidellm"}
    assert f"--max-concurrency {full} " in runs[0]["lines"]["vllm"]


def test_a_run_that_shows_what_was_expected_is_inside(plan, expected, tmp_path, capsys):
    assert verified(plan, tmp_path, result(expected)) == 0
    assert "3 of 3 figures inside their ranges" in capsys.readouterr().out


def test_a_slower_run_is_outside_and_a_constant_would_explain_it(plan, expected, tmp_path, capsys):
    slower = result(expected, mean_tpot_ms=expected["expected"]["tpot_ms"]["high"] * 1.5)
    assert verified(plan, tmp_path, result(expected), slower) == 1
    out = capsys.readouterr().out
    assert "OUTSIDE" in out
    assert "would explain it" in out


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"total_input_tokens": 1}, "tokens in on average, expected the plan's 1,000"),
        ({"model_id": "Qwen/Qwen3-8B"}, "found a run of Qwen/Qwen3-8B"),
        ({"spec_decode_acceptance_length": 2.5}, "expected no speculative decoding"),
    ],
)
def test_a_run_of_something_else_is_refused(plan, expected, tmp_path, capsys, changes, message):
    assert verified(plan, tmp_path, result(expected, **changes)) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"total_input_tokens": 1}, "应为方案的 1,000"),
        ({"model_id": "Qwen/Qwen3-8B"}, "应为 meta-llama/"),
    ],
)
def test_a_run_of_something_else_is_refused_in_chinese(
    plan, expected, tmp_path, capsys, changes, message
):
    path = tmp_path / "r.json"
    path.write_text(json.dumps(result(expected, **changes)))
    assert run(["--language", "zh", "verify", str(plan), str(path)]) == 2
    assert message in capsys.readouterr().err


def test_two_constants_that_explain_several_runs_are_named(plan: Path, tmp_path: Path, capsys):
    """Memory and arithmetic that are both slower, at three loads."""
    runs = load_plan(plan).document["verify"]["runs"]
    records = [
        result(
            one,
            mean_ttft_ms=one["expected"]["ttft_ms"]["value"] * 1.5,
            mean_tpot_ms=one["expected"]["tpot_ms"]["value"] * 1.4,
        )
        for one in runs
    ]
    assert verified(plan, tmp_path, *records) == 1
    together = capsys.readouterr().out.splitlines()[-1]
    assert together.startswith("Together: bandwidth efficiency of")
    assert "and compute efficiency of" in together


def test_runs_with_drafts_are_fitted_as_they_kept_them(tmp_path: Path, capsys):
    """Memory and arithmetic that are both slower; of three tokens 2.4 a step come out."""
    path = tmp_path / "drafts.toml"
    assert run(["plan", *ARGUMENTS, "--draft-tokens", "3", "-o", str(path)]) == 0
    records = [
        result(
            one,
            mean_ttft_ms=one["expected"]["ttft_ms"]["value"] * 1.5,
            mean_tpot_ms=one["expected"]["tpot_ms"]["value"] * 1.7,
            spec_decode_acceptance_length=2.4,
        )
        for one in load_plan(path).document["verify"]["runs"]
    ]
    capsys.readouterr()
    assert verified(path, tmp_path, *records) == 1
    assert "efficiency" in capsys.readouterr().out.splitlines()[-1]


def test_one_load_cannot_tell_constants_apart(plan: Path, tmp_path: Path, expected: dict, capsys):
    assert verified(plan, tmp_path, result(expected, mean_tpot_ms=60.0)) == 1
    assert "not identifiable from runs at 1 load" in capsys.readouterr().out


def test_a_plan_at_a_rate_is_verified_at_it(tmp_path: Path, capsys):
    path = tmp_path / "rate.toml"
    load = ["--rate", "16", "--burstiness", "0.5", "--isl-spread", "0.2", "--turns", "2"]
    assert run(["plan", *ARGUMENTS, *load, "-o", str(path)]) == 0
    verify = load_plan(path).document["verify"]
    (first, *_) = verify["runs"]
    assert [one["requests_per_second"] for one in verify["runs"]] == [16.0, 8.0, 4.0]
    assert "--request-rate 16 --burstiness 0.5" in first["lines"]["vllm"]
    assert "--max-concurrency" not in first["lines"]["vllm"]
    assert any("2 turns" in gap for gap in verify["gaps"])
    means = {name: one["value"] for name, one in first["expected"].items()}
    measured = {
        "backend": "openai",
        "request_rate": 16.0,
        "completed": 1600,
        "duration": 100.0,
        "total_input_tokens": 1_600_000,
        "total_output_tokens": 800_000,
        "mean_ttft_ms": means["ttft_ms"],
        "mean_tpot_ms": means["tpot_ms"],
    }
    capsys.readouterr()
    assert verified(path, tmp_path, measured) == 0, capsys.readouterr().out
    closed = {**measured, "request_rate": "inf", "max_concurrency": 8}
    assert verified(path, tmp_path, closed) == 2
    assert "expected one at a rate" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("engine", "build", "said"),
    [
        ("sglang", "2025-11-01", "options were read from 0.5.10 on"),
        ("vllm", "2026-02-10", "its version is not known"),
        ("vllm", "0.12", ""),
    ],
)
def test_a_former_build_has_its_own_options_as_far_as_they_are_known(
    engine: str, build: str, said: str, tmp_path: Path
):
    path = tmp_path / "former.toml"
    options = ["--framework", engine, "--build", build, "-o", str(path)]
    assert run(["plan", *ARGUMENTS, *options]) == 0
    launch = load_plan(path).document["launch"]
    assert said in " ".join(launch["notes"])
    assert bool(said) == ("the build" in str(launch["notes"]))
    newer = re.search("--max-cudagraph-capture-size|--cuda-graph-max-bs-decode", launch["command"])
    assert bool(newer) == (build == "2026-02-10")
