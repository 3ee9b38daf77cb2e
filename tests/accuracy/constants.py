"""The constants that published runs can identify: where each stands, its prior and its bounds.

Every constant is fitted as the logarithm of a factor on its prior. A generation's kernels have
the measured kernel tables as prior (`priors.toml`), a framework's own kernels the generation's
value, a framework's costs their present value with a wide prior.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from engine.hardware.chip import Chip, Collective, Deviation, KernelConstants
from engine.hardware.chip_profiles import clock_pace
from engine.hardware.framework import CONSTANTS, Framework
from engine.sources.profile_files import bundled_files, read_toml
from tests.accuracy.constant import COLLECTIVES, Constant
from tests.accuracy.kinships import covariance

PRIORS = Path(__file__).with_name("priors.toml")

# Share of peak and bandwidth, launch floor, seconds per item: how far kernels of one class stray
# from their table (fits of the tables themselves: 5 to 14 %; serving adds clocks and contention).
# These widths and correlations predict pairs left out best.
_KERNEL_WIDTHS = {"compute": 0.11, "memory": 0.023, "floor_us": 0.21, "per_item_ns": 0.42}
_OWN_WIDTHS = {"compute": 0.14, "memory": 0.018, "floor_us": 0.21}
_UNMEASURED = 2.5
"""Priors without a measurement are this many times as wide."""
_DEVIATION_WIDTH = 0.08
_ITEM_WIDTHS = {"item_share": 0.6, "item_split": 0.4}
"""No table measures what one sequence draws."""
_EXPONENT_WIDTH = 0.4
_EARLY = 3.5
"""Builds of an engine's first years stray this many times as far from what the chip can do."""
EARLY_FRAMEWORKS = (
    "vllm-0.5",
    "vllm-0.6",
    "vllm-0.12",
    "vllm-early-mxfp8",
    "vllm-no-aiter",
    "vllm-no-aiter-moe",
    "vllm-early-deepseek-v4",
    "sglang-rocm-2026-02",
)
_COST_WIDTHS = {
    "step_us": 0.56,
    "sequence_us": 0.14,
    "request_us": 0.3,
    "layer_us": 0.53,
    "collective_us": 0.28,
    "admission_steps": 0.1,
    "warmup_ms": 0.88,
    "spacing_us": 0.2,
    "opening_slowdown": 0.06,
    "prompt_layer_us": 0.13,
    "decode_pool_pace": 0.03,
    "handover_us": 0.3,
    "handover_passes": 0.4,
}
_KERNEL_FIELDS = {
    "compute": ("compute", 1.0),
    "memory": ("memory", 1.0),
    "floor_us": ("floor_seconds", 1e-6),
    "per_item_ns": ("per_item_seconds", 1e-9),
}
WIDE_RANKS = 8
SPECIAL_KERNELS = {
    "vllm-0.5": ("gemm.bf16",),
    "vllm-early-mxfp8": ("gemm.mxfp8", "grouped_gemm.mxfp8"),
    "vllm-no-aiter": ("gemm.mxfp8", "grouped_gemm.mxfp8", "grouped_gemm.int4", "mla_decode.bf16"),
    "vllm-no-aiter-moe": ("grouped_gemm.int4",),
    "vllm-early-deepseek-v4": ("grouped_gemm.fp8", "mla_decode.fp8", "sparse_index.bf16"),
    "vllm-0.12": ("grouped_gemm.fp8_block",),
    "sglang-rocm-2026-02": ("gemm.fp8_block", "grouped_gemm.fp8_block"),
}
"""Kernels in which a profile differs from the one it is based on."""
FIXED_FRAMEWORKS = ("generic", "pytorch", "deepspeed", "tensorrt")


def read_priors() -> dict[str, Any]:
    """Where every constant is expected, as its file says."""
    with PRIORS.open("rb") as stream:
        return tomllib.load(stream)


