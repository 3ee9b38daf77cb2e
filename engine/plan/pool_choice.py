"""What a person says of pools, made to agree: the chips of both pools are all there are."""

from __future__ import annotations

from dataclasses import replace

from engine.scenario import ArrangementKind, PoolChoice, Scenario
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.quantities import chips_words
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
        for role, asked, pool in (
            ("prefill", choice.prefill_chips, given.prefill),
            ("decode", choice.decode_chips, given.decode),
        ):
            if asked not in {None, pool.chips}:
                raise InputError(
                    say(
                        "--{role}-chips {asked}: found a pool of {chips}, {pool}",
                        role=role,
                        asked=asked,
                        chips=chips_words(pool.chips),
                        pool=pool.name,
                    )
                )
        return replace(scenario, chips=given.chips)
    if choice.prefill_chips is not None and choice.decode_chips is not None:
        return replace(scenario, chips=choice.prefill_chips + choice.decode_chips)
    split = choice.split(scenario.chips)
    if split is not None and min(split) < 1:
        empty = "prefill" if split[0] < 1 else "decode"
        raise InputError(
            say(
                "{split} of {chips} chips leave the {empty} pool empty, expected "
                "at least one for each",
                split=max(split),
                chips=scenario.chips,
                empty=empty,
            )
        )
    return scenario
