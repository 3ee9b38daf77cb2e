"""Which kernel a pair of formats gets on a chip, and what it falls back to.

W4A16 multiplies at the 16-bit rate; W8A8, W4A8 and W4A4 at their own, but only on chips that
have them. Where a chip lacks a rate, the operands are widened in the kernel and only the bytes
stay small; `KernelChoice.fallback` says so in words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from engine.hardware.chip import Chip, KernelConstants, Provenance
from engine.hardware.framework import Framework
from engine.model.precision import NumberFormat
from engine.words.errors import InputError
from engine.words.messages import say

PLAIN = "bf16"
HIGHEST_SHARE = 0.97
"""No kernel reaches more of a peak than this."""


class Product(StrEnum):
    """Families of kernels that multiply by weights: a class is one of them and a dtype
    (``grouped_gemm.fp8``)."""

    PLAIN = "gemm"
    BATCHED = "batched_gemm"
    """One for each head."""
    GROUPED = "grouped_gemm"
    """One for each expert."""
    DISPATCHED = "dispatched_gemm"
    """Of tokens that were sent to the ranks of their experts, sorted by expert (DeepGEMM); chips
    without such constants use those of all grouped products."""

    def of(self, dtype: str) -> str:
        """The class of one dtype."""
        return f"{self}.{dtype}"


_PRODUCTS = frozenset(Product)


def is_product(kernel: str) -> bool:
    """Whether a kernel class multiplies by weights."""
    return kernel.partition(".")[0] in _PRODUCTS


@dataclass(frozen=True, slots=True)
class KernelChoice:
    """The dtype part of a kernel class (``fp8_block``), its compute rate and activation bytes."""

    dtype: str
    compute: str
    activation_bytes: float
    fallback: str = ""


def _sixteen_bit(chip: Chip) -> str:
    return PLAIN if PLAIN in chip.peak_flops else "fp16"


def choose_kernel(weights: NumberFormat, activations: NumberFormat, chip: Chip) -> KernelChoice:
    """How ``chip`` multiplies ``weights`` by ``activations``."""
    plain, rates = _sixteen_bit(chip), chip.peak_flops
    if weights.bits >= 32:
        rate = next(one for one in (weights.compute, "fp32", "tf32", plain) if one in rates)
        lacking = _elsewhere(chip, weights.compute, rate)
        note = "" if rate == weights.compute else lacking
        return KernelChoice(rate, rate, 4.0, note)
    if weights.bits >= 16:
        return KernelChoice(PLAIN, plain, 2.0)
    if activations.bits >= 16:
        if weights.name == "mxfp4" and {"fp4", "fp8"} <= set(rates):
            # Engines hand such products MXFP8 activations where the chip multiplies both formats
            # (vLLM and TensorRT-LLM for gpt-oss on Blackwell, AITER on CDNA4).
            return KernelChoice("mxfp4", "fp8", 1.0)
        return KernelChoice(_weight_dtype(weights), plain, 2.0)
    if activations.bits <= 4 and weights.bits <= 4:
        if "fp4" in chip.peak_flops:
            return KernelChoice(weights.name, "fp4", 0.5)
        return _widened(weights, chip, say("{chip} has no FP4 rate", chip=chip.name))
    if weights.bits <= 4:
        if weights.name == "mxfp4" and "fp4" not in chip.peak_flops:
            # Marlin's kernels take 16-bit activations (vLLM and SGLang for DeepSeek-V4 on Hopper).
            return _widened(weights, chip, say("{chip} has no FP4 rate", chip=chip.name))
        if "fp8" in chip.peak_flops:
            return KernelChoice("fp8", "fp8", 1.0)
        if "int8" in chip.peak_flops:
            # Four bits become eight in the kernel (vllm-ascend and SGLang on NPUs; QQQ on Ampere).
            note = "" if activations.compute == "int8" else _elsewhere(chip, "fp8", "int8")
            return KernelChoice("int8", "int8", 1.0, note)
        return _widened(weights, chip, say("{chip} has no FP8 rate for W4A8", chip=chip.name))
    # Floats of eight bits are no integers: without an FP8 rate they are widened (Marlin's kernels
    # on Ampere). FP8 units do take integers.
    for rate in (weights.compute, "fp8"):
        if rate in chip.peak_flops and rate in {"fp8", "int8"}:
            if rate == weights.compute:
                return KernelChoice(weights.name, rate, 1.0)
            return KernelChoice(rate, rate, 1.0, _elsewhere(chip, weights.compute, rate))
    if "int8" in chip.peak_flops:
        return _widened(weights, chip, say("{chip} has no FP8 rate", chip=chip.name))
    return _widened(weights, chip, say("{chip} has no 8-bit rate", chip=chip.name))


def _elsewhere(chip: Chip, lacking: str, rate: str) -> str:
    """That the chip computes at another rate than the format's own."""
    return say(
        "{chip} has no {lacking} rate: computes in {rate}",
        chip=chip.name,
        lacking=lacking,
        rate=rate,
    )


