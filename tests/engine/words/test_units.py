"""Numbers as people type them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.words.errors import InputError
from engine.words.units import (
    parse_count,
    parse_decimal,
    parse_instances,
    parse_milliseconds,
    parse_per_second,
    parse_quantity,
    parse_ratio,
    parse_resolution,
    parse_whole,
)


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


READERS = [
    lambda text: parse_count(text),
    lambda text: parse_whole(text, "x", 0, 64),
    lambda text: parse_milliseconds(text),
    lambda text: parse_resolution(text),
    lambda text: parse_ratio(text, "x", 0, 1e9),
    lambda text: parse_instances(text),
]
FOREIGN = ["٤", "4٤", "1_0", "４", "1e", "nan", "inf", "-inf", "infinity", "0x10", "1__0", "²", "Ⅷ"]


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("text", [*FOREIGN, "٤x٤", "1_0x1_0", "٤K", "٤ms"])
def test_only_plain_digits_are_numbers(reader, text: str):
    with pytest.raises(InputError):
        reader(text)


@pytest.mark.parametrize("text", FOREIGN)
def test_what_is_no_plain_number_is_none(text: str):
    assert math.isnan(parse_decimal(text))
    assert parse_quantity(f"{text}K") is None


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_that_is_written_is_read(value: float):
    assert parse_decimal(repr(value)) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [("20", 20), ("20/s", 20), ("30000/min", 500), ("7200 / h", 2), ("1/D", None)],
)
def test_rates_by_their_unit(text: str, value: float | None):
    assert parse_per_second(text, "rate", 0, 1e6) == (1 / 86400 if value is None else value)


@pytest.mark.parametrize("text", ["20/", "20/week", "/s", "20/s/s", "many", "80%"])
def test_a_rate_that_is_none_says_how_to_write_it(text: str):
    with pytest.raises(InputError, match="as 20, or 300/min"):
        parse_per_second(text, "rate", 0, 1e6)
