"""The Scenario that options describe."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.cli.scenario.drafts import drafts_given
from engine.cli.scenario.given import (
    count_given,
    degrees_given,
    edit_given,
    format_given,
    name_given,
    ratio_given,
    whole_given,
)
from engine.cli.scenario.settings import settings_given
from engine.cli.scenario.workload import objectives_given, workload_given
from engine.plan.pool_choice import agreed
from engine.scenario import (
    EVEN_CERTAINTY,
    MOST_CERTAINTY,
    ArrangementKind,
    Best,
    ChipCount,
    LayoutLimits,
    PoolChoice,
    Scenario,
    Task,
)
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean
from engine.words.units import parse_instances, parse_percent

if TYPE_CHECKING:
    from engine.model.config import LoadedModel


AUTO = "auto"
"""So many chips as a rate takes."""


def scenario_from(arguments: argparse.Namespace, base: Scenario | None = None) -> Scenario:
    """The scenario that the options describe on top of ``base``; raises `InputError`.

    Objectives that are not given have no limit, unless none at all is given and there is no
    command to run: then the base's stay.
    """
    chip = _chip(arguments)
    start = base or Scenario()
    if chip:
        start = replace(start, chip=name_given(chip, "chip", start.chip))
    start, model = _about(arguments, start)
    if model and model != start.model:
        start = start.of_model(model)
    return _agreeing(arguments, _made(arguments, start, model, chip))


def _made(
    arguments: argparse.Namespace, start: Scenario, model: str | None, chip: str | None
) -> Scenario:
    """What each option says, or ``start`` where it is not given."""
    return Scenario(
        model=name_given(model, "model", start.model),
        edits=start.edits + tuple(edit_given(text) for text in arguments.set),
        chip=start.chip if chip is None else name_given(chip, "chip", start.chip),
        chips=count_given(
            None if arguments.chips == AUTO else arguments.chips, "chips", start.chips
        ),
        framework=name_given(arguments.framework, "framework", start.framework),
        settings=settings_given(arguments, start.settings),
        weights=format_given(arguments.weights) or start.weights,
        activations=format_given(arguments.activations) or start.activations,
        kv=format_given(arguments.kv) or start.kv,
        precisions=start.precisions
        + tuple(one.strip() for text in arguments.precision for one in text.split(",")),
        workload=workload_given(arguments, start.workload),
        objectives=objectives_given(arguments, start.objectives),
        limits=_limits(arguments, start.limits),
        arrangement=ArrangementKind(arguments.arrangement)
        if arguments.arrangement
        else start.arrangement,
        pools=_pools(arguments, start.pools),
        max_batch=count_given(arguments.max_batch, "max-batch", 0) or start.max_batch,
        fixed_batch=start.fixed_batch,
        benchmark_kind=start.benchmark_kind,
        best=Best(arguments.best) if arguments.best else start.best,
        certainty=start.certainty
        if arguments.certainty is None
        else parse_percent(arguments.certainty, "--certainty", EVEN_CERTAINTY, MOST_CERTAINTY),
        counting=_counting(arguments, start.counting),
        prices=_prices(arguments.prices, start.prices),
        benchmark_number=whole_given(arguments.number, "number", start.benchmark_number, 0, 999),
        load_imbalance=ratio_given(
            arguments.load_imbalance, "load-imbalance", start.load_imbalance, 0.5, 1000
        ),
        instances=parse_instances(arguments.instances, "--instances")
        if arguments.instances
        else start.instances,
        draft=name_given(arguments.draft, "draft", start.draft),
        **drafts_given(arguments, start),
        task=Task(arguments.task) if arguments.task else start.task,
        assume=arguments.assume or start.assume,
        revision=arguments.revision or start.revision,
    )


def _agreeing(arguments: argparse.Namespace, made: Scenario) -> Scenario:
    """The scenario whose chips are those of its pools, unless others were asked for."""
    agreeing = agreed(made)
    if arguments.chips and agreeing.chips != made.chips:
        raise InputError(
            say(
                "--chips {chips}: found pools of {chips_2} chips, expected as many",
                chips=made.chips,
                chips_2=agreeing.chips,
            )
        )
    return agreeing


def _chip(arguments: argparse.Namespace) -> str | None:
    """The chip, or that of the decode pool."""
    if arguments.chip and arguments.decode_chip:
        raise InputError(say("--chip and --decode-chip: found both, expected one of them"))
    chip: str | None = arguments.decode_chip or arguments.chip
    return chip


def _limits(arguments: argparse.Namespace, start: LayoutLimits) -> LayoutLimits:
    return LayoutLimits(
        tensor=degrees_given(arguments.tp, "tp", start.tensor),
        pipeline=degrees_given(arguments.pp, "pp", start.pipeline),
        expert=degrees_given(arguments.ep, "ep", start.expert),
        attention_data=degrees_given(arguments.dp, "dp", start.attention_data),
    )


def _about(arguments: argparse.Namespace, start: Scenario) -> tuple[Scenario, str | None]:
    """The scenario of the benchmark name that was given first, or the model that was."""
    subject, model = getattr(arguments, "subject", None), arguments.model
    if not subject:
        return start, model
    from engine.plan.names.parse import is_benchmark_name

    if is_benchmark_name(subject):
        from engine.plan.names.named_scenario import named_scenario

        return named_scenario(subject, start), model
    if model and model != subject:
        raise InputError(
            say(
                "{subject} and --model {model}: found two models, expected one",
                subject=clean(subject, 60),
                model=clean(model, 60),
            )
        )
    return start, subject


def _pools(arguments: argparse.Namespace, start: PoolChoice) -> PoolChoice:
    return PoolChoice(
        prefill=start.prefill if arguments.prefill is None else arguments.prefill.strip(),
        decode=start.decode if arguments.decode is None else arguments.decode.strip(),
        prefill_chip=name_given(arguments.prefill_chip, "prefill-chip", start.prefill_chip),
        prefill_chips=count_given(arguments.prefill_chips, "prefill-chips", start.prefill_chips),
        decode_chips=count_given(arguments.decode_chips, "decode-chips", start.decode_chips),
        prefill_precision=arguments.prefill_precision or start.prefill_precision,
    )


def _counting(arguments: argparse.Namespace, otherwise: ChipCount) -> ChipCount:
    if arguments.chips is None:
        return otherwise
    if arguments.chips != AUTO:
        return ChipCount.GIVEN
    return ChipCount.NODES if getattr(arguments, "whole_nodes", False) else ChipCount.ENOUGH


def _prices(text: str | None, otherwise: str) -> str:
    return otherwise if text is None else text.strip()


def idle_options(arguments: argparse.Namespace, model: LoadedModel) -> str:
    """A note on the options that say nothing about ``model``; empty without any."""
    from engine.plan.face.keywords import KEYWORDS, idle, no_effect

    # One rank is what models without layouts run on anyway.
    given = [name for name in KEYWORDS if getattr(arguments, name, None) not in (None, "1", [])]
    options = [f"--{name.replace('_', '-')}" for name in idle(given, model.kind)]
    if not options:
        return ""
    note = no_effect(options, model.kind)
    if _LAYOUTS.isdisjoint(options) or not _is_a_decoder(model):
        return note
    advice = say("--task generate --osl 1 plans the same layers divided between chips")
    return f"{note}; {advice}"


_LAYOUTS = frozenset({"--tp", "--pp", "--ep", "--dp"})


def _is_a_decoder(model: LoadedModel) -> bool:
    """Whether what is planned in one pass has the layers of a generator (Qwen3-Embedding)."""
    from engine.model.dialects.index import reader_for

    stated = model.config.get("model_type")
    return isinstance(stated, str) and reader_for(stated) is not None
