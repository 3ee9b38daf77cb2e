"""Names of vision models in published results → architectures."""

from __future__ import annotations

from functools import lru_cache

from engine.architecture import Architecture
from engine.config import load_architecture
from engine.errors import InputError
from engine.text import clean
from engine.vision.architecture import VisionArchitecture


@lru_cache(maxsize=512)
def measured_architecture(name: str, resolution: tuple[int, int] | None) -> VisionArchitecture:
    """The architecture that a published row's model name means; raises `InputError`."""
    reference = name.split("/")[-1].lower()
    architecture = load_architecture(reference, resolution=resolution).architecture
    if isinstance(architecture, Architecture):
        raise InputError(f"{clean(name, 80)} is not a vision model")
    return architecture
