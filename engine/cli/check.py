"""``rooftop check``: a saved plan worked out again with today's profiles, for pipelines."""

from __future__ import annotations

import argparse
import json

from engine.cli import FOUND, NOTHING_MEETS
from engine.cli.streams import print_verdict
from engine.plan.saved.check import Check, check_plan
from engine.plan.saved.plan_file import load_plan
from engine.sources.files import user_path
from engine.words.messages import say
from engine.words.text import clean
from engine.words.units import parse_ratio


def run_check(arguments: argparse.Namespace) -> int:
    """0 where the plan still meets its objectives and no metric drifted further than allowed."""
    allowed = parse_ratio(arguments.within, "--within", 0, 10)
    found = check_plan(load_plan(user_path(arguments.plan)))
    good = found.meets and found.largest_drift <= allowed
    if arguments.json:
        print_verdict(json.dumps({**found.values(), "within": allowed, "good": good}, indent=1))
    else:
        print_verdict(_as_text(found, allowed))
    return FOUND if good else NOTHING_MEETS


def _plain(value: float) -> str:
    """Four digits or all whole ones, never an exponent that nobody reads."""
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:,.4g}"


def _as_text(found: Check, allowed: float) -> str:
    lines = [
        f"{one.metric:<18}{_plain(one.before):>12} ->{_plain(one.after):>12}  {one.ratio - 1:+.1%}"
        for one in found.drifts
    ]
    if not found.meets:
        lines.append(say("no longer meets its objectives: {why_not}", why_not=clean(found.why_not)))
    elif found.largest_drift > allowed:
        lines.append(
            say(
                "drifted by {largest_drift:.1%}, more than {allowed:.1%}",
                largest_drift=found.largest_drift,
                allowed=allowed,
            )
        )
    else:
        lines.append(
            say(
                "still meets its objectives; drifted by {largest_drift:.1%} at most",
                largest_drift=found.largest_drift,
            )
        )
    return "\n".join(lines)
