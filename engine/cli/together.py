"""Which constants explain several runs together: one if it is enough, else the two that do it best,
as far as the runs can tell them apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations

from engine.cli.compared import Asked, Compared
from engine.cli.paces import paces
from engine.evidence.calibration.constants import causes
from engine.evidence.calibration.fit import Calibration, Fitted, explained
from engine.evidence.calibration.run import Run
from engine.evidence.calibration.run_checks import MINIMUM_RUNS
from engine.evidence.calibration.with_drafts import with_drafts
from engine.plan.prepared import prepare_on
from engine.serve.system import System
from engine.words.errors import InputError
from engine.words.messages import say
from engine.work.arrangement import Aggregated

_ENOUGH = 2.0
"""What one more constant has to take off the misfit to be named (Akaike's information criterion);
fits that are no further apart explain the runs equally well."""


def together(asked: Asked, runs: Sequence[Run], found: Sequence[Compared]) -> str:
    """A sentence about all runs, of which ``found`` are the figures; runs of pools, of loads at a
    rate, and of more draft tokens than were planned are not fitted, but compared in two ways."""
    scenario = asked.scenario
    fitting = isinstance(asked.arrangement, Aggregated) and not scenario.workload.rate
    fitting = fitting and all(run.accepted <= scenario.draft_tokens + 1 for run in runs)
    loads = {round(run.rate or run.concurrency, 2) for run in runs if run.tpot_ms > 0}
    if len(loads) < MINIMUM_RUNS:
        return say(
            "Which constants explain them together is not identifiable from runs at {loads}; "
            "{least} different ones would tell",
            loads=say("{count} load", count=len(loads))
            if len(loads) == 1
            else say("{count} loads", count=len(loads)),
            least=MINIMUM_RUNS,
        )
    if not fitting:
        accepted = [run.accepted for run in runs]
        return paces(asked, found, sum(accepted) / len(accepted))
    prepared = prepare_on(scenario, asked.arrangement)
    labels = [one.label for one in prepared.precisions]
    site = prepared.systems[labels.index(asked.label) if asked.label in labels else 0]
    # What a run kept of its drafts is measured: constants explain what is left.
    kept = replace(scenario, acceptance=None, kept=())
    fits = list(_fits(site, [with_drafts(run, kept, site) for run in runs]))
    if not fits:
        return say(
            "No two constants explain the runs together: they contradict the model or each other"
        )
    chosen = min(fits, key=lambda one: one.misfit + _ENOUGH * len(one.constants))
    if unsure := [one.constant.label for one in chosen.constants if not one.identified]:
        return say(
            "{names} would explain them best, but {unsure} is not identifiable from these runs",
            names=_names(chosen),
            unsure=say(" and ").join(unsure),
        )
    rivals = [one for one in fits if one is not chosen and _as_good(one, chosen)]
    if rivals:
        others = "; ".join(_names(one) for one in rivals[:2])
        return say(
            "{names} would explain them together, and so would {others}: which is not "
            "identifiable from these runs",
            names=_names(chosen),
            others=others,
        )
    told = say(" and ").join(_said(one) for one in chosen.constants)
    left = ", ".join(
        f"{label} {after:.1%}"
        for label, after in zip(("TTFT", "TPOT"), chosen.after, strict=True)
        if after == after
    )
    return say(
        "Together: {told} would explain them; median error then {left}", told=told, left=left
    )


def _as_good(one: Calibration, chosen: Calibration) -> bool:
    """Whether another fit of as many constants explains the runs as well."""
    same = len(one.constants) == len(chosen.constants)
    return same and one.misfit - chosen.misfit < _ENOUGH


def _names(fit: Calibration) -> str:
    return say(" and ").join(one.constant.label for one in fit.constants)


def _fits(site: System, runs: Sequence[Run]) -> Iterator[Calibration]:
    """Fits of every constant alone and of every two; none where the runs cannot be explained."""
    for count in (1, 2):
        for few in combinations(causes(site, runs), count):
            try:
                yield explained(site, runs, few)
            except InputError:
                continue


def _said(one: Fitted) -> str:
    unit = one.constant.unit
    now, before = one.value, one.constant.base
    return say(
        "{name} of {now} instead of {before}",
        name=one.constant.label,
        now=f"{now:,.0f} {unit}" if unit else f"{now:.0%}",
        before=f"{before:,.0f}" if unit else f"{before:.0%}",
    )
