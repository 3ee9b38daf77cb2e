"""Models and precisions to pick from."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from engine.scenario import Scenario
from engine.words.errors import RooftopError
from engine.words.messages import say

PRECISIONS = ("W16A16", "W8A16", "W8A8", "W4A16", "W4A8", "W4A4")


def listed_models(scenario: Scenario) -> Sequence[str]:
    """The models that are at hand."""
    from engine.model.model_profiles import model_names

    return model_names()


def model_facts(scenario: Scenario, value: str) -> str:
    """What a model is, in a line."""
    from engine.model.architecture import Architecture
    from engine.model.config import load_architecture
    from tui.drawing.format import count

    model = load_architecture(value)
    architecture = model.architecture
    if not isinstance(architecture, Architecture):
        return say(
            "{parameters:,.1f} M parameters · {kind}",
            parameters=architecture.parameters / 1e6,
            kind=say(model.kind),
        )
    total, active = architecture.total_parameters / 1e9, architecture.active_parameters / 1e9
    sparse = say(" ({active:.3g} B active)", active=active) if active < 0.99 * total else ""
    size = f"{total:,.0f}" if total >= 1000 else f"{total:.3g}"
    context = say(" · context {count}", count=count(architecture.maximum_positions))
    context = context if architecture.maximum_positions else ""
    return say(
        "{size} B{sparse}{context} · {precision}",
        size=size,
        sparse=sparse,
        context=context,
        precision=model.precision.name,
    )


def is_model_reference(text: str) -> bool:
    """Whether a model is named by a path, a hub id or a benchmark name."""
    from engine.model.config.find import is_path
    from engine.plan.names.parse import is_benchmark_name

    return bool(text) and ("/" in text or is_path(text) or is_benchmark_name(text))


def precision_facts(scenario: Scenario, value: str) -> str:
    """What a precision means for the model, in a line."""
    from engine.hardware.chip_profiles import load_chip
    from engine.plan.names.named_scenario import formats_of

    chip = load_chip(scenario.chip)
    precision = formats_of(value, chip)
    computes = precision.activations.compute
    rate = chip.peak_flops.get(computes)
    speed = (
        say("{computes} at {rate:,.0f} TFLOP/s", computes=computes, rate=rate / 1e12)
        if rate
        else say("no {computes} on this chip", computes=computes)
    )
    return say(
        "{speed} · weights {weights}, activations {activations}",
        speed=speed,
        weights=precision.weights.name,
        activations=precision.activations.name,
    )


def current_precision(scenario: Scenario) -> str:
    """The precision in force."""
    from engine.plan.prepared import prepare

    with contextlib.suppress(RooftopError):
        return prepare(scenario).precisions[0].name
    return ""


def is_precision(text: str) -> bool:
    """Whether the text is a precision."""
    from engine.model.precision import parse_precision

    if "," in text:
        return True
    with contextlib.suppress(RooftopError):
        return bool(text) and parse_precision(text) is not None
    return False
