"""Which constant would explain a measured figure that lies outside its range."""

from __future__ import annotations

from engine.plan.prepared import prepare_on
from engine.plan.verification import Bench, Expected
from engine.plan.why.explain import explain
from engine.plan.why.explanation import Explanation, OperatorTime
from engine.scenario import Scenario
from engine.words.messages import say
from engine.words.quantities import duration
from engine.work.arrangement import Arrangement

FAR = 4.0
"""A constant that would have to change by more than this factor is no explanation."""


def culprit(
    asked: Scenario,
    arrangement: Arrangement,
    label: str,
    bench: Bench,
    expected: Expected,
    measured: float,
) -> str:
    """One constant that would explain ``measured`` where all else is as predicted: of the engine
    if that is enough, else of the kernels that take longest. Empty for throughput, which follows
    from the latencies."""
    if expected.metric == "tps_per_chip":
        return ""
    scenario = bench.of(asked)
    prepared = prepare_on(scenario, arrangement)
    labels = [one.label for one in prepared.precisions]
    place = labels.index(label) if label in labels else 0
    size = bench.concurrency / arrangement.replicas
    made = explain(prepared, scenario, arrangement, prepared.precisions[place], size)
    excess = (measured - expected.value) * 1e-3
    costs = prepared.framework.costs
    if expected.metric == "ttft_ms":
        name, now, phase = "request_us", costs.request_seconds, "prefill"
    else:
        name, now, phase = "step_us", costs.step_seconds, "decode"
    needed = now + excess
    if now > 0 and now / FAR <= needed <= now * FAR:
        return say(
            "{name} of {needed:,.0f} instead of {now:,.0f} would explain it",
            name=name,
            needed=needed * 1e6,
            now=now * 1e6,
        )
    longest = _longest(made, phase)
    if longest is None:
        return ""
    factor = measured / expected.value
    return say(
        "{phase} passes that take {factor:.2f} of what was predicted would "
        "explain it; most is {longest} ({bound}), {seconds} of a pass",
        phase=phase,
        factor=factor,
        longest=longest.name,
        bound=longest.bound_by,
        seconds=duration(longest.seconds * 1e3),
    )


def _longest(made: Explanation, phase: str) -> OperatorTime | None:
    operators = [one for one in made.operators if one.phase == phase] or [*made.operators]
    return max(operators, key=lambda one: one.seconds, default=None)
