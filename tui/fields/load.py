"""How requests come: per second or in flight, how far lengths differ, what prompts share."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from engine.scenario import (
    LEAST_BURSTINESS,
    LEAST_PER_SECOND,
    MOST_BURSTINESS,
    MOST_IMAGES,
    MOST_PER_SECOND,
    MOST_SPREAD,
    MOST_THINK_SECONDS,
    MOST_TURNS,
    USUAL_IMAGE,
    Mode,
    Scenario,
)
from engine.words.units import (
    parse_count,
    parse_per_second,
    parse_ratio,
    parse_resolution,
    parse_whole,
)
from tui.fields.field import LANGUAGE, Field, power_of_two_step, ten_percent_step

IN_FLIGHT = "in flight"
"""The load where no rate is given: so many requests at once."""
_CUSTOMARY_RATE = 1.0
_SPREAD_STEP = 0.1
_CUSTOMARY_THINK = 30.0


def _changed(scenario: Scenario, **changed: Any) -> Scenario:
    return replace(scenario, workload=replace(scenario.workload, **changed))


def _set_rate(scenario: Scenario, text: str) -> Scenario:
    typed = text.strip().lower()
    if typed in {"", "none", IN_FLIGHT}:
        return _changed(scenario, rate=0.0)
    rate = parse_per_second(typed, "rate", LEAST_PER_SECOND, MOST_PER_SECOND)
    return _arriving(scenario, rate)


def _arriving(scenario: Scenario, rate: float) -> Scenario:
    """Requests that arrive are batched as they come."""
    return _changed(scenario, rate=rate, mode=Mode.CONTINUOUS)


def _step_rate(scenario: Scenario, direction: int) -> Scenario:
    rate = scenario.workload.rate
    return _arriving(scenario, ten_percent_step(rate, direction) if rate else _CUSTOMARY_RATE)


def _spread_field(id: str, label: str) -> Field:
    def stepped(scenario: Scenario, direction: int) -> Scenario:
        value = round(getattr(scenario.workload, id) + direction * _SPREAD_STEP, 6)
        return _changed(scenario, **{id: min(max(value, 0.0), MOST_SPREAD)})

    return Field(
        id,
        label,
        lambda s: f"{getattr(s.workload, id):g}",
        lambda s, text: _changed(s, **{id: parse_ratio(text or "0", label, 0, MOST_SPREAD)}),
        stepped,
        hint="deviation over mean; 0: equal",
        kinds=LANGUAGE,
    )


RATE = Field(
    "rate",
    "requests/s",
    lambda s: f"{s.workload.rate:g}" if s.workload.rate else IN_FLIGHT,
    _set_rate,
    _step_rate,
    hint="of all replicas; empty: in flight",
    kinds=LANGUAGE,
)
_USUAL_SIZE = "{}x{}".format(*USUAL_IMAGE)
_LARGEST_SIDE = 65_536


def _image_size(scenario: Scenario) -> str:
    chosen = scenario.workload.resolution
    return f"{chosen[0]}x{chosen[1]}" if chosen else _USUAL_SIZE


def _set_image_size(scenario: Scenario, text: str) -> Scenario:
    width, height = parse_resolution(text.strip() or _USUAL_SIZE)
    usual = (width, height) == USUAL_IMAGE
    return _changed(
        scenario, image_width=0 if usual else width, image_height=0 if usual else height
    )


def _step_image_size(scenario: Scenario, direction: int) -> Scenario:
    sides = scenario.workload.resolution or USUAL_IMAGE
    changed = (power_of_two_step(one, direction, _LARGEST_SIDE) for one in sides)
    return _set_image_size(scenario, "{}x{}".format(*changed))


LOAD: tuple[Field, ...] = (
    Field(
        "burstiness",
        "burstiness",
        lambda s: f"{s.workload.burstiness:g}",
        lambda s, text: _changed(
            s,
            burstiness=parse_ratio(text or "1", "burstiness", LEAST_BURSTINESS, MOST_BURSTINESS),
        ),
        lambda s, way: _changed(s, burstiness=ten_percent_step(s.workload.burstiness, way)),
        hint="1: Poisson; less: bursts",
        kinds=LANGUAGE,
    ),
    _spread_field("input_spread", "ISL spread"),
    _spread_field("output_spread", "OSL spread"),
    Field(
        "shared_prefix_tokens",
        "shared prefix",
        lambda s: f"{s.workload.shared_prefix_tokens}",
        lambda s, text: _changed(
            s, shared_prefix_tokens=parse_count(text, "shared prefix") if text.strip("0 ") else 0
        ),
        lambda s, way: _changed(
            s, shared_prefix_tokens=power_of_two_step(s.workload.shared_prefix_tokens or 256, way)
        ),
        hint="tokens that all prompts begin with",
        kinds=LANGUAGE,
    ),
    Field(
        "images",
        "images",
        lambda s: str(s.workload.images),
        lambda s, text: _changed(s, images=parse_whole(text or "0", "images", 0, MOST_IMAGES)),
        lambda s, way: _changed(s, images=min(max(s.workload.images + way, 0), MOST_IMAGES)),
        hint="of each request; ISL is text",
        kinds=LANGUAGE,
    ),
    Field(
        "image_size",
        "image size",
        _image_size,
        _set_image_size,
        _step_image_size,
        hint="as 1920x1080",
        kinds=LANGUAGE,
    ),
    Field(
        "turns",
        "turns",
        lambda s: str(s.workload.turns),
        lambda s, text: _changed(s, turns=parse_whole(text or "1", "turns", 1, MOST_TURNS)),
        lambda s, way: _changed(s, turns=min(max(s.workload.turns + way, 1), MOST_TURNS)),
        hint="of a conversation; ISL is one's",
        kinds=LANGUAGE,
    ),
    Field(
        "think_seconds",
        "think s",
        lambda s: f"{s.workload.think_seconds:g}",
        lambda s, text: _changed(
            s, think_seconds=parse_ratio(text or "0", "think s", 0, MOST_THINK_SECONDS)
        ),
        lambda s, way: _changed(
            s, think_seconds=ten_percent_step(s.workload.think_seconds or _CUSTOMARY_THINK, way)
        ),
        hint="until a cached context is asked for",
        kinds=LANGUAGE,
    ),
)
