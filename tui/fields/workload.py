"""The workload form: what is asked, its limits, and who asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from engine.model.draft import NAMED_METHODS
from engine.model.kinds import ModelCategory
from engine.plan.metrics.metric import Better, Limit, Metric, Unit
from engine.plan.metrics.table import LIMITED, is_first, statistics_of
from engine.scenario import (
    EVEN_CERTAINTY,
    MOST_CERTAINTY,
    Best,
    DraftTokens,
    Lengths,
    Mode,
    Scenario,
    Task,
    Text,
    Workload,
)
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.statistic import Statistic
from engine.words.text import clean
from engine.words.units import (
    kept_text,
    parse_count,
    parse_kept,
    parse_percent,
    parse_ratio,
    parse_resolution,
    parse_whole,
)
from tui.drawing.format import count, limit
from tui.fields.client import CLIENT
from tui.fields.field import (
    LANGUAGE,
    Field,
    grouped,
    power_of_two_step,
    share_step,
    ten_percent_step,
)
from tui.fields.load import LOAD, RATE


def _tokens_field(id: str, label: str, put: Callable[[Workload, int], Workload]) -> Field:
    def change(scenario: Scenario, value: int) -> Scenario:
        return replace(scenario, workload=put(scenario.workload, value))

    return Field(
        id,
        label,
        lambda s: count(getattr(s.workload, id)),
        lambda s, text: change(s, parse_count(text, label)),
        lambda s, way: change(s, power_of_two_step(getattr(s.workload, id), way, 1 << 24)),
        hint="tokens, as 4096 or 4K",
        kinds=LANGUAGE,
    )


_CUSTOMARY_BATCH = 256


def _limit_hint(metric: Metric, *, several: bool) -> str:
    if metric.unit in {Unit.DOLLARS, Unit.JOULES}:
        return "dollars; empty: none" if metric.unit is Unit.DOLLARS else "joules; empty: none"
    if several:
        return "ms or s, as 2s or p99 2s; empty: none"
    return "as 95; empty: none" if metric.better is Better.HIGHER else "ms or s; empty: none"


def _limit_field(metric: Metric, known: Limit) -> Field:
    """Limits on every statistic of a metric, as ``2000``, ``p99 2s`` or ``1s, p99 2s``."""
    unit = " ms" if metric.unit is Unit.MILLISECONDS else ""
    sign = "≤" if metric.better is Better.LOWER else "≥"
    label = f"{metric.short.removesuffix(f' {metric.statistic}')} {sign}{unit}"
    statistics = {one.statistic: one for one in statistics_of(metric)}

    def change(scenario: Scenario, limits: dict[str, float | None]) -> Scenario:
        return replace(scenario, objectives=replace(scenario.objectives, **limits))

    def given(scenario: Scenario) -> dict[Metric, float]:
        found = ((one, one.limit_in(scenario.objectives)) for one in statistics.values())
        return {one: value for one, value in found if value is not None}

    def read(scenario: Scenario) -> str:
        words = (_limit_words(one, value) for one, value in given(scenario).items())
        return ", ".join(words) or limit(None)

    def write(scenario: Scenario, text: str) -> Scenario:
        limits: dict[str, float | None] = {one.id: None for one in statistics.values()}
        if text.strip().lower() not in {"", "none"}:
            for part in text.split(","):
                one, value = _parsed_limit(statistics, part, label)
                limits[one.id] = value
        return change(scenario, limits)

    def step(scenario: Scenario, direction: int) -> Scenario:
        limits = given(scenario)
        if not limits:
            return change(scenario, {metric.id: known.customary})
        return change(
            scenario,
            {one.id: ten_percent_step(value, direction) for one, value in limits.items()},
        )

    return Field(
        metric.id,
        label,
        read,
        write,
        step,
        hint=_limit_hint(metric, several=len(statistics) > 1),
        kinds=tuple(one for one in ModelCategory if one.kind in metric.kinds),
    )


def _set_best(scenario: Scenario, text: str) -> Scenario:
    wanted = [one for one in Best if one.value.startswith(text.strip().lower())]
    if len(wanted) != 1:
        raise InputError(
            say("best: found {text!r}, expected throughput, cost or energy", text=text)
        )
    return replace(scenario, best=wanted[0])


def _set_certainty(scenario: Scenario, text: str) -> Scenario:
    value = parse_percent(text.strip() or "50", "certainty", EVEN_CERTAINTY, MOST_CERTAINTY)
    return replace(scenario, certainty=value)


def _with_certainty(scenario: Scenario, value: float) -> Scenario:
    return replace(scenario, certainty=min(max(value, EVEN_CERTAINTY), MOST_CERTAINTY))


def _following(best: Best, way: int) -> Best:
    every = list(Best)
    return every[(every.index(best) + way) % len(every)]


def _limit_words(metric: Metric, value: float) -> str:
    shown = limit(value)
    return shown if metric.statistic is Statistic.MEAN else f"{metric.statistic} {shown}"


def _parsed_limit(
    statistics: Mapping[Statistic, Metric], text: str, label: str
) -> tuple[Metric, float]:
    """A limit and the statistic that it begins with; raises `InputError`."""
    first, _, rest = text.strip().partition(" ")
    if rest:
        named = [one for one in statistics if one.value == first.lower()]
        if not named:
            raise InputError(
                say(
                    "{label}: found {text!r}, expected as 2s or p99 2s with one of {statistics}",
                    label=label,
                    text=clean(text.strip(), 30),
                    statistics=", ".join(statistics),
                )
            )
        return statistics[named[0]], statistics[named[0]].parse(rest, label)
    mean = next(iter(statistics.values()))
    return mean, mean.parse(first, label)


def _set_mode(scenario: Scenario, text: str) -> Scenario:
    wanted = [mode for mode in Mode if mode.value.startswith(text.strip().lower())]
    if len(wanted) != 1 or not text.strip():
        raise InputError(say("mode: found {text!r}, expected continuous or static", text=text))
    return replace(scenario, workload=replace(scenario.workload, mode=wanted[0]))


_OWN = "model's own"


def _resolution(scenario: Scenario) -> str:
    chosen = scenario.workload.resolution
    return _OWN if chosen is None else f"{chosen[0]}x{chosen[1]}"


def _set_resolution(scenario: Scenario, text: str) -> Scenario:
    own = text.strip().lower() in {"", "own", _OWN}
    width, height = (0, 0) if own else parse_resolution(text)
    workload = replace(scenario.workload, image_width=width, image_height=height)
    return replace(scenario, workload=workload)


_CUSTOMARY_SEQUENCE = 128
"""Where a step begins from a length that is the model's own."""


