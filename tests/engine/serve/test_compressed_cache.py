"""Caches of DeepSeek-V4 against what servers printed."""

from __future__ import annotations

import numpy as np
import pytest

from engine.serve.memory.compressed_cache import CompressedLayers

PRO = CompressedLayers(30, 4, 31, 128, 61, 128)


@pytest.mark.parametrize(("pool", "printed"), [(39.26, 4.1036), (40.47, 4.2301)])
def test_a_million_tokens_of_v4_pro_fit_as_often_as_vllm_printed(pool: float, printed: float):
    taken = float(PRO.paged_bytes(np.array([[1e6]]), 8192.0)[0, 0])
    assert taken == 6932 * 47_808 * 31
    assert pool * 2**30 / taken == pytest.approx(printed, rel=2e-4)


def test_short_requests_are_mostly_windows_and_states():
    one, two = (
        float(PRO.paged_bytes(np.array([[tokens]]), 8192.0)[0, 0]) for tokens in (8192.0, 16384.0)
    )
    assert two < 1.1 * one


def test_pools_by_use_hold_a_tenth_of_the_tokens_in_windows():
    assert PRO.token_bytes() == 30 * 716 / 4 + 31 * 584 / 128 + 0.1 * 61 * 584
