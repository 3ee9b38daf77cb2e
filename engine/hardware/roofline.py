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

from engine.hardware.chip import Chip, Collective, KernelConstants, Link, LinkDeviation
from engine.words.arrays import FloatArray

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
    """Both together; works in the memory of what it is given: most of a sweep's time is memory
    traffic."""
    if order == 1:
        return first + second
    if order in {2, 4}:
        for _ in range(2 if order == 4 else 1):
            first, second = (np.multiply(one, one, out=one) for one in (first, second))
        total = first + second
        np.sqrt(total, out=total)
        return np.sqrt(total, out=total) if order == 4 else total
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
    """Seconds of a collective over bytes as columns, a value per layout: the lower of a line and
    one for ``small`` messages, where any layout has that; and of an all-to-all the line of what
    leaves the node."""

    start_seconds: FloatArray
    byte_seconds: FloatArray
    small_start_seconds: FloatArray
    small_byte_seconds: FloatArray
    has_small: bool
    remote_start_seconds: FloatArray
    remote_byte_seconds: FloatArray

    def seconds(self, moved_bytes: FloatArray) -> FloatArray:
        """The faster of both."""
        seconds = self.start_seconds + self.byte_seconds * moved_bytes
        if self.has_small:
            early = self.small_start_seconds + self.small_byte_seconds * moved_bytes
            seconds = np.minimum(seconds, early)
        return seconds

    def deviating(self, start: FloatArray, bandwidth: FloatArray) -> _Lines:
        """The same with every start times a factor, every bandwidth times another."""
        return replace(
            self,
            start_seconds=self.start_seconds * start,
            byte_seconds=self.byte_seconds / bandwidth,
            small_start_seconds=self.small_start_seconds * start,
            small_byte_seconds=self.small_byte_seconds / bandwidth,
            remote_start_seconds=self.remote_start_seconds * start,
            remote_byte_seconds=self.remote_byte_seconds / bandwidth,
        )

    def remote_seconds(self, moved_bytes: FloatArray) -> FloatArray:
        """Of what leaves the node."""
        return self.remote_start_seconds + self.remote_byte_seconds * moved_bytes


class Network:
    """The fabrics of a chip. What layouts need of its constants is looked up once.

    ``start_seconds`` are what an engine spends around each collective, ``deviations`` how those
    among so many chips differ.
    """

    def __init__(
        self,
        chip: Chip,
        start_seconds: float = 0.0,
        deviations: Mapping[int, LinkDeviation] | None = None,
    ) -> None:
        self.chip = chip
        self._start_seconds = start_seconds
        self._deviations = deviations or {}
        self._known = lru_cache(maxsize=REMEMBERED)(self._deviating)

    def seconds(self, message: Message) -> FloatArray:
        """Seconds of one collective; 0 for layouts with a single rank.

        A send stays within a node where the whole replica does. An all-reduce within a node
        follows its measured constants. Over more nodes it is a reduce-scatter and an all-gather
        inside each (together one all-reduce there) around an all-reduce between them, in which
        each chip carries its own part. An all-to-all sends over both fabrics at once and waits for
        the slower.
        """
        lines = self._known(message.kind, tuple(message.ranks[:, 0].tolist()))
        if message.remote_bytes is None:
            return lines.seconds(message.bytes)
        local = lines.seconds(message.bytes - message.remote_bytes)
        return np.maximum(local, lines.remote_seconds(message.remote_bytes))

    def _deviating(self, kind: str, ranks: tuple[float, ...]) -> _Lines:
        lines = self._look_up(kind, ranks)
        if not self._deviations:
            return lines
        own = [self._deviations.get(int(count), LinkDeviation()) for count in ranks]
        start = np.array([[one.start] for one in own])
        return lines.deviating(start, np.array([[one.bandwidth] for one in own]))

    def _look_up(self, kind: str, ranks: tuple[float, ...]) -> _Lines:
        counts, chip = np.array(ranks)[:, np.newaxis], self.chip
        several, out = (counts > 1).astype(float), chip.scale_out
        nodes = np.ceil(counts / chip.node_size)
        leaves = nodes > 1
        if kind == "send":
            links = chip.scale_out, chip.scale_up
            start, byte = (
                np.where(leaves, *(of(one) for one in links)) for of in (_start, _byte_seconds)
            )
            none, start = np.zeros_like(counts), start + self._start_seconds
            return _Lines(several * start, several * byte, none, none, False, none, none)
        small, large = self._measured(kind, ranks)
        remote_start = leaves * out.alpha_seconds * np.log2(nodes + 1.0) + self._start_seconds
        remote_byte = leaves * _byte_seconds(out)
        if kind == "all_reduce":
            # Twice all parts but one's own; between nodes, by ring, of a node's parts each.
            inside = np.minimum(counts, float(chip.node_size))
            share, between = (2.0 * (one - 1.0) / one for one in (inside, nodes))
            started = STARTS_BETWEEN_NODES * out.alpha_seconds * np.log2(nodes)
            beyond = started, between / inside * _byte_seconds(out)
            small, large = (
                (start + beyond[0], share * byte + beyond[1]) for start, byte in (small, large)
            )
        return _Lines(
            several * large[0],
            several * large[1],
            np.where(several > 0, small[0], np.inf),
            several * small[1],
            bool(np.any(np.isfinite(small[0]))),
            several * remote_start,
            several * remote_byte,
        )

    def _measured(
        self, kind: str, ranks: tuple[float, ...]
    ) -> tuple[tuple[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]:
        """Start and seconds per byte inside a node, of small messages and of large ones; where
        there is a single line, small ones never start."""
        table = self.chip.all_reduce if kind == "all_reduce" else self.chip.all_to_all
        node_size = self.chip.node_size
        distinct = {count: place for place, count in enumerate(dict.fromkeys(ranks))}
        chosen = [_at_ranks(table, min(int(count), node_size)) for count in distinct]
        rows = np.array([[distinct[count]] for count in ranks])

        def column(name: str) -> FloatArray:
            values = np.array([float(getattr(one, name)) for one in chosen])
            return np.asarray(values[rows], dtype=float)

        width = column("small_bandwidth_bytes")
        has_small = width > 0
        start = np.where(has_small, column("small_alpha_seconds"), np.inf)
        byte = np.where(has_small, 1.0 / np.where(has_small, width, 1.0), 0.0)
        own = self._start_seconds
        return (start + own, byte), (column("alpha_seconds") + own, 1.0 / column("bandwidth_bytes"))


def _start(link: Link) -> float:
    return link.alpha_seconds


def _byte_seconds(link: Link) -> float:
    """Seconds per byte that one chip gets out of a link."""
    return 1.0 / (link.bandwidth_bytes * link.achieved)


def message_constants(message: Message, chip: Chip) -> Collective | None:
    """The measured constants that a collective follows, for a single layout; None for sends and
    for rank counts that were not measured."""
    if message.kind == "send":
        return None
    table = chip.all_to_all if message.kind == "all_to_all" else chip.all_reduce
    return table.get(int(np.max(message.ranks)))


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