class Constants:
    """All constants and the profiles they make."""

    def __init__(
        self, owns: Mapping[tuple[str, str], Sequence[str]], own_width: float = 1.0
    ) -> None:
        """``owns``: for each (framework, generation) the kernel classes it has of its own, and
        how freely they stray from the generation's."""
        self.own_width = own_width
        self.priors = read_priors()
        self.list: list[Constant] = []
        self._generations()
        self._frameworks(owns)
        for scope in ("chip", "engine"):
            for owner, tables in self.priors[f"{scope}s"].items():
                for table, values in tables.items():
                    for key, value in values.items():
                        width = _ITEM_WIDTHS.get(key, _DEVIATION_WIDTH)
                        self._add(scope, owner, table, key, value, width)
        self.owns = owns
        self.index = {(c.scope, c.owner, c.table, c.key): i for i, c in enumerate(self.list)}
        self.prior = np.log([constant.prior for constant in self.list])
        self.width = np.array([constant.width for constant in self.list])
        self.covariance = covariance(self.list)
        self.precision = np.linalg.inv(self.covariance)
        limits = np.log([constant.limits for constant in self.list])
        self.lower, self.upper = limits[:, 0], limits[:, 1]
        self.base = np.array([self._base(constant) for constant in self.list])

    def _generations(self) -> None:
        for owner, tables in self.priors["generations"].items():
            for table, values in tables["kernels"].items():
                wide = 1.0 if values["measured"] else _UNMEASURED
                for key, width in _KERNEL_WIDTHS.items():
                    if values.get(key):
                        self._add("generation", owner, table, key, values[key], width * wide)
            for table in COLLECTIVES:
                for key, width in COLLECTIVES[table].items():
                    self._add("generation", owner, table, key, 1.0, width)
            if "clock" in tables:
                exponent = tables["clock"]["exponent"]
                self._add("generation", owner, "clock", "exponent", exponent, _EXPONENT_WIDTH)

    def _frameworks(self, owns: Mapping[tuple[str, str], Sequence[str]]) -> None:
        for owner, costs in self.priors["frameworks"].items():
            for key, width in _COST_WIDTHS.items():
                if key in costs:
                    self._add("framework", owner, "", key, costs[key], width)
        for (owner, generation), classes in owns.items():
            for table in classes:
                wide = _EARLY if owner in EARLY_FRAMEWORKS else 1.0
                for key, width in _OWN_WIDTHS.items():
                    if self.priors["generations"][generation]["kernels"][table].get(key):
                        name = f"{generation}/{table}"
                        own = width * wide * self.own_width
                        former = self.priors["former"].get(owner, {}).get(table, {})
                        self._add("framework", owner, name, key, former.get(key, 1.0), own)

    def _add(
        self, scope: str, owner: str, table: str, key: str, prior: float, width: float
    ) -> None:
        self.list.append(Constant(scope, owner, table, key, float(prior), width))

    def _base(self, constant: Constant) -> int:
        """The generation's constant that a framework's own is a factor on; -1 for others."""
        if constant.scope != "framework" or not constant.table:
            return -1
        generation, table = constant.table.split("/")
        return self.index["generation", generation, table, constant.key]

    def values(self, logs: np.ndarray) -> np.ndarray:
        """Values within their limits, of logarithms that for a framework's own kernels stand for
        a factor on the generation's."""
        own = self.base >= 0
        free = logs.copy()
        free[~own] = np.clip(logs[~own], self.lower[~own], self.upper[~own])
        free[own] = np.clip(logs[own] + free[self.base[own]], self.lower[own], self.upper[own])
        return np.exp(free)

    def cost(self, framework: Framework, key: str) -> int | None:
        """The constant of a framework's cost: its own, or that of the profile it is based on."""
        for owner in lineage(framework.id):
            if (place := self.index.get(("framework", owner, "", key))) is not None:
                return place
            if key in _own_values(owner):
                return None
        return None

    def concerned(self, chip: Chip, framework: Framework) -> list[int]:
        """Constants that can matter to a framework on a chip."""
        costs = {self.cost(framework, key) for key in _COST_WIDTHS}
        line = lineage(framework.id)
        here = {
            ("generation", chip.generation),
            ("chip", chip.id),
            ("engine", framework.id),
        }
        found = []
        for place, c in enumerate(self.list):
            kernel = c.scope == "framework" and c.table.startswith(f"{chip.generation}/")
            own = kernel and c.owner in line
            if own or place in costs or (c.scope, c.owner) in here:
                found.append(place)
        return found

    def chip(self, chip: Chip, values: np.ndarray) -> Chip:
        """``chip`` with the constants of its generation."""
        tables = self.priors["generations"].get(chip.generation)
        if tables is None:
            return chip
        kernels = dict(chip.kernels)
        for table, prior in tables["kernels"].items():
            kernels[table] = self._kernel("generation", chip.generation, table, prior, values)
        factors = {table: self.collective(chip.generation, table, values) for table in COLLECTIVES}
        return replace(
            chip,
            pace=self._pace(chip, values),
            kernels=kernels,
            deviations=self._deviations("chip", chip.id, values),
            all_reduce=_scaled(chip, "all_reduce", tables, factors["all_reduce"]),
            all_to_all=_scaled(chip, "all_to_all", tables, factors["all_to_all"]),
        )

    def collective(self, generation: str, table: str, values: np.ndarray) -> dict[str, float]:
        """What the fit makes of a generation's collectives: factors on its prior."""
        return {
            key: float(values[self.index["generation", generation, table, key]])
            for key in COLLECTIVES[table]
        }

    def _pace(self, chip: Chip, values: np.ndarray) -> float:
        clock = self.priors["generations"][chip.generation].get("clock")
        if clock is None:
            return chip.pace
        exponent = values[self.index["generation", chip.generation, "clock", "exponent"]]
        return clock_pace(chip.watts, clock["reference_watts"], float(exponent))

    def _deviations(self, scope: str, owner: str, values: np.ndarray) -> dict[str, Deviation]:
        return {
            table: Deviation(
                **{key: float(values[self.index[scope, owner, table, key]]) for key in given}
            )
            for table, given in self.priors[f"{scope}s"].get(owner, {}).items()
        }

    def _kernel(
        self, scope: str, owner: str, table: str, prior: Mapping[str, Any], values: np.ndarray
    ) -> KernelConstants:
        fields = {}
        for key, (field, unit) in _KERNEL_FIELDS.items():
            place = self.index.get((scope, owner, table, key))
            if place is None and scope == "framework":
                generation, name = table.split("/")
                place = self.index.get(("generation", generation, name, key))
            if place is not None:
                fields[field] = float(values[place]) * unit
        return KernelConstants(
            order=prior.get("order", 2.0), half_size=prior.get("half_size", 0.0), **fields
        )

    def _fitted(self, name: str) -> bool:
        """Whether a framework's kernel is fitted; what its profile alone knows of stays so."""
        generation, _, table = name.partition("/")
        tables = self.priors["generations"].get(generation, {"kernels": {}})
        return table in tables["kernels"]

    def framework(self, framework: Framework, values: np.ndarray) -> Framework:
        """``framework`` with its fitted costs and kernels."""
        costs = {}
        for key in _COST_WIDTHS:
            place = self.cost(framework, key)
            if place is not None:
                field, declared = CONSTANTS[key]
                costs[field] = declared.read(float(values[place]))
        kernels = {name: one for name, one in framework.kernels.items() if not self._fitted(name)}
        for one in reversed(lineage(framework.id)):
            for (owner, generation), classes in self.owns.items():
                for table in classes if owner == one else ():
                    prior = self.priors["generations"][generation]["kernels"][table]
                    name = f"{generation}/{table}"
                    kernels[name] = self._kernel("framework", owner, name, prior, values)
        if kernels:
            costs["kernels"] = kernels
        costs["deviations"] = self._deviations("engine", framework.id, values)
        return framework.changed(**costs)


