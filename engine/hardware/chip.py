"""Accelerators as data: peaks, memory, links and the constants of their kernels.

`Chip` is what the roofline reads. `load_chip` finds a profile by id, the user's own first, then
the bundled ones in ``profiles/chips/``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Provenance(StrEnum):
    """Where a figure comes from, best first."""

    MEASURED = "measured"
    FITTED = "fitted"
    DATASHEET = "datasheet"


@dataclass(frozen=True, slots=True)
class KernelConstants:
    """How one class of kernels does on one chip.

    Seconds of a call: ``floor + ((FLOPs/(compute·peak))^p + (bytes/(memory·bandwidth))^p)^(1/p)``
    with ``p = order``. Where ``half_size`` is set, the compute efficiency is
    ``compute · x/(x + half_size)`` with x the size that fills the chip (prompt tokens for prefill
    attention, tokens per expert for grouped GEMM, queries of all heads against one key for latent
    attention that decodes).
    """

    compute: float
    memory: float
    floor_seconds: float
    order: float = 2.0
    half_size: float = 0.0
    per_item_seconds: float = 0.0
    """Decode attention: seconds for one (sequence × KV head), whatever its length."""
    item_share: float = 0.0
    """Decode attention that splits no sequence over cores: the share of the bandwidth that one
    (sequence × KV head) draws at most. 0 where it splits every one."""
    item_split: float = 1.0
    """Over so many cores it does, where its query heads are fewer than the chip's cores."""
    provenance: Provenance = Provenance.DATASHEET
    source: str = ""


@dataclass(frozen=True, slots=True)
class Deviation:
    """How the kernels of one chip or engine differ from their generation's, as factors on their
    efficiencies: few cores cannot draw the whole bandwidth, a peak may have grown faster than its
    kernels, an engine may lack the best ones."""

    compute: float = 1.0
    memory: float = 1.0
    item_share: float = 0.0
    item_split: float = 1.0
    """As of `KernelConstants`; a share of 0 leaves both."""


@dataclass(frozen=True, slots=True)
class LinkDeviation:
    """How collectives among so many chips differ from what their chip's file says, as factors: on
    what one takes however little it moves, and on the bandwidth it reaches."""

    start: float = 1.0
    bandwidth: float = 1.0


@dataclass(frozen=True, slots=True)
class Collective:
    """A collective operation over ``ranks`` chips: ``alpha + bytes·factor/bandwidth``.

    Libraries switch algorithms with size; where ``small_bandwidth_bytes`` is set, a second line
    with the lower start describes small messages and the faster of the two counts.
    """

    alpha_seconds: float
    bandwidth_bytes: float
    """Achieved bus bandwidth per chip and direction, bytes per second."""
    small_alpha_seconds: float = 0.0
    small_bandwidth_bytes: float = 0.0
    provenance: Provenance = Provenance.DATASHEET
    source: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """A fabric between chips; ``bandwidth_bytes`` is per chip and direction."""

    name: str
    bandwidth_bytes: float
    domain: int
    """How many chips it connects."""
    alpha_seconds: float = 10e-6
    """Start of one message."""
    achieved: float = 0.9
    """Share of the bandwidth that large messages reach."""


@dataclass(frozen=True, slots=True)
class CacheTraits:
    """What activations that stay in the last-level cache save (vision models, whose tensors are
    small enough). Of the bytes of a working set S, the share ``S/(S + reach·cache)`` comes from
    memory; the others cost ``byte_cost`` of a byte from memory."""

    byte_cost: float = 1.0
    reach: float = 1.0


@dataclass(frozen=True, slots=True)
class Chip:
    """One accelerator with its node.

    ``peak_flops`` maps compute types (``bf16``, ``fp8``, ``int8`` …) to dense FLOP/s; a missing
    type is not supported. ``kernels`` maps a kernel class to its constants; ``all_reduce`` and
    ``all_to_all`` map rank counts to measured collectives within the node.
    """

    id: str
    name: str
    vendor: str
    generation: str
    memory_bytes: int
    bandwidth_bytes: float
    peak_flops: Mapping[str, float]
    cache_bytes: int
    core_count: int
    scale_up: Link
    scale_out: Link
    kernels: Mapping[str, KernelConstants]
    all_reduce: Mapping[int, Collective]
    all_to_all: Mapping[int, Collective]
    provenance: Provenance
    sources: tuple[str, ...] = ()
    notes: str = ""
    cache: CacheTraits = CacheTraits()
    sustained: float = 1.0
    """Clock that matrix kernels of vision models hold, over the clock of the datasheet's peak:
    below 1 where the power limit binds, above where cards boost beyond it."""
    watts: float = 0.0
    """Power limit; 0 where nobody says."""
    reported_bytes: float = 0.0
    """Memory as the driver reports it, less than ``memory_bytes``; 0 where nobody measured it."""
    reported_source: str = ""
    host_bytes: float = 0.0
    """Where the host shares the memory: what its system and a server hold before weights come."""
    own_host_bytes: float = 0.0
    """What of such memory the server's own processes add while it loads."""
    devices: int = 1
    """Devices that engines count where this profile counts one chip: a 910C card is two NPUs."""
    server_chips: int = 8
    """Chips that one operating system sees."""
    pace: float = 1.0
    """Seconds of its arithmetic and launches over those that the generation's constants describe:
    chips that may draw more power hold higher clocks. Memory has a clock of its own."""
    host: Link | None = None
    """The way to host memory, per direction; None where it shares memory with the host, or nobody
    says."""
    origin: str = "bundled"
    """``bundled`` or the path of the user's own file."""
    deviations: Mapping[str, Deviation] = field(default_factory=dict)
    """By kernel class (``gemm.nvfp4``) or family (``gemm``)."""

    @property
    def usable_bytes(self) -> float:
        """Memory that engines take their share of: what the driver reports, else the nominal."""
        return self.reported_bytes or float(self.memory_bytes)

    @property
    def memory_provenance(self) -> Provenance:
        """Whether `usable_bytes` is what a driver reported or a datasheet's figure."""
        return Provenance.MEASURED if self.reported_bytes else Provenance.DATASHEET

    @property
    def node_size(self) -> int:
        """Chips that the scale-up link connects."""
        return self.scale_up.domain
