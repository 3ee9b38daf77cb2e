"""Published deployments of pools: read, asked and written."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import pytest

from engine.cli import run
from engine.evidence.measured.kind_rows import first_kind
from engine.evidence.measured.library import Library
from engine.evidence.measured.pool_calls import Part, questions_of
from engine.evidence.measured.pool_predict import predict_pools
from engine.evidence.measured.pool_rows import (
    KIND,
    METRICS,
    PoolRow,
    number,
    read_pool_rows,
)
from engine.scenario import Mode
from engine.serve.call import Batch
from engine.words.errors import InputError
from engine.work.arrangement import Aggregated, Disaggregated

COLUMNS = (
    *("id", "kind", "chip", "model", "framework", "precision", "isl", "osl", "status", "date"),
    "source",
    *("P_layout", "P_tp", "P_ep", "P_dp", "P_redundant", "P_gpus"),
    *("D_layout", "D_tp", "D_ep", "D_dp", "D_redundant", "D_gpus"),
    *("batch_per_gpu", "concurrency", "mtp", *METRICS),
)
DECODE = {
    "id": "d",
    "kind": "pools",
    "chip": "h800_sxm",
    "model": "DeepSeek-V3/R1",
    "framework": "DeepSeek internal",
    "precision": "fp8",
    "D_layout": "EP144, two-batch overlap",
    "D_tp": "1",
    "D_ep": "144",
    "D_dp": "144",
    "D_redundant": "32",
    "D_gpus": "144",
    "isl": "4096",
    "batch_per_gpu": "64",
    "tpot_ms": "50-55",
    "decode_tok_s_per_D_gpu": "1000",
}


def rows(tmp_path: Path, *cells: dict[str, str]) -> list[PoolRow]:
    return read_pool_rows(write(tmp_path, *cells))


def write(tmp_path: Path, *cells: dict[str, str]) -> Path:
    path = tmp_path / "pools.csv"
    with path.open("w", newline="") as stream:
        table = csv.DictWriter(stream, COLUMNS)
        table.writeheader()
        table.writerows(cells)
    return path


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("50-55", 52.5),
        ("16384 tok", 16384),
        ("<=2500", 2500),
        ("~0.9+ (most)", 0.9),
        ("2778 (derived: 25k x 1/9)", 2778),
        ("~1k", 1000),
        ("6k shared + 1.2k", math.nan),
        ("trace", math.nan),
        ("", math.nan),
    ],
)
def test_figures_in_words(written: str, value: float):
    assert number(written) == pytest.approx(value, nan_ok=True)


def test_a_decode_pool_is_a_static_batch_with_its_settings(tmp_path: Path):
    (row,) = rows(tmp_path, DECODE)
    (question,) = questions_of(row, Library())
    scenario = question.call.scenario
    assert question.part is Part.DECODE
    assert scenario.settings.redundant_experts == 32
    assert scenario.settings.batch_overlap is True
    assert scenario.workload.mode is Mode.STATIC
    assert question.call.size == Batch(64 * 144)
    assert isinstance(question.call.arrangement, Aggregated)
    assert question.call.arrangement.layout.expert == 144


@pytest.mark.parametrize(
    ("cells", "build"),
    [
        ({"framework": "vLLM", "source": "vllm.ai/blog 2026-02-13 GB300"}, "0.14.1"),
        ({"framework": "SGLang", "source": "vllm.ai/blog 2026-02-13 GB300"}, ""),
        ({"date": "2026-02-03", "source": "vllm.ai/blog 2026-02-03 GB200"}, "2026-02-03"),
        ({"date": "2025-06"}, "2025-06"),
        ({"date": "2025"}, ""),
    ],
)
def test_a_row_is_of_the_build_that_its_source_or_day_says(
    tmp_path: Path, cells: dict[str, str], build: str
):
    (row,) = rows(tmp_path, {**DECODE, **cells})
    (question,) = questions_of(row, Library())
    assert question.call.scenario.settings.build == build


def test_prompts_and_answers_served_together_are_a_steady_load(tmp_path: Path):
    (row,) = rows(tmp_path, {**DECODE, "D_layout": "EP144, mixed (no disaggregation)"})
    (question,) = questions_of(row, Library())
    assert question.call.scenario.workload.mode is Mode.CONTINUOUS


def test_a_limit_of_tpot_chooses_the_largest_batch_that_keeps_it(tmp_path: Path):
    (row,) = rows(tmp_path, {**DECODE, "batch_per_gpu": ""})
    (found,) = predict_pools([row])
    assert found.values["tpot_ms"] <= 52.5
    (more,) = predict_pools(rows(tmp_path, {**DECODE, "batch_per_gpu": "", "tpot_ms": "90"}))
    assert more.values["decode_tok_s_per_D_gpu"] > found.values["decode_tok_s_per_D_gpu"]


def test_dies_are_what_degrees_count(tmp_path: Path):
    """EP320 on 160 cards of two dies: rates are of a card."""
    cells = {
        **DECODE,
        "chip": "ascend_910c",
        "framework": "CloudMatrix-Infer",
        "precision": "int8",
        "D_ep": "320",
        "D_dp": "320",
        "D_gpus": "160",
        "mtp": "1 draft, acceptance 0.70",
    }
    (row,) = rows(tmp_path, cells)
    (question,) = questions_of(row, Library())
    assert question.devices == 2
    assert question.call.size == Batch(32 * 320)
    assert question.call.scenario.draft_tokens == 1
    (found,) = predict_pools([row])
    per_card = 64 * 1e3 / found.values["tpot_ms"]
    assert found.values["decode_tok_s_per_D_gpu"] == pytest.approx(per_card, rel=0.01)


def test_eight_bits_are_int8_on_an_npu_and_four_are_its_experts(tmp_path: Path):
    four = {**DECODE, "chip": "ascend_910c", "framework": "SGLang", "precision": "W4A8"}
    (question,) = questions_of(rows(tmp_path, four)[0], Library())
    assert question.call.scenario.weights == "int4/int8"
    assert question.call.scenario.activations == "int8"


def test_a_row_of_simulated_balance_has_no_busiest_rank(tmp_path: Path):
    simulated = {**DECODE, "D_layout": "EP144, simulated perfect EPLB"}
    found = rows(tmp_path, DECODE, simulated)
    (usual,), (even,) = (questions_of(one, Library()) for one in found)
    assert usual.call.scenario.load_imbalance == 1.0
    assert even.call.scenario.load_imbalance == pytest.approx(1 / 1.11)


def test_drafts_whose_acceptance_is_not_published_are_kept_as_the_models(tmp_path: Path):
    plain, drafting = predict_pools(rows(tmp_path, DECODE, {**DECODE, "mtp": "D 3, P 1"}))
    (_, row) = rows(tmp_path, DECODE, {**DECODE, "mtp": "D 3, P 1"})
    assert questions_of(row, Library())[0].call.scenario.draft_tokens == 3
    assert drafting.values["tpot_ms"] < plain.values["tpot_ms"]


def test_figures_of_the_whole_ask_both_pools(tmp_path: Path):
    cells = {
        **DECODE,
        "P_tp": "1",
        "P_ep": "32",
        "P_dp": "32",
        "P_gpus": "32",
        "decode_tok_s_per_D_gpu": "",
        "concurrency": "512",
        "osl": "1000",
        "output_tok_s_per_gpu_all": "500",
    }
    (row,) = rows(tmp_path, cells)
    (question,) = questions_of(row, Library())
    assert question.part is Part.WHOLE
    assert isinstance(question.call.arrangement, Disaggregated)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"isl": "trace"}, "isl: found 'trace', expected tokens"),
        ({"D_ep": "400", "D_dp": "400", "D_gpus": "400"}, "expert slots"),
        ({"model": "no-such-model"}, "no-such-model"),
    ],
)
def test_what_cannot_be_asked_says_why(tmp_path: Path, changed: dict[str, str], reason: str):
    (found,) = predict_pools(rows(tmp_path, {**DECODE, **changed}))
    assert reason in found.refused
    assert not found.values


def test_a_file_without_a_needed_column_is_refused(tmp_path: Path):
    path = tmp_path / "short.csv"
    path.write_text("id,kind\na,pools\n")
    assert first_kind(path) == KIND
    with pytest.raises(InputError, match="column chip is missing"):
        read_pool_rows(path)


def test_the_command_writes_the_figures_by_id(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    source, out = write(tmp_path, DECODE), tmp_path / "out.csv"
    assert run(["validate", str(source), "--csv", str(out)]) == 0
    assert "decode_tok_s_per_D_gpu" in capsys.readouterr().out
    with out.open() as stream:
        (line,) = csv.DictReader(stream)
    assert line["id"] == "d"
    assert set(METRICS) < set(line)
    assert float(line["tpot_ms"]) > 0
    assert "--redundant-experts 32" in line["command"]
