"""``rooftop validate`` and ``rooftop accuracy``: error against measured results."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from engine.cli.streams import tell
from engine.cli.validation.memory import validate_memory
from engine.cli.validation.pools import validate_pools
from engine.cli.validation.ranges import row_ranges
from engine.cli.validation.runs import validate_runs
from engine.evidence.calibration.results import is_result_file
from engine.evidence.measured import memory_rows, pool_rows
from engine.evidence.measured.kind_rows import first_kind
from engine.evidence.measured.measurement import Measurement
from engine.evidence.measured.memory_report import memory_lines
from engine.evidence.measured.predict import Predictions, predict_rows
from engine.evidence.measured.reader import read_measurements
from engine.evidence.measured.record import PUBLISHED, read_memory_record, read_record
from engine.evidence.measured.regret import Regret, regrets
from engine.evidence.measured.report import (
    FINER_GROUPS,
    Group,
    coverage,
    groups,
    refusals,
    refuse_other_table,
    write_predictions,
)
from engine.evidence.measured.table import as_text, choice_words, group_lines, record_lines
from engine.sources.files import user_path
from engine.words.cells import left, right
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean

BAR_WIDTH = 30
REASONS_SHOWN = 20


def run_validate(arguments: argparse.Namespace) -> int:
    """Predict the rows of a file and print the error by group."""
    source, out = user_path(arguments.file), user_path(arguments.csv) if arguments.csv else None
    if out is not None and os.path.realpath(out) == os.path.realpath(source):
        raise InputError(
            say("--csv {csv}: is the measured file, expected another", csv=clean(arguments.csv))
        )
    if out is not None:
        refuse_other_table(out)
    if is_result_file(source):
        return validate_runs(arguments, source)
    configs = _configs(arguments.configs)
    kind = first_kind(source)
    if kind == memory_rows.KIND:
        return validate_memory(arguments, source, configs, out)
    if kind == pool_rows.KIND:
        return validate_pools(arguments, source, configs, out)
    rows = read_measurements(source)
    predictions = predict_rows(rows, configs, _progress_bar())
    if out is not None:
        write_predictions(out, rows, predictions, row_ranges(rows, predictions, configs))
    if arguments.json:
        print(json.dumps(_as_json(rows, predictions), indent=1))
    else:
        print(_as_text(rows, predictions))
    return 0


def run_accuracy(arguments: argparse.Namespace) -> int:
    """Print the recorded error on all published results, and that of now on the rows which this
    repository holds; with ``--full`` only the error on that file's rows."""
    path = user_path(arguments.full) if arguments.full else PUBLISHED
    rows = read_measurements(path)
    predictions = predict_rows(rows, _configs(arguments.configs), _progress_bar())
    made = [group for group in groups(rows, predictions) if group.by == "kind"]
    record = None if arguments.full else read_record()
    if arguments.json:
        document: dict[str, object] = {"groups": [group.as_json() for group in made]}
        if record is not None:
            document["recorded"] = asdict(record)
            document["memory"] = asdict(read_memory_record())
        print(json.dumps(document, indent=1))
        return 0
    if record is not None:
        print(
            say(
                "{rows:,} published results, recorded {date}; held out: predicted by\n"
                "constants fitted without the row's model on its chip",
                rows=record.rows,
                date=record.date,
            )
        )
        print(f"\n{as_text(record_lines(record))}\n")
        print(f"{choice_words(record)}\n")
        memory = read_memory_record()
        print(
            say(
                "What {rows} servers printed of their memory as they started or died:\n",
                rows=memory.rows,
            )
        )
        print(f"{as_text(memory_lines(memory.groups))}\n")
        print(say("The {rows:,} of them that come with rooftop, predicted now:\n", rows=len(rows)))
    print(as_text(group_lines(made)))
    return 0


def _configs(folder: str | None) -> Path | None:
    if not folder:
        return None
    path = user_path(folder)
    if not os.path.isdir(path):
        raise InputError(
            say(
                "--configs {folder}: no such folder, expected one with <org>__<name>/config.json",
                folder=clean(folder),
            )
        )
    return path


