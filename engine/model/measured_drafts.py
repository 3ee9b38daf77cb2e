"""How many drafted tokens a run kept: from the files of its client, or the log of its server.

vLLM's client writes shares by position, its server logs them window by window; SGLang's tell the
tokens of a step.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from engine.sources.files import read_text
from engine.sources.json_text import check_size, json_values
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean

_POSITIONS = re.compile(
    r"Accepted:\s*(?P<accepted>\d+) tokens, Drafted:\s*(?P<drafted>\d+) tokens, "
    r"Per-position acceptance rate:\s*(?P<shares>[0-9.]+(?:, [0-9.]+)*)",
    re.ASCII,
)
"""A window of vLLM's server (vllm/v1/spec_decode/metrics.py)."""
_LENGTH = re.compile(r"\baccept(?:ance)? len(?:gth)?:\s*(\d+(?:\.\d+)?)", re.IGNORECASE | re.ASCII)
"""A batch of SGLang's server, or what a client prints at its end."""
_SHARES = ("spec_decode_per_position_acceptance_rates",)
_LENGTHS = ("spec_decode_acceptance_length", "accept_length")
MAXIMUM_BYTES = 64 << 20
EXPECTED = "a file or log of a vLLM or SGLang run with drafts"


@dataclass(frozen=True, slots=True)
class Drafted:
    """The share of the steps that kept each position, empty where only the tokens of a step,
    ``per_step``, are known."""

    kept: tuple[float, ...]
    per_step: float


def read_drafted(path: Path) -> Drafted:
    """What a file says; of several runs or windows the mean. Raises `InputError`."""
    text = read_text(path, MAXIMUM_BYTES, say(EXPECTED))
    check_size(text, clean(str(path), 80))
    records = [one for one in json_values(text) if isinstance(one, dict)]
    tables = [shares_of(one) for one in records] + [_falling(one) for one in _windows(text)]
    tables = [one for one in tables if one]
    if tables:
        places = min(len(one) for one in tables)
        kept = tuple(fmean(one[place] for one in tables) for place in range(places))
        return Drafted(kept, 1.0 + math.fsum(kept))
    lengths = [value for one in records for key in _LENGTHS if (value := _above_one(one.get(key)))]
    lengths += [value for found in _LENGTH.findall(text) if (value := _above_one(float(found)))]
    if not lengths:
        raise InputError(
            say(
                "{path}: no acceptance of drafts found, expected {expected}",
                path=clean(str(path), 80),
                expected=say(EXPECTED),
            )
        )
    return Drafted((), fmean(lengths))


def shares_of(record: Mapping[str, Any]) -> tuple[float, ...]:
    """Shares by position in a client's result; empty where there are none."""
    for key in _SHARES:
        shares = record.get(key)
        if isinstance(shares, list) and shares and all(_is_share(one) for one in shares):
            return _falling([float(one) for one in shares])
    return ()


def _windows(text: str) -> Iterator[list[float]]:
    """Windows that drafted something."""
    for found in _POSITIONS.finditer(text):
        shares = [float(one) for one in found["shares"].split(", ")]
        if int(found["drafted"]) and all(_is_share(one) for one in shares):
            yield shares


def _falling(shares: Sequence[float]) -> tuple[float, ...]:
    """None larger than the one before: rounding may say so."""
    made: list[float] = []
    for share in shares:
        made.append(min(share, made[-1] if made else 1.0))
    return tuple(made)


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _above_one(value: object) -> float:
    good = isinstance(value, int | float) and not isinstance(value, bool) and 1 < value < 1000
    return float(value) if good and isinstance(value, int | float) else 0.0
