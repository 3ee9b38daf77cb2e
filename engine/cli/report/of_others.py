"""Reports of what is compared: ways side by side, and two plans."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.cli.report.document import Bars, Grid, Report, Section, Sentences
from engine.cli.report.of_plan import sources, why_lines
from engine.cli.tables import number
from engine.plan.alternatives import Alternative
from engine.plan.metrics.table import BY_ID
from engine.plan.saved.diff import Difference
from engine.plan.why.explain import explain
from engine.words.messages import say

_EXPLAINED = 6


def alternatives_report(
    found: Sequence[Alternative], grid: Sequence[Sequence[str]], heading: str
) -> Report:
    """Ways side by side, best first, as their ``grid`` of cells tells them."""
    heading = say(heading)
    best = next((one for one in found if one.meets), None)
    said = say("Nothing meets the objectives.")
    if best is not None and best.table is not None:
        said = say(
            "Most {metric} within the objectives: {best}.",
            metric=say(best.table.rated.short),
            best=best.label,
        )
    bars = []
    unit = ""
    for one in found:
        if one.table is not None and math.isfinite(one.throughput):
            unit = say(one.table.rated.label)
            bars.append((one.label, *one.figure(one.table.rated), one.meets))
    ranges = dict.fromkeys(line for one in found for line in _sources(one))
    notes = dict.fromkeys(f"{one.label}: {note}" for one in found for note in one.notes)
    figures = range(1, len(grid[0]) - 2) if grid else ()
    return Report(
        f"{_model(found)}: {heading}",
        said,
        (
            Section(
                say("Throughput within the objectives, with ranges"), Bars(heading, unit, bars)
            ),
            Section(say("Side by side"), Grid(grid, tuple(figures))),
            *(_why(one) for one in found[:_EXPLAINED] if one.table is not None),
            Section(say("Ranges and sources"), Sentences([*ranges])),
            Section(say("Notes"), Sentences([*notes])),
        ),
    )


def _model(found: Sequence[Alternative]) -> str:
    for one in found:
        if one.prepared is not None:
            return one.prepared.model.name
    return found[0].scenario.model if found else ""


def _why(one: Alternative) -> Section:
    prepared, table = one.prepared, one.table
    assert prepared is not None and table is not None
    chosen = (table.arrangement(0), table.precision(0), int(table.batch[0]))
    made = explain(prepared, one.scenario, *chosen)
    return Section(say("Why {label}", label=one.label), Sentences(why_lines(made)))


def _sources(one: Alternative) -> Iterator[str]:
    if one.prepared is None or one.table is None:
        return
    for section in sources(one.prepared, one.scenario, one.table, 0):
        assert isinstance(section.body, Sentences)
        yield from section.body.lines


def difference_report(
    names: tuple[str, str], documents: Sequence[Mapping[str, Any]], found: Sequence[Difference]
) -> Report:
    """Two plans: their answers, their metrics side by side, and the keys that differ."""
    before, after = (one.get("choice", {}).get("metrics", {}) for one in documents)
    rows = [[say("metric"), *names, say("change")]]
    for name in [*before, *(name for name in after if name not in before)]:
        one, other = before.get(name), after.get(name)
        label = say(BY_ID[name].label) if name in BY_ID else name
        cells = [_metric(name, one), _metric(name, other)]
        rows.append([label, *cells, _change(one, other)])
    keys = [[say("key"), *names]]
    keys += [
        [one.key, _cell(one.before), _cell(one.after)]
        for one in found
        if not one.key.startswith(("verify.", "choice.metrics.", "launch.processes", "answer"))
    ]
    ranges = [
        f"{name}: {one.get('accuracy', {}).get('basis', '')}"
        for name, one in zip(names, documents, strict=True)
        if one.get("accuracy")
    ]
    rated = [
        (name, _rated(one), None, bool(one.get("choice", {}).get("meets_objectives")))
        for name, one in zip(names, documents, strict=True)
    ]
    answers = [
        f"{name}: {one['answer']}"
        for name, one in zip(names, documents, strict=True)
        if one.get("answer")
    ]
    known = [one for one in rated if one[1] > 0]
    return Report(
        say("{first} and {second}", first=names[0], second=names[1]),
        say("{keys} keys differ.", keys=len(found)) if found else say("The plans agree."),
        (
            Section(say("Answers"), Sentences(answers)),
            Section(
                say("Throughput per chip"), Bars(say("plans"), say("per second and chip"), known)
            ),
            Section(say("Figures"), Grid(rows, (1, 2, 3))),
            Section(say("What differs"), Grid(keys)),
            Section(say("Ranges"), Sentences(ranges)),
        ),
    )


def _rated(document: Mapping[str, Any]) -> float:
    metrics = document.get("choice", {}).get("metrics", {})
    for name in ("tps_per_chip", "fps_per_chip"):
        if isinstance(metrics.get(name), int | float):
            return float(metrics[name])
    return 0.0


def _metric(name: str, value: object) -> str:
    if name in BY_ID and isinstance(value, int | float):
        return number(BY_ID[name].unit, float(value))
    return _cell(value)


def _cell(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return f"{value:,.6g}" if isinstance(value, float) else str(value)


def _change(one: object, other: object) -> str:
    ratio = Difference("", one, other).ratio
    return "" if ratio is None else f"{100 * (ratio - 1):+.1f} %"
