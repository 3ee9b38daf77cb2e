"""What a model's config may be called, and what beside it says how numbers are stored."""

from __future__ import annotations

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
POOLING = ("modules.json", "config_sentence_transformers.json", "1_Pooling/config.json")
"""What sentence-transformers writes beside the config of a model that embeds: its presence says
so, and engines go by the first (vLLM, config/model.py ``_get_default_runner_type``)."""
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
