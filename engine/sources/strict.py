"""The base of schemas for files that users write."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """A table of a file: no key that is not declared, no value of another type, no number that is
    none."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
