"""A saved plan against today's profiles: what its choice would be now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engine.plan.lost import why_lost
from engine.plan.predicted import predicted
from engine.plan.rows import row_metrics
from engine.plan.saved.plan_file import PlanFile
from engine.serve.call import Batch
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean


@dataclass(frozen=True, slots=True)
class Drift:
    """One metric as it was saved and as it is now."""

    metric: str
    before: float
    after: float

    @property
    def ratio(self) -> float:
        """Now over then; 1 where both are 0."""
        return self.after / self.before if self.before else 1.0 + self.after


@dataclass(frozen=True, slots=True)
class Check:
    """What became of a plan: whether its choice keeps the objectives, and every metric's drift."""

    meets: bool
    why_not: str
    drifts: tuple[Drift, ...]

    @property
    def largest_drift(self) -> float:
        """The largest change of a metric as a share of what it was; none without metrics."""
        return max((abs(one.ratio - 1.0) for one in self.drifts), default=0.0)

    def values(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "meets": self.meets,
            "why_not": self.why_not,
            "largest_drift": round(self.largest_drift, 6),
            "metrics": {
                one.metric: {"before": one.before, "after": one.after} for one in self.drifts
            },
        }


def check_plan(plan: PlanFile) -> Check:
    """Work the choice of a plan out again; raises `InputError` where it cannot be."""
    scenario, choice = plan.scenario, plan.choice
    found = predicted(scenario, choice.arrangement, (Batch(float(choice.batch)),))
    labels = [one.label for one in found.prepared.precisions]
    if choice.precision not in labels:
        raise InputError(
            say(
                "choice.precision: found {precision!r}, expected one of the scenario: {labels}",
                precision=clean(choice.precision, 60),
                labels=", ".join(labels),
            )
        )
    row = labels.index(choice.precision)
    now = row_metrics(found.table, row)
    saved = plan.document["choice"].get("metrics", {})
    drifts = tuple(
        Drift(name, float(before), now[name])
        for name, before in saved.items()
        if name in now and isinstance(before, int | float)
    )
    meets = bool(found.table.meets[row] & found.table.fits[row])
    why = "" if meets else why_lost(found.table, row, scenario.objectives)
    return Check(meets, why, drifts)
