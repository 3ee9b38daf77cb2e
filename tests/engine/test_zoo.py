"""Counts of real models: a compact table of facts everywhere, the whole zoo where it is present."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from engine.architecture import Architecture
from engine.config import load_architecture
from engine.describe import matrix_flops_per_token
from engine.dialects.reading import read_architecture
from engine.zoo import compare_folder

FACTS = Path(__file__).parents[1] / "data" / "zoo_facts.csv"
SHARED = Path(__file__).parents[3] / "shared" / "reference"
ZOO = SHARED / "configs"
needs_zoo = pytest.mark.skipif(not ZOO.is_dir(), reason="the reference zoo is not here")

OTHER_CONVENTION = {
    "Qwen__Qwen2.5-Omni-AWQ": "ours leaves out the speech output (talker and vocoder), and says so",
    "Qwen__Qwen3-ASR": "the table counted class defaults: its reader skips thinker_config",
    "stepfun-ai__Step-3.7-Flash": "the table counted the class default's vocabulary",
    "stepfun-ai__Step-3.7-Flash-FP8": "as Step-3.7-Flash",
    "transformers-default__jetmoe": "the table calls the feed-forward experts always active",
}
"""Rows where the table describes something else than the file says."""


def facts() -> list[dict[str, str]]:
    with FACTS.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def read(row: dict[str, str]) -> Architecture:
    return read_architecture(json.loads(row["config"]), row["name"], row["name"])


@pytest.mark.parametrize("row", facts(), ids=lambda row: row["name"])
def test_parameters_match_independent_counts(row: dict[str, str]) -> None:
    architecture = read(row)
    counted = (architecture.total_parameters, architecture.active_parameters)
    assert counted == (int(row["total_parameters"]), int(row["active_parameters"]))


@pytest.mark.parametrize(
    "row", [r for r in facts() if r["kv_bytes_per_token"]], ids=lambda row: row["name"]
)
def test_cache_matches_independent_counts(row: dict[str, str]) -> None:
    assert read(row).cached_elements_per_token() * 2 == float(row["kv_bytes_per_token"])


@pytest.mark.parametrize("row", facts(), ids=lambda row: row["name"])
def test_layer_counts(row: dict[str, str]) -> None:
    assert read(row).layer_count == int(row["layers"])


@needs_zoo
def test_whole_zoo_has_no_unexplained_difference() -> None:
    differing = {
        comparison.name: comparison.reason
        for comparison in compare_folder(ZOO, SHARED / "oracle_params.csv")
        if comparison.verdict == "differing" and comparison.name not in OTHER_CONVENTION
    }
    assert differing == {}


@needs_zoo
def test_whole_zoo_is_mostly_read() -> None:
    verdicts = [c.verdict for c in compare_folder(ZOO, SHARED / "oracle_params.csv")]
    assert verdicts.count("matched") >= 250
    assert verdicts.count("refused") <= 20


def rows_of(table: str) -> list[dict[str, str]]:
    if not ZOO.is_dir():
        return []
    with (SHARED / table).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def prefill_rows() -> list[dict[str, str]]:
    """Measured prefill rows of plain attention models. Left out: Llama 4 (the measured software
    ran every expert), Gemma 4 (its row leaves the tied LM head out), DeepSeek V4 (its grouped
    projections are not in the linear column) and recurrent models (scans are not linear)."""
    chosen = ("llama", "mistral", "mixtral", "qwen2", "qwen3", "qwen3_moe", "deepseek_v2")
    chosen += ("deepseek_v3", "gpt_oss", "glm4_moe", "gemma2", "phi3", "olmo2", "minimax_m2")
    return [
        row
        for row in rows_of("oracle_flops.csv")
        if row["phase"] == "prefill" and row["seq"] == "512" and row["model_type"] in chosen
    ]


@needs_zoo
@pytest.mark.parametrize("row", prefill_rows(), ids=lambda row: row["name"])
def test_matrix_flops_match_measured_ones(row: dict[str, str]) -> None:
    architecture = load_architecture(str(ZOO / row["name"])).architecture
    assert isinstance(architecture, Architecture)
    measured = float(row["linear_flops"] or 0) + float(row["routed_expert_flops"] or 0)
    measured = measured or float(row["linear_flops_est"])
    assert matrix_flops_per_token(architecture) * 512 == pytest.approx(measured, rel=0.01)