def start_factor(factors: Mapping[str, float], ranks: int) -> float:
    """What the fit makes of the start of a collective of so many ranks."""
    return factors["alpha_us"] * (factors.get("wide_alpha", 1.0) if ranks >= WIDE_RANKS else 1.0)


def _scaled(
    chip: Chip, kind: str, tables: Mapping[str, Mapping[str, Any]], factors: Mapping[str, float]
) -> dict[int, Collective]:
    """The generation's collectives times the factors; a chip's own stay as they are."""
    link, share = chip.scale_up.bandwidth_bytes, factors["link_share"]
    found = dict(getattr(chip, kind))
    own = _chip_file(chip.id).get(kind, {})
    for ranks, values in tables[kind].items():
        if ranks not in own:
            alpha = start_factor(factors, int(ranks))
            found[int(ranks)] = Collective(
                alpha_seconds=values["alpha_us"] * 1e-6 * alpha,
                bandwidth_bytes=values["link_share"] * link * share,
                small_alpha_seconds=values.get("small_alpha_us", 0.0) * 1e-6 * alpha,
                small_bandwidth_bytes=values.get("small_link_share", 0.0) * link * share,
            )
    return found


@cache
def _chip_file(chip: str) -> dict[str, Any]:
    return read_toml(bundled_files("chips")[chip])


@cache
def _own_values(owner: str) -> dict[str, Any]:
    return read_toml(bundled_files("frameworks")[owner])


def lineage(framework: str) -> list[str]:
    """A profile and those it is based on."""
    found = [framework]
    while base := _own_values(found[-1]).get("base"):
        found.append(base)
    return found


def kernel_owner(framework: str, kernel: str) -> str:
    """The profile that has the kernel of a framework: its own where it is known for it."""
    line = lineage(framework)
    own = next((one for one in line if kernel in SPECIAL_KERNELS.get(one, ())), line[-1])
    return own
