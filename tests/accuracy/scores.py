"""Errors of predictions in the terms of the targets, and the regret of choosing by them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tests.accuracy.measured import Group

_SHOWN = {
    "serving": ("ttft_ms", "tpot_ms", "output_tps_per_chip"),
    "static": ("ttft_ms", "tpot_ms", "e2el_ms", "output_tps_per_chip"),
    "offline": ("output_tps_per_chip",),
}
_FIELDS = {
    "ttft_ms": "ttft_ms",
    "tpot_ms": "tpot_ms",
    "e2el_ms": "e2e_ms",
    "output_tps_per_chip": "tps_per_chip",
}
TPOT_LIMITS_MS = (20.0, 50.0, 100.0)


def show(title: str, groups: Sequence[Group], found: Sequence[dict[str, np.ndarray]]) -> None:
    """Print median, mean and bias of every kind's metrics, and the regret."""
    parts = []
    for kind, metrics in _SHOWN.items():
        for metric in metrics:
            errors = _errors(kind, metric, groups, found)
            if len(errors):
                size = np.abs(errors)
                parts.append(
                    f"  {kind:8s} {metric:20s} n={len(errors):5d} median {np.median(size):6.1%}"
                    f" mean {np.mean(size):7.1%} bias {np.median(errors):+6.1%}"
                )
    losses = regrets(groups, found)
    if losses:
        parts.append(
            f"  regret over {len(losses)} choices: median {np.median(losses):.1%},"
            f" mean {np.mean(losses):.1%}"
        )
    print("\n".join([title, *parts]), flush=True)


def _errors(
    kind: str, metric: str, groups: Sequence[Group], found: Sequence[dict[str, np.ndarray]]
) -> np.ndarray:
    collected = [np.zeros(0)]
    for group, columns in zip(groups, found, strict=True):
        if group.rows[0].kind == kind:
            measured = np.array([getattr(row, _FIELDS[metric]) for row in group.rows])
            errors = columns[metric] / measured - 1.0
            collected.append(errors[np.isfinite(errors)])
    return np.concatenate(collected)


def regrets(groups: Sequence[Group], found: Sequence[dict[str, np.ndarray]]) -> list[float]:
    """Loss of throughput per chip by choosing the best row by prediction under a TPOT limit,
    among rows of one model, chip, framework, precision and lengths."""
    choices: dict[tuple[object, ...], list[tuple[float, float, float, float]]] = {}
    for group, columns in zip(groups, found, strict=True):
        for place, row in enumerate(group.rows):
            if row.kind != "serving":
                continue
            key = (
                row.model,
                row.chip,
                row.framework,
                row.weights,
                row.cells["isl"],
                row.cells["osl"],
            )
            tps = row.tps_per_chip
            if not np.isfinite(tps):
                tps = 1e3 * row.batch / row.tpot_ms / row.chips
            choices.setdefault(key, []).append(
                (
                    row.tpot_ms,
                    tps,
                    float(columns["tpot_ms"][place]),
                    float(columns["output_tps_per_chip"][place]),
                )
            )
    losses = []
    for rows in choices.values():
        table = np.array(rows)
        table = table[np.all(np.isfinite(table), axis=1)]
        for limit in TPOT_LIMITS_MS:
            fits = table[:, 0] <= limit
            promised = table[:, 2] <= limit
            if len(table) >= 3 and fits.any() and promised.any():
                best = table[fits, 1].max()
                picked = table[promised][np.argmax(table[promised, 3])]
                reached = picked[1] if picked[0] <= limit * 1.1 else 0.0
                losses.append(max(1.0 - reached / best, 0.0))
    return losses


def worst(groups: Sequence[Group], found: Sequence[dict[str, np.ndarray]], count: int = 40) -> None:
    """Print the (model, chip, engine) cases that contribute most to the error of TPOT (of
    throughput where it is all there is)."""
    cases: dict[tuple[str, ...], list[float]] = {}
    for group, columns in zip(groups, found, strict=True):
        row = group.rows[0]
        metric = "tpot_ms" if row.kind == "serving" else "output_tps_per_chip"
        measured = np.array([getattr(one, _FIELDS[metric]) for one in group.rows])
        errors = columns[metric] / measured - 1.0
        mode = "disaggregated" if row.prefill else row.kind
        key = (row.model.split("/")[-1], row.chip, group.system.engine.id, mode, row.weights)
        cases.setdefault(key, []).extend(errors[np.isfinite(errors)])
    order = sorted(cases.items(), key=lambda case: -float(np.sum(np.minimum(np.abs(case[1]), 1))))
    for key, errors in order[:count]:
        size = np.abs(errors)
        print(
            f"  {len(errors):4d} median {np.median(size):6.1%} mean {np.mean(size):7.1%}"
            f" bias {np.median(errors):+6.1%}  {' '.join(key)}"
        )
