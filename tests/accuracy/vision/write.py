"""Fitted constants of vision models into the profiles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from engine.hardware.framework_profiles import load_framework
from engine.hardware.held_clock import LAW
from engine.sources.profile_files import bundled_files
from engine.work.forward.fusion import ATTENTION, CONVOLUTION, DENSE, DEPTHWISE, POINTWISE
from profiles import ROOT
from tests.accuracy.toml_patch import drop, patch
from tests.accuracy.vision.cases import Case
from tests.accuracy.vision.constants import (
    HOST_BOUND,
    OWN_COMPUTE,
    PLAIN,
    Scope,
    Values,
    kernel_class,
)

VISION = ROOT / "chips" / "vision"
SOURCE = (
    "fitted to published results (MLPerf inference v3.0 to v6.0, NVIDIA DeepLearningExamples and "
    "FasterTransformer guides, timm benchmarks), whole (model, chip) pairs held out"
)
COMMON = (
    "no vision measurement of this format and generation: what the measured ones have in common"
)
CARRIED = (
    "no row of this format on this generation: the common share with the generation's deviation "
    "in other formats"
)
WINOGRAD = "; above 1 where Winograd transforms save products"
FAMILIES = (CONVOLUTION, DENSE, ATTENTION, DEPTHWISE, POINTWISE)
FORMATS = (PLAIN, "int8", "fp8", "tf32", "fp32")
STANDS_IN = {"convolution.fp8": "convolution.int8"}
"""Classes without a row, and the class of the same width that stands in."""
MOST_SHARE = 1.5
"""Of the peak, as profiles hold it: Winograd transforms save products, not all of them."""
LEAST = 0.01
"""Shares nearer to 1 than this are left out."""


def number(value: float) -> str:
    """Three digits, as TOML."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def write_profiles(values: Values, cases: Sequence[Case]) -> None:
    """Write chips' constants, frameworks' shares and loads."""
    by_generation: dict[str, list[Case]] = {}
    for case in cases:
        by_generation.setdefault(case.inventory.chip.generation, []).append(case)
    for generation, mine in sorted(by_generation.items()):
        (VISION / f"{generation}.toml").write_text(_generation(values, generation, mine))
    (VISION / "default.toml").write_text(_default(values, cases))
    for framework in sorted({case.framework for case in cases} | {"generic", "onnxruntime"}):
        _framework(values, framework, cases)
    patch(ROOT / "vision" / "loads.toml", "", {"server_share": number(values.of("server"))})
    patch(LAW, "", {"exponent": number(values.of("power"))})


def _kernel(
    scope: Scope, kernel: str, compute: float, memory: float, floor: float, source: str
) -> str:
    family = kernel.split(".")[0]
    lines = [
        "",
        f'[kernels."{kernel}"]',
        f"compute = {number(compute)}",
        f"memory = {number(memory)}",
        f"floor_us = {number(floor * 1e6)}",
        "order = 2",
    ]
    if scope.half_size(family):
        lines.append(f"half_size = {number(scope.half_size(family))}")
    provenance = "fitted" if source == SOURCE else "datasheet"
    lines.append(f'provenance = "{provenance}"')
    lines.append(f'source = "{source}{WINOGRAD if compute > 1 else ""}"')
    return "\n".join(lines) + "\n"


def _generation(values: Values, generation: str, cases: Iterable[Case]) -> str:
    chips, kernels = {}, {}
    for case in cases:
        chip = case.inventory.chip
        scope = values.scope(chip, "tensorrt")
        chips[chip.id] = scope.own_clock()
        for work in case.inventory.works:
            kernel = kernel_class(work.family, case.inventory.choice.dtype)
            family, dtype = kernel.split(".")
            share = 1.0 if family == POINTWISE else scope.chip_compute(family, dtype)
            share = min(share, MOST_SHARE)
            kernels[kernel] = _kernel(
                scope, kernel, share, scope.chip_memory(), scope.chip_floor(), SOURCE
            )
    kernels = {**_carried(scope, generation, values), **kernels}
    text = (
        f'id = "{generation}"\n\n'
        "# Clock that matrix kernels hold over the one that the power limit lets expect\n"
        "# (profiles/vision/power.toml).\n[sustained]\n"
    )
    text += "".join(
        f"{chip} = {number(held)}\n"
        for chip, held in sorted(chips.items())
        if abs(held - 1) > LEAST
    )
    return text + "".join(kernels[kernel] for kernel in sorted(kernels))


