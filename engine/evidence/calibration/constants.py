"""The constants that runs of a site are fitted by.

Each is a factor on what is published: on the shares of peak and bandwidth and the launch floors of
one family of kernels, on a cost of the engine, or on collectives among so many chips.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from engine.evidence.calibration.expected import expected
from engine.evidence.calibration.run import Run
from engine.hardware.chip import Collective, KernelConstants
from engine.hardware.kernels import constants_for
from engine.serve.system import System
from engine.words.messages import say

EFFICIENCY_LIMIT = 0.98
LEAST_COST = 1.0
"""Microseconds; a cost of nothing has no factor."""
FAMILIES = {
    "products": ("gemm", "batched_gemm", "elementwise"),
    "experts": ("grouped_gemm",),
    "attention": (
        "prefill_attention",
        "decode_attention",
        "mla_prefill",
        "mla_decode",
        "sparse_index",
        "scan",
    ),
}
"""Kernel families whose constants move together."""
FIGURES = ("memory", "compute", "floor")
COSTS = {"step": "step_seconds", "sequence": "sequence_seconds", "request": "request_seconds"}
"""Costs of an engine by the word for them."""
NAMES = {
    "memory.products": "bandwidth of products",
    "memory.experts": "bandwidth of experts",
    "memory.attention": "bandwidth of attention",
    "compute.products": "compute of products",
    "compute.experts": "compute of experts",
    "compute.attention": "compute of attention",
    "floor.products": "launch floor of products",
    "floor.experts": "launch floor of experts",
    "floor.attention": "launch floor of attention",
    "step": "per-step cost",
    "sequence": "per-sequence cost",
    "request": "per-request cost",
    "start": "link start, {ranks} chips",
    "bandwidth": "link bandwidth, {ranks} chips",
}
"""What people call them; those of links hold for one rank count each."""


@dataclass(frozen=True, slots=True)
class Constant:
    """One fitted constant: what it multiplies, what it is called, how wide its prior is, what it
    was. Of links the ``ranks`` that exchange."""

    keys: tuple[str, ...]
    """``memory.experts``, ``step``, ``start.8`` …; several where one factor is on all of them."""
    name: str
    prior: float
    base: float
    unit: str
    """Empty for a share of the chip's peak."""
    ranks: int = 0
    most: float = inf
    """What a chip can reach."""

    @property
    def key(self) -> str:
        """What tells it from others."""
        return self.keys[0] if len(self.keys) == 1 else self.name

    @property
    def label(self) -> str:
        """Its name in the language of the person."""
        return say(self.name, ranks=self.ranks) if self.ranks else say(self.name)


def site_constants(site: System, runs: Sequence[Run]) -> tuple[Constant, ...]:
    """Those that runs of a site can be fitted by, each of its own."""
    widths, found = expected().widths, []
    shown = _shown_kernels(systems_of(site, runs))
    for figure in FIGURES:
        for family, kernels in shown.items():
            key = f"{figure}.{family}"
            base, unit, most = _base(figure, kernels)
            found.append(Constant((key,), NAMES[key], widths[key], base, unit, most=most))
    for key in COSTS:
        found.append(Constant((key,), NAMES[key], widths[key], _cost(site, key), "µs"))
    for ranks in rank_counts(runs):
        start, bandwidth = _link(site, ranks)
        most = site.chip.scale_up.bandwidth_bytes * 1e-9
        for word, base, unit, limit in (
            ("start", start, "µs", inf),
            ("bandwidth", bandwidth, "GB/s", most),
        ):
            keys = (f"{word}.{ranks}",)
            found.append(Constant(keys, NAMES[word], widths[word], base, unit, ranks, limit))
    return tuple(found)


