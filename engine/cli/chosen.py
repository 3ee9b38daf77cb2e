"""The Scenario that options describe."""

from __future__ import annotations

import argparse
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.plan.metrics.table import LIMITED
from engine.plan.pool_choice import agreed
from engine.scenario import (
    EVEN_CERTAINTY,
    LEAST_BURSTINESS,
    LEAST_PER_SECOND,
    MOST_BURSTINESS,
    MOST_CERTAINTY,
    MOST_HOST_GIB,
    MOST_IMAGES,
    MOST_PER_SECOND,
    MOST_RANK_WAIT,
    MOST_SPREAD,
    MOST_THINK_SECONDS,
    ArrangementKind,
    Best,
    Client,
    ClientKind,
    DraftTokens,
    FirstToken,
    LayoutLimits,
    Lengths,
    Mode,
    Objectives,
    PoolChoice,
    Scenario,
    Settings,
    Task,
    Text,
    Workload,
)
from engine.sources.files import user_path
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean
from engine.words.units import (
    LARGEST_COUNT,
    MOST_POSITIONS,
    parse_count,
    parse_instances,
    parse_kept,
    parse_per_second,
    parse_percent,
    parse_ratio,
    parse_resolution,
    parse_whole,
)

if TYPE_CHECKING:
    from engine.model.config import LoadedModel


AUTO = "auto"
"""So many chips as a rate takes."""


_FORMATS_BY_BITS = {"32": "fp32", "16": "bf16", "8": "fp8", "6": "fp6", "4": "int4", "3": "int3"}


def _format(text: str | None) -> str:
    return "" if text is None else _FORMATS_BY_BITS.get(text, text)


def scenario_from(arguments: argparse.Namespace, base: Scenario | None = None) -> Scenario:
    """The scenario that the options describe on top of ``base``; raises `InputError`.

    Objectives that are not given have no limit, unless none at all is given and there is no
    command to run: then the base's stay.
    """
    start = base or Scenario()
    if arguments.chip and arguments.decode_chip:
        raise InputError(say("--chip and --decode-chip: found both, expected one of them"))
    chip = arguments.decode_chip or arguments.chip
    if chip:
        start = replace(start, chip=_name(chip, "chip", start.chip))
    start, model = _about(arguments, start)
    if model and model != start.model:
        start = start.of_model(model)
    made = Scenario(
        model=_name(model, "model", start.model),
        edits=start.edits + tuple(_edit(text) for text in arguments.set),
        chip=start.chip if chip is None else _name(chip, "chip", start.chip),
        chips=_count(None if arguments.chips == AUTO else arguments.chips, "chips", start.chips),
        framework=_name(arguments.framework, "framework", start.framework),
        settings=_settings(arguments, start.settings),
        weights=_format(arguments.weights) or start.weights,
        activations=_format(arguments.activations) or start.activations,
        kv=_format(arguments.kv) or start.kv,
        precisions=start.precisions
        + tuple(one.strip() for text in arguments.precision for one in text.split(",")),
        workload=_workload(arguments, start.workload),
        objectives=_objectives(arguments, start.objectives),
        limits=LayoutLimits(
            tensor=_degrees(arguments.tp, "tp", start.limits.tensor),
            pipeline=_degrees(arguments.pp, "pp", start.limits.pipeline),
            expert=_degrees(arguments.ep, "ep", start.limits.expert),
            attention_data=_degrees(arguments.dp, "dp", start.limits.attention_data),
        ),
        arrangement=ArrangementKind(arguments.arrangement)
        if arguments.arrangement
        else start.arrangement,
        pools=_pools(arguments, start.pools),
        max_batch=_count(arguments.max_batch, "max-batch", 0) or start.max_batch,
        fixed_batch=start.fixed_batch,
        benchmark_kind=start.benchmark_kind,
        best=Best(arguments.best) if arguments.best else start.best,
        certainty=start.certainty
        if arguments.certainty is None
        else parse_percent(arguments.certainty, "--certainty", EVEN_CERTAINTY, MOST_CERTAINTY),
        prices=_prices(arguments.prices, start.prices),
        benchmark_number=start.benchmark_number
        if arguments.number is None
        else parse_whole(arguments.number, "--number", 0, 999),
        load_imbalance=_ratio(
            arguments.load_imbalance, "load-imbalance", start.load_imbalance, 0.5, 1000
        ),
        instances=parse_instances(arguments.instances, "--instances")
        if arguments.instances
        else start.instances,
        draft=_name(arguments.draft, "draft", start.draft),
        **_drafts(arguments, start),
        **_acceptance(arguments, start),
        task=Task(arguments.task) if arguments.task else start.task,
        assume=arguments.assume or start.assume,
        revision=arguments.revision or start.revision,
    )
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


