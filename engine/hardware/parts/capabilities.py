"""What an engine's kernels and communication do that others' do not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from engine.hardware.constants import constant
from engine.hardware.parts.bounds import MANY
from engine.scenario import ReduceFormat
from engine.words.units import LARGEST_COUNT


class Turns(Enum):
    """What two halves of a batch compute while tokens of the other travel."""

    BLOCKS = "blocks"
    """One block each in turn, attention or experts: each message of one half has one block of the
    other beside it."""
    SHIFTED = "shifted"
    """The halves are half a layer apart: dispatching has the products before attention and the
    shared experts beside it, combining has attention's core and what follows it."""
    STREAMS = "streams"
    """Each on a stream and cores of its own: all that computes hides all that travels."""


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
    whole_windows: bool = constant(
        "whole_windows",
        "layers with a sliding window see and keep the whole context, unless told otherwise",
        False,
    )
    replays_graphs: bool = constant(
        "replays_graphs",
        "passes without prompts replay graphs; else the host launches all that is in them, too",
        True,
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
    decode_turns: Turns = constant(
        "decode_turns",
        "what its halves compute in decode passes while tokens of the other travel: `blocks` (each "
        "message beside attention or experts), `shifted` (dispatching beside the products before "
        "attention, combining beside its core) or `streams` (beside everything)",
        Turns.BLOCKS,
        choices=tuple(Turns),
    )
    prompt_turns: Turns = constant(
        "prompt_turns",
        "the same in passes that hold prompts",
        Turns.BLOCKS,
        choices=tuple(Turns),
    )
    dispatch_cores: int = constant(
        "dispatch_cores",
        "cores that sending prompts' tokens to their experts takes while halves take turns: of "
        "what is computed meanwhile, and of products always (DeepEP's normal kernels; its "
        "low-latency ones take none)",
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
    fused_latents: bool = constant(
        "fused_latents",
        "what makes the queries and latents of attention is one kernel: products of what came out "
        "of others, and the rotary embedding, launch nothing of their own (MLAProlog of CANN)",
        False,
    )
    sparse_prompt_heads: Mapping[str, float] = constant(
        "sparse_prompt_heads",
        "sparse latent attention of prompts computes at least so many heads on every rank and all "
        "of its top-k, filled or not, by chip generation; what there is on others (FlashMLA's "
        "kernel for prompts)",
        {},
        least=1,
        most=1 << 16,
    )
    fused_norms: tuple[str, ...] = constant(
        "fused_norms",
        "chip generations on which its all-reduces end in the residual add and the norm behind "
        "them, which then launch nothing of their own",
        (),
    )
    reduce_format: ReduceFormat = constant(
        "reduce_format",
        "what all-reduces of large messages are quantised to (vLLM's quick all-reduce on ROCm): "
        "`none`, `int8`, `int6` or `int4`",
        ReduceFormat.NONE,
        choices=tuple(ReduceFormat),
    )
    reduce_shares: Mapping[str, float] = constant(
        "reduce_shares",
        "share of its bytes that such a message has then, scales included, by format; formats that "
        "are not here it does not know",
        {},
        least=0,
        most=1,
    )
    reduce_least_mib: Mapping[str, float] = constant(
        "reduce_least_mib",
        "MiB of a message from which on it is, by format and ranks (`int4/8`); on other numbers "
        "of ranks none is",
        {},
        least=0,
        most=1 << 20,
    )
    reduce_generations: tuple[str, ...] = constant(
        "reduce_generations", "chip generations that it has those kernels for", ()
    )

    @property
    def reduces_on(self) -> Mapping[int, float]:
        """MiB from which on messages are quantised, by ranks."""
        named = {name.partition("/")[::2]: least for name, least in self.reduce_least_mib.items()}
        return {
            int(ranks): least for (to, ranks), least in named.items() if to == self.reduce_format
        }
