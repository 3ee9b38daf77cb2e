"""What a step consists of: every distinct operator of a model, with how often it runs.

Equal operators of different blocks are counted together (the attention of DeepSeek-V3's dense
and MoE layers is one entry with 61 calls), so that a sweep evaluates each only once.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from engine.hardware.chip import Chip
from engine.hardware.framework import Framework
from engine.model.architecture import Architecture
from engine.model.blocks import ImageTower
from engine.model.matrices import Role
from engine.model.precision import Precision
from engine.work.expert_slots import Placing
from engine.work.tokens.collector import Collector
from engine.work.tokens.operators import Elementwise, ExpertBank, Gemm, Mixing
from engine.work.tokens.shortening import Shortening, shortening_of


@dataclass(frozen=True, slots=True)
class Inventory:
    """Everything a step of one model does, under one precision on one chip."""

    hidden_size: int
    layer_count: int
    gemms: tuple[Gemm, ...]
    head: Gemm
    banks: tuple[ExpertBank, ...]
    mixings: tuple[Mixing, ...]
    elementwise: Elementwise
    all_reduces: float
    """All-reduces of a step over the attention ranks (`tensor`)."""
    expert_layers: float
    """Layers whose routed experts exchange tokens."""
    dense_only_reduces: float
    """The part of ``all_reduces`` that MoE layers replace by the exchange of their experts."""
    norm_reduces: float
    """Layers that sum the squares of queries and keys over the attention ranks."""
    message_bytes_per_element: float
    shortening: Shortening | None
    """How large all-reduces are sent in fewer bytes; None where they are not."""
    dispatch_bytes_per_element: float
    gathering_ranks: float
    """Up to so many attention-DP ranks gather all tokens instead of dispatching each."""
    sending_ranks: float
    """So do more ranks than these."""
    placing: Placing
    routed_width: int
    top_k: float
    groups_per_token: int
    groups: int
    fallbacks: tuple[str, ...]
    serial: tuple[Gemm, ...] = ()
    """Products that run for one token of each sequence after the other."""
    encoder: Inventory | None = None
    """What a request's encoder does, with what the decoder projects of its result, or the tower
    that reads its images, with a projector as its head; the head of others does nothing."""


def take_inventory(
    architecture: Architecture, precision: Precision, chip: Chip, framework: Framework
) -> Inventory:
    """List the operators of ``architecture``; raises `InputError` for a chip without constants."""
    collector = Collector(precision, chip, framework, architecture.hidden_size)
    for block, count in architecture.blocks():
        collector.add_block(block, float(count))
    (head,) = collector.gemms((architecture.lm_head,), "lm_head", 1.0)
    encoder = None
    if architecture.encoder:
        before = Collector(precision, chip, framework, architecture.hidden_size)
        for group in architecture.encoder:
            before.add_block(group.block, float(group.count))
        for block, count in architecture.blocks():
            before.add_source(block, float(count))
        layers = sum(group.count for group in architecture.encoder)
        encoder = _inventory(before, head, layers, None)
    elif architecture.images is not None:
        encoder = _image_inventory(architecture.images, precision, chip, framework)
    return _inventory(collector, head, architecture.layer_count, encoder)


def _image_inventory(
    tower: ImageTower, precision: Precision, chip: Chip, framework: Framework
) -> Inventory:
    """An image tower's layers; its projector is the head."""
    before = Collector(precision, chip, framework, tower.hidden_size)
    for group in tower.layers:
        before.add_block(group.block, float(group.count))
    (projector,) = before.gemms(tower.projector, "projector", 1.0)
    return _inventory(before, projector, tower.layer_count, None)


def _inventory(
    collector: Collector, head: Gemm, layers: int, encoder: Inventory | None
) -> Inventory:
    banks = collector.merged_banks()
    first = banks[0].experts if banks else None
    precision, framework = collector.precision, collector.framework
    return Inventory(
        hidden_size=collector.hidden_size,
        layer_count=layers,
        gemms=tuple(collector.merged_gemms()),
        head=head,
        banks=tuple(banks),
        mixings=tuple(collector.merged_mixings()),
        elementwise=collector.elementwise(),
        all_reduces=collector.all_reduces,
        expert_layers=sum(bank.calls for bank in banks),
        dense_only_reduces=collector.expert_reduces,
        norm_reduces=collector.norm_reduces,
        message_bytes_per_element=2.0,
        shortening=shortening_of(framework.capabilities, collector.chip.generation),
        dispatch_bytes_per_element=min(
            precision.activation_format(Role.ROUTED_EXPERT).bytes_per_element, 2.0
        ),
        gathering_ranks=float(framework.capabilities.gathering_ranks),
        sending_ranks=inf
        if framework.capabilities.sends_over_network
        else float(collector.chip.node_size),
        placing=Placing.of(framework.capabilities),
        routed_width=first.matrices[0].inputs if first else 0,
        top_k=float(first.top_k) if first else 0.0,
        groups_per_token=first.groups_per_token if first else 1,
        groups=first.groups if first else 1,
        fallbacks=tuple(dict.fromkeys(note for note in collector.fallbacks if note)),
        serial=tuple(collector.serial_gemms()),
        encoder=encoder,
    )