def _sequence(scenario: Scenario) -> str:
    tokens = scenario.workload.sequence_tokens
    return count(tokens) if tokens else _OWN


def _set_sequence(scenario: Scenario, text: str) -> Scenario:
    own = text.strip().lower() in {"", "own", _OWN}
    return _with_sequence(scenario, 0 if own else parse_count(text, "ISL"))


def _with_sequence(scenario: Scenario, tokens: int) -> Scenario:
    return replace(scenario, workload=replace(scenario.workload, sequence_tokens=tokens))


def _stepped_sequence(scenario: Scenario, direction: int) -> int:
    tokens = scenario.workload.sequence_tokens
    return power_of_two_step(tokens, direction, 1 << 24) if tokens else _CUSTOMARY_SEQUENCE


def _set_max_batch(scenario: Scenario, text: str) -> Scenario:
    clear = text.strip().lower() in {"", "none", "any"}
    return replace(scenario, max_batch=None if clear else parse_count(text, "max batch"))


def _set_fixed_batch(scenario: Scenario, text: str) -> Scenario:
    clear = text.strip().lower() in {"", "none", "every"}
    return replace(scenario, fixed_batch=None if clear else parse_count(text, "batch"))


_USUAL_DRAFT = "usual"


def _set_draft(scenario: Scenario, text: str) -> Scenario:
    named = text.strip()
    return replace(scenario, draft="" if named in {"", _USUAL_DRAFT} else named)


def _draft_tokens(scenario: Scenario) -> str:
    best = scenario.drafts is DraftTokens.BEST
    return f"auto: {scenario.draft_tokens}" if best else str(scenario.draft_tokens)


def _set_draft_tokens(scenario: Scenario, text: str) -> Scenario:
    if text.strip().lower().startswith(DraftTokens.BEST.value):
        return replace(scenario, drafts=DraftTokens.BEST)
    tokens = parse_whole(text or "0", "draft tokens", 0, 64)
    return replace(scenario, draft_tokens=tokens, drafts=DraftTokens.GIVEN)


def _step_draft_tokens(scenario: Scenario, way: int) -> Scenario:
    tokens = max(0, min(64, scenario.draft_tokens + way))
    return replace(scenario, draft_tokens=tokens, drafts=DraftTokens.GIVEN)


def _set_acceptance(scenario: Scenario, text: str) -> Scenario:
    if text.strip().lower() in {"", "published"}:
        return replace(scenario, acceptance=None, kept=())
    if "/" in text:
        return replace(scenario, acceptance=None, kept=parse_kept(text, "acceptance"))
    return replace(scenario, acceptance=parse_ratio(text, "acceptance", 0, 1) or None, kept=())


def _acceptance(scenario: Scenario) -> str:
    if scenario.kept:
        return kept_text(scenario.kept)
    return "published" if scenario.acceptance is None else f"{scenario.acceptance:g}"


def _step_acceptance(scenario: Scenario, way: int) -> Scenario:
    now = scenario.kept[0] if scenario.kept else scenario.acceptance or 0.0
    return replace(scenario, acceptance=share_step(now, way) or None, kept=())


def _set_text(scenario: Scenario, text: str) -> Scenario:
    wanted = [one for one in Text if one.value.startswith(text.strip().lower())]
    if len(wanted) != 1 or not text.strip():
        raise InputError(
            say("text: found {text!r}, expected one of {Text}", text=text, Text=", ".join(Text))
        )
    return replace(scenario, workload=replace(scenario.workload, text=wanted[0]))


