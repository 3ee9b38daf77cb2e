"""Files that name their text model instead of describing it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.model.config import RawConfig, load_architecture
from engine.model.config.named_text import with_named_text
from engine.words.errors import InputError

ULTRAVOX: dict[str, Any] = {
    "model_type": "ultravox",
    "text_model_id": "meta-llama/Llama-3.1-8B-Instruct",
    "audio_model_id": "openai/whisper-large-v3-turbo",
    "hidden_size": 4096,
    "projector_ln_mid": True,
}
LLAMA = {"model_type": "llama", "hidden_size": 64}


def written(folder: Path, config: dict[str, Any]) -> str:
    path = folder / "config.json"
    path.write_text(json.dumps(config), encoding="utf-8")
    return str(path)


def raw(config: dict[str, Any], repository: str = "") -> RawConfig:
    return RawConfig("m", "m", "m.json", config, repository=repository)


def refuses(named: str) -> RawConfig:
    raise InputError(f"{named}: asked for")


def test_a_bundled_profile_stands_for_the_model_that_is_named(tmp_path: Path) -> None:
    model = load_architecture(written(tmp_path, ULTRAVOX))
    assert model.architecture.total_parameters / 1e9 == pytest.approx(8.03 + 0.69, rel=2e-3)
    assert any("read as meta-llama/Llama-3.1-8B-Instruct" in one for one in model.warnings)


def test_another_one_is_wanted(tmp_path: Path) -> None:
    unknown = {**ULTRAVOX, "text_model_id": "nobody/nothing-8B"}
    with pytest.raises(InputError, match="in front of nobody/nothing-8B, whose sizes are not"):
        load_architecture(written(tmp_path, unknown))


def test_the_hub_is_asked_for_files_of_the_hub_alone() -> None:
    unknown = {**ULTRAVOX, "text_model_id": "nobody/nothing-8B"}
    here = with_named_text(raw(unknown), refuses)
    away = with_named_text(raw(unknown, "nobody/ears"), lambda named: raw(LLAMA))
    assert "text_config" not in here.config
    assert away.config["text_config"] == LLAMA


def test_what_the_hub_does_not_give_is_left_to_the_dialect() -> None:
    unknown = {**ULTRAVOX, "text_model_id": "nobody/nothing-8B"}
    assert with_named_text(raw(unknown, "nobody/ears"), refuses).config == unknown


def test_a_file_that_describes_its_text_model_is_taken_at_its_word() -> None:
    said = raw({**ULTRAVOX, "text_config": LLAMA})
    assert with_named_text(said, refuses) is said
