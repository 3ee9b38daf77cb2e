"""``rooftop sweep|plan|predict`` with pools, as typed."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from engine.cli import run

MODEL = ("--model", "qwen3-32b", "--chip", "h100_sxm", "--tpot", "30", "--ttft", "800ms")


def told(capsys, *arguments: str) -> tuple[int, str, str]:
    code = run([*arguments])
    out = capsys.readouterr()
    return code, out.out, out.err


def test_the_table_says_which_pool_binds(capsys):
    code, out, _ = told(capsys, "sweep", *MODEL, "--chips", "8", "--arrangement", "any")
    assert code == 0
    assert any(one.startswith("batch") and "binds" in one for one in out.splitlines())


def test_rows_of_one_list_are_of_both_arrangements(capsys):
    options = ("--chips", "8", "--arrangement", "any", "--rows", "all", "--json")
    _, out, _ = told(capsys, "sweep", *MODEL, *options)
    pools = {row["pool"] for row in json.loads(out)["rows"]}
    assert {"", "decode"} <= pools


def test_a_plan_of_pools_opens_again_and_is_deployed(capsys, tmp_path: Path):
    plan = str(tmp_path / "plan.toml")
    pools = ("--prefill", "TP2 x2", "--decode", "TP4")
    assert told(capsys, "plan", *MODEL, *pools, "-o", plan)[0] == 0
    code, _, _ = told(capsys, "check", plan)
    assert code == 0
    code, out, _ = told(capsys, "deploy", plan, "--to", "compose")
    assert code == 0
    assert all(f"{role}-1" in out for role in ("prefill", "decode", "router"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--chips", "4", "--prefill", "TP4 x2", "--decode", "TP4"], "found pools of 12 chips"),
        (["--chips", "8", "--prefill-chips", "8"], "leave the decode pool empty"),
        (["--prefill", "TP4 x0", "--decode", "TP4"], "found a 0"),
        (["--chips", "8", "--decode-chip", "h200"], "found both"),
        (["--arrangement", "any", "--prefill-chip", "h200"], "expected --arrangement"),
    ],
)
def test_what_cannot_be_is_one_line(capsys, options: list[str], said: str):
    code, out, err = told(capsys, "sweep", *MODEL, *options)
    assert (code, out) == (2, "")
    assert said in err and err.count("\n") == 1


def test_a_prefill_pool_of_its_own_is_launched_as_its_own(capsys, tmp_path: Path):
    plan = tmp_path / "plan.toml"
    own = ("--prefill-chip", "h200", "--prefill-precision", "W8A8")
    pools = ("--prefill", "TP2", "--decode", "TP4")
    assert told(capsys, "plan", *MODEL, *pools, *own, "-o", str(plan))[0] == 0
    launch = tomllib.loads(plan.read_text())["launch"]
    assert launch["gaps"] == []
    assert any("prefill workers belong on nodes with H200" in note for note in launch["notes"])
    prefill, decode, _ = launch["processes"]
    assert (prefill["node"], decode["node"]) == (0, 1)
    assert prefill["words"] != decode["words"]


def test_a_prefill_pool_in_another_precision_is_served_from_what_is_published(
    capsys, tmp_path: Path
):
    plan = tmp_path / "plan.toml"
    own = ("--model", "qwen3-32b", "--chip", "h100", "--chips", "8", "--framework", "vllm")
    pools = ("--prefill", "TP4", "--decode", "TP4", "--prefill-precision", "W4A16")
    assert told(capsys, "plan", *own, *pools, "-o", str(plan))[0] == 0
    launch = tomllib.loads(plan.read_text())["launch"]
    prefill, decode, _ = launch["processes"]
    assert "Qwen/Qwen3-32B-AWQ" in prefill["words"] and "Qwen/Qwen3-32B" in decode["words"]
    assert launch["gaps"] == [] and "Qwen/Qwen3-32B-AWQ" in launch["notes"][0]
    code, _, err = told(capsys, "deploy", str(plan), "--to", "llm-d")
    assert code == 2 and "one checkpoint" in err
