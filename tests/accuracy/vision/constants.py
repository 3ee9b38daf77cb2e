"""The constants of vision kernels, with their priors, as factors of named parts.

A kernel's share of the peak is what all generations have in common, times the generation's
deviation, times the clock that the chip holds, times the framework's share. Parts that no row
depends on never come up.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from engine.hardware.chip import CacheTraits, Chip, KernelConstants
from engine.hardware.held_clock import power_share
from engine.hardware.parts.forward import ForwardRuntime
from engine.work.forward.fusion import ATTENTION, CONVOLUTION, DENSE, DEPTHWISE, POINTWISE
from profiles import ROOT

PLAIN = "bf16"
SINGLE_FORMAT = (ATTENTION, DEPTHWISE, POINTWISE)
"""Families whose shares are the same in all formats."""
_COMPUTE = {CONVOLUTION: 0.5, DENSE: 0.6, ATTENTION: 0.3, DEPTHWISE: 0.3}
OWN_COMPUTE = {
    ("pytorch", CONVOLUTION),
    ("pytorch-compile", CONVOLUTION),
    ("tensorflow", CONVOLUTION),
    ("fastertransformer", DENSE),
}
"""Frameworks whose kernels of a family reach another share than the chip's best."""
HOST_BOUND = ("pytorch-1", "tensorflow")
"""Frameworks measured with inputs from the host and small batches."""
LOADERS = {"pytorch-1-loader": "pytorch-1"}
"""Profiles that read and decode images beside the chip, and the one that they are but for that."""
LOAD = 9e-4
"""Seconds per image: 640×480 JPEGs opened and resized with PIL in 7 ms by each of eight workers."""
POWER_SHARE = 0.2
"""How much less is known of a clock for each factor e of power that is missing."""


@dataclass(frozen=True)
class Part:
    """One fitted factor: where it is expected and how far it may stray (in logarithms)."""

    prior: float
    width: float


class Constants:
    """Parts by name, in the order in which they came up."""

    def __init__(self) -> None:
        self.parts: dict[str, Part] = {}
        for name, prior, width in (
            ("server", 0.93, 0.1),
            ("byte_cost", 0.3, 0.3),
            ("reach", 1, 0.5),
        ):
            self.parts[name] = Part(prior, width)

    @property
    def names(self) -> list[str]:
        """Names in order."""
        return list(self.parts)

    @property
    def prior(self) -> np.ndarray:
        """Logarithms of the priors."""
        return np.log([part.prior for part in self.parts.values()])

    @property
    def width(self) -> np.ndarray:
        """Widths of the priors."""
        return np.array([part.width for part in self.parts.values()])

    def values(self, logs: np.ndarray) -> Values:
        """The parts at one point."""
        return Values(self, dict(zip(self.parts, np.exp(logs), strict=True)))


class Values:
    """Parts with their values. ``used`` collects which ones were asked for."""

    def __init__(self, constants: Constants, found: dict[str, float]) -> None:
        self.constants = constants
        self.found = found
        self.used: set[str] = set()

    @property
    def offline_instances(self) -> int:
        """Streams of an offline run."""
        return _offline_instances()

    def of(self, name: str, prior: float = 1.0, width: float = 0.2) -> float:
        """The value of a part, made known when it is new."""
        self.used.add(name)
        if name not in self.found:
            self.constants.parts.setdefault(name, Part(prior, width))
            self.found[name] = self.constants.parts[name].prior
        return self.found[name]

    def scope(self, chip: Chip, framework: str) -> Scope:
        """What holds for one chip under one framework."""
        return Scope(self, chip, framework)


@cache
def _offline_instances() -> int:
    text = (ROOT / "vision" / "loads.toml").read_text(encoding="utf-8")
    return int(tomllib.loads(text)["offline_instances"])


