"""How tokens reach the experts of other ranks: gathered by all, or sent to those that have them.

DeepEP sends in two ways. Its normal kernels, for prompts, send a token once to every node that
holds experts of it and hand it on inside the node. Its low-latency kernels, for decode passes,
send it once for every expert, straight to the expert's rank.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import prod, sqrt

import numpy as np

from engine.hardware.roofline import Message
from engine.words.arrays import BoolArray, FloatArray
from engine.work.expert_slots import expert_slots
from engine.work.tokens.inventory import Inventory
from engine.work.tokens.step import LayoutArrays

DISPATCH, COMBINE = "dispatch", "combine"
"""Messages of tokens to their experts and back."""


def dispatching(inventory: Inventory, layouts: LayoutArrays) -> BoolArray:
    """Where tokens are sent to the ranks of their experts instead of gathered by all."""
    wide: BoolArray = (layouts.attention_data > 1) & (layouts.ranks > inventory.gathering_ranks)
    return wide & (layouts.ranks <= inventory.sending_ranks) & bool(inventory.banks)


@dataclass(frozen=True, slots=True)
class Routes:
    """How tokens of layouts are sent to the experts of other ranks: columns like the layouts."""

    layouts: LayoutArrays
    ranks: FloatArray
    sending: FloatArray
    """Layers that send tokens."""
    copies: FloatArray
    """How often a token is sent, on both fabrics, and how often of these it leaves its node."""
    remote: FloatArray
    received: FloatArray
    """How many times the mean the busiest rank receives."""
    together: float
    """Ranks that what comes over the network is handed on to, and evened out by."""

    @classmethod
    def of(
        cls,
        inventory: Inventory,
        layouts: LayoutArrays,
        node_size: int,
        received: FloatArray,
        *,
        low_latency: bool,
    ) -> Routes:
        """On nodes of so many chips; ``low_latency`` for decode passes."""
        ranks = layouts.ranks
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
        sending = np.where(dispatching(inventory, layouts), inventory.expert_layers, 0.0)
        together = 1.0 if low_latency else float(node_size)
        return cls(layouts, ranks, sending, near + remote, remote, received, together)

    def waited(self, imbalance: float) -> FloatArray:
        """How many times as long the network takes for whom most is sent to: a rank, or a node that
        hands it on to its ranks."""
        most = np.maximum(self.received * imbalance, 1.0)
        waited: FloatArray = 1.0 + (most - 1.0) / sqrt(self.together)
        return waited


def sent_messages(
    inventory: Inventory, routes: Routes, tokens: FloatArray, imbalance: float
) -> list[Message]:
    """What expert layers exchange where ``tokens`` of an attention rank are sent to the ranks of
    their experts. All wait for who receives most over the network; links inside a node were
    measured with what they wait for."""
    if not np.any(routes.sending):
        return []
    width = inventory.routed_width / routes.layouts.tensor
    remote = routes.remote * routes.waited(imbalance)
    copies = routes.copies - routes.remote + remote
    return [
        Message(
            name=name,
            kind="all_to_all",
            times=routes.sending,
            bytes=tokens * (width * bytes_per_element * copies),
            ranks=routes.ranks,
            remote_bytes=tokens * (width * bytes_per_element * remote),
        )
        for name, bytes_per_element in zip(
            (DISPATCH, COMBINE), _element_bytes(inventory), strict=True
        )
    ]


def gathered_by(inventory: Inventory, layouts: LayoutArrays, tokens: FloatArray) -> list[Message]:
    """What they exchange where all ranks gather the ``tokens`` of all of them: two halves of an
    all-reduce."""
    gathering = (layouts.attention_data > 1) & ~dispatching(inventory, layouts)
    if not np.any(gathering):
        return []
    width, layers = float(inventory.routed_width), inventory.expert_layers
    return [
        Message(
            name=name,
            kind="all_reduce",
            times=np.where(gathering, layers, 0.0),
            bytes=(0.5 * width * bytes_per_element) * tokens,
            ranks=layouts.ranks,
        )
        for name, bytes_per_element in zip(
            ("gather", "scatter"), _element_bytes(inventory), strict=True
        )
    ]


def _element_bytes(inventory: Inventory) -> tuple[float, float]:
    """On the way to the experts and back."""
    return inventory.dispatch_bytes_per_element, inventory.message_bytes_per_element


def _shared_choices(inventory: Inventory, layouts: LayoutArrays) -> FloatArray | float:
    """One more rank per token where shared experts have ranks of their own."""
    if not inventory.placing.shared_apart:
        return 0.0
    count = inventory.banks[0].experts.count
    return np.where(expert_slots(count, inventory.placing, layouts.expert).apart, 1.0, 0.0)


def _reach(inventory: Inventory, nodes: FloatArray) -> FloatArray:
    """Nodes that hold experts of a token, on average, as columns of ``nodes``."""
    key = inventory.top_k, inventory.groups, inventory.groups_per_token
    counts = nodes[:, 0].tolist()
    reach = {count: nodes_of_token(*key, int(count)) for count in set(counts)}
    return np.array([[reach[count]] for count in counts])


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
