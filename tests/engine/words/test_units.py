"""Numbers as people type them."""

from __future__ import annotations

import pytest

from engine.words.units import parse_quantity, parse_ratio


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("4K", 4096),
        ("1.5k", 1536),
        ("1M", 1 << 20),
        ("70B", 70_000_000_000),
        ("0.5b", 500_000_000),
        ("1T", 10**12),
        ("4", None),
        ("K", None),
        ("4KB", None),
        ("1e3K", None),
    ],
)
def test_suffixes(text: str, value: int | None):
    assert parse_quantity(text) == value


def test_percent_is_a_share():
    assert parse_ratio("80%", "acceptance", 0, 1) == 0.8
