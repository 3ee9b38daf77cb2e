"""The one place where work becomes seconds.

A kernel on a chip takes ``floor + ((FLOPs/(e_c·peak))^p + (bytes/(e_m·bandwidth))^p)^(1/p)``:
a smooth roofline with a launch floor. Four constants per kernel class and chip generation
reproduce thousands of measured kernels to 5-14 % (profiles/chips/generations/, whose sources
are the measured tables). A collective takes ``alpha + factor·bytes/bandwidth``.

All inputs may be arrays; shapes broadcast.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

import numpy as np

from engine.hardware.chip import Chip, Collective, KernelConstants, Link
from engine.words.arrays import BoolArray, FloatArray

REMEMBERED = 64
"""Kinds of collectives and sets of rank counts whose constants a network keeps at hand."""


class Place(StrEnum):
    """Where a kernel stands between the exchanges of tokens of a layer with experts.

    ``EARLY`` are the products before the core of attention, and shared experts, which wait for no
    other rank; ``LATE`` those behind it, up to the choice of experts; ``SPREAD`` is half one, half
    the other.
    """

    EARLY = "early"
    CORE = "core"
    LATE = "late"
    SPREAD = "spread"
    EXPERTS = "experts"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True)
class Work:
    """What one call of a kernel does on one chip, and how often a step calls it.

    ``size`` is what must grow to fill the chip (tokens per expert, prompt tokens) and ``items``
    the independent units of decode attention, of ``item_heads`` query heads each; they only matter
    for classes that have the constants for them. ``compute_excess`` and ``memory_excess`` are what
    its shape adds to its arithmetic and to its traffic, as factors.
    """

    name: str
    kernel: str
    constants: KernelConstants
    peak_flops: float
    calls: FloatArray | float
    flops: FloatArray
    bytes: FloatArray
    size: FloatArray | None = None
    items: FloatArray | None = None
    item_heads: FloatArray | float = 1.0
    compute_excess: FloatArray | float = 1.0
    memory_excess: FloatArray | float = 1.0
    place: Place = Place.ELSEWHERE


@dataclass(frozen=True, slots=True)
class Message:
    """What one collective moves per chip. ``times`` (calls of a step) and ``ranks`` have one
    value per layout.

    ``kind`` is ``all_reduce``, ``all_to_all`` or ``send``. For ``all_to_all`` the bytes are what
    one chip sends over both fabrics, and ``remote_bytes`` the part that leaves its node.
    """

    name: str
    kind: str
    times: FloatArray
    bytes: FloatArray
    ranks: FloatArray
    remote_bytes: FloatArray | None = None


def compute_seconds(work: Work, chip: Chip) -> FloatArray:
    """Seconds the arithmetic alone would take."""
    efficiency = work.constants.compute * work.peak_flops / chip.pace
    seconds = work.flops * (work.compute_excess / efficiency)
    if work.constants.half_size and work.size is not None:
        seconds = seconds * (1.0 + work.constants.half_size / work.size)
    return seconds


def launch_seconds(constants: KernelConstants, chip: Chip) -> float:
    """Seconds that one call takes however little it does."""
    return constants.floor_seconds * chip.pace


def memory_seconds(work: Work, chip: Chip) -> FloatArray:
    """Seconds the memory traffic alone would take."""
    if work.constants.item_share and work.items is not None:
        share = np.minimum(work.constants.memory, _drawn(work, work.items, chip))
        return work.bytes * (work.memory_excess / (share * chip.bandwidth_bytes))
    return work.bytes * (work.memory_excess / (work.constants.memory * chip.bandwidth_bytes))


def _drawn(work: Work, items: FloatArray, chip: Chip) -> FloatArray:
    """Share of the bandwidth that the items draw together: a kernel that has fewer query heads than
    cores splits each item over several."""
    share: FloatArray = items * work.constants.item_share
    few = items * work.item_heads < chip.core_count
    return np.where(few, share * work.constants.item_split, share)


def _blend(first: FloatArray, second: FloatArray, order: float) -> FloatArray:
    if order == 1:
        return first + second
    if order == 2:
        return np.sqrt(first * first + second * second)
    if order == 4:
        first, second = first * first, second * second
        return np.sqrt(np.sqrt(first * first + second * second))
    if np.isinf(order):
        return np.maximum(first, second)
    blended: FloatArray = (first**order + second**order) ** (1 / order)
    return blended


def kernel_seconds(work: Work, chip: Chip) -> FloatArray:
    """Seconds of one call."""
    busy = _blend(compute_seconds(work, chip), memory_seconds(work, chip), work.constants.order)
    if work.constants.per_item_seconds and work.items is not None:
        busy = np.maximum(busy, work.items * work.constants.per_item_seconds)
    busy += launch_seconds(work.constants, chip)
    return busy


def kernel_bound(work: Work, chip: Chip) -> str:
    """The largest part of one call's seconds, for scalar work: compute, memory or launch."""
    parts = {
        "compute": float(np.max(compute_seconds(work, chip))),
        "memory": float(np.max(memory_seconds(work, chip))),
        "launch": launch_seconds(work.constants, chip),
    }
    return max(parts, key=lambda bound: parts[bound])


