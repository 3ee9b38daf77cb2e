"""``rooftop validate`` of large deployments: rates of pools and TPOT."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from engine.cli.validation.told import print_validated, refused_rows
from engine.evidence.measured.pool_predict import PoolPrediction, pools_csv, predict_pools
from engine.evidence.measured.pool_rows import METRICS, PoolRow, read_pool_rows
from engine.sources.files import write_text
from engine.words.messages import say

HEADER = ["id", "metric", "published", "predicted", "error"]


def validate_pools(
    arguments: argparse.Namespace, source: Path, configs: Path | None, out: Path | None
) -> int:
    """Predict the rows of ``source`` and print the error of each figure."""
    rows = read_pool_rows(source)
    predictions = predict_pools(rows, configs)
    if out is not None:
        write_text(out, pools_csv(rows, predictions))
    refused = refused_rows(rows, predictions)
    predicted = len(rows) - len(refused)
    head = say("pools: {predicted} of {rows} rows predicted", predicted=predicted, rows=len(rows))
    found = [
        entry for row, one in zip(rows, predictions, strict=True) for entry in _entries(row, one)
    ]
    lines = [
        [
            str(entry["id"]),
            str(entry["metric"]),
            f"{entry['published']:,.4g}",
            f"{entry['predicted']:,.4g}",
            f"{entry['error']:+.1%}",
        ]
        for entry in found
    ]
    table = [[say(name) for name in HEADER], *lines]
    print_validated(head, refused, {"figures": found}, table, arguments.json)
    return 0


def _entries(row: PoolRow, one: PoolPrediction) -> list[dict[str, object]]:
    return [
        {
            "id": row.id,
            "metric": metric,
            "published": row.measured[metric],
            "predicted": one.values[metric],
            "error": one.values[metric] / row.measured[metric] - 1.0,
        }
        for metric in METRICS
        if metric in one.values
        and not math.isnan(row.measured[metric])
        and row.measured[metric] > 0
    ]
