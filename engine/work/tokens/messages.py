"""Evaluate an inventory for a step: the messages between chips."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.hardware.roofline import Message
from engine.words.arrays import FloatArray
from engine.work.tokens.exchange import gathered_by, sent_messages
from engine.work.tokens.inventory import Inventory
from engine.work.tokens.placed import Placed, attention_reduces
from engine.work.tokens.step import Source, Step
from engine.work.tokens.token_counts import routed_tokens, total_tokens

SQUARES_BYTES = 8.0
"""Per token: the sums of squares of its queries and of its keys, in float32 (vLLM sums both in
one all-reduce, pull request 31493; ATOM, TensorRT-LLM and SGLang likewise)."""


def step_messages(
    placed: Placed,
    steps: Sequence[Step],
    node_size: int,
    source: Source | None = None,
    imbalance: float = 1.0,
) -> list[Message]:
    """Every collective of one pass.

    Without attention-DP the ranks hold the same tokens, so expert layers end in one all-reduce
    like dense ones. With it, tokens are dispatched to the ranks that hold their experts and
    combined back (all-to-all), at most ``groups_per_token/groups`` of the nodes each; or all ranks
    gather all tokens and scatter the sums.
    """
    dense = dense_messages(placed, total_tokens(steps))
    gathered = gathered_messages(placed, routed_tokens(steps, placed.layouts))
    return [*dense, *gathered, *other_messages(placed, steps, node_size, source, imbalance)]


def dense_messages(placed: Placed, tokens: FloatArray) -> list[Message]:
    """The collectives that depend on the ``tokens`` of a rank alone."""
    inventory, layouts = placed.inventory, placed.layouts
    messages = [
        Message(
            name="all-reduce",
            kind="all_reduce",
            times=attention_reduces(inventory, layouts),
            bytes=_reduced_bytes(inventory, tokens, layouts.tensor),
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


def _reduced_bytes(inventory: Inventory, tokens: FloatArray, ranks: FloatArray) -> FloatArray:
    size = _hidden_bytes(inventory, tokens)
    return size if inventory.shortening is None else inventory.shortening.of(size, ranks)


def gathered_messages(placed: Placed, routed: FloatArray) -> list[Message]:
    """The collectives that depend on the ``routed`` tokens of all attention ranks together."""
    if not placed.exchanging:
        return []
    return gathered_by(placed.inventory, placed.layouts, routed)


def other_messages(
    placed: Placed,
    steps: Sequence[Step],
    node_size: int,
    source: Source | None = None,
    imbalance: float = 1.0,
) -> list[Message]:
    """The other collectives that depend on all groups of a rank."""
    inventory, layouts = placed.inventory, placed.layouts
    tokens = total_tokens(steps)
    messages = []
    encoded = source.steps(steps) if source is not None and inventory.encoder else []
    if inventory.encoder is not None and encoded:
        messages.append(
            Message(
                name="encoder all-reduce",
                kind="all_reduce",
                times=attention_reduces(inventory.encoder, layouts),
                bytes=inventory.encoder.hidden_size * 2.0 * total_tokens(encoded),
                ranks=layouts.tensor,
            )
        )
    if placed.exchanging:
        routes = placed.routes(node_size, all(one.decode for one in steps))
        messages.extend(sent_messages(inventory, routes, tokens, imbalance))
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