STARTS_BETWEEN_NODES = 5.0
"""Starts of the network that an all-reduce between two nodes waits for: 8 to 16 A100 over two
nodes take 46 to 57 µs longer than inside one (microsoft/vidur, messages up to 64 KB)."""


@dataclass(frozen=True, slots=True)
class _Lines:
    """Both lines of a collective as columns, a value per layout; no ``small`` ones where every
    layout has a single line. ``inside`` are the ranks of one node and ``nodes`` how many there are;
    ``alone`` is where there is a single rank."""

    inside: FloatArray
    nodes: FloatArray
    several_nodes: bool
    alone: BoolArray
    some_alone: bool
    alpha_seconds: FloatArray
    bandwidth_bytes: FloatArray
    small_alpha_seconds: FloatArray
    small_bandwidth_bytes: FloatArray
    has_small: bool

    def seconds(self, moved_bytes: FloatArray) -> FloatArray:
        """The faster of both."""
        seconds = self.alpha_seconds + moved_bytes / self.bandwidth_bytes
        if self.has_small:
            small = self.small_bandwidth_bytes
            early = self.small_alpha_seconds + moved_bytes / np.maximum(small, 1.0)
            seconds = np.where(small > 0, np.minimum(seconds, early), seconds)
        return seconds


class Network:
    """The fabrics of a chip. What layouts need of its constants is looked up once."""

    def __init__(self, chip: Chip) -> None:
        self.chip = chip
        self._known = lru_cache(maxsize=REMEMBERED)(self._look_up)

    def seconds(self, message: Message) -> FloatArray:
        """Seconds of one collective; 0 for layouts with a single rank.

        A send stays within a node where the whole replica does. An all-reduce within a node
        follows its measured constants. Over more nodes it is a reduce-scatter and an all-gather
        inside each (together one all-reduce there) around an all-reduce between them, in which
        each chip carries its own part. An all-to-all sends over both fabrics at once and waits for
        the slower.
        """
        chip, ranks = self.chip, message.ranks
        if message.kind == "send":
            near = ranks <= chip.node_size
            alpha = np.where(near, chip.scale_up.alpha_seconds, chip.scale_out.alpha_seconds)
            achieved = np.where(near, _achieved(chip.scale_up), _achieved(chip.scale_out))
            seconds = alpha + message.bytes / achieved
            return np.where(ranks > 1, seconds, 0.0)
        lines = self._lines(message.kind, ranks)
        nodes, inside = lines.nodes, lines.inside
        if message.kind == "all_reduce":
            factor = 2.0 * (inside - 1.0) / inside
            seconds = lines.seconds(message.bytes * factor)
            if lines.several_nodes:
                seconds = seconds + _between_nodes(chip, nodes, message.bytes / inside)
        else:
            assert message.remote_bytes is not None
            local = lines.seconds(message.bytes - message.remote_bytes)
            out = chip.scale_out
            if not lines.several_nodes:
                seconds = np.maximum(local, 0.0)
            else:
                remote = message.remote_bytes / _achieved(out)
                remote = np.where(nodes > 1, remote + out.alpha_seconds * np.log2(nodes + 1.0), 0.0)
                seconds = np.maximum(local, remote)
        return np.where(lines.alone, 0.0, seconds) if lines.some_alone else seconds

    def _lines(self, kind: str, ranks: FloatArray) -> _Lines:
        return self._known(kind, tuple(ranks[:, 0].tolist()))

    def _look_up(self, kind: str, ranks: tuple[float, ...]) -> _Lines:
        table = self.chip.all_reduce if kind == "all_reduce" else self.chip.all_to_all
        node_size = self.chip.node_size
        distinct = {count: place for place, count in enumerate(dict.fromkeys(ranks))}
        chosen = [_at_ranks(table, min(int(count), node_size)) for count in distinct]
        rows = np.array([[distinct[count]] for count in ranks])

        def column(name: str) -> FloatArray:
            values = np.array([getattr(one, name) for one in chosen])
            return np.asarray(values[rows], dtype=float)

        small, counts = column("small_bandwidth_bytes"), np.array(ranks)[:, np.newaxis]
        nodes = np.ceil(counts / node_size)
        return _Lines(
            np.minimum(counts, float(node_size)),
            nodes,
            bool(np.any(nodes > 1)),
            counts <= 1,
            bool(np.any(counts <= 1)),
            column("alpha_seconds"),
            column("bandwidth_bytes"),
            column("small_alpha_seconds"),
            small,
            has_small=bool(np.any(small > 0)),
        )


