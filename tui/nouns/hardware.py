"""Chips and engines to pick from."""

from __future__ import annotations

import math
from collections.abc import Sequence

from engine.scenario import Scenario
from engine.words.messages import say


def listed_chips(scenario: Scenario) -> Sequence[str]:
    """The chips, by id."""
    from engine.hardware.chip_profiles import chip_ids

    return chip_ids()


def chip_facts(scenario: Scenario, value: str) -> str:
    """What a chip has, in a line."""
    from engine.hardware.chip_profiles import load_chip
    from engine.plan.face.lists import chip_row, runs_told
    from engine.plan.money.prices import load_prices

    row = chip_row(load_chip(value))
    peaks = row["peak_tflops"]
    fastest = ", ".join(f"{name} {peaks[name]:,.0f}" for name in ("bf16", "fp8") if name in peaks)
    measured = (
        say("measured: {runs}", runs=runs_told(row))
        if row["runs"] != "none"
        else say(row["constants"])
    )
    price = load_prices(scenario.prices).of(value)
    dollars = say("${price:g}/h · ", price=price) if math.isfinite(price) else ""
    return dollars + say(
        "{memory_gib:,.0f} GiB · {bandwidth_gbs:,.0f} GB/s · {measured} · {fastest} "
        "TFLOP/s · {name}",
        memory_gib=row["memory_gib"],
        bandwidth_gbs=row["bandwidth_gbs"],
        fastest=fastest,
        measured=measured,
        name=row["name"],
    )


def chip_of_alias(text: str) -> str:
    """The chip that a short name stands for."""
    from engine.hardware.chip_profiles import chip_aliases

    return chip_aliases().get(text.lower(), "")


def current_chip(scenario: Scenario) -> str:
    """The chip in force."""
    return chip_of_alias(scenario.chip) or scenario.chip


def names_several(text: str) -> bool:
    """Only what is listed can be meant, one or several; ``any`` is every one."""
    return "," in text or text == "any"


def listed_engines(scenario: Scenario) -> Sequence[str]:
    """The engines, by id."""
    from engine.hardware.framework_profiles import framework_ids

    return framework_ids()


def engine_facts(scenario: Scenario, value: str) -> str:
    """What is known of an engine, in a line."""
    from engine.hardware.framework_profiles import load_framework
    from engine.plan.face.lists import framework_row

    row = framework_row(load_framework(value))
    return say(
        "{name} {version} · constants {constants}",
        name=row["name"],
        version=row["version"],
        constants=say(row["constants"]),
    )
