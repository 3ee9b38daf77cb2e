"""What a pass of an engine may hold, and when requests are let in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from engine.hardware.constants import constant
from engine.hardware.parts.bounds import MANY
from engine.words.units import LARGEST_COUNT


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


class RankChoice(Enum):
    """How requests are shared among the attention-DP ranks of a decode worker."""

    FEWEST = "fewest"
    """To the one that holds the fewest."""
    RANDOM = "random"
    """To any, whatever each holds."""


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
    batch_wait_passes: int = constant(
        "batch_wait_passes",
        "passes that prompts wait at most, from the first of them on, for others to share theirs "
        "while others decode; 0 where none waits, as with attention-DP",
        0,
        least=0,
        most=10_000,
    )
    batch_wait_share: float = constant(
        "batch_wait_share",
        "share of a pass' tokens at which they wait no longer",
        1.0,
        least=0,
        most=1,
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
    rank_choice: RankChoice = constant(
        "random_ranks",
        "requests go to any attention-DP rank of a decode worker, else to the one that holds the "
        "fewest",
        RankChoice.FEWEST,
        choices=tuple(RankChoice),
    )
    prefix_caching: bool = constant(
        "prefix_caching",
        "keeps prompts' caches unless told otherwise, so that a prompt sent again is not prefilled",
        False,
    )
    decode_prefix_caching: bool = constant(
        "decode_prefix_caching",
        "so do its decode workers where prefill has workers of its own",
        True,
    )
