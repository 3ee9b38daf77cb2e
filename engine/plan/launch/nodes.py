"""Where workers run: nodes of a deployment and the devices on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

PORT = 8000
"""Of the router, or of the only server of a node; further processes take the next ones."""
BOOTSTRAP_PORT, SIDE_PORT, HEAD_PORT, DATA_PORT = 8998, 5600, 29501, 13345
"""Engines' own defaults: handing over prompts (SGLang), side channels (vLLM with NIXL), the head of
several nodes, and data-parallel ranks."""
HANDSHAKE_PORT, TRANSFER_PORT = 6301, 18000
"""Those of ATOM's and vLLM Ascend's published recipes for prefill and decode apart."""


@dataclass(frozen=True, slots=True)
class Place:
    """The part of one worker that is on one node: ``rank`` of ``nodes``, and its devices there."""

    node: int
    rank: int
    nodes: int
    devices: tuple[int, ...]


def place(
    workers: Sequence[int], server: int, apart: bool = False, first: int = 0
) -> tuple[tuple[Place, ...], ...]:
    """Places of ``workers``, each of so many devices, on nodes that have ``server``, from the
    ``first`` on: one after the other, none across two nodes that fits on one, larger ones on nodes
    of their own; ``apart`` each on nodes of its own."""
    node, used = first, 0
    found = []
    for devices in workers:
        if used and (apart or used + devices > server):
            node, used = node + 1, 0
        count = -(-devices // server)
        each = -(-devices // count)
        shares = [min(each, devices - rank * each) for rank in range(count)]
        found.append(
            tuple(
                Place(node + rank, rank, count, tuple(range(used, used + share)))
                for rank, share in enumerate(shares)
            )
        )
        used += devices if count == 1 else 0
        if count > 1:
            node += count
    return tuple(found)


def node_fields(
    attention_data: int, spread: Sequence[Place], here: Place, replica: int
) -> dict[str, str]:
    """Which of several nodes a process is, by the fields of launch tables; nothing where its worker
    is on one. Attention-DP ranks are counted through the nodes where they divide by them."""
    if here.nodes == 1:
        return {}
    head = spread[0].node
    fields = {
        "nodes": str(here.nodes),
        "node": str(here.rank),
        "head": f"<NODE{head}>",
        "head_port": str(HEAD_PORT + replica),
        "world": str(sum(len(one.devices) for one in spread)),
        "node_devices": str(len(here.devices)),
        "slots": ",".join(f"<NODE{one.node}>:{len(one.devices)}" for one in spread),
    }
    if here.rank:
        fields["follower"] = "true"
    if attention_data == 1:
        fields["group_nodes"] = str(here.nodes)
    elif attention_data % here.nodes == 0:
        local = attention_data // here.nodes
        fields["data_local"] = str(local)
        fields["data_port"] = str(DATA_PORT + replica)
        if here.rank:
            fields["data_first"] = str(local * here.rank)
    return fields
