"""Number formats and the WxAy shorthand.

A precision is three figures: how weights are stored, what activations are computed in, and
how the KV cache is stored. A format knows its bits, the overhead of its scales, and the name of
the compute rate it needs (``bf16``, ``fp8`` …), never a chip.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.model.matrices import Matrix, Role
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """How numbers are stored. ``scale_bits`` is the overhead per element."""

    name: str
    bits: float
    scale_bits: float = 0.0
    compute: str = "bf16"
    """Which peak rate a product of two such operands runs at."""
    mixed_with: str = ""
    """Another format that a smaller part of the same matrices is stored in; ``scale_bits`` then
    makes the bytes of both together right."""
    stored_share: float = 1.0
    """The share of elements that is stored at all: a half of sparse weights."""

    @property
    def bytes_per_element(self) -> float:
        """Stored bytes of one element, its share of scales and zero points included."""
        return (self.bits * self.stored_share + self.scale_bits) / 8

    def of_bytes(self, bytes_per_element: float) -> NumberFormat:
        """The same format among others, with so many bytes per element on average."""
        if bytes_per_element == self.bytes_per_element:
            return self
        stored = self.bits * self.stored_share
        return replace(self, scale_bits=8 * bytes_per_element - stored)


FORMATS: dict[str, NumberFormat] = {
    f.name: f
    for f in (
        NumberFormat("fp32", 32, compute="fp32"),
        NumberFormat("tf32", 32, compute="tf32"),
        NumberFormat("bf16", 16, compute="bf16"),
        NumberFormat("fp16", 16, compute="fp16"),
        NumberFormat("fp8", 8, compute="fp8"),
        # One FP32 scale per 128×128 block (DeepSeek-V3, arXiv:2412.19437 §3.3).
        NumberFormat("fp8_block", 8, 32 / (128 * 128), compute="fp8"),
        # OCP Microscaling v1.0: one 8-bit exponent per 32 elements.
        NumberFormat("mxfp8", 8, 8 / 32, compute="fp8"),
        NumberFormat("int8", 8, compute="int8"),
        NumberFormat("fp6", 6, 8 / 32, compute="fp6"),
        NumberFormat("mxfp4", 4, 8 / 32, compute="fp4"),
        # NVFP4: one FP8 scale per 16 elements, one FP32 per tensor.
        NumberFormat("nvfp4", 4, 8 / 16, compute="fp4"),
        # AWQ and GPTQ at the usual group of 128: FP16 scale and 4-bit zero point.
        NumberFormat("int4", 4, (16 + 4) / 128, compute="int4"),
        NumberFormat("int3", 3, (16 + 3) / 128, compute="int4"),
        # bitsandbytes NF4 with double quantisation (arXiv:2305.14314 §3).
        NumberFormat("nf4", 4, 0.127, compute="int4"),
        NumberFormat("int2", 2, (16 + 2) / 128, compute="int4"),
        # MLX's widths between, at its usual group of 64: a 16-bit scale and bias.
        NumberFormat("int5", 5, 32 / 64, compute="int8"),
        NumberFormat("int6", 6, 32 / 64, compute="int8"),
    )
}

_METHODS = {"awq": "int4", "gptq": "int4"}
"""Formats by the method that makes them, as people name them."""
_DEFAULT_BY_BITS = {32: "fp32", 16: "bf16", 8: "fp8", 6: "fp6", 4: "int4", 3: "int3", 2: "int2"}
_ACTIVATION_BY_BITS = {32: "fp32", 16: "bf16", 8: "fp8", 6: "fp6", 4: "nvfp4"}
_SHORTHAND = re.compile(r"^W(\d+)A(\d+)(?:KV(\d+))?$", re.IGNORECASE | re.ASCII)
_CACHE = re.compile(r"^KV(\d+)$", re.IGNORECASE | re.ASCII)

QUANTISED_ROLES = frozenset(
    {
        Role.ATTENTION,
        Role.ATTENTION_OUTPUT,
        Role.MIXER,
        Role.DENSE_MLP,
        Role.ROUTED_EXPERT,
        Role.SHARED_EXPERT,
        Role.OTHER,
    }
)
"""What a weight format applies to when no checkpoint says otherwise: every large linear layer,
but not embeddings, LM head, router, indexer and towers."""


def number_format(name: str) -> NumberFormat:
    """The format called ``name``; `InputError` when there is none."""
    lowered = name.lower()
    try:
        return FORMATS[_METHODS.get(lowered, lowered)]
    except KeyError:
        known = ", ".join(sorted(FORMATS))
        raise InputError(
            say(
                "number format {name!r} is unknown; known: {known}",
                name=clean(name, 60),
                known=known,
            )
        ) from None


def default_activations(weights: NumberFormat) -> NumberFormat:
    """What activations a weight format is served with when nobody says: itself for 8 bits and
    FP4, 16 bits otherwise."""
    if weights.bits >= 16:
        return weights
    if weights.bits == 8:
        return FORMATS["int8"] if weights.compute == "int8" else FORMATS["fp8"]
    return FORMATS["nvfp4"] if weights.name == "nvfp4" else FORMATS["bf16"]


@dataclass(frozen=True, slots=True)
class Portion:
    """The ``share`` of a matrix's layers in which it is stored as ``weights`` and multiplied with
    ``activations``."""

    share: float
    weights: NumberFormat
    activations: NumberFormat


@dataclass(frozen=True, slots=True)
class Precision:
    """Weights, activations and KV cache of one deployment.

    ``overrides`` gives roles another weight format than ``weights`` (from a checkpoint that
    keeps attention in BF16, say); roles outside `QUANTISED_ROLES` are stored in ``plain``
    unless overridden. ``activation_overrides`` does the same to what they are multiplied with.
    ``modules`` holds matrices by name that are not in all layers as most of their role is.
    """

    weights: NumberFormat
    activations: NumberFormat
    kv: NumberFormat
    plain: NumberFormat = FORMATS["bf16"]
    overrides: tuple[tuple[Role, NumberFormat], ...] = ()
    activation_overrides: tuple[tuple[Role, NumberFormat], ...] = ()
    modules: tuple[tuple[str, tuple[Portion, ...]], ...] = ()

    def weight_format(self, role: Role) -> NumberFormat:
        """How matrices of ``role`` are stored."""
        for overridden, chosen in self.overrides:
            if overridden is role:
                return chosen
        return self.weights if role in QUANTISED_ROLES else self.plain

    def activation_format(self, role: Role) -> NumberFormat:
        """What matrices of ``role`` are multiplied with."""
        return dict(self.activation_overrides).get(role, self.activations)

    def portions(self, matrices: Sequence[Matrix]) -> tuple[Portion, ...]:
        """How matrices that run as one product are stored and multiplied: as the first one's role
        is, with the mean bytes of all, or by share of their weights where ``modules`` names any.
        Without weights, as a head that a class does not have, it is stored as usual."""
        named = dict(self.modules)
        total = sum(matrix.weights for matrix in matrices)
        if not total:
            return (self._usual(matrices[0].role),)
        if not any(matrix.name in named for matrix in matrices):
            first = self._usual(matrices[0].role)
            bytes_of = (m.weights * self.weight_format(m.role).bytes_per_element for m in matrices)
            return (replace(first, weights=first.weights.of_bytes(sum(bytes_of) / total)),)
        shares: dict[Portion, float] = {}
        for matrix in matrices:
            for one in named.get(matrix.name) or (self._usual(matrix.role),):
                whole = replace(one, share=1.0)
                shares[whole] = shares.get(whole, 0.0) + one.share * matrix.weights / total
        return tuple(replace(whole, share=share) for whole, share in shares.items())

    def _usual(self, role: Role) -> Portion:
        return Portion(1.0, self.weight_format(role), self.activation_format(role))

    def kept_as(self, name: str, bytes_per_element: float) -> Precision:
        """The same where weights stored as ``name`` are kept in so many bytes an element."""

        def kept(stored: NumberFormat) -> NumberFormat:
            return stored.of_bytes(bytes_per_element) if stored.name == name else stored

        return replace(
            self,
            weights=kept(self.weights),
            overrides=tuple((role, kept(stored)) for role, stored in self.overrides),
            modules=tuple(
                (matrix, tuple(replace(one, weights=kept(one.weights)) for one in portions))
                for matrix, portions in self.modules
            ),
        )

    @property
    def name(self) -> str:
        """The benchmark shorthand, ``W8A8``."""
        return f"W{self.weights.bits:g}A{self.activations.bits:g}"

    @property
    def label(self) -> str:
        """The shorthand with KV and the exact weight format, ``W8A8 KV16 fp8_block``."""
        return f"{self.name} KV{self.kv.bits:g} {self.weights.name}"


def parse_cache(text: str) -> NumberFormat | None:
    """The format of a KV cache that a shorthand of it alone (``KV8``) means; None where it is none.
    Raises `InputError` for bits that no cache has."""
    match = _CACHE.match(text.strip())
    if match is None:
        return None
    name = _DEFAULT_BY_BITS.get(int(match[1]))
    if name is None:
        raise InputError(
            say(
                "precision {text!r}: cache bits {match}, expected 4, 8 or 16",
                text=text,
                match=match[1],
            )
        )
    return FORMATS[name]


def parse_precision(text: str, kv: str | None = None) -> Precision:
    """Read ``W4A16``, ``W8A8KV8`` or a format name such as ``nvfp4``; ``kv`` wins over the text.

    Bits without a format mean: 16 bf16, 8 fp8, 4 int4 weights. Raises `InputError`.
    """
    match = _SHORTHAND.match(text.strip())
    if match:
        weight_bits, activation_bits = int(match[1]), int(match[2])
        if weight_bits not in _DEFAULT_BY_BITS:
            raise InputError(
                say(
                    "precision {text!r}: weight bits {weight_bits}, expected one of 2 "
                    "3 4 6 8 16 32",
                    text=text,
                    weight_bits=weight_bits,
                )
            )
        if activation_bits not in _ACTIVATION_BY_BITS:
            raise InputError(
                say(
                    "precision {text!r}: activation bits {activation_bits}, expected 4 "
                    "6 8 16 or 32",
                    text=text,
                    activation_bits=activation_bits,
                )
            )
        weights = FORMATS[_DEFAULT_BY_BITS[weight_bits]]
        activations = FORMATS[_ACTIVATION_BY_BITS[activation_bits]]
        if weight_bits == 4 and activation_bits == 4:
            weights = FORMATS["nvfp4"]
        kv_name = kv or _DEFAULT_BY_BITS.get(int(match[3] or 16), "bf16")
        return Precision(weights, activations, number_format(kv_name))
    weights = number_format(text)
    activations = weights if weights.bits >= 8 or weights.compute == "fp4" else FORMATS["bf16"]
    if activations.scale_bits and activations.bits == 8:
        activations = FORMATS["fp8"]
    return Precision(weights, activations, number_format(kv or "bf16"))
