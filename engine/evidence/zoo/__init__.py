"""Compare a folder of configs with tables of independent counts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from engine.evidence.zoo.parameters import compare_folder
from engine.evidence.zoo.tables import VERDICTS, Comparison, Verdict

__all__ = ["VERDICTS", "Comparison", "Verdict", "compare_folder", "compare_others"]


def compare_others(folder: Path, oracle: Path) -> Iterator[Comparison]:
    """Compare with the further tables that lie beside the parameter table ``oracle``: caches,
    FLOPs, checkpoint sizes, vision models. Raises `InputError` when one of them cannot be read."""
    from engine.evidence.zoo.cache import compare_caches
    from engine.evidence.zoo.checkpoints import compare_checkpoints
    from engine.evidence.zoo.flops import compare_flops
    from engine.evidence.zoo.vision import compare_vision

    for name, compare in (
        ("oracle_kv.csv", compare_caches),
        ("oracle_flops.csv", compare_flops),
        ("oracle_checkpoints.csv", compare_checkpoints),
    ):
        table = oracle.with_name(name)
        if table.is_file() and table != oracle:
            yield from compare(folder, table)
    vision = oracle.with_name("oracle_cv.csv")
    if vision.is_file() and vision != oracle:
        yield from compare_vision(vision)
