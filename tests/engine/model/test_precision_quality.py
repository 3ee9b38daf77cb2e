"""What a precision costs in quality, by published evaluations."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from engine.model.config import load_architecture
from engine.model.precision import parse_precision
from engine.model.precision_quality import (
    FORMATS_FILE,
    MODELS_FILE,
    class_of_size,
    quality_of,
    spelt,
)
from engine.sources.profile_files import read_toml
from tests.accuracy.publish_quality import formats_text

EVALUATIONS = Path(__file__).parents[3] / ".." / "shared" / "reference" / "quality.csv"


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("meta-llama/Meta-Llama-3-70B-Instruct", "Llama-3-70B"),
        ("Qwen/Qwen3-32B", "qwen3-32b"),
        ("google/gemma-3-4b-it", "gemma-3-4b"),
    ],
)
def test_tuning_and_owner_are_no_part_of_a_models_name(name: str, same: str) -> None:
    assert spelt(name) == spelt(same)


def test_models_of_other_sizes_are_told_apart() -> None:
    assert spelt("Qwen/Qwen3-32B") != spelt("Qwen/Qwen3-30B-A3B")


def test_sizes_are_those_that_evaluations_are_told_by() -> None:
    found = [class_of_size(size, mixture=False) for size in (1.7, 8, 32, 405)]
    assert found == ["small", "medium", "large", "largest"]
    assert class_of_size(30, mixture=True) == "largest"


def test_a_models_own_evaluations_come_before_those_of_its_size() -> None:
    model = load_architecture("qwen3-32b")
    (found,) = quality_of(model, parse_precision("W4A16"))
    assert found.subject == "Qwen/Qwen3-32B" and found.evaluations >= 5
    assert found.low <= found.kept <= found.high


def test_without_evaluations_of_its_own_a_model_is_told_by_its_size() -> None:
    model = load_architecture("qwen2-57b-a14b")
    (found,) = quality_of(model, parse_precision("W8A8"))
    assert found.subject == "mixtures of experts and models over 80B"


def test_the_checkpoints_own_formats_cost_nothing_against_themselves() -> None:
    model = load_architecture("deepseek-v3")
    assert quality_of(model, model.precision) == ()


def test_weights_and_cache_are_told_apart() -> None:
    model = load_architecture("qwen3-32b")
    found = quality_of(model, parse_precision("W8A8KV8"))
    assert [one.format for one in found] == ["fp8", "kv_fp8"]


def test_a_sentence_names_range_number_and_source() -> None:
    model = load_architecture("llama-3.3-70b")
    (found,) = quality_of(model, parse_precision("W4A16"))
    assert f"in {found.evaluations} evaluations of dense models of 15 to 80B [" in found.sentence()


@pytest.mark.parametrize("path", [FORMATS_FILE, MODELS_FILE])
def test_every_entry_has_a_range_around_its_median_and_a_source(path: Path) -> None:
    for one in read_toml(path)["quality"]:
        assert one["low"] <= one["kept"] <= one["high"]
        assert one["evaluations"] >= 1 and all(one["sources"])


@pytest.mark.skipif(not EVALUATIONS.exists(), reason="the evaluations are not here")
def test_the_recorded_medians_are_those_of_the_evaluations() -> None:
    with EVALUATIONS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert formats_text(rows) == FORMATS_FILE.read_text(encoding="utf-8")
