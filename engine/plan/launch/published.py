"""Checkpoints of models in other precisions than their own."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from engine.model.precision import Precision
from engine.model.precision_quality import spelt, weights_quality_format
from engine.plan.prepared import Prepared
from engine.sources.profile_files import read_toml
from profiles import ROOT

CHECKPOINTS_FILE = ROOT / "quality" / "checkpoints.toml"
SIXTEEN_BITS = "bf16"


def published_checkpoint(prepared: Prepared, precision: Precision) -> str:
    """A repository of the hub with the model in such weights; empty where none is known."""
    model = prepared.model
    named = {spelt(one) for one in (model.name, model.repository) if one}
    format = weights_quality_format(precision) or SIXTEEN_BITS
    if format == SIXTEEN_BITS and precision.weights.name != SIXTEEN_BITS:
        return ""
    found = (one.get(format, "") for one in _checkpoints() if spelt(one["model"]) in named)
    return next((one for one in found if one), "")


@cache
def _checkpoints() -> tuple[Mapping[str, str], ...]:
    return tuple(read_toml(CHECKPOINTS_FILE)["checkpoint"])
