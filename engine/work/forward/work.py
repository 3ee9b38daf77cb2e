"""Kernels × batches → work: FLOPs as the matrix units do them, bytes, tiles per core."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.hardware.chip import CacheTraits, Chip, KernelConstants
from engine.hardware.framework import Framework
from engine.hardware.kernels import KernelChoice, choose_kernel, constants_for
from engine.hardware.parts.forward import ForwardRuntime
from engine.hardware.roofline import Work
from engine.model.forward.architecture import ForwardArchitecture
from engine.model.precision import Precision
from engine.words.arrays import FloatArray
from engine.work.forward.fusion import (
    ATTENTION,
    CONVOLUTION,
    DENSE,
    FAMILIES,
    MATRIX_FAMILIES,
    ForwardKernel,
    Fusion,
    kernels_of,
)

TILE_ROWS = 128
TILE_COLUMNS = 128
"""The output tile that one core computes at a time, in the usual GEMM kernels."""
DEPTH_PADDING = 32
COLUMN_PADDING = 64
"""What depth and columns of a product are padded to: steps and widths of the smallest tiles."""

_SINGLE_BYTES = 4.0
"""An element in single precision, which no cast is needed for."""


@dataclass(frozen=True, slots=True)
class ForwardWork:
    """One family of kernels as columns: arrays have one row per kernel.

    ``model_bytes`` are the weights of the whole model, which all must stay in the cache between
    two batches for a kernel to find its own there.
    """

    family: str
    constants: KernelConstants
    kernel: str
    peak_flops: float
    names: tuple[str, ...]
    image_flops: FloatArray
    padded_flops: FloatArray
    moved_bytes: FloatArray
    weight_bytes: FloatArray
    tiles_per_core: FloatArray
    model_bytes: float
    cache_bytes: float
    cache: CacheTraits

    def at(self, batches: FloatArray) -> Work:
        """The work of ``batches`` images in one go, of shape (kernels, batches). Bytes found in
        the cache count by what they cost."""
        moved = self.moved_bytes * batches
        weights = self.weight_bytes * self._cost(np.array(self.model_bytes))
        return Work(
            name=self.family,
            kernel=self.kernel,
            constants=self.constants,
            peak_flops=self.peak_flops,
            calls=1,
            flops=self.padded_flops * batches,
            bytes=moved * self._cost(moved) + weights,
            size=self.tiles_per_core * batches,
        )

    def _cost(self, working_set: FloatArray) -> FloatArray:
        """Cost of a byte of ``working_set`` bytes, in bytes from memory."""
        held = self.cache.reach * self.cache_bytes
        missed = working_set / np.maximum(working_set + held, 1.0)
        cost: FloatArray = self.cache.byte_cost + (1.0 - self.cache.byte_cost) * missed
        return cost


@dataclass(frozen=True, slots=True)
class Inventory:
    """What one forward pass runs on one chip under one framework and precision."""

    architecture: ForwardArchitecture
    chip: Chip
    runtime: ForwardRuntime
    works: tuple[ForwardWork, ...]
    choice: KernelChoice
    precision: Precision

    @property
    def launches(self) -> int:
        """Kernels that the host launches."""
        casts = self.runtime.casts_weights and self.choice.activation_bytes < _SINGLE_BYTES
        return sum(
            len(work.names) * (2 if casts and work.family in (CONVOLUTION, DENSE) else 1)
            for work in self.works
        )


def take_forward_inventory(
    architecture: ForwardArchitecture, precision: Precision, chip: Chip, framework: Framework
) -> Inventory:
    """Kernels of ``architecture`` with their constants; the framework must have a vision
    runtime."""
    runtime = framework.forward
    assert runtime is not None
    choice = choose_kernel(precision.weights, precision.activations, chip)
    kernels = kernels_of(architecture, Fusion.of(runtime))
    weight_bytes = precision.weights.bytes_per_element
    stored = weight_bytes * sum(kernel.weight_elements for kernel in kernels)
    works = []
    for family in FAMILIES:
        mine = [kernel for kernel in kernels if kernel.family == family]
        if mine:
            constants = _constants(f"{family}.{choice.dtype}", chip, framework, runtime)
            shape = _Columns(mine)
            work = ForwardWork(
                family=family,
                constants=constants,
                kernel=f"{family}.{choice.dtype}",
                peak_flops=_peak(family, choice, chip),
                names=tuple(one.name for one in mine),
                image_flops=shape.column("flops"),
                padded_flops=shape.padded_flops(family),
                moved_bytes=shape.column("moved_elements") * choice.activation_bytes
                + shape.column("single_elements") * _SINGLE_BYTES,
                weight_bytes=shape.column("weight_elements") * weight_bytes,
                tiles_per_core=shape.tiles(family) / max(chip.core_count, 1),
                model_bytes=stored,
                cache_bytes=float(chip.cache_bytes),
                cache=chip.cache,
            )
            works.append(work)
    return Inventory(architecture, chip, runtime, tuple(works), choice, precision)


def _constants(
    kernel: str, chip: Chip, framework: Framework, runtime: ForwardRuntime
) -> KernelConstants:
    """The chip's constants with the framework's shares of them and the clock that the chip
    holds."""
    found = constants_for(kernel, chip, framework)
    family = kernel.split(".")[0]
    clock = chip.sustained if family in MATRIX_FAMILIES else 1.0
    return replace(
        found,
        compute=found.compute * runtime.compute_shares.get(family, 1.0) * clock,
        memory=found.memory * runtime.memory_shares.get(family, 1.0),
        floor_seconds=found.floor_seconds * runtime.floor_scale,
    )


class _Columns:
    """Figures of kernels as columns, one row per kernel."""

    def __init__(self, kernels: Sequence[ForwardKernel]) -> None:
        self.kernels = kernels

    def column(self, name: str) -> FloatArray:
        """One figure of every kernel."""
        return np.array([[float(getattr(one, name))] for one in self.kernels])

    def padded_flops(self, family: str) -> FloatArray:
        """FLOPs that the matrix units do: depth and columns in whole tiles."""
        if family not in (CONVOLUTION, DENSE):
            return self.column("flops")
        depth = _padded(self.column("depth"), DEPTH_PADDING)
        columns = _padded(self.column("columns"), COLUMN_PADDING)
        return 2.0 * self.column("rows") * self.column("groups") * depth * columns

    def tiles(self, family: str) -> FloatArray:
        """Output tiles of one image."""
        if family not in MATRIX_FAMILIES:
            return np.ones((len(self.kernels), 1))
        across = self.column("depth" if family == ATTENTION else "columns")
        wide = np.ceil(np.maximum(across, 1.0) / TILE_COLUMNS)
        tiles: FloatArray = self.column("groups") * self.column("rows") / TILE_ROWS * wide
        return tiles


def _padded(size: FloatArray, step: int) -> FloatArray:
    padded: FloatArray = np.ceil(size / step) * step
    return padded


def _peak(family: str, choice: KernelChoice, chip: Chip) -> float:
    """Matrix families run at the matrix rate of their operands, the others at plain FP32."""
    if family in MATRIX_FAMILIES:
        return chip.peak_flops[choice.compute]
    return chip.peak_flops.get("fp32") or chip.peak_flops[choice.compute] / 16
