"""``rooftop predict``: what it will be, asked without a search."""

from __future__ import annotations

import json

import pytest

from engine.cli import run

BASE = ["predict", "--model", "llama-3.1-8b", "--chip", "h100", "--isl", "1K", "--osl", "256"]


def told(capsys, *arguments: str) -> tuple[int, str, str]:
    code = run([*BASE, *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def document(capsys, *arguments: str) -> dict:
    return json.loads(told(capsys, *arguments, "--json")[1])


def test_a_layout_alone_is_plain(capsys):
    rows = document(capsys, "--tp", "2", "--batch", "8")["rows"]
    assert [(row["layout"], row["chips"], row["batch"]) for row in rows] == [("TP2", 2, 8)]


def test_several_concurrencies_are_rows_in_their_order(capsys):
    rows = document(capsys, "--tp", "1", "--concurrency", "32,1,8")["rows"]
    assert [row["concurrency"] for row in rows] == [32, 1, 8]


def test_concurrency_is_of_the_whole_deployment(capsys):
    (row,) = document(capsys, "--tp", "1", "--chips", "4", "--concurrency", "32")["rows"]
    assert (row["batch"], row["concurrency"]) == (8, 32)


def test_without_a_batch_it_is_the_most_that_fits(capsys):
    (row,) = document(capsys, "--tp", "1", "--max-sequences", "7")["rows"]
    assert row["batch"] == 7


def test_rows_have_the_keys_of_a_sweep(capsys):
    (row,) = document(capsys, "--tp", "1", "--batch", "8")["rows"]
    run(["sweep", *BASE[1:], "--chips", "1", "--rows", "1", "--json"])
    (swept,) = json.loads(capsys.readouterr().out)["rows"]
    assert set(swept) <= set(row)


def test_ranges_and_the_cache_are_told(capsys):
    found = document(capsys, "--tp", "1", "--batch", "8")
    assert found["rows"][0]["ttft_range_percent"] > 0
    assert found["kv_tokens"] > 100_000
    assert (
        found["sequences_at_max_context"] == found["kv_tokens"] // found["settings"]["max_context"]
    )


def test_settings_left_blank_are_the_engines_own(capsys):
    found = document(capsys, "--tp", "1", "--batch", "8", "--memory-fraction", "0.8")["settings"]
    assert found["memory_fraction"] == 0.8
    assert found["prefill_tokens"] > 0
    assert found["max_sequences"] > 0


def test_a_benchmark_client_raises_the_first_token(capsys):
    client = ["--client", "closed", "--waves", "2"]
    (steady,) = document(capsys, "--tp", "1", "--concurrency", "64", "--client", "steady")["rows"]
    (closed,) = document(capsys, "--tp", "1", "--concurrency", "64", *client)["rows"]
    assert closed["ttft_ms"] > steady["ttft_ms"]


def test_two_pools_share_the_sequences(capsys):
    pools = ["--prefill", "TP1x1", "--decode", "TP1 x2"]
    (row,) = document(capsys, *pools, "--concurrency", "32")["rows"]
    assert (row["chips"], row["concurrency"]) == (3, 32)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--batch", "1", "--concurrency", "2"], "--batch and --concurrency: found both"),
        (["--batch", "0"], "--batch"),
        (["--batch", "many"], "--batch"),
        (["--prefill", "TP1 x1"], "found one pool, expected both"),
    ],
)
def test_a_wrong_question_is_one_line(capsys, arguments, words):
    code, out, err = told(capsys, *arguments)
    assert (code, out) == (2, "")
    assert words in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [["--mode", "static"], ["--framework", "trtllm", "--prefix-caching", "off"]],
)
def test_a_cached_share_without_effect_is_said(capsys, arguments):
    plain = told(capsys, "--tp", "1", "--batch", "4", *arguments)[1]
    cached = told(capsys, "--tp", "1", "--batch", "4", *arguments, "--cached", "0.5")[1]
    assert [line for line in cached.splitlines() if line not in plain.splitlines()] == [
        line for line in cached.splitlines() if line.startswith("note: ")
    ]
    assert "cached" in cached


def test_requests_that_wait_hold_no_memory(capsys):
    crowd = ["--tp", "1", "--max-sequences", "64"]
    running, waiting = document(capsys, *crowd, "--batch", "64,5000")["rows"]
    assert waiting["memory_gib"] == running["memory_gib"]
    assert (running["waiting"], waiting["waiting"]) == (0, 5000 - 64)
    assert (
        "note: batch 5000: 64 run at once, the rest wait"
        in told(capsys, *crowd, "--batch", "5000")[1]
    )


def test_nothing_waits_in_a_static_batch_that_lacks_memory(capsys):
    (row,) = document(capsys, "--tp", "1", "--mode", "static", "--batch", "5000")["rows"]
    assert (row["waiting"], row["ttft_ms"], row["meets"]) == (0, None, False)


DRAFTING = [
    "predict",
    "--model",
    "llama-3.1-8b",
    "--chip",
    "h200",
    "--tp",
    "1",
    "--draft",
    "eagle3",
]


def test_what_drafts_is_said(capsys) -> None:
    assert run([*DRAFTING, "--draft-tokens", "3", "--batch", "8"]) == 0
    said = capsys.readouterr().out
    assert "note: 3 tokens drafted by eagle3" in said
    assert run([*DRAFTING, "--draft-tokens", "0", "--batch", "8", "--json"]) == 0
    plain = json.loads(capsys.readouterr().out)["rows"][0]["tpot_ms"]
    assert f"note: without drafts: TPOT {plain:.2f} ms" in said


def test_that_no_drafts_pay_is_said(capsys) -> None:
    options = ["--draft-tokens", "auto", "--acceptance", "0.05", "--batch", "8"]
    assert run([*DRAFTING, *options]) == 0
    assert "note: no tokens drafted: any number of them brings less here" in capsys.readouterr().out