def _set_task(scenario: Scenario, text: str) -> Scenario:
    wanted = [one for one in Task if one.value.startswith(text.strip().lower())]
    if len(wanted) != 1 or not text.strip():
        raise InputError(
            say("task: found {text!r}, expected one of {Task}", text=text, Task=", ".join(Task))
        )
    return replace(scenario, task=wanted[0])


_USUAL_LIMITS = frozenset({"ttft_ms", "tpot_ms", "e2e_ms", "latency_ms"})
"""What most objectives are about; limits on the others are folded."""


def _limit_fields(*, usual: bool) -> Iterator[Field]:
    for metric, limited in LIMITED:
        if is_first(metric) and (metric.id in _USUAL_LIMITS) is usual:
            yield _limit_field(metric, limited)


WORKLOAD: tuple[Field, ...] = (
    Field(
        "mode",
        "batching",
        lambda s: s.workload.mode.value,
        _set_mode,
        choices=lambda: tuple(mode.value for mode in Mode),
        hint="continuous, static",
        kinds=LANGUAGE,
    ),
    _tokens_field(
        "input_tokens",
        "ISL",
        lambda one, value: replace(one, input_tokens=value, lengths=Lengths.CHOSEN),
    ),
    _tokens_field(
        "output_tokens",
        "OSL",
        lambda one, value: replace(one, output_tokens=value, lengths=Lengths.CHOSEN),
    ),
    Field(
        "resolution",
        "resolution",
        _resolution,
        _set_resolution,
        hint="as 224x224; empty: own",
        kinds=(ModelCategory.VISION,),
    ),
    Field(
        "sequence_tokens",
        "ISL",
        _sequence,
        _set_sequence,
        lambda s, way: _with_sequence(s, _stepped_sequence(s, way)),
        hint="tokens, as 384; empty: own",
        kinds=(ModelCategory.ENCODER,),
    ),
    *_limit_fields(usual=True),
    RATE,
    *grouped(
        "more limits",
        *_limit_fields(usual=False),
        Field(
            "best",
            "best by",
            lambda s: s.best.value,
            _set_best,
            lambda s, way: replace(s, best=_following(s.best, way)),
            hint="throughput, cost, energy",
        ),
        Field(
            "certainty",
            "certainty",
            lambda s: f"{s.certainty:g} %",
            _set_certainty,
            lambda s, way: _with_certainty(s, s.certainty + 5.0 * way),
            hint="% that each limit is kept with",
        ),
        Field(
            "prices",
            "prices",
            lambda s: s.prices or "own",
            lambda s, text: replace(s, prices="" if text.strip() == "own" else text.strip()),
            hint="file, example; empty: own",
        ),
    ),
    *grouped(
        "batch",
        Field(
            "fixed_batch",
            "only batch",
            lambda s: "every" if s.fixed_batch is None else str(s.fixed_batch),
            _set_fixed_batch,
            lambda s, way: replace(s, fixed_batch=power_of_two_step(s.fixed_batch or 1, way)),
            hint="each replica; empty: every one",
        ),
        Field(
            "max_batch",
            "max batch",
            lambda s: "none" if s.max_batch is None else str(s.max_batch),
            _set_max_batch,
            lambda s, way: replace(
                s,
                max_batch=_CUSTOMARY_BATCH
                if s.max_batch is None
                else power_of_two_step(s.max_batch, way),
            ),
            hint="each replica; or none",
        ),
    ),
    *grouped(
        "drafts",
        Field(
            "draft",
            "drafts by",
            lambda s: s.draft or _USUAL_DRAFT,
            _set_draft,
            choices=lambda: (_USUAL_DRAFT, *(method.value for method in NAMED_METHODS)),
            hint="method, path or hub id",
            kinds=LANGUAGE,
        ),
        Field(
            "draft_tokens",
            "draft tokens",
            _draft_tokens,
            _set_draft_tokens,
            _step_draft_tokens,
            hint="each step; 0, or auto",
            kinds=LANGUAGE,
        ),
        Field(
            "acceptance",
            "acceptance",
            _acceptance,
            _set_acceptance,
            _step_acceptance,
            hint="0.8, by position 0.8/0.6",
            kinds=LANGUAGE,
        ),
        Field(
            "text",
            "text",
            lambda s: s.workload.text.value,
            _set_text,
            choices=lambda: tuple(text.value for text in Text),
            hint="what requests are about",
            kinds=LANGUAGE,
        ),
    ),
    *grouped(
        "load",
        Field(
            "task",
            "task",
            lambda s: s.task.value,
            _set_task,
            choices=lambda: tuple(one.value for one in Task),
            hint="auto: as the files say",
            kinds=(ModelCategory.LANGUAGE, ModelCategory.ENCODER),
        ),
        *LOAD,
    ),
    *grouped("client and cache", *CLIENT),
)
