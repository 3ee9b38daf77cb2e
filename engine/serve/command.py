"""A call as the ``rooftop predict`` line that asks the same."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from engine.scenario import Client, Scenario, Settings, Task, Workload
from engine.serve.call import Batch, Call, Concurrency, Rate, Size
from engine.words.text import clean
from engine.words.units import kept_text
from engine.work.arrangement import Aggregated, Arrangement, Disaggregated


def command_line(call: Call) -> str:
    """``rooftop predict --model … --concurrency 64``; what is left out is as by default."""
    words = ["rooftop", "predict"]
    for option, value in _options(call):
        words += [f"--{option}", value]
    line = shlex.join(words)
    # It is shown and pasted: a model's path may hold what a terminal acts upon.
    return clean(line, len(line))


Options = Iterator[tuple[str, str]]


def _options(call: Call) -> Options:
    scenario = call.scenario
    yield "model", scenario.model
    yield "chip", scenario.chip
    yield "chips", str(scenario.chips)
    yield "framework", scenario.framework
    yield from _arrangement(call.arrangement)
    for option, value in (
        ("weights", scenario.weights),
        ("activations", scenario.activations),
        ("kv", scenario.kv),
        ("prefill-chip", scenario.pools.prefill_chip),
        ("prefill-precision", scenario.pools.prefill_precision),
        ("task", "" if scenario.task is Task.AUTO else scenario.task),
        ("assume", scenario.assume),
        ("revision", scenario.revision),
        ("prices", scenario.prices),
    ):
        if value:
            yield option, value
    yield from _numbers(scenario)
    yield from _workload(scenario.workload)
    yield from _settings(scenario.settings)
    rate = scenario.workload.rate
    at_rate = rate and not isinstance(call.size, Rate)
    yield from _size(Rate(rate) if at_rate else call.size)


def _arrangement(arrangement: Arrangement) -> Options:
    if isinstance(arrangement, Disaggregated):
        yield "prefill", arrangement.prefill.spelt
        yield "decode", arrangement.decode.spelt
        return
    yield from _degrees(arrangement)


def _degrees(arrangement: Aggregated) -> Options:
    layout = arrangement.layout
    yield "tp", str(layout.tensor)
    for option, degree in (
        ("pp", layout.pipeline),
        ("ep", layout.expert),
        ("dp", layout.attention_data),
    ):
        if degree > 1:
            yield option, str(degree)


def _numbers(scenario: Scenario) -> Options:
    usual = Scenario()
    if scenario.load_imbalance != usual.load_imbalance:
        yield "load-imbalance", repr(scenario.load_imbalance)
    if scenario.draft:
        yield "draft", scenario.draft
    if scenario.draft_tokens or scenario.draft:
        yield "draft-tokens", str(scenario.draft_tokens)
    if scenario.kept:
        yield "acceptance", kept_text(scenario.kept)
    elif scenario.acceptance is not None:
        yield "acceptance", repr(scenario.acceptance)
    if scenario.instances > 1:
        yield "instances", str(scenario.instances)


def _workload(workload: Workload) -> Options:
    usual = Workload()
    if workload.resolution is not None:
        size = f"{workload.image_width}x{workload.image_height}"
        yield "image-size" if workload.images else "resolution", size
    if workload.images:
        yield "images", str(workload.images)
    if workload.sequence_tokens:
        yield "isl", str(workload.sequence_tokens)
    elif workload.input_tokens != usual.input_tokens:
        yield "isl", str(workload.input_tokens)
    if workload.output_tokens != usual.output_tokens:
        yield "osl", str(workload.output_tokens)
    if workload.mode is not usual.mode:
        yield "mode", workload.mode.value
    if workload.text is not usual.text:
        yield "text", workload.text.value
    for option, value, usually in (
        ("burstiness", workload.burstiness, usual.burstiness),
        ("isl-spread", workload.input_spread, 0.0),
        ("osl-spread", workload.output_spread, 0.0),
        ("cached", workload.cached, 0.0),
        ("shared-prefix", workload.shared_prefix_tokens, 0),
        ("turns", workload.turns, 1),
        ("think", workload.think_seconds, 0.0),
    ):
        if value != usually:
            yield option, repr(value)
    if workload.utilisation != usual.utilisation:
        yield "utilisation", repr(workload.utilisation)
    yield from _client(workload.client)


def _client(client: Client) -> Options:
    usual = Client()
    if client.kind is not usual.kind:
        yield "client", client.kind.value
        yield "waves", str(client.waves)
        yield "spread", repr(client.spread)
    if client.first_token is not usual.first_token:
        yield "first-token", client.first_token.value


def _settings(settings: Settings) -> Options:
    for option, value in (
        ("memory-fraction", settings.memory_fraction),
        ("prefill-tokens", settings.prefill_tokens),
        ("max-sequences", settings.max_sequences),
        ("max-context", settings.max_context),
        ("redundant-experts", settings.redundant_experts),
        ("prefill-interval", settings.prefill_interval),
        ("rank-wait", settings.rank_wait),
        ("batch-wait", settings.batch_wait),
        ("host-cache", settings.host_cache_gib),
        ("reduce-format", settings.reduce_format),
        ("build", settings.build or None),
    ):
        if value is not None:
            yield option, str(value)
    if settings.prefix_caching is not None:
        yield "prefix-caching", "on" if settings.prefix_caching else "off"
    if settings.batch_overlap is not None:
        yield "batch-overlap", "on" if settings.batch_overlap else "off"
    if settings.dp_lm_head is not None:
        yield "dp-lm-head", "on" if settings.dp_lm_head else "off"
    if settings.graphs is not None:
        yield "graphs", "on" if settings.graphs else "off"


def _size(size: Size) -> Options:
    match size:
        case Batch(sequences):
            yield "batch", f"{sequences:g}"
        case Concurrency(requests):
            yield "concurrency", f"{requests:g}"
        case Rate(per_second):
            yield "rate", f"{per_second:g}"
        case _:
            yield "batch", "most"
