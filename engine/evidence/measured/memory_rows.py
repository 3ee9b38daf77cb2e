"""Start-up logs of real servers as rows: the CSV form of ``kind`` memory.

One row per server that ran or died, with what it printed about its memory. Blank cells mean "not
printed", or of settings "the engine's own default".
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.evidence.measured.kind_rows import read_kind
from engine.hardware.chip_profiles import chip_aliases
from engine.words.text import clean

KIND = "memory"
REQUIRED = ("id", "kind", "engine", "model", "chip", "verdict")
RAN = "ran"
SHORT = ("oom_weights", "oom_kv_len")
"""Verdicts that a plan of memory can foresee; others died of something else."""
LARGEST_NUMBER = 1e12
LONGEST_NOTES = 2000


@dataclass(frozen=True, slots=True)
class MemoryRow:
    """One server's start. NaN and 0 mean that the log does not say."""

    id: str
    engine: str
    version: str
    model: str
    config: str
    """Folder of the config that describes the model; empty where it is the model's own name."""
    chip: str
    chips: int
    tensor: int
    pipeline: int
    attention_data: int
    expert: int
    weights: str
    """Format of the weights; empty where the config says it."""
    tool: str
    """What quantised them, as the log names it."""
    kv: str
    memory_fraction: float
    max_context: int
    max_sequences: int
    prefill_tokens: int
    weights_gib: float
    pool_gib: float
    tokens: float
    draft: str
    """What was loaded to draft with, counted among the weights: a method by its name; empty for
    nothing."""
    dp_lm_head: bool | None
    """Whether every attention-DP rank holds the LM head; None as the engine does by itself."""
    pools: bool
    """Whether it embeds texts, without its LM head."""
    verdict: str
    problem: str

    @property
    def ran(self) -> bool:
        """Whether the server started."""
        return self.verdict == RAN


def read_memory_rows(path: Path) -> list[MemoryRow]:
    """All rows of ``kind`` memory; raises `InputError` where the file as a whole cannot be read."""
    return [_row(cells) for cells in read_kind(path, KIND, REQUIRED)]


def _draft(notes: str) -> str:
    """The method of which ``notes`` say that the weights include it."""
    found = re.search(r"weights include (?:a )?(mtp layer|dflash drafter)", notes)
    return {"mtp layer": "mtp", "dflash drafter": "dflash"}[found[1]] if found else ""


def _row(cells: Mapping[str, str | None]) -> MemoryRow:
    problems: list[str] = []

    def text(column: str, longest: int = 200) -> str:
        value = cells.get(column)
        return clean(value.strip(), longest) if value else ""

    def number(column: str) -> float:
        written = text(column)
        if not written:
            return math.nan
        try:
            value = float(written)
        except ValueError:
            value = math.nan
        if not -LARGEST_NUMBER <= value <= LARGEST_NUMBER:
            problems.append(f"{column}: found {written[:40]!r}, expected a number")
            return math.nan
        return value

    def count(column: str, otherwise: int) -> int:
        """A whole number from 1; ``otherwise`` where blank, or below 1 for "switched off"."""
        value = number(column)
        return int(value) if value >= 1 else otherwise

    chip, notes = text("chip").lower(), text("notes", LONGEST_NOTES).lower()
    return MemoryRow(
        id=text("id"),
        engine=text("engine").lower(),
        version=text("engine_version"),
        model=text("model"),
        config=text("config"),
        chip=chip_aliases().get(chip, chip),
        chips=count("chips", 1),
        tensor=count("tp", 1),
        pipeline=count("pp", 1),
        attention_data=count("dp", 1),
        expert=count("ep", 1),
        weights=text("weights").lower(),
        tool=text("weight_quant").lower(),
        kv=text("kv_dtype").lower(),
        memory_fraction=number("gpu_memory_utilization"),
        max_context=count("max_model_len", 0),
        max_sequences=count("max_num_seqs", 0),
        prefill_tokens=count("max_num_batched_tokens", 0),
        weights_gib=number("weights_gib_per_gpu"),
        pool_gib=number("kv_available_gib_per_gpu"),
        tokens=number("kv_tokens_total"),
        draft=_draft(notes),
        dp_lm_head=True if "enable_dp_lm_head=true" in notes else None,
        pools="pooling model" in notes,
        verdict=text("verdict").lower(),
        problem=problems[0] if problems else "",
    )
