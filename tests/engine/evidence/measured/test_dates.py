"""When a row was measured, from what its cells say."""

from __future__ import annotations

from datetime import date

import pytest

from engine.evidence.measured.dates import row_date
from tests.engine.evidence.measured.rows import make_rows

NUMBERED = "measured twice; config_id=460: attributes decoded"


@pytest.mark.parametrize(
    ("text", "notes", "version", "day"),
    [
        ("2026-03-25", "", "", date(2026, 3, 25)),
        ("2025-12-17..2026-01-02 (from run id order)", "", "", date(2025, 12, 17)),
        ("2025-12..2025-12-17", "", "", date(2025, 12, 15)),
        ("2026-03-25", NUMBERED, "", date(2026, 3, 25)),
        ("median over all runs", NUMBERED, "", date(2026, 2, 7)),
        ("", "", "vllm 0.12.0", date(2025, 12, 3)),
        ("", "", "vllm 0.99", None),
        ("2024 (NIM 1.0-era)", "", "", None),
        ("2025-13-01", "", "", None),
        ("", "", "", None),
    ],
)
def test_the_most_certain_cell_counts(text, notes, version, day):
    assert row_date(text, notes, version) == day


def test_a_configuration_between_two_known_ones_appeared_between_their_days():
    assert date(2026, 2, 7) < row_date("", "config_id=500") < date(2026, 2, 12)


def test_runs_of_few_requests_are_younger_than_the_sweeps_without_them():
    since = date(2026, 6, 4)
    assert row_date("", "config_id=500", few=True) == since
    assert row_date("", "config_id=1999", few=True) == row_date("", "config_id=1999") > since
    assert row_date("2026-03-25", "config_id=500", few=True) == date(2026, 3, 25)


@pytest.mark.parametrize(("requests", "few"), [("2", True), ("3", True), ("4", False)])
def test_fewer_than_four_requests_are_few(tmp_path, requests, few):
    cells = {"date": "", "notes": "config_id=500", "concurrency_or_batch": requests}
    assert (make_rows(tmp_path, cells)[0].day == date(2026, 6, 4)) is few
