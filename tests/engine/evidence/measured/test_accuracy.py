"""The error on the published rows of the repository stays where it was, or gets better.

The bounds are wide enough for honest changes of the physics and narrow enough that a lost
effect (collectives, prefill in shared passes, a framework's step cost) breaks them.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.cli import run
from engine.evidence.measured.library import Library
from engine.evidence.measured.measurement import Measurement
from engine.evidence.measured.predict import Predictions, predict_rows
from engine.evidence.measured.reader import read_measurements
from engine.evidence.measured.record import PUBLISHED, read_record
from engine.evidence.measured.report import Group, groups
from tests.accuracy.published import choose, published_text
from tests.engine.evidence.measured.rows import write_rows

REFERENCE = Path(__file__).parents[5] / "shared" / "reference" / "measurements.csv"


@pytest.fixture(scope="module")
def rows() -> list[Measurement]:
    return read_measurements(PUBLISHED)


@pytest.fixture(scope="module")
def predictions(rows: list[Measurement]) -> Predictions:
    return predict_rows(rows)


@pytest.fixture(scope="module")
def errors(rows: list[Measurement], predictions: Predictions) -> dict[tuple[str, str], Group]:
    made = groups(rows, predictions)
    return {(group.kind, group.metric): group for group in made if group.by == "kind"}


@pytest.mark.parametrize(
    ("kind", "metric", "bound"),
    [
        ("serving", "tpot_ms", 0.13),
        ("serving", "ttft_ms", 0.40),
        ("serving", "e2el_ms", 0.12),
        ("serving", "output_tps_per_chip", 0.19),
        ("static", "ttft_ms", 0.12),
        ("static", "tpot_ms", 0.11),
        ("static", "e2el_ms", 0.11),
        ("static", "output_tps_per_chip", 0.11),
        ("offline", "output_tps_per_chip", 0.16),
        ("cv", "samples_per_s", 0.12),
        ("cv", "latency_ms", 0.14),
    ],
)
def test_median_error_of_published_rows(errors, kind: str, metric: str, bound: float) -> None:
    assert errors[kind, metric].median_ape < bound


def test_every_row_is_predicted(rows, predictions) -> None:
    refused = [
        (row.id, reason) for row, reason in zip(rows, predictions.refused, strict=True) if reason
    ]
    assert refused == []


def test_published_rows_cover_every_kind_and_cite_their_source(rows) -> None:
    assert {row.kind for row in rows} == {"serving", "static", "offline", "cv"}
    assert 200 <= len(rows) <= 400
    assert all(row.cells["citation"] for row in rows)
    assert len({row.chip for row in rows}) >= 25


def test_command_prints_the_record_and_the_rows_at_hand(capsys) -> None:
    assert run(["accuracy"]) == 0
    shown = capsys.readouterr().out
    assert f"{read_record().rows:,} published results" in shown
    lines = [line.split() for line in shown.splitlines() if line.startswith("serving  TPOT ")]
    lines = [line for line in lines if line[2] != "p99"]
    assert len(lines) == 2
    recorded, now = lines
    assert int(recorded[2].replace(",", "")) > 10 * int(now[2])


def test_full_takes_another_file(tmp_path: Path, capsys) -> None:
    path = write_rows(tmp_path / "rows.csv", {}, {"concurrency_or_batch": "64"})
    assert run(["accuracy", "--full", str(path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("kind")
    assert [line.split()[1:4] for line in lines[1:]] == [["TTFT", "2", "2"], ["TPOT", "2", "2"]]


def test_record_is_of_the_rows_that_were_published() -> None:
    record = read_record()
    assert record.rows > 5000
    for error in record.errors:
        assert 0 < error.covered <= error.rows
        assert 0 < error.median < 0.5
        held_out = error.metric == "tpot_ms" or error.kind not in {"cv", "drafted"}
        if held_out and "p99" not in error.metric:
            assert error.models_median is not None
            assert error.pairs_median is not None
            assert error.pairs_median > 0.8 * error.median


def test_json_has_one_entry_per_kind_and_metric(capsys) -> None:
    assert run(["accuracy", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["groups"]
    keys = [(group["kind"], group["metric"]) for group in found]
    assert len(keys) == len(set(keys))
    assert ("offline", "output_tps_per_chip") in keys


@pytest.mark.skipif(not REFERENCE.is_file(), reason="the whole collection is not here")
def test_the_choice_is_the_one_that_the_rules_make() -> None:
    assert published_text(choose(read_measurements(REFERENCE))) == PUBLISHED.read_text()


@pytest.mark.skipif(not REFERENCE.is_file(), reason="the whole collection is not here")
def test_bundled_models_are_those_of_the_collection() -> None:
    """Names resolve to profiles of the same shapes as the configs published with the rows."""
    configs = REFERENCE.parent / "measured_configs"
    for folder in sorted(path for path in configs.iterdir() if path.is_dir()):
        name = folder.name.replace("__", "/")
        (_, bundled), (_, given) = (
            library.language_model(name) for library in (Library(), Library(configs))
        )
        assert (bundled.layers, bundled.lm_head) == (given.layers, given.lm_head), name
