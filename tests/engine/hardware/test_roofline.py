"""Seconds of single kernels and collectives against figures worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.hardware.chip import Chip, Collective, KernelConstants, LinkDeviation
from engine.hardware.roofline import Message, Network, Work, kernel_bound, kernel_seconds
from engine.words.arrays import FloatArray
from tests.engine import builders

CHIP = builders.chip()


def work(flops: float, traffic: float, **constants: float) -> Work:
    values = {"compute": 1.0, "memory": 1.0, "floor_seconds": 0.0, "order": 2.0, **constants}
    return Work(
        "gemm",
        "gemm.bf16",
        KernelConstants(**values),  # type: ignore[arg-type]
        1e15,
        1.0,
        np.array([flops]),
        np.array([traffic]),
        size=np.array([100.0]),
        items=np.array([1000.0]),
    )


@pytest.mark.parametrize(
    ("order", "expected"),
    [(1, 7.0), (2, 5.0), (4, (3**4 + 4**4) ** 0.25), (float("inf"), 4.0), (3, 91 ** (1 / 3))],
)
def test_norm_blends_compute_and_memory(order: float, expected: float):
    seconds = kernel_seconds(work(3e15, 4e12, order=order), CHIP)
    assert seconds[0] == pytest.approx(expected)


def test_floor_is_added():
    assert kernel_seconds(work(0.0, 1e12, floor_seconds=0.5), CHIP)[0] == pytest.approx(1.5)


def test_a_chips_pace_scales_arithmetic_and_launches_not_memory():
    faster = replace(CHIP, pace=0.8)
    assert kernel_seconds(work(0.0, 1e12, floor_seconds=0.5), faster)[0] == pytest.approx(1.4)
    assert kernel_seconds(work(1e15, 0.0, floor_seconds=0.5), faster)[0] == pytest.approx(1.2)


def test_efficiencies_divide_the_peaks():
    seconds = kernel_seconds(work(1e15, 0.0, compute=0.5), CHIP)
    assert seconds[0] == pytest.approx(2.0)


def test_half_size_halves_the_rate_there():
    seconds = kernel_seconds(work(1e15, 0.0, half_size=100.0), CHIP)
    assert seconds[0] == pytest.approx(2.0)


def test_what_a_shape_adds_slows_its_own_part_only():
    """3 s of arithmetic and 1 s of traffic, one after the other (order 1)."""
    call = work(3e15, 1e12, order=1)
    assert kernel_seconds(replace(call, compute_excess=1.5), CHIP)[0] == pytest.approx(5.5)
    assert kernel_seconds(replace(call, memory_excess=1.5), CHIP)[0] == pytest.approx(4.5)


def test_items_bound_decode_attention():
    seconds = kernel_seconds(work(1.0, 1.0, per_item_seconds=0.001), CHIP)
    assert seconds[0] == pytest.approx(1.0)


def test_few_items_draw_only_their_share_of_the_bandwidth():
    """A thousand items at 0.05 % each draw half; at 0.2 % each all of it."""
    assert kernel_seconds(work(0.0, 1e12, item_share=5e-4), CHIP)[0] == pytest.approx(2.0)
    assert kernel_seconds(work(0.0, 1e12, item_share=2e-3), CHIP)[0] == pytest.approx(1.0)


def test_items_of_fewer_query_heads_than_cores_are_split():
    """A hundred items at 0.1 % each draw a tenth; split over four cores each, four tenths."""
    call = replace(work(0.0, 1e12, item_share=1e-3, item_split=4.0), items=np.array([100.0]))
    few, many = (replace(call, item_heads=0.999 * CHIP.core_count / 100 * by) for by in (1.0, 1.01))
    assert kernel_seconds(few, CHIP)[0] == pytest.approx(2.5)
    assert kernel_seconds(many, CHIP)[0] == pytest.approx(10.0)


@pytest.mark.parametrize(
    ("flops", "traffic", "floor", "bound"),
    [(2e15, 1e12, 0.1, "compute"), (1e15, 2e12, 0.1, "memory"), (1e12, 1e9, 0.1, "launch")],
)
def test_bound_names_the_largest_part(flops: float, traffic: float, floor: float, bound: str):
    assert kernel_bound(work(flops, traffic, floor_seconds=floor), CHIP) == bound


def message(kind: str, ranks: float, size: float, remote: float | None = None) -> Message:
    return Message(
        kind,
        kind,
        np.array([[1.0]]),
        np.array([[size]]),
        np.array([[ranks]]),
        None if remote is None else np.array([[remote]]),
    )


def message_seconds(one: Message, chip: Chip) -> FloatArray:
    return Network(chip).seconds(one)


def test_all_reduce_moves_two_shares_of_each_byte():
    seconds = message_seconds(message("all_reduce", 4.0, 1e9), CHIP)
    assert seconds[0, 0] == pytest.approx(1e-5 + 2 * 3 / 4 * 1e9 / 100e9)


def test_one_rank_sends_nothing():
    assert message_seconds(message("all_reduce", 1.0, 1e9), CHIP)[0, 0] == 0.0


def test_small_messages_take_the_quicker_algorithm():
    quick = Collective(1e-5, 100e9, small_alpha_seconds=1e-6, small_bandwidth_bytes=1e9)
    chip = replace(CHIP, all_reduce={2: quick})
    assert message_seconds(message("all_reduce", 2.0, 1e3), chip)[0, 0] == pytest.approx(2e-6)


def test_two_nodes_cost_more_than_one():
    inside = message_seconds(message("all_reduce", 8.0, 1e8), CHIP)[0, 0]
    across = message_seconds(message("all_reduce", 16.0, 1e8), CHIP)[0, 0]
    assert across == pytest.approx(inside + 1e8 / 8 / (50e9 * 0.9) + 5 * 1e-5)


def test_rank_counts_between_measured_ones_are_interpolated():
    chip = replace(CHIP, all_reduce={2: Collective(1e-6, 1e11), 8: Collective(3e-6, 1e11)})
    seconds = message_seconds(message("all_reduce", 4.0, 0.0), chip)[0, 0]
    assert seconds == pytest.approx(2e-6)


def test_remote_part_of_an_exchange_waits_for_the_network():
    near = message_seconds(message("all_to_all", 16.0, 1e8, 0.0), CHIP)[0, 0]
    far = message_seconds(message("all_to_all", 16.0, 1e8, 1e8), CHIP)[0, 0]
    assert near == pytest.approx(1e-5 + 1e8 / 100e9)
    assert far == pytest.approx(1e8 / (50e9 * 0.9) + 10e-6 * np.log2(3))


def test_the_link_of_a_send_is_each_replica_s_own():
    """A replica within a node sends over its fabric whatever stands beside it in the block."""
    ranks = np.array([[8.0], [16.0]])
    both = Message("send", "send", np.ones((2, 1)), np.full((2, 1), 1e8), ranks)
    alone = [message_seconds(message("send", float(one), 1e8), CHIP)[0, 0] for one in ranks[:, 0]]
    assert list(message_seconds(both, CHIP)[:, 0]) == alone
    up, out = CHIP.scale_up, CHIP.scale_out
    assert alone[0] == up.alpha_seconds + 1e8 / (up.bandwidth_bytes * up.achieved)
    assert alone[1] == out.alpha_seconds + 1e8 / (out.bandwidth_bytes * out.achieved)


def test_links_may_deviate_at_one_rank_count():
    """Twice the start, a start of the engine's included, and half the bandwidth, of four alone."""
    network = Network(CHIP, 2e-6, {4: LinkDeviation(start=2.0, bandwidth=0.5)})
    four = network.seconds(message("all_reduce", 4.0, 1e9))[0, 0]
    assert four == pytest.approx(2 * 1.2e-5 + 2 * (2 * 3 / 4 * 1e9 / 100e9))
    two = message("all_reduce", 2.0, 1e9)
    assert network.seconds(two) == pytest.approx(Network(CHIP, 2e-6).seconds(two))
