"""The workload form: what is asked, its limits, and who asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from engine.model.kinds import ModelCategory
from engine.scenario import (
    EVEN_CERTAINTY,
    MOST_CERTAINTY,
    Best,
    Lengths,
    Mode,
    Scenario,
    Task,
    Workload,
)
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.units import parse_count, parse_percent, parse_resolution
from tui.drawing.format import count
from tui.fields.client import CLIENT
from tui.fields.drafts import DRAFTS
from tui.fields.field import LANGUAGE, Field, grouped, power_of_two_step
from tui.fields.limits import limit_fields
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


def _set_task(scenario: Scenario, text: str) -> Scenario:
    wanted = [one for one in Task if one.value.startswith(text.strip().lower())]
    if len(wanted) != 1 or not text.strip():
        raise InputError(
            say("task: found {text!r}, expected one of {Task}", text=text, Task=", ".join(Task))
        )
    return replace(scenario, task=wanted[0])


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
    *limit_fields(usual=True),
    RATE,
    *grouped(
        "more limits",
        *limit_fields(usual=False),
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
    *grouped("drafts", *DRAFTS),
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
