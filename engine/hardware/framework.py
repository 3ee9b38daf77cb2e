"""Serving frameworks as data: what their runtime costs around the kernels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.hardware.chip import Deviation, KernelConstants, Provenance


@dataclass(frozen=True, slots=True)
class VisionRuntime:
    """How a framework runs vision models.

    ``fuses_*`` say what joins the convolution or product before it instead of running as a pass
    over memory of its own, and whether attention keeps its scores on the chip (``biased``: with a
    trained bias on them). ``casts_weights``: mixed precision converts the weights of every product
    anew, one more kernel each. ``floor_scale`` multiplies the chip's launch floors.
    ``launch_seconds`` is the host's time per kernel: where the kernels
    take less, the host is what takes the time; ``launch_scale`` multiplies it by chip generation,
    whose usual hosts are slower or faster. ``batch_seconds`` is spent once per batch and
    ``image_seconds`` per image where inputs come from the host. The shares scale the chip's
    constants to this framework's kernels, by kernel family.
    """

    fuses_norm: bool
    fuses_activation: bool
    fuses_elementwise: bool
    fuses_attention: bool
    fuses_biased_attention: bool
    casts_weights: bool
    floor_scale: float
    launch_seconds: float
    batch_seconds: float
    image_seconds: float
    compute_shares: Mapping[str, float]
    memory_shares: Mapping[str, float]
    launch_scale: Mapping[str, float]
    launch: str
    """Template of the command; fields in braces: model, batch, width, height, instances."""
    provenance: Provenance
    source: str


@dataclass(frozen=True, slots=True)
class Framework:
    """A serving engine's cost and habits.

    ``step_seconds`` is spent once per decode or prefill step (scheduler, sampler, host),
    ``sequence_seconds`` on each sequence of a step, ``request_seconds`` once per request before
    its first token. ``layer_seconds`` is launch gap per layer where CUDA graphs do not hide it.
    ``memory_fraction`` of the chip is given to weights and cache; ``reserve_bytes`` is the
    runtime's own. ``chunk_tokens`` is the prefill token budget of one step.
    ``kernels`` overrides or adds kernel constants of a chip generation, keyed
    ``generation/kernel class``.
    """

    id: str
    name: str
    version: str
    step_seconds: float
    sequence_seconds: float
    request_seconds: float
    layer_seconds: float
    memory_fraction: float
    reserve_bytes: float
    chunk_tokens: int
    max_sequences: int
    chunked_prefill: bool
    provenance: Provenance
    sources: tuple[str, ...]
    launch: str
    """Template of the launch command; fields in braces are filled by `engine.plan.plan_file`."""
    kernels: Mapping[str, KernelConstants]
    collective_seconds: float = 0.0
    """Launch and synchronisation of one collective beyond the fabric's own start."""
    admission_steps: float = 1.0
    """Passes between two looks at the queue: a new request waits half of them, on average."""
    aligned_prefill: bool = False
    """Attention-DP ranks take their prompts in the same passes instead of each when it has one."""
    warmup_seconds: float = 0.0
    """What the first requests to a fresh server wait for kernels to be compiled and tuned."""
    deviations: Mapping[str, Deviation] = field(default_factory=dict)
    """Where its kernels differ on every chip, by kernel class or family."""
    key_rereads: float = 0.0
    """Where a key's query heads are not a power of two in number, decode attention of early
    engines lets each read the keys for itself: the share of those reads that misses the cache."""
    fraction_of_free: bool = False
    """``memory_fraction`` is of what weights and runtime leave free, not of the whole."""
    prompt_layer_seconds: float = 0.0
    """What the host needs per layer to launch a pass that holds prompts: such passes run without
    CUDA graphs, so none is shorter than this times the layers."""
    opening_slowdown: float = 1.0
    """How much longer prompts take while a fresh server meets new shapes for the first time."""
    spacing_seconds: float = 0.0
    """The front end hands on requests that come together one after the other, so far apart."""
    prefill_requests: int = 1 << 20
    """Prompts that one pass takes at most, whatever tokens its budget has left."""
    graph_tokens: int = 0
    """Passes with prompts of up to so many tokens replay CUDA graphs, for which all attention-DP
    ranks are filled up to the fullest. 0 where ranks keep their own sizes."""
    gathering_ranks: int = 0
    """With attention-DP on up to so many ranks, every rank gathers all tokens for its experts and
    their results are summed and scattered; on more, each token goes to its experts' ranks."""
    shared_beside: bool = False
    """Shared experts run beside the routed ones, on a stream of their own or in the same grouped
    product, so that launching them takes no time."""
    fused_norms: tuple[str, ...] = ()
    """Chip generations on which its all-reduces end in the residual add and the norm behind them,
    which then launch nothing of their own."""
    balanced_ranks: int = 1 << 20
    """From so many expert ranks on, its deployments copy and place popular experts such that no
    rank has more of them than another (DeepSeek's EPLB)."""
    decode_pool_pace: float = 1.0
    """What a pass of a dedicated decode worker takes, as a share of the same pass elsewhere."""
    handover_seconds: float = 0.0
    """What passing a request from a prefill to a decode worker takes beyond moving its cache."""
    quickening: Mapping[str, float] = field(default_factory=dict)
    """By chip generation: the share by which builds grew faster per month. Older ones take longer
    by as much."""
    observed_months: Mapping[str, float] = field(default_factory=dict)
    """By chip generation: how far back before the newest the builds go that this was seen on."""
    pace: float | NDArray[np.float64] = 1.0
    """What a pass takes as a share of the newest build's; an array where builds differ."""
    prefix_caching: bool = False
    """Keeps prompts' caches unless told otherwise, so that a prompt sent again is not prefilled."""
    whole_answers: bool = False
    """A request is admitted only when cache for its whole answer is free; others admit while the
    tokens at hand fit, and seldom have to preempt."""
    vision: VisionRuntime | None = None
    """None where it serves language models only."""
    origin: str = "bundled"
