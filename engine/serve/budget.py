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
from engine.hardware.memory_parts import MemoryPolicy, MemoryShare, ShareHolds, Sizing
from engine.model.architecture import Architecture, Block
from engine.serve.images import image_bytes
from engine.serve.requests import Images
from engine.words.arrays import FloatArray
from engine.work.tokens.step import LayoutArrays

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
) -> Budget:
    """What lives beside weights and cache under an engine's settings, where requests have such
    ``images``."""
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
    encoders = np.full_like(none, _encoder_bytes(architecture, policy))
    if images is not None:
        encoders = np.maximum(encoders, image_bytes(architecture, images, tokens, layouts))
    if policy.sizing is Sizing.AS_NEEDED:
        logits = policy.sampler_bytes * float(architecture.vocabulary_size) / layouts.tensor
        seeing = [("encoders", encoders)] if images is not None else []
        return Budget((*runtime, *seeing), (), per_token, logits)
    rows = min(float(engine.scheduler.max_sequences), tokens)
    activations = per_token * tokens
    # What embeds samples nothing.
    sampled = policy.sampler_bytes if architecture.generates else 0.0
    sampler = sampled * rows * float(architecture.vocabulary_size)
    # Sampling comes after the layers, in the memory that they have left.
    peak = [
        ("activations", activations),
        ("sampler", np.maximum(sampler - activations, 0.0)),
        ("encoders", encoders),
    ]
    if policy.share_holds is ShareHolds.WEIGHTS_AND_CACHE:
        return Budget((), (*peak, *runtime), none, none)
    return Budget((*peak, *runtime), (), none, none)


def _encoder_bytes(architecture: Architecture, policy: MemoryPolicy) -> float:
    """Outputs of towers are still there when the text model is run."""
    if not architecture.tower_parameters:
        return 0.0
    kind = architecture.model_type
    return max(
        (b for name, b in policy.encoder_bytes.items() if kind.startswith(name)), default=0.0
    )


def capacity_bytes(
    chip: Chip, policy: MemoryPolicy, used_bytes: FloatArray, layouts: LayoutArrays
) -> FloatArray:
    """Bytes per chip that the engine fills; ``used_bytes`` is all but the cache."""
    total = chip.usable_bytes
    if policy.share_holds is ShareHolds.WEIGHTS_AND_CACHE:
        taken = _communication_bytes(chip, policy, layouts) + _runtime_bytes(chip, policy, layouts)
        free: FloatArray = policy.memory_fraction * (total - taken)
        return free
    if policy.share_of is MemoryShare.LEFT:
        left: FloatArray = total - (1.0 - policy.memory_fraction) * (total - used_bytes)
        return left
    return np.full_like(used_bytes, total * policy.memory_fraction)


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
    return np.full_like(layouts.tensor, policy.reserve_bytes + workspace + left_alone)


def activation_bytes_per_token(architecture: Architecture, layouts: LayoutArrays) -> FloatArray:
    """Of the widest layer: residual and hidden states, the widest results that ranks divide, and
    with experts the results of a token's experts before they are summed, in 16 bits."""
    widest = max(_width(block) for block, _ in architecture.blocks())
    chosen = max((one.experts.top_k for one, _ in architecture.blocks() if one.experts), default=0)
    hidden = (4.0 + chosen) * architecture.hidden_size
    return 2.0 * (hidden + widest / layouts.tensor)


def _width(block: Block) -> float:
    """Elements per token of a layer's widest intermediate results."""
    widest = max((m.outputs for m in block.matrices), default=0)
    if block.experts is not None:
        widest = max(widest, block.experts.matrices[0].outputs * block.experts.top_k)
    return 2.0 * widest
