"""When a row was measured, from what its cells say."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from engine.evidence.measured.dates import MONTH_DAYS, months_before_newest, row_date
from engine.evidence.measured.predict import predict
from engine.hardware.framework_profiles import load_framework
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


def test_months_count_back_from_the_newest_build_and_never_forward():
    newest = date(2026, 7, 20)
    assert months_before_newest(newest) == 0
    assert months_before_newest(date(2026, 8, 1)) == 0
    assert months_before_newest(date(2026, 7, 10)) == pytest.approx(10 / MONTH_DAYS)


def test_an_older_build_takes_longer_by_its_months(tmp_path):
    """SGLang on Blackwell, once in July and once in May of 2026: the same row but for the day."""
    row = {"framework": "sglang", "framework_version": "", "chip": "b200_sxm"}
    days = ({**row, "date": day} for day in ("2026-07-20", "2026-05-20"))
    found = predict(make_rows(tmp_path, *days)).values["tpot_ms"]
    share = load_framework("sglang").quickening["blackwell"]
    assert found[1] / found[0] == pytest.approx(np.exp(share * 61 / MONTH_DAYS))


def test_builds_older_than_any_observed_are_as_slow_as_the_oldest(tmp_path):
    """vLLM on Blackwell was seen back to March of 2026."""
    days = ({"chip": "b200_sxm", "date": day} for day in ("2026-07-20", "2026-01-01", "2025-11-01"))
    newest, older, oldest = predict(make_rows(tmp_path, *days)).values["tpot_ms"]
    framework = load_framework("vllm")
    share, months = (
        table["blackwell"]
        for table in (framework.builds.quickening, framework.builds.observed_months)
    )
    assert older == oldest
    assert oldest / newest == pytest.approx(np.exp(share * months))
