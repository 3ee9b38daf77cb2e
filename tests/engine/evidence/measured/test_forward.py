"""Measured vision rows: names, formats, loads; and the error against published results."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from engine.evidence.measured.forward import predict_row
from engine.evidence.measured.forward_names import measured_architecture, measured_format
from engine.hardware.chip_profiles import load_chip
from engine.words.errors import InputError
from tests.engine.model.forward.test_table import SMALL as TABLE

MEASURED = Path(__file__).parents[4].parent / "shared" / "reference" / "measurements.csv"
ROW = {
    "model": "ResNet50 v1.5",
    "model_arch_note": "4.1 GMACs, input 224x224",
    "chip": "a100_pcie_80gb",
    "chips": "1",
    "framework": "tensorrt",
    "framework_version": "TensorRT 8.6.0, CUDA 12.0",
    "precision_weights": "int8",
    "load": "static batch",
    "concurrency_or_batch": "8",
}
OFFLINE = {**ROW, "load": "max-load (offline)", "concurrency_or_batch": ""}


class TestNames:
    @pytest.mark.parametrize(
        ("name", "parameters"),
        [
            ("ResNet50 v1.5", 25_557_032),
            ("timm/resnet50.a1_in1k", 25_557_032),
            ("timm/swin_tiny_patch4_window7_224", 28_288_354),
            ("Swin-V1-tiny", 28_288_354),
            ("ViT-B/16", 86_567_656),
            ("SE-ResNeXt101-32x4d", 48_955_416),
            ("efficientnet-b0", 5_288_548),
        ],
    )
    def test_published_names_mean_an_architecture(self, name: str, parameters: int):
        assert measured_architecture(name).parameters == parameters

    def test_bert_runs_without_padding(self):
        model = measured_architecture("BERT-Large SQuAD (seq<=384), 99.9% accuracy")
        assert (model.samples, model.width, model.height) == ("sequences", 178, 1)

    def test_the_rows_resolution_counts(self):
        assert measured_architecture("timm/resnet50", (160, 160)).width == 160

    def test_an_unknown_name_is_refused_by_name(self):
        with pytest.raises(InputError, match="'timm/no_such_net'"):
            measured_architecture("timm/no_such_net")

    def test_a_layer_table_beside_the_measurements_counts(self, tmp_path: Path):
        (tmp_path / "me__my-net.csv").write_text(TABLE, encoding="utf-8")
        row = {**ROW, "model": "me/my-net", "model_arch_note": ""}
        assert predict_row(row, tmp_path)["samples_per_s"] > 0
        with pytest.raises(InputError, match="me/my-net"):
            predict_row(row, None)

    def test_a_format_means_another_where_the_chip_has_it(self):
        name = "BERT-Large SQuAD (seq<=384), 99.9% accuracy"
        assert measured_format(name, "fp16", load_chip("h100_sxm")) == "fp8"
        assert measured_format(name, "fp16", load_chip("a100_sxm_80gb")) == "fp16"


class TestLoads:
    def test_rate_and_latency_of_a_batch_agree(self):
        found = predict_row(ROW)
        assert found["samples_per_s"] == pytest.approx(8e3 / found["latency_ms"])

    def test_offline_is_at_least_as_fast_as_any_batch(self):
        best = predict_row(OFFLINE)["samples_per_s"]
        for batch in ("1", "16", "64", "512"):
            assert predict_row({**ROW, "concurrency_or_batch": batch})["samples_per_s"] <= best

    def test_a_server_keeps_a_share_of_the_offline_rate(self):
        server = predict_row({**OFFLINE, "load": "poisson"})["samples_per_s"]
        assert 0.5 < server / predict_row(OFFLINE)["samples_per_s"] < 1

    def test_chips_work_side_by_side(self):
        eight = predict_row({**OFFLINE, "chips": "8"})["samples_per_s"]
        assert eight == pytest.approx(8 * predict_row(OFFLINE)["samples_per_s"])

    @pytest.mark.parametrize(
        ("column", "value", "words"),
        [
            ("precision_weights", "int9", "precision 'int9'"),
            ("chip", "no_chip", "no_chip"),
            ("model", "3d-unet", "3d-unet"),
        ],
    )
    def test_what_is_not_understood_is_named(self, column: str, value: str, words: str):
        with pytest.raises(InputError, match=words):
            predict_row({**ROW, column: value})

    def test_compiled_beats_eager(self):
        eager = {**ROW, "framework": "pytorch", "framework_version": "PyTorch 2.4 NCHW"}
        compiled = {**eager, "framework_version": "PyTorch 2.4 torch.compile"}
        rates = [
            predict_row({**row, "precision_weights": "fp16 (AMP)"}) for row in (eager, compiled)
        ]
        assert rates[0]["samples_per_s"] < rates[1]["samples_per_s"]


@pytest.mark.skipif(not MEASURED.is_file(), reason="no reference data")
def test_published_rows_are_covered_and_close():
    with MEASURED.open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["kind"] == "cv"]
    errors, refused = [], 0
    for row in rows:
        try:
            found = predict_row(row)
        except InputError:
            refused += 1
            continue
        if row["samples_per_s"]:
            errors.append(abs(found["samples_per_s"] / float(row["samples_per_s"]) - 1))
    assert refused <= 0.1 * len(rows)
    assert np.median(errors) <= 0.1
