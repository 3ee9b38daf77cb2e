"""Counts of real models: a compact table of facts everywhere, the whole zoo where it is present."""

from __future__ import annotations

import csv
import json
from functools import cache
from pathlib import Path

import pytest

from engine.evidence.zoo import Comparison, compare_folder, compare_others
from engine.model.architecture import Architecture
from engine.model.bytes import cross_bytes_per_source_token
from engine.model.dialects.reading import read_architecture
from engine.model.precision import FORMATS

FACTS = Path(__file__).parents[3] / "data" / "zoo_facts.csv"
SHARED = Path(__file__).parents[5] / "shared" / "reference"
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
    """Encoder-decoders were measured with as many tokens in the encoder as in the decoder."""
    architecture = read(row)
    both = architecture.cached_elements_per_token() * 2
    both += cross_bytes_per_source_token(architecture, FORMATS["bf16"])
    assert both == float(row["kv_bytes_per_token"])


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
def test_whole_zoo_is_read_but_for_segmentation_models() -> None:
    refused = {
        comparison.name
        for comparison in compare_folder(ZOO, SHARED / "oracle_params.csv")
        if comparison.verdict == "refused"
    }
    assert refused == {"tiiuae__Falcon-Perception"}


@cache
def others() -> tuple[Comparison, ...]:
    return tuple(compare_others(ZOO, SHARED / "oracle_params.csv"))


@needs_zoo
@pytest.mark.parametrize(
    ("subject", "at_least"), [("KV cache", 250), ("FLOPs", 200), ("weights", 35)]
)
def test_caches_flops_and_sizes_agree_with_the_tables(subject: str, at_least: int) -> None:
    found = [comparison for comparison in others() if comparison.subject == subject]
    agreed = [one for one in found if one.verdict in ("matched", "convention")]
    assert [(one.name, one.reason) for one in found if one.verdict == "differing"] == []
    assert len(agreed) >= at_least
