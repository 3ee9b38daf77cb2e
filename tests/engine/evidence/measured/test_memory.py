"""Start-up logs: read, predicted as anybody can ask it, and reported by engine and era."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from engine.cli import run
from engine.evidence.measured.kind_rows import first_kind
from engine.evidence.measured.library import Library
from engine.evidence.measured.memory_predict import memory_scenario, predict_memory
from engine.evidence.measured.memory_report import memory_csv, memory_groups
from engine.evidence.measured.memory_rows import KIND, read_memory_rows
from engine.evidence.measured.record import read_memory_record
from engine.words.errors import InputError

REFERENCE = Path(__file__).parents[4].parent / "shared" / "reference"
ROW = {
    "id": "A1",
    "kind": "memory",
    "engine": "vllm",
    "engine_version": "0.11.2",
    "model": "meta-llama/Meta-Llama-3-8B-Instruct",
    "chip": "h200",
    "chips": "1",
    "tp": "1",
    "gpu_memory_utilization": "0.9",
    "max_model_len": "1024",
    "max_num_batched_tokens": "8192",
    "weights_gib_per_gpu": "14.96",
    "kv_available_gib_per_gpu": "105.97",
    "kv_tokens_total": "868080",
    "verdict": "ran",
}


def written(path: Path, *changes: dict[str, str]) -> Path:
    file = path / "memory.csv"
    with file.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, ROW.keys() | {key for one in changes for key in one})
        writer.writeheader()
        writer.writerows(ROW | one for one in changes)
    return file


def test_files_are_told_apart_by_their_kind(tmp_path: Path):
    assert first_kind(written(tmp_path, {})) == KIND
    assert first_kind(written(tmp_path, {"kind": "serving"})) != KIND
    assert first_kind(tmp_path / "none.csv") != KIND


def test_a_row_becomes_settings_that_anybody_can_give(tmp_path: Path):
    row = read_memory_rows(written(tmp_path, {"max_num_seqs": "64"}))[0]
    settings = memory_scenario(row, Library()).settings
    assert settings.memory_fraction == 0.9
    assert settings.prefill_tokens == 8192
    assert settings.max_sequences == 64
    assert settings.max_context == 1024
    assert settings.build == "0.11.2"


def test_what_the_log_does_not_say_is_the_engines_own(tmp_path: Path):
    row = read_memory_rows(
        written(tmp_path, {"max_num_batched_tokens": "-1", "engine_version": "recipes"})
    )[0]
    settings = memory_scenario(row, Library()).settings
    assert settings.prefill_tokens is None
    assert settings.build == ""


def test_errors_are_of_weights_cache_and_tokens(tmp_path: Path):
    rows = read_memory_rows(written(tmp_path, {}, {"id": "A2", "engine_version": "0.33.0"}))
    groups = memory_groups(rows, predict_memory(rows))
    assert [(one.engine, one.era) for one in groups] == [
        ("all", "all"),
        ("vllm", "all"),
        ("vllm", "below 0.15"),
        ("vllm", "newest"),
    ]
    old = groups[2]
    assert old.weights is not None
    assert old.weights.median < 0.001
    assert old.pool is not None
    assert old.pool.median < 0.2
    assert old.tokens is not None
    assert old.tokens.median < 0.002


def test_verdicts_are_counted_both_ways(tmp_path: Path):
    big = {"model": "deepseek-ai/DeepSeek-R1", "verdict": "oom_weights"}
    rows = read_memory_rows(written(tmp_path, {}, big, big | {"verdict": "ran"}))
    whole = memory_groups(rows, predict_memory(rows))[0]
    assert (whole.deaths, whole.called) == (1, 1)
    assert (whole.ran, whole.refused) == (2, 1)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"chip": "h900"}, "chip 'h900' is unknown"),
        ({"engine": "llama.cpp"}, "engine llama.cpp is not described"),
        ({"kv_tokens_total": "many"}, "kv_tokens_total: found 'many', expected a number"),
        ({"ep": "3"}, "ep 3: expected a divisor of 1 ranks"),
    ],
)
def test_a_row_that_cannot_be_predicted_says_why(tmp_path: Path, change, reason: str):
    rows = read_memory_rows(written(tmp_path, change))
    assert reason in predict_memory(rows)[0].refused


def test_a_missing_column_is_named(tmp_path: Path):
    path = tmp_path / "memory.csv"
    path.write_text("id,kind\nA1,memory\n")
    with pytest.raises(InputError, match="column engine is missing"):
        read_memory_rows(path)


def test_the_csv_names_what_servers_print(tmp_path: Path):
    rows = read_memory_rows(written(tmp_path, {}, {"id": "A2", "chip": "none"}))
    lines = list(csv.DictReader(io.StringIO(memory_csv(rows, predict_memory(rows)))))
    assert list(lines[0])[:5] == [
        "id",
        "weights_gib_per_gpu",
        "kv_available_gib_per_gpu",
        "kv_tokens_total",
        "starts",
    ]
    assert lines[0]["starts"] == "true"
    assert float(lines[0]["kv_available_gib_per_gpu"]) == pytest.approx(105.97, abs=0.2)
    assert lines[1]["starts"] == ""
    assert "none" in lines[1]["refused"]


def test_validate_reads_start_up_logs(tmp_path: Path, capsys):
    file, out = written(tmp_path, {}), tmp_path / "out.csv"
    assert run(["validate", str(file), "--csv", str(out)]) == 0
    assert "memory: 1 of 1 row predicted" in capsys.readouterr().out
    assert out.read_text().startswith("id,weights_gib_per_gpu")
    assert run(["validate", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["groups"][0]["rows"] == 1


def test_the_record_is_of_the_whole_and_its_engines():
    record = read_memory_record()
    assert record.groups[0].engine == "all"
    assert record.groups[0].rows <= record.rows
    assert {one.engine for one in record.groups} >= {"vllm", "sglang", "trtllm"}


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="the start-up logs are not here")
def test_servers_that_ran_are_not_refused():
    rows = read_memory_rows(REFERENCE / "memory.csv")
    whole = memory_groups(rows, predict_memory(rows, REFERENCE / "memory_configs"))[0]
    assert whole.refused == 0
    assert whole.tokens is not None
    assert whole.tokens.median < 0.03
