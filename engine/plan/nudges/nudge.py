"""One thing changed in a scenario: the steps of knobs that every kind of model has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from engine.hardware.chip import Chip
from engine.hardware.chip_profiles import chip_ids, load_chip
from engine.plan.metrics.table import BY_ID, LIMITED
from engine.plan.prepared import Prepared
from engine.scenario import EVEN_CERTAINTY, ChipCount, Objectives, Scenario
from engine.words.messages import say

CERTAIN = 90.0
"""A certainty that a cautious operator would ask for, in %."""


@dataclass(frozen=True, slots=True)
class Nudge:
    """One thing changed: what it is called, from what to what, and the changed scenario."""

    knob: str
    before: str
    after: str
    scenario: Scenario


def objective_nudges(scenario: Scenario) -> Iterator[Nudge]:
    """Every limit 10 % tighter and wider."""
    for metric, _ in LIMITED:
        value = metric.limit_in(scenario.objectives)
        if value is not None and not (metric.of_rates and not scenario.workload.rate):
            for factor in (0.9, 1.1):
                changed = min(value * factor, metric.largest_limit)
                if changed != value:
                    yield objective_nudge(scenario, {metric.id: changed})


def certainty_nudges(scenario: Scenario) -> Iterator[Nudge]:
    """The limits kept with more certainty, or in half of the cases only."""
    now = scenario.certainty
    after = CERTAIN if now < CERTAIN else EVEN_CERTAINTY
    if not scenario.objectives.asks_nothing:
        changed = replace(scenario, certainty=after)
        yield Nudge("certainty", f"{now:g} %", f"{after:g} %", changed)


def limit_name(metric: str) -> str:
    """What a limit is called in a list of knobs: ``TTFT``, ``E2E``, ``latency``."""
    return BY_ID[metric].label.removesuffix(" ms")


def objective_nudge(scenario: Scenario, limits: dict[str, float]) -> Nudge:
    """Other limits, each in its unit, by field."""
    objectives: Objectives = replace(scenario.objectives, **limits)
    olds = (getattr(scenario.objectives, field) for field in limits)
    return Nudge(
        say(" and ").join(say("{metric} limit", metric=say(limit_name(field))) for field in limits),
        ", ".join(
            "none" if old is None else BY_ID[name].plain(old)
            for name, old in zip(limits, olds, strict=True)
        ),
        ", ".join(BY_ID[name].plain(value) for name, value in limits.items()),
        replace(scenario, objectives=objectives),
    )


def weight_nudges(scenario: Scenario, prepared: Prepared) -> Iterator[Nudge]:
    """Other formats of the weights with what goes with them."""
    own = prepared.precisions[0]
    four_bits = _four_bits(prepared.chip)
    eight_bits = "fp8" if "fp8" in prepared.chip.peak_flops else "int8"
    for name, bits in (("bf16", 16), (eight_bits, 8), (four_bits, 4)):
        if round(own.weights.bits) != bits:
            changed = replace(scenario, weights=name, activations="")
            yield Nudge("weights", own.weights.name, name, changed)


def _four_bits(chip: Chip) -> str:
    """The four-bit weight format that checkpoints for the chip come in: NVIDIA's own, the open
    MX format elsewhere, integers where it multiplies no four-bit floats."""
    if "fp4" not in chip.peak_flops:
        return "int4"
    return "nvfp4" if chip.vendor.lower() == "nvidia" else "mxfp4"


def chip_count_nudges(scenario: Scenario) -> Iterator[Nudge]:
    """Half and double the chips."""
    for chips in (scenario.chips // 2, scenario.chips * 2):
        if chips >= 1:
            yield chip_count_nudge(scenario, chips)


def chip_count_nudge(scenario: Scenario, chips: int) -> Nudge:
    """Another number of chips."""
    given = replace(scenario, chips=chips, counting=ChipCount.GIVEN)
    return Nudge("chips", str(scenario.chips), str(chips), given)


def chip_nudge(scenario: Scenario, chip: Chip) -> Nudge:
    """Another chip."""
    return Nudge("chip", scenario.chip, chip.id, replace(scenario, chip=chip.id))


def relatives(chip: Chip) -> list[Chip]:
    """Chips of the same vendor, in nodes if this one is, slowest memory first."""
    others = (load_chip(name) for name in chip_ids() if name != chip.id)
    alone = chip.node_size == 1
    same = [one for one in others if one.vendor == chip.vendor and (alone or one.node_size > 1)]
    return sorted(same, key=lambda one: (one.bandwidth_bytes, max(one.peak_flops.values())))


def neighbours(chip: Chip) -> list[Chip]:
    """The relatives just above and below in memory bandwidth."""
    same = relatives(chip)
    above = [one for one in same if one.bandwidth_bytes > chip.bandwidth_bytes]
    below = [one for one in same if one.bandwidth_bytes < chip.bandwidth_bytes]
    return below[-1:] + above[:1]
