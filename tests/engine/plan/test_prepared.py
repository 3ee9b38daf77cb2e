"""What was resolved is resolved anew when a file it was read from has changed."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from engine.plan.prepared import prepare, refuse_elsewhere
from engine.scenario import Objectives, Scenario
from engine.sources.profile_files import bundled_files
from engine.words.errors import InputError
from profiles import ROOT

CONFIG = json.loads((ROOT / "models" / "llama-2-7b.json").read_text())["config"]
ASKED = Scenario(model="llama-2-7b", chip="h100_sxm", chips=1)


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder of profiles."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return tmp_path / "rooftop"


def edit(path: Path, text: str) -> None:
    """Write a file whose clock has moved on."""
    moved = path.stat().st_mtime_ns + 1_000_000 if path.exists() else 0
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    if moved:
        os.utime(path, ns=(moved, moved))


def test_an_edited_chip_is_read_again(own: Path):
    file = own / "chips" / "h100_sxm.toml"
    text = bundled_files("chips")["h100_sxm"].read_text()
    edit(file, text)
    before = prepare(ASKED).chip.bandwidth_bytes
    assert f"bandwidth_gbs = {before / 1e9:g}" in text
    edit(file, text.replace(f"bandwidth_gbs = {before / 1e9:g}", "bandwidth_gbs = 1234"))
    assert prepare(ASKED).chip.bandwidth_bytes == 1234e9
    assert prepare(ASKED).systems[0].chip.bandwidth_bytes == 1234e9


def test_an_edited_engine_is_read_again(own: Path):
    file = own / "frameworks" / "vllm.toml"
    text = bundled_files("frameworks")["vllm"].read_text()
    edit(file, text)
    before = prepare(ASKED).framework.memory.memory_fraction
    assert f"memory_fraction = {before:g}" in text
    edit(file, text.replace(f"memory_fraction = {before:g}", "memory_fraction = 0.5"))
    assert prepare(ASKED).framework.memory.memory_fraction == 0.5


@pytest.mark.parametrize("named", ["profile", "file", "folder"])
def test_an_edited_model_is_read_again(own: Path, tmp_path: Path, named: str):
    file = own / "models" / "ours.json" if named == "profile" else tmp_path / "m" / "config.json"
    reference = {"profile": "ours", "file": str(file), "folder": str(file.parent)}[named]
    asked = Scenario(model=reference, chip="h100_sxm", chips=1)
    edit(file, json.dumps(CONFIG))
    assert prepare(asked).architecture.layer_count == 32
    edit(file, json.dumps({**CONFIG, "num_hidden_layers": 8}))
    assert prepare(asked).architecture.layer_count == 8


def test_a_quantisation_file_that_appears_is_read(tmp_path: Path):
    folder = tmp_path / "m"
    asked = Scenario(model=str(folder), chip="h100_sxm", chips=1)
    edit(folder / "config.json", json.dumps(CONFIG))
    assert prepare(asked).precisions[0].name == "W16A16"
    beside = {"quantization": {"quant_algo": "FP8", "kv_cache_quant_algo": "FP8"}}
    edit(folder / "hf_quant_config.json", json.dumps(beside))
    assert prepare(asked).precisions[0].name == "W8A8"


def test_an_own_profile_that_appears_takes_the_place_of_the_bundled_one(own: Path):
    assert prepare(ASKED).chip.origin == "bundled"
    file = own / "chips" / "h100_sxm.toml"
    edit(file, bundled_files("chips")["h100_sxm"].read_text())
    assert prepare(ASKED).chip.origin == str(file)


def test_what_only_requests_and_objectives_say_is_resolved_once():
    first = prepare(ASKED)
    other = Scenario(model="llama-2-7b", chip="h100_sxm", chips=1, objectives=Objectives(e2e_ms=9))
    assert prepare(other) is first


@pytest.mark.parametrize(
    ("chip", "framework", "runs"),
    [
        ("t4", "vllm", True),
        ("t4", "vllm-0.12", False),
        ("t4", "sglang", False),
        ("v100_sxm2_32gb", "vllm", False),
        ("a100_sxm_80gb", "trtllm", False),
        ("a100_sxm_80gb", "vllm", True),
    ],
)
def test_fp8_weights_want_a_kernel_of_the_engine(chip: str, framework: str, runs: bool) -> None:
    asked = Scenario(model="qwen3-4b", chip=chip, chips=1, framework=framework, weights="fp8")
    prepared = prepare(asked)
    if runs:
        refuse_elsewhere(prepared)
        return
    with pytest.raises(InputError, match="no kernel for fp8"):
        refuse_elsewhere(prepared)
