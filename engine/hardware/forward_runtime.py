"""Which framework runs a vision model: the chosen one, or a stand-in where it serves none."""

from __future__ import annotations

from engine.hardware.chip import Chip
from engine.hardware.framework import Framework
from engine.hardware.framework_profiles import load_framework

_STAND_IN = {"NVIDIA": "tensorrt"}
_ANY_VENDOR = "generic"


def vision_framework(chosen: Framework, chip: Chip) -> tuple[Framework, str]:
    """The framework to plan with, and a note when it is not the chosen one."""
    if chosen.forward is not None:
        return chosen, ""
    framework = load_framework(_STAND_IN.get(chip.vendor, _ANY_VENDOR))
    return framework, f"{chosen.name} serves no vision models: planned for {framework.name}"
