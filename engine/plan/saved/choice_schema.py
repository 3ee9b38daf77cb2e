"""What the choice of a plan file may hold."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, PositiveInt

from engine.sources.strict import Strict
from engine.work.arrangement import Aggregated, Arrangement, Disaggregated, Pool
from engine.work.layout import Layout


class LayoutFile(Strict):
    """Parallel degrees of the choice."""

    tensor: PositiveInt
    pipeline: PositiveInt
    expert: PositiveInt
    attention_data: PositiveInt
    replicas: PositiveInt

    def arrangement(self) -> Arrangement:
        """Replicas of one layout."""
        return Aggregated(Layout(**self.model_dump()))


class PoolsFile(Strict):
    """Parallel degrees of a choice with prefill and decode apart."""

    prefill_tensor: PositiveInt
    prefill_pipeline: PositiveInt
    prefill_expert: PositiveInt
    prefill_attention_data: PositiveInt
    prefill_workers: PositiveInt
    decode_tensor: PositiveInt
    decode_pipeline: PositiveInt
    decode_expert: PositiveInt
    decode_attention_data: PositiveInt
    decode_workers: PositiveInt

    def arrangement(self) -> Arrangement:
        """Two pools."""
        return Disaggregated(self._pool("prefill"), self._pool("decode"))

    def _pool(self, role: str) -> Pool:
        values = self.model_dump()
        degrees = ("tensor", "pipeline", "expert", "attention_data")
        layout = Layout(**{name: values[f"{role}_{name}"] for name in degrees})
        return Pool(layout, values[f"{role}_workers"])


class ChoiceFile(BaseModel):
    """The candidate; metrics and reasons beside it are for readers."""

    batch: PositiveInt
    layout: dict[str, Any]
    """A `LayoutFile` or a `PoolsFile`."""
    precision: str
