"""Two halves of a batch in turns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.serve.passes.deployment import Deployment
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
