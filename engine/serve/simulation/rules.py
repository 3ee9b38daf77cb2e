"""What a worker is held to: its scheduler's rules for one micro-batch of its pipeline."""

from __future__ import annotations

from dataclasses import dataclass

from engine.hardware.framework import Framework
from engine.hardware.parts.scheduler import Admission
from engine.work.layout import Layout


@dataclass(frozen=True, slots=True)
class Rules:
    """Of each of ``ranks`` attention ranks: tokens of prompts in a pass, sequences at once, and
    prompts that one pass takes. ``interval`` is passes from one look at the queue to the next;
    ``patience`` passes that a rank's prompt waits for the others to have one as well, or, of one
    rank, for others until a pass holds ``waited_tokens``."""

    ranks: int
    prefill_tokens: float
    max_sequences: int
    prefill_requests: int
    queries: float
    """Tokens that a decoding sequence takes out of a shared pass."""
    interval: int
    patience: int
    whole_answers: bool
    prefix_caching: bool
    graph_tokens: float
    released: bool = False
    """Whether ``interval`` is one that the engine was told: counted over all passes where ranks
    step together, and lifted while one that took prompts could not take all."""
    waited_tokens: float = 0.0
    pace: float = 1.0
    """Of passes, over those tabulated."""

    @classmethod
    def of(cls, engine: Framework, layout: Layout, draft_tokens: int, pace: float = 1.0) -> Rules:
        """The rules of an engine (`profiles/frameworks`)."""
        scheduler = engine.scheduler
        return cls(
            ranks=layout.attention_data,
            prefill_tokens=float(scheduler.prefill_tokens),
            max_sequences=max(scheduler.max_sequences // layout.pipeline, 1),
            prefill_requests=scheduler.prefill_requests,
            queries=1.0 + draft_tokens,
            interval=max(round(scheduler.admission_steps), round(scheduler.prefill_interval), 1),
            patience=scheduler.rank_wait_passes
            if layout.attention_data > 1
            else scheduler.batch_wait_passes,
            waited_tokens=scheduler.batch_wait_share * scheduler.prefill_tokens,
            whole_answers=scheduler.admission is Admission.WHOLE_ANSWER,
            prefix_caching=scheduler.prefix_caching,
            graph_tokens=float(engine.capabilities.graph_tokens),
            released=scheduler.prefill_interval > 1.0,
            pace=pace,
        )
