"""What a person says of pools, made to agree: the chips of both pools are all there are."""

from __future__ import annotations

from dataclasses import replace

from engine.scenario import ArrangementKind, PoolChoice, Scenario
from engine.words.errors import InputError
from engine.work.arrangement import given_pools


def agreed(scenario: Scenario) -> Scenario:
    """The scenario with the chips of the pools that it spells out; pools that something was chosen
    of are among what is compared. Raises `InputError`."""
    choice = scenario.pools
    if choice == PoolChoice():
        return scenario
    if scenario.arrangement is ArrangementKind.AGGREGATED:
        scenario = replace(scenario, arrangement=ArrangementKind.DISAGGREGATED)
    given = given_pools(choice)
    if given is not None:
        own = choice.prefill_chips
        if own is not None and own != given.prefill.chips:
            raise InputError(
                f"--prefill-chips {own}: found pools of {given.prefill.chips} and "
                f"{given.decode.chips} chips"
            )
        return replace(scenario, chips=given.chips)
    if choice.prefill_chips is not None and choice.prefill_chips >= scenario.chips:
        raise InputError(
            f"--prefill-chips {choice.prefill_chips} of {scenario.chips}: leaves the decode pool "
            "empty"
        )
    return scenario
