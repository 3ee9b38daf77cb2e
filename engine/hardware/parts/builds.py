"""Which builds of an engine a profile describes."""

from __future__ import annotations

from dataclasses import dataclass

from engine.hardware.constants import constant


@dataclass(frozen=True, slots=True, kw_only=True)
class Builds:
    """Which of its builds a profile describes."""

    newest: str = constant("newest_build", "day of the newest builds described, as 2026-07-20", "")
