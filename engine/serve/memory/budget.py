"""The engine's own budget: what it fills of a chip's memory, and what of that is not cache.

Three rules, as the engines' sources have them: a share of the whole memory from which everything is
taken (vLLM, after profiling the largest pass), a share of what is free at start that holds weights
and cache alone (SGLang), a share of what weights and runtime leave (TensorRT-LLM, LMDeploy).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.hardware.chip import Chip
from engine.hardware.framework import Framework
from engine.hardware.parts.memory import (
    LONG_CONTEXT,
    MemoryPolicy,
    MemoryShare,
    ShareHolds,
    Sizing,
    TowerPass,
)
from engine.model.architecture import Architecture
from engine.model.blocks import Block
from engine.model.cores import LatentCore
from engine.serve.images import image_bytes, largest_images, tower_bytes
from engine.serve.requests import Images
from engine.words.arrays import FloatArray, IntArray, lines
from engine.work.tokens.step import LayoutArrays

EXPANDED_CONTEXTS = 8.0
"""Contexts of the longest request that latent attention expands at once at most (vLLM)."""
INDEX_SCALE_BYTES = 4
"""Of the scale beside a key of an index, whose elements are of 8 bits."""
FAST_LINK_BYTES = 100e9
"""Per second and direction: over slower links (PCIe) engines turn their own all-reduce off."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Bytes per chip; columns of (layouts, 1).

    ``inside`` is taken from the capacity beside weights and cache, ``outside`` lives beside it.
    ``activation_bytes_per_token`` and ``logit_bytes_per_sequence`` grow with the requests at hand;
    0 where the engine has set them aside at start.
    """

    inside: tuple[tuple[str, FloatArray], ...]
    outside: tuple[tuple[str, FloatArray], ...]
    activation_bytes_per_token: FloatArray
    logit_bytes_per_sequence: FloatArray

    def rows(self, rows: IntArray) -> Budget:
        """Of some of the layouts, each as often as it is named."""
        return Budget(
            tuple((name, lines(bytes, rows)) for name, bytes in self.inside),
            tuple((name, lines(bytes, rows)) for name, bytes in self.outside),
            lines(self.activation_bytes_per_token, rows),
            lines(self.logit_bytes_per_sequence, rows),
        )

    @property
    def grows(self) -> bool:
        """Whether anything of it grows with the requests at hand."""
        growing = self.activation_bytes_per_token, self.logit_bytes_per_sequence
        return any(bool(np.any(one > 0)) for one in growing)

    @property
    def inside_bytes(self) -> FloatArray:
        """The sum of what is inside."""
        total = np.zeros_like(self.activation_bytes_per_token)
        for _, bytes in self.inside:
            total = total + bytes
        return total


def budget(
    architecture: Architecture,
    chip: Chip,
    engine: Framework,
    layouts: LayoutArrays,
    images: Images | None = None,
    context_tokens: float | FloatArray = 0.0,
) -> Budget:
    """What lives beside weights and cache under an engine's settings, where requests have such
    ``images`` and are of ``context_tokens`` at most."""
    policy = engine.memory
    per_token = activation_bytes_per_token(architecture, layouts)
    tokens = float(engine.scheduler.prefill_tokens)
    captured = policy.generation_graph_bytes.get(chip.generation, policy.graph_bytes)
    graphs = captured + policy.graph_share * per_token * tokens
    runtime = [
        ("communication", _communication_bytes(chip, policy, layouts)),
        ("runtime", _runtime_bytes(chip, policy, layouts)),
        ("graphs", graphs * np.ones_like(layouts.tensor)),
    ]
    none = np.zeros_like(layouts.tensor)
    encoders = none if images is None else image_bytes(architecture, images, tokens, layouts)
    if policy.sizing is Sizing.AS_NEEDED:
        logits = policy.sampler_bytes * float(architecture.vocabulary_size) / layouts.tensor
        seeing = [("encoders", encoders)] if images is not None else []
        return Budget((*runtime, *seeing), (), per_token, logits)
    rows = min(float(engine.scheduler.max_sequences), tokens)
    activations = per_token * tokens
    # What embeds samples nothing.
    sampled = policy.sampler_bytes if architecture.generates else 0.0
    sampler = sampled * rows * float(architecture.vocabulary_size)
    text = np.maximum(activations, sampler)
    towers = _tower_pass_bytes(architecture, policy, text, tokens, layouts)
    context = _context_bytes(
        architecture, chip, policy, layouts, context_tokens, activations, tokens
    )
    # Sampling comes after the layers, in the memory that they have left.
    peak = [
        ("activations", activations),
        ("sampler", text - activations),
        ("encoders", np.maximum(encoders, towers)),
        ("context workspace", context),
    ]
    if policy.share_holds is ShareHolds.WEIGHTS_AND_CACHE:
        return Budget((), (*peak, *runtime), none, none)
    return Budget((*peak, *runtime), (), none, none)


def _tower_pass_bytes(
    architecture: Architecture,
    policy: MemoryPolicy,
    text_bytes: FloatArray,
    pass_tokens: float,
    layouts: LayoutArrays,
) -> FloatArray:
    """What running towers once at start takes besides the ``text_bytes`` of the model's own pass
    after it: their outputs stay, their own results make room."""
    none = np.zeros_like(layouts.tensor)
    if not architecture.tower_parameters or policy.tower_pass is TowerPass.NEVER:
        return none
    measured = policy.encoder_bytes
    named = [name for name in measured if architecture.model_type.startswith(name)]
    if named:
        return np.full_like(none, measured[max(named, key=len)])
    if architecture.images is None:
        return none
    images = largest_images(architecture)
    kept, passing = tower_bytes(architecture, images, pass_tokens, layouts)
    beside: FloatArray = np.maximum(kept + 0.0 * none, kept + passing - text_bytes)
    return beside


def _context_bytes(
    architecture: Architecture,
    chip: Chip,
    policy: MemoryPolicy,
    layouts: LayoutArrays,
    context_tokens: float | FloatArray,
    activations: FloatArray,
    pass_tokens: float,
) -> FloatArray:
    """What attention layers, which share it, work on besides the ``activations`` of the widest
    layer: keys gathered from an index, kept for good, and their scores; or keys and values expanded
    from latents in 16 bits, while the results of other layers are not there."""
    scored = policy.whole_index_logits.get(chip.generation, 0.0)
    largest = np.zeros_like(layouts.tensor)
    for block, _ in architecture.blocks():
        for core in block.cores:
            if not isinstance(core, LatentCore):
                continue
            if core.owns_index:
                entries = np.asarray(context_tokens / core.tokens_per_entry)
                gathered = policy.index_entries * entries * (core.index_dim + INDEX_SCALE_BYTES)
                scores = np.maximum(policy.index_logit_bytes, scored * pass_tokens * entries)
                bytes = gathered + scores + 0.0 * largest
            elif core.expanded:
                tokens = np.minimum(policy.expanded_tokens, EXPANDED_CONTEXTS * context_tokens)
                elements = core.heads * (core.nope_dim + core.value_dim) / layouts.tensor
                queries = core.heads * (core.nope_dim + core.rope_dim) / layouts.tensor
                # Beside the residual, its normed input and the result.
                own = pass_tokens * (3.0 * architecture.hidden_size + queries)
                bytes = 2.0 * (tokens * elements + own) - activations
            else:
                continue
            largest = np.maximum(largest, bytes)
    return largest


def capacity_bytes(
    architecture: Architecture,
    chip: Chip,
    policy: MemoryPolicy,
    used_bytes: FloatArray,
    layouts: LayoutArrays,
    context_tokens: float | FloatArray = 0.0,
) -> FloatArray:
    """Bytes per chip that the engine fills where requests are of ``context_tokens`` at most;
    ``used_bytes`` is all but the cache."""
    total = chip.usable_bytes
    if policy.share_holds is ShareHolds.WEIGHTS_AND_CACHE:
        taken = _communication_bytes(chip, policy, layouts) + _runtime_bytes(chip, policy, layouts)
        free: FloatArray = given_share(architecture, chip, policy, context_tokens) * (total - taken)
        return free
    if policy.share_of is MemoryShare.LEFT:
        left: FloatArray = total - (1.0 - policy.memory_fraction) * (total - used_bytes)
        return left
    return np.full_like(used_bytes, total * policy.memory_fraction)


def given_share(
    architecture: Architecture,
    chip: Chip,
    policy: MemoryPolicy,
    context_tokens: float | FloatArray,
) -> float | FloatArray:
    """The share of memory that an engine gives away where requests are of ``context_tokens`` at
    most."""
    less = policy.long_context_share.get(chip.generation, 1.0)
    # Attention over an index has kernels of its own, without the workspace that it is less for.
    if less == 1.0 or _has_index(architecture):
        return policy.memory_fraction
    share: FloatArray = np.where(np.asarray(context_tokens) > LONG_CONTEXT, less, 1.0)
    return policy.memory_fraction * share


def _has_index(architecture: Architecture) -> bool:
    cores = (core for block, _ in architecture.blocks() for core in block.cores)
    return any(isinstance(core, LatentCore) and core.owns_index for core in cores)


def unfree_bytes(chip: Chip, policy: MemoryPolicy) -> float:
    """What an engine that takes a share of the whole memory misses of it at start, where a host
    has part of the same memory (vLLM refuses to start then)."""
    if policy.share_holds is not ShareHolds.EVERYTHING or policy.share_of is not MemoryShare.TOTAL:
        return 0.0
    free = chip.usable_bytes - chip.host_bytes
    return max(policy.memory_fraction * chip.usable_bytes - free, 0.0)


def _communication_bytes(chip: Chip, policy: MemoryPolicy, layouts: LayoutArrays) -> FloatArray:
    none = np.zeros_like(layouts.tensor)
    if chip.scale_up.bandwidth_bytes < FAST_LINK_BYTES:
        return none
    workspace = policy.group_workspace_bytes.get(chip.generation, 0.0)
    peers = np.maximum(layouts.ranks - 2.0, 0.0)
    joined = policy.communication_bytes + workspace + policy.peer_bytes * peers
    return np.where(layouts.ranks > 1, joined, none)


def _runtime_bytes(chip: Chip, policy: MemoryPolicy, layouts: LayoutArrays) -> FloatArray:
    workspace = policy.workspace_bytes.get(chip.generation, 0.0)
    left_alone = policy.held_back_share * chip.usable_bytes
    everything = policy.share_holds is ShareHolds.EVERYTHING
    of_total = everything and policy.share_of is MemoryShare.TOTAL
    # A share of the whole is charged with what the server adds, not with what was there before.
    host = chip.own_host_bytes if of_total else chip.host_bytes
    return np.full_like(layouts.tensor, policy.reserve_bytes + workspace + left_alone + host)


def activation_bytes_per_token(architecture: Architecture, layouts: LayoutArrays) -> FloatArray:
    """Of the widest layer: residual and hidden states, the widest results that ranks divide, and
    with experts the results of a token's experts before they are summed, in 16 bits."""
    widest = max(_width(block) for block, _ in architecture.blocks())
    chosen = max((one.experts.top_k for one, _ in architecture.blocks() if one.experts), default=0)
    # Further residual streams are there before and after a layer has changed them.
    streams = 2.0 * (architecture.residual_streams - 1)
    hidden = (4.0 + chosen + streams) * architecture.hidden_size
    return 2.0 * (hidden + widest / layouts.tensor)


def _width(block: Block) -> float:
    """Elements per token of a layer's widest intermediate results."""
    widest = max((m.outputs for m in block.matrices), default=0)
    if block.experts is not None:
        widest = max(widest, block.experts.matrices[0].outputs * block.experts.top_k)
    return 2.0 * widest
