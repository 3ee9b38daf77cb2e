"""The answer in words: the best plan, what binds it, and why the others lost."""

from __future__ import annotations

import math

import numpy as np

from engine.plan.drafting import drafts_told
from engine.plan.fleet.fewest import sure_replicas
from engine.plan.kept import certainty_percent, missed_for_certainty, never_compared
from engine.plan.kinds import plan_kind
from engine.plan.lengths import lengths_note
from engine.plan.lost import lacking_memory, why_lost
from engine.plan.metrics.table import BY_ID, LARGEST_RATE, NO_MEMORY, TOO_LONG, TOO_MANY, UNSTABLE
from engine.plan.money.notes import price_note
from engine.plan.prepared import Prepared
from engine.plan.ranking import RANKED_BY, WORTH, has_knee
from engine.plan.results import Sweep, Table
from engine.plan.tables import batch_table
from engine.scenario import EVEN_CERTAINTY, EVERY_PERCENT, Best, Scenario
from engine.serve.asked import longest_tokens
from engine.serve.images import with_images
from engine.words.messages import retold, say
from engine.words.quantities import per_second, replicas_words


def answer(prepared: Prepared, scenario: Scenario, sweep: Sweep) -> str:
    """One sentence: the winner with its numbers and what binds; or what comes nearest."""
    if sweep.best is not None:
        sentence = _winning(prepared, scenario, sweep.table, sweep.best)
    elif sweep.nearest is None:
        sentence = say("Nothing to choose from: no layout was tried.")
    else:
        sentence = _losing(prepared, scenario, sweep.table, sweep.nearest)
    system = prepared.systems[0]
    told = (
        lengths_note(scenario, system),
        drafts_told(scenario, system),
        _certainty_note(scenario, sweep),
        price_note(prepared, scenario),
    )
    notes = [retold(note) for note in (*told, *prepared.notes) if note]
    return say(" ").join((sentence, *(say("{note}.", note=note) for note in notes)))


def _certainty_note(scenario: Scenario, found: Sweep) -> str:
    """How certainly the winner keeps its limits, where that was asked for."""
    table, row, limits = found.table, found.best, scenario.objectives
    if scenario.certainty <= EVEN_CERTAINTY or row is None:
        return ""
    certain = float(certainty_percent(table, limits, np.array([row]))[0])
    if np.isnan(certain):
        return ""
    unknown = never_compared(table, limits, row)
    apart = (
        say(" ({unknown} taken at its word: never compared)", unknown=", ".join(unknown))
        if unknown
        else ""
    )
    return say(
        "Each limit is kept with {certain:.0f} % certainty or more{apart}",
        certain=certain,
        apart=apart,
    )


def _winning(prepared: Prepared, scenario: Scenario, table: Table, row: int) -> str:
    subject = plan_kind(prepared).subject(prepared, scenario, table, row)
    figures = _figures(prepared, scenario, table, row)
    pool = table.binding_pool(row).label
    slower = say("; the {pool} pool is the slower one", pool=say(pool)) if pool else ""
    return say(
        "Serve {subject}: {figures}{least}{sure}; {what_binds}{slower}.",
        subject=subject,
        figures=figures,
        sure=_to_be_sure(prepared, scenario, table, row) if table.at_rate else "",
        least=_ranked_by(prepared, scenario, table, row),
        what_binds=_what_binds(prepared, scenario, table, row),
        slower=slower,
    )


def _ranked_by(prepared: Prepared, scenario: Scenario, table: Table, row: int) -> str:
    """What outputs cost or the energy that they take, where plans are ranked by it and neither its
    limit nor the sentence of a rate has said it."""
    id = RANKED_BY.get(scenario.best)
    if id is None or BY_ID[id].limit_in(scenario.objectives) is not None:
        return ""
    if table.at_rate and scenario.best is Best.COST:
        return ""
    name = say(plan_kind(prepared).heading(prepared, BY_ID[id]))
    return say("; {name} {value}, the least", name=name, value=f"{table.value(row, id):.3g}")


def _to_be_sure(prepared: Prepared, scenario: Scenario, table: Table, row: int) -> str:
    """How many replicas nine of ten such predictions would carry the rate with."""
    sure = sure_replicas(prepared, scenario, table, row)
    if sure is None:
        return ""
    return say("; {replicas} to be 90 % sure", replicas=replicas_words(sure))


def _figures(prepared: Prepared, scenario: Scenario, table: Table, row: int) -> str:
    kind, accuracy = plan_kind(prepared), table.accuracy(row)
    return kind.figures(prepared, table, row, scenario.objectives, accuracy)