def _about(arguments: argparse.Namespace, start: Scenario) -> tuple[Scenario, str | None]:
    """The scenario of the benchmark name that was given first, or the model that was."""
    subject, model = getattr(arguments, "subject", None), arguments.model
    if not subject:
        return start, model
    from engine.plan.names.benchmark import is_benchmark_name

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
    def count(text: str | None, what: str, otherwise: int | None) -> int | None:
        return otherwise if text is None else parse_count(text, f"--{what}")

    return PoolChoice(
        prefill=start.prefill if arguments.prefill is None else arguments.prefill.strip(),
        decode=start.decode if arguments.decode is None else arguments.decode.strip(),
        prefill_chip=_name(arguments.prefill_chip, "prefill-chip", start.prefill_chip),
        prefill_chips=count(arguments.prefill_chips, "prefill-chips", start.prefill_chips),
        decode_chips=count(arguments.decode_chips, "decode-chips", start.decode_chips),
        prefill_precision=arguments.prefill_precision or start.prefill_precision,
    )


def _drafts(arguments: argparse.Namespace, start: Scenario) -> dict[str, Any]:
    """How many tokens are drafted: a number, or the best one. A draft without a number drafts as
    many as are best."""
    text = arguments.draft_tokens
    if text is None and not arguments.draft:
        return {"draft_tokens": start.draft_tokens, "drafts": start.drafts}
    if text is None or text.strip().lower() == DraftTokens.BEST.value:
        return {"draft_tokens": start.draft_tokens, "drafts": DraftTokens.BEST}
    tokens = parse_whole(text, "--draft-tokens", 0, 64)
    return {"draft_tokens": tokens, "drafts": DraftTokens.GIVEN}


def _acceptance(arguments: argparse.Namespace, start: Scenario) -> dict[str, Any]:
    """What is kept of drafts: of each token, by position, or as a run's file or log says."""
    text = arguments.acceptance
    if text is None:
        return {"acceptance": start.acceptance, "kept": start.kept}
    path = user_path(text)
    if path.is_file():
        tokens = _drafts(arguments, start)["draft_tokens"]
        return {"acceptance": None, "kept": _measured(path, tokens)}
    if len(re.split(r"[/,;\s]+", text.strip(" /,;"))) > 1:
        return {"acceptance": None, "kept": parse_kept(text, "--acceptance")}
    return {"acceptance": parse_ratio(text, "--acceptance", 0, 1) or None, "kept": ()}


def _measured(path: Path, tokens: int) -> tuple[float, ...]:
    """By position; where only the tokens of a step are known, alike at all."""
    from engine.evidence.calibration.drafted import read_drafted
    from engine.serve.requests import Drafts, even_acceptance

    found = read_drafted(path)
    if found.kept:
        return found.kept[:MOST_POSITIONS]
    if not tokens or found.per_step > tokens + 1:
        raise InputError(
            say(
                "--acceptance {path}: found {per_step:.2f} tokens a step and no shares by "
                "position, expected as many --draft-tokens as the run drafted",
                path=clean(str(path), 80),
                per_step=found.per_step,
            )
        )
    return Drafts.even(tokens, even_acceptance(tokens, found.per_step)).kept


def _name(text: str | None, what: str, otherwise: str) -> str:
    if text is not None and not text.strip():
        raise InputError(say("--{what}: found nothing, expected the name of a {what}", what=what))
    return otherwise if text is None else text.strip()


def _prices(text: str | None, otherwise: str) -> str:
    return otherwise if text is None else text.strip()


def _count(text: str | None, what: str, otherwise: int) -> int:
    return otherwise if text is None else parse_count(text, f"--{what}")


def _ratio(text: str | None, what: str, otherwise: float, low: float, high: float) -> float:
    return otherwise if text is None else parse_ratio(text, f"--{what}", low, high)


def _degrees(text: str | None, what: str, otherwise: tuple[int, ...]) -> tuple[int, ...]:
    if text is None:
        return otherwise
    return tuple(parse_count(part, f"--{what}") for part in text.split(","))


def _edit(text: str) -> tuple[str, object]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise InputError(say("--set: found {text!r}, expected KEY=VALUE", text=clean(text, 60)))
    try:
        return key.strip(), json.loads(value)
    except json.JSONDecodeError:
        return key.strip(), value
    except (ValueError, RecursionError):
        # Python refuses numbers of thousands of digits and nesting of thousands of levels.
        raise InputError(
            say("--set {key}: too long or too deep a value", key=clean(key.strip(), 60))
        ) from None


