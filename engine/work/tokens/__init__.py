"""From an architecture under a layout to work: FLOPs, bytes and messages of one step.

`inventory` lists what a step consists of, independent of layout and batch; `step_work`
evaluates that list for arrays of layouts and batches. Neither knows seconds.
"""

from engine.work.tokens.dense import dense_work
from engine.work.tokens.exchange import COMBINE, DISPATCH, dispatching
from engine.work.tokens.experts import busiest, largest_of
from engine.work.tokens.inventory import Inventory, take_inventory
from engine.work.tokens.messages import (
    dense_messages,
    gathered_messages,
    other_messages,
    step_messages,
)
from engine.work.tokens.mixing import mixing_work
from engine.work.tokens.placed import Placed
from engine.work.tokens.step import (
    LayoutArrays,
    Source,
    Step,
    decode_step,
    per_rank,
    prefill_step,
    rank_decode_step,
)
from engine.work.tokens.token_counts import routed_tokens, total_tokens
from engine.work.tokens.work import has_prompts, other_work, routed_work, step_work

__all__ = [
    "COMBINE",
    "DISPATCH",
    "Inventory",
    "LayoutArrays",
    "Placed",
    "Source",
    "Step",
    "busiest",
    "decode_step",
    "dense_messages",
    "dense_work",
    "dispatching",
    "gathered_messages",
    "has_prompts",
    "largest_of",
    "mixing_work",
    "other_messages",
    "other_work",
    "per_rank",
    "prefill_step",
    "rank_decode_step",
    "routed_tokens",
    "routed_work",
    "step_messages",
    "step_work",
    "take_inventory",
    "total_tokens",
]
