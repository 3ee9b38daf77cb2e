"""Comparing a folder of configs with tables of counts, on two models made here."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from engine.cli import run
from engine.evidence.zoo import Comparison, compare_folder, compare_others
from engine.evidence.zoo.parameters import compare
from engine.words.errors import InputError

TINY = {
    "model_type": "llama",
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 1000,
    "tie_word_embeddings": False,
}
# 2 × (64² · 2 + 2 · 64 · 32 + 3 · 64 · 128 + 2 · 64) + 2 · 1000 · 64 + 64, by hand.
TOTAL = 2 * (8192 + 4096 + 24576 + 128) + 128_000 + 64


def table(path: Path, rows: list[dict[str, object]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture
def zoo(tmp_path: Path) -> Path:
    for name, config in (
        ("org__tiny", TINY),
        ("org__other", {**TINY, "vocab_size": 999}),
        ("org__strange", {**TINY, "model_type": "unheard_of"}),
        ("org__unlisted", TINY),
    ):
        folder = tmp_path / "configs" / name
        folder.mkdir(parents=True)
        (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    rows = [
        {"name": name, "total_params": TOTAL, "active_params_per_token": TOTAL}
        for name in ("org__tiny", "org__other", "org__strange")
    ]
    table(tmp_path / "oracle_params.csv", rows)
    return tmp_path


def verdicts(comparisons: list[Comparison]) -> dict[str, str]:
    return {comparison.name: comparison.verdict for comparison in comparisons}


def test_each_config_gets_its_verdict(zoo: Path) -> None:
    found = list(compare_folder(zoo / "configs", zoo / "oracle_params.csv"))
    assert verdicts(found) == {
        "org__tiny": "matched",
        "org__other": "differing",
        "org__strange": "refused",
        "org__unlisted": "uncounted",
    }


def test_a_refusal_names_its_key(zoo: Path) -> None:
    refused = compare(zoo / "configs" / "org__strange", {})
    assert "model_type 'unheard_of' is unknown" in refused.reason


def test_a_corrected_total_wins(zoo: Path) -> None:
    row = {"name": "org__tiny", "total_params": "1", "total_corrected": str(TOTAL)}
    assert compare(zoo / "configs" / "org__tiny", row).verdict == "matched"


def test_further_tables_beside_it_are_found(zoo: Path) -> None:
    oracle = zoo / "oracle_params.csv"
    cached = 2 * 2 * 2 * 16 * 2
    row = {"name": "org__tiny", "full_attn_bytes_per_token_bf16": cached}
    table(zoo / "oracle_kv.csv", [row, {**row, "name": "org__other"}])
    matrices = 2 * (TOTAL - 64_000 - 64 - 2 * 128)
    forward = {"name": "org__tiny", "phase": "decode", "seq": 8, "batch": 1}
    table(
        zoo / "oracle_flops.csv", [{**forward, "total_flops": matrices, "linear_flops": matrices}]
    )
    found = {one.subject: one.verdict for one in compare_others(zoo / "configs", oracle)}
    assert found == {"KV cache": "matched", "FLOPs": "matched"}


def test_a_wrong_cache_differs(zoo: Path) -> None:
    table(zoo / "oracle_kv.csv", [{"name": "org__tiny", "full_attn_bytes_per_token_bf16": 512}])
    (only,) = compare_others(zoo / "configs", zoo / "oracle_params.csv")
    assert only.reason == "growing 256 bytes a token, expected 512"


def test_a_table_without_its_columns_is_refused(zoo: Path) -> None:
    broken = table(zoo / "broken.csv", [{"name": "org__tiny", "count": 1}])
    with pytest.raises(InputError, match="expected columns name, total_params"):
        list(compare_folder(zoo / "configs", broken))


def test_a_count_that_is_no_number_is_refused(zoo: Path) -> None:
    broken = table(zoo / "broken.csv", [{"name": "org__tiny", "total_params": "many"}])
    with pytest.raises(InputError, match="'many' is not a number"):
        list(compare_folder(zoo / "configs", broken))


def test_the_command_counts_and_fails_on_a_difference(
    zoo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["model", "--check", str(zoo / "configs")]) == 1
    printed = capsys.readouterr().out
    assert "parameters:  1 matched, 1 differing, 1 refused, 1 uncounted" in printed
