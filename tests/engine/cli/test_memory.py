"""``rooftop memory``: what the server will print, whether it starts, what would help."""

from __future__ import annotations

import csv
import io
import json
import tomllib

import pytest

from engine.cli import run

KEYS = {
    "weights_gib",
    "kv_pool_gib",
    "kv_tokens",
    "sequences_at_max_context",
    "starts",
    "lacks_gib",
    "items",
}


def printed(capsys, *arguments: str) -> tuple[int, str]:
    code = run(["memory", *arguments])
    return code, capsys.readouterr().out


def test_the_json_has_what_servers_print(capsys):
    code, out = printed(capsys, "--model", "llama-3-8b", "--chip", "h100", "--tp", "1", "--json")
    found = json.loads(out)
    assert code == 0
    assert found.keys() >= KEYS
    assert found["starts"] is True
    assert found["lacks_gib"] == 0
    filled = sum(found["items"].values()) + found["kv_pool_gib"]
    assert filled == pytest.approx(found["budget_gib"], abs=0.01)


def test_what_does_not_start_says_what_lacks_and_what_would_help(capsys):
    code, out = printed(capsys, "--model", "llama-3.1-8b", "--chip", "rtx_4090", "--tp", "1")
    assert code == 1
    assert "one request of 131,072 tokens does not fit" in out
    assert "GiB per chip lacking" in out
    assert "would start with requests of up to" in out
    assert "would start on 2 chips" in out


def test_a_context_that_would_help_does_help(capsys):
    ask = ("--model", "llama-3.1-8b", "--chip", "rtx_4090", "--tp", "1")
    _, out = printed(capsys, *ask, "--json")
    longest = json.loads(out)["helps"][0].split("--max-context ")[1].rstrip(")")
    code, _ = printed(capsys, *ask, "--max-context", longest)
    assert code == 0


def test_weights_that_leave_no_room_are_said_so(capsys):
    code, out = printed(capsys, "--model", "deepseek-v3", "--chip", "h100", "--tp", "8")
    assert code == 1
    assert "weights and runtime leave no room for a cache" in out


def test_an_engine_that_starts_anyway_says_what_one_long_request_lacks(capsys):
    ask = ("--model", "qwen3-32b", "--chip", "h100", "--tp", "1", "--framework", "sglang")
    code, out = printed(capsys, *ask, "--max-context", "40960")
    assert code == 0
    assert "starts, though not for one request of 40,960 tokens" in out
    assert "GiB per chip lacking" in out
    assert "would fit on 2 chips" in out
    found = json.loads(printed(capsys, *ask, "--max-context", "40960", "--json")[1])
    assert found["starts"] and found["lacks_gib"] == 0
    assert found["lacks_for_max_context_gib"] > 1


def test_a_nominal_size_is_tagged(capsys):
    _, out = printed(capsys, "--model", "llama-3-8b", "--chip", "gaudi3", "--tp", "1")
    assert "nominal, by the datasheet" in out
    _, out = printed(capsys, "--model", "llama-3-8b", "--chip", "h100", "--tp", "1")
    assert "as the driver reports it" in out


def test_models_without_a_cache_are_refused(capsys):
    assert run(["memory", "--model", "resnet50"]) == 2
    assert "has no cache" in capsys.readouterr().err


def test_drafting_takes_weights_and_cache(capsys):
    ask = ("--model", "deepseek-v3", "--chip", "h200", "--tp", "8", "--json")
    plain = json.loads(printed(capsys, *ask)[1])
    drafting = json.loads(printed(capsys, *ask, "--draft-tokens", "1")[1])
    assert drafting["weights_gib"] > plain["weights_gib"] + 1
    assert drafting["kv_tokens"] < plain["kv_tokens"]


POOLS = ("--arrangement", "disaggregated", "--prefill", "TP2", "--decode", "TP1 x2")


def test_every_precision_has_an_entry(capsys):
    ask = ("--model", "llama-3-8b", "--chip", "h100", "--tp", "1", "--precision", "W8A8")
    _, out = printed(capsys, *ask, "--json")
    found = json.loads(out)
    assert [one["precision"].split()[0] for one in found["servers"]] == ["W16A16", "W8A8"]
    assert found["servers"][0]["weights_gib"] == found["weights_gib"]
    assert found["servers"][1]["weights_gib"] < found["weights_gib"]


