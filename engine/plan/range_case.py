"""What is known of a kind of case: which published runs a prediction's error was measured on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from engine.hardware.chip import Provenance
from engine.sources.profile_files import read_toml
from profiles import ROOT

RANGES = ROOT / "accuracy" / "ranges.toml"


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of case; ``kind`` is ``serving``, ``static`` or ``cv``, as measured rows have it.

    ``badge`` is measured where runs of this chip under this framework have been published (or are
    the user's own), fitted where the kernels' constants were measured or fitted on its generation,
    else datasheet.
    """

    kind: str
    chip_measured: bool
    kernels_fitted: bool
    framework_known: bool
    badge: Provenance = Provenance.DATASHEET

    @property
    def key(self) -> tuple[str, bool, bool, bool]:
        """What tells its ranges from those of others."""
        return self.kind, self.chip_measured, self.kernels_fitted, self.framework_known

    def widened(self) -> Iterable[Case]:
        """This case, then those that know less."""
        yield self
        yield replace(self, chip_measured=False)
        yield replace(self, chip_measured=False, kernels_fitted=False)
        yield replace(self, chip_measured=False, kernels_fitted=False, framework_known=False)


@cache
def ranges_file() -> dict[str, Any]:
    """``profiles/accuracy/ranges.toml``."""
    return read_toml(RANGES)


@cache
def covered() -> Mapping[str, frozenset[str]]:
    """What published runs exist of: ``chips``, ``frameworks``, ``pairs`` (``chip/framework``)
    for language models, ``vision_chips`` for vision models."""
    return {name: frozenset(values) for name, values in ranges_file()["covered"].items()}


def published_runs(chip: str) -> str:
    """Of which models runs on a chip have been published, in a word."""
    language, vision = chip in covered()["chips"], chip in covered()["vision_chips"]
    if language and vision:
        return "language, vision"
    return "language" if language else "vision" if vision else "none"
