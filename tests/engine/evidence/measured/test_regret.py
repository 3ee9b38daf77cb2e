"""What choosing by prediction costs, against numbers worked out by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.evidence.measured.measurement import Measurement
from engine.evidence.measured.predict import METRICS, Predictions
from engine.evidence.measured.regret import Regret, regrets
from tests.engine.evidence.measured.rows import make_rows

MEASURED = ((10, 100), (18, 180), (30, 300), (60, 500))
"""TPOT in ms and tokens/s/chip of four batch sizes."""
POOLS = "P:1x(tp8,ep1,dpa=False) D:1x(tp8,ep1,dpa=False)"


def rows_of(folder: Path, chips: tuple[str, ...] = ("h100_sxm",)) -> list[Measurement]:
    changes = [
        {"chip": chip, "tpot_ms": str(tpot), "output_tps_per_chip": str(rate)}
        for chip in chips
        for tpot, rate in MEASURED
    ]
    return make_rows(folder, *changes)


def predicted(tpot: list[float], rate: list[float]) -> Predictions:
    values = {metric: np.full(len(tpot), np.nan) for metric in METRICS}
    values["tpot_ms"] = np.array(tpot)
    values["output_tps_per_chip"] = np.array(rate)
    return Predictions(values, [""] * len(tpot), [None] * len(tpot))


def one(rows: list[Measurement], predictions: Predictions, limit: float) -> Regret:
    (found,) = regrets(rows, predictions, (limit,))
    return found


def test_perfect_predictions_lose_nothing(tmp_path: Path) -> None:
    rows = rows_of(tmp_path)
    truth = predicted([float(t) for t, _ in MEASURED], [float(r) for _, r in MEASURED])
    assert [found.median for found in regrets(rows, truth)] == [0.0, 0.0, 0.0]


def test_a_pessimist_takes_the_smaller_batch(tmp_path: Path) -> None:
    # Under 20 ms the best row gives 180; a TPOT predicted at 21 ms leaves the row with 100.
    found = one(rows_of(tmp_path), predicted([12, 21, 35, 70], [90, 170, 280, 480]), 20)
    assert found.median == pytest.approx(1 - 100 / 180)
    assert found.missed == 0


def test_an_optimist_breaks_the_limit(tmp_path: Path) -> None:
    # Predicted 19 ms, measured 30 ms: nothing is lost, but the limit is.
    found = one(rows_of(tmp_path), predicted([6, 11, 19, 40], [90, 170, 280, 480]), 20)
    assert found.median == 0
    assert found.missed == 1


def test_finding_nothing_to_run_loses_everything(tmp_path: Path) -> None:
    found = one(rows_of(tmp_path), predicted([30, 40, 50, 60], [90, 170, 280, 480]), 20)
    assert found.median == 1


def test_groups_without_a_measured_choice_do_not_count(tmp_path: Path) -> None:
    found = one(rows_of(tmp_path), predicted([10, 18, 30, 60], [90, 170, 280, 480]), 5)
    assert found == Regret(5, 0, None, None, None)


def test_median_is_over_groups(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, ("h100_sxm", "h200_sxm", "b200_sxm"))
    # Losses under 50 ms by group: 0, 1 − 180/300 = 0.4, 1 − 100/300 = 2/3.
    tpot = [10, 18, 30, 60, 10, 18, 55, 60, 10, 55, 56, 60]
    found = one(rows, predicted(tpot, [100, 180, 300, 500] * 3), 50)
    assert found.groups == 3
    assert found.median == pytest.approx(0.4)
    assert found.mean == pytest.approx((0 + 0.4 + 2 / 3) / 3)


def test_a_choice_with_room_keeps_the_limit_that_one_at_its_word_breaks(tmp_path: Path) -> None:
    # Predicted 19 ms with 10 % of error: 20.9 ms, so that the row of 11 ms is taken.
    rows, optimist = rows_of(tmp_path), predicted([6, 11, 19, 40], [90, 170, 280, 480])
    (found,) = regrets(rows, optimist, (20,), error=0.1)
    assert found.missed == 0
    assert found.tpot_limit_ms == 20


def test_choices_with_two_pools_among_them_are_counted_apart(tmp_path: Path) -> None:
    """Two groups, of which one has a deployment in pools."""
    plain = [
        {"tpot_ms": str(tpot), "output_tps_per_chip": str(rate)} for tpot, rate in MEASURED[:2]
    ]
    pools = {"disagg": "1", "disagg_pd": POOLS, "chips": "16", "chip": "h200_sxm"}
    apart = [{**one, "chip": "h200_sxm"} for one in plain]
    rows = make_rows(tmp_path, *plain, {**apart[0], **pools}, apart[1])
    found = predicted([10, 18, 10, 18], [100, 180, 100, 180])
    assert regrets(rows, found, (20,))[0].groups == 2
    assert regrets(rows, found, (20,), pools=True)[0].groups == 1
