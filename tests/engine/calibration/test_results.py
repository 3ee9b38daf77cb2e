"""Result files of benchmark clients, and the command that reads them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.calibration.results import read_runs
from engine.cli import run
from engine.errors import InputError
from engine.layout import Layout

RESULT = {
    "max_concurrency": 16,
    "completed": 160,
    "duration": 100.0,
    "total_input_tokens": 160_000,
    "total_output_tokens": 80_000,
    "mean_ttft_ms": 120.0,
    "median_ttft_ms": 100.0,
    "mean_tpot_ms": 12.0,
    "median_tpot_ms": 11.5,
}


def test_vllm_result_gives_mean_lengths_and_medians(tmp_path: Path) -> None:
    file = tmp_path / "vllm.json"
    file.write_text(json.dumps(RESULT))
    (found,) = read_runs([file], Layout())
    assert (found.input_tokens, found.output_tokens) == (1000, 500)
    assert (found.ttft_ms, found.tpot_ms, found.concurrency) == (100.0, 11.5, 16)


def test_sglang_lines_give_one_run_each(tmp_path: Path) -> None:
    file = tmp_path / "sglang.jsonl"
    file.write_text("\n".join(json.dumps(RESULT | {"max_concurrency": n}) for n in (1, 8, 32)))
    assert [one.concurrency for one in read_runs([file], Layout())] == [1, 8, 32]


def test_without_a_limit_concurrency_follows_from_littles_law(tmp_path: Path) -> None:
    file = tmp_path / "open.json"
    file.write_text(json.dumps(RESULT | {"max_concurrency": None}))
    (found,) = read_runs([file], Layout())
    assert found.concurrency == pytest.approx(160 * (0.120 + 499 * 0.012) / 100)


def test_missing_key_is_named(tmp_path: Path) -> None:
    file = tmp_path / "bad.json"
    file.write_text(json.dumps({key: RESULT[key] for key in RESULT if key != "completed"}))
    with pytest.raises(InputError, match="completed: found nothing"):
        read_runs([file], Layout())


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "notes.json"
    file.write_text("not a result")
    with pytest.raises(InputError, match="no benchmark result found"):
        read_runs([file], Layout())


def test_command_writes_a_profile_that_loads(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    files = []
    for concurrency, tpot in ((1, 7.5), (16, 9.5), (64, 14.0)):
        file = tmp_path / f"{concurrency}.json"
        changed = {"max_concurrency": concurrency, "median_tpot_ms": tpot}
        file.write_text(json.dumps(RESULT | changed))
        files.append(str(file))
    options = ["--chip", "h100_sxm", "--model", "llama-3.1-8b", "--name", "mine"]
    assert run(["calibrate", *files, *options]) == 0
    assert "use it with --framework mine" in capsys.readouterr().out
    from engine.framework_profiles import framework_ids, load_framework

    assert "mine" in framework_ids()
    assert load_framework("mine").origin.endswith("mine.toml")


def test_too_few_runs_end_with_code_two(tmp_path, capsys) -> None:
    file = tmp_path / "one.json"
    file.write_text(json.dumps(RESULT))
    code = run(["calibrate", str(file), "--chip", "h100_sxm", "--model", "llama-3.1-8b"])
    assert code == 2
    assert "expected at least 3" in capsys.readouterr().err
