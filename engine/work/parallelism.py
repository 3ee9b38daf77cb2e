"""Which layouts are legal for a model on n chips. Knows no time."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from engine.model.architecture import Architecture
from engine.model.blocks import Block
from engine.model.cores import AttentionCore, LatentCore, StateCore
from engine.scenario import LayoutLimits
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.quantities import chips_words
from engine.work.expert_slots import Placing, why_not_placed
from engine.work.layout import Layout
from engine.work.shards import Shards

MOST_LAYOUTS = 2000
"""Ten times what the powers of two give on any number of chips."""


def _degrees(most: int, wanted: tuple[int, ...]) -> list[int]:
    """Degrees up to ``most``: those asked for, else the powers of two."""
    if wanted:
        return sorted({n for n in wanted if n <= most})
    return [1 << power for power in range(most.bit_length())]


def _tensor_legal(architecture: Architecture, tensor: int) -> bool:
    """Every core's heads must divide; KV heads either divide or are replicated evenly."""
    return all(
        _core_legal(core, tensor) for block, _ in architecture.blocks() for core in block.cores
    ) and all(_widths_legal(block, tensor) for block, _ in architecture.blocks())


def _core_legal(core: object, tensor: int) -> bool:
    if isinstance(core, AttentionCore):
        even = core.kv_heads % tensor == 0 or tensor % core.kv_heads == 0
        return core.query_heads % tensor == 0 and even
    if isinstance(core, StateCore) and core.heads == 1:
        # Every rank holds the whole of it (DeepSeek-V4's compressors, as their cache).
        return True
    if isinstance(core, LatentCore | StateCore):
        return core.heads % tensor == 0
    return True


def _widths_legal(block: Block, tensor: int) -> bool:
    return all(
        m.outputs % tensor == 0 for m in block.matrices if m.split == "column" and not m.heads
    )