def test_both_pools_are_printed_and_the_decode_worker_stands_for_them(capsys):
    _, out = printed(capsys, "--model", "llama-3-8b", "--chip", "h100", *POOLS, "--json")
    found = json.loads(out)
    assert [(one["pool"], one["arrangement"]) for one in found["servers"]] == [
        ("prefill", "TP2"),
        ("decode", "TP1"),
    ]
    assert found["pool"] == "decode"


def test_requests_at_once_are_weighed_on_one_of_the_workers(capsys):
    ask = ("--model", "llama-3-8b", "--chip", "h100", "--isl", "1024", "--osl", "128")
    _, out = printed(capsys, *ask, *POOLS, "--concurrency", "32", "--json")
    assert json.loads(out)["held"]["sequences"] == 16
    _, out = printed(capsys, *ask, "--tp", "1", "--batch", "16", "--json")
    held = json.loads(out)["held"]
    # 1088 tokens on average in 68 pages of 16, 128 KiB each.
    assert held["cache_gib"] == pytest.approx(16 * 1088 * 128 / 2**20, rel=1e-3)
    assert held["lacks_gib"] == 0


def test_more_requests_than_memory_holds_lack_some(capsys):
    ask = (
        "--model",
        "llama-3-8b",
        "--chip",
        "h100",
        "--tp",
        "1",
        "--batch",
        "1000",
        "--isl",
        "4096",
    )
    code, out = printed(capsys, *ask, "--json")
    held = json.loads(out)["held"]
    assert code == 0
    assert held["lacks_gib"] > 0
    assert held["admitted"] < 1000


def test_a_prediction_of_what_does_not_start_says_why_and_what_would_help(capsys):
    ask = ("--model", "llama-3.1-8b", "--chip", "rtx_4090", "--tp", "1", "--isl", "120000")
    run(["predict", *ask, "--osl", "1000"])
    out = capsys.readouterr().out
    assert "note: does not start: one request of 121,000 tokens does not fit" in out
    assert "note: would start with requests of up to" in out


def test_csv_has_a_line_for_every_precision(capsys):
    ask = ("--model", "llama-3-8b", "--chip", "h100", "--tp", "1", "--precision", "KV8")
    _, out = printed(capsys, *ask, "--batch", "4", "--csv")
    lines = list(csv.DictReader(io.StringIO(out)))
    assert [one["starts"] for one in lines] == ["True", "True"]
    filled = sum(float(cell) for name, cell in lines[0].items() if name.startswith("item_"))
    whole = filled + float(lines[0]["kv_pool_gib"])
    assert whole == pytest.approx(float(lines[0]["budget_gib"]), abs=0.01)


def test_a_trace_says_how_long_the_requests_are(capsys, tmp_path):
    trace = tmp_path / "trace.csv"
    lines = [f"{second},3000,100" for second in range(10)]
    trace.write_text("\n".join(["arrived_at,num_prefill_tokens,num_decode_tokens", *lines]))
    ask = ("--model", "llama-3-8b", "--chip", "h100", "--tp", "1", "--batch", "1", "--json")
    _, plain = printed(capsys, *ask, "--isl", "3000", "--osl", "100")
    _, traced = printed(capsys, *ask, "--requests", str(trace))
    assert json.loads(traced)["held"] == json.loads(plain)["held"]


def test_a_plan_says_what_its_own_servers_print(capsys, tmp_path):
    plan = tmp_path / "plan.toml"
    ask = ("--model", "qwen3-8b", "--chip", "h100", "--tp", "1")
    lengths = ("--isl", "4000", "--osl", "500")
    assert run(["plan", *ask, "--chips", "1", *lengths, "-o", str(plan)]) == 0
    capsys.readouterr()
    found = tomllib.loads(plan.read_text(encoding="utf-8"))
    start = found["memory"]["start"]
    told = ("--max-context", str(start["max_context"]))
    _, out = printed(capsys, *ask, *told, "--max-sequences", str(start["max_sequences"]), "--json")
    of_the_server = json.loads(out)
    assert start == {name: of_the_server[name] for name in start}
    assert f"--max-model-len {start['max_context']} " in found["launch"]["command"]
    assert f"--max-num-seqs {start['max_sequences']} " in found["launch"]["command"]