def causes(site: System, runs: Sequence[Run]) -> tuple[Constant, ...]:
    """The few causes that a site can differ by as a whole, with priors as wide as for a site that
    nobody has described."""
    families = tuple(_shown_kernels(systems_of(site, runs)))
    kernel = constants_for("gemm.bf16", site.chip, site.engine)
    shares, floor = (kernel.memory, kernel.compute), kernel.floor_seconds * 1e6

    def of_kernels(figure: str) -> tuple[str, ...]:
        return tuple(f"{figure}.{family}" for family in families)

    found = [
        Constant(
            of_kernels("memory"), "bandwidth efficiency", 0.2, shares[0], "", most=EFFICIENCY_LIMIT
        ),
        Constant(
            of_kernels("compute"), "compute efficiency", 0.4, shares[1], "", most=EFFICIENCY_LIMIT
        ),
        Constant(of_kernels("floor"), "launch floor", 0.4, max(floor, LEAST_COST), "µs"),
        Constant(("step",), "per-step cost", 0.7, _cost(site, "step"), "µs"),
        Constant(("request",), "per-request cost", 0.7, _cost(site, "request"), "µs"),
    ]
    if several := rank_counts(runs):
        starts = tuple(f"start.{ranks}" for ranks in several)
        found.append(Constant(starts, "link α", 0.7, _link(site, several[-1])[0], "µs"))
    return tuple(found)


def systems_of(site: System, runs: Sequence[Run]) -> list[System]:
    """What runs were made on, each once."""
    found: dict[int, System] = {}
    for run in runs:
        system = run.system or site
        found.setdefault(id(system), system)
    return list(found.values()) or [site]


def rank_counts(runs: Sequence[Run]) -> tuple[int, ...]:
    """Among how many chips collectives of the runs are."""
    layouts = {run.layout for run in runs}
    counts = {count for one in layouts for count in (one.tensor, one.ranks) if count > 1}
    return tuple(sorted(counts))


def _shown_kernels(systems: Sequence[System]) -> dict[str, tuple[KernelConstants, ...]]:
    """Families that any of the models uses, with the kernels of the first one: that of decoding
    and that of prompts."""
    found: dict[str, tuple[KernelConstants, ...]] = {}
    for system in systems:
        for family, kernels in _used(system):
            found.setdefault(family, kernels)
    return {family: found[family] for family in FAMILIES if family in found}


def _used(system: System) -> Iterator[tuple[str, tuple[KernelConstants, ...]]]:
    inventory = system.inventory
    product: Any = max(inventory.gemms, key=lambda one: one.calls, default=inventory.head)
    yield "products", (product.decode_constants, product.constants)
    for bank in inventory.banks[:1]:
        yield "experts", (bank.constants, bank.constants)
    for mixing in inventory.mixings[:1]:
        yield "attention", (mixing.decode_constants, mixing.prefill_constants)


def _base(figure: str, kernels: Sequence[KernelConstants]) -> tuple[float, str, float]:
    """What it was, its unit, and the most it can be."""
    decode, prompt = kernels
    if figure == "floor":
        return max(decode.floor_seconds * 1e6, LEAST_COST), "µs", inf
    return decode.memory if figure == "memory" else prompt.compute, "", EFFICIENCY_LIMIT


def _cost(site: System, key: str) -> float:
    return max(float(getattr(site.engine.costs, COSTS[key])) * 1e6, LEAST_COST)


def link_of(site: System, ranks: int) -> Collective:
    """What the chip's file says of an all-reduce among as many chips, or nearly."""
    table = site.chip.all_reduce
    return table[min(table, key=lambda count: abs(count - min(ranks, site.chip.node_size)))]


def _link(site: System, ranks: int) -> tuple[float, float]:
    """Microseconds that the smallest all-reduce over ``ranks`` chips takes, and GB/s that large
    ones reach."""
    known = link_of(site, ranks)
    start = known.alpha_seconds
    if known.small_bandwidth_bytes > 0:
        start = min(start, known.small_alpha_seconds)
    start += site.engine.costs.collective_seconds
    return max(start * 1e6, LEAST_COST), known.bandwidth_bytes * 1e-9
