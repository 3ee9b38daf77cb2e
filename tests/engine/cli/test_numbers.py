"""Wherever the command line reads a number, it is written in plain digits."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.cli import run

MODEL = ["--model", "qwen3-30b-a3b", "--chip", "h100"]
OPTIONS = [
    "chips",
    "isl",
    "osl",
    "tp",
    "pp",
    "ep",
    "dp",
    "ttft",
    "tpot",
    "e2e",
    "max-batch",
    "load-imbalance",
    "draft-tokens",
    "acceptance",
    "cached",
    "waves",
    "spread",
    "memory-fraction",
    "prefill-tokens",
    "max-sequences",
    "max-context",
    "batch",
    "concurrency",
]
FOREIGN = ("٤", "1_0", "４", "nan", "inf", "-1", "1e400")


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)


def refused(capsys, *arguments: str) -> str:
    code = run(list(arguments))
    captured = capsys.readouterr()
    assert (code, captured.out, captured.err.count("\n")) == (2, "", 1)
    return captured.err


@pytest.mark.parametrize("number", FOREIGN)
@pytest.mark.parametrize("option", OPTIONS)
def test_options(capsys, option: str, number: str):
    assert f"--{option}" in refused(capsys, "predict", *MODEL, f"--{option}={number}")


@pytest.mark.parametrize(
    "words",
    [
        ("--precision", "W٤A16"),
        ("--prefill", "TP٤", "--decode", "TP1"),
        ("--prefill", "TP4 x٣", "--decode", "TP1"),
        ("--build", "٢٠٢٦-02-10"),
    ],
)
def test_numbers_inside_words(capsys, words: tuple[str, ...]):
    refused(capsys, "predict", *MODEL, *words)


@pytest.mark.parametrize(
    "name",
    [
        "TPS٠٠١-a-b-S4K-01-W4A16-B16",
        "TPS001-a-b-S٤K-01-W4A16-B16",
        "TPS001-a-b-S4K-0٤-W4A16-B16",
        "TPS001-a-b-S4K-01-W٤A16-B16",
        "TPS001-a-b-S4K-01-W4A16-B٤",
        "TPS001-a-b-S4\u212a-01-W4A16-B16",
        "FPS001-a-b-R٢٢٤x224-W8A8-B4",
    ],
)
def test_benchmark_names(capsys, name: str):
    assert "field" in refused(capsys, "name", name)


@pytest.mark.parametrize("cell", ["٤", "1_0", "inf", "1e400"])
@pytest.mark.parametrize("column", ["tp", "concurrency_or_batch", "isl", "osl", "tpot_ms"])
def test_cells_of_measured_rows(capsys, column: str, cell: str):
    row = {
        "kind": "serving",
        "model": "llama-3.1-8b",
        "chip": "h100",
        "tp": "1",
        "concurrency_or_batch": "4",
        "isl": "1024",
        "osl": "128",
        "tpot_ms": "9",
        column: cell,
    }
    Path("rows.csv").write_text(f"{','.join(row)}\n{','.join(row.values())}\n")
    assert run(["validate", "rows.csv"]) == 0
    assert f"{column}: found {cell!r}" in capsys.readouterr().out
