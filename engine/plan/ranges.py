"""How far off predictions of a kind have been: ranges from published error, not from belief.

``profiles/accuracy/ranges.toml`` holds the relative error that two of three published results
stayed within, for each kind of case: whether runs of the chip have been published, whether the
kernels of the model's formats were measured or fitted on its generation, and whether the
framework's costs were. The maintainers' ``tests/accuracy/publish.py`` writes the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from engine.hardware.chip import KernelConstants, Provenance
from engine.scenario import Mode
from engine.sources.profile_files import read_toml
from engine.work.tokens import Inventory
from profiles import ROOT

if TYPE_CHECKING:
    from engine.plan.prepared import Prepared

RANGES = ROOT / "accuracy" / "ranges.toml"

_NAMES = {"ttft": "TTFT", "tpot": "TPOT", "latency": "latency", "throughput": "throughput"}


@dataclass(frozen=True, slots=True)
class Case:
    """What is known of a case; ``kind`` is ``serving``, ``static`` or ``cv``."""

    kind: str
    chip_measured: bool
    kernels_fitted: bool
    framework_known: bool

    def widened(self) -> Iterable[Case]:
        """This case, then those that know less."""
        yield self
        yield replace(self, chip_measured=False)
        yield replace(self, chip_measured=False, kernels_fitted=False)
        yield Case(self.kind, False, False, False)


@dataclass(frozen=True, slots=True)
class Accuracy:
    """What to say about a prediction's error.

    ``badge`` is ``measured`` where runs of this chip under this framework have been published
    (or are the user's own), ``fitted`` where the kernels' constants were measured or fitted on
    its generation, else ``datasheet``. ``ranges`` maps ``ttft``, ``tpot``, ``throughput`` and
    ``latency`` to relative errors that two of three such results stayed within.
    """

    badge: str
    ranges: Mapping[str, float]
    rows: int
    basis: str

    def percent(self, metric: str) -> str:
        """``±12 %``, or nothing where the metric has never been compared."""
        known = self.ranges.get(metric)
        return "" if known is None else f"±{max(round(100 * known), 1)} %"

    def sentence(self) -> str:
        """What two of three such results stayed within, and what that was measured on."""
        named = [f"{_NAMES[name]} {self.percent(name)}" for name in _NAMES if name in self.ranges]
        if not named:
            return f"{self.badge}; {self.basis}"
        return (
            f"{self.badge}: two of three such results lay within {', '.join(named)} ({self.basis})"
        )

    def values(self) -> dict[str, str | float]:
        """Plain values for files: the badge and a ``…_range_percent`` per metric."""
        ranges = {
            f"{name}_range_percent": round(100 * value, 1) for name, value in self.ranges.items()
        }
        return {"badge": self.badge, **ranges}


def accuracy_of(prepared: Prepared, mode: Mode = Mode.CONTINUOUS, precision: int = 0) -> Accuracy:
    """Badge and ranges of what ``prepared`` predicts at one of its precisions."""
    if prepared.inventories:
        case, badge = _language_case(prepared, mode, precision)
    else:
        case, badge = _vision_case(prepared)
    for candidate in case.widened():
        found = _ranges().get(candidate)
        if found is not None:
            return Accuracy(badge, found["range"], found["rows"], found["basis"])
    return Accuracy(badge, {}, 0, "never compared with a measurement")


def _language_case(prepared: Prepared, mode: Mode, precision: int) -> tuple[Case, str]:
    """The kind of case and its badge; the user's own calibrated runs count as published ones."""
    chip, framework = prepared.chip, prepared.framework
    own = framework.origin != "bundled" and any(
        key.startswith(f"{chip.id}/") for key in framework.kernels
    )
    case = Case(
        "static" if mode is Mode.STATIC else "serving",
        own or chip.id in covered()["chips"],
        kernels_fitted(prepared.inventories[precision]),
        own or framework.id in covered()["frameworks"],
    )
    if own or f"{chip.id}/{framework.id}" in covered()["pairs"]:
        return case, "measured"
    return case, "fitted" if case.kernels_fitted else "datasheet"


def _vision_case(prepared: Prepared) -> tuple[Case, str]:
    chip = prepared.chip
    measured = chip.id in covered()["vision_chips"]
    fitted = chip.provenance is not Provenance.DATASHEET
    badge = "measured" if measured else "fitted" if fitted else "datasheet"
    return Case("cv", measured, kernels_fitted=True, framework_known=True), badge


def kernels_fitted(inventory: Inventory) -> bool:
    """Whether every kernel class that the model uses was measured or fitted."""
    return all(used.provenance is not Provenance.DATASHEET for used in _constants(inventory))


def _constants(inventory: Inventory) -> Iterable[KernelConstants]:
    for gemm in (*inventory.gemms, inventory.head):
        yield from (gemm.constants, gemm.decode_constants)
    for bank in inventory.banks:
        yield bank.constants
    for mixing in inventory.mixings:
        yield from (mixing.prefill_constants, mixing.decode_constants)


@cache
def _file() -> dict[str, Any]:
    return read_toml(RANGES)


@cache
def covered() -> Mapping[str, frozenset[str]]:
    """What published runs exist of: ``chips``, ``frameworks``, ``pairs`` (``chip/framework``)
    for language models, ``vision_chips`` for vision models."""
    return {name: frozenset(values) for name, values in _file()["covered"].items()}


def published_runs(chip: str) -> str:
    """Of which models runs on a chip have been published, in a word."""
    language, vision = chip in covered()["chips"], chip in covered()["vision_chips"]
    if language and vision:
        return "language, vision"
    return "language" if language else "vision" if vision else "none"


@cache
def _ranges() -> Mapping[Case, Mapping[str, Any]]:
    return {
        Case(
            one["kind"],
            one["chip"] == "measured",
            one["kernels"] == "fitted",
            one["framework"] == "known",
        ): one
        for one in _file()["case"]
    }