def _expert_degrees(
    architecture: Architecture,
    ranks: int,
    limits: LayoutLimits,
    placing: Placing,
    shards: Shards,
) -> list[int]:
    banks = [block.experts for block, _ in architecture.blocks() if block.experts]
    if not banks:
        return [1] if not limits.expert or 1 in limits.expert else []
    # Engines offer either all experts split or all placed; mixtures only when asked for.
    choices = sorted({n for n in limits.expert or (1, ranks) if ranks % n == 0})
    return [
        n
        for n in choices
        if not shards.why_not_experts(ranks // n)
        and not why_not_placed(architecture, placing, n)
        # Slots of uneven numbers of experts are for who asks for them.
        and (bool(limits.expert) or all(bank.count % n == 0 for bank in banks))
    ]


def legal_layouts(
    architecture: Architecture,
    chips: int,
    node_size: int,
    limits: LayoutLimits,
    placing: Placing,
    shards: Shards,
) -> tuple[Layout, ...]:
    """Every legal layout on ``chips`` chips, smallest replicas first.

    Tensor parallelism stays within a node's fast links unless ``limits`` asks for more;
    attention data parallelism is for models with experts (others replicate instead); the rest
    of the chips hold further replicas. Raises `InputError` when no layout is left, naming the
    rule.
    """
    if chips < 1:
        raise InputError(say("chips: found {chips}, expected at least 1", chips=chips))
    found = list(
        islice(_layouts(architecture, chips, node_size, limits, placing, shards), MOST_LAYOUTS + 1)
    )
    if len(found) > MOST_LAYOUTS:
        raise InputError(
            say(
                "more than {MOST_LAYOUTS:,} layouts for {architecture} on {chips} "
                "chips, expected fewer degrees of TP, PP, EP and DP",
                MOST_LAYOUTS=MOST_LAYOUTS,
                architecture=architecture.name,
                chips=chips,
            )
        )
    if not found:
        raise InputError(_no_layout(architecture, chips, limits, placing, shards))
    return tuple(sorted(found, key=lambda one: (one.chips_per_replica, one.pipeline, one.name)))


def why_illegal(
    architecture: Architecture, layout: Layout, placing: Placing, shards: Shards
) -> str:
    """Why an engine refuses ``layout``, by the rules of `legal_layouts`; empty where none does."""
    if not _tensor_legal(architecture, layout.tensor):
        return _heads_rule(architecture)
    ways = layout.tensor * layout.attention_data // layout.expert
    return (
        shards.why_not_tensor(layout.tensor)
        or shards.why_not_experts(max(ways, 1))
        or why_not_placed(architecture, placing, layout.expert)
    )


def _heads_rule(architecture: Architecture) -> str:
    heads = architecture.query_heads
    return say("TP must divide its {query_heads} attention heads", query_heads=heads)


def _layouts(
    architecture: Architecture,
    chips: int,
    node_size: int,
    limits: LayoutLimits,
    placing: Placing,
    shards: Shards,
) -> Iterator[Layout]:
    widest = chips if limits.tensor else min(chips, node_size)
    for tensor in _degrees(widest, limits.tensor):
        if not _tensor_legal(architecture, tensor) or shards.why_not_tensor(tensor):
            continue
        for attention_data in _attention_degrees(architecture, chips // tensor, limits, tensor):
            ranks = tensor * attention_data
            for expert in _expert_degrees(architecture, ranks, limits, placing, shards):
                if attention_data > 1 and expert == 1 and not limits.expert:
                    continue
                for pipeline in _pipeline_degrees(architecture, chips // ranks, limits):
                    replicas = chips // (ranks * pipeline)
                    yield Layout(tensor, pipeline, expert, attention_data, replicas)


def _attention_degrees(
    architecture: Architecture, most: int, limits: LayoutLimits, tensor: int
) -> list[int]:
    if not architecture.is_mixture and not limits.attention_data:
        return [1]
    found = _degrees(most, limits.attention_data)
    if limits.attention_data:
        return found
    # Expert ranks that somebody asks for are those of the attention, whatever their number.
    asked = {n // tensor for n in limits.expert if n % tensor == 0 and n // tensor <= most}
    return sorted({*found, *asked})


def _no_layout(
    architecture: Architecture,
    chips: int,
    limits: LayoutLimits,
    placing: Placing,
    shards: Shards,
) -> str:
    """Why nothing is left: what was asked for and the rules."""
    asked = [
        f"{name} {' or '.join(map(str, degrees))}"
        for name, degrees in (
            ("TP", limits.tensor),
            ("PP", limits.pipeline),
            ("EP", limits.expert),
            ("attention DP", limits.attention_data),
        )
        if degrees
    ]
    experts = architecture.expert_count
    unplaced = (why_not_placed(architecture, placing, n) for n in limits.expert)
    # What this one breaks comes first: a small screen has room for three lines.
    rules = [
        *(reason for reason in unplaced if reason),
        *_unsplit(architecture, limits, shards),
        _heads_rule(architecture),
        say("EP TP × DP") if experts else say("EP is 1 without experts"),
        say("PP at most its {layer_count} layers", layer_count=architecture.layer_count),
        say("TP × PP × DP at most the chips"),
    ]
    wanted = say(" with {asked}", asked=", ".join(asked)) if asked else ""
    return say(
        "no legal layout for {architecture} on {chips}{wanted}: {rules}",
        architecture=architecture.name,
        chips=chips_words(chips),
        wanted=wanted,
        rules=", ".join(rules),
    )


def _unsplit(architecture: Architecture, limits: LayoutLimits, shards: Shards) -> Iterator[str]:
    """Why degrees that were asked for leave a rank with too little of a matrix."""
    for tensor in limits.tensor:
        dense = shards.why_not_tensor(tensor)
        ranks = tensor * max(limits.attention_data, default=1)
        experts = [shards.why_not_experts(ranks // n) for n in limits.expert or (1,) if n <= ranks]
        reason = dense or next((one for one in experts if one), "")
        if reason:
            yield f"TP{tensor}: {reason}"


def _pipeline_degrees(architecture: Architecture, most: int, limits: LayoutLimits) -> list[int]:
    return _degrees(min(most, architecture.layer_count), limits.pipeline)
