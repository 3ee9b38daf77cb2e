"""The schema of declared constants (`engine.hardware.constants`), by the keys of files."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import MISSING
from typing import Annotated, Any, Literal, get_type_hints

from pydantic import Field

from engine.hardware.constants import Declared, declared_fields


def _bounds(declared: Declared) -> dict[str, Any]:
    given = {"ge": declared.least, "le": declared.most}
    return {name: bound for name, bound in given.items() if math.isfinite(bound)}


def _of_constant(annotation: Any, declared: Declared) -> Any:
    """The type of a constant in a file: numbers within their bounds, modes as true or false, or by
    name where there are more than two."""
    if declared.choices is not None:
        if declared.is_switch:
            return bool
        return Literal[tuple(one.value for one in declared.choices)]
    if annotation in {int, float}:
        return Annotated[annotation, Field(**_bounds(declared))]
    if annotation == Mapping[str, float]:
        return dict[str, Annotated[float, Field(**_bounds(declared))]]
    return list[str] if annotation == tuple[str, ...] else annotation


def constant_fields(*parts: type[Any]) -> dict[str, Any]:
    """Fields of a schema for the declared constants of ``parts``, by the keys of files."""
    found: dict[str, Any] = {}
    for part in parts:
        annotations = get_type_hints(part)
        for one, declared in declared_fields(part):
            kind = _of_constant(annotations[one.name], declared)
            if one.default_factory is not MISSING:
                found[declared.key] = (kind, Field(default_factory=one.default_factory))
            elif one.default is MISSING:
                found[declared.key] = (kind, ...)
            else:
                found[declared.key] = (kind, declared.write(one.default))
    return found
