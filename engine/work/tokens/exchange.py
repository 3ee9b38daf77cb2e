"""How tokens reach the experts of other ranks: gathered by all, or sent to those that have them.

DeepEP sends in two ways. Its normal kernels, for prompts, send a token once to every node that
holds experts of it and hand it on inside the node. Its low-latency kernels, for decode passes,
send it once for every expert, straight to the expert's rank.
"""

from __future__ import annotations

from functools import lru_cache
from math import prod

import numpy as np

from engine.hardware.roofline import Message
from engine.words.arrays import BoolArray, FloatArray
from engine.work.expert_slots import expert_slots
from engine.work.tokens.inventory import Inventory
from engine.work.tokens.step import LayoutArrays


def dispatching(inventory: Inventory, layouts: LayoutArrays) -> BoolArray:
    """Where tokens are sent to the ranks of their experts instead of gathered by all."""
    wide: BoolArray = (layouts.attention_data > 1) & (layouts.ranks > inventory.gathering_ranks)
    return wide & (layouts.ranks <= inventory.sending_ranks) & bool(inventory.banks)


def exchange_messages(
    inventory: Inventory,
    layouts: LayoutArrays,
    rank_tokens: FloatArray,
    all_tokens: FloatArray,
    node_size: int,
    low_latency: bool,
) -> list[Message]:
    """What expert layers exchange under attention-DP, when an attention rank has ``rank_tokens``
    new tokens and all of them together ``all_tokens``; ``low_latency`` for decode passes."""
    ranks, width = layouts.ranks, float(inventory.routed_width)
    sending = dispatching(inventory, layouts)
    gathering = (layouts.attention_data > 1) & ~sending
    nodes = np.ceil(ranks / node_size)
    choices = inventory.top_k + _shared_choices(inventory, layouts)
    # Copies sent per token: one per distinct rank that its experts are on.
    copies = ranks * -np.expm1(choices * np.log1p(-1.0 / np.maximum(ranks, 1.0 + 1e-9)))
    if low_latency:
        copies = np.where(nodes > 1, choices, copies)
        remote = copies * (1.0 - 1.0 / nodes)
        near = copies - remote
    else:
        reach = _reach(inventory, nodes)
        remote, near = reach - reach / nodes, copies
    tokens = rank_tokens / layouts.tensor

    def message(name: str, bytes_per_element: float) -> Message:
        each = tokens * (width * bytes_per_element)
        return Message(
            name=name,
            kind="all_to_all",
            times=np.where(sending, inventory.expert_layers, 0.0),
            bytes=each * (near + remote),
            ranks=ranks,
            remote_bytes=each * remote,
        )

    def shared(name: str, bytes_per_element: float) -> Message:
        """One half of an all-reduce of the tokens of all ranks."""
        return Message(
            name=name,
            kind="all_reduce",
            times=np.where(gathering, inventory.expert_layers, 0.0),
            bytes=(0.5 * width * bytes_per_element) * all_tokens,
            ranks=ranks,
        )

    return [
        message("dispatch", inventory.dispatch_bytes_per_element),
        message("combine", inventory.message_bytes_per_element),
        shared("gather", inventory.dispatch_bytes_per_element),
        shared("scatter", inventory.message_bytes_per_element),
    ]


def _shared_choices(inventory: Inventory, layouts: LayoutArrays) -> FloatArray | float:
    """One more rank per token where shared experts have ranks of their own."""
    if not inventory.placing.shared_apart:
        return 0.0
    count = inventory.banks[0].experts.count
    return np.where(expert_slots(count, inventory.placing, layouts.expert).apart, 1.0, 0.0)


def _reach(inventory: Inventory, nodes: FloatArray) -> FloatArray:
    """Nodes that hold experts of a token, on average, as columns of ``nodes``."""
    key = inventory.top_k, inventory.groups, inventory.groups_per_token
    return np.array([[nodes_of_token(*key, int(count))] for count in nodes[:, 0]])


@lru_cache(maxsize=1024)
def nodes_of_token(top_k: float, groups: int, groups_per_token: int, nodes: int) -> float:
    """Distinct nodes of ``top_k`` experts that a token chooses from ``groups_per_token`` of
    ``groups`` groups, when groups are spread over ``nodes`` nodes alike; where they cannot be,
    experts stand anywhere."""
    if nodes <= 1 or not top_k:
        return float(nodes)
    if groups > 1 and groups % nodes == 0:
        # Several groups on a node, missed where all chosen ones are on others.
        here = groups // nodes
        missed = prod(
            max(groups - here - chosen, 0) / (groups - chosen) for chosen in range(groups_per_token)
        )
        return min(nodes * (1.0 - missed), top_k)
    if groups > 1 and nodes % groups == 0:
        # Several nodes hold a group; its share of a token's experts falls on some of them.
        spread = nodes // groups
        each = spread * (1.0 - (1.0 - 1.0 / spread) ** (top_k / groups_per_token))
        return groups_per_token * each if spread > 1 else float(min(groups_per_token, top_k))
    return float(nodes * (1.0 - (1.0 - 1.0 / nodes) ** top_k))