def _carried(scope: Scope, generation: str, values: Values) -> dict[str, str]:
    """Classes of formats that no row of the generation ran: the common share with the
    generation's mean deviation in the formats that some did."""
    found = {}
    for family in (CONVOLUTION, DENSE):
        ran = [
            values.found[name]
            for name in (f"compute {generation} {family}.{dtype}" for dtype in FORMATS)
            if name in values.found
        ]
        deviation = float(np.exp(np.mean(np.log(ran)))) if ran else 1.0
        for dtype in FORMATS:
            kernel = f"{family}.{dtype}"
            share = min(_common(values, kernel) * deviation, 1.0)
            found[kernel] = _kernel(
                scope, kernel, share, scope.chip_memory(), scope.chip_floor(), CARRIED
            )
    return found


def _common(values: Values, kernel: str) -> float:
    return values.found.get(f"compute {STANDS_IN.get(kernel, kernel)}", 1.0)


def _default(values: Values, cases: Sequence[Case]) -> str:
    scope = values.scope(cases[0].inventory.chip, "tensorrt")
    text = (
        'id = "default"\n\n'
        "# Kernel classes of vision models on generations without measurements of their own:\n"
        "# shares of dense peak and bandwidth, launch floor, norm order, tiles per core at which\n"
        "# half the peak is reached.\n\n"
        "# Bytes of activations found in the last-level cache: what they cost of a byte from\n"
        "# memory, and how much of a working set the cache holds (1: as much as it is large).\n"
        f"[cache]\nbyte_cost = {number(values.of('byte_cost'))}\n"
        f"reach = {number(values.of('reach'))}\n"
    )
    for family in FAMILIES:
        for dtype in FORMATS if family in (CONVOLUTION, DENSE) else (PLAIN,):
            kernel = f"{family}.{dtype}"
            share = min(_common(values, kernel), 1.0)
            text += _kernel(scope, kernel, share, values.of("memory"), values.of("floor"), COMMON)
    return text


def _framework(values: Values, framework: str, cases: Sequence[Case]) -> None:
    path = bundled_files("frameworks")[framework]
    runtime = load_framework(framework).forward
    assert runtime is not None
    like = {"generic": "tensorrt", "onnxruntime": "pytorch-compile"}.get(framework, framework)
    scope = values.scope(cases[0].inventory.chip, like)
    like = scope.framework
    batch = values.of("batch tensorflow" if like == "tensorflow" else "batch")
    costs = {
        "batch_us": number(batch * 1e6),
        "floor_scale": number(scope.floor_scale()),
    }
    if like in HOST_BOUND:
        costs["launch_us"] = number(values.of(f"launch {like}") * 1e6)
        costs["image_us"] = number(values.of(f"image {like}") * 1e6)
    if scope.loads:
        costs["load_us"] = number(values.of("load") * 1e6)
    patch(path, "vision", costs)
    compute = {
        family: values.of(f"compute {like} {family}")
        for owner, family in sorted(OWN_COMPUTE)
        if owner == like
    }
    memory = {family: scope.memory_share(family) for family in FAMILIES}
    scales = {
        name.split()[1]: value
        for name, value in values.found.items()
        if like in HOST_BOUND and name.startswith("launch ") and name.split()[1] not in HOST_BOUND
    }
    for table, shares in (
        ("compute_shares", compute),
        ("memory_shares", memory),
        ("launch_scale", scales),
    ):
        _shares(path, f"vision.{table}", shares)


def _shares(path: Path, table: str, shares: dict[str, float]) -> None:
    told = {name: number(share) for name, share in shares.items() if abs(share - 1) > LEAST}
    drop(path, [table])
    if told:
        patch(path, table, told)
