"""The parts of an engine's profile: every constant once, with the key of its file and its bounds.

Field names are all different, so that `engine.hardware.framework.Framework.changed` can name a
constant alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from engine.hardware.chip import Provenance
from engine.hardware.constants import constant
from engine.words.units import LARGEST_COUNT

MANY = 1 << 20
"""As good as no limit on a count."""
TEN_SECONDS = 1e7
"""In microseconds: no step of any engine takes longer, and what is added up stays a number."""
HOUR_MS = 3.6e6
LEAST_SHARE = 1e-3
"""Factors on what a machine can do; none takes nearly everything away."""


class PrefillPasses(Enum):
    """Where prompts are computed."""

    OWN = "in passes of their own"
    SHARED = "in chunks that share passes with decoding sequences"


class Admission(Enum):
    """When a waiting request is let in."""

    TOKENS_AT_HAND = "when cache for the tokens at hand is free; seldom preempts"
    WHOLE_ANSWER = "when cache for its whole answer is free"


class CacheTransfer(Enum):
    """How a prefill worker hands a prompt's cache over."""

    NONE = "none"
    """It has no way to."""
    WHOLE = "whole"
    """After the last of it is made."""
    CHUNKS = "chunks"
    """After every pass that holds a chunk of the prompt."""
    LAYERS = "layers"
    """After every layer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What the runtime spends around the kernels, in seconds."""

    step_seconds: float = constant(
        "step_us",
        "once per decode or prefill pass: scheduler, sampler, host",
        least=0,
        most=TEN_SECONDS,
    )
    sequence_seconds: float = constant(
        "sequence_us", "on each sequence of a pass", 0.0, least=0, most=TEN_SECONDS
    )
    request_seconds: float = constant(
        "request_us", "once per request before its first token", 0.0, least=0, most=60 * TEN_SECONDS
    )
    layer_seconds: float = constant(
        "layer_us",
        "launch gap per layer where graphs do not hide it",
        0.0,
        least=0,
        most=TEN_SECONDS,
    )
    draft_sequence_seconds: float = constant(
        "draft_sequence_us",
        "on each sequence of a pass that drafts: the book that the host keeps of it",
        0.0,
        least=0,
        most=TEN_SECONDS,
    )
    collective_seconds: float = constant(
        "collective_us",
        "launch and synchronisation of one collective beyond the fabric's own start; below 0 where "
        "a calibrated fabric starts faster than the chip's file says",
        0.0,
        least=-100,
        most=TEN_SECONDS,
    )
    prompt_layer_seconds: float = constant(
        "prompt_layer_us",
        "what the host needs per layer to launch a pass that holds prompts: such passes run "
        "without graphs, so none is shorter than this times the layers",
        0.0,
        least=0,
        most=TEN_SECONDS,
    )
    spacing_seconds: float = constant(
        "spacing_us",
        "the front end hands on requests that come together one after the other, so far apart",
        0.0,
        least=0,
        most=TEN_SECONDS,
    )
    warmup_seconds: float = constant(
        "warmup_ms",
        "what the first requests to a fresh server wait for kernels to be compiled and tuned",
        0.0,
        least=0,
        most=HOUR_MS,
    )
    opening_slowdown: float = constant(
        "opening_slowdown",
        "how much longer prompts take while a fresh server meets new shapes for the first time",
        1.0,
        least=1,
        most=20,
    )
    handover_passes: float = constant(
        "handover_passes",
        "passes of the decode worker until the first token of a request that was handed over goes "
        "out: it asks for room, waits for the cache and joins the batch between passes",
        0.0,
        least=0,
        most=1000,
    )
    handover_sequences: float = constant(
        "handover_sequences",
        "sequences of a decode worker at which half of these passes are waited for: one that holds "
        "few takes the next in sooner",
        0.0,
        least=0,
        most=1000,
    )
    decode_pool_pace: float = constant(
        "decode_pool_pace",
        "what a pass of a dedicated decode worker takes, as a share of the same pass elsewhere",
        1.0,
        least=LEAST_SHARE,
        most=100,
    )
    handover_seconds: float = constant(
        "handover_us",
        "what passing a request from a prefill to a decode worker takes beyond moving its cache",
        0.0,
        least=0,
        most=60 * TEN_SECONDS,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduler:
    """What a pass may hold, and when requests are let in."""

    prefill_tokens: int = constant(
        "chunk_tokens", "prompt tokens of one pass", least=1, most=LARGEST_COUNT
    )
    max_sequences: int = constant(
        "max_sequences", "sequences of one attention rank at once", least=1, most=LARGEST_COUNT
    )
    small_prefill_tokens: int = constant(
        "small_chunk_tokens",
        "the same on small chips where nobody says; 0: no other",
        0,
        least=0,
        most=LARGEST_COUNT,
    )
    small_max_sequences: int = constant(
        "small_max_sequences", "likewise sequences; 0: no other", 0, least=0, most=LARGEST_COUNT
    )
    prefill_tokens_below: Mapping[str, float] = constant(
        "chunk_tokens_below",
        "prompt tokens of one pass on chips with less memory than so many GiB, where nobody says",
        {},
        least=1,
        most=LARGEST_COUNT,
    )
    whole_prompts_below: int = constant(
        "whole_prompts_below",
        "where nobody says, a pass takes whole prompts, as long as requests are told to be no "
        "longer than this; 0: never",
        0,
        least=0,
        most=LARGEST_COUNT,
    )
    small_bytes: float = constant(
        "small_below_gib", "memory below which a chip is small", 0.0, least=0, most=100_000
    )
    small_generations: tuple[str, ...] = constant(
        "small_generations", "generations whose chips count as small whatever their memory", ()
    )
    prefill_passes: PrefillPasses = constant(
        "chunked_prefill",
        "whether prompts share passes with decoding sequences",
        choices=(PrefillPasses.OWN, PrefillPasses.SHARED),
    )
    admission: Admission = constant(
        "whole_answers",
        "whether a request waits until cache for its whole answer is free",
        Admission.TOKENS_AT_HAND,
        choices=(Admission.TOKENS_AT_HAND, Admission.WHOLE_ANSWER),
    )
    admission_steps: float = constant(
        "admission_steps",
        "passes between two looks at the queue: a new request waits half of them, on average",
        1.0,
        least=0,
        most=100,
    )
    prefill_interval: float = constant(
        "prefill_interval",
        "passes from one that may take prompts to the next, the same on all attention-DP ranks; "
        "sooner where one such pass cannot take all that wait",
        1.0,
        least=1,
        most=LARGEST_COUNT,
    )
    rank_wait_passes: int = constant(
        "rank_wait_passes",
        "passes that a prompt of one attention-DP rank waits at most for the others to have one as "
        "well, so that they prefill in the same passes; 0 where none waits",
        0,
        least=0,
        most=10_000,
    )
    prefill_requests: int = constant(
        "prefill_requests",
        "prompts that one pass takes at most, whatever tokens its budget has left",
        MANY,
        least=1,
        most=LARGEST_COUNT,
    )
    cache_transfer: CacheTransfer = constant(
        "cache_transfer",
        "when a prefill worker hands a prompt's cache to a decode worker: whole at the end, in "
        "chunks of the prompt, in layers; none where it cannot",
        CacheTransfer.NONE,
        choices=tuple(CacheTransfer),
    )
    prefix_caching: bool = constant(
        "prefix_caching",
        "keeps prompts' caches unless told otherwise, so that a prompt sent again is not prefilled",
        False,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What its kernels and communication do that others' do not."""

    key_rereads: float = constant(
        "key_rereads",
        "where a key's query heads are not a power of two in number, decode attention of early "
        "engines lets each read the keys for itself: the share of those reads that misses the "
        "cache",
        0.0,
        least=0,
        most=1,
    )
    graph_tokens: int = constant(
        "graph_tokens",
        "passes with prompts of up to so many tokens replay graphs, for which all attention-DP "
        "ranks are filled up to the fullest; 0 where ranks keep their own sizes",
        0,
        least=0,
        most=LARGEST_COUNT,
    )
    gathering_ranks: int = constant(
        "gathering_ranks",
        "with attention-DP on up to so many ranks, every rank gathers all tokens for its experts "
        "and their results are summed and scattered; on more, each token goes to its experts' "
        "ranks",
        0,
        least=0,
        most=LARGEST_COUNT,
    )
    sends_over_network: bool = constant(
        "sends_over_network",
        "also on more than one node tokens are sent to their experts' ranks; otherwise all ranks "
        "gather all tokens there",
        True,
    )
    balanced_ranks: int = constant(
        "balanced_ranks",
        "from so many expert ranks on, its deployments copy and place popular experts such that no "
        "rank has more of them than another (DeepSeek's EPLB)",
        MANY,
        least=1,
        most=LARGEST_COUNT,
    )
    redundant_experts: int = constant(
        "redundant_experts",
        "those copies in all, as its recipes take them; more where ranks would be left without",
        0,
        least=0,
        most=LARGEST_COUNT,
    )
    chosen_copies: bool = constant(
        "chosen_copies", "somebody chose their number, so that ranks have to divide it", False
    )
    shard_multiple: Mapping[str, float] = constant(
        "shard_multiple",
        "a rank's part of a matrix of such a format has to be a multiple of so many elements, else "
        "the engine refuses to start, by format",
        {},
        least=1,
        most=1 << 16,
    )
    shared_apart: bool = constant(
        "shared_apart",
        "on more ranks than there are slots for experts, the others hold shared experts only "
        "(CloudMatrix-Infer, arXiv:2506.12708)",
        False,
    )
    overlapped_nodes: int = constant(
        "overlapped_nodes",
        "where tokens are sent over so many nodes or more, its deployments let two halves of a "
        "batch take turns, one computing while the tokens of the other are dispatched and combined "
        "(two-batch overlap of SGLang, dual-batch overlap of vLLM)",
        MANY,
        least=1,
        most=LARGEST_COUNT,
    )
    dispatch_cores: int = constant(
        "dispatch_cores",
        "cores that sending prompts' tokens to their experts takes from what is computed meanwhile "
        "(DeepEP's normal kernels; its low-latency ones take none)",
        0,
        least=0,
        most=LARGEST_COUNT,
    )
    shared_beside: bool = constant(
        "shared_beside",
        "shared experts run beside the routed ones, on a stream of their own or in the same "
        "grouped product, so that launching them takes no time",
        False,
    )
    fused_norms: tuple[str, ...] = constant(
        "fused_norms",
        "chip generations on which its all-reduces end in the residual add and the norm behind "
        "them, which then launch nothing of their own",
        (),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafting:
    """What drafting costs beyond `Costs.draft_sequence_seconds`."""

    generation_draft_seconds: Mapping[str, float] = constant(
        "draft_generation_us",
        "around each pass that drafts tokens, by chip generation: where the host does not run "
        "ahead of the chip, or the pass runs without graphs",
        {},
        least=0,
        most=TEN_SECONDS,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Builds:
    """Which of its builds a profile describes."""

    newest: str = constant("newest_build", "day of the newest builds described, as 2026-07-20", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardRuntime:
    """How a framework runs models of one forward pass: what it fuses, what the host costs.

    The shares scale the chip's constants to this framework's kernels, by kernel family.
    """

    fuses_norm: bool = constant("fuses_norm", "norms join the product before them")
    fuses_activation: bool = constant(
        "fuses_activation", "activations join the product before them"
    )
    fuses_elementwise: bool = constant(
        "fuses_elementwise", "additions join the product before them"
    )
    fuses_attention: bool = constant("fuses_attention", "attention keeps its scores on the chip")
    fuses_biased_attention: bool = constant(
        "fuses_biased_attention", "also with a trained bias on them"
    )
    launch: str = constant(
        "launch", "command; fields in braces: model, batch, width, height, instances"
    )
    launch_text: str = constant(
        "launch_text",
        "command for text encoders; fields in braces: model, batch, tokens, instances",
        "",
    )
    casts_weights: bool = constant(
        "casts_weights",
        "mixed precision converts the weights of every product anew, one more kernel each",
        False,
    )
    floor_scale: float = constant(
        "floor_scale", "factor on the chip's launch floors", 1.0, least=LEAST_SHARE, most=1000
    )
    launch_seconds: float = constant(
        "launch_us",
        "the host's time per kernel: where the kernels take less, the host is what takes the time",
        0.0,
        least=0,
        most=10_000,
    )
    batch_seconds: float = constant("batch_us", "once per batch", 0.0, least=0, most=1_000_000)
    image_seconds: float = constant(
        "image_us", "per image, where inputs come from the host", 0.0, least=0, most=1_000_000
    )
    compute_shares: Mapping[str, float] = constant(
        "compute_shares",
        "of the chip's arithmetic, by kernel family",
        {},
        least=LEAST_SHARE,
        most=100,
    )
    memory_shares: Mapping[str, float] = constant(
        "memory_shares",
        "of the chip's bandwidth, by kernel family",
        {},
        least=LEAST_SHARE,
        most=100,
    )
    launch_scale: Mapping[str, float] = constant(
        "launch_scale",
        "factor on the host's time by chip generation, whose usual hosts are slower or faster",
        {},
        least=LEAST_SHARE,
        most=1000,
    )
    provenance: Provenance = Provenance.DATASHEET
    source: str = ""
