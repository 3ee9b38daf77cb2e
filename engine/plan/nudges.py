"""One step of every knob: the scenarios next to a scenario."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.hardware.chip import Chip
from engine.hardware.chip_profiles import chip_ids, load_chip
from engine.model.architecture import Architecture
from engine.plan.prepared import Prepared, prepare
from engine.scenario import Objectives, Scenario
from engine.words.units import LARGEST_INSTANCES

if TYPE_CHECKING:
    from engine.model.forward.architecture import VisionArchitecture

OBJECTIVE_NAMES = (
    ("ttft_ms", "TTFT limit"),
    ("tpot_ms", "TPOT limit"),
    ("e2e_ms", "E2E limit"),
    ("latency_ms", "latency limit"),
)
CACHE_FORMATS = ("bf16", "fp8")
DEGREES = (("tensor", "TP"), ("pipeline", "PP"), ("expert", "EP"), ("attention_data", "DP"))


@dataclass(frozen=True, slots=True)
class Nudge:
    """One thing changed: what it is called, from what to what, and the changed scenario."""

    knob: str
    before: str
    after: str
    scenario: Scenario


def nudges(scenario: Scenario) -> Iterator[Nudge]:
    """One step of every knob that the scenario's kind of model has."""
    prepared = prepare(scenario)
    yield from objective_nudges(scenario)
    yield from precision_nudges(scenario, prepared)
    yield from chip_count_nudges(scenario)
    yield from (chip_nudge(scenario, chip) for chip in _neighbours(prepared.chip))
    if isinstance(prepared.model.architecture, Architecture):
        yield from token_nudges(scenario)
        yield from _limit_nudges(scenario)
        yield from _routing_nudges(scenario, prepared.model.architecture)
        yield from _speculation_nudges(scenario)
    else:
        yield from _image_nudges(scenario, prepared.vision)


def token_nudges(scenario: Scenario) -> Iterator[Nudge]:
    """Prompts and answers of half and double the length."""
    for field in ("input_tokens", "output_tokens"):
        value: int = getattr(scenario.workload, field)
        for changed in (max(1, value // 2), value * 2):
            if changed != value:
                yield token_nudge(scenario, field, changed)


def token_nudge(scenario: Scenario, field: str, tokens: int) -> Nudge:
    """Another length of prompts (``input_tokens``) or answers (``output_tokens``)."""
    label = "ISL" if field == "input_tokens" else "OSL"
    before: int = getattr(scenario.workload, field)
    if field == "input_tokens":
        workload = replace(scenario.workload, input_tokens=tokens)
    else:
        workload = replace(scenario.workload, output_tokens=tokens)
    return Nudge(label, str(before), str(tokens), replace(scenario, workload=workload))


def objective_nudges(scenario: Scenario) -> Iterator[Nudge]:
    """Every limit 10 % tighter and wider."""
    for field, _ in OBJECTIVE_NAMES:
        value = getattr(scenario.objectives, field)
        if value is not None:
            for factor in (0.9, 1.1):
                yield objective_nudge(scenario, {field: value * factor})


def objective_nudge(scenario: Scenario, limits: dict[str, float]) -> Nudge:
    """Other limits in ms, by field."""
    objectives: Objectives = replace(scenario.objectives, **limits)
    names = dict(OBJECTIVE_NAMES)
    olds = (getattr(scenario.objectives, field) for field in limits)
    return Nudge(
        " and ".join(names[field] for field in limits),
        ", ".join("none" if old is None else f"{old:g} ms" for old in olds),
        ", ".join(f"{value:g} ms" for value in limits.values()),
        replace(scenario, objectives=objectives),
    )


def precision_nudges(scenario: Scenario, prepared: Prepared) -> Iterator[Nudge]:
    """Other formats of the cache, and of the weights with what goes with them."""
    own = prepared.precisions[0]
    if isinstance(prepared.model.architecture, Architecture):
        for name in CACHE_FORMATS:
            if own.kv.name != name:
                yield Nudge("KV cache", own.kv.name, name, replace(scenario, kv=name))
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
    return Nudge("chips", str(scenario.chips), str(chips), replace(scenario, chips=chips))


def chip_nudge(scenario: Scenario, chip: Chip) -> Nudge:
    """Another chip."""
    return Nudge("chip", scenario.chip, chip.id, replace(scenario, chip=chip.id))


def relatives(chip: Chip) -> list[Chip]:
    """Chips of the same vendor, in nodes if this one is, slowest memory first."""
    others = (load_chip(name) for name in chip_ids() if name != chip.id)
    alone = chip.node_size == 1
    same = [one for one in others if one.vendor == chip.vendor and (alone or one.node_size > 1)]
    return sorted(same, key=lambda one: (one.bandwidth_bytes, max(one.peak_flops.values())))


def _neighbours(chip: Chip) -> list[Chip]:
    """The relatives just above and below in memory bandwidth."""
    same = relatives(chip)
    above = [one for one in same if one.bandwidth_bytes > chip.bandwidth_bytes]
    below = [one for one in same if one.bandwidth_bytes < chip.bandwidth_bytes]
    return below[-1:] + above[:1]


def _limit_nudges(scenario: Scenario) -> Iterator[Nudge]:
    """Limits on layouts and batches let go."""
    for field, label in DEGREES:
        allowed: tuple[int, ...] = getattr(scenario.limits, field)
        if allowed:
            limits = replace(scenario.limits, **{field: ()})
            before = ",".join(map(str, allowed))
            yield Nudge(label, before, "any", replace(scenario, limits=limits))
    if scenario.max_batch is not None:
        changed = replace(scenario, max_batch=scenario.max_batch * 2)
        yield Nudge("max batch", str(scenario.max_batch), str(changed.max_batch), changed)


def _routing_nudges(scenario: Scenario, architecture: Architecture) -> Iterator[Nudge]:
    if architecture.is_mixture:
        more = round(scenario.load_imbalance * 1.25, 3)
        changed = replace(scenario, load_imbalance=more)
        yield Nudge("EP imbalance", f"{scenario.load_imbalance:g}", f"{more:g}", changed)


def _speculation_nudges(scenario: Scenario) -> Iterator[Nudge]:
    """Draft tokens, where something is known about their acceptance."""
    if scenario.acceptance <= 0:
        return
    for drafts in (scenario.draft_tokens - 1, scenario.draft_tokens + 1):
        if drafts >= 0:
            changed = replace(scenario, draft_tokens=drafts)
            yield Nudge("draft tokens", str(scenario.draft_tokens), str(drafts), changed)
    better = min(1.0, round(scenario.acceptance + 0.05, 3))
    if scenario.draft_tokens and better > scenario.acceptance:
        changed = replace(scenario, acceptance=better)
        yield Nudge("acceptance", f"{scenario.acceptance:g}", f"{better:g}", changed)


def _image_nudges(scenario: Scenario, model: VisionArchitecture) -> Iterator[Nudge]:
    """Images of half and double the edges; half and double the instances on a chip."""
    width, height = scenario.workload.resolution or (model.width, model.height)
    for edges in ((width // 2, height // 2), (width * 2, height * 2)):
        if min(edges) >= 1:
            workload = replace(scenario.workload, image_width=edges[0], image_height=edges[1])
            before, after = f"{width}x{height}", f"{edges[0]}x{edges[1]}"
            yield Nudge("resolution", before, after, replace(scenario, workload=workload))
    for instances in (scenario.instances // 2, scenario.instances * 2):
        if 1 <= instances <= LARGEST_INSTANCES:
            changed = replace(scenario, instances=instances)
            yield Nudge("instances", str(scenario.instances), str(instances), changed)
