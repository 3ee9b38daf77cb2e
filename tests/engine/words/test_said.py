"""What is said of one and of several."""

from __future__ import annotations

import pytest

from engine.words.messages import say


@pytest.mark.parametrize(
    ("count", "told"),
    [(1, "1 request on 1 chip"), (21, "21 requests on 1 chip"), ("1", "1 request on 1 chip")],
)
def test_english_counts_one_without_an_s(count: int | str, told: str) -> None:
    assert say("{count} requests on {chips} chips", count=count, chips=1) == told
