"""How a framework runs models of one forward pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.hardware.chip import Provenance
from engine.hardware.constants import constant
from engine.hardware.parts.bounds import LEAST_SHARE


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardRuntime:
    """How a framework runs models of one forward pass: what it fuses, what the host costs.

    The shares scale the chip's constants to this framework's kernels, by kernel family.
    """

    fuses_norm: bool = constant("fuses_norm", "norms join the product before them")
    fuses_activation: bool = constant(
        "fuses_activation", "activations join the product before them"
    )
    fuses_elementwise: bool = constant(
        "fuses_elementwise", "additions join the product before them"
    )
    fuses_attention: bool = constant("fuses_attention", "attention keeps its scores on the chip")
    fuses_biased_attention: bool = constant(
        "fuses_biased_attention", "also with a trained bias on them"
    )
    launch: str = constant(
        "launch", "command; fields in braces: model, batch, width, height, instances"
    )
    launch_text: str = constant(
        "launch_text",
        "command for text encoders; fields in braces: model, batch, tokens, instances",
        "",
    )
    casts_weights: bool = constant(
        "casts_weights",
        "mixed precision converts the weights of every product anew, one more kernel each",
        False,
    )
    floor_scale: float = constant(
        "floor_scale", "factor on the chip's launch floors", 1.0, least=LEAST_SHARE, most=1000
    )
    launch_seconds: float = constant(
        "launch_us",
        "the host's time per kernel: where the kernels take less, the host is what takes the time",
        0.0,
        least=0,
        most=10_000,
    )
    batch_seconds: float = constant("batch_us", "once per batch", 0.0, least=0, most=1_000_000)
    image_seconds: float = constant(
        "image_us", "per image, where inputs come from the host", 0.0, least=0, most=1_000_000
    )
    loading_seconds: float = constant(
        "load_us",
        "per image, where processes of the host read and decode images beside the chip's work: no "
        "image is done sooner",
        0.0,
        least=0,
        most=1_000_000,
    )
    compute_shares: Mapping[str, float] = constant(
        "compute_shares",
        "of the chip's arithmetic, by kernel family",
        {},
        least=LEAST_SHARE,
        most=100,
    )
    memory_shares: Mapping[str, float] = constant(
        "memory_shares",
        "of the chip's bandwidth, by kernel family",
        {},
        least=LEAST_SHARE,
        most=100,
    )
    launch_scale: Mapping[str, float] = constant(
        "launch_scale",
        "factor on the host's time by chip generation, whose usual hosts are slower or faster",
        {},
        least=LEAST_SHARE,
        most=1000,
    )
    provenance: Provenance = Provenance.DATASHEET
    source: str = ""
