"""What a repository offers besides a config: other kinds of files, its own parameter count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engine.sources.hub.client import client, constants, endpoint, within
from engine.sources.hub.reference import HubReference
from engine.words.messages import say
from engine.words.text import clean

INFO_SECONDS = 10.0

_WORDS = (
    (("model_index.json",), "it is a diffusers pipeline"),
    (("adapter_config.json",), "it is an adapter"),
    ((".gguf",), "it holds GGUF files"),
    ((".mlmodelc", ".mlpackage", ".onnx"), "it holds converted files"),
)


@dataclass(frozen=True, slots=True)
class HubCount:
    """Elements that the hub counts in a repository's safetensors files, also by data type."""

    total: int
    by_type: tuple[tuple[str, int], ...]


def hub_count(reference: HubReference) -> HubCount | None:
    """The hub's own count, or None wherever it offers none: this never fails."""
    try:
        if constants().HF_HUB_OFFLINE:
            return None
        found = _info(reference, ["safetensors"]).safetensors
        by_type = tuple(
            (clean(str(name), 20), int(count)) for name, count in found.parameters.items()
        )
        total = int(found.total)
    except Exception:
        # Old servers, mirrors, no safetensors, no network: all the same here.
        return None
    return HubCount(total, by_type) if total > 0 else None


def without_config(reference: HubReference) -> str:
    """Words for a repository without config.json, with what it holds instead if that is known."""
    words = say("the repository has no config.json")
    try:
        info = _info(reference, ["siblings", "tags"])
        files = [str(one.rfilename).lower() for one in info.siblings or ()]
        tags = [str(tag) for tag in info.tags or ()]
    except Exception:
        return words
    kind = next((text for ends, text in _WORDS if any(name.endswith(ends) for name in files)), "")
    base = next((tag for tag in map(_base, tags) if tag), "")
    advice = say("; name the model it was made of: {base}", base=base) if base else ""
    if kind and not base:
        advice = say("; name the model it was made of")
    return f"{words}{f': {kind}' if kind else ''}{advice}"


def _base(tag: str) -> str:
    """The model in a tag ``base_model:org/name`` or ``base_model:quantized:org/name``."""
    if not tag.startswith("base_model:"):
        return ""
    reference = HubReference.parse(tag.rsplit(":", 1)[1])
    return str(reference) if reference is not None else ""


def _info(reference: HubReference, fields: list[str]) -> Any:
    api = client().HfApi(endpoint=endpoint())
    return within(
        INFO_SECONDS,
        lambda: api.model_info(
            reference.repository,
            revision=reference.revision or None,
            expand=fields,
            timeout=INFO_SECONDS,
        ),
    )
