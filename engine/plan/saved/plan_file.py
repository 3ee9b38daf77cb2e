"""Plan files: the whole scenario, the chosen candidate and the reasons, as TOML.

Writing is atomic (`engine.sources.files`): a crash, a full disk or a dropped connection leaves
either the old plan or the new one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from engine import __version__
from engine.plan.results import Choice
from engine.scenario import Scenario
from engine.sources.files import read_toml, refuse_other, write_text
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean, is_unsafe

SCHEMA_VERSION = 2
"""1 had no engine settings and no client, and gave the length of an encoder's sequences as an image
that is one pixel high; such plans open as before."""
MAXIMUM_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class PlanFile:
    """A plan that was read: the scenario and the choice restore a session; ``document`` is the
    whole file."""

    scenario: Scenario
    choice: Choice
    document: dict[str, Any]


def scenario_document(scenario: Scenario) -> dict[str, Any]:
    """A scenario as TOML values. Absent keys mean None; edits keep their JSON text."""
    document: dict[str, Any] = _plain(scenario)
    document["edits"] = [{"key": key, "value": json.dumps(value)} for key, value in scenario.edits]
    return document


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        named = {field.name: getattr(value, field.name) for field in fields(value)}
        return {name: _plain(one) for name, one in named.items() if one is not None}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return value


def document_text(document: Mapping[str, Any]) -> str:
    """A document as TOML. What a terminal could act upon is escaped, so that a file is safe to
    print and still means the same: a model's path may hold any character."""
    import tomli_w

    text = tomli_w.dumps(dict(document), multiline_strings=False)
    if text.isascii():
        return text
    return "".join(_escaped(one) for one in text)


def _escaped(character: str) -> str:
    """A character as a TOML string may hold it. Half of a pair is left for the writer to refuse:
    TOML has no way to say it."""
    if character == "\n" or "\ud800" <= character <= "\udfff" or not is_unsafe(character):
        return character
    return f"\\U{ord(character):08x}"


def write_document(path: Path, document: Mapping[str, Any]) -> None:
    """Write a TOML document so that ``path`` always holds a whole file; raises `InputError`."""
    write_text(path, document_text(document))


def refuse_other_file(path: Path) -> None:
    """Raise `InputError` when ``path`` is a file with something else than a plan in it."""
    refuse_other(path, _is_plan, "plan")


def _is_plan(path: Path) -> bool:
    """Whether a file is one that rooftop wrote, of this version or another; other tools number
    their schemas, too."""
    document = read_toml(path, MAXIMUM_BYTES, say("a plan"))
    version = document.get("schema_version")
    scenario, choice = document.get("scenario"), document.get("choice")
    return (
        type(version) is int
        and isinstance(scenario, dict)
        and {"model", "chip", "workload"} <= scenario.keys()
        and isinstance(choice, dict)
        and "batch" in choice
    )


def load_plan(path: Path) -> PlanFile:
    """Read a plan; raises `InputError` naming file, key, found and expected."""
    shown = clean(str(path))
    document = read_toml(path, MAXIMUM_BYTES, say("a plan"))
    version = document.get("schema_version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise InputError(
            say(
                "{shown}: schema_version: found {value}, expected "
                "{SCHEMA_VERSION}: not a rooftop plan",
                shown=shown,
                value=say("nothing") if version is None else clean(repr(version), 40),
                SCHEMA_VERSION=SCHEMA_VERSION,
            )
        )
    if version > SCHEMA_VERSION:
        raise InputError(
            say(
                "{shown}: schema_version: found {version}, this rooftop "
                "{version_2} reads up to {SCHEMA_VERSION}; use a newer one",
                shown=shown,
                version=version,
                version_2=__version__,
                SCHEMA_VERSION=SCHEMA_VERSION,
            )
        )
    from engine.plan.saved.schema import parse_choice, parse_scenario

    return PlanFile(
        parse_scenario(shown, document.get("scenario")),
        parse_choice(shown, document.get("choice")),
        document,
    )
