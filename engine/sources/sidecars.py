"""What a model's config may be called, and what beside it says how numbers are stored."""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.sources.files import MAXIMUM_CONFIG_BYTES
from engine.sources.json_text import MAXIMUM_ENTRIES

CONFIGS = ("config.json", "params.json")
"""A config's names in the order of preference; the second is Mistral's and Meta's own."""
MODELOPT = "hf_quant_config.json"
"""NVIDIA ModelOpt's."""
AUTOGPTQ = "quantize_config.json"
"""AutoGPTQ's, also written by AutoAWQ."""
AUTOAWQ = "quant_config.json"
"""AutoAWQ's first."""
DESCRIPTION = "quant_model_description"
"""How the names of Ascend's descriptions begin; older ones say the type before ``.json``."""


@dataclass(frozen=True, slots=True)
class Sidecar:
    """A file's name, and how large it may be: descriptions name every tensor of every expert."""

    name: str
    maximum_bytes: int = MAXIMUM_CONFIG_BYTES
    maximum_entries: int = MAXIMUM_ENTRIES


def sidecars(quantize: object = None) -> tuple[Sidecar, ...]:
    """The files that may lie beside a config; ``quantize`` is MindIE's key in it, which is in the
    name of older descriptions."""
    types = [""]
    if isinstance(quantize, str) and quantize.isidentifier():
        types.append(f"_{quantize.lower()}")
    descriptions = (Sidecar(f"{DESCRIPTION}{kind}.json", 64 << 20, 1_000_000) for kind in types)
    return (Sidecar(MODELOPT), Sidecar(AUTOGPTQ), Sidecar(AUTOAWQ), *descriptions)


_TYPE = re.compile(rb'"quantize"\s*:\s*"(\w{1,40})"')


def worth_asking(config: bytes) -> tuple[Sidecar, ...]:
    """The files that a repository with this config may have: where the config names a method,
    engines look no further than ModelOpt's file and Ascend's description.

    It goes by words in the bytes, because whoever fetches files does not read them.
    """
    kind = _TYPE.search(config)
    modelopt, *others = sidecars(kind[1].decode("ascii", "replace") if kind else None)
    if b'"quant_method"' not in config and b'"compression_config"' not in config:
        return (modelopt, *others)
    is_ascend = kind is not None or b'"modelslim"' in config or b'"ascend"' in config
    descriptions = [one for one in others if one.name.startswith(DESCRIPTION)]
    return (modelopt, *(descriptions if is_ascend else ()))
