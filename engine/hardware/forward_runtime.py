"""Which framework runs a forward model: the chosen one, or a stand-in where it serves none."""

from __future__ import annotations

from engine.hardware.chip import Chip
from engine.hardware.framework import Framework
from engine.hardware.framework_profiles import load_framework
from engine.words.messages import say

_STAND_IN = {"NVIDIA": "tensorrt"}
_ANY_VENDOR = "generic"


def forward_framework(
    chosen: Framework, chip: Chip, why: str = "serves no vision models"
) -> tuple[Framework, str]:
    """The framework to plan with, and a note when it is not the chosen one: ``why`` not."""
    if chosen.forward is not None:
        return chosen, ""
    framework = load_framework(_STAND_IN.get(chip.vendor, _ANY_VENDOR))
    return framework, say(
        "{chosen} {why}: planned for {engine}",
        chosen=chosen.name,
        why=say(why),
        engine=framework.name,
    )
