"""``rooftop sweep|plan|predict`` with pools, as typed."""

from __future__ import annotations

import json
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


def test_a_prefill_pool_of_its_own_is_a_gap_of_the_launch(capsys, tmp_path: Path):
    plan = tmp_path / "plan.toml"
    own = ("--prefill-chip", "h200", "--prefill-precision", "W8A8")
    pools = ("--prefill", "TP2", "--decode", "TP4")
    assert told(capsys, "plan", *MODEL, *pools, *own, "-o", str(plan))[0] == 0
    text = plan.read_text()
    assert "a prefill pool in W8A8" in text and "a prefill pool on H200" in text
