"""``rooftop verify``: measured runs against what a plan said they would show."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass

from engine.cli import FOUND, NOTHING_MEETS
from engine.evidence.calibration.results import USUAL_SPREAD, Run, read_measured
from engine.plan.culprit import culprit
from engine.plan.plan_file import PlanFile, load_plan
from engine.plan.verification import Bench, Expected, expectations
from engine.scenario import FirstToken
from engine.sources.files import user_path
from engine.words.errors import InputError
from engine.words.quantities import duration, rate
from engine.words.text import clean
from engine.work.arrangement import Aggregated
from engine.work.layout import Layout

_LENGTHS_APART = 0.1
"""Share by which mean lengths may differ from the plan's: tokenizers and templates differ."""
_LABELS = {"ttft_ms": "TTFT", "tpot_ms": "TPOT", "tps_per_chip": "tok/s/chip"}


@dataclass(frozen=True, slots=True)
class Compared:
    """One metric of one run, measured and expected."""

    run: str
    concurrency: float
    measured: float
    expected: Expected
    explanation: str

    @property
    def inside(self) -> bool:
        """Whether the measured value lies within the range."""
        return self.measured in self.expected

    def values(self) -> dict[str, object]:
        """As plain values."""
        return {
            "run": self.run,
            "concurrency": self.concurrency,
            "metric": self.expected.metric,
            "measured": self.measured,
            "predicted": self.expected.value,
            "low": self.expected.low,
            "high": self.expected.high,
            "inside": self.inside,
            "explanation": self.explanation,
        }


def run_verify(arguments: argparse.Namespace) -> int:
    """0 where every figure lies within its range, 1 where one does not, 2 for other results."""
    plan = load_plan(user_path(arguments.plan))
    arrangement = plan.choice.arrangement
    layout = arrangement.layout if isinstance(arrangement, Aggregated) else Layout()
    runs = read_measured([user_path(one) for one in arguments.results], layout)
    found = [one for run in runs for one in _compared(plan, run)]
    if not found:
        raise InputError("the results hold none of TTFT, TPOT and output tokens per second")
    if arguments.json:
        print(json.dumps([one.values() for one in found], indent=1))
    else:
        print("\n".join(_lines(found)))
    return FOUND if all(one.inside for one in found) else NOTHING_MEETS


def _compared(plan: PlanFile, run: Run) -> Iterator[Compared]:
    _refuse_other(plan, run)
    arrangement = plan.choice.arrangement
    slots = max(run.concurrency, 1.0)
    waves = 10 if math.isnan(run.requests) else max(round(run.requests / slots), 1)
    statistic = FirstToken.MEDIAN if run.ttft_is_median else FirstToken.MEAN
    # A result that does not say was made by the plan's own lines: with equal lengths.
    spread = 0.0 if run.spread == USUAL_SPREAD else run.spread
    bench = Bench(slots, spread, waves, run.cached, statistic, not run.opens_at_once)
    measured = {
        "ttft_ms": run.ttft_ms,
        "tpot_ms": run.tpot_ms,
        "tps_per_chip": run.output_rate / arrangement.chips,
    }
    for expected in expectations(plan.scenario, arrangement, plan.choice.precision, bench):
        value = measured[expected.metric]
        if math.isfinite(value) and math.isfinite(expected.value):
            why = "" if value in expected else culprit(plan, bench, expected, value)
            yield Compared(run.name, slots, value, expected, why)


def _refuse_other(plan: PlanFile, run: Run) -> None:
    """Raise `InputError` for a run of another model or other lengths."""
    workload, scenario = plan.scenario.workload, plan.scenario
    named = str(plan.document.get("launch", {}).get("model", "")) or scenario.model
    if "/" in run.model and "/" in named and run.model.lower() != named.lower():
        raise InputError(
            f"{run.name}: found a run of {clean(run.model, 80)}, expected {clean(named, 80)}"
        )
    for what, found, expected in (
        ("tokens in", run.input_tokens, workload.input_tokens),
        ("tokens out", run.output_tokens, workload.output_tokens),
    ):
        if abs(found / expected - 1.0) > _LENGTHS_APART:
            raise InputError(
                f"{run.name}: found {found:,.0f} {what} on average, expected the plan's "
                f"{expected:,}"
            )
    drafts = scenario.draft_tokens
    if (run.accepted > 1.0) != (drafts > 0):
        what = f"{drafts} draft tokens" if drafts else "no speculative decoding"
        raise InputError(f"{run.name}: found {run.accepted:g} tokens a step, expected {what}")


def _lines(found: list[Compared]) -> Iterator[str]:
    last = ""
    for one in found:
        if one.run != last:
            yield f"{clean(one.run)}: {one.concurrency:g} in flight"
            last = one.run
        expected = one.expected
        shown = rate if expected.metric == "tps_per_chip" else duration
        verdict = "inside" if one.inside else "OUTSIDE"
        yield (
            f"  {_LABELS[expected.metric]:<11}{shown(one.measured):>10}  predicted "
            f"{shown(expected.value)} ({shown(expected.low)} to {shown(expected.high)})  {verdict}"
        )
        if one.explanation:
            yield f"    {one.explanation}"
    outside = sum(not one.inside for one in found)
    yield f"{len(found) - outside} of {len(found)} figures inside their ranges"