def _workload(arguments: argparse.Namespace, start: Workload) -> Workload:
    width, height = start.image_width, start.image_height
    load = vars(arguments)
    mode = Mode(arguments.mode) if arguments.mode else start.mode
    if load.get("rate") and mode is Mode.STATIC:
        raise InputError(
            say(
                "--rate: found static batches, at which nothing arrives; expected --mode continuous"
            )
        )
    if arguments.resolution:
        width, height = parse_resolution(arguments.resolution)
    if load.get("image_size"):
        width, height = parse_resolution(load["image_size"])
    return Workload(
        input_tokens=_count(arguments.isl, "isl", start.input_tokens),
        output_tokens=_count(arguments.osl, "osl", start.output_tokens),
        lengths=Lengths.CHOSEN if arguments.isl or arguments.osl else start.lengths,
        mode=mode,
        text=Text(arguments.text) if arguments.text else start.text,
        image_width=width,
        image_height=height,
        sequence_tokens=_count(arguments.isl, "isl", start.sequence_tokens),
        images=start.images
        if load.get("images") is None
        else parse_whole(load["images"], "--images", 0, MOST_IMAGES),
        cached=_ratio(arguments.cached, "cached", start.cached, 0, 1),
        rate=start.rate
        if load.get("rate") is None
        else parse_per_second(load["rate"], "--rate", LEAST_PER_SECOND, MOST_PER_SECOND),
        burstiness=_ratio(
            load.get("burstiness"),
            "burstiness",
            start.burstiness,
            LEAST_BURSTINESS,
            MOST_BURSTINESS,
        ),
        input_spread=_ratio(
            load.get("isl_spread"), "isl-spread", start.input_spread, 0, MOST_SPREAD
        ),
        output_spread=_ratio(
            load.get("osl_spread"), "osl-spread", start.output_spread, 0, MOST_SPREAD
        ),
        shared_prefix_tokens=_count(
            load.get("shared_prefix"), "shared-prefix", start.shared_prefix_tokens
        ),
        turns=_count(load.get("turns"), "turns", start.turns),
        think_seconds=_ratio(
            load.get("think"), "think", start.think_seconds, 0, MOST_THINK_SECONDS
        ),
        utilisation=_ratio(arguments.utilisation, "utilisation", start.utilisation, 0.01, 1),
        client=_client(arguments, start.client),
    )


def _client(arguments: argparse.Namespace, start: Client) -> Client:
    return Client(
        kind=ClientKind(arguments.client) if arguments.client else start.kind,
        waves=_count(arguments.waves, "waves", start.waves),
        spread=_ratio(arguments.spread, "spread", start.spread, 0, MOST_SPREAD),
        first_token=FirstToken(arguments.first_token)
        if arguments.first_token
        else start.first_token,
    )


def _settings(arguments: argparse.Namespace, start: Settings) -> Settings:
    def share(text: str | None, what: str, otherwise: float | None) -> float | None:
        return otherwise if text is None else parse_ratio(text, f"--{what}", 0.01, 1)

    def count(text: str | None, what: str, otherwise: int | None) -> int | None:
        return otherwise if text is None else parse_count(text, f"--{what}")

    caching, overlap = arguments.prefix_caching, arguments.batch_overlap
    return Settings(
        memory_fraction=share(arguments.memory_fraction, "memory-fraction", start.memory_fraction),
        prefill_tokens=count(arguments.prefill_tokens, "prefill-tokens", start.prefill_tokens),
        max_sequences=count(arguments.max_sequences, "max-sequences", start.max_sequences),
        max_context=count(arguments.max_context, "max-context", start.max_context),
        prefix_caching=start.prefix_caching if caching is None else caching == "on",
        redundant_experts=start.redundant_experts
        if arguments.redundant_experts is None
        else parse_whole(arguments.redundant_experts, "--redundant-experts", 0, LARGEST_COUNT),
        batch_overlap=start.batch_overlap if overlap is None else overlap == "on",
        prefill_interval=count(
            arguments.prefill_interval, "prefill-interval", start.prefill_interval
        ),
        rank_wait=start.rank_wait
        if arguments.rank_wait is None
        else parse_whole(arguments.rank_wait, "--rank-wait", 0, MOST_RANK_WAIT),
        host_cache_gib=start.host_cache_gib
        if arguments.host_cache is None
        else parse_ratio(arguments.host_cache, "--host-cache", 0, MOST_HOST_GIB),
        build=_name(arguments.build, "build", start.build),
    )


def _objectives(arguments: argparse.Namespace, start: Objectives) -> Objectives:
    given = {metric.id: getattr(arguments, limit.keyword) for metric, limit in LIMITED}
    if arguments.slo:
        from engine.plan.face.objective_profiles import load_objectives

        start = load_objectives(arguments.slo)
    elif any(text is not None for text in given.values()):
        start = Objectives()
    limits = {
        metric.id: metric.parse(given[metric.id], f"--{limit.option}")
        for metric, limit in LIMITED
        if given[metric.id] is not None
    }
    return replace(start, **limits)


def idle_options(arguments: argparse.Namespace, model: LoadedModel) -> str:
    """A note on the options that say nothing about ``model``; empty without any."""
    from engine.plan.face.keywords import KEYWORDS, idle

    # One rank is what models without layouts run on anyway.
    given = [name for name in KEYWORDS if getattr(arguments, name, None) not in (None, "1", [])]
    options = [f"--{name.replace('_', '-')}" for name in idle(given, model.kind)]
    return f"{', '.join(options)}: no effect on a {model.kind.noun}" if options else ""
