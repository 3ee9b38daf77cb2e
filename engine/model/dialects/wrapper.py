"""What a multimodal model type says of its parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from engine.model.dialects.towers.parts import Tower
from engine.model.keys import Keys


@dataclass(frozen=True, slots=True)
class Wrapper:
    """A multimodal model type: its text model's class and how its towers count.

    ``tower_types`` are the classes of ``vision_config`` and ``audio_config``. ``tower`` None: the
    tower is not described, and a warning says so. ``always`` towers exist even when the file has
    no config for them (class defaults).
    """

    text: str
    vision: Tower | None = None
    vision_type: str = ""
    audio: Tower | None = None
    audio_type: str = ""
    always: bool = False
    vision_key: str = "vision_config"
    audio_keys: tuple[str, ...] = ("audio_config",)
    harmless: tuple[str, ...] = ()
    text_harmless: tuple[str, ...] = ()
    uncounted: tuple[str, ...] = ()
    """Parts that no text passes through; a warning names them."""
    check: Callable[[Keys], None] | None = None
    """Raises for files that do not describe their text model."""
