"""Plans of models that generate tokens: names, launch, what is known of their error."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.model.precision import Precision
from engine.plan.metrics.metric import Metric
from engine.plan.metrics.table import BY_ID, USED, statistics_of
from engine.plan.money.words import limited_money
from engine.plan.names.benchmark import FtlName, TpsName
from engine.plan.names.model_names import model_and_size
from engine.plan.prepared import Prepared
from engine.plan.ranges.accuracy import Accuracy
from engine.plan.results import Table
from engine.scenario import EVERY_PERCENT, NameKind, Objectives, Scenario
from engine.words.messages import say
from engine.words.quantities import (
    batch_words,
    dollars,
    duration_within,
    per_second,
    rate_within,
    replicas_words,
)
from engine.work.arrangement import Aggregated, Arrangement, Disaggregated

if TYPE_CHECKING:
    from engine.plan.launch.process import Launch
    from engine.plan.nudges.nudge import Nudge


_COST = BY_ID["usd_per_million_output"]


class TokenPlans:
    """See `engine.plan.kinds.PlanKind`."""

    rearranges = True
    lengths: tuple[str, ...] = ("input_tokens", "output_tokens")
    distinguishing: tuple[str, ...] = ("batch", "layout", "precision", "kv")

    def engine(self, prepared: Prepared, scenario: Scenario) -> str:
        """Every engine serves models of tokens."""
        return scenario.framework

    def heading(self, prepared: Prepared, metric: Metric) -> str:
        """The metric's own label."""
        return metric.label

    def subject(self, prepared: Prepared, scenario: Scenario, table: Table, row: int) -> str:
        """``Qwen3-32B on 8 × H100 as TP8 W8A8, batch 64``; with pools of unlike chips or precisions
        both. Of requests at a rate ``12 requests/s of Qwen3-32B on 3 replicas (24 × H100 as TP8
        W8A8)``: what is in flight is a figure then."""
        arrangement, precision = table.arrangement(row), table.precision(row)
        chips, formats = f"{arrangement.chips} × {prepared.chip.name}", precision.name
        prefill = prepared.system(precision).prefilling
        if isinstance(arrangement, Disaggregated):
            if prefill.chip.id != prepared.chip.id:
                counts = arrangement.prefill.chips, arrangement.decode.chips
                chips = f"{counts[0]} × {prefill.chip.name} + {counts[1]} × {prepared.chip.name}"
            if prefill.precision != precision:
                formats = f"{prefill.precision.name} | {formats}"
        rate = scenario.workload.rate
        served = say("{rate} requests/s of ", rate=per_second(rate)) if rate else ""
        if table.at_rate and isinstance(arrangement, Aggregated):
            return say(
                "{served}{model} on {replicas} ({chips} as {layout} {formats})",
                served=served,
                model=prepared.model.name,
                replicas=replicas_words(arrangement.replicas),
                chips=chips,
                layout=arrangement.layout_name,
                formats=formats,
            )
        return say(
            "{served}{model} on {chips} as {arrangement} {formats}, {batch_words}",
            served=served,
            model=prepared.model.name,
            chips=chips,
            arrangement=arrangement.name,
            formats=formats,
            batch_words=batch_words(int(table.batch[row]), arrangement.replicas),
        )

    def figures(
        self,
        prepared: Prepared,
        table: Table,
        row: int,
        objectives: Objectives,
        accuracy: Accuracy,
    ) -> str:
        """``244 ± 34 tok/s/chip at TTFT 1.2 ± 0.3 of 2 s, TPOT 49.9 ± 7 of 50 ms``; end to end
        where it has a limit, and prompts per second where an answer is one token. At a rate, which
        makes the throughput what it is, that comes last."""
        rated = table.rated
        times = [BY_ID["ttft_ms"], *([] if table.one_token else [BY_ID["tpot_ms"]])]
        times += [BY_ID["e2e_ms"]] if objectives.e2e_ms is not None else []
        times = [*_limited_times(times, objectives)]
        told = (
            f"{say(one.short)} {duration_within(value, accuracy.share(one.range), limit)}"
            for one in times
            for value, limit in [(table.value(row, one.id), one.limit_in(objectives))]
        )
        speed = rate_within(table.value(row, rated.id), accuracy.share(rated.range))
        limited = limited_money(table, row, objectives, lambda one: say(one.short))
        load = _of_the_load(table, row, objectives)
        if table.at_rate and isinstance(arrangement := table.arrangement(row), Aggregated):
            priced = _COST.id in table.metrics
            cost = [_cost(table, row, objectives)] if priced else []
            return say(
                "{words}; {speed} {rated}, {batch_words}",
                words=say(", ").join(
                    [*told, *load, *cost, *(word for one, word in limited if one is not _COST)]
                ),
                speed=speed,
                rated=say(rated.short),
                batch_words=batch_words(int(table.batch[row]), arrangement.replicas),
            )
        words = [*told, *(word for _, word in limited), *load]
        return say(
            "{speed} {rated} at {words}",
            speed=speed,
            rated=say(rated.short),
            words=say(", ").join(words),
        )

    def names(
        self, prepared: Prepared, scenario: Scenario, precision: Precision, batch: int
    ) -> list[str]:
        """Its TPS and FTL names; first the one that the scenario was given by, where an answer of
        one token has both."""
        weights, activations = round(precision.weights.bits), round(precision.activations.bits)
        total = prepared.architecture.total_parameters
        model, size = model_and_size(prepared.model.name, total)
        inputs, outputs = scenario.workload.input_tokens, scenario.workload.output_tokens
        number = scenario.benchmark_number
        tps = TpsName(number, model, size, inputs, outputs, weights, activations, batch)
        ftl = FtlName(number, model, size, inputs, weights, activations, batch)
        first = scenario.benchmark_kind is NameKind.FIRST_TOKEN and outputs == 1
        return [str(ftl), str(tps)] if first else [str(tps), str(ftl)]

    def launch(
        self,
        prepared: Prepared,
        scenario: Scenario,
        arrangement: Arrangement,
        precision: Precision,
        batch: int,
        version: str,
        apart: bool,
    ) -> Launch:
        """Its processes by the engine's launch table or template."""
        from engine.hardware.launch_table import LaunchTable, LaunchTemplate
        from engine.plan.launch.table import TabledLaunch
        from engine.plan.launch.template import token_template
        from engine.plan.launch.version import launched_version, refuse_version

        chosen = (arrangement, precision, batch)
        match prepared.framework.launch:
            case LaunchTemplate(text):
                return token_template(prepared, scenario, text, *chosen)
            case LaunchTable() as table:
                refuse_version(table, prepared.framework.name, version)
                version, notes = launched_version(prepared, scenario, table, version)
                launch = TabledLaunch(prepared, scenario, *chosen, version, apart).launch()
                return replace(launch, remarks=(*launch.remarks, *notes))

    def precision_nudges(self, scenario: Scenario, prepared: Prepared) -> Iterator[Nudge]:
        """Other formats of the cache, and of the weights with what goes with them."""
        from engine.plan.nudges.tokens import precision_nudges

        return precision_nudges(scenario, prepared)

    def nudges(self, scenario: Scenario, prepared: Prepared) -> Iterator[Nudge]:
        """Lengths, limits on layouts, balance of experts, drafts."""
        from engine.plan.nudges.tokens import knob_nudges

        return knob_nudges(scenario, prepared)


