"""Which text model and which towers each multimodal model type wraps."""

from __future__ import annotations

from collections.abc import Mapping

from engine.model.dialects.wrapped_images import SEEING
from engine.model.dialects.wrapped_speech import HEARING
from engine.model.dialects.wrapper import Wrapper

WRAPPERS: Mapping[str, Wrapper] = {**SEEING, **HEARING}
"""By model type."""
