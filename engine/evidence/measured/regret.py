"""What choosing by prediction costs: measured throughput lost against the best measured choice.

Among the published rows of one model, chip, framework, precision and pair of lengths, the
planner would run the one with the most predicted tokens per second per chip whose predicted
TPOT keeps a limit. Regret is how much less than the best row that keeps the limit that one
delivered, both as measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.evidence.measured.measurement import Measurement
from engine.evidence.measured.predict import Predictions
from engine.words.arrays import FloatArray

TPOT_LIMITS_MS = (20.0, 50.0, 100.0)


@dataclass(frozen=True, slots=True)
class Regret:
    """Losses of all groups under one TPOT limit.

    ``groups`` have a choice: two rows or more, one of which keeps the limit. ``missed`` is the
    share of choices that broke the limit when measured; ``median`` and ``mean`` are of
    ``1 − measured tokens/s of the choice ÷ of the best``, at least 0, and 1 where prediction
    found nothing to run.
    """

    tpot_limit_ms: float
    groups: int
    median: float | None
    mean: float | None
    missed: float | None

    def as_json(self) -> dict[str, Any]:
        """Plain values, rounded."""
        return {
            "tpot_limit_ms": self.tpot_limit_ms,
            "groups": self.groups,
            "median": _rounded(self.median),
            "mean": _rounded(self.mean),
            "missed": _rounded(self.missed),
        }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 5)


def regrets(
    rows: Sequence[Measurement],
    predictions: Predictions,
    limits: Sequence[float] = TPOT_LIMITS_MS,
    error: FloatArray | float = 0.0,
    pools: bool = False,
) -> list[Regret]:
    """One `Regret` per limit, over the serving rows that publish TPOT and throughput; with
    ``error`` choices keep their limits although TPOT (of each row) may be predicted shorter than it
    is by such a share of it, with ``pools`` they are those between deployments of which one is in
    two pools, or more."""
    groups = [
        members
        for members in _groups(rows)
        if not pools or any(rows[place].prefill is not None for place in members)
    ]
    shorter = np.maximum(1.0 - np.broadcast_to(error, len(rows)), 0.0)
    return [_regret(rows, predictions, groups, limit, limit * shorter) for limit in limits]


def _groups(rows: Sequence[Measurement]) -> Iterable[NDArray[np.int64]]:
    places: dict[tuple[object, ...], list[int]] = {}
    for index, row in enumerate(rows):
        if row.kind == "serving" and row.tpot_ms > 0 and row.tps_per_chip > 0:
            key = (
                row.model,
                row.chip,
                row.framework,
                row.weights,
                row.cells.get("isl"),
                row.cells.get("osl"),
            )
            places.setdefault(key, []).append(index)
    return (np.array(members) for members in places.values() if len(members) > 1)


def _regret(
    rows: Sequence[Measurement],
    predictions: Predictions,
    groups: Sequence[NDArray[np.int64]],
    limit: float,
    promised: FloatArray,
) -> Regret:
    """Choices whose predicted TPOT is at most ``promised`` of each row, judged by ``limit``."""
    losses, missed = [], []
    for members in groups:
        tpot = np.array([rows[place].tpot_ms for place in members])
        throughput = np.array([rows[place].tps_per_chip for place in members])
        best = np.max(throughput[tpot <= limit], initial=0.0)
        if best <= 0:
            continue
        choice = _choice(
            predictions.values["tpot_ms"][members],
            predictions.values["output_tps_per_chip"][members],
            promised[members],
        )
        losses.append(1.0 if choice is None else max(1.0 - throughput[choice] / best, 0.0))
        missed.append(choice is not None and bool(tpot[choice] > limit))
    if not losses:
        return Regret(limit, 0, None, None, None)
    return Regret(
        limit,
        len(losses),
        float(np.median(losses)),
        float(np.mean(losses)),
        float(np.mean(missed)),
    )


def _choice(tpot: FloatArray, throughput: FloatArray, limit: FloatArray) -> int | None:
    """Which row prediction would run; None where it finds none that keeps the limit."""
    eligible = np.where((tpot <= limit) & ~np.isnan(throughput), throughput, -np.inf)
    place = int(np.argmax(eligible))
    return place if eligible[place] > -np.inf else None
