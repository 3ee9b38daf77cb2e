"""Which checkpoint an engine is given."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from engine.model.config import hub_reference
from engine.model.model_profiles import model_file
from engine.plan.launch.remark import Note
from engine.plan.prepared import Prepared
from engine.scenario import Scenario
from engine.words.messages import say

UNNAMED = "<CHECKPOINT>"
REMOTE_CODE = ("kimi_k2", "kimi_k25", "kimi_vl", "kimi_linear", "minimax_m2", "nemotron_h")
"""Model types whose published recipes let engines run the repository's own code."""


def checkpoint_fields(
    prepared: Prepared, scenario: Scenario, published: str = ""
) -> dict[str, str]:
    """``model``, ``model_name`` (its last part), ``revision`` where one is named, ``trust`` where
    the repository has code of its own; of a ``published`` checkpoint in place of the model's."""
    name = published or _name(prepared, scenario)
    fields = {"model": name, "model_name": name.rstrip("/").rpartition("/")[2] or name}
    reference = hub_reference(scenario.model, scenario.revision)
    if reference is not None and reference.revision and not published:
        fields["revision"] = reference.revision
    config = prepared.model.config
    if "auto_map" in config or config.get("model_type") in REMOTE_CODE:
        fields["trust"] = "true"
    return fields


def checkpoint_notes(prepared: Prepared, scenario: Scenario) -> Iterator[Note]:
    """What nobody said of the checkpoint, and what it brings with it."""
    if _name(prepared, scenario) == UNNAMED:
        yield Note(say("the checkpoint: nobody named a repository or folder with its weights"))
    if "trust" in checkpoint_fields(prepared, scenario):
        yield Note(say("trust: the repository's own code is run; read it first"))


def _name(prepared: Prepared, scenario: Scenario) -> str:
    """The repository, or the folder of a config on the disk."""
    if prepared.model.repository:
        return prepared.model.repository
    path = Path(os.path.expanduser(scenario.model))
    if path.suffix == ".json" and path.is_file():
        return str(path.parent)
    return UNNAMED if model_file(scenario.model) is not None else scenario.model
