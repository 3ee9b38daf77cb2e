"""Thinking tools without the app: baseline, comparison, differences, history, tree steps."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.architecture import Assumption
from engine.plan.prepared import prepare
from engine.plan.sensitivity.key_effects import KeyEffect
from engine.plan.tables import batch_table
from engine.scenario import Objectives, Scenario
from engine.sources.languages import ENGLISH, FOLDER, languages, words
from engine.sources.profile_files import read_toml
from engine.words.messages import speaking
from tui.drawing.lines import width_of
from tui.overlays.compare import Comparison, compare_lines
from tui.overlays.diff import diff_lines
from tui.overlays.history import history_rows
from tui.session.baseline import Baseline, against
from tui.session.changes import changed_words
from tui.session.pinned import Pinned, pin_row
from tui.session.store import Store
from tui.tree import TreeRow, assumed_rows, parse_value, stepped
from tui.widgets.tree_effects import effects_cells, pairs_in
from tui.widgets.tree_words import edit_line, effect_lines, meaning_lines

DENSE = Scenario(
    model="llama-3.1-8b", chip="h200_sxm", chips=1, objectives=Objectives(ttft_ms=2000, tpot_ms=50)
)


def table_of(scenario: Scenario, batches: list[int]):
    prepared = prepare(scenario)
    layout, precision = prepared.arrangements[0], prepared.precisions[0]
    return batch_table(prepared, scenario, layout, precision, np.array(batches))


def pinned(scenario: Scenario, batch: int) -> Pinned:
    return pin_row(prepare(scenario), scenario, table_of(scenario, [batch]), 0)


def text_of(lines) -> str:
    return "\n".join("".join(run for run, _ in one) for one in lines)


class TestBaseline:
    def test_the_same_row_has_not_changed(self):
        baseline = Baseline(pinned(DENSE, 8))
        assert baseline.cell(table_of(DENSE, [4, 8]), 1, "tpot_ms") == "="

    def test_a_change_is_against_the_same_batch(self):
        baseline = Baseline(pinned(DENSE, 8))
        now, before = table_of(replace(DENSE, kv="fp8"), [64]), table_of(DENSE, [64])
        percent = 100 * (now.metrics["tpot_ms"][0] / before.metrics["tpot_ms"][0] - 1)
        assert baseline.cell(now, 0, "tpot_ms") == f"−{abs(percent):.0f}%"

    def test_room_won_and_lost_has_a_word(self):
        small, large = replace(DENSE, chip="l40s"), DENSE
        won = Baseline(pinned(small, 1)).cell(table_of(large, [150]), 0, "tpot_ms")
        lost = Baseline(pinned(large, 1)).cell(table_of(small, [150]), 0, "tpot_ms")
        assert (won, lost) == ("new", "lost")

    def test_a_layout_it_does_not_have_is_not_compared(self):
        baseline = Baseline(pinned(DENSE, 8))
        two = replace(DENSE, chips=2)
        prepared = prepare(two)
        wide = next(one for one in prepared.arrangements if one.name.startswith("TP2"))
        table = batch_table(prepared, two, wide, prepared.precisions[0], np.array([8]))
        assert baseline.before(table, 0) is None
        assert baseline.cell(table, 0, "tpot_ms") == ""

    def test_a_baseline_at_a_rate_has_no_rows_of_several_batches(self):
        at_rate = replace(DENSE, workload=replace(DENSE.workload, rate=2.0))
        baseline = Baseline(pinned(at_rate, 8))
        assert baseline.cell(table_of(DENSE, [4, 8]), 1, "tpot_ms") == ""

    def test_answers_are_compared_by_their_own_batches(self):
        words = against(pinned(DENSE, 16), pinned(DENSE, 8))
        assert words.startswith("tok/s/chip +")
        assert "TPOT +" in words
        assert "TTFT" in words


class TestCompare:
    COLUMNS = tuple(pinned(DENSE, batch) for batch in (8, 16, 32, 400))

    @pytest.mark.parametrize("width", [60, 80, 120, 200])
    def test_lines_fit(self, width: int):
        for cursor in range(len(self.COLUMNS)):
            lines = compare_lines(Comparison(self.COLUMNS, cursor), width)
            assert all(width_of(one) <= width for one in lines[len(self.COLUMNS) :])

    def test_verdicts_stand_beside_the_names(self):
        text = text_of(compare_lines(Comparison(self.COLUMNS), 120))
        assert "✓ Llama" in text
        assert "lacks" in text

    def test_what_does_not_fit_has_no_speed_and_no_star(self):
        lines = text_of(compare_lines(Comparison(self.COLUMNS), 200)).split("\n")
        row = next(one for one in lines if one.strip().startswith("TPOT"))
        assert row.rstrip().endswith("–")

    def test_values_that_look_alike_share_the_star(self):
        twice = (pinned(DENSE, 8), pinned(replace(DENSE, max_batch=99), 8), pinned(DENSE, 16))
        lines = text_of(compare_lines(Comparison(twice), 120)).split("\n")
        assert next(one for one in lines if one.strip().startswith("TPOT")).count("★") == 2

    def test_a_column_alone_says_how_to_get_more(self):
        assert "space marks rows" in text_of(compare_lines(Comparison(self.COLUMNS[:1]), 80))
        assert "space marks rows" not in text_of(compare_lines(Comparison(self.COLUMNS), 80))

    def test_what_differs_by_less_than_the_range_has_no_star(self):
        near = (pinned(DENSE, 15), pinned(DENSE, 16))
        lines = text_of(compare_lines(Comparison(near), 120)).split("\n")
        row = next(one for one in lines if one.strip().startswith("tok/s/chip"))
        assert "★" not in row
        assert row.count("±") == 2

    def test_a_column_that_misses_has_no_star(self):
        tight = replace(DENSE, objectives=Objectives(tpot_ms=1e-3))
        pair = (pinned(DENSE, 1), pinned(tight, 64))
        lines = text_of(compare_lines(Comparison(pair), 120)).split("\n")
        row = next(one for one in lines if one.strip().startswith("tok/s/chip"))
        assert row.index("★") < row.index("±")
        assert row.count("★") == 1

    def test_equal_lines_have_no_star(self):
        twice = (pinned(DENSE, 8), pinned(replace(DENSE, max_batch=99), 8))
        assert "★" not in text_of(compare_lines(Comparison(twice), 120))


class TestDifferences:
    def test_changed_keys_only(self):
        before, after = pinned(DENSE, 8).plan(), pinned(replace(DENSE, kv="fp8"), 8).plan()
        text = text_of(diff_lines(before, after, ("A one", "B two"), 100))
        assert "kv" in text
        assert "metrics.tpot_ms" in text
        assert "chips" not in text

    def test_the_same_says_so(self):
        plan = pinned(DENSE, 8).plan()
        assert "the same in every key" in text_of(diff_lines(plan, plan, ("A", "B"), 80))

    def test_long_text_has_lines_of_its_own(self):
        lines = diff_lines({"launch": "a" * 60}, {"launch": "b" * 60}, ("A", "B"), 80)
        assert "− " + "a" * 60 in text_of(lines)
        assert "+ " + "b" * 60 in text_of(lines)


class TestHistory:
    def store(self) -> Store:
        store = Store(DENSE, clock=iter(range(0, 1000, 10)).__next__)
        store.set(replace(DENSE, chips=2), "chips")
        store.set(replace(DENSE, chips=2, kv="fp8"), "KV cache")
        store.set(replace(DENSE, chips=4, kv="fp8"), "chips")
        return store

    def test_the_timeline_holds_every_scenario_once(self):
        store = self.store()
        chips = [scenario.chips for _, scenario in store.timeline]
        assert chips == [1, 2, 2, 4]
        store.undo()
        store.undo()
        assert [scenario.chips for _, scenario in store.timeline] == chips
        assert store.place == 1

    @given(st.lists(st.integers(0, 3), max_size=8))
    def test_jumps_reach_every_place(self, places: list[int]):
        store = self.store()
        known = [scenario for _, scenario in store.timeline]
        for place in places:
            store.jump(place)
            assert store.place == place
            assert store.current == known[place]

    def test_rows_say_what_changed_and_where_we_are(self):
        store = self.store()
        store.undo()
        rows = history_rows(store.timeline, store.place, 80)
        text = text_of([row.line for row in rows]).split("\n")
        assert "chips 1 → 2" in text[1]
        assert "▸ now" in text[2] and "KV cache checkpoint → fp8" in text[2]
        assert "undone" in text[3]

    def test_words_of_every_kind_of_change(self):
        after = replace(
            DENSE,
            model="mixtral-8x7b",
            precisions=("W4A16",),
            edits=(("num_hidden_layers", 16),),
            objectives=Objectives(ttft_ms=1000, tpot_ms=50),
        )
        assert changed_words(DENSE, after) == [
            "model llama-3.1-8b → mixtral-8x7b",
            "precisions that alone → W4A16",
            "TTFT ≤ ms 2000 → 1000",
            "num_hidden_layers as in the file → 16",
        ]


class TestTreeSteps:
    @pytest.mark.parametrize(
        ("value", "up", "down"),
        [
            (8, 16, 4),
            (1, 2, 1),
            (7168, 8192, 6144),
            (61, 62, 60),
            (True, False, False),
            (0.5, 0.55, 0.455),
            ("silu", "silu", "silu"),
            (0, 0, 0),
            (None, None, None),
        ],
    )
    def test_steps(self, value: object, up: object, down: object):
        assert (stepped(value, 1), stepped(value, -1)) == (up, down)

    @given(st.integers(1, 10**9), st.sampled_from([1, -1]))
    def test_steps_stay_whole_and_positive(self, value: int, way: int):
        assert stepped(value, way) >= 1

    @pytest.mark.parametrize(
        ("text", "value"), [("70B", 70_000_000_000), ("1.5K", 1536), ("9" * 5000, "9" * 5000)]
    )
    def test_typed_units(self, text: str, value: object):
        assert parse_value(text) == value

    def test_assumptions_become_rows_with_reasons(self):
        rows = assumed_rows(
            (Assumption("mlp_bias", "false", "class default"), Assumption("given", "1", "x")),
            ("the name says 7B",),
            {"given": 2},
        )
        assert [(row.key, row.value, row.reason) for row in rows[1:]] == [
            ("mlp_bias", False, "class default"),
            ("warning", "the name says 7B", ""),
        ]
        assert rows[0].is_heading


class TestTreeWords:
    ROW = TreeRow("structure", "num_hidden_layers", 32)

    def lines(self, *effects: KeyEffect, width: int = 43) -> list[str]:
        found = effect_lines(effects, self.ROW, width, samples="", language=ENGLISH)
        assert all(width_of(one) <= width for one in found)
        return text_of(found).split("\n")

    def test_half_and_double(self):
        half, double = self.lines(KeyEffect(16, 1.9, 0.54, 0.56), KeyEffect(64, 0.51, 1.9, 1.8))
        assert half.split() == ["÷2", "16", "tok/s", "+90%", "GiB", "−44%", "TTFT", "−46%"]
        assert double.startswith("×2 64")

    def test_a_rule_stands_instead_of_numbers(self):
        (line,) = self.lines(KeyEffect(64, refused="llama: heads is 64, expected 32"), width=60)
        assert "✗ heads is 64, expected 32" in line

    def test_what_does_not_fit_says_so(self):
        (line,) = self.lines(KeyEffect(64, memory_ratio=1.9, overflows=True))
        assert "GiB +90%" in line and "does not fit" in line

    def test_no_effect_is_one_line(self):
        assert self.lines(KeyEffect(16, 1.0, 1.0, 1.0), KeyEffect(64, 1.0, 1.0, 1.0)) == [
            "no effect on speed or memory of this plan"
        ]

    def test_narrow_lines_drop_figures_whole(self):
        (line,) = self.lines(KeyEffect(16, 1.9, 0.54, 0.56), width=24)
        assert line.rstrip().endswith("+90%")

    def test_columns_of_effects(self):
        effects = (KeyEffect(16, 1.9, 0.54, 0.56), KeyEffect(64, math.nan, math.nan, 1.8, "", True))
        text = text_of([effects_cells(effects, 32, 3)])
        assert text.split() == ["+90%", "full", "−44%", "+80%", "−46%", "full"]
        assert pairs_in(29) == 1
        assert pairs_in(1000) == 3

    @pytest.mark.parametrize("code", languages())
    def test_every_bundled_key_has_words_in_every_language(self, code):
        unknown = words(code, "tree")["unknown"]
        for key in prepare(Scenario()).model.config:
            row = TreeRow("", key, 1)
            text = text_of(meaning_lines(row, language=code, width=60, most=4))
            assert text and unknown not in text, key

    @pytest.mark.parametrize("code", languages())
    def test_every_explanation_fits_its_pane_at_120_by_40(self, code):
        keys = [key for keys in read_toml(FOLDER / "keys.toml").values() for key in keys]
        cut = [
            key
            for key in keys
            if text_of(
                meaning_lines(TreeRow("", key, 1), language=code, width=43, most=4)
            ).endswith("…")
        ]
        assert cut == []

    def test_a_key_that_the_file_lacks_says_so_and_has_no_effect(self):
        row = TreeRow("numbers", "quantization_config.scale_fmt", None, absent=True)
        text = text_of(meaning_lines(row, language=ENGLISH, width=200, most=2))
        assert text.startswith("Not in this file. Format of the scales")
        assert effect_lines(None, row, 43, samples="", language=ENGLISH) == []

    @pytest.mark.parametrize(("code", "said"), [("en", "has nothing"), ("zh", "没有此键")])
    def test_an_added_key_says_that_the_file_has_none(self, code, said):
        row = TreeRow("structure", "hidden_size", 64, edited=True)
        assert said in text_of([edit_line(row, 60, language=code)])


def test_why_a_marked_row_is_no_plan_is_said_in_the_language_of_now():
    marked = pinned(replace(DENSE, objectives=Objectives(tpot_ms=1.0)), 64)
    with speaking("zh"):
        text, told = text_of(compare_lines(Comparison((marked,)), 120)), marked.plan()["choice"]
    assert marked.verdict not in text
    assert told["why_not"] in text
    assert told["why_not"] != marked.verdict
