"""Kinds of deployments as files: ``profiles/deployments/<id>.toml`` and the user's own."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.plan.launch.process import PLACEHOLDER
from engine.sources.profile_files import find_profile, profile_ids, read_toml, user_values
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean

_SCHEMA = "engine.plan.deploy.schema.DeploymentFile"


@dataclass(frozen=True, slots=True)
class DeploymentKind:
    """One kind of deployment; see `engine.plan.deploy.schema.DeploymentFile`."""

    id: str
    name: str
    file: str
    words: str
    reference: str
    frame: str
    executable: bool = False
    dollar: str = "$"
    runtime: str = ""
    leader: str = ""
    port: str = ""
    connector: str = ""
    spans: str = ""
    address: str = ""
    one_model: bool = False
    blocks: Mapping[str, str] = field(default_factory=dict)
    others: Mapping[str, str] = field(default_factory=dict)

    @property
    def holds_files(self) -> bool:
        """Whether files that an engine reads have a place in it."""
        return "file" in self.blocks

    def word(self, text: str) -> str:
        """A word of a command as this kind writes it."""
        if self.words == "shell":
            parts = PLACEHOLDER.split(text)
            quoted = [shlex.quote(one) if one or len(parts) == 1 else "" for one in parts[::2]]
            named = [f'"{self._reference(name)}"' for name in parts[1::2]]
            return _joined(quoted, named)
        return json.dumps(self.text(text), ensure_ascii=False)

    def text(self, text: str) -> str:
        """Text in a file, with names to fill in as this kind writes them."""
        parts = PLACEHOLDER.split(text)
        plain = [one.replace("$", self.dollar) for one in parts[::2]]
        return _joined(plain, [self._reference(name) for name in parts[1::2]])

    def _reference(self, name: str) -> str:
        return (self.reference if name.startswith("NODE") else "${NAME}").replace("NAME", name)


def _joined(texts: list[str], names: list[str]) -> str:
    return "".join(part for pair in zip(texts, [*names, ""], strict=True) for part in pair)


def deployment_ids() -> tuple[str, ...]:
    """Ids of every kind that can be named: bundled and the user's."""
    return profile_ids("deployments")


def load_deployment(name: str) -> DeploymentKind:
    """The kind called ``name``, the user's own first; raises `InputError`."""
    known = deployment_ids()
    if name not in known:
        raise InputError(
            say(
                "--to {name!r}: no such kind of deployment; known: {known}",
                name=clean(name, 60),
                known=", ".join(known),
            )
        )
    path, origin = find_profile("deployments", name)
    values: dict[str, Any] = read_toml(path) if origin == "bundled" else user_values(path, _SCHEMA)
    return DeploymentKind(**{key: value for key, value in values.items() if key != "sources"})


def slug(text: str) -> str:
    """A name that clusters accept: small letters, digits and hyphens, at most 40."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40].strip("-") or "model"
