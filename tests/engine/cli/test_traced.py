"""``--requests`` for predictions: what a trace says where no option did."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.cli import run

BASE = ["predict", "--model", "llama-3.1-8b", "--chip", "h100", "--tp", "1"]


@pytest.fixture
def trace(tmp_path: Path) -> str:
    """Half a request per second; every second prompt is the first one again."""
    lines = [
        json.dumps(
            {
                "timestamp": 2000 * one,
                "input_length": 1024,
                "output_length": 64,
                "hash_ids": [0, 1] if one % 2 else [2 * one, 2 * one + 1],
            }
        )
        for one in range(20)
    ]
    path = tmp_path / "trace.jsonl"
    path.write_text("\n".join(lines))
    return str(path)


def told(capsys, *arguments: str) -> tuple[int, str, str]:
    code = run([*BASE, *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_rate_lengths_and_cached_share_are_the_traces(capsys, trace):
    _, out, err = told(capsys, "--requests", trace, "--json")
    (row,) = json.loads(out)["rows"]
    assert row["requests_per_second"] == pytest.approx(0.5, rel=0.01)
    assert "finds 50.0% of the prompts' tokens" in err
    assert "--isl 1024" in row["command"] or row["prefill_tps"] == pytest.approx(512, rel=0.01)


def test_options_come_first(capsys, trace):
    _, out, err = told(capsys, "--requests", trace, "--rate", "3", "--cached", "0", "--json")
    (row,) = json.loads(out)["rows"]
    assert row["requests_per_second"] == pytest.approx(3.0)
    assert "finds" not in err


def test_a_broken_trace_is_one_line(capsys, tmp_path):
    path = tmp_path / "trace.csv"
    path.write_text("arrival,input,output\n1,1,1\n0,1,1\n")
    code, out, err = told(capsys, "--requests", str(path))
    assert (code, out) == (2, "")
    assert "row 3" in err and err.count("\n") == 1
