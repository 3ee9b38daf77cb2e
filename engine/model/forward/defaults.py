"""Class defaults of vision model types: what transformers fills in when a config is silent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from profiles import ROOT


@cache
def _table() -> dict[str, dict[str, Any]]:
    text = (ROOT / "vision_defaults.json").read_text(encoding="utf-8")
    table: dict[str, dict[str, Any]] = json.loads(text)["defaults"]
    return table


def class_defaults(model_type: str) -> Mapping[str, Any]:
    """Key to default value of ``model_type``; empty when it has no published class."""
    return _table().get(model_type, {})


def is_default(name: str) -> bool:
    """Whether the class of any model type has a key of this name."""
    return any(name in values for values in _table().values())
