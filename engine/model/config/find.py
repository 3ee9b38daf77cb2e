"""What a reference names: a bundled profile, a file or folder, a hub id, a known architecture."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from engine.model.config.bundled import stand_in_words
from engine.model.model_profiles import model_file, model_names
from engine.words.messages import say
from engine.words.text import closest

if TYPE_CHECKING:
    from engine.sources.hub.reference import HubReference

TIMM = "timm/"
"""timm's organisation on the hub, which published tables write before a name."""


def is_layer_table(reference: str) -> bool:
    """Whether ``reference`` names a CSV of layers instead of a config."""
    return reference.lower().endswith(".csv")


def hub_reference(reference: str, revision: str = "") -> HubReference | None:
    """The hub's repository that ``reference`` names, or None when it names something else:
    bundled profiles and what lies on the disk come first."""
    if model_file(reference) is not None or is_path(reference):
        return None
    if reference.lower().startswith(TIMM) and vision_name(reference):
        return None
    from engine.sources.hub.reference import HubReference

    return HubReference.parse(reference, revision)


def is_path(reference: str) -> bool:
    """Whether ``reference`` is written as a path, or names something on the disk."""
    if reference.startswith((".", "/", "~")):
        return True
    try:
        path = Path(reference)
        return path.suffix == ".json" or os.path.lexists(path)
    except ValueError:
        return False


def vision_name(reference: str) -> str:
    """The known architecture that ``reference`` names, with or without timm's organisation, or
    "". With the tag of its weights it is a repository of the hub instead."""
    return _vision_names().get(reference.lower().removeprefix(TIMM), "")


def _vision_names() -> dict[str, str]:
    """Vision models that timm or torchvision name, by the name in lower case."""
    from engine.model.forward.index import named_architectures

    return {name.lower(): name for name in named_architectures()}


def nearest(name: str) -> str:
    """The profile that ``name`` is a version of, else the known names closest to it, in words."""
    found = stand_in_words(name)
    if found:
        return found
    known = [*model_names(), *_vision_names()]
    near = closest(name, known, 3, 0.6)
    if near:
        return say("; nearest profile: {near}", near=", ".join(near))
    return say("; `rooftop models` lists the profiles")
