"""The requests and objectives that options describe."""

from __future__ import annotations

import argparse
from dataclasses import replace

from engine.cli.scenario.given import count_given, ratio_given, whole_given
from engine.plan.metrics.table import LIMITED, USED
from engine.scenario import (
    LEAST_BURSTINESS,
    LEAST_PER_SECOND,
    MOST_BURSTINESS,
    MOST_IMAGES,
    MOST_PER_SECOND,
    MOST_SPREAD,
    MOST_THINK_SECONDS,
    Client,
    ClientKind,
    FirstToken,
    Lengths,
    Mode,
    Objectives,
    Text,
    Workload,
)
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.units import parse_per_second, parse_resolution


def workload_given(arguments: argparse.Namespace, start: Workload) -> Workload:
    """What requests are like; what is not given stays as in ``start``, raises `InputError`."""
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
        input_tokens=count_given(arguments.isl, "isl", start.input_tokens),
        output_tokens=count_given(arguments.osl, "osl", start.output_tokens),
        lengths=Lengths.CHOSEN if arguments.isl or arguments.osl else start.lengths,
        mode=mode,
        text=Text(arguments.text) if arguments.text else start.text,
        image_width=width,
        image_height=height,
        sequence_tokens=count_given(arguments.isl, "isl", start.sequence_tokens),
        images=whole_given(load.get("images"), "images", start.images, 0, MOST_IMAGES),
        cached=ratio_given(arguments.cached, "cached", start.cached, 0, 1),
        rate=start.rate
        if load.get("rate") is None
        else parse_per_second(load["rate"], "--rate", LEAST_PER_SECOND, MOST_PER_SECOND),
        burstiness=ratio_given(
            load.get("burstiness"),
            "burstiness",
            start.burstiness,
            LEAST_BURSTINESS,
            MOST_BURSTINESS,
        ),
        input_spread=ratio_given(
            load.get("isl_spread"), "isl-spread", start.input_spread, 0, MOST_SPREAD
        ),
        output_spread=ratio_given(
            load.get("osl_spread"), "osl-spread", start.output_spread, 0, MOST_SPREAD
        ),
        shared_prefix_tokens=count_given(
            load.get("shared_prefix"), "shared-prefix", start.shared_prefix_tokens
        ),
        turns=count_given(load.get("turns"), "turns", start.turns),
        think_seconds=ratio_given(
            load.get("think"), "think", start.think_seconds, 0, MOST_THINK_SECONDS
        ),
        utilisation=ratio_given(arguments.utilisation, "utilisation", start.utilisation, 0.01, 1),
        client=_client(arguments, start.client),
    )


def _client(arguments: argparse.Namespace, start: Client) -> Client:
    return Client(
        kind=ClientKind(arguments.client) if arguments.client else start.kind,
        waves=count_given(arguments.waves, "waves", start.waves),
        spread=ratio_given(arguments.spread, "spread", start.spread, 0, MOST_SPREAD),
        first_token=FirstToken(arguments.first_token)
        if arguments.first_token
        else start.first_token,
    )


def objectives_given(arguments: argparse.Namespace, start: Objectives) -> Objectives:
    """The limits: those of a named profile, or else none where any is given. How much of the
    largest rate may be used is apart: it neither ends other limits nor ends with them."""
    given = {metric.id: getattr(arguments, limit.keyword) for metric, limit in LIMITED}
    used = start.utilised_percent
    if arguments.slo:
        from engine.plan.face.objective_profiles import load_objectives

        start = replace(load_objectives(arguments.slo), utilised_percent=used)
    elif any(text is not None for name, text in given.items() if name != USED.id):
        start = Objectives(utilised_percent=used)
    limits = {
        metric.id: metric.parse(given[metric.id], f"--{limit.option}")
        for metric, limit in LIMITED
        if given[metric.id] is not None
    }
    return replace(start, **limits)
