"""``rooftop diff``: changed keys only."""

from __future__ import annotations

import json

from engine.cli import run

BASE = ["--model", "llama-3.1-8b", "--chip", "h100", "--isl", "1K", "--osl", "256"]


def written(tmp_path, name: str, chips: str) -> str:
    path = str(tmp_path / name)
    assert run(["plan", *BASE, "--chips", chips, "-o", path]) == 0
    return path


def test_only_what_differs_is_printed(tmp_path, capsys):
    one, two = written(tmp_path, "a.toml", "1"), written(tmp_path, "b.toml", "2")
    capsys.readouterr()
    assert run(["diff", one, two]) == 0
    out = capsys.readouterr().out
    assert "scenario.chips  (+100.0 %)\n  - 1\n  + 2" in out
    assert "scenario.model" not in out


def test_the_same_plan_prints_nothing(tmp_path, capsys):
    one = written(tmp_path, "a.toml", "1")
    capsys.readouterr()
    assert run(["diff", one, one]) == 0
    assert capsys.readouterr().out == ""


def test_json(tmp_path, capsys):
    one, two = written(tmp_path, "a.toml", "1"), written(tmp_path, "b.toml", "2")
    capsys.readouterr()
    run(["diff", one, two, "--json"])
    rows = {row["key"]: row for row in json.loads(capsys.readouterr().out)}
    assert (rows["scenario.chips"]["before"], rows["scenario.chips"]["after"]) == (1, 2)


def test_a_missing_file_is_one_line(tmp_path, capsys):
    assert run(["diff", str(tmp_path / "no.toml"), str(tmp_path / "no.toml")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
