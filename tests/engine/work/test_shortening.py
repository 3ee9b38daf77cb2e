"""All-reduces of large messages, quantised."""

from __future__ import annotations

import numpy as np
import pytest

from engine.hardware.framework_profiles import load_framework
from engine.scenario import ReduceFormat
from engine.work.tokens.shortening import MIB, shortening_of


def test_large_messages_are_shortened_on_the_ranks_that_have_kernels() -> None:
    able = load_framework("vllm").changed(reduce_format=ReduceFormat.INT4).capabilities
    shortening = shortening_of(able, "cdna3")
    assert shortening is not None
    ranks = np.array([[1.0], [2.0], [3.0], [8.0]])
    size = np.array([[0.5, 1.0, 4.0]]) * MIB + 0.0 * ranks
    sent = shortening.of(size, ranks) / MIB
    # Of a tile of 4,096 bytes 1,152: four bits an element, and 4 bytes of scales for 64.
    assert sent == pytest.approx(
        np.array([[0.5, 1.0, 4.0], [0.5, 0.28125, 1.125], [0.5, 1.0, 4.0], [0.5, 1.0, 1.125]])
    )


@pytest.mark.parametrize(
    ("chosen", "generation"), [(ReduceFormat.NONE, "cdna3"), (ReduceFormat.INT4, "hopper")]
)
def test_others_stay_as_they_are(chosen: ReduceFormat, generation: str) -> None:
    able = load_framework("vllm").changed(reduce_format=chosen).capabilities
    assert shortening_of(able, generation) is None
