"""Two halves of a batch in turns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.hardware.parts.capabilities import Turns
from engine.serve.passes.deployment import Deployment
from engine.serve.passes.overlap import Half, Order
from engine.serve.passes.run import run
from engine.work.layout import Layout
from engine.work.tokens import LayoutArrays, decode_step, prefill_step, take_inventory
from tests.engine import builders

MODEL = builders.mixture(experts=64)


def deployment(layout: Layout, **constants: object) -> Deployment:
    engine = builders.framework(**constants)
    inventory = take_inventory(MODEL, builders.BF16, builders.chip(), engine)
    return Deployment(inventory, builders.chip(), engine, LayoutArrays.of([layout]))


WIDE = Layout(attention_data=16, expert=16)


def seconds(layout: Layout, sequences: float, decode: bool, **constants: object) -> float:
    made = deployment(layout, **constants)
    batch = np.array([[sequences]])
    if decode:
        step = decode_step(batch, made.layouts, 1000.0, 100.0)
    else:
        step = prefill_step(batch, made.layouts, 1000.0)
    return float(run(made, [step]).seconds[0, 0])


def test_layouts_that_send_nothing_gain_nothing():
    layout = Layout(tensor=4)
    assert seconds(layout, 64, True, overlapped_nodes=1) == seconds(layout, 64, True)


def test_a_lone_sequence_of_each_rank_is_not_split():
    assert seconds(WIDE, 16, True, overlapped_nodes=1) == seconds(WIDE, 16, True)


def half(**seconds: float) -> Half:
    """Seconds of one half, nothing where none are given."""
    names = ("early", "core", "late", "experts", "elsewhere", "dispatch", "combine")
    return Half(*(np.array([seconds.get(name, 0.0)]) for name in names))


@pytest.mark.parametrize(
    ("turns", "dispatched", "combined"),
    [
        # Attention's block takes 6, experts 4: 5 of dispatching outlast the experts by 1, 8 of
        # combining both blocks, by 2 and 4.
        (Turns.BLOCKS, 1.0, 6.0),
        # Dispatching has 2 beside it, combining 4; both halves wait.
        (Turns.SHIFTED, 6.0, 8.0),
        # 13 travel beside 10, each its part of what is left, twice.
        (Turns.STREAMS, 6.0 * 5 / 13, 6.0 * 8 / 13),
    ],
)
def test_messages_wait_for_what_outlasts_the_block_beside_them(turns, dispatched, combined):
    one = half(early=2, core=3, late=1, experts=4, dispatch=5, combine=8)
    waited = one.waiting(Order(turns, layers=1.0, cores=0.0))
    assert [value.item() for value in waited] == pytest.approx([dispatched, combined])


def test_layers_without_experts_hide_nothing():
    one = half(early=4, dispatch=3)
    (dispatched, _) = one.waiting(Order(Turns.SHIFTED, layers=0.5, cores=0.0))
    assert dispatched.item() == pytest.approx(2.0)


def test_attention_is_slower_while_tokens_travel():
    one = half(core=6, experts=4, dispatch=5)
    order = Order(Turns.STREAMS, layers=1.0, cores=0.2)
    # Half of the time that it computes tokens travel, on a fifth of the cores.
    assert one.both(order).item() == pytest.approx(2 * (10 + 6 * 0.5 * 0.2))


def test_it_is_never_faster_than_either_of_what_it_overlaps():
    made = deployment(WIDE)
    step = prefill_step(np.array([[512.0]]), made.layouts, 1000.0)
    items = run(made, [step]).items()
    sent = sum(one.seconds.item() for one in items if one.kernel == "all_to_all")
    whole = sum(one.seconds.item() for one in items)
    turns = seconds(WIDE, 512, False, overlapped_nodes=1)
    assert turns < whole
    assert turns >= max(sent, whole - sent) * 0.999


def test_items_of_both_halves_sum_to_the_pass():
    made = deployment(WIDE, overlapped_nodes=1, dispatch_cores=2)
    made = replace(made, chip=replace(made.chip, core_count=10))
    step = prefill_step(np.array([[512.0]]), made.layouts, 1000.0)
    one = run(made, [step])
    assert sum(item.seconds.item() for item in one.items()) == pytest.approx(
        float(one.seconds[0, 0])
    )


def test_cores_that_send_do_not_compute():
    free = seconds(WIDE, 512, False, overlapped_nodes=1)
    made = deployment(WIDE, overlapped_nodes=1, dispatch_cores=5)
    made = replace(made, chip=replace(made.chip, core_count=10))
    step = prefill_step(np.array([[512.0]]), made.layouts, 1000.0)
    assert float(run(made, [step]).seconds[0, 0]) >= free