def _limited_times(times: Sequence[Metric], objectives: Objectives) -> Iterator[Metric]:
    """Each latency by the statistics that have a limit; by its mean where none has."""
    every = [*times, BY_ID["e2e_ms"]] if BY_ID["e2e_ms"] not in times else times
    for one in every:
        limited = [other for other in statistics_of(one) if other.limit_in(objectives) is not None]
        yield from limited or ([one] if one in times else [])


def _of_the_load(table: Table, row: int, objectives: Objectives) -> Iterator[str]:
    """Shares of the requests that keep every limit, and of the largest rate, where known."""
    if objectives.goodput_percent is not None:
        kept = table.value(row, "goodput_percent")
        yield say(
            "goodput {kept:.1f} of {goodput_percent:g} %",
            kept=kept,
            goodput_percent=objectives.goodput_percent,
        )
    if USED.id in table.metrics:
        used, most = table.value(row, USED.id), objectives.utilised_percent
        if most >= EVERY_PERCENT:
            yield say("{value:.0f} % utilised", value=used)
        else:
            yield say("{value:.0f} of {most:g} % utilised", value=used, most=most)


def _cost(table: Table, row: int, objectives: Objectives) -> str:
    """What a million output tokens cost, and may: of so many chips at so many requests it has no
    range."""
    limit = _COST.limit_in(objectives)
    cost = dollars(table.value(row, _COST.id))
    if limit is None:
        return say("{dollars} per million output tokens", dollars=cost)
    return say("{dollars} of {limit:g} per million output tokens", dollars=cost, limit=limit)