def _weight_dtype(weights: NumberFormat) -> str:
    """The dtype part of classes whose kernels widen ``weights`` to 16 bits."""
    if weights.bits > 4:
        return "int8_weight"
    return "mxfp4_weight" if weights.name == "mxfp4" else "int4"


def _widened(weights: NumberFormat, chip: Chip, reason: str) -> KernelChoice:
    dtype = _weight_dtype(weights)
    rate = _sixteen_bit(chip)
    note = say("{reason}: weights widened, computes in {rate}", reason=reason, rate=rate)
    return KernelChoice(dtype, rate, 2.0, note)


def cache_dtype(kv: NumberFormat) -> str:
    """The dtype part of attention classes by cache format: 8 bits and fewer are ``fp8``."""
    return "fp8" if kv.bits <= 8 else PLAIN


# When a generation has no constants for a dtype, the nearest relative stands in, in this order.
_RELATIVES: Mapping[str, tuple[str, ...]] = {
    "fp8_block": ("fp8",),
    "mxfp8": ("fp8_block", "fp8"),
    "mxfp4": ("nvfp4", "int4"),
    "mxfp4_weight": ("mxfp4", "int4"),
    "nvfp4": ("mxfp4", "int4"),
    "int8": ("fp8",),
    "int8_weight": ("int4",),
    "fp8": ("fp8_block", "int8"),
    "fp16": (PLAIN,),
    "tf32": (PLAIN,),
    "fp32": (PLAIN,),
}


def constants_for(kernel: str, chip: Chip, framework: Framework) -> KernelConstants:
    """Constants of kernel class ``kernel`` (``gemm.fp8``): the framework's for this chip, else
    the chip's, else those of the nearest dtype (then never tagged better than fitted); with the
    chip's and the framework's deviations from the generation."""
    found = _generation_constants(kernel, chip, framework)
    family = kernel.split(".")[0]
    for table in (chip.deviations, framework.deviations):
        deviation = table.get(kernel, table.get(family))
        if deviation is not None:
            found = replace(
                found,
                compute=min(found.compute * deviation.compute, HIGHEST_SHARE),
                memory=min(found.memory * deviation.memory, HIGHEST_SHARE),
                item_share=deviation.item_share or found.item_share,
                item_split=deviation.item_split if deviation.item_share else found.item_split,
            )
    return found


def has_constants(kernel: str, chip: Chip, framework: Framework) -> bool:
    """Whether the framework or the chip has constants of kernel class ``kernel`` itself."""
    scopes = (f"{chip.id}/{kernel}", f"{chip.generation}/{kernel}")
    return kernel in chip.kernels or any(one in framework.kernels for one in scopes)


def _generation_constants(kernel: str, chip: Chip, framework: Framework) -> KernelConstants:
    family, dtype = kernel.split(".")
    for candidate in (dtype, *_RELATIVES.get(dtype, ()), PLAIN):
        key = f"{family}.{candidate}"
        for scope in (chip.id, chip.generation):
            own = framework.kernels.get(f"{scope}/{key}")
            if own is not None:
                return own if candidate == dtype else _borrowed(own)
        found = chip.kernels.get(key)
        if found is not None:
            return found if candidate == dtype else _borrowed(found)
    raise InputError(
        say(
            "chip {chip}: no constants for kernel class {family}.{PLAIN}",
            chip=chip.id,
            family=family,
            PLAIN=PLAIN,
        )
    )


def _borrowed(constants: KernelConstants) -> KernelConstants:
    if constants.provenance is Provenance.MEASURED:
        return replace(constants, provenance=Provenance.FITTED)
    return constants
