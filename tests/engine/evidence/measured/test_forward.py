"""Measured vision rows: names, formats, loads; and the error against published results."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.evidence.measured.forward_names import measured_format, measured_model
from engine.evidence.measured.predict import predict_rows
from engine.evidence.measured.reader import read_measurements
from engine.hardware.chip_profiles import load_chip
from engine.model.config import load_architecture
from engine.model.forward.architecture import ForwardArchitecture
from engine.words.errors import InputError
from tests.engine.evidence.measured.rows import write_lines
from tests.engine.model.forward.test_table import SMALL as TABLE

MEASURED = Path(__file__).parents[4].parent / "shared" / "reference" / "measurements.csv"
ROW = {
    "kind": "cv",
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


def figures(folder: Path, row: dict[str, str], configs: Path | None = None) -> tuple[float, float]:
    """Images per second and milliseconds per batch of one row; raises why it is refused."""
    found = predict_rows(read_measurements(write_lines(folder / "rows.csv", row)), configs)
    if found.refused[0]:
        raise InputError(found.refused[0])
    return float(found.values["samples_per_s"][0]), float(found.values["latency_ms"][0])


def rate(folder: Path, **changes: str) -> float:
    """Images per second of a row with other cells."""
    return figures(folder, {**ROW, **changes})[0]


def measured_architecture(name: str) -> ForwardArchitecture:
    """The architecture that a published name means."""
    found = load_architecture(measured_model(name).reference).architecture
    assert isinstance(found, ForwardArchitecture)
    return found


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

    def test_an_unknown_name_is_refused_by_name(self):
        with pytest.raises(InputError, match="'timm/no_such_net'"):
            measured_architecture("timm/no_such_net")

    def test_a_layer_table_beside_the_measurements_counts(self, tmp_path: Path):
        (tmp_path / "me__my-net.csv").write_text(TABLE, encoding="utf-8")
        row = {**ROW, "model": "me/my-net", "model_arch_note": ""}
        assert figures(tmp_path, row, tmp_path)[0] > 0
        with pytest.raises(InputError, match="me/my-net"):
            figures(tmp_path, row)

    @pytest.mark.parametrize(
        ("chip", "format"), [("h100_sxm", "fp8"), ("a100_sxm_80gb", "fp16"), ("l40", "fp16")]
    )
    def test_a_format_means_another_on_chips_that_ran_so(self, chip: str, format: str):
        name = "BERT-Large SQuAD (seq<=384), 99.9% accuracy"
        assert measured_format(name, "fp16", load_chip(chip)) == format

    def test_a_table_may_say_on_which_chip_another_format_ran(self, tmp_path: Path):
        both = {"precision_weights": "fp16 (fp8 on H100)"}
        for chip, format in (("h100_pcie", "fp8"), ("l40", "fp16")):
            alone = rate(tmp_path, chip=chip, precision_weights=format)
            assert rate(tmp_path, chip=chip, **both) == alone


class TestLoads:
    def test_rate_and_latency_of_a_batch_agree(self, tmp_path: Path):
        samples, latency = figures(tmp_path, ROW)
        assert samples == pytest.approx(8e3 / latency)

    def test_offline_is_at_least_as_fast_as_any_batch(self, tmp_path: Path):
        best = rate(tmp_path, **OFFLINE)
        for batch in ("1", "16", "64", "512"):
            assert rate(tmp_path, concurrency_or_batch=batch) <= best

    def test_a_server_keeps_a_share_of_the_offline_rate(self, tmp_path: Path):
        server = rate(tmp_path, **{**OFFLINE, "load": "poisson"})
        assert 0.5 < server / rate(tmp_path, **OFFLINE) < 1

    def test_chips_work_side_by_side(self, tmp_path: Path):
        eight = rate(tmp_path, **{**OFFLINE, "chips": "8"})
        assert eight == pytest.approx(8 * rate(tmp_path, **OFFLINE))

    @pytest.mark.parametrize(
        ("column", "value", "words"),
        [
            ("precision_weights", "int9", "precision 'int9'"),
            ("chip", "no_chip", "no_chip"),
            ("model", "3d-unet", "3d-unet"),
        ],
    )
    def test_what_is_not_understood_is_named(
        self, tmp_path: Path, column: str, value: str, words: str
    ):
        with pytest.raises(InputError, match=words):
            figures(tmp_path, {**ROW, column: value})

    def test_compiled_beats_eager(self, tmp_path: Path):
        torch = {"framework": "pytorch", "precision_weights": "fp16 (AMP)"}
        eager, compiled = (
            rate(tmp_path, **torch, framework_version=version)
            for version in ("PyTorch 2.4 NCHW", "PyTorch 2.4 torch.compile")
        )
        assert eager < compiled


@pytest.mark.skipif(not MEASURED.is_file(), reason="no reference data")
def test_published_rows_are_covered_and_close():
    rows = [row for row in read_measurements(MEASURED) if row.kind == "cv"]
    found = predict_rows(rows)
    published = np.array([row.samples_per_second for row in rows])
    errors = np.abs(found.values["samples_per_s"] / published - 1)
    assert sum(map(bool, found.refused)) <= 0.1 * len(rows)
    assert np.nanmedian(errors) <= 0.1
