"""Weights as ranks hold them: divided, copied, padded as the engine's kernels do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.hardware.chip import Chip
from engine.hardware.parts.memory import WeightPolicy
from engine.model.architecture import Architecture
from engine.model.blocks import Block, Experts
from engine.model.bytes import Part, Parts, Spread, stored_weights
from engine.model.cores import LatentCore
from engine.model.matrices import Role, Split
from engine.model.precision import Precision
from engine.words.arrays import FloatArray
from engine.work.expert_slots import ExpertSlots, Placing, expert_slots
from engine.work.tokens.step import LayoutArrays

WIDENED_FORMAT = "mxfp8"
"""The format that is widened at load where a chip has no products of it."""
PADDED_FORMAT = "mxfp4"
"""The format whose kernels pad experts (NVFP4 checkpoints are made in multiples already)."""
SCALED_ELEMENTS = 32.0
"""Of it that have a scale in common (OCP Microscaling v1.0), of one byte in the checkpoint."""
ABSORBED_BYTES = 2.0
"""Of an element of the absorbed up-projections, which are kept in 16 bits."""


def rank_weight_bytes(
    architecture: Architecture,
    precision: Precision,
    chip: Chip,
    policy: WeightPolicy,
    layouts: LayoutArrays,
    placing: Placing,
    drafting: bool = False,
) -> FloatArray:
    """Bytes on the chip of the fullest pipeline stage, with the prediction layers where they draft;
    a column."""
    if widened := policy.mxfp8_bytes.get(chip.generation):
        precision = precision.kept_as(WIDENED_FORMAT, widened)
    stage = stage_share(architecture, layouts)
    held = stored_weights(architecture, precision)
    whole = (layouts.attention_data > 1) & policy.whole_embeddings
    embedding = held.embedding / np.where(whole, 1.0, layouts.tensor)
    apart = layouts.attention_data if policy.divided_head else 1.0
    head = held.head / (layouts.tensor * apart)
    towers = held.towers / (layouts.tensor if policy.split_towers else 1.0)
    ends = np.where(layouts.pipeline > 1, np.maximum(embedding, head), embedding + head)
    # Held once however many layers use them, if those are on the same pipeline stage.
    slots = expert_slots(max(architecture.expert_count, 1), placing, layouts.expert)
    divided = _Divided(policy, layouts, slots, float(architecture.expert_count))
    shared = _rank_bytes(held.shared, divided) / layouts.pipeline
    total: FloatArray = stage * _rank_bytes(held.layers, divided) + ends
    total = total + towers + held.beside
    if drafting:
        total = total + _rank_bytes(held.prediction, divided) + held.prediction_beside
    for block, count in architecture.blocks():
        extra = _padding_bytes(block, precision, chip, divided)
        extra = extra + _scale_bytes(block, precision, chip, divided)
        if policy.latent_copy:
            extra = extra + _absorbed_bytes(block, layouts)
        total = total + stage * count * extra
    return total - shared


def stage_share(architecture: Architecture, layouts: LayoutArrays) -> FloatArray:
    """Share of the layers that the fullest pipeline stage has."""
    share: FloatArray = (
        np.ceil(architecture.layer_count / layouts.pipeline) / architecture.layer_count
    )
    return share


@dataclass(frozen=True, slots=True)
class _Divided:
    """Layouts, how an engine divides weights on them, and where ``experts`` of a layer stand."""

    policy: WeightPolicy
    layouts: LayoutArrays
    slots: ExpertSlots
    experts: float


def _rank_bytes(kinds: Sequence[Parts], divided: _Divided) -> FloatArray:
    """Bytes of layers that one rank holds, all pipeline stages together."""
    total = np.zeros_like(divided.layouts.tensor)
    for kind in kinds:
        one = np.zeros_like(total)
        for part in kind.parts:
            one = one + part.bytes / _ranks_dividing(part, divided)
        total = total + kind.count * one
    return total


def _ranks_dividing(part: Part, divided: _Divided) -> FloatArray:
    policy, layouts = divided.policy, divided.layouts
    match part.spread:
        case Spread.TENSOR:
            return layouts.tensor
        case Spread.KV_HEADS:
            return np.minimum(layouts.tensor, float(part.heads))
        case Spread.SHARED_EXPERTS:
            apart = (layouts.attention_data > 1) & (layouts.expert > 1)
            ranks = np.where(apart & policy.whole_shared_experts, 1.0, layouts.tensor)
            # Those on ranks of their own are no larger than the routed ones of the others.
            return np.where(divided.slots.apart, np.inf, ranks)
        case Spread.EXPERTS:
            return layouts.expert_tensor * divided.experts / divided.slots.per_rank
        case Spread.NONE:
            return np.ones_like(layouts.tensor)


def _padding_bytes(
    block: Block,
    precision: Precision,
    chip: Chip,
    divided: _Divided,
) -> FloatArray:
    """What the layout of MXFP4 kernels adds to one layer's experts on one rank."""
    experts, policy = block.experts, divided.policy
    inner = policy.expert_inner_multiple.get(chip.generation, 1.0)
    hidden = policy.expert_hidden_multiple.get(chip.generation, 1.0)
    none = np.zeros_like(divided.layouts.tensor)
    if experts is None or inner * hidden == 1.0:
        return none
    stored = [precision.weight_format(matrix.role).name for matrix in experts.matrices]
    if PADDED_FORMAT not in stored:
        return none
    return _padded_bytes(experts, precision, inner, hidden, divided)