class Scope:
    """Constants of one chip under one framework."""

    def __init__(self, values: Values, chip: Chip, framework: str) -> None:
        self.of, self.chip = values.of, chip
        self.framework, self.loads = LOADERS.get(framework, framework), framework in LOADERS

    def kernel(self, family: str, dtype: str) -> KernelConstants:
        """Constants of one kernel class."""
        return KernelConstants(
            compute=self.compute(family, dtype),
            memory=self.memory(family),
            floor_seconds=self.chip_floor() * self.floor_scale(),
            half_size=self.half_size(family),
        )

    @property
    def cache(self) -> CacheTraits:
        """What the cache saves."""
        return CacheTraits(self.of("byte_cost"), self.of("reach"))

    def compute(self, family: str, dtype: str) -> float:
        """Share of peak."""
        if family == POINTWISE:
            return 1.0
        share = self.chip_compute(family, dtype)
        if family == DEPTHWISE:
            return share
        if (self.framework, family) in OWN_COMPUTE:
            share *= self.of(f"compute {self.framework} {family}")
        return share * self.sustained()

    def chip_compute(self, family: str, dtype: str) -> float:
        """Share of peak of the generation's kernels, before clocks and frameworks."""
        kernel = kernel_class(family, dtype)
        share = self.of(f"compute {kernel}", _COMPUTE[family], 0.4)
        if family == DEPTHWISE:
            return share
        width = 0.15 if family == ATTENTION else 0.2
        return share * self.of(f"compute {self.chip.generation} {kernel}", 1.0, width)

    def sustained(self) -> float:
        """Clock held over the clock of the peak: by the power limit, times the chip's deviation."""
        share = self._power_share()
        return share ** self.of("power", 0.4, 0.3) * self.own_clock()

    def own_clock(self) -> float:
        """The chip's deviation from the clock by its power limit."""
        width = 0.06 + POWER_SHARE * abs(float(np.log(self._power_share())))
        return self.of(f"sustained {self.chip.id}", 1.0, width)

    def _power_share(self) -> float:
        return power_share(self.chip.watts, self.chip.peak_flops, self.chip.generation)

    def chip_memory(self) -> float:
        """Share of bandwidth of the generation."""
        return self.of("memory", 0.78, 0.1) * self.of(f"memory {self.chip.generation}", 1.0, 0.06)

    def memory(self, family: str) -> float:
        """Share of bandwidth."""
        return self.chip_memory() * self.memory_share(family)

    def memory_share(self, family: str) -> float:
        """The framework's share of what the chip reaches. Fused engines share one figure, and
        depthwise kernels one where a framework has no rows of them."""
        framework = self.framework
        if family == DEPTHWISE:
            own = framework if framework.startswith("pytorch") else "pytorch-compile"
            return self.of(f"memory {own} {DEPTHWISE}", 0.7)
        if framework in ("tensorrt", "generic"):
            return self.of("memory tensorrt", 1.15, 0.02)
        return self.of(f"memory {framework} {DENSE if family == ATTENTION else family}")

    def chip_floor(self) -> float:
        """Seconds of an empty kernel: some thousand cycles, so that clocks tell."""
        return self.of("floor", 4e-6, 0.3) * self.of(f"floor {self.chip.generation}", 1.0, 0.12)

    def floor_scale(self) -> float:
        """The framework's floor over the chip's."""
        return 1.0 if self.framework == "tensorrt" else self.of(f"floor {self.framework}", 1.0, 0.3)

    def half_size(self, family: str) -> float:
        """Tiles per core at half the peak."""
        if family in (DEPTHWISE, POINTWISE):
            return 0.0
        return self.of(f"half_size {DENSE if family == ATTENTION else family}", 0.3, 0.5)

    def runtime(self, given: ForwardRuntime) -> ForwardRuntime:
        """The framework's costs on the host."""
        batch = self.of(
            "batch tensorflow" if self.framework == "tensorflow" else "batch", 1e-4, 1.0
        )
        if self.framework not in HOST_BOUND:
            return replace(given, batch_seconds=batch)
        scale = 1.0
        if self.chip.generation != "ampere":
            scale = self.of(f"launch {self.chip.generation}", 1.0, 0.3)
        return replace(
            given,
            launch_seconds=self.of(f"launch {self.framework}", 4e-5, 1.0),
            launch_scale={self.chip.generation: scale},
            batch_seconds=batch,
            image_seconds=self.of(f"image {self.framework}", 5e-6, 1.0),
            loading_seconds=self.of("load", LOAD, 0.3) if self.loads else 0.0,
        )


def kernel_class(family: str, dtype: str) -> str:
    """The class whose share a kernel has."""
    return f"{family}.{PLAIN if family in SINGLE_FORMAT else dtype}"
