"""Bad cells refuse their row, bad files say so in one line, and odd names are understood."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path

import pytest

from engine.cli import run
from engine.evidence.measured.predict import METRICS, predict_rows
from engine.evidence.measured.reader import read_measurements
from engine.words.errors import InputError
from tests.engine.evidence.measured.rows import make_rows, write_rows


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"isl": "many"}, "isl: found 'many', expected a number from 0 to 1e+09"),
        ({"concurrency_or_batch": "-4"}, "concurrency_or_batch: found '-4'"),
        ({"isl": "0"}, "isl: found '0', expected a number above 0"),
        ({"osl": "inf"}, "osl: found 'inf'"),
        ({"tp": "1.5"}, "tp: found '1.5', expected a whole number from 1"),
        ({"tp": "0"}, "tp: found '0'"),
        ({"kind": "training"}, "kind: found 'training', expected one of serving"),
        ({"chip": ""}, "chip: found ''"),
        ({"chip": "h1000"}, "chip 'h1000' is unknown; nearest: h100"),
        ({"model": "nobody/Nothing-7B"}, "model nobody/Nothing-7B is not in the bundled profiles"),
        ({"model": "../../etc/passwd"}, "model ../../etc/passwd is not in"),
        ({"precision_weights": "q5_k_m"}, "precision 'q5_k_m' is unknown"),
        ({"isl": ""}, "isl is not given"),
        ({"concurrency_or_batch": ""}, "concurrency_or_batch is not given"),
        ({"disagg": "1", "disagg_pd": "both"}, "disagg_pd is not understood"),
    ],
)
def test_a_bad_cell_refuses_its_row_only(tmp_path: Path, cells, reason: str) -> None:
    found = predict_rows(make_rows(tmp_path, cells, {}))
    assert reason in found.refused[0]
    assert found.refused[1] == ""
    assert math.isnan(found.values["tpot_ms"][0])
    assert found.values["tpot_ms"][1] > 0


@pytest.mark.parametrize(
    "cells",
    [
        {"tp": "", "pp": "", "ep": "", "dp": "", "chips": ""},
        {"tp": "nan", "ep": "None", "dp": "-"},
        {"chip": "H100"},
        {"model": "Meta-Llama-3.1-8B-Instruct"},
        {"model": "LLAMA-3.1-8B"},
        {"framework": "vLLM v1", "framework_version": "99.0 nightly"},
        {"framework": "", "framework_version": "vllm (version not in artefact)"},
        {"precision_kv": "nan"},
    ],
)
def test_other_spellings_mean_the_same_row(tmp_path: Path, cells) -> None:
    found = predict_rows(make_rows(tmp_path, cells, {}))
    assert found.refused == ["", ""]
    same, plain = found.values["tpot_ms"]
    assert same == pytest.approx(plain)


def test_an_unknown_framework_is_predicted_as_generic(tmp_path: Path) -> None:
    found = predict_rows(make_rows(tmp_path, {"framework": "my-own-engine"}))
    assert found.refused == [""]


@pytest.mark.parametrize(
    "weights",
    ["bf16", "fp8", "nvfp4", "int4", "fp32", "W4A16", "w8a8", "fp4", "fp4/fp8", "static W8A8"],
)
def test_precisions_are_understood(tmp_path: Path, weights: str) -> None:
    assert predict_rows(make_rows(tmp_path, {"precision_weights": weights})).refused == [""]


@pytest.mark.parametrize(
    ("words", "plain"), [("AWQ", "int4"), ("float16", "bf16"), ("GPTQ-Int4 (W4)", "int4")]
)
def test_other_words_mean_the_same_precision(tmp_path: Path, words: str, plain: str) -> None:
    found = predict_rows(
        make_rows(tmp_path, {"precision_weights": words}, {"precision_weights": plain})
    )
    assert found.refused == ["", ""]
    assert found.values["tpot_ms"][0] == found.values["tpot_ms"][1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "column kind is missing, found an empty file"),
        (b"id,model,chip\n1,a,b\n", "column kind is missing, found id, model, chip"),
        (b"kind,model,chip\n", "no rows under the header"),
        (b"\xff\xfek\x00i\x00", "not UTF-8 text"),
        (b'kind,model,chip\nserving,"' + b"x" * 200_000 + b'",h100\n', "not valid CSV"),
    ],
)
def test_a_bad_file_is_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        read_measurements(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_missing_file_is_one_line(tmp_path: Path, capsys) -> None:
    assert run(["validate", str(tmp_path / "none.csv")]) == 2
    assert "no such file" in capsys.readouterr().err


def test_a_configs_folder_comes_first_then_bundled_models(tmp_path: Path) -> None:
    folder = tmp_path / "configs" / "meta-llama__Llama-3.1-8B-Instruct"
    folder.mkdir(parents=True)
    shapes = {
        "model_type": "llama",
        "hidden_size": 1024,
        "intermediate_size": 4096,
        "num_hidden_layers": 4,
        "num_attention_heads": 8,
        "vocab_size": 1000,
    }
    (folder / "config.json").write_text(json.dumps(shapes))
    rows = make_rows(tmp_path, {}, {"model": "Qwen/Qwen3-8B"}, {"model": "who/knows"})
    found = predict_rows(rows, tmp_path / "configs")
    bundled = predict_rows(rows)
    assert found.values["tpot_ms"][0] < 0.5 * bundled.values["tpot_ms"][0]
    assert found.values["tpot_ms"][1] == bundled.values["tpot_ms"][1]
    assert "who/knows is not in" in found.refused[2]


def test_a_broken_config_refuses_its_rows(tmp_path: Path) -> None:
    folder = tmp_path / "configs" / "org__model"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{")
    found = predict_rows(make_rows(tmp_path, {"model": "org/model"}, {}), tmp_path / "configs")
    assert "config.json" in found.refused[0]
    assert found.refused[1] == ""


def test_command_writes_a_row_for_every_id(tmp_path: Path, capsys) -> None:
    source = write_rows(tmp_path / "in.csv", {"id": "a-1"}, {"id": "a-2", "chip": "none"})
    out = tmp_path / "out.csv"
    assert run(["validate", str(source), "--json", "--csv", str(out)]) == 0
    lines = list(csv.DictReader(io.StringIO(out.read_text())))
    assert [line["id"] for line in lines] == ["a-1", "a-2"]
    assert list(lines[0]) == [
        "id",
        "ttft_ms",
        "tpot_ms",
        "e2el_ms",
        "output_tps_per_chip",
        "samples_per_s",
        "latency_ms",
        "ttft_p99_ms",
        "tpot_p99_ms",
        "e2el_p99_ms",
        *(f"{metric}_{width}_percent" for metric in METRICS for width in ("range", "wide")),
        "refused",
        "command",
    ]
    assert float(lines[0]["tpot_ms"]) > 0 and lines[0]["refused"] == ""
    assert lines[1]["tpot_ms"] == "" and "unknown" in lines[1]["refused"]
    report = json.loads(capsys.readouterr().out)
    tpot = [group for group in report["groups"] if group["metric"] == "tpot_ms"]
    assert len(tpot) == 1
    assert (tpot[0]["rows"], tpot[0]["covered"]) == (2, 1)
    assert tpot[0]["mape"] == tpot[0]["median_ape"] == abs(tpot[0]["bias"])
    assert report["coverage"] == [{"kind": "serving", "rows": 2, "covered": 1}]
    assert [limit["tpot_limit_ms"] for limit in report["regret"]] == [20, 50, 100]


def test_report_groups_by_kind_chip_family_framework_and_tier(tmp_path: Path, capsys) -> None:
    source = write_rows(tmp_path / "in.csv", {"quality_tier": "A"}, {"chip": "h200_sxm"})
    assert run(["validate", str(source)]) == 0
    shown = capsys.readouterr().out
    for by in ("by kind", "by chip", "by family", "by framework", "by tier"):
        assert by in shown


@pytest.mark.parametrize("out", ["in.csv", "missing/out.csv", "."])
def test_an_impossible_output_is_one_line_and_keeps_the_file(tmp_path: Path, capsys, out) -> None:
    source = write_rows(tmp_path / "in.csv", {})
    before = source.read_text()
    assert run(["validate", str(source), "--csv", str(tmp_path / out)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert source.read_text() == before


def test_more_rows_than_anybody_waits_for_are_refused_before_they_are_read(tmp_path, monkeypatch):
    from engine.evidence.measured import reader

    monkeypatch.setattr(reader, "MAXIMUM_ROWS", 3)
    monkeypatch.setattr(reader, "_row", None)
    path = tmp_path / "rows.csv"
    path.write_text("kind,model,chip\n" + "serving,a,b\n" * 4)
    with pytest.raises(InputError, match="more than 3 rows"):
        read_measurements(path)


def test_as_many_rows_as_may_be_are_read(tmp_path, monkeypatch):
    from engine.evidence.measured import reader

    monkeypatch.setattr(reader, "MAXIMUM_ROWS", 3)
    path = tmp_path / "rows.csv"
    path.write_text("\ufeffkind,model,chip\n" + "serving,a,b\n" * 3)
    assert len(read_measurements(path)) == 3


@pytest.mark.parametrize(
    ("cells", "activations"),
    [
        ({"precision_act": "", "build_note": "PCIe 3.0; int8-W8A8"}, "int8"),
        ({"precision_act": "fp16", "build_note": "W8A8"}, "fp16"),
        ({"precision_act": "", "build_note": "awq-w8a16"}, ""),
    ],
)
def test_a_note_says_that_activations_have_eight_bits(tmp_path: Path, cells, activations) -> None:
    (row,) = make_rows(tmp_path, cells)
    assert row.activations == activations


def test_a_table_of_too_many_rows_is_refused_before_any_is_read(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "rows.csv", {"chip": ""})
    head, row = path.read_text().splitlines()
    path.write_text(head + f"\n{row}" * 100_001)
    with pytest.raises(InputError, match="more than 100,000 rows, expected fewer: split the file"):
        read_measurements(path)
