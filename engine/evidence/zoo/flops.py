"""FLOPs of one forward pass against ``oracle_flops.csv``, within 1 %.

The table counts 2 per multiply-add, logits for every position, and full S×S scores. Its linear
columns hold the weight matrices; where a model multiplies weights outside them (grouped or
block-diagonal projections), the sum of everything is compared instead. Latent attention in decode
is compared in its absorbed form, which is what engines run.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from engine.evidence.zoo.tables import Comparison, number, read_table, whole
from engine.model.architecture import Architecture
from engine.model.cores import AttentionCore, Core, LatentCore
from engine.model.described.tokens import matrix_flops_per_token
from engine.words.errors import RooftopError

COLUMNS = ("name", "phase", "seq", "batch", "total_flops")
SUBJECT = "FLOPs"
TOLERANCE = 0.01


def compare_flops(folder: Path, oracle: Path) -> Iterator[Comparison]:
    """One comparison per row whose config is in ``folder``; raises `InputError`."""
    from engine.model.config import load_architecture

    read: dict[str, Architecture | RooftopError] = {}
    for row in read_table(oracle, COLUMNS):
        name = row["name"]
        if not (folder / name / "config.json").is_file():
            continue
        if name not in read:
            try:
                found = load_architecture(str(folder / name)).architecture
            except RooftopError as error:
                read[name] = error
            else:
                if isinstance(found, Architecture):
                    read[name] = found
        known = read.get(name)
        if isinstance(known, Architecture):
            yield compare_pass(known, row)
        elif known is not None:
            yield Comparison(_title(row), "refused", str(known), subject=SUBJECT)


def _title(row: dict[str, str]) -> str:
    return f"{row['name']} {row['phase']} {row['seq']}"


def compare_pass(architecture: Architecture, row: dict[str, str]) -> Comparison:
    """One measured pass: prefill of ``seq`` tokens, or one token after as many."""
    name = row["name"]
    length, sequences = whole(row, "seq", name), whole(row, "batch", name)
    prefill = row["phase"] == "prefill"
    tokens = (length if prefill else 1) * sequences
    matrices = float(matrix_flops_per_token(architecture) * tokens)
    everything = matrices + tokens * score_flops(architecture, length, prefill=prefill)
    columns = ("linear_flops", "routed_expert_flops")
    linear = sum(number(row, column, name) or 0.0 for column in columns)
    head = 2.0 * architecture.lm_head.weights * tokens
    tied = head if architecture.tied_embeddings else 0.0
    estimate = number(row, "linear_flops_est", name) or 0.0
    absorbed = number(row, "mla_absorbed_total", name)
    corrected = number(row, "corrected_total", name)
    candidates = [
        (matrices, linear, "weight matrices"),
        (matrices, estimate, "weight matrices"),
        (matrices - tied, estimate, "weight matrices but for the shared head"),
        (everything, absorbed, "all, latent attention absorbed"),
        (everything, corrected, "all, corrected"),
        (everything, number(row, "total_flops", name), "all"),
    ]
    for ours, expected, what in candidates:
        if expected and abs(ours / expected - 1) <= TOLERANCE:
            return Comparison(_title(row), "matched", what, ours, expected, subject=SUBJECT)
    measured = linear or estimate
    if not measured:
        return Comparison(_title(row), "uncounted", "not measured", matrices, subject=SUBJECT)
    reason = f"{matrices:.4g} in weight matrices, expected {measured:.4g}"
    return Comparison(_title(row), "differing", reason, matrices, measured, subject=SUBJECT)


def score_flops(architecture: Architecture, length: int, *, prefill: bool) -> float:
    """Scores and weighted values per new token by the table's convention: every query sees all
    ``length`` keys in prefill, and the window or all cached keys and itself in decode."""
    return sum(
        count * _core_flops(core, length, prefill=prefill)
        for block, count in architecture.blocks()
        for core in block.cores
    )


def _core_flops(core: Core, length: int, *, prefill: bool) -> float:
    if not isinstance(core, AttentionCore | LatentCore):
        return 0.0
    keys = float(length if prefill else length + 1)
    if not prefill and core.window is not None:
        keys = min(keys, core.window)
    if isinstance(core, AttentionCore):
        pair = core.query_heads * (core.key_dim + core.value_dim)
        return 2.0 * (pair + core.index_heads * core.index_dim) * keys
    index = 2.0 * core.index_heads * core.index_dim * keys if core.owns_index else 0.0
    if prefill and core.expanded:
        pair = core.heads * (core.nope_dim + core.rope_dim + core.value_dim)
    else:
        pair = core.heads * (2 * core.latent_dim + core.rope_dim)
    return (2.0 * pair * keys + index) / core.tokens_per_entry
