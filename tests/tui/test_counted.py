"""Encoders of text count sequences wherever the screen says what is counted."""

from __future__ import annotations

from dataclasses import replace

from engine.plan.prepared import prepare
from engine.plan.sweep import sweep
from engine.scenario import Scenario
from tui.overlays.compare import Comparison, compare_lines
from tui.overlays.sensitivity import sort_names
from tui.session.baseline import against
from tui.session.pinned import pin_row
from tui.widgets.tree_effects import effects_head


def test_a_text_encoder_s_rows_are_compared_in_sequences():
    scenario = Scenario(model="bert-large", chip="a100_sxm_80gb", chips=1)
    prepared = prepare(scenario)
    row = pin_row(prepared, scenario, sweep(prepared, scenario).table, 0)
    shown = "\n".join(
        "".join(text for text, _ in line) for line in compare_lines(Comparison((row,)), 80)
    )
    assert "seq/s/chip" in shown and "seqs/s" in shown
    assert "img" not in shown and "images" not in shown
    assert "seq/s/chip" in against(row, replace(row))


def test_what_keys_and_knobs_change_is_named_by_what_is_counted():
    assert sort_names("sequences")[0] == "seq/s"
    assert sort_names("images")[0] == "img/s"
    assert sort_names("")[0] == "tok/s"
    assert "seq/s" in effects_head(3, "sequences")