def _achieved(link: Link) -> float:
    """Bytes per second that one chip gets out of a link."""
    return link.bandwidth_bytes * link.achieved


def message_constants(message: Message, chip: Chip) -> Collective | None:
    """The measured constants that a collective follows, for a single layout; None for sends and
    for rank counts that were not measured."""
    if message.kind == "send":
        return None
    table = chip.all_to_all if message.kind == "all_to_all" else chip.all_reduce
    return table.get(int(np.max(message.ranks)))


def _between_nodes(chip: Chip, nodes: FloatArray, share_bytes: FloatArray) -> FloatArray:
    """All-reduce over ``nodes`` of each chip's share, by ring over the scale-out link."""
    out = chip.scale_out
    moved = 2.0 * (nodes - 1.0) / nodes * share_bytes / _achieved(out)
    started = STARTS_BETWEEN_NODES * out.alpha_seconds * np.log2(nodes)
    return np.where(nodes > 1, moved + started, 0.0)


def _at_ranks(table: Mapping[int, Collective], ranks: int) -> Collective:
    """Constants for ``ranks``, interpolated over log2(ranks) between measured counts; beyond
    the last count the start grows by its last slope and the bandwidth stays."""
    if ranks in table:
        return table[ranks]
    counts = sorted(table)
    logs = np.log2(counts)
    at = np.log2(max(ranks, 1))

    def interpolate(name: str) -> float:
        return float(np.interp(at, logs, [getattr(table[n], name) for n in counts]))

    nearest = table[min(counts, key=lambda count: abs(count - ranks))]
    alpha = interpolate("alpha_seconds")
    if len(counts) > 1 and ranks > counts[-1]:
        rise = table[counts[-1]].alpha_seconds - table[counts[-2]].alpha_seconds
        alpha += max(rise, 0.0) * float((at - logs[-1]) / (logs[-1] - logs[-2]))
    return replace(nearest, alpha_seconds=alpha, bandwidth_bytes=interpolate("bandwidth_bytes"))
