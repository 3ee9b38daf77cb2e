"""Counts a model's operators block by block; equal ones of different blocks run as one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from engine.hardware.chip import Chip, KernelConstants
from engine.hardware.framework import Framework
from engine.hardware.kernels import (
    Product,
    cache_dtype,
    choose_kernel,
    constants_for,
    has_constants,
)
from engine.hardware.narrow_experts import fill_columns
from engine.hardware.routing import balanced_excess, evenness
from engine.model.blocks import Block, Experts
from engine.model.cores import AttentionCore, Core, LatentCore, StateCore
from engine.model.matrices import Matrix, Role, Split
from engine.model.precision import Portion, Precision
from engine.work.expert_slots import Placing
from engine.work.tokens.operators import Elementwise, ExpertBank, Gemm, Mixing

INDEXER_PASSES = (
    "key norm",
    "rotary embedding of queries",
    "rotary embedding of keys",
    "Hadamard transform of queries",
    "Hadamard transform of keys",
    "quantisation of queries",
    "quantisation of keys",
    "cache write",
    "head weights",
    "top-k",
)

PLAIN_NORMS = 2
"""Norms of a block with one before each half."""


class Collector:
    """The operators of the blocks added so far, by how often each runs."""

    def __init__(
        self, precision: Precision, chip: Chip, framework: Framework, hidden_size: int
    ) -> None:
        self.precision = precision
        self.chip = chip
        self.framework = framework
        self.hidden_size = hidden_size
        self.gemm_calls: dict[tuple[str, tuple[Matrix, ...]], float] = defaultdict(float)
        self.serial: list[Matrix] = []
        self.mixing_calls: dict[Core, float] = defaultdict(float)
        self.bank_calls: dict[Experts, float] = defaultdict(float)
        self.fallbacks: list[str] = []
        self.launches = 0.0
        self.reduced_launches = 0.0
        self.replicated = 0.0
        self.divided = 0.0
        self.all_reduces = 0.0
        self.expert_reduces = 0.0
        self.norm_reduces = 0.0

    def add_block(self, block: Block, count: float) -> None:
        self._add_products((m for m in block.matrices if not (m.source or m.serial)), count)
        self.serial += [one for one in block.matrices if one.serial]
        for core in block.cores:
            self.mixing_calls[core] += count
        if block.experts is not None:
            self._add_experts(block.experts, count)
        self._add_elementwise(block, count)
        self._add_reduces(block, count)

    def add_source(self, block: Block, count: float) -> None:
        """What a block makes of an encoder's result."""
        self._add_products((one for one in block.matrices if one.source), count)

    def _add_products(self, matrices: Iterable[Matrix], count: float) -> None:
        grouped: dict[str, list[Matrix]] = {}
        for matrix in matrices:
            grouped.setdefault(matrix.kernel or matrix.name, []).append(matrix)
        for kernel, parts in grouped.items():
            self.gemm_calls[kernel, tuple(parts)] += count

    def _add_experts(self, experts: Experts, count: float) -> None:
        if experts.router is not None:
            self.gemm_calls["router", (experts.router,)] += count
        self.bank_calls[experts] += count

    def merged_banks(self) -> list[ExpertBank]:
        return [
            self._bank(experts, portion, calls)
            for experts, calls in self.bank_calls.items()
            for portion in self.precision.portions(experts.matrices)
        ]

    def _bank(self, experts: Experts, portion: Portion, calls: float) -> ExpertBank:
        choice = choose_kernel(portion.weights, portion.activations, self.chip)
        self.fallbacks.append(choice.fallback)
        kernel = Product.GROUPED.of(choice.dtype)
        sent = Product.DISPATCHED.of(choice.dtype)
        sent = sent if has_constants(sent, self.chip, self.framework) else kernel
        return ExpertBank(
            kernel=kernel,
            constants=constants_for(kernel, self.chip, self.framework),
            peak_flops=self.chip.peak_flops[choice.compute],
            experts=experts,
            evenness=evenness(),
            balanced_excess=balanced_excess(),
            fill_columns=fill_columns(),
            placing=Placing.of(self.framework.capabilities),
            dispatched_kernel=sent,
            dispatched_constants=constants_for(sent, self.chip, self.framework),
            weight_bytes_per_element=portion.weights.bytes_per_element,
            activation_bytes=choice.activation_bytes,
            calls=calls * portion.share,
        )

    def _add_elementwise(self, block: Block, count: float) -> None:
        """Fused passes as serving engines run them: add and norm (reads and writes two hidden
        states), rotary embedding with the cache write, gated activation."""
        self.launches += count * block.norms
        # Norms of their own behind the halves, or several residual streams, stay apart.
        if (
            block.norms <= PLAIN_NORMS
            and self.chip.generation in self.framework.capabilities.fused_norms
        ):
            self.reduced_launches += count * block.norms
        self.replicated += count * block.norms * 4.0 * self.hidden_size
        for core in block.cores:
            self.launches += 0.0 if self._prologue and isinstance(core, LatentCore) else count
            if isinstance(core, AttentionCore):
                heads = core.query_heads + 2 * core.kv_heads
                self.divided += count * 2.0 * heads * core.key_dim
            elif isinstance(core, LatentCore):
                self.divided += count * 2.0 * core.heads * core.rope_dim
                self.replicated += count * 2.0 * (core.latent_dim + core.rope_dim)
                if core.index_heads and core.owns_index:
                    self._add_indexer(core.index_heads * core.index_dim, count)
            else:
                self.divided += count * 2.0 * core.convolution_elements
        downs = [m for m in block.matrices if m.split is Split.ROW and _is_feed_forward(m.role)]
        if downs:
            if not all(self._beside(m.role) for m in downs):
                self.launches += count
            self.divided += count * 3.0 * sum(m.inputs for m in downs)
        if block.experts is not None:
            routed = block.experts.matrices[-1].inputs * block.experts.top_k
            self.launches += 2 * count
            self.divided += count * 3.0 * routed
            self.replicated += count * 2.0 * self.hidden_size

    def _beside(self, role: Role) -> bool:
        """Whether matrices of ``role`` run while the routed experts do."""
        return role is Role.SHARED_EXPERT and self.framework.capabilities.shared_beside

    @property
    def _prologue(self) -> bool:
        return self.framework.capabilities.fused_latents

    def _fused(self, matrix: Matrix) -> bool:
        """Whether a product is part of the kernel that makes queries and latents."""
        latent = any(isinstance(core, LatentCore) for core in self.mixing_calls)
        second = matrix.role is Role.ATTENTION and matrix.inputs != self.hidden_size
        return self._prologue and latent and second

    def _add_indexer(self, query_elements: float, count: float) -> None:
        """What prepares the scores of DeepSeek sparse attention and uses them, each a pass of its
        own (DeepSeek-V3.2 reference implementation, inference/model.py)."""
        self.launches += count * len(INDEXER_PASSES)
        self.replicated += count * 6.0 * query_elements

    def _add_reduces(self, block: Block, count: float) -> None:
        rows = [m for m in block.matrices if m.split is Split.ROW]
        mixers = [m for m in rows if not _is_feed_forward(m.role)]
        feeds = [m for m in rows if _is_feed_forward(m.role)]
        if mixers:
            self.all_reduces += count
        if (feeds or block.experts is not None) and not (mixers and block.parallel):
            self.all_reduces += count
        if block.experts is not None:
            self.expert_reduces += count
        for core in block.cores:
            if isinstance(core, AttentionCore) and core.normed_across_heads:
                self.norm_reduces += count
                self.launches += count  # the sums of squares that the ranks exchange

    def gemms(self, parts: tuple[Matrix, ...], name: str, calls: float) -> list[Gemm]:
        """Matrices that run as one product, once for each way in which layers store them."""
        portions = self.precision.portions(parts)
        return [self._gemm(parts, name, portion, calls) for portion in portions]

    def _gemm(self, parts: tuple[Matrix, ...], name: str, portion: Portion, calls: float) -> Gemm:
        choice = choose_kernel(portion.weights, portion.activations, self.chip)
        self.fallbacks.append(choice.fallback)
        kernel = Product.PLAIN.of(choice.dtype)
        started = not (self._beside(parts[0].role) or self._fused(parts[0]))
        decode_kernel = kernel
        if parts[0].batched:
            dtype = "fp8" if choice.compute == "fp8" else "bf16"
            decode_kernel = Product.BATCHED.of(dtype)
        constants, decode_constants = (
            _started(constants_for(one, self.chip, self.framework), started)
            for one in (kernel, decode_kernel)
        )
        return Gemm(
            name=name,
            kernel=kernel,
            constants=constants,
            decode_kernel=decode_kernel,
            decode_constants=decode_constants,
            peak_flops=self.chip.peak_flops[choice.compute],
            parts=parts,
            weight_bytes_per_element=portion.weights.bytes_per_element,
            activation_bytes=choice.activation_bytes,
            calls=calls * portion.share,
        )

    def merged_gemms(self) -> list[Gemm]:
        return [
            gemm
            for (name, parts), calls in self.gemm_calls.items()
            for gemm in self.gemms(parts, name, calls)
        ]

    def serial_gemms(self) -> list[Gemm]:
        return [gemm for one in self.serial for gemm in self.gemms((one,), one.name, 1.0)]

    def merged_mixings(self) -> list[Mixing]:
        return [self._mixing(core, calls) for core, calls in self.mixing_calls.items()]

    def _mixing(self, core: Core, calls: float) -> Mixing:
        plain = choose_kernel(self.precision.plain, self.precision.plain, self.chip)
        if isinstance(core, StateCore):
            prefill_kernel = decode_kernel = "scan.bf16"
        else:
            family = "mla" if isinstance(core, LatentCore) else "attention"
            dtype = cache_dtype(self.precision.kv)
            prefill_kernel = "mla_prefill.bf16" if family == "mla" else "prefill_attention.bf16"
            decode_kernel = (
                f"mla_decode.{dtype}" if family == "mla" else f"decode_attention.{dtype}"
            )
        indexed = not isinstance(core, StateCore) and core.index_heads > 0
        return Mixing(
            core=core,
            prefill_kernel=prefill_kernel,
            prefill_constants=constants_for(prefill_kernel, self.chip, self.framework),
            decode_kernel=decode_kernel,
            decode_constants=constants_for(decode_kernel, self.chip, self.framework),
            index_constants=constants_for("sparse_index.bf16", self.chip, self.framework)
            if indexed
            else None,
            prefill_peak_flops=self.chip.peak_flops[plain.compute],
            decode_peak_flops=self.chip.peak_flops[plain.compute],
            cache_bytes_per_element=self.precision.kv.bytes_per_element,
            cache_reads=self._cache_reads(core),
            sparse_heads=self.framework.capabilities.sparse_prompt_heads.get(
                self.chip.generation, 0.0
            ),
            calls=calls,
        )

    def _cache_reads(self, core: Core) -> float:
        if not (isinstance(core, AttentionCore) and core.kv_heads):
            return 1.0
        group = core.query_heads // core.kv_heads
        if group & (group - 1) == 0:
            return 1.0
        return 1.0 + (group - 1.0) * self.framework.capabilities.key_rereads

    def elementwise(self) -> Elementwise:
        return Elementwise(
            constants=constants_for("elementwise.bf16", self.chip, self.framework),
            launches=self.launches,
            reduced_launches=self.reduced_launches,
            replicated_elements=self.replicated,
            divided_elements=self.divided,
        )


def _started(constants: KernelConstants, started: bool) -> KernelConstants:
    """A kernel's constants, without its launch where it has none."""
    return constants if started else replace(constants, floor_seconds=0.0)


def _is_feed_forward(role: Role) -> bool:
    return role in {Role.DENSE_MLP, Role.SHARED_EXPERT, Role.ROUTED_EXPERT}
