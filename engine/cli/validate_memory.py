"""``rooftop validate`` of start-up logs: what servers printed of their memory."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from engine.evidence.measured.memory_predict import predict_memory
from engine.evidence.measured.memory_report import memory_csv, memory_groups, memory_lines
from engine.evidence.measured.memory_rows import read_memory_rows
from engine.evidence.measured.table import as_text
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
    refused = [(row.id, one.refused) for row, one in zip(rows, predictions, strict=True)]
    refused = [(id, reason) for id, reason in refused if reason]
    if arguments.json:
        document = {
            "groups": [group.as_json() for group in groups],
            "refusals": [{"id": id, "reason": reason} for id, reason in refused],
        }
        print(json.dumps(document, indent=1, ensure_ascii=False))
        return 0
    predicted = len(rows) - len(refused)
    print(say("memory: {predicted} of {rows} rows predicted", predicted=predicted, rows=len(rows)))
    for id, reason in refused:
        print(say("  refused {id}: {reason}", id=id, reason=say(reason)))
    print(f"\n{as_text(memory_lines(groups))}")
    return 0
