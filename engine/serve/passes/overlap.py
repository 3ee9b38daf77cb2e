"""Two halves of a batch that take turns: one computes while the other's tokens travel.

SGLang calls it two-batch overlap, vLLM dual-batch overlap, after DeepSeek's own serving (open-infra
index, day 6). Every kernel runs twice on half the tokens: weights are read twice and launches cost
twice, so that short passes would lose by it; engines have thresholds for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from engine.hardware.roofline import Message, Work
from engine.words.arrays import BoolArray, FloatArray
from engine.work.tokens import Step

Timed = tuple[Work | Message, FloatArray]
"""A part of a pass with the seconds of all its calls."""


def halved(steps: Sequence[Step]) -> tuple[Step, ...]:
    """One of the two halves of a pass."""
    return tuple(replace(step, sequences=0.5 * step.sequences) for step in steps)


def splits(steps: Sequence[Step]) -> BoolArray:
    """Where a pass has two sequences to decode, or prompts: these are cut where it suits."""
    if not all(step.decode for step in steps):
        return np.ones((1, 1), dtype=bool)
    several: BoolArray = sum((step.sequences for step in steps), np.zeros(1)) >= 2.0
    return several


def overlapped(parts: Sequence[Timed], taken: float) -> Iterator[Timed]:
    """The parts of both halves, from those of one: of its dispatch and combine only what outlasts
    the computing of the other half. While tokens travel, ``taken`` of the chip's cores is theirs.
    """
    sent = total_seconds([one for one in parts if _travels(one[0])])
    busy = total_seconds([one for one in parts if not _travels(one[0])])
    share = _exposed(sent, busy, taken) / np.maximum(sent, 1e-12)
    for part, seconds in parts:
        yield part, 2.0 * seconds * (share if _travels(part) else 1.0)


def sent_and_busy(
    parts: Iterable[Timed], busy: FloatArray, sent: FloatArray | None = None
) -> tuple[FloatArray, FloatArray]:
    """Seconds of sending and of computing, with those of some more ``parts``."""
    total = np.zeros(1) if sent is None else sent
    for part, seconds in parts:
        if _travels(part):
            total = total + seconds
        else:
            busy = busy + seconds
    return total, busy


def turns_seconds(sent: FloatArray, busy: FloatArray, taken: float) -> FloatArray:
    """Seconds of both halves in turns, from those that one of them sends and computes for."""
    return 2.0 * (busy + _exposed(sent, busy, taken))


def _exposed(sent: FloatArray, busy: FloatArray, taken: float) -> FloatArray:
    """What of sending outlasts the computing of the other half."""
    return np.maximum(sent - busy, taken * sent) if taken < 1.0 else sent


def total_seconds(parts: Sequence[Timed]) -> FloatArray:
    """Seconds of all parts together."""
    return sum((seconds for _, seconds in parts), np.zeros(1))


def _travels(part: Work | Message) -> bool:
    return isinstance(part, Message) and part.kind == "all_to_all"
