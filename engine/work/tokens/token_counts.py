"""How many tokens of a pass go where."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from engine.words.arrays import FloatArray
from engine.work.tokens.step import LayoutArrays, Step


def total_tokens(steps: Sequence[Step]) -> FloatArray:
    """New tokens of one attention rank in a pass."""
    tokens = steps[0].tokens
    for step in steps[1:]:
        tokens = tokens + step.tokens
    return tokens


def _as_they_are(values: FloatArray) -> FloatArray:
    return values


def routed_tokens(
    steps: Sequence[Step],
    layouts: LayoutArrays,
    spread: Callable[[FloatArray], FloatArray] = _as_they_are,
) -> FloatArray:
    """Tokens that all attention ranks together send through the experts in a pass; ``spread`` makes
    figures of one rank those of the layouts that share it."""
    tokens = spread(steps[0].tokens) * steps[0].share
    for step in steps[1:]:
        tokens = tokens + spread(step.tokens) * step.share
    routed: FloatArray = tokens * layouts.attention_data
    return routed


def sampled_tokens(steps: Sequence[Step]) -> FloatArray:
    """Tokens whose logits are needed: all new ones in decode, a prompt's last one in prefill."""
    sampled = [
        step.tokens if step.decode and not step.last_only else step.sequences for step in steps
    ]
    total = sampled[0]
    for one in sampled[1:]:
        total = total + one
    return total
