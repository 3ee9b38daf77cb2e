"""Measured runs beside what is predicted of them, for `verify` and `validate`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from engine.evidence.calibration.run import USUAL_SPREAD, Run
from engine.plan.verification import Bench, Expected, expectations
from engine.plan.why.culprit import culprit
from engine.scenario import FirstToken, Lengths, Scenario
from engine.words.cells import left
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.quantities import duration, rate
from engine.words.text import clean
from engine.work.arrangement import Arrangement

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


@dataclass(frozen=True, slots=True)
class Asked:
    """What runs are compared with: a deployment, in the precision of that label."""

    scenario: Scenario
    arrangement: Arrangement
    label: str


def compare(asked: Asked, run: Run) -> list[Compared]:
    """Every metric that the run measured; raises `InputError`. What lies outside its range has an
    explanation."""
    bench = bench_of(run, at_rate=asked.scenario.workload.rate > 0)
    measured = {
        "ttft_ms": run.ttft_ms,
        "tpot_ms": run.tpot_ms,
        "tps_per_chip": run.output_rate / asked.arrangement.chips,
    }
    expected = [
        one
        for one in expectations(asked.scenario, asked.arrangement, asked.label, bench)
        if math.isfinite(measured[one.metric]) and math.isfinite(one.value)
    ]
    return [_compared(asked, run, bench, one, measured[one.metric]) for one in expected]


def _compared(
    asked: Asked, run: Run, bench: Bench, expected: Expected, measured: float
) -> Compared:
    why = ""
    if measured not in expected:
        named = (asked.scenario, asked.arrangement, asked.label)
        why = culprit(*named, bench, expected, measured)
    return Compared(run.name, bench.concurrency, measured, expected, why)


def bench_of(run: Run, *, at_rate: bool = False) -> Bench:
    """What the client of a run did; one that kept a rate is taken as so many in flight, unless it
    is asked for ``at_rate``."""
    slots = max(run.concurrency, 1.0)
    waves = 10 if math.isnan(run.requests) else max(round(run.requests / slots), 1)
    statistic = FirstToken.MEDIAN if run.ttft_is_median else FirstToken.MEAN
    # Of a result that does not say, equal lengths have a mean in whole tokens.
    equal = run.spread == USUAL_SPREAD and run.output_tokens == round(run.output_tokens)
    spread = 0.0 if equal else run.spread
    rate = run.rate if at_rate else 0.0
    return Bench(slots, spread, waves, run.cached, statistic, not run.opens_at_once, rate)


def with_prompts(run: Run, scenario: Scenario) -> Run:
    """A run whose summary leaves out how long its prompts were, with those of the scenario; raises
    `InputError` where nobody said."""
    if not math.isnan(run.input_tokens):
        return run
    if scenario.workload.lengths is Lengths.DEFAULT:
        raise InputError(say("{run}: says nothing of prompt lengths, expected --isl", run=run.name))
    return replace(run, input_tokens=float(scenario.workload.input_tokens))


def lines(found: Sequence[Compared]) -> Iterator[str]:
    """One line a metric under the name of each run, and how many lie inside."""
    last = ""
    for one in found:
        if one.run != last:
            yield say(
                "{run}: {concurrency:.4g} in flight",
                run=clean(one.run),
                concurrency=one.concurrency,
            )
            last = one.run
        expected = one.expected
        shown = rate if expected.metric == "tps_per_chip" else duration
        told = say(
            "predicted {value} ({low} to {high})  {verdict}",
            value=shown(expected.value),
            low=shown(expected.low),
            high=shown(expected.high),
            verdict=say("inside") if one.inside else say("OUTSIDE"),
        )
        label = left(say(_LABELS[expected.metric]), 11)
        yield f"  {label}{shown(one.measured):>10}  {told}"
        if one.explanation:
            yield f"    {one.explanation}"
    outside = sum(not one.inside for one in found)
    yield say(
        "{found} of {found_2} figures inside their ranges",
        found=len(found) - outside,
        found_2=len(found),
    )


def error_lines(found: Sequence[Compared]) -> Iterator[str]:
    """The median and mean error of each metric."""
    for metric, label in _LABELS.items():
        errors = sorted(
            one.expected.value / one.measured - 1.0
            for one in found
            if one.expected.metric == metric and one.measured > 0
        )
        if errors:
            sizes = sorted(abs(one) for one in errors)
            yield (
                say(
                    "{label}: median error {sizes:.1%}, mean {sizes_2:.1%}, bias "
                    "{errors:+.1%}, {errors_2} runs",
                    label=label,
                    sizes=sizes[len(sizes) // 2],
                    sizes_2=sum(sizes) / len(sizes),
                    errors=sum(errors) / len(errors),
                    errors_2=len(errors),
                )
            )
