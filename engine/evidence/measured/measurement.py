"""One published point, as read from its row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from engine.evidence.measured.recipes import Recipe
from engine.evidence.measured.reported import TokenTime
from engine.evidence.measured.runs import Run


@dataclass(frozen=True, slots=True)
class Pool:
    """Workers of one role in a disaggregated deployment, each of ``tensor`` chips."""

    workers: int
    tensor: int
    expert: int
    attention_data: int
    """Copies of the attention inside a worker: ``tensor`` with attention-DP, else 1."""

    @property
    def chips(self) -> int:
        """Chips of all workers."""
        return self.workers * self.tensor


@dataclass(frozen=True, slots=True)
class Measurement:
    """One published point. Lengths are the true means where known; NaN means not published."""

    id: str
    line: int
    tier: str
    kind: str
    load: str
    model: str
    chip: str
    framework: str
    day: date | None
    """When it was measured, as far as the file says."""
    run: Run
    """What rules tell the row from others by."""
    weights: str
    activations: str
    kv: str
    recipe: Recipe
    """How it was launched, as far as published beside the row; blank where not."""
    eager: bool
    """Whether it is said that no graphs were replayed."""
    draft_tokens: int
    """Drafted per step; 0 without drafts."""
    chips: int
    tensor: int
    pipeline: int
    expert: int
    attention_data: int
    prefill: Pool | None
    decode: Pool | None
    input_tokens: float
    output_tokens: float
    opens_at_once: bool
    """A closed-loop client, whose slots all start together with prompts like those to come."""
    equal_lengths: bool
    """All answers are known to be of one length, so that those begun together end together."""
    natural_lengths: bool
    """Conversations of people, whose answers end where they like."""
    waves: float
    """Requests per slot of a closed loop; NaN where nobody says."""
    burst: float
    """Requests that came all at once and were all there were; NaN for other loads."""
    rate: float
    """Requests per second that came by themselves; NaN of other loads."""
    comes_evenly: bool
    """They came at a constant rate; else as Poisson arrivals."""
    cached: float
    """Share of the prompt tokens that the engine found in its cache; NaN where nobody says."""
    repeats_prompts: bool
    """A client that sends the same few prompts again and again."""
    batch: float
    ttft_ms: float
    ttft_is_median: bool
    tpot_ms: float
    token_time: TokenTime
    """Which statistic ``tpot_ms`` is."""
    e2e_ms: float
    tps_per_chip: float
    samples_per_second: float
    latency_ms: float
    ttft_p99_ms: float
    tpot_p99_ms: float
    e2e_p99_ms: float
    problem: str
    """Why the row cannot be read: its line, column, what was found and what is expected."""
    cells: Mapping[str, str]