def _what_binds(prepared: Prepared, scenario: Scenario, table: Table, row: int) -> str:
    """What the next larger batch of the same arrangement would miss, or one replica fewer."""
    if table.at_rate:
        return fewer_replicas(prepared, scenario, table, row)
    if scenario.fixed_batch is not None:
        return say("the batch is the one asked for")
    batch = int(table.batch[row]) + 1
    if scenario.max_batch is not None and batch > scenario.max_batch:
        return say("the batch limit of {max_batch} binds", max_batch=scenario.max_batch)
    following, place = _next_batch(prepared, scenario, table, row)
    verdict = following.verdict(place)
    if verdict is NO_MEMORY:
        lacking = lacking_memory(following, place)
        return say(
            "memory binds, batch {batch} lacks {lacking} per chip", batch=batch, lacking=lacking
        )
    if verdict is TOO_MANY:
        most = prepared.framework.scheduler.max_sequences
        return say(
            "the scheduler binds, it admits {most:,} sequences per rank (--max-sequences)",
            most=most,
        )
    if verdict.metric is None:
        more = (
            say("at most {WORTH:.0%} more", WORTH=WORTH)
            if has_knee(table, scenario)
            else say("no more")
        )
        return say(
            "no limit binds, a larger batch brings {more} per chip", more=more.replace("%", " %")
        )
    value = following.value(place, verdict.metric.id)
    limit = verdict.metric.limit_in(scenario.objectives)
    assert limit is not None
    if missed_for_certainty(following, scenario.objectives, place):
        return say(
            "{verdict} binds, batch {batch} {less_certain}",
            verdict=say(verdict.name),
            batch=batch,
            less_certain=_less_certain(following, scenario, place),
        )
    needed = verdict.metric.beyond(value, limit)
    return say(
        "{verdict} binds, batch {batch} would need {needed}",
        verdict=say(verdict.name),
        batch=batch,
        needed=needed,
    )


def _less_certain(table: Table, scenario: Scenario, row: int) -> str:
    certain = float(certainty_percent(table, scenario.objectives, np.array([row]))[0])
    return say("would keep it with {certain:.1f} % certainty", certain=certain)


def fewer_replicas(prepared: Prepared, scenario: Scenario, table: Table, row: int) -> str:
    """What one replica fewer would miss, or where the rate ends that is carried."""
    most = per_second(table.value(row, LARGEST_RATE.id))
    fewer = table.arrangement(row).with_fewer_replicas()[:-1]
    if not fewer:
        return say("stable up to {most} requests/s", most=most)
    tried = batch_table(prepared, scenario, fewer[-1], table.precision(row), np.array([1]))
    verdict = tried.verdict(0)
    replicas = replicas_words(fewer[-1].replicas)
    if verdict is UNSTABLE:
        carried = per_second(tried.value(0, LARGEST_RATE.id))
        return say(
            "the rate binds, {replicas} would carry {carried} requests/s",
            replicas=replicas,
            carried=carried,
        )
    if verdict.metric is None:
        return say("stable up to {most} requests/s", most=most)
    limit = verdict.metric.limit_in(scenario.objectives)
    assert limit is not None
    if missed_for_certainty(tried, scenario.objectives, 0):
        return say(
            "{verdict} binds, {replicas} {less_certain}",
            verdict=say(verdict.name),
            replicas=replicas,
            less_certain=_less_certain(tried, scenario, 0),
        )
    needed = verdict.metric.beyond(tried.value(0, verdict.metric.id), limit)
    return say(
        "{verdict} binds, {replicas} would need {needed}",
        verdict=say(verdict.name),
        replicas=replicas,
        needed=needed,
    )


def _next_batch(
    prepared: Prepared, scenario: Scenario, table: Table, row: int
) -> tuple[Table, int]:
    """A table and the row in it that has one sequence more than ``row``."""
    batch = int(table.batch[row]) + 1
    after = row + 1
    if (
        after < len(table)
        and table.batch[after] == batch
        and table.arrangement_index[after] == table.arrangement_index[row]
        and table.precision_index[after] == table.precision_index[row]
    ):
        return table, after
    arrangement, precision = table.arrangement(row), table.precision(row)
    return batch_table(prepared, scenario, arrangement, precision, np.array([batch])), 0


def _chips_to_carry(scenario: Scenario, table: Table, row: int) -> int:
    """The fewest chips on which a row's arrangement, as often as needed, carries the rate."""
    most = scenario.objectives.utilised_percent
    carried = table.value(row, LARGEST_RATE.id) * most / EVERY_PERCENT
    rate = scenario.workload.rate
    return table.arrangement(row).chips * math.ceil(rate / carried)


def _losing(prepared: Prepared, scenario: Scenario, table: Table, row: int) -> str:
    subject = plan_kind(prepared).subject(prepared, scenario, table, row)
    lost = why_lost(table, row, scenario.objectives)
    if table.verdict(row) is TOO_LONG:
        asked = longest_tokens(with_images(scenario.workload, prepared.model.architecture)[0])
        most = prepared.systems[0].max_context
        prompt = scenario.workload.input_tokens + most - asked
        return say(
            "Nothing can be served: requests of {asked:,} tokens are longer "
            "than the {most:,} that {model} takes{shorter}; --max-context {asked_2} takes them "
            "all the same.",
            asked=asked,
            most=most,
            model=prepared.model.name,
            shorter=say(": prompts of at most {prompt:,} fit (--isl)", prompt=prompt)
            if prompt > 0
            else "",
            asked_2=asked,
        )
    if table.verdict(row) is UNSTABLE:
        rate = per_second(scenario.workload.rate)
        return say(
            "Nothing carries {rate} requests/s: nearest is {subject}, which {lost}; "
            "it takes {chips:,} chips or more (--chips auto).",
            rate=rate,
            subject=subject,
            lost=lost,
            chips=_chips_to_carry(scenario, table, row),
        )
    if not table.fits[row]:
        return say("Nothing fits: nearest is {subject}, which {lost}.", subject=subject, lost=lost)
    figures = _figures(prepared, scenario, table, row)
    return say(
        "Nothing meets the objectives: nearest is {subject} ({figures}); {lost}.",
        subject=subject,
        figures=figures,
        lost=lost,
    )
