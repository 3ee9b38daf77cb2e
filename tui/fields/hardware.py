"""The hardware form: chips, engine, formats, layouts, and what the engine is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from engine.model.kinds import ModelCategory
from engine.scenario import ChipCount, Scenario
from engine.words.messages import say
from engine.words.units import LARGEST_INSTANCES, parse_count, parse_instances, parse_ratio
from tui.fields.field import FORWARD, LANGUAGE, Field, grouped, power_of_two_step
from tui.fields.pools import POOLS
from tui.fields.settings import SETTINGS


def _chips() -> tuple[str, ...]:
    from engine.hardware.chip_profiles import chip_ids

    return chip_ids()


def _frameworks() -> tuple[str, ...]:
    from engine.hardware.framework_profiles import framework_ids

    return framework_ids()


def _set_chip(scenario: Scenario, text: str) -> Scenario:
    from engine.hardware.chip_profiles import load_chip

    return replace(scenario, chip=load_chip(text).id)


def _chip_count(scenario: Scenario) -> str:
    if scenario.counting is ChipCount.GIVEN:
        return str(scenario.chips)
    if not scenario.workload.rate:
        return f"{scenario.counting.value}: {say('needs requests/s')}"
    return f"{scenario.counting.value} ≤ {scenario.chips}"


def _set_chip_count(scenario: Scenario, text: str) -> Scenario:
    asked = text.strip().lower().split(" ")[0].removesuffix(":")
    counting = next((one for one in _COUNTED if one.value == asked), None)
    if counting is None:
        return _given_chips(scenario, parse_count(text, "chips"))
    return replace(scenario, counting=counting)


_COUNTED = (ChipCount.ENOUGH, ChipCount.NODES)


def _given_chips(scenario: Scenario, chips: int) -> Scenario:
    return replace(scenario, chips=chips, counting=ChipCount.GIVEN)


def _set_framework(scenario: Scenario, text: str) -> Scenario:
    from engine.hardware.framework_profiles import load_framework

    return replace(scenario, framework=load_framework(text).id)


_AUTO = "checkpoint"
_FORMATS = (_AUTO, "bf16", "fp8", "fp8_block", "mxfp8", "int8", "int4", "nvfp4", "mxfp4")
_ACTIVATIONS = (_AUTO, "bf16", "fp8", "int8", "nvfp4")
_CACHES = (_AUTO, "bf16", "fp8", "int8")
_BITS = {"16": "bf16", "8": "fp8", "4": "int4"}


def _format_field(
    id: str,
    label: str,
    choices: tuple[str, ...],
    put: Callable[[Scenario, str], Scenario],
    kinds: tuple[ModelCategory, ...] = tuple(ModelCategory),
) -> Field:
    def write(scenario: Scenario, text: str) -> Scenario:
        from engine.model.precision import number_format

        name = _BITS.get(text.strip(), text.strip())
        value = "" if name in {"", _AUTO} else number_format(name).name
        return put(scenario, value)

    return Field(
        id,
        label,
        lambda scenario: getattr(scenario, id) or _AUTO,
        write,
        choices=lambda: choices,
        hint="bits or a format; checkpoint: as the model's files",
        kinds=kinds,
    )


def _degree_field(id: str, label: str) -> Field:
    def read(scenario: Scenario) -> str:
        return ",".join(str(n) for n in getattr(scenario.limits, id)) or "any"

    def write(scenario: Scenario, text: str) -> Scenario:
        clear = text.strip().lower() in {"", "any"}
        degrees = () if clear else tuple(parse_count(part, label) for part in text.split(","))
        return replace(scenario, limits=replace(scenario.limits, **{id: degrees}))

    return Field(
        id,
        label,
        read,
        write,
        choices=lambda: ("any", "1", "2", "4", "8", "16", "32"),
        hint="allowed degrees, as 4 or 2,4,8",
        kinds=LANGUAGE,
    )


def _set_precisions(scenario: Scenario, text: str) -> Scenario:
    from engine.model.precision import parse_cache, parse_precision

    clear = text.strip().lower() in {"", "none", "that alone"}
    asked = () if clear else tuple(one.strip() for one in text.split(",") if one.strip())
    for one in asked:
        if parse_cache(one) is None:
            parse_precision(one)
    return replace(scenario, precisions=tuple(one.upper() for one in asked))


HARDWARE: tuple[Field, ...] = (
    Field("chip", "chip", lambda s: s.chip, _set_chip, choices=_chips, hint="id or short name"),
    Field(
        "chips",
        "chips",
        _chip_count,
        _set_chip_count,
        lambda s, way: _given_chips(s, power_of_two_step(s.chips, way)),
        hint="in all; auto: as a rate takes, auto-nodes",
    ),
    Field(
        "framework",
        "framework",
        lambda s: s.framework,
        _set_framework,
        choices=_frameworks,
        hint="serving engine",
    ),
    _format_field("weights", "weights", _FORMATS, lambda s, name: replace(s, weights=name)),
    _format_field(
        "activations", "activations", _ACTIVATIONS, lambda s, name: replace(s, activations=name)
    ),
    _format_field("kv", "KV cache", _CACHES, lambda s, name: replace(s, kv=name), LANGUAGE),
    Field(
        "precisions",
        "precisions",
        lambda s: ",".join(s.precisions) or "that alone",
        _set_precisions,
        hint="also tried, as W8A8,W4A16,KV8; W: side by side",
    ),
    _degree_field("tensor", "TP"),
    _degree_field("pipeline", "PP"),
    _degree_field("expert", "EP"),
    _degree_field("attention_data", "attention DP"),
    Field(
        "instances",
        "instances",
        lambda s: str(s.instances),
        lambda s, text: replace(s, instances=parse_instances(text, "instances")),
        lambda s, way: replace(s, instances=power_of_two_step(s.instances, way, LARGEST_INSTANCES)),
        hint="copies of the model running at once on each chip",
        kinds=FORWARD,
    ),
    *grouped("pools", *POOLS),
    *grouped(
        "engine settings",
        Field(
            "load_imbalance",
            "EP imbalance",
            lambda s: f"{s.load_imbalance:g}",
            lambda s, text: replace(s, load_imbalance=parse_ratio(text, "imbalance", 0.5, 1000)),
            lambda s, way: replace(
                s, load_imbalance=round(max(0.5, s.load_imbalance + 0.1 * way), 2)
            ),
            hint="busiest expert rank over what it usually has",
            kinds=LANGUAGE,
        ),
        *SETTINGS,
    ),
)
