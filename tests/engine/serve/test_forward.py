"""Seconds of a batch, by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.hardware.chip import CacheTraits
from engine.hardware.framework import Framework
from engine.model.forward.architecture import ForwardArchitecture, ForwardLayer, LayerKind
from engine.serve.forward import run_forward
from engine.serve.memory.forward import forward_memory_of
from engine.work.forward.work import take_forward_inventory
from tests.engine.model.forward.builders import BF16, chip, convolution, framework, model, plain


def seconds(
    architecture: ForwardArchitecture,
    batch: float,
    runtime: Framework | None = None,
    instances: int = 1,
    **constants: float,
) -> float:
    inventory = take_forward_inventory(
        architecture, BF16, chip(**constants), runtime or framework()
    )
    return float(run_forward(inventory, np.array([batch]), instances).latency[0])


FLOPS = 2 * 128 * 576 * 128
BYTES = 2 * (128 * 64 + 128 * 128)
WEIGHT_BYTES = 2 * 576 * 128


def test_a_convolution_is_a_smooth_roofline():
    expected = 3 * FLOPS / 0.5e12 + (3 * BYTES + WEIGHT_BYTES) / 50e9 + 1e-6
    assert seconds(model(convolution()), 3) == pytest.approx(expected)


def test_few_tiles_leave_cores_idle():
    # One tile of 128×128 per image on two cores: half a tile per core.
    expected = FLOPS / 0.5e12 * (1 + 0.25 / 0.5) + (BYTES + WEIGHT_BYTES) / 50e9 + 1e-6
    assert seconds(model(convolution()), 1, half_size=0.25) == pytest.approx(expected)


def test_groups_are_padded():
    # 16 groups of 36 × 8: depth pads to 64, columns to 64.
    flops = 2 * 128 * 16 * 64 * 64
    moved = BYTES + 2 * 16 * 36 * 8
    expected = flops / 0.5e12 + moved / 50e9 + 1e-6
    assert seconds(model(convolution(groups=16)), 1) == pytest.approx(expected)


def test_the_host_takes_over_when_launches_are_slower():
    runtime = framework(launch_seconds=1e-3)
    layers = (convolution(), plain(LayerKind.POOLING))
    assert seconds(model(*layers), 1, runtime) == pytest.approx(2e-3)


def test_batches_and_images_cost_the_host():
    plainly = seconds(model(convolution()), 4)
    runtime = framework(batch_seconds=1e-3, image_seconds=1e-4)
    assert seconds(model(convolution()), 4, runtime) == pytest.approx(plainly + 1e-3 + 4e-4)


def test_shares_scale_the_chips_constants():
    runtime = framework(compute_shares={"convolution": 0.5}, memory_shares={"convolution": 0.25})
    expected = FLOPS / 0.25e12 + (BYTES + WEIGHT_BYTES) / 12.5e9 + 1e-6
    assert seconds(model(convolution()), 1, runtime) == pytest.approx(expected)


def test_mixed_precision_launches_a_cast_per_product():
    runtime = framework(launch_seconds=1e-3, casts_weights=True)
    layers = (convolution(), plain(LayerKind.POOLING))
    assert seconds(model(*layers), 1, runtime) == pytest.approx(3e-3)


def test_what_stays_in_the_cache_costs_less():
    # A cache as large as the working set serves half of its bytes at a quarter of the cost.
    half = replace(chip(), cache_bytes=BYTES, cache=CacheTraits(byte_cost=0.25, reach=1.0))
    inventory = take_forward_inventory(model(convolution()), BF16, half, framework())
    moved = BYTES * (0.5 + 0.5 * 0.25)
    missed = WEIGHT_BYTES / (WEIGHT_BYTES + BYTES)
    weights = WEIGHT_BYTES * (missed + (1 - missed) * 0.25)
    expected = FLOPS / 0.5e12 + (moved + weights) / 50e9 + 1e-6
    latency = run_forward(inventory, np.array([1.0])).latency[0]
    assert latency == pytest.approx(expected)


def test_sustained_clock_scales_matrix_kernels_only():
    slow = replace(chip(), sustained=0.5)
    layers = (convolution(), plain(LayerKind.POOLING))
    works = take_forward_inventory(model(*layers), BF16, slow, framework()).works
    assert [work.constants.compute for work in works] == [0.25, 0.5]


def test_instances_fill_what_one_leaves_idle():
    alone = seconds(model(convolution()), 1, half_size=4)
    together = seconds(model(convolution()), 1, instances=2, half_size=4)
    assert alone <= together < 2 * alone


def test_instances_hide_the_launches_that_the_chip_takes():
    """Two copies of one image: two images without the launch, which this chip does in 3 µs."""
    slow = replace(chip(), pace=3.0)
    inventory = take_forward_inventory(model(convolution()), BF16, slow, framework())
    expected = 2 * 3 * FLOPS / 0.5e12 + (2 * BYTES + WEIGHT_BYTES) / 50e9
    assert run_forward(inventory, np.array([1.0]), 2).latency[0] == pytest.approx(expected)


layers = st.builds(
    lambda kind, rows, depth, columns, groups: ForwardLayer(
        "layer",
        kind,
        groups * depth * columns,
        2.0 * rows * depth * columns * groups,
        rows * depth,
        rows * columns * groups,
        rows=rows,
        depth=depth,
        columns=columns,
        groups=groups,
    ),
    st.sampled_from(list(LayerKind)),
    st.integers(1, 4000),
    st.integers(1, 600),
    st.integers(1, 600),
    st.integers(1, 40),
)


@settings(max_examples=60)
@given(
    architecture=st.lists(layers, min_size=1, max_size=6).map(lambda some: model(*some)),
    half_size=st.floats(0, 8),
    order=st.sampled_from([1.0, 2.0, 4.0]),
    instances=st.integers(1, 4),
    launch=st.floats(0, 1e-3),
)
def test_latency_and_memory_never_fall_as_the_batch_grows(
    architecture: ForwardArchitecture, half_size: float, order: float, instances: int, launch: float
):
    constants = chip(half_size=half_size, order=order)
    runtime = framework(launch_seconds=launch, image_seconds=1e-6)
    inventory = take_forward_inventory(architecture, BF16, constants, runtime)
    batches = np.array([1.0, 2, 3, 4, 7, 8, 9, 16, 31, 64, 100, 255, 256, 257, 1000])
    latency = run_forward(inventory, batches, instances).latency
    assert np.all(np.diff(latency) >= -1e-12 * latency[:-1])
    needed = forward_memory_of(architecture, BF16, constants, runtime, instances, 2.0).needed(
        batches
    )
    assert np.all(np.diff(needed) >= 0)


def test_images_are_done_no_sooner_than_the_host_decodes_them():
    slow = take_forward_inventory(
        model(convolution()), BF16, chip(), framework(loading_seconds=1.0)
    )
    assert run_forward(slow, np.array([3.0]), instances=2).latency[0] == pytest.approx(6.0)
