"""The forms as data: every field says how to read, write and step its part of the Scenario."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from engine.model.kinds import ModelKind
from engine.plan.metrics import LIMITED, Limit, Metric
from engine.scenario import Mode, Scenario, Workload
from engine.words.errors import InputError
from engine.words.units import (
    LARGEST_INSTANCES,
    parse_count,
    parse_instances,
    parse_milliseconds,
    parse_ratio,
    parse_resolution,
    parse_whole,
)
from tui.format import count, limit


@dataclass(frozen=True, slots=True)
class Field:
    """One line of a form. ``write`` raises `InputError` in one line; ``choices`` (when given)
    are cycled with the arrow keys; ``kinds`` are the model kinds it makes sense for."""

    id: str
    label: str
    read: Callable[[Scenario], str]
    write: Callable[[Scenario, str], Scenario]
    step: Callable[[Scenario, int], Scenario] | None = None
    choices: Callable[[], tuple[str, ...]] | None = None
    hint: str = ""
    kinds: tuple[str, ...] = ("language", "vision")


_KIND_WORDS = {ModelKind.TOKENS: "language", ModelKind.FORWARD: "vision"}


def cycle(field: Field, scenario: Scenario, direction: int) -> Scenario:
    """The scenario with the field's next or previous choice, or one step up or down."""
    if field.choices is not None:
        options = field.choices()
        current = field.read(scenario)
        place = options.index(current) if current in options else -direction
        for step in range(1, len(options)):
            # A choice that cannot be made (a broken profile of one's own) is not the end of them.
            with contextlib.suppress(InputError):
                return field.write(scenario, options[(place + step * direction) % len(options)])
        return scenario
    if field.step is not None:
        return field.step(scenario, direction)
    return scenario


# --- hardware ---------------------------------------------------------------------------------


def _chips() -> tuple[str, ...]:
    from engine.hardware.chip_profiles import chip_ids

    return chip_ids()


def _frameworks() -> tuple[str, ...]:
    from engine.hardware.framework_profiles import framework_ids

    return framework_ids()


def _set_chip(scenario: Scenario, text: str) -> Scenario:
    from engine.hardware.chip_profiles import load_chip

    return replace(scenario, chip=load_chip(text).id)


def _set_framework(scenario: Scenario, text: str) -> Scenario:
    from engine.hardware.framework_profiles import load_framework

    return replace(scenario, framework=load_framework(text).id)


def power_of_two_step(value: int, direction: int, most: int = 1 << 20) -> int:
    """The next power of two above or below; from any number to a round one in one step."""
    if direction > 0:
        return min(1 << value.bit_length(), most) if value < most else value
    return max(1 << ((value - 1).bit_length() - 1), 1) if value > 1 else 1


def ten_percent_step(value: float, direction: int) -> float:
    """A tenth up, or back down again, in three digits."""
    return float(f"{value * (1.1 if direction > 0 else 1 / 1.1):.3g}")


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
    kinds: tuple[str, ...] = ("language", "vision"),
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
        kinds=("language",),
    )


HARDWARE: tuple[Field, ...] = (
    Field("chip", "chip", lambda s: s.chip, _set_chip, choices=_chips, hint="id or short name"),
    Field(
        "chips",
        "chips",
        lambda s: str(s.chips),
        lambda s, text: replace(s, chips=parse_count(text, "chips")),
        lambda s, way: replace(s, chips=power_of_two_step(s.chips, way)),
        hint="accelerators in all",
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
    _format_field("kv", "KV cache", _CACHES, lambda s, name: replace(s, kv=name), ("language",)),
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
        kinds=("vision",),
    ),
    Field(
        "load_imbalance",
        "EP imbalance",
        lambda s: f"{s.load_imbalance:g}",
        lambda s, text: replace(s, load_imbalance=parse_ratio(text, "imbalance", 1, 1000)),
        lambda s, way: replace(s, load_imbalance=round(max(1.0, s.load_imbalance + 0.1 * way), 2)),
        hint="busiest expert rank over the mean",
        kinds=("language",),
    ),
)

# --- workload and objectives ---------------------------------------------------------------


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
        kinds=("language",),
    )


_CUSTOMARY_BATCH = 256


def _limit_field(metric: Metric, known: Limit) -> Field:
    id, label = metric.id, f"{metric.short} ≤ ms"

    def change(scenario: Scenario, value: float | None) -> Scenario:
        return replace(scenario, objectives=replace(scenario.objectives, **{id: value}))

    def write(scenario: Scenario, text: str) -> Scenario:
        clear = text.strip().lower() in {"", "none"}
        return change(scenario, None if clear else parse_milliseconds(text, label))

    def step(scenario: Scenario, direction: int) -> Scenario:
        value = getattr(scenario.objectives, id)
        if value is None:
            return change(scenario, known.customary_ms)
        return change(scenario, ten_percent_step(value, direction))

    return Field(
        id,
        label,
        lambda s: limit(getattr(s.objectives, id)),
        write,
        step,
        hint="ms or s; empty: none",
        kinds=tuple(_KIND_WORDS[one] for one in metric.kinds),
    )


def _set_mode(scenario: Scenario, text: str) -> Scenario:
    wanted = [mode for mode in Mode if mode.value.startswith(text.strip().lower())]
    if len(wanted) != 1 or not text.strip():
        raise InputError(f"mode: found {text!r}, expected continuous or static")
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


def _set_max_batch(scenario: Scenario, text: str) -> Scenario:
    clear = text.strip().lower() in {"", "none", "any"}
    return replace(scenario, max_batch=None if clear else parse_count(text, "max batch"))


WORKLOAD: tuple[Field, ...] = (
    Field(
        "mode",
        "batching",
        lambda s: s.workload.mode.value,
        _set_mode,
        choices=lambda: tuple(mode.value for mode in Mode),
        hint="continuous, static",
        kinds=("language",),
    ),
    _tokens_field("input_tokens", "ISL", lambda one, value: replace(one, input_tokens=value)),
    _tokens_field("output_tokens", "OSL", lambda one, value: replace(one, output_tokens=value)),
    Field(
        "resolution",
        "resolution",
        _resolution,
        _set_resolution,
        hint="as 224x224; empty: own",
        kinds=("vision",),
    ),
    *(_limit_field(metric, limit) for metric, limit in LIMITED),
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
    Field(
        "draft_tokens",
        "draft tokens",
        lambda s: str(s.draft_tokens),
        lambda s, text: replace(s, draft_tokens=parse_whole(text or "0", "draft", 0, 64)),
        lambda s, way: replace(s, draft_tokens=max(0, min(64, s.draft_tokens + way))),
        hint="guessed each step",
        kinds=("language",),
    ),
    Field(
        "acceptance",
        "acceptance",
        lambda s: f"{s.acceptance:g}",
        lambda s, text: replace(s, acceptance=parse_ratio(text or "0", "acceptance", 0, 1)),
        lambda s, way: replace(
            s, acceptance=round(max(0.0, min(1.0, s.acceptance + 0.05 * way)), 2)
        ),
        hint="of a guess: 0 to 1",
        kinds=("language",),
    ),
)


def fields_for(form: tuple[Field, ...], kind: str) -> tuple[Field, ...]:
    """The fields of a form that make sense for a kind of model."""
    return tuple(field for field in form if kind in field.kinds)
