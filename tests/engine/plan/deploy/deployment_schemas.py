"""Objects held against the recorded schemas of deployment kinds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[3] / "data" / "deployment_schemas"
_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}


def problems(name: str, document: Mapping[str, Any]) -> list[str]:
    """What in an object its schema does not allow, by path."""
    recorded = json.loads((FOLDER / f"{name}.json").read_text())
    if not recorded["kind"]:
        return [*_problems(recorded["spec"], document, "")]
    found = [
        f"{key}: {document.get(key)}"
        for key in ("apiVersion", "kind")
        if document.get(key) != recorded[key]
    ]
    return [*found, *_problems(recorded["spec"], document["spec"], "spec")]


def _problems(schema: Mapping[str, Any], value: Any, path: str) -> Iterator[str]:
    types = schema.get("type", [])
    allowed = [types] if isinstance(types, str) else types
    if allowed and not any(_is(value, one) for one in allowed):
        yield f"{path}: {value!r} is no {' or '.join(allowed)}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{path}: {value!r} is none of {schema['enum']}"
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        yield f"{path}: {value!r} does not match {schema['pattern']}"
    if isinstance(value, int) and value < schema.get("minimum", value):
        yield f"{path}: {value} is below {schema['minimum']}"
    if isinstance(value, dict):
        yield from _object_problems(schema, value, path)
    if isinstance(value, list) and "items" in schema:
        for place, one in enumerate(value):
            yield from _problems(schema["items"], one, f"{path}[{place}]")


def _object_problems(
    schema: Mapping[str, Any], value: Mapping[str, Any], path: str
) -> Iterator[str]:
    known, free = schema.get("properties", {}), schema.get("additional")
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{path}.{name}: is missing"
    for name, one in value.items():
        if name in known:
            yield from _problems(known[name], one, f"{path}.{name}")
        elif free is not None:
            yield from _problems(free, one, f"{path}.{name}")
        elif known and not schema.get("open"):
            yield f"{path}.{name}: no such field"


def _is(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    return isinstance(value, _TYPES[name])
