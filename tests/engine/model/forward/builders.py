"""Small vision models, chips and frameworks with round figures for tests."""

from __future__ import annotations

from dataclasses import replace

from engine.hardware.chip import CacheTraits, Chip, KernelConstants
from engine.hardware.chip_profiles import load_chip
from engine.hardware.framework import Framework
from engine.hardware.framework_profiles import load_framework
from engine.hardware.parts.forward import ForwardRuntime
from engine.model.forward.architecture import ForwardArchitecture, ForwardLayer, Image, LayerKind
from engine.model.precision import FORMATS, Precision

BF16 = Precision(FORMATS["bf16"], FORMATS["bf16"], FORMATS["bf16"])


def convolution(name: str = "conv", groups: int = 1, bias: bool = False) -> ForwardLayer:
    """A 3×3 convolution over 128 positions from 64 to 128 channels."""
    depth, columns, rows = 64 * 9 // groups, 128 // groups, 128
    weights = groups * depth * columns
    return ForwardLayer(
        name,
        LayerKind.CONVOLUTION,
        weights + (128 if bias else 0),
        2.0 * rows * weights,
        128 * 64,
        128 * 128,
        rows=rows,
        depth=depth,
        columns=columns,
        groups=groups,
    )


def plain(kind: LayerKind, inputs: int = 128 * 128, parameters: int = 0) -> ForwardLayer:
    """A layer over the convolution's output."""
    return ForwardLayer(kind.value, kind, parameters, 0, inputs, 128 * 128)


def model(*layers: ForwardLayer) -> ForwardArchitecture:
    """A model of these layers for images of 32×32."""
    return ForwardArchitecture("small", "test", Image(32, 32), layers)


def chip(**constants: float) -> Chip:
    """A chip of 1 TFLOP/s and 100 GB/s with 2 cores, all kernels with the same constants."""
    values = {"compute": 0.5, "memory": 0.5, "floor_seconds": 1e-6, "order": 1.0, **constants}
    kernel = KernelConstants(**values)
    families = ("convolution", "depthwise", "dense", "encoder_attention", "pointwise")
    return replace(
        load_chip("a100_sxm_80gb"),
        bandwidth_bytes=100e9,
        core_count=2,
        cache=CacheTraits(),
        cache_bytes=0,
        sustained=1.0,
        peak_flops={"bf16": 1e12, "fp32": 1e12},
        kernels={f"{family}.bf16": kernel for family in families},
    )


def framework(**changes: object) -> Framework:
    """A framework that fuses everything and costs nothing, but for ``changes``."""
    base = load_framework("tensorrt").forward
    assert base is not None
    free = replace(
        base,
        fuses_norm=True,
        fuses_activation=True,
        fuses_elementwise=True,
        fuses_attention=True,
        fuses_biased_attention=True,
        casts_weights=False,
        floor_scale=1.0,
        launch_seconds=0.0,
        batch_seconds=0.0,
        image_seconds=0.0,
        compute_shares={},
        memory_shares={},
        launch_scale={},
    )
    runtime: ForwardRuntime = replace(free, **changes)
    return replace(load_framework("tensorrt"), forward=runtime, kernels={})
