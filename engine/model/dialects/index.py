"""Which dialect reads which ``model_type``.

Modules are imported only when a config needs them, so that a long list of families costs nothing at
start.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cache
from typing import Any

from engine.model.architecture import Architecture
from engine.model.dialects.families import FAMILIES
from engine.model.dialects.spellings import ALIASES, CLASS_SUFFIXES, CLASSES
from engine.model.keys import Keys

Reader = Callable[[Keys], Architecture]

WRAPPING = ("multimodal", "minicpm_v", "qwen_hybrid", "qwen4", "idefics", "nvembed", "fuyu")
"""Dialects that read a text model nested in its config."""


@cache
def _modules() -> dict[str, str]:
    return {kind: module for module, kinds in FAMILIES.items() for kind in kinds}


def canonical(model_type: str) -> str:
    """The model type that ``model_type`` is another name of, or itself. Case and hyphens for
    underscores make no difference where the plain spelling is known."""
    found = ALIASES.get(model_type, model_type)
    if found in _modules():
        return found
    plain = model_type.lower().replace("-", "_")
    plain = ALIASES.get(plain, plain)
    return plain if plain in _modules() else found


def known_model_types() -> tuple[str, ...]:
    """Every model type that a dialect reads, aliases included, sorted."""
    return tuple(sorted({*_modules(), *ALIASES}))


def reader_for(model_type: str) -> Reader | None:
    """The reader of ``model_type``, or None when no dialect knows it."""
    module = _modules().get(canonical(model_type))
    if module is None:
        return None
    reader: Reader = importlib.import_module(f"engine.model.dialects.{module}").read
    return reader


def wraps_text(model_type: str) -> bool:
    """True when the dialect of ``model_type`` reads a text model nested in its config."""
    return _modules().get(canonical(model_type)) in WRAPPING


def model_type_of_architectures(architectures: Any) -> str:
    """The model type that a class name such as LlamaForCausalLM belongs to, or ""."""
    if not isinstance(architectures, list):
        return ""
    plain = {kind.replace("_", "").replace("-", "").lower(): kind for kind in known_model_types()}
    for name in architectures:
        if not isinstance(name, str):
            continue
        if name in CLASSES:
            return CLASSES[name]
        for suffix in CLASS_SUFFIXES:
            stem = name.removesuffix(suffix).replace("_", "").lower()
            if stem in plain:
                return plain[stem]
    return ""
