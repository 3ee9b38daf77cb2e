"""What the engine says today is what it said when somebody last changed figures on purpose.

Another figure is no mistake by itself: ``python -m tests.golden --write`` records it, and the
commit says which figures moved and why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace

import pytest

from engine.hardware.parts.costs import Costs
from engine.model.model_profiles import bundled_models
from engine.serve.call import Call
from engine.serve.command import command_line
from engine.serve.system import System
from engine.work.arrangement import Disaggregated
from tests.golden import figures, questions, read_table

TOLERANCE = 1e-6
"""Relative: above what other machines and versions of numpy add up to, far below what a constant
that moves by 1 % moves."""
CALLS = tuple(questions())
COMMANDS = tuple(map(command_line, CALLS))


@pytest.fixture(scope="module")
def table() -> dict[str, Mapping[str, float]]:
    return read_table()


@pytest.mark.parametrize("call", CALLS, ids=COMMANDS)
def test_a_prediction_is_the_one_on_record(call: Call, table) -> None:
    assert figures(call) == pytest.approx(table[command_line(call)], rel=TOLERANCE)


def test_the_table_holds_every_question_and_no_other(table) -> None:
    assert list(table) == list(COMMANDS)


def test_questions_are_of_bundled_models_and_of_every_way_to_serve_them() -> None:
    models = {call.scenario.model for call in CALLS}
    assert models <= set(bundled_models())
    assert len(models) >= 20
    assert len({call.scenario.chip for call in CALLS}) >= 15
    assert len({call.scenario.framework for call in CALLS}) >= 10
    modes = {(call.scenario.workload.mode, call.scenario.workload.client.kind) for call in CALLS}
    assert len(modes) == 3
    assert any(isinstance(call.arrangement, Disaggregated) for call in CALLS)


def more(name: str) -> Callable[[System], System]:
    """A system whose engine spends 1 % more of one cost."""

    def change(system: System) -> System:
        cost = 1.01 * getattr(system.engine.costs, name)
        return replace(system, engine=system.engine.changed(**{name: cost}))

    return change


def kernels(name: str) -> Callable[[System], System]:
    """A system whose kernels have 1 % more of one constant, the chip's and the engine's own."""

    def change(system: System) -> System:
        def moved(table: Mapping[str, object]) -> dict[str, object]:
            return {
                kernel: replace(one, **{name: 1.01 * getattr(one, name)})
                for kernel, one in table.items()
            }

        chip = replace(system.chip, kernels=moved(system.chip.kernels))
        return replace(
            system, chip=chip, engine=system.engine.changed(kernels=moved(system.engine.kernels))
        )

    return change


def collectives(kind: str) -> Callable[[System], System]:
    """A system whose collectives of one kind have 1 % more bandwidth."""

    def change(system: System) -> System:
        table = {
            ranks: replace(one, bandwidth_bytes=1.01 * one.bandwidth_bytes)
            for ranks, one in getattr(system.chip, kind).items()
        }
        return replace(system, chip=replace(system.chip, **{kind: table}))

    return change


def seen(table: Mapping[str, Mapping[str, float]], change: Callable[[System], System]) -> int:
    """How many questions a change moves beyond the tolerance."""
    return sum(
        figures(call, change) != pytest.approx(table[command_line(call)], rel=TOLERANCE)
        for call in CALLS
    )


@pytest.mark.parametrize("name", [one.name for one in fields(Costs)])
def test_a_cost_that_moves_by_one_percent_is_seen(name: str, table) -> None:
    assert seen(table, more(name)) >= 1


@pytest.mark.parametrize("name", ["compute", "memory", "floor_seconds"])
def test_a_kernels_constant_that_moves_by_one_percent_is_seen_everywhere(name: str, table) -> None:
    assert seen(table, kernels(name)) >= 0.9 * len(CALLS)


@pytest.mark.parametrize("kind", ["all_reduce", "all_to_all"])
def test_a_link_that_moves_by_one_percent_is_seen(kind: str, table) -> None:
    assert seen(table, collectives(kind)) >= 4
