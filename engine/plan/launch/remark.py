"""What a plan says beside its processes: gaps, and what the reader has to see to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from engine.words.messages import say


@dataclass(frozen=True, slots=True)
class Gap:
    """Where the started server differs from what was predicted, or is refused by the engine."""

    says: str


@dataclass(frozen=True, slots=True)
class Note:
    """What the reader has to see to for the server to start as it was predicted."""

    says: str


Remark = Gap | Note


def distinct(remarks: Iterable[Remark]) -> tuple[Remark, ...]:
    """Each remark once, in order."""
    return tuple(dict.fromkeys(remarks))


def gaps_of(remarks: Iterable[Remark]) -> tuple[str, ...]:
    """The sentences of the gaps alone."""
    return tuple(one.says for one in remarks if isinstance(one, Gap))


def notes_of(remarks: Iterable[Remark]) -> tuple[str, ...]:
    """The sentences of the notes alone."""
    return tuple(one.says for one in remarks if isinstance(one, Note))


def remark_lines(remarks: Iterable[Remark]) -> list[str]:
    """One line each: gaps first, every one with what it is."""
    every = [*remarks]
    return [
        *(say("gap: {gap}", gap=gap) for gap in gaps_of(every)),
        *(say("see to: {note}", note=note) for note in notes_of(every)),
    ]