def _progress_bar() -> Callable[[int, int], None] | None:
    """A bar on stderr, only where a person watches."""
    if sys.stderr is None or not sys.stderr.isatty():
        return None

    def show(done: int, total: int) -> None:
        filled = BAR_WIDTH * done // max(total, 1)
        bar = "█" * filled + "░" * (BAR_WIDTH - filled)
        end = "\n" if done >= total else ""
        tell(say("\r{bar} {done:,}/{total:,} rows", bar=bar, done=done, total=total), end)

    return show


def _as_json(rows: Sequence[Measurement], predictions: Predictions) -> dict[str, object]:
    """``groups`` has one entry per kind and metric; finer groups stand in lists of their own."""
    made = groups(rows, predictions)
    finer = {
        f"by_{by}": [group.as_json() for group in made if group.by == by] for by in FINER_GROUPS
    }
    return {
        "groups": [group.as_json() for group in made if group.by == "kind"],
        **finer,
        "coverage": [
            {"kind": kind, "rows": total, "covered": covered}
            for kind, (total, covered) in sorted(coverage(rows, predictions).items())
        ],
        "refusals": [{"reason": reason, "rows": count} for reason, count in refusals(predictions)],
        "regret": [regret.as_json() for regret in regrets(rows, predictions)],
    }


def _as_text(rows: Sequence[Measurement], predictions: Predictions) -> str:
    lines = []
    for kind, (total, covered) in sorted(coverage(rows, predictions).items()):
        share = covered / total
        lines.append(
            say(
                "{kind}: {covered:,} of {total:,} rows predicted ({share:.1%})",
                kind=say(kind),
                covered=covered,
                total=total,
                share=share,
            )
        )
    reasons = refusals(predictions)
    lines += [
        say("  refused {count:,}: {reason}", count=count, reason=say(reason))
        for reason, count in reasons[:REASONS_SHOWN]
    ]
    if len(reasons) > REASONS_SHOWN:
        rest = sum(count for _, count in reasons[REASONS_SHOWN:])
        lines.append(
            say("  refused {rest:,} for other reasons (--csv names each row's)", rest=rest)
        )
    section = ""
    for group in groups(rows, predictions):
        if group.by != section:
            section = group.by
            lines += ["", _header(section)]
        lines.append(_line(group))
    chosen = regrets(rows, predictions)
    if any(regret.groups for regret in chosen):
        lines += ["", *map(_regret_line, chosen)]
    return "\n".join(lines)


def _regret_line(regret: Regret) -> str:
    limit = regret.tpot_limit_ms
    if regret.median is None or regret.mean is None or regret.missed is None:
        return say(
            "choosing by prediction under TPOT {limit:g} ms: no group of rows has a choice",
            limit=limit,
        )
    return say(
        "choosing by prediction under TPOT {limit:g} ms: {median:.1%} of tokens/s/chip lost in the "
        "median, {mean:.1%} in the mean, over {groups} groups; {missed:.0%} of the choices miss "
        "the limit",
        limit=limit,
        median=regret.median,
        mean=regret.mean,
        groups=regret.groups,
        missed=regret.missed,
    )


def _header(by: str) -> str:
    first = (
        left(say("by {what}", what=say(by)), 24),
        left(say("kind"), 9),
        left(say("metric"), 21),
    )
    figures = (("rows", 6), ("covered", 9), ("median", 9), ("mean", 9), ("bias", 9))
    rest = (right(say(head), width) for head, width in figures)
    return f"{''.join((*first, *rest))}{'±20 %':>8}"


def _line(group: Group) -> str:
    start = (
        f"{group.value[:23]:<24}{left(say(group.kind), 9)}{left(say(group.metric), 21)}"
        f"{group.rows:>6}{group.covered:>9}"
    )
    if group.mape is None or group.median_ape is None or group.bias is None:
        return start
    return (
        f"{start}{group.median_ape:>9.1%}{group.mape:>9.1%}{group.bias:>+9.1%}"
        f"{group.within_20 or 0.0:>8.0%}"
    )
