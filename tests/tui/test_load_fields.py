"""The fields of load and limits: rates, spreads, shared prefixes, limits with their statistic."""

import pytest

from engine.plan.prepared import prepare
from engine.plan.tables import replicas_table
from engine.scenario import LayoutLimits, Objectives, Scenario, Workload
from engine.words.errors import InputError
from tui.fields.field import Field
from tui.fields.forms import WORKLOAD

START = Scenario(objectives=Objectives())


def field(id: str) -> Field:
    return next(one for one in WORKLOAD if one.id == id)


@pytest.mark.parametrize(
    ("id", "typed", "shown"),
    [
        ("rate", "12", "12"),
        ("rate", "0.5/s", "0.5"),
        ("rate", "", "in flight"),
        ("burstiness", "0.25", "0.25"),
        ("input_spread", "80%", "0.8"),
        ("output_spread", "1.2", "1.2"),
        ("shared_prefix_tokens", "2K", "2048"),
        ("shared_prefix_tokens", "0", "0"),
        ("turns", "6", "6"),
        ("images", "2", "2"),
        ("image_size", "1920x1080", "1920x1080"),
        ("ttft_ms", "2s", "2000"),
        ("ttft_ms", "p99 2s", "p99 2000"),
        ("ttft_ms", "500, p99 2s", "500, p99 2000"),
        ("itl_p50_ms", "p99 100", "p99 100"),
        ("goodput_percent", "95", "95"),
        ("tpot_ms", "none", "none"),
    ],
)
def test_what_is_typed_is_shown_and_read_again(id: str, typed: str, shown: str):
    made = field(id).write(START, typed)
    assert field(id).read(made) == shown
    assert field(id).write(made, shown) == made


def test_other_statistics_than_those_typed_are_cleared():
    made = field("ttft_ms").write(START, "500, p99 2s")
    assert field("ttft_ms").write(made, "p90 1s").objectives == Objectives(ttft_p90_ms=1000.0)


@pytest.mark.parametrize(
    ("id", "typed"),
    [
        ("rate", "-1"),
        ("rate", "many"),
        ("output_spread", "11"),
        ("turns", "0"),
        ("ttft_ms", "p98 2s"),
        ("goodput_percent", "120"),
    ],
)
def test_what_makes_no_sense_is_one_line(id: str, typed: str):
    with pytest.raises(InputError) as caught:
        field(id).write(START, typed)
    assert "\n" not in str(caught.value) and "found" in str(caught.value)


def test_steps_begin_where_people_do():
    step = field("rate").step
    assert step is not None and step(START, 1).workload.rate == 1.0
    assert step(step(START, 1), 1).workload.rate == 1.1


def test_rows_at_a_rate_are_numbers_of_replicas():
    scenario = Scenario(
        model="llama-3.1-8b",
        chip="h100_sxm",
        chips=4,
        workload=Workload(1024, 128, rate=10.0),
        limits=LayoutLimits(tensor=(1, 2), pipeline=(1,)),
    )
    prepared = prepare(scenario)
    wide = next(one for one in prepared.arrangements if one.name == "TP2 ×2")
    table = replicas_table(prepared, scenario, wide, prepared.precisions[0])
    assert table.at_rate and table.sizes.tolist() == [1.0, 2.0]
    assert [table.arrangement(row).chips for row in range(2)] == [2, 4]
