"""The operators of a step, each with its kernel's constants and how often it runs."""

from __future__ import annotations

from dataclasses import dataclass

from engine.hardware.chip import KernelConstants
from engine.hardware.narrow_experts import FillColumns
from engine.hardware.routing import BalancedExcess
from engine.model.blocks import Experts
from engine.model.cores import Core
from engine.model.matrices import Matrix
from engine.work.expert_slots import Placing


@dataclass(frozen=True, slots=True)
class Gemm:
    """Matrices that run as one product."""

    name: str
    kernel: str
    constants: KernelConstants
    decode_kernel: str
    decode_constants: KernelConstants
    peak_flops: float
    parts: tuple[Matrix, ...]
    weight_bytes_per_element: float
    activation_bytes: float
    calls: float


@dataclass(frozen=True, slots=True)
class ExpertBank:
    """The routed experts of one block as two grouped products."""

    kernel: str
    constants: KernelConstants
    peak_flops: float
    experts: Experts
    evenness: float
    """Of the experts' popularity, see `engine.hardware.routing`."""
    balanced_excess: BalancedExcess
    """What is left of it where experts have copies."""
    placing: Placing
    """Where experts and their copies stand; from so many ranks on, each rank has about as much of
    the popularity as the others."""
    dispatched_kernel: str
    dispatched_constants: KernelConstants
    """Of the grouped products where tokens are sent to their experts' ranks."""
    fill_columns: FillColumns
    weight_bytes_per_element: float
    activation_bytes: float
    calls: float


@dataclass(frozen=True, slots=True)
class Mixing:
    """A core with the constants of its prefill and decode kernels."""

    core: Core
    prefill_kernel: str
    prefill_constants: KernelConstants
    decode_kernel: str
    decode_constants: KernelConstants
    index_constants: KernelConstants | None
    prefill_peak_flops: float
    decode_peak_flops: float
    cache_bytes_per_element: float
    cache_reads: float
    """How often a decode step reads each cached key: once, or once per query head."""
    sparse_heads: float
    """Heads that sparse attention of prompts computes at least, then over its whole top-k; 0 where
    it computes what there is."""
    calls: float


@dataclass(frozen=True, slots=True)
class Elementwise:
    """Passes over activations: norms, rotary embedding, activation functions, quantisation.

    ``replicated_elements`` are per token on every rank, ``divided_elements`` shrink with TP.
    ``reduced_launches`` are those that join an all-reduce where there is one.
    """

    constants: KernelConstants
    launches: float
    reduced_launches: float
    replicated_elements: float
    divided_elements: float
