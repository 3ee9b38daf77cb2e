"""What sizes share is worked out once, and is the same for each of them as if it were alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.scenario import Scenario, Settings, Workload
from engine.serve.asked import load_of, requests_of
from engine.serve.passes.shared import Shared
from engine.serve.predict import predict
from engine.serve.resolve import resolve
from engine.work.arrangement import Aggregated
from engine.work.layout import Layout

LAYOUTS = (
    Layout(8, 1, 8, 1, 4),
    Layout(4, 2, 4, 1, 4),
    Layout(1, 1, 8, 8, 4),
    Layout(2, 2, 8, 4, 2),
    Layout(1, 1, 32, 32, 1),
    Layout(1, 4, 8, 8, 1),
)
SIZES = np.arange(1.0, 1201.0)[np.newaxis, :]


@pytest.fixture(scope="module", params=("sglang", "vllm", "trtllm", "trtllm waits"))
def block(request):
    """Outcomes of layouts together, and of one of them at one size."""
    engine, _, waits = request.param.partition(" ")
    scenario = Scenario(
        model="deepseek-v3",
        chip="h200_sxm",
        chips=32,
        framework=engine,
        settings=Settings(batch_wait=20 if waits else None),
        workload=Workload(4000, 500),
    )
    system = resolve(scenario).systems[0]
    asked, load = requests_of(scenario, system), load_of(scenario)

    def of(layouts, sizes):
        return predict(system, [Aggregated(one) for one in layouts], asked, load, sizes)

    return of


def test_a_size_among_many_is_as_it_is_alone(block):
    together = block(LAYOUTS, SIZES)
    for row, layout in enumerate(LAYOUTS):
        for column in (0, 1, 6, 7, 8, 250, 1023, 1199):
            alone = block([layout], SIZES[:, column : column + 1])
            for name, seconds in together.seconds.items():
                assert seconds[row, column] == pytest.approx(alone.seconds[name][0, 0], rel=1e-13)


def test_what_made_a_size_among_many_sums_to_its_passes(block):
    together = block(LAYOUTS, SIZES)
    for row in range(len(LAYOUTS)):
        made, alone = together.items((row, 700)), block([LAYOUTS[row]], SIZES[:, 700:701])
        for phase, items in alone.items((0, 0)).passes.items():
            total = sum(float(one.seconds) for one in made.passes[phase])
            assert total == pytest.approx(sum(float(one.seconds) for one in items), rel=1e-12)


def test_percentiles_of_a_size_among_many_are_as_they_are_alone(block):
    from engine.words.statistic import Statistic

    together = block(LAYOUTS, SIZES).at("ttft", Statistic.P90)
    for row, layout in enumerate(LAYOUTS):
        alone = block([layout], SIZES[:, 900:901]).at("ttft", Statistic.P90)
        assert together[row, 900] == pytest.approx(alone[0, 0], rel=1e-6)


@given(st.lists(st.lists(st.integers(1, 40), min_size=30, max_size=30), min_size=1, max_size=5))
def test_the_many_find_their_own_among_the_few(lists: list[list[int]]) -> None:
    numbers = np.array(lists, dtype=float)
    shared = Shared.among(numbers, np.arange(len(numbers)))
    if shared is not None:
        assert (shared.spread(shared.numbers) == numbers).all()


@given(st.lists(st.lists(st.integers(1, 9), min_size=30, max_size=30), min_size=2, max_size=6))
def test_rows_of_one_group_share_its_few(lists: list[list[int]]) -> None:
    numbers = np.array(lists, dtype=float)
    groups = np.arange(len(numbers)) // 2
    shared = Shared.among(numbers, groups)
    assert shared is not None
    of_group = (shared.rows + 10.0)[:, np.newaxis]
    assert (shared.spread(shared.numbers) == numbers).all()
    assert (shared.spread(of_group)[:, 0] == groups + 10.0).all()


def test_few_are_no_gain_where_each_of_the_many_is_another():
    assert Shared.among(np.arange(100.0)[np.newaxis, :], np.zeros(1, dtype=np.int64)) is None


def test_arrangements_that_come_several_times_in_a_row_are_as_they_are_once(block):
    once = block(LAYOUTS[:2], SIZES)
    several = block(
        [LAYOUTS[0]] * 3 + [LAYOUTS[1]] * 3, np.concatenate([SIZES.reshape(3, 400)] * 2)
    )
    for name, seconds in once.seconds.items():
        folded = several.seconds[name].reshape(2, -1)
        assert folded == pytest.approx(seconds, rel=1e-13)
    assert several.memory.needed_bytes.reshape(2, -1) == pytest.approx(once.memory.needed_bytes)
    row = several.items((4, 100)).memory
    assert row == once.items((1, 500)).memory
