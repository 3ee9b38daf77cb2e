"""The session without a screen: which table the rows on screen belong to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.plan.sweep import sweep
from engine.scenario import Scenario
from tui.session.session import Session
from tui.session.store import Store

LARGE = Scenario("llama-3.1-8b", chip="h100_sxm", chips=8)


def swept_session() -> Session:
    """A session that shows every candidate of a sweep, with the cursor on the last."""
    session = Session(Store(LARGE))
    session.recompute()
    assert session.prepared is not None
    found = sweep(session.prepared, LARGE)
    assert found is not None
    session.accept(LARGE, found)
    session.look(replace(session.view, view="all"))
    session.move(len(session.rows) - 1)
    return session


@pytest.mark.parametrize("worked_out", [False, True])
def test_a_change_leaves_rows_and_their_table_together(worked_out: bool):
    session = swept_session()
    session.store.set(replace(LARGE, chips=1, max_batch=3), "chips")
    if worked_out:
        session.recompute()
    assert session.selected is not None
    table, row = session.selected
    assert row < len(table)
    assert int(session.rows.max()) < len(table)


def test_a_scenario_that_cannot_be_worked_out_leaves_the_last_table():
    session = swept_session()
    chosen = session.selected
    session.store.set(replace(LARGE, chip="no such chip"), "chip")
    session.recompute()
    assert session.error
    assert session.selected == chosen
