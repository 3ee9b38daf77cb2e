"""What a scenario's model cannot serve is refused or said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.model.kinds import ModelCategory
from engine.scenario import Scenario, Settings
from engine.serve.resolve import Resolved, resolve
from engine.words.errors import InputError

LLAMA: dict[str, Any] = {
    "model_type": "llama",
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 128,
    "vocab_size": 1000,
}


def resolved(folder: Path, **changes: Any) -> Resolved:
    (folder / "config.json").write_text(json.dumps({**LLAMA, **changes}))
    return resolve(Scenario(model=str(folder)))


def test_a_draft_alone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="an EAGLE-3 draft, which serves nothing by itself"):
        resolved(tmp_path, draft_vocab_size=500)


def test_a_checkpoint_without_lm_head_is_planned_as_an_encoder(tmp_path: Path) -> None:
    model = resolved(tmp_path, architectures=["LlamaModel"]).model
    assert model.kind is ModelCategory.ENCODER
    assert any("no LM head" in warning for warning in model.warnings)


def test_parts_that_memory_does_not_count_are_named(tmp_path: Path) -> None:
    tower = {"model_name": "unknown/tower", "image_dim_out": 64}
    notes = resolved(tmp_path, model_type="phi3_v", img_processor=tower).notes
    assert "Memory does not count img_processor of the checkpoint" in notes


def test_a_plain_model_has_nothing_of_the_kind_to_say(tmp_path: Path) -> None:
    assert not any("does not count" in note for note in resolved(tmp_path).notes)


@pytest.mark.parametrize(("context", "told"), [(None, 0), (2048, 0), (4096, 1)])
def test_a_context_beyond_the_models_is_said(
    tmp_path: Path, context: int | None, told: int
) -> None:
    (tmp_path / "config.json").write_text(json.dumps({**LLAMA, "max_position_embeddings": 2048}))
    asked = Scenario(model=str(tmp_path), settings=Settings(max_context=context))
    assert len([note for note in resolve(asked).notes if "than the 2,048 tokens" in note]) == told
