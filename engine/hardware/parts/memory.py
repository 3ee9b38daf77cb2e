"""How an engine divides a chip's memory, each constant once.

Sources of the rules are in the profiles.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from engine.hardware.constants import constant

NOMINAL_COMMUNICATION_BYTES = 0.4e9
LONG_CONTEXT = 8192
"""Tokens of the longest requests above which an engine may give less of the memory away (SGLang's
with AITER, `long_context_share` of its profile)."""


class MemoryShare(Enum):
    """What the memory fraction is a share of."""

    TOTAL = "of the whole memory"
    LEFT = "of what weights and runtime leave free"


class ShareHolds(Enum):
    """What lives inside that share."""

    EVERYTHING = "weights, cache, activations and runtime"
    WEIGHTS_AND_CACHE = "weights and cache, of what is free at start; the rest lives outside"


class Sizing(Enum):
    """When room for activations is set aside."""

    AS_NEEDED = "as the requests at hand need it"
    AT_START = "at start, for the largest pass that the settings allow"


class TowerPass(Enum):
    """Whether towers are seen to at start."""

    NEVER = "when images come"
    AT_START = "once, on the largest input"


class WindowCache(Enum):
    """What a layer with a window must have free for a request to be let in."""

    WINDOW = "the window"
    PASS_TOO = "the window, a pass and a page"


class PrintedTokens(Enum):
    """What an engine calls the tokens of its cache."""

    WHOLE_REQUESTS = "those of requests as long as may be that fit at once"
    GROUPS = "pages of one group of layers, all groups having as many"


class FirstContext(Enum):
    """What has to fit for the engine to start."""

    ANY = "some cache"
    WHOLE = "one request as long as may be"


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryPolicy:
    """What of the chip's memory holds weights, cache and activations."""

    memory_fraction: float = constant(
        "memory_fraction", "share given to weights and cache", least=0.01, most=1
    )
    share_of: MemoryShare = constant(
        "fraction_of_free",
        "whether that share is of what weights and runtime leave free",
        MemoryShare.TOTAL,
        choices=(MemoryShare.TOTAL, MemoryShare.LEFT),
    )
    share_holds: ShareHolds = constant(
        "activations_outside",
        "whether that share is of what is free at start and holds weights and cache alone",
        ShareHolds.EVERYTHING,
        choices=(ShareHolds.EVERYTHING, ShareHolds.WEIGHTS_AND_CACHE),
    )
    long_context_share: Mapping[str, float] = constant(
        "long_context_share",
        "what is left of that share where requests may be longer than 8192 tokens, by chip "
        "generation",
        {},
        least=0.01,
        most=1,
    )
    spare_bytes: float = constant(
        "spare_gib",
        "where nobody gives a share, it leaves so much for what lives outside; 0: a share of its "
        "own",
        0.0,
        least=0,
        most=100_000,
    )
    spare_token_bytes: float = constant(
        "spare_token_gib", "besides, for every prompt token of a pass", 0.0, least=0, most=100_000
    )
    spare_rank_bytes: float = constant(
        "spare_rank_gib", "besides, for every rank", 0.0, least=0, most=100_000
    )
    spare_large_bytes: float = constant(
        "spare_large_gib",
        "besides, for larger graphs on chips above 60 GiB",
        0.0,
        least=0,
        most=100_000,
    )
    spare_wide_bytes: float = constant(
        "spare_wide_gib",
        "besides, for still larger graphs of four ranks and more on such chips",
        0.0,
        least=0,
        most=100_000,
    )
    held_back_share: float = constant(
        "held_back_share", "share of the whole memory that is left alone", 0.0, least=0, most=0.5
    )
    graph_share: float = constant(
        "graph_share",
        "what is set aside for graphs, as a share of the largest pass's activations",
        0.0,
        least=0,
        most=10,
    )
    reserve_bytes: float = constant("reserve_gib", "the runtime's own part", least=0, most=100_000)
    sizing: Sizing = constant(
        "profiled",
        "whether room for the largest pass is set aside at start",
        Sizing.AS_NEEDED,
        choices=(Sizing.AS_NEEDED, Sizing.AT_START),
    )
    sampler_bytes: float = constant(
        "sampler_bytes",
        "of a sequence and a word of the vocabulary while sampling, whole on every rank",
        4.0,
        least=0,
        most=1000,
    )
    communication_bytes: float = constant(
        "communication_gib",
        "what joins ranks over a fast link",
        NOMINAL_COMMUNICATION_BYTES,
        least=0,
        most=100_000,
    )
    peer_bytes: float = constant(
        "peer_gib", "the same for every rank beyond the second", 0.0, least=0, most=100_000
    )
    workspace_bytes: Mapping[str, float] = constant(
        "workspace_gib", "of kernels, by chip generation", {}, least=0, most=100_000
    )
    group_workspace_bytes: Mapping[str, float] = constant(
        "group_workspace_gib",
        "of kernels that join ranks, by chip generation",
        {},
        least=0,
        most=100_000,
    )
    tower_pass: TowerPass = constant(
        "runs_towers",
        "whether towers are run once at start, on the largest input that they take",
        TowerPass.NEVER,
        choices=(TowerPass.NEVER, TowerPass.AT_START),
    )
    encoder_bytes: Mapping[str, float] = constant(
        "encoder_gib",
        "what that pass takes besides the text model's own where logs say it, by the beginning of "
        "the model type",
        {},
        least=0,
        most=100_000,
    )
    expanded_tokens: float = constant(
        "expanded_tokens",
        "latent attention expands the keys and values of so much context at once",
        0.0,
        least=0,
        most=1 << 30,
    )
    index_entries: float = constant(
        "index_entries",
        "keys of an index that are gathered at once, over the longest context",
        0.0,
        least=0,
        most=10_000,
    )
    index_logit_bytes: float = constant(
        "index_logit_gib", "scores of an index's keys, at once", 0.0, least=0, most=10_000
    )
    whole_index_logits: Mapping[str, float] = constant(
        "whole_index_logits",
        "bytes of a score where all tokens of a pass have one of every key of the longest context, "
        "by chip generation",
        {},
        least=0,
        most=16,
    )
    graph_bytes: float = constant("graph_gib", "graphs of passes", 0.0, least=0, most=100_000)
    generation_graph_bytes: Mapping[str, float] = constant(
        "generation_graph_gib",
        "the same where a chip generation's kernels take more in them",
        {},
        least=0,
        most=100_000,
    )
    host_cache_bytes: float = constant(
        "host_cache_gib",
        "host memory for each chip that holds what its prefix cache drops",
        0.0,
        least=0,
        most=100_000,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CachePolicy:
    """How the cache is handed out."""

    block_tokens: int = constant("block_tokens", "tokens of a page", 16, least=1, most=1 << 16)
    window_cache: WindowCache = constant(
        "window_holds_pass",
        "whether a layer with a window must have a pass and a page free besides the window",
        WindowCache.WINDOW,
        choices=(WindowCache.WINDOW, WindowCache.PASS_TOO),
    )
    window_ratio: float = constant(
        "window_ratio",
        "layers with and without a window have pools of their own: tokens of the one over the "
        "other's; 0 where they share one",
        0.0,
        least=0,
        most=1,
    )
    state_ratio: float = constant(
        "state_ratio",
        "states have a pool of their own: its bytes over those of the keys' and values'; 0 where "
        "they share one",
        0.0,
        least=0,
        most=100,
    )
    state_slots: float = constant(
        "state_slots",
        "states that a request holds where prompts' caches are kept; one elsewhere",
        1.0,
        least=1,
        most=100,
    )
    printed_tokens: PrintedTokens = constant(
        "tokens_by_groups",
        "whether it prints the tokens of a group's pages, which a window or a state fills as well, "
        "instead of those of whole requests",
        PrintedTokens.WHOLE_REQUESTS,
        choices=(PrintedTokens.WHOLE_REQUESTS, PrintedTokens.GROUPS),
    )
    first_context: FirstContext = constant(
        "whole_context_first",
        "whether one request as long as may be has to fit for the engine to start",
        FirstContext.ANY,
        choices=(FirstContext.ANY, FirstContext.WHOLE),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightPolicy:
    """What ranks hold beyond the checkpoint's own bytes."""

    whole_shared_experts: bool = constant(
        "whole_shared_experts",
        "with attention-DP and expert parallelism, every rank holds the shared experts whole",
        False,
    )
    whole_embeddings: bool = constant(
        "whole_embeddings", "with attention-DP, every rank holds the embeddings whole", False
    )
    divided_head: bool = constant(
        "divided_head",
        "with attention-DP, all ranks divide the LM head between them unless told otherwise",
        False,
    )
    whole_head_drafts: tuple[str, ...] = constant(
        "whole_head_drafts",
        "methods of drafting for which every attention-DP rank has to hold the LM head",
        (),
    )
    split_towers: bool = constant(
        "split_towers", "tensor ranks divide vision and audio towers", False
    )
    loading_bytes: float = constant(
        "loading_gib",
        "what loading takes of a rank's memory besides, counted as weights",
        0.0,
        least=0,
        most=100_000,
    )
    latent_copy: bool = constant(
        "latent_copy",
        "keeps the up-projections of latent attention a second time, absorbed, in 16 bits",
        False,
    )
    expert_inner_multiple: Mapping[str, float] = constant(
        "expert_inner_multiple",
        "kernels of MXFP4 experts pad a rank's part of their width to a multiple of it, by chip "
        "generation",
        {},
        least=1,
        most=1 << 16,
    )
    expert_hidden_multiple: Mapping[str, float] = constant(
        "expert_hidden_multiple",
        "the same of the model's width",
        {},
        least=1,
        most=1 << 16,
    )
    mxfp8_bytes: Mapping[str, float] = constant(
        "mxfp8_bytes",
        "bytes of an element that MXFP8 weights are kept in where loading widens them, by chip "
        "generation",
        {},
        least=1,
        most=4,
    )
    expert_scale_bytes: Mapping[str, float] = constant(
        "expert_scale_bytes",
        "bytes of a scale of MXFP4 experts inside an FP8 checkpoint, by chip generation; its own 1 "
        "where nothing is said",
        {},
        least=1,
        most=16,
    )
