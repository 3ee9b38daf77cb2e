"""What requests look like, and who sends them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Mode(StrEnum):
    """How requests are served."""

    CONTINUOUS = "continuous"
    STATIC = "static"


class ClientKind(StrEnum):
    """Who sends requests under continuous batching."""

    STEADY = "steady"
    """A load that has long been going on."""
    CLOSED = "closed"
    """A benchmark's client, which opens all its slots at once and refills them."""


class Lengths(StrEnum):
    """Whether a person chose the lengths of prompts and answers."""

    DEFAULT = "default"
    """Nobody did."""
    FITTED = "fitted"
    """Nobody did, and the usual ones were made to fit the model's context
    (`engine.plan.lengths`)."""
    CHOSEN = "chosen"


class Text(StrEnum):
    """What requests are about: it decides how many drafted tokens are kept."""

    CHAT = "chat"
    CODE = "code"
    REASONING = "reasoning"
    AGENT = "agent"
    DOCUMENTS = "documents"
    WRITING = "writing"
    RANDOM = "random"
    """Random tokens, as benchmarks send them: what is kept of drafts then says nothing of real
    requests."""


class FirstToken(StrEnum):
    """Which statistic of the first-token latency is shown."""

    MEAN = "mean"
    MEDIAN = "median"


@dataclass(frozen=True, slots=True)
class Client:
    """Who sends the requests; ``waves`` and ``spread`` are of a closed one: requests per slot, and
    the range of answer lengths as a share of their mean (0: equal lengths, waves in step)."""

    kind: ClientKind = ClientKind.STEADY
    waves: int = 10
    spread: float = 0.2
    first_token: FirstToken = FirstToken.MEAN


USUAL_IMAGE = (1024, 1024)
"""Width and height where a person gives none."""
USUAL_INPUT_TOKENS, USUAL_OUTPUT_TOKENS = 4096, 1024


@dataclass(frozen=True, slots=True)
class Workload:
    """What one request looks like. Vision models use ``image_*`` and no tokens, text encoders
    ``sequence_tokens``, the length of their sequences; 0 is the model's own. Language models that
    see take ``images`` of that size beside the ``input_tokens`` of text."""

    input_tokens: int = USUAL_INPUT_TOKENS
    output_tokens: int = USUAL_OUTPUT_TOKENS
    mode: Mode = Mode.CONTINUOUS
    image_width: int = 0
    image_height: int = 0
    sequence_tokens: int = 0
    images: int = 0
    """Of each request (of each turn of a conversation)."""
    rate: float = 0.0
    """Requests per second that come to the whole deployment; 0 where a number of them is in flight.
    """
    burstiness: float = 1.0
    """Shape of the gamma distribution of the time between requests, as clients of vLLM and SGLang
    take it: 1 is Poisson, less comes in bursts, more is evenly spaced."""
    input_spread: float = 0.0
    output_spread: float = 0.0
    """Standard deviation of lengths over their mean."""
    cached: float = 0.0
    """Share of the prompt tokens that the engine finds in its prefix cache."""
    shared_prefix_tokens: int = 0
    """Tokens that all prompts begin with."""
    turns: int = 1
    """Turns of a conversation: ``input_tokens`` are what each of them adds to the context."""
    think_seconds: float = 0.0
    """From an answer to the next request that finds its context in the prefix cache: the next turn
    of a conversation, or whoever else asks about the same."""
    utilisation: float = 1.0
    """Share of the time that forward models are kept busy: requests that come one by one under a
    latency limit leave some of it idle."""
    client: Client = field(default_factory=Client)
    lengths: Lengths = Lengths.DEFAULT
    text: Text = Text.CHAT

    def __post_init__(self) -> None:
        """Other lengths than the usual ones were chosen by somebody; nothing arrives at a static
        batch."""
        if self.mode is Mode.STATIC and self.rate:
            object.__setattr__(self, "rate", 0.0)
        usual = (USUAL_INPUT_TOKENS, USUAL_OUTPUT_TOKENS)
        if self.lengths is Lengths.DEFAULT and (self.input_tokens, self.output_tokens) != usual:
            object.__setattr__(self, "lengths", Lengths.CHOSEN)

    @property
    def is_one_token(self) -> bool:
        """Whether an answer is its first token and no more, which comes out of the prefill: there
        is no time per token after it."""
        return self.output_tokens == 1

    @property
    def resolution(self) -> tuple[int, int] | None:
        """Width and height of an image; None for the model's own."""
        return (self.image_width, self.image_height) if self.image_width else None
