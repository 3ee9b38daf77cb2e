"""Thinking tools through the pilot: baseline, compare, what matters, history, steps, the tree."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import pytest

import engine.plan.prepared
from engine.scenario import Objectives
from tests.tui.driving import SMALL, press, running, settled, until
from tui.overlays.compare_page import ComparePage
from tui.overlays.history import HistoryPage
from tui.overlays.sensitivity_page import SensitivityPage

pytestmark = pytest.mark.usefixtures("own_folders")


def shown(pilot) -> str:
    return pilot.app.screen.view.text


def rows_of(screen) -> list[str]:
    found = [one for one in screen.table.text.split("\n") if one.strip()[:1] in {"✓", "★", "✗"}]
    assert found
    return found


def _percent(row: str, end: int) -> float:
    text = row[:end].split()[-1].replace("−", "-")
    return 1.0 if text == "=" else 1.0 + float(text.removesuffix("%")) / 100.0


def best_batch(screen) -> int:
    return screen.session.answered().batch


class TestBaseline:
    async def test_cells_show_the_change_of_the_same_batch(self):
        async with running() as (screen, pilot):
            await press(pilot, "b")
            assert all("=" in row and "%" not in row for row in rows_of(screen))
            before = screen.session.baseline
            await press(pilot, *"2", *["down"] * 5, "right", "right")
            assert screen.store.current.kv == "fp8"
            table, row = screen.session.selected
            batch = int(table.batch[row])
            old = before.before(table, row)["tpot_ms"]
            percent = abs(100 * (float(table.metrics["tpot_ms"][row]) / old - 1))
            wanted = f"−{percent:.0f}%" if percent >= 10 else f"−{percent:.1f}%"
            line = next(one for one in screen.table.text.split("\n") if f" {batch} " in one)
            assert wanted in line

    @pytest.mark.parametrize("change", [{"model": "resnet50"}, {"osl": 1}])
    async def test_one_that_counts_something_else_is_not_drawn(self, change):
        async with running() as (screen, pilot):
            await press(pilot, "b")
            now = screen.store.current
            work = replace(now.workload, output_tokens=change.get("osl", 1024))
            screen.store.set(replace(now, model=change.get("model", now.model), workload=work), "x")
            screen.scenario_changed()
            await settled(pilot)
            assert screen.session.baseline is not None
            assert "⠒ baseline" not in screen.chart.text

    async def test_title_and_answer_name_it(self):
        async with running() as (screen, pilot):
            await press(pilot, "b")
            assert "Δ baseline, same batch" in screen.table.text
            assert "Δ baseline: tok/s/chip =" in screen.answer.text

    async def test_swap_goes_there_and_back(self):
        async with running() as (screen, pilot):
            await press(pilot, "b", "2", "down", "right")
            await press(pilot, "B")
            assert screen.store.current == SMALL
            assert screen.session.baseline.scenario.chips == 4
            await press(pilot, "B")
            assert screen.store.current.chips == 4
            assert screen.session.baseline.scenario == SMALL

    async def test_b_again_lets_go(self):
        async with running() as (screen, pilot):
            await press(pilot, "b", "b")
            assert screen.session.baseline is None
            assert all("=" not in row and "%" not in row for row in rows_of(screen))

    async def test_another_model_has_other_layouts_and_stays_up(self):
        async with running() as (screen, pilot):
            await press(pilot, "b", "m", *"mixtral-8x7b", "enter")
            assert "Mixtral" in screen.answer.text
            assert not screen.session.error

    async def test_the_chart_shows_the_baseline_too(self):
        async with running() as (screen, pilot):
            assert "baseline" not in screen.chart.text
            await press(pilot, "b")
            assert "baseline" in screen.chart.text
            await press(pilot, "p", "2", "down", "right")
            assert "◇" in screen.chart.text


class TestCompare:
    async def test_rows_of_two_scenarios_side_by_side(self):
        async with running() as (screen, pilot):
            await press(
                pilot, "space", "2", *["down"] * 5, "right", "right", "escape", "space", "c"
            )
            text = shown(pilot)
            assert isinstance(pilot.app.screen, ComparePage)
            assert "★" in text
            assert "what differs" in text
            assert "KV cache" in text and "fp8" in text
            await press(pilot, "escape")
            assert pilot.app.screen is screen

    async def test_the_best_of_a_line_is_starred_once(self):
        async with running() as (_, pilot):
            await press(pilot, "space", "g", "space", "c")
            line = next(one for one in shown(pilot).split("\n") if "tok/s/chip" in one)
            assert line.count("★") == 1
            assert line.index("★") < 45

    async def test_enter_goes_to_the_scenario_of_the_column(self):
        async with running() as (screen, pilot):
            await press(pilot, "space", "2", "down", "right", "escape", "space", "c", "enter")
            assert screen.store.current == SMALL
            await press(pilot, "u")
            assert screen.store.current.chips == 4

    async def test_a_saved_plan_is_added_and_told_apart(self):
        async with running() as (_, pilot):
            await press(pilot, "s", "ctrl+u", *"p.toml", "enter")
            assert Path("p.toml").exists()
            await press(
                pilot, "2", "down", "right", "escape", "space", "c", "o", *"p.toml", "enter"
            )
            assert "p.toml" in shown(pilot)
            await press(pilot, "d")
            text = shown(pilot)
            assert "differences" in text
            assert "chips" in text and "4" in text
            assert "launch" not in text

    async def test_two_plan_files_differ_in_the_whole_file(self):
        async with running() as (_, pilot):
            await press(pilot, "s", "ctrl+u", *"p.toml", "enter")
            await press(pilot, "2", "down", "right", "escape", "s", "ctrl+u", *"q.toml", "enter")
            await press(pilot, "c", "o", *"p.toml", "enter", "o", *"q.toml", "enter")
            await press(pilot, "left", "left", "x", "d")
            assert "answer" in shown(pilot)

    async def test_a_key_shows_what_differs_from_a_plan(self):
        async with running() as (screen, pilot):
            await press(pilot, "s", "ctrl+u", *"p.toml", "enter", "2", "down", "right", "escape")
            await press(pilot, "D", "enter")
            text = shown(pilot)
            assert "A p.toml" in text
            assert any(
                one.strip("│ ").split()[:3] == ["chips", "2", "4"] for one in text.split("\n")
            )
            assert "workload" not in text
            await press(pilot, "escape", "D", "ctrl+u", *"no.toml", "enter")
            assert "no.toml: cannot be read" in screen.footer.text

    async def test_rubbish_is_one_line_and_nothing_is_lost(self):
        Path("bad.toml").write_text("x = [")
        async with running() as (_, pilot):
            await press(pilot, "space", "c", "o", *"bad.toml", "enter")
            assert "not valid TOML" in shown(pilot)
            assert " A " in shown(pilot)

    async def test_a_plan_of_a_model_that_is_gone_shows_what_was_saved(self, tmp_path):
        folder = tmp_path / "tiny"
        folder.mkdir()
        config = (Path(__file__).parents[1] / "data" / "tiny_llama.json").read_text()
        (folder / "config.json").write_text(config)
        async with running(replace(SMALL, model=str(folder))) as (_, pilot):
            await press(pilot, "s", "ctrl+u", *"p.toml", "enter")
        (folder / "config.json").unlink()
        engine.plan.prepared._PREPARED.clear()
        async with running() as (_, pilot):
            await press(pilot, "c", "o", *"p.toml", "enter")
            assert "p.toml as saved" in shown(pilot)
            assert "–" not in next(one for one in shown(pilot).split("\n") if "tok/s/chip" in one)

    async def test_a_hostile_plan_reaches_no_terminal(self):
        async with running() as (_, pilot):
            await press(pilot, "s", "ctrl+u", *"p.toml", "enter")
            text = Path("p.toml").read_text()
            Path("p.toml").write_text(text.replace('"h100_sxm"', '"\\u001b]52;c;aGk=\\u0007[/]"'))
            await press(pilot, "c", "o", *"p.toml", "enter")
            assert "without control characters" in shown(pilot)
            assert "\x1b" not in shown(pilot)

    async def test_a_hostile_model_name_reaches_no_terminal(self):
        async with running() as (screen, pilot):
            await press(pilot, "s", "ctrl+u", *"p.toml", "enter")
            text = Path("p.toml").read_text()
            hostile = '"\\u001b]52;c;aGk=\\u0007[/]"'
            Path("p.toml").write_text(text.replace('"llama-3.1-8b"', hostile))
            await press(pilot, "c", "o", *"p.toml", "enter")
            assert "as saved" in shown(pilot)
            assert "\x1b" not in shown(pilot)
            await press(pilot, "escape", "o", "ctrl+u", *"p.toml", "enter", "H")
            assert "\x1b" not in shown(pilot)
            await press(pilot, "escape")
            assert all("\x1b" not in pane.text for pane in screen.panes)

    async def test_columns_are_taken_out(self):
        async with running() as (screen, pilot):
            await press(pilot, "space", "up", "space", "c", "x")
            assert len(screen.session.marked) == 1
            await press(pilot, "x")
            assert screen.session.marked == []
            assert pilot.app.screen is screen

    async def test_many_columns_move_with_the_cursor(self):
        async with running(size=(80, 24)) as (_, pilot):
            for _ in range(6):
                await press(pilot, "space", "up")
            await press(pilot, "c")
            assert "no room for" in shown(pilot)
            head = shown(pilot).split("\n")[8]
            await press(pilot, *["right"] * 5)
            assert shown(pilot).split("\n")[8] != head

    async def test_marks_are_of_a_scenario(self):
        async with running() as (screen, pilot):
            await press(pilot, "space")
            assert "●" in screen.table.text
            await press(pilot, "2", "down", "right")
            assert "●" not in screen.table.text
            await press(pilot, "u")
            assert "●" in screen.table.text


class TestWhatMatters:
    async def test_remedies_then_knobs_with_progress(self):
        async with running() as (_, pilot):
            await pilot.press("w")
            assert isinstance(pilot.app.screen, SensitivityPage)
            await until(pilot, lambda: "one step of" in shown(pilot) and "ISL" in shown(pilot))
            await until(pilot, lambda: "KV cache" in shown(pilot))
            await until(pilot, lambda: "from → to" in shown(pilot))
            text = shown(pilot)
            assert "misses" in text or "lacks" in text
            assert text.index("✓ ") < text.index("from → to")

    @pytest.mark.parametrize("size", [(60, 16), (80, 24), (120, 40), (160, 50)])
    async def test_no_figure_is_cut(self, size):
        async with running(size=size) as (_, pilot):
            await pilot.press("w")
            await until(pilot, lambda: "from → to" in shown(pilot) or "of 1" not in shown(pilot))
            for _ in range(4):
                await pilot.press("pagedown")
                await pilot.pause(0.05)
                for one in shown(pilot).split("\n"):
                    assert len(one) <= size[0]
                    assert not re.search(r"\d…", one)

    async def test_every_column_sorts(self):
        async with running() as (_, pilot):
            await pilot.press("w")
            await until(pilot, lambda: "from → to" in shown(pilot))
            assert "▼tok/s" in shown(pilot)
            for name in ("TTFT", "TPOT", "GiB"):
                await pilot.press(">")
                lines = shown(pilot).split("\n")
                head = next(place for place, one in enumerate(lines) if f"▼{name}" in one)
                end = lines[head].index(name) + len(name)
                first, second = (_percent(lines[head + row], end) for row in (1, 2))
                # Shown in whole per cent, sorted by what is behind them.
                assert abs(math.log(first)) >= abs(math.log(second)) - 0.011
            await pilot.press("<", "<", "<")
            assert "▼tok/s" in shown(pilot)

    async def test_enter_makes_the_change_and_undo_takes_it_back(self):
        async with running() as (screen, pilot):
            await pilot.press("w")
            await until(pilot, lambda: "from → to" in shown(pilot))
            chosen = pilot.app.screen.chosen
            assert chosen.scenario != SMALL
            await press(pilot, "enter")
            assert screen.store.current == chosen.scenario
            await press(pilot, "u")
            assert screen.store.current == SMALL

    async def test_without_a_plan_it_says_what_the_nearest_lacks(self):
        async with running(replace(SMALL, objectives=Objectives(tpot_ms=1))) as (_, pilot):
            await pilot.press("w")
            await until(pilot, lambda: "none to nudge" in shown(pilot))
            assert "nearest plan" in shown(pilot)
            assert "TPOT limit" in shown(pilot)

    async def test_keys_are_answered_while_it_thinks(self):
        async with running() as (screen, pilot):
            await pilot.press("w", "escape")
            await pilot.pause()
            assert pilot.app.screen is screen

    async def test_the_why_pane_says_it_too_once_the_row_rests(self):
        async with running() as (screen, pilot):
            await until(pilot, lambda: "would" in screen.why.text)
            assert screen.why.advice.candidate.batch == best_batch(screen) + 1


class TestHistory:
    async def test_every_change_in_words_and_back_to_any(self):
        async with running() as (screen, pilot):
            await press(pilot, "2", "down", "right", "escape", "3", "down", "right", "H")
            assert isinstance(pilot.app.screen, HistoryPage)
            text = shown(pilot)
            assert "chips 2 → 4" in text
            assert "ISL 4K → 8K" in text
            assert "▸ now" in text.split("\n")[3]
            await press(pilot, "k", "k", "enter")
            assert screen.store.current == SMALL
            await press(pilot, "H")
            assert shown(pilot).count("undone") == 2
            await press(pilot, "G", "enter")
            assert screen.store.current.workload.input_tokens == 8192

    async def test_config_keys_are_named(self):
        async with running() as (screen, pilot):
            await press(pilot, "1")
            go_to_key(screen, "num_hidden_layers")
            await press(pilot, "plus", "H")
            assert "num_hidden_layers as in the file → 64" in shown(pilot)


class TestSteps:
    @pytest.mark.parametrize(("key", "chips"), [("plus", 4), ("minus", 1), ("right", 4)])
    async def test_chips_step_by_powers_of_two(self, key: str, chips: int):
        async with running() as (screen, pilot):
            await press(pilot, "2", "down", key)
            assert screen.store.current.chips == chips

    async def test_a_step_ends_the_typing(self):
        async with running() as (screen, pilot):
            await press(pilot, "3", "down", "enter", *"1500", "plus")
            assert screen.panes.named("workload").typed is None
            assert screen.store.current.workload.input_tokens == 2048

    async def test_units_are_read_while_typing(self):
        async with running() as (screen, pilot):
            await press(pilot, "3", *["down"] * 3, "enter", *"1.5s", "enter")
            assert screen.store.current.objectives.ttft_ms == 1500


def go_to_key(screen, key: str) -> None:
    keys = [row.key for row in screen.model_tree.rows]
    screen.model_tree.cursor = keys.index(key)
    screen.paint()


class TestTree:
    async def test_the_effect_of_half_and_double_comes_by_itself(self):
        async with running() as (screen, pilot):
            await press(pilot, "1")
            go_to_key(screen, "num_hidden_layers")
            await until(pilot, lambda: "÷2 16" in screen.model_tree.text)
            text = screen.model_tree.text
            half = next(one for one in text.split("\n") if one.startswith("÷2 16"))
            assert "tok/s +" in half and "GiB −" in half and "TTFT −" in half
            assert "×2 64" in text

    async def test_a_wide_tree_has_the_effects_beside_every_value(self):
        async with running() as (screen, pilot):
            await press(pilot, "1", "1")

            def line_of(key: str) -> str:
                return next(one for one in screen.model_tree.text.split("\n") if key in one)

            await until(pilot, lambda: line_of("intermediate_size").count("%") == 6)
            assert "tok/s ÷2" in screen.model_tree.text
            layers = line_of("num_hidden_layers")
            assert layers.count("%") + layers.count("full") == 6
            assert "%" not in line_of("hidden_act")

    async def test_pages_of_the_tree_are_as_high_as_the_tree(self):
        async with running() as (screen, pilot):
            await press(pilot, "1", "1", "pagedown")
            assert screen.model_tree.cursor > 10

    async def test_a_refused_value_shows_its_rule(self):
        async with running() as (screen, pilot):
            await press(pilot, "1")
            go_to_key(screen, "num_key_value_heads")
            await press(pilot, "enter", *"64", "enter")
            assert "expected a divisor of the 32 attention heads" in " ".join(
                screen.model_tree.text.split()
            )
            assert screen.store.current.edits == ()

    async def test_steps_edits_marks_and_one_key_reverts(self):
        async with running() as (screen, pilot):
            await press(pilot, "1")
            go_to_key(screen, "intermediate_size")
            await press(pilot, "plus")
            assert screen.store.current.edits == (("intermediate_size", 16384),)
            assert "*intermediate_size" in screen.model_tree.text
            assert "the file has 14336" in screen.model_tree.text
            await press(pilot, "r")
            assert screen.store.current.edits == ()

    async def test_all_what_ifs_are_taken_back_at_once(self):
        async with running() as (screen, pilot):
            await press(pilot, "1")
            for key in ("intermediate_size", "num_hidden_layers"):
                go_to_key(screen, key)
                await press(pilot, "plus")
            screen.actions.run("revert_all")
            await settled(pilot)
            assert screen.store.current.edits == ()

    async def test_assumptions_are_listed_with_their_reason(self):
        async with running(replace(SMALL, model="llama-2-7b")) as (screen, pilot):
            await press(pilot, "1")
            assumed = [row for row in screen.model_tree.rows if row.reason]
            assert assumed
            go_to_key(screen, assumed[0].key)
            assert "assumed, not in the file" in screen.model_tree.text
            assert "Not in the file" in screen.model_tree.text

    async def test_words_in_chinese(self):
        async with running() as (screen, pilot):
            await press(pilot, "1", "L")
            go_to_key(screen, "num_hidden_layers")
            assert "层" in screen.model_tree.text
            await press(pilot, "plus")
            assert "文件中为 32" in screen.model_tree.text
            go_to_key(screen, "hidden_act")
            await until(pilot, lambda: "不是数字" in screen.model_tree.text)


class TestCharts:
    async def test_a_key_goes_round_the_kinds(self):
        async with running(size=(160, 50)) as (screen, pilot):
            assert "over batch" in screen.chart.text
            await press(pilot, "p")
            assert "over tok/s/user" in screen.chart.text
            assert "frontier" in screen.chart.text
            await press(pilot, "p")
            await until(pilot, lambda: "TB/s" in screen.chart.text)
            await press(pilot, "p", "P", "P")
            assert "frontier" in screen.chart.text

    async def test_arrows_go_round_in_the_pane(self):
        async with running() as (screen, pilot):
            await press(pilot, "5", "right")
            assert screen.chart.kind == "pareto"
            await press(pilot, "left", "left")
            assert screen.chart.kind == "roofline"

    @pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 16)])
    async def test_every_kind_fits_its_pane(self, size):
        async with running(size=size) as (screen, pilot):
            await press(pilot, "5")
            for _ in range(3):
                await pilot.pause(0.3)
                lines = screen.chart.text.split("\n")
                assert len(lines) <= screen.chart.size.height
                assert all(len(one) <= screen.chart.size.width for one in lines)
                assert any("⠀" < c <= "⣿" for c in screen.chart.text)
                await press(pilot, "p")
