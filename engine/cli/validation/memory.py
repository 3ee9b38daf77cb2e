"""``rooftop validate`` of start-up logs: what servers printed of their memory."""

from __future__ import annotations

import argparse
from pathlib import Path

from engine.cli.validation.told import print_validated, refused_rows
from engine.evidence.measured.memory_predict import predict_memory
from engine.evidence.measured.memory_report import memory_csv, memory_groups, memory_lines
from engine.evidence.measured.memory_rows import read_memory_rows
from engine.sources.files import write_text
from engine.words.messages import say


def validate_memory(
    arguments: argparse.Namespace, source: Path, configs: Path | None, out: Path | None
) -> int:
    """Predict the rows of ``source`` and print the error by engine and era."""
    rows = read_memory_rows(source)
    predictions = predict_memory(rows, configs)
    if out is not None:
        write_text(out, memory_csv(rows, predictions))
    groups = memory_groups(rows, predictions)
    refused = refused_rows(rows, predictions)
    predicted = len(rows) - len(refused)
    head = say("memory: {predicted} of {rows} rows predicted", predicted=predicted, rows=len(rows))
    found: dict[str, object] = {"groups": [group.as_json() for group in groups]}
    print_validated(head, refused, found, memory_lines(groups), arguments.json)
    return 0
