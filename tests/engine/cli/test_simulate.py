"""``rooftop simulate``: what it prints, what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.cli import run

BASE = ["simulate", "llama-3.1-8b", "--chip", "h100", "--tp", "1", "--isl", "500", "--osl", "50"]


def told(capsys, *arguments: str) -> tuple[int, str, str]:
    code = run([*BASE, *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def written(folder: Path, text: str) -> str:
    path = folder / "trace.csv"
    path.write_text(text)
    return str(path)


def test_json_holds_latencies_and_the_time_line(capsys):
    code, out, _ = told(capsys, "--rate", "5", "--count", "100", "--json")
    document = json.loads(out)
    assert code == 0
    assert document["requests"] == 90
    assert set(document["latency_ms"]) == {"ttft", "tpot", "itl", "e2e"}
    assert {len(one) for one in document["time_line"].values()} == {240}


def test_a_limit_that_some_miss_is_exit_code_1(capsys):
    code, out, _ = told(capsys, "--rate", "5", "--count", "100", "--ttft", "1us", "--json")
    assert code == 1
    assert json.loads(out)["goodput"] == 0


def test_text_says_every_latency(capsys):
    out = told(capsys, "--concurrency", "4", "--count", "50")[1]
    assert all(name in out for name in ("TTFT", "TPOT", "ITL", "E2E", "waiting", "KV held"))


def test_the_same_seed_is_the_same_result(capsys):
    first, again, other = (
        told(capsys, "--rate", "5", "--count", "50", "--seed", seed, "--json")[1]
        for seed in ("3", "3", "4")
    )
    assert first == again != other


def test_a_trace_comes_at_its_own_times(capsys, tmp_path):
    file = written(tmp_path, "arrival,input,output\n0,500,50\n60,500,50\n")
    document = json.loads(told(capsys, "--requests", file, "--json")[1])
    assert document["requests"] == 2
    assert 60 < document["seconds"] < 70


def test_a_trace_is_stretched_to_a_rate(capsys, tmp_path):
    file = written(tmp_path, "arrival,input,output\n0,500,50\n60,500,50\n")
    document = json.loads(told(capsys, "--requests", file, "--rate", "0.1", "--json")[1])
    assert 10 < document["seconds"] < 20


def test_conversations_find_what_the_prediction_says(capsys):
    asked = ("--rate", "5", "--count", "400", "--turns", "5", "--think", "20")
    document = json.loads(told(capsys, *asked, "--json")[1])
    # Of 500 tokens a turn and answers of 50: 1100 of a mean prompt of 1600 were said before.
    assert document["cached"] == pytest.approx(1100 / 1600, abs=0.03)


def test_more_than_is_carried_is_said(capsys):
    err = told(capsys, "--rate", "9000", "--count", "50", "--json")[2]
    assert "9000 requests/s come and about" in err
    assert "queue grows" not in told(capsys, "--rate", "1", "--count", "50", "--json")[2]


def test_tokens_of_conversations_are_said_to_be_estimated(capsys, tmp_path):
    file = tmp_path / "talks.json"
    turns = [{"from": "human", "value": "How are you?"}, {"from": "gpt", "value": "Well, thanks."}]
    file.write_text(json.dumps([{"conversations": turns}] * 3))
    asked = ("--requests", str(file), "--rate", "1")
    assert "tokens estimated from text" in told(capsys, *asked)[1]
    assert json.loads(told(capsys, *asked, "--json")[1])["tokens_estimated"]


def test_a_duration_ends_it(capsys):
    document = json.loads(told(capsys, "--rate", "10", "--duration", "30s", "--json")[1])
    assert document["seconds"] < 40
    assert 200 < document["requests"] + document["settling"] < 400


def test_a_plan_is_simulated_as_it_was_chosen(capsys, tmp_path):
    path = str(tmp_path / "plan.toml")
    run(
        [
            "plan",
            *BASE[2:],
            "--model",
            "llama-3.1-8b",
            "--chips",
            "1",
            "--max-batch",
            "4",
            "-o",
            path,
        ]
    )
    capsys.readouterr()
    assert run(["simulate", path, "--count", "40", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["layout"] == "TP1"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "found no load"),
        (("--rate", "0"), "--rate: found '0'"),
        (("--rate", "nan"), "--rate: found 'nan'"),
        (("--rate", "1", "--burstiness", "0"), "--burstiness"),
        (("--rate", "1", "--count", "-1"), "--count"),
        (("--rate", "1", "--duration", "-1"), "--duration"),
        (("--requests", "/nowhere.csv"), "/nowhere.csv: cannot be read"),
        (("--rate", "1", "--isl", "50M"), "no room"),
        (("--model", "qwen3-32b", "--rate", "1"), "two models"),
        (("--concurrency", "4", "--host-cache", "99", "--turns", "9", "--think", "999"), "host"),
    ],
)
def test_what_is_wrong_is_one_line(capsys, arguments, said):
    code, out, err = told(capsys, *arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


def test_a_trace_without_times_needs_a_load(capsys, tmp_path):
    file = written(tmp_path, "input,output\n500,50\n")
    assert "has no times" in told(capsys, "--requests", file)[2]