def _scale_bytes(block: Block, precision: Precision, chip: Chip, divided: _Divided) -> FloatArray:
    """What wider scales than the checkpoint's add to one layer's experts on one rank, where an FP8
    checkpoint holds MXFP4 experts."""
    experts, none = block.experts, np.zeros_like(divided.layouts.tensor)
    wide = divided.policy.expert_scale_bytes.get(chip.generation, 1.0)
    if experts is None or wide == 1.0:
        return none
    if precision.weight_format(Role.ATTENTION).compute != "fp8":
        return none
    scaled = sum(
        matrix.weights
        for matrix in experts.matrices
        if precision.weight_format(matrix.role).name == PADDED_FORMAT
    )
    of_one = (wide - 1.0) / SCALED_ELEMENTS * scaled / divided.layouts.expert_tensor
    return divided.slots.per_rank * of_one


def _padded_bytes(
    experts: Experts,
    precision: Precision,
    inner: float,
    hidden: float,
    divided: _Divided,
) -> FloatArray:
    layouts, of_rank = divided.layouts, divided.slots.per_rank
    total = np.zeros_like(layouts.tensor)
    for matrix in experts.matrices:
        wide = matrix.split is not Split.ROW
        width, across = (matrix.outputs, matrix.inputs) if wide else (matrix.inputs, matrix.outputs)
        mine = width / layouts.expert_tensor
        # Gate and up stand in one matrix twice as wide: each is padded.
        both = 2.0 if wide and width > experts.matrices[-1].inputs else 1.0
        padded = np.ceil(mine / both / inner) * inner * both
        grown = padded * np.ceil(across / hidden) * hidden / (mine * across)
        weights = matrix.weights * precision.weight_format(matrix.role).bytes_per_element
        total = total + (grown - 1.0) * weights / layouts.expert_tensor
    return of_rank * total


def _absorbed_bytes(block: Block, layouts: LayoutArrays) -> FloatArray:
    """The second copy of one layer's up-projections from the latent."""
    total = np.zeros_like(layouts.tensor)
    for core in block.cores:
        if isinstance(core, LatentCore) and core.expanded:
            elements = core.latent_dim * core.heads * (core.nope_dim + core.value_dim)
            total = total + ABSORBED_BYTES * elements / layouts.tensor
    return total
