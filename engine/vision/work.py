"""Kernels × batches → work: FLOPs as the matrix units do them, bytes, tiles per core."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from engine.chip import Chip, KernelConstants
from engine.framework import Framework, VisionRuntime
from engine.kernels import KernelChoice, choose_kernel, constants_for
from engine.precision import Precision
from engine.results import FloatArray
from engine.roofline import Work
from engine.vision.architecture import VisionArchitecture
from engine.vision.fusion import (
    ATTENTION,
    CONVOLUTION,
    DENSE,
    DEPTHWISE,
    FAMILIES,
    Fusion,
    VisionKernel,
    kernels_of,
)

TILE_ROWS = 128
TILE_COLUMNS = 128
"""The output tile that one core computes at a time, in the usual GEMM kernels."""
PADDING = 32
"""Depth and columns of a product are padded to multiples of this many elements."""


@dataclass(frozen=True, slots=True)
class VisionWork:
    """One family of kernels as columns: arrays have one row per kernel."""

    family: str
    constants: KernelConstants
    kernel: str
    peak_flops: float
    names: tuple[str, ...]
    layers: int
    image_flops: FloatArray
    padded_flops: FloatArray
    moved_bytes: FloatArray
    weight_bytes: FloatArray
    tiles_per_core: FloatArray

    def at(self, batches: FloatArray) -> Work:
        """The work of ``batches`` images in one go, of shape (kernels, batches)."""
        return Work(
            name=self.family,
            kernel=self.kernel,
            constants=self.constants,
            peak_flops=self.peak_flops,
            calls=1,
            flops=self.padded_flops * batches,
            bytes=self.moved_bytes * batches + self.weight_bytes,
            size=self.tiles_per_core * batches,
        )


@dataclass(frozen=True, slots=True)
class Inventory:
    """What one forward pass runs on one chip under one framework and precision."""

    architecture: VisionArchitecture
    chip: Chip
    runtime: VisionRuntime
    works: tuple[VisionWork, ...]
    choice: KernelChoice
    precision: Precision

    @property
    def kernel_count(self) -> int:
        """Kernels that the host launches."""
        return sum(len(work.names) for work in self.works)


def take_vision_inventory(
    architecture: VisionArchitecture, precision: Precision, chip: Chip, framework: Framework
) -> Inventory:
    """Kernels of ``architecture`` with their constants; the framework must have a vision
    runtime."""
    runtime = framework.vision
    assert runtime is not None
    choice = choose_kernel(precision.weights, precision.activations, chip)
    kernels = kernels_of(architecture, Fusion.of(runtime))
    works = []
    for family in FAMILIES:
        mine = [kernel for kernel in kernels if kernel.family == family]
        if mine:
            works.append(_work(family, mine, precision, chip, framework, choice))
    return Inventory(architecture, chip, runtime, tuple(works), choice, precision)


def _work(
    family: str,
    kernels: list[VisionKernel],
    precision: Precision,
    chip: Chip,
    framework: Framework,
    choice: KernelChoice,
) -> VisionWork:
    runtime = framework.vision
    assert runtime is not None
    kernel = f"{family}.{choice.dtype}"
    constants = constants_for(kernel, chip, framework)
    constants = replace(
        constants,
        compute=constants.compute * runtime.compute_shares.get(family, 1.0),
        memory=constants.memory * runtime.memory_shares.get(family, 1.0),
    )

    def column(name: str) -> FloatArray:
        return np.array([[float(getattr(one, name))] for one in kernels])

    flops, rows, groups = column("flops"), column("rows"), column("groups")
    depth, columns = column("depth"), column("columns")
    padded = flops
    if family in (CONVOLUTION, DENSE):
        padded = 2.0 * rows * groups * _padded(depth) * _padded(columns)
    tiles = np.ones_like(flops)
    if family in (CONVOLUTION, DENSE, ATTENTION):
        across = np.maximum(columns if family != ATTENTION else depth, 1.0)
        tiles = groups * rows / TILE_ROWS * np.ceil(across / TILE_COLUMNS)
    return VisionWork(
        family=family,
        constants=constants,
        kernel=kernel,
        peak_flops=_peak(family, choice, chip),
        names=tuple(one.name for one in kernels),
        layers=sum(one.layers for one in kernels),
        image_flops=flops,
        padded_flops=padded,
        moved_bytes=column("moved_elements") * choice.activation_bytes,
        weight_bytes=column("weight_elements") * precision.weights.bytes_per_element,
        tiles_per_core=tiles / max(chip.core_count, 1),
    )


def _padded(size: FloatArray) -> FloatArray:
    padded: FloatArray = np.ceil(size / PADDING) * PADDING
    return padded


def _peak(family: str, choice: KernelChoice, chip: Chip) -> float:
    """Matrix families run at the matrix rate of their operands, the others at plain FP32."""
    if family in (DEPTHWISE, "pointwise"):
        return chip.peak_flops.get("fp32") or chip.peak_flops[choice.compute] / 16
    return chip.peak_flops[choice.compute]
