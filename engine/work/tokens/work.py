"""Evaluate an inventory for a step: arrays of FLOPs, bytes and messages per chip."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from engine.hardware.roofline import Message, Work
from engine.model.architecture import AttentionCore, LatentCore, Matrix, Role, Split, StateCore
from engine.words.arrays import FloatArray
from engine.work.expert_slots import expert_slots
from engine.work.tokens.exchange import Routes, exchange_messages
from engine.work.tokens.experts import PlacedBank, expert_works, sorting_work
from engine.work.tokens.inventory import Gemm, Inventory, Mixing
from engine.work.tokens.step import LayoutArrays, Source, Step

SQUARES_BYTES = 8.0
"""Per token: the sums of squares of its queries and of its keys, in float32 (vLLM sums both in
one all-reduce, pull request 31493; ATOM, TensorRT-LLM and SGLang likewise)."""


@dataclass(frozen=True, slots=True)
class Share:
    """What one chip holds of a product's matrices: weight elements, and activation bytes per
    token; columns like the layouts."""

    weights: FloatArray
    token_bytes: FloatArray


@dataclass(frozen=True)
class Placed:
    """An inventory on several layouts: what does not depend on tokens is worked out once for all
    steps."""

    inventory: Inventory
    layouts: LayoutArrays
    gemms: tuple[Share, ...]
    head: Share
    encoder: Placed | None = None

    @cached_property
    def banks(self) -> tuple[PlacedBank, ...]:
        """The routed experts."""
        inventory = self.inventory
        return tuple(PlacedBank.of(inventory, bank, self.layouts) for bank in inventory.banks)

    @cached_property
    def exchanging(self) -> bool:
        """Whether expert layers of any layout exchange tokens between attention-DP ranks."""
        return bool(self.inventory.banks) and bool(np.any(self.layouts.attention_data > 1))

    def routes(self, node_size: int, low_latency: bool) -> Routes:
        """How their tokens reach the experts on nodes of so many chips."""
        known = self._routes.get((node_size, low_latency))
        if known is None:
            known = Routes.of(self.inventory, self.layouts, node_size, low_latency)
            self._routes[node_size, low_latency] = known
        return known

    @cached_property
    def _routes(self) -> dict[tuple[int, bool], Routes]:
        return {}


def place(inventory: Inventory, layouts: LayoutArrays) -> Placed:
    """Put an inventory on layouts."""
    shares = tuple(_placed_share(gemm, inventory, layouts) for gemm in inventory.gemms)
    encoder = place(inventory.encoder, layouts) if inventory.encoder else None
    return Placed(inventory, layouts, shares, _share(inventory.head, layouts), encoder)


def _placed_share(gemm: Gemm, inventory: Inventory, layouts: LayoutArrays) -> Share:
    """As `_share`; ranks do nothing of shared experts that have ranks of their own."""
    share = _share(gemm, layouts)
    if gemm.parts[0].role is not Role.SHARED_EXPERT or not inventory.placing.shared_apart:
        return share
    bank = inventory.banks[0]
    apart = expert_slots(bank.experts.count, inventory.placing, layouts.expert).apart
    return Share(np.where(apart, 0.0, share.weights), np.where(apart, 0.0, share.token_bytes))


def matrix_share(matrix: Matrix, tensor: FloatArray) -> FloatArray:
    """The part of a matrix that one of ``tensor`` ranks holds."""
    if matrix.split is Split.REPLICATED:
        return np.ones_like(tensor)
    if matrix.split is Split.KV:
        return 1.0 / np.minimum(tensor, float(max(matrix.heads, 1)))
    return 1.0 / tensor


def step_work(
    placed: Placed, steps: Sequence[Step], imbalance: float = 1.0, source: Source | None = None
) -> Iterator[Work]:
    """Every kernel of one pass on one chip, all layers together.

    A pass may hold several groups of sequences (decoding ones and a prompt's chunk): their
    tokens share the weight matrices, each group has its own attention. What an encoder does for
    the prompts in it is part of the pass.
    """
    yield from dense_work(placed, total_tokens(steps), steps[0].decode)
    for step in steps:
        yield from mixing_work(placed, step, source)
    yield from other_work(placed, steps, imbalance, source)


def dense_work(placed: Placed, tokens: FloatArray, decode: bool) -> Iterator[Work]:
    """The kernels that depend on the ``tokens`` of a rank alone: products of dense matrices, and
    what passes over activations."""
    for gemm, share in zip(placed.inventory.gemms, placed.gemms, strict=True):
        yield _gemm_work(gemm, share, tokens, decode)
    yield _elementwise_work(placed.inventory, placed.layouts, tokens)


def mixing_work(placed: Placed, step: Step, source: Source | None = None) -> Iterator[Work]:
    """The kernels that depend on one group of sequences alone: attention and states."""
    for mixing in placed.inventory.mixings:
        yield from _mixing_work(mixing, placed.layouts, step, source)


def other_work(
    placed: Placed, steps: Sequence[Step], imbalance: float = 1.0, source: Source | None = None
) -> Iterator[Work]:
    """The kernels that depend on all of a pass: experts, the head, an encoder's."""
    inventory, layouts = placed.inventory, placed.layouts
    decode = steps[0].decode
    prompts = not all(step.decode for step in steps)
    routed = _routed_tokens(steps, layouts) if placed.banks else np.zeros(1)
    for one in placed.banks:
        for work, pairs in expert_works(one, routed, imbalance, prompts=prompts):
            yield work
            if prompts and work.kernel != one.bank.kernel:
                yield sorting_work(inventory, one.bank, pairs, work.calls)
    yield _gemm_work(inventory.head, placed.head, _sampled_tokens(steps), decode)
    if placed.encoder is not None and source is not None:
        yield from _encoder_work(placed.encoder, source.steps(steps), source)


def _encoder_work(placed: Placed, steps: Sequence[Step], source: Source) -> Iterator[Work]:
    """The encoder's kernels for the prompts of a pass: all of a piece's tokens see each other."""
    if not steps:
        return
    inventory, layouts, tokens = placed.inventory, placed.layouts, total_tokens(steps)
    works = [
        _gemm_work(gemm, share, tokens, decode=False)
        for gemm, share in zip(inventory.gemms, placed.gemms, strict=True)
    ]
    routed = _routed_tokens(steps, layouts)
    for bank in placed.banks:
        works += [work for work, _ in expert_works(bank, routed, 1.0, prompts=True)]
    for mixing in inventory.mixings:
        for step in steps:
            works += _mixing_work(mixing, layouts, step)
    works.append(_elementwise_work(inventory, layouts, tokens))
    if source.features:
        projected = tokens * source.features_of_token
        works.append(_gemm_work(inventory.head, placed.head, projected, decode=False))
    yield from (replace(work, name=f"encoder {work.name}") for work in works)


def total_tokens(steps: Sequence[Step]) -> FloatArray:
    """New tokens of one attention rank in a pass."""
    tokens = steps[0].tokens
    for step in steps[1:]:
        tokens = tokens + step.tokens
    return tokens


def _routed_tokens(steps: Sequence[Step], layouts: LayoutArrays) -> FloatArray:
    """Tokens that all attention ranks together send through the experts in a pass."""
    tokens = steps[0].tokens * steps[0].share
    for step in steps[1:]:
        tokens = tokens + step.tokens * step.share
    routed: FloatArray = tokens * layouts.attention_data
    return routed


def _sampled_tokens(steps: Sequence[Step]) -> FloatArray:
    """Tokens whose logits are needed: all new ones in decode, a prompt's last one in prefill."""
    sampled = [
        step.tokens if step.decode and not step.last_only else step.sequences for step in steps
    ]
    total = sampled[0]
    for one in sampled[1:]:
        total = total + one
    return total


def _gemm_work(gemm: Gemm, share: Share, tokens: FloatArray, decode: bool) -> Work:
    weights = share.weights
    return Work(
        name=gemm.name,
        kernel=gemm.decode_kernel if decode else gemm.kernel,
        constants=gemm.decode_constants if decode else gemm.constants,
        peak_flops=gemm.peak_flops,
        calls=gemm.calls,
        flops=(2.0 * weights) * tokens,
        bytes=weights * gemm.weight_bytes_per_element + share.token_bytes * tokens,
    )


def _share(gemm: Gemm, layouts: LayoutArrays) -> Share:
    weights = np.zeros_like(layouts.tensor)
    outputs = np.zeros_like(layouts.tensor)
    for matrix in gemm.parts:
        share = matrix_share(matrix, layouts.tensor)
        weights = weights + matrix.weights * share
        outputs = outputs + matrix.outputs * (1.0 if matrix.split is Split.ROW else share)
    first = gemm.parts[0]
    inputs = first.inputs * (1.0 / layouts.tensor if first.split is Split.ROW else 1.0)
    # Products are written in 16 bits whatever the operands are.
    return Share(weights, inputs * gemm.activation_bytes + outputs * 2.0)


def _mixing_work(
    mixing: Mixing, layouts: LayoutArrays, step: Step, source: Source | None = None
) -> list[Work]:
    core = mixing.core
    if isinstance(core, AttentionCore):
        return _attention_work(mixing, core, layouts, step, source if core.cross else None)
    if isinstance(core, LatentCore):
        return _latent_work(mixing, core, layouts, step)
    return [_state_work(mixing, core, layouts, step)]


def _mixing_record(
    mixing: Mixing,
    step: Step,
    name: str,
    flops: FloatArray,
    traffic: FloatArray,
    items: FloatArray | None = None,
    rows: FloatArray | None = None,
) -> Work:
    """``rows`` are queries that a product of a decode step takes at once, each against the same
    keys."""
    return Work(
        name=name,
        kernel=mixing.decode_kernel if step.decode else mixing.prefill_kernel,
        constants=mixing.decode_constants if step.decode else mixing.prefill_constants,
        peak_flops=mixing.decode_peak_flops if step.decode else mixing.prefill_peak_flops,
        calls=mixing.calls,
        flops=flops,
        bytes=traffic,
        size=rows if step.decode else np.maximum(step.queries, 1.0),
        items=items if step.decode else None,
    )


def _attention_work(
    mixing: Mixing,
    core: AttentionCore,
    layouts: LayoutArrays,
    step: Step,
    source: Source | None,
) -> list[Work]:
    query_heads = core.query_heads / layouts.tensor
    kv_heads = core.kv_heads / np.minimum(layouts.tensor, float(core.kv_heads))
    visible = step.visible(core.window, core.top_k)
    loaded = step.loaded()
    if step.decode:
        # Each query of a verifying step selects keys of its own.
        loaded = np.minimum(step.loaded(core.window), visible * step.queries)
    if source is not None:
        visible = loaded = np.broadcast_to(source.tokens, np.shape(visible))
    elif core.source_tokens:
        visible = loaded = np.full_like(visible, float(core.source_tokens))
    widths = core.key_dim + core.value_dim
    flops = (2.0 * widths) * query_heads * (step.tokens * visible)
    cache = kv_heads * widths * mixing.cache_bytes_per_element * (step.sequences * loaded)
    if step.decode:
        cache = cache * mixing.cache_reads
    own = query_heads * widths * 2.0 * step.tokens
    works = [
        _mixing_record(mixing, step, "attention", flops, cache + own, step.sequences * kv_heads)
    ]
    if mixing.index_constants is not None and core.index_heads:
        index_heads = core.index_heads / np.minimum(layouts.tensor, float(core.index_heads))
        works.append(_index_work(mixing, index_heads, core.index_dim, step))
    return works


def _latent_work(mixing: Mixing, core: LatentCore, layouts: LayoutArrays, step: Step) -> list[Work]:
    heads = core.heads / layouts.tensor
    visible = step.visible(core.window, core.top_k) / core.tokens_per_entry
    absorbed = step.decode or core.top_k is not None or not core.expanded
    if absorbed:
        per_pair = 2.0 * (2 * core.latent_dim + core.rope_dim)
        read = np.minimum(step.loaded(core.window) / core.tokens_per_entry, visible * step.queries)
        elements = (core.latent_dim + core.rope_dim) * (step.sequences * read)
        own = heads * (2 * core.latent_dim + core.rope_dim) * 2.0 * step.tokens
    else:
        widths = core.nope_dim + core.rope_dim + core.value_dim
        per_pair = 2.0 * widths
        elements = heads * widths * (step.sequences * step.loaded(core.window))
        own = heads * widths * 2.0 * step.tokens
    flops = per_pair * heads * (step.tokens * visible)
    traffic = elements * mixing.cache_bytes_per_element + own
    works = [
        _mixing_record(mixing, step, "latent attention", flops, traffic, rows=heads * step.queries)
    ]
    if mixing.index_constants is not None and core.owns_index:
        entry = float(core.tokens_per_entry)
        works.append(_index_work(mixing, core.index_heads, core.index_dim, step, entry))
    return works


def _index_work(
    mixing: Mixing,
    heads: float | FloatArray,
    width: int,
    step: Step,
    tokens_per_entry: float = 1.0,
) -> Work:
    """Scores of DeepSeek sparse attention: every query against every index key, FP8 keys."""
    assert mixing.index_constants is not None
    visible = step.visible() / tokens_per_entry
    keys = step.sequences * (visible if step.decode else step.loaded() / tokens_per_entry)
    return Work(
        name="sparse index",
        kernel="sparse_index.bf16",
        constants=mixing.index_constants,
        peak_flops=mixing.decode_peak_flops,
        calls=mixing.calls,
        flops=(2.0 * heads * width) * (step.tokens * visible),
        bytes=width * keys + heads * width * 2.0 * step.tokens,
    )


def _state_work(mixing: Mixing, core: StateCore, layouts: LayoutArrays, step: Step) -> Work:
    share = 1.0 / layouts.tensor
    state = core.state_elements * core.state_bytes_per_element + core.convolution_elements * 2.0
    # Read once per sequence in a decode step and written once per query, since any of them may be
    # the last that is kept; read and written once per chunk of a prompt in prefill.
    moved = 1.0 + step.queries if step.decode else 2.0 * np.ceil(step.queries / 64.0)
    return _mixing_record(
        mixing,
        step,
        core.kind,
        (core.flops_per_token * share) * step.tokens,
        (state * share) * (step.sequences * moved),
    )


def _elementwise_work(inventory: Inventory, layouts: LayoutArrays, tokens: FloatArray) -> Work:
    elementwise = inventory.elementwise
    joined = np.minimum(elementwise.reduced_launches, _reduces(inventory, layouts))
    joined = np.where(layouts.tensor > 1, joined, 0.0)
    launches = np.maximum(elementwise.launches - joined, 1.0)
    elements = elementwise.replicated_elements + elementwise.divided_elements / layouts.tensor
    return Work(
        name="elementwise",
        kernel="elementwise.bf16",
        constants=elementwise.constants,
        peak_flops=1.0,
        calls=launches,
        flops=np.zeros_like(layouts.tensor),
        bytes=(2.0 * elements / launches) * tokens,
    )


def _reduces(inventory: Inventory, layouts: LayoutArrays) -> FloatArray:
    """All-reduces of a pass over the attention ranks."""
    replaced = np.where(layouts.attention_data > 1, inventory.dense_only_reduces, 0.0)
    return inventory.all_reduces - replaced


def step_messages(
    placed: Placed, steps: Sequence[Step], node_size: int, source: Source | None = None
) -> list[Message]:
    """Every collective of one pass.

    Without attention-DP the ranks hold the same tokens, so expert layers end in one all-reduce
    like dense ones. With it, tokens are dispatched to the ranks that hold their experts and
    combined back (all-to-all), at most ``groups_per_token/groups`` of the nodes each; or all ranks
    gather all tokens and scatter the sums.
    """
    dense = dense_messages(placed, total_tokens(steps))
    return [*dense, *other_messages(placed, steps, node_size, source)]


def dense_messages(placed: Placed, tokens: FloatArray) -> list[Message]:
    """The collectives that depend on the ``tokens`` of a rank alone."""
    inventory, layouts = placed.inventory, placed.layouts
    messages = [
        Message(
            name="all-reduce",
            kind="all_reduce",
            times=_reduces(inventory, layouts),
            bytes=_hidden_bytes(inventory, tokens),
            ranks=layouts.tensor,
        )
    ]
    if inventory.norm_reduces:
        messages.append(
            Message(
                name="norm all-reduce",
                kind="all_reduce",
                times=np.full_like(layouts.tensor, inventory.norm_reduces),
                bytes=SQUARES_BYTES * tokens,
                ranks=layouts.tensor,
            )
        )
    return messages


def _hidden_bytes(inventory: Inventory, tokens: FloatArray) -> FloatArray:
    return inventory.hidden_size * inventory.message_bytes_per_element * tokens


def other_messages(
    placed: Placed, steps: Sequence[Step], node_size: int, source: Source | None = None
) -> list[Message]:
    """The other collectives of one pass."""
    inventory, layouts = placed.inventory, placed.layouts
    tokens = total_tokens(steps)
    messages = []
    encoded = source.steps(steps) if source is not None and inventory.encoder else []
    if inventory.encoder is not None and encoded:
        messages.append(
            Message(
                name="encoder all-reduce",
                kind="all_reduce",
                times=_reduces(inventory.encoder, layouts),
                bytes=inventory.encoder.hidden_size * 2.0 * total_tokens(encoded),
                ranks=layouts.tensor,
            )
        )
    if placed.exchanging:
        routes = placed.routes(node_size, all(one.decode for one in steps))
        everything = _routed_tokens(steps, layouts)
        messages.extend(exchange_messages(inventory, routes, tokens, everything))
    messages.append(
        Message(
            name="pipeline send",
            kind="send",
            times=layouts.pipeline - 1.0,
            bytes=_hidden_bytes(inventory, tokens),
            ranks=layouts.chips_per_replica,
        )
    )
    return messages
