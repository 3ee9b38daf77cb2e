"""One benchmark run, as its result file tells it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.evidence.measured.reported import TokenTime
from engine.serve.requests import Drafts
from engine.serve.system import System
from engine.work.layout import Layout

USUAL_SPREAD = 0.2
NO_DRAFTS = Drafts()


@dataclass(frozen=True, slots=True)
class Run:
    """One benchmark run: ``concurrency`` requests in flight on ``layout``."""

    name: str
    layout: Layout
    concurrency: float
    input_tokens: float
    """NaN where a summary leaves it out."""
    output_tokens: float
    ttft_ms: float
    """Median where given, else mean; NaN where missing or where the client sent all at once."""
    ttft_is_median: bool
    tpot_ms: float
    """Mean where given; NaN where missing."""
    token_time: TokenTime = TokenTime.MEAN
    """Which statistic it is."""
    opens_at_once: bool = True
    """All slots start together and refill as answers end; False for a steady request rate."""
    spread: float = USUAL_SPREAD
    """Range of answer lengths as a share of their mean."""
    cached: float = 0.0
    """Share of the prompts that the engine finds in its prefix cache."""
    requests: float = math.nan
    """How many were answered."""
    output_rate: float = math.nan
    """Tokens per second of all answers together."""
    accepted: float = 1.0
    """Tokens of one step, 1 without speculative decoding."""
    drafts: Drafts = NO_DRAFTS
    """What was drafted and kept; no tokens where nobody says how many were, no shares where only
    the tokens of a step are known."""
    rate: float = 0.0
    """Requests per second of a client that kept a rate; 0 for one that did not."""
    model: str = ""
    """What the client called the model; empty where it does not say."""
    system: System | None = None
    """What ran, where it is another model than that of the site it is fitted for."""
