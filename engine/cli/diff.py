"""``rooftop diff``: the keys in which two plans differ."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from engine.cli import FOUND
from engine.cli.report.options import wants_report
from engine.plan.saved.diff import Difference, differences
from engine.plan.saved.plan_file import load_plan
from engine.sources.files import user_path
from engine.words.text import clean


def run_diff(arguments: argparse.Namespace) -> int:
    """Print changed keys only, ``-`` before and ``+`` after; nothing when the plans agree."""
    before, after = (load_plan(user_path(name)).document for name in arguments.plans)
    found = differences(before, after)
    if wants_report(arguments):
        from engine.cli.report.of_others import difference_report
        from engine.cli.report.write import give_report

        first, second = (clean(Path(name).name, 60) for name in arguments.plans)
        give_report(arguments, difference_report((first, second), (before, after), found))
    if arguments.markdown:
        return FOUND
    if arguments.json:
        rows = [{"key": one.key, "before": one.before, "after": one.after} for one in found]
        print(json.dumps(rows, indent=1, ensure_ascii=False))
        return FOUND
    for one in found:
        print("\n".join(_lines(one)))
    return FOUND


def _lines(one: Difference) -> list[str]:
    ratio = one.ratio
    change = f"  ({100 * (ratio - 1):+.1f} %)" if ratio is not None else ""
    lines = [f"{clean(one.key, 200)}{change}"]
    lines += [f"  - {_shown(one.before)}"] if one.before is not None else []
    lines += [f"  + {_shown(one.after)}"] if one.after is not None else []
    return lines


def _shown(value: object) -> str:
    return clean(f"{value:.6g}" if isinstance(value, float) else str(value), 500)
