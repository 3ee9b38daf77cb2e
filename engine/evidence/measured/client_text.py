"""What the words of a row say of the client that sent its requests."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

_EQUAL = re.compile(r"\bequal\b(?!.*\bnatural)", re.IGNORECASE)
"""Clients whose answers are all of one length; natural answers end where they like."""
_NATURAL = re.compile(r"\bsharegpt\b|\bnatural\b", re.IGNORECASE)
_WAVES = re.compile(r"\b(?:(\d+(?:\.\d+)?)\+? (?:waves|per slot)|one wave)\b", re.ASCII)
_BURST = re.compile(r"\bburst of (\d[\d,]*)\b", re.ASCII)
_REPLAYED = re.compile(r"\bmulti-turn\b|\btraces? replayed\b", re.IGNORECASE)
_EVENLY = re.compile(r"\bconstant rate\b", re.IGNORECASE)
_REPEATING = re.compile(
    r"genai.?perf|aiperf|aiconfigurator|inference-perf\b.*\bshared system prompts", re.IGNORECASE
)
"""What names clients that send a few prompts again and again: NVIDIA's (aiconfigurator's own runs
use them), and inference-perf with shared prefixes."""


@dataclass(frozen=True, slots=True)
class ClientText:
    """The ``client`` as described, the ``version`` of its tool or engine, and what else is
    ``said`` of the row."""

    client: str
    version: str
    said: str

    @property
    def is_genai_perf(self) -> bool:
        """Whether NVIDIA's client is named beside the version."""
        return "genai-perf" in self.version

    @property
    def equal_lengths(self) -> bool:
        """Whether all answers are known to be of one length."""
        return self.is_genai_perf or _EQUAL.search(self.client) is not None

    @property
    def natural_lengths(self) -> bool:
        """Whether answers end where they like."""
        return _NATURAL.search(self.client) is not None

    @property
    def waves(self) -> float:
        """Requests per slot of a closed loop; NaN where nobody says."""
        found = _WAVES.search(self.client)
        return float(found[1] or 1) if found else math.nan

    @property
    def burst(self) -> float:
        """Requests that came all at once; NaN for other loads."""
        found = _BURST.search(self.client)
        return float(found[1].replace(",", "")) if found else math.nan

    @property
    def replays(self) -> bool:
        """Whether sessions of several turns were sent: what opens such a run are first turns, few
        of its requests and shorter than most."""
        return _REPLAYED.search(self.client) is not None

    @property
    def comes_evenly(self) -> bool:
        """Whether requests came at a constant rate."""
        return _EVENLY.search(f"{self.client} {self.said}") is not None

    @property
    def repeats_prompts(self) -> bool:
        """Whether the tool is one that sends the same few prompts again and again."""
        return _REPEATING.search(f"{self.version} {self.said}") is not None
