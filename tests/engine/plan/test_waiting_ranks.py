"""Where attention-DP ranks hold each other up, it is said that no formula holds."""

from __future__ import annotations

import json

import pytest

from engine.cli import run
from engine.plan.waiting_ranks import ranks_note
from engine.work.arrangement import Aggregated, Arrangement, Disaggregated, Pool
from engine.work.layout import Layout

RANKS = Layout(1, 1, 4, 4)


@pytest.mark.parametrize(
    ("arrangement", "used", "is_said"),
    [
        (Aggregated(RANKS), 80.0, True),
        (Aggregated(RANKS), 30.0, False),
        (Aggregated(RANKS), None, False),
        (Aggregated(RANKS), float("nan"), False),
        (Aggregated(Layout(4)), 80.0, False),
        (Disaggregated(Pool(RANKS, 1), Pool(RANKS, 1)), 80.0, False),
    ],
)
def test_busy_ranks_are_named(arrangement: Arrangement, used: float | None, is_said: bool):
    assert ("80 %" in ranks_note(arrangement, used)) is is_said


@pytest.mark.parametrize("command", [("predict",), ("sweep", "--rows", "1")])
def test_rows_of_files_say_so_too(command: tuple[str, ...], capsys) -> None:
    ranks = ["--chips", "8", "--tp", "1", "--ep", "8", "--dp", "8", "--rate", "6"]
    options = ["--model", "deepseek-v3", "--chip", "h200_sxm", "--framework", "sglang", *ranks]
    run([*command, *options, "--json"])
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert row["utilised_percent"] > 50
    assert "ranks wait" in row["note"]
