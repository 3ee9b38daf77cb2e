"""The app through Textual's pilot: every flow a user walks, at two sizes."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from textual import events

from engine.model.kinds import ModelKind
from engine.scenario import LayoutLimits, Objectives
from engine.words.messages import speaking
from tests.tui.driving import SMALL, press, running
from tui.drawing.look import Look
from tui.widgets.columns import columns_of, number

pytestmark = pytest.mark.usefixtures("own_folders")


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 16)])
async def test_the_answer_stands_on_top(size):
    async with running(size=size) as (screen, _):
        assert "✓ meets  Serve Llama-3.1-8B" in screen.answer.text
        assert "binds" in screen.answer.text or size[0] < 80


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 16)])
async def test_no_line_is_wider_than_its_pane(size):
    async with running(size=size) as (screen, pilot):
        for key in "123456":
            await pilot.press(key)
            await pilot.pause(0.05)
            for pane in (one for one in screen.panes if one.display):
                assert all(len(one.rstrip()) <= pane.size.width for one in pane.text.split("\n"))


async def test_typing_a_limit_moves_the_answer():
    async with running() as (screen, pilot):
        before = int(screen.session.sweep.table.batch[screen.session.sweep.best])
        await press(pilot, "3", *["down"] * 4, "enter", "1", "0", "enter")
        assert screen.store.current.objectives.tpot_ms == 10
        assert int(screen.session.sweep.table.batch[screen.session.sweep.best]) < before


async def test_undo_and_redo():
    async with running() as (screen, pilot):
        await press(pilot, "2", "down", "right")
        assert screen.store.current.chips == 4
        await press(pilot, "u")
        assert screen.store.current.chips == 2
        await press(pilot, "U")
        assert screen.store.current.chips == 4


async def test_a_refused_value_leaves_the_old_one_in_force():
    async with running() as (screen, pilot):
        await press(pilot, "3", "down", "enter", "9")
        assert screen.store.current.workload.input_tokens == 9
        await press(pilot, "x")
        assert screen.panes.named("workload").complaint
        assert screen.store.current == SMALL
        await press(pilot, "enter")
        assert screen.panes.named("workload").typed is None
        assert screen.store.current == SMALL
        assert screen.store.history == ()


async def test_escape_in_an_opened_field_restores_its_value():
    async with running() as (screen, pilot):
        await press(pilot, "3", "down", "enter", *"2048", "escape")
        assert screen.store.current == SMALL
        assert screen.active.short_name == "workload"
        assert screen.store.history == ()


async def test_digits_jump_to_panes_unless_a_field_was_opened():
    async with running() as (screen, pilot):
        await press(pilot, "3", *["down"] * 4, "2")
        assert screen.active.short_name == "hardware"
        assert screen.store.current == SMALL
        await press(pilot, "3", "enter", "2")
        assert screen.active.short_name == "workload"
        assert screen.store.current.objectives.tpot_ms == 2


async def test_an_opened_field_without_a_key_keeps_its_value():
    async with running() as (screen, pilot):
        await press(pilot, "3", *["down"] * 4, "enter", "enter")
        assert screen.store.current == SMALL


async def test_impossible_objectives_say_what_is_nearest():
    scenario = replace(SMALL, objectives=Objectives(tpot_ms=0.01))
    async with running(scenario) as (screen, _):
        assert "✗ misses  Nothing meets the objectives: nearest is" in screen.answer.text


async def test_model_that_does_not_fit_says_what_it_lacks():
    scenario = replace(SMALL, model="llama-3.1-405b", chips=1, limits=LayoutLimits())
    async with running(scenario) as (screen, _):
        assert "lacks" in screen.answer.text


async def test_unknown_model_is_one_line_and_the_app_stays():
    async with running(replace(SMALL, model="no-such-model")) as (screen, pilot):
        assert "no-such-model" in screen.answer.text
        await press(pilot, "question_mark")
        assert pilot.app.screen is not screen


async def test_save_then_open_restores_the_scenario(tmp_path):
    async with running() as (screen, pilot):
        await press(pilot, "2", "down", "right", "s")
        await press(pilot, "ctrl+u", *"p.toml", "enter")
        saved = screen.store.current
        assert tomllib.loads(Path("p.toml").read_text())["choice"]["batch"] > 0
        await press(pilot, "u", "o", "ctrl+u", *"p.toml", "enter")
        assert screen.store.current == saved


async def test_unwritable_folder_is_one_line():
    async with running() as (screen, pilot):
        await press(pilot, "s", "ctrl+u", *"nowhere/p.toml", "enter")
        assert "cannot be written" in screen.footer.text


async def test_opening_rubbish_is_one_line(tmp_path):
    Path("bad.toml").write_text("schema_version = 99\n")
    async with running() as (screen, pilot):
        before = screen.store.current
        await press(pilot, "o", "ctrl+u", *"bad.toml", "enter")
        assert "schema_version" in screen.footer.text
        assert screen.store.current == before


async def test_escape_never_quits():
    async with running() as (screen, pilot):
        await press(pilot, *["escape"] * 5)
        assert pilot.app.is_running
        assert screen.is_current


async def test_what_if_on_a_config_key_is_marked_and_reverted():
    async with running() as (screen, pilot):
        await press(pilot, "1")
        keys = [row.key for row in screen.model_tree.rows]
        screen.model_tree.cursor = keys.index("num_hidden_layers")
        await press(pilot, "enter", *"16", "enter")
        assert screen.store.current.edits == (("num_hidden_layers", 16),)
        assert "1 what-if" in screen.model_tree.text
        await press(pilot, "r")
        assert screen.store.current.edits == ()


async def test_impossible_what_if_is_refused_with_its_rule():
    async with running() as (screen, pilot):
        await press(pilot, "1")
        keys = [row.key for row in screen.model_tree.rows]
        screen.model_tree.cursor = keys.index("num_attention_heads")
        await press(pilot, "enter", *"-5", "enter")
        assert screen.model_tree.complaint
        assert screen.store.current.edits == ()


async def test_language_switches():
    async with running() as (screen, pilot):
        await press(pilot, "1", "L")
        assert "结构" in screen.model_tree.text


async def test_views_filter_and_sort():
    async with running() as (screen, pilot):
        await press(pilot, "v")
        assert screen.session.view.view == "best"
        await press(pilot, "v", "F")
        assert (screen.session.view.view, screen.session.view.filter) == ("all", "fits")
        await press(pilot, "greater_than_sign", "r")
        batches = screen.session.shown.batch[screen.session.rows]
        assert (batches[:-1] <= batches[1:]).all()


async def test_palette_finds_commands():
    async with running() as (screen, pilot):
        await press(pilot, "colon", *"undo")
        await press(pilot, "escape")
        assert screen.is_current


async def test_hostile_names_change_nothing(tmp_path):
    config = json.loads((Path(__file__).parents[1] / "data" / "tiny_llama.json").read_text())
    folder = tmp_path / "[red]x[@click=app.quit]y"
    folder.mkdir()
    config["_name_or_path"] = "\x1b]52;c;aGk=\x07[/]"
    (folder / "config.json").write_text(json.dumps(config))
    async with running(replace(SMALL, model=str(folder))) as (screen, pilot):
        await press(pilot, "1", *["down"] * 30)
        assert "[red]x[@click=app.quit]y" in screen.answer.text
        assert "\x1b" not in screen.model_tree.text


async def test_row_copy_is_kept_in_a_file(tmp_path):
    async with running() as (_, pilot):
        await press(pilot, "Y")
    assert "vllm serve" in (tmp_path / "state" / "rooftop" / "last-copy.txt").read_text()


async def test_leaving_keeps_the_session(tmp_path):
    async with running() as (_, pilot):
        await press(pilot, "q")
    assert (tmp_path / "state" / "rooftop" / "session.toml").exists()


async def test_resizing_opens_and_folds_panes():
    async with running(size=(120, 40)) as (screen, pilot):
        await pilot.resize_terminal(80, 24)
        await pilot.pause(0.1)
        assert screen.panes.named("hardware").size.height == 1
        await pilot.resize_terminal(120, 40)
        await pilot.pause(0.1)
        assert screen.panes.named("hardware").size.height > 5


async def left_session(*keys: str) -> None:
    async with running() as (_, pilot):
        await press(pilot, *keys, "q")


async def test_an_unsaved_session_is_offered_and_restored_on_request_only():
    await left_session("2", "down", "right", "escape", "v")
    async with running() as (screen, pilot):
        assert "R restores the session" in screen.footer.text
        assert screen.store.current == SMALL
        await press(pilot, "R")
        assert screen.store.current.chips == 4
        assert screen.session.view.view == "best"
        await press(pilot, "u")
        assert screen.store.current == SMALL


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (120, 40)])
@pytest.mark.parametrize("language", ["en", "zh"])
async def test_an_offer_leaves_the_answer_in_sight(size, language: str):
    async with running(size=size) as (screen, pilot):
        await press(pilot, "2", "down", "right")
        screen.keep_session("SIGHUP")
    with speaking(language):
        async with running(size=size) as (screen, pilot):
            assert screen.offer is not None
            assert screen.footer.text.strip().startswith("R ")
            assert "tok/s" in screen.answer.text
            assert "R " not in screen.answer.text


async def test_an_offer_that_nobody_took_is_made_again():
    await left_session("2", "down", "right", "escape")
    async with running() as (_, pilot):
        await press(pilot, "j", "q")
    async with running() as (screen, _):
        assert "R restores the session" in screen.footer.text


async def test_a_session_without_changes_is_not_offered():
    await left_session("j")
    async with running(replace(SMALL, chips=4)) as (screen, _):
        assert screen.offer is None


async def test_a_broken_session_file_is_left_alone(tmp_path):
    folder = tmp_path / "state" / "rooftop"
    folder.mkdir(parents=True)
    (folder / "session.toml").write_text("scenario = 3")
    async with running() as (screen, _):
        assert screen.offer is None


async def test_filter_follows_the_typing_and_escape_clears_it():
    async with running() as (screen, pilot):
        await press(pilot, "v", "v", "slash", *"b>64")
        batches = screen.session.shown.batch[screen.session.rows]
        assert len(batches)
        assert (batches > 64).all()
        await press(pilot, "enter")
        assert "/b>64" in screen.table.text
        await press(pilot, "escape")
        assert screen.session.view.match == ""
        assert len(screen.session.rows) == len(screen.session.shown)


async def test_a_filter_that_makes_no_sense_is_said_and_not_taken():
    async with running() as (screen, pilot):
        await press(pilot, "slash", *"zz>3", "enter")
        assert "no column 'zz'" in screen.footer.text
        assert len(screen.session.rows) > 1


async def test_search_in_the_config_and_escape_shows_all():
    async with running() as (screen, pilot):
        await press(pilot, "1")
        before = len(screen.model_tree.rows)
        await press(pilot, "slash", *"head", "enter")
        keys = [row.key for row in screen.model_tree.rows if row.key]
        assert keys
        assert all("head" in key for key in keys)
        await press(pilot, "escape")
        assert len(screen.model_tree.rows) == before


async def test_columns_are_chosen_and_remembered():
    async with running() as (screen, pilot):
        await press(pilot, "C", "down", "down", "space", "escape")
        assert "TTFT" not in screen.table.text
    async with running() as (screen, _):
        assert "TTFT" not in screen.table.text.split("\n")[1]


async def test_sorted_column_is_marked_in_the_header():
    async with running() as (screen, pilot):
        await press(pilot, "greater_than_sign")
        assert "▼batch" in screen.table.text
        await press(pilot, "r")
        assert "▲batch" in screen.table.text


async def test_theme_and_glyphs_change_at_once(tmp_path):
    async with running() as (screen, pilot):
        assert "★" in screen.table.text
        await press(pilot, "T")
        assert pilot.app.look.theme == "light"
        screen.actions.run("glyphs")
        shown = "".join(one.text for one in screen.table.render_lines(screen.table.region))
        assert shown.isascii()
    kept = json.loads((tmp_path / "state" / "rooftop" / "choices.json").read_text())
    assert (kept["theme"], kept["glyphs"]) == ("light", "ascii")


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 16)])
async def test_every_pane_is_readable_in_ascii(size):
    async with running(size=size) as (screen, pilot):
        pilot.app.look_as(Look("mono", ascii_only=True))
        for key in "123456":
            await pilot.press("escape", key)
            await pilot.pause(0.05)
            for lines in (pane._segments for pane in screen.panes if pane.display):
                assert all(segment.text.isascii() for one in lines for segment in one)


async def test_copies_say_what_they_copied(tmp_path):
    async with running() as (screen, pilot):
        await press(pilot, "y")
        assert "copied the row" in screen.footer.text
    copied = (tmp_path / "state" / "rooftop" / "last-copy.txt").read_text()
    assert copied.startswith("TPS001-Llama3.1-8B")
    assert "tpot_ms=" in copied


async def test_escape_leads_back_to_the_table():
    async with running() as (screen, pilot):
        await press(pilot, "5", "5")
        assert screen.zoomed
        await press(pilot, "escape")
        assert (screen.zoomed, screen.active.short_name) == (False, "chart")
        await press(pilot, "escape")
        assert screen.active.short_name == "table"


async def test_footer_shows_only_what_works_now():
    async with running() as (screen, pilot):
        assert "undo" not in screen.footer.text
        await press(pilot, "2", "down", "right")
        assert "undo" in screen.footer.text
        await press(pilot, "enter")
        assert "take" in screen.footer.text
        assert "save" not in screen.footer.text


async def test_palette_runs_what_was_chosen():
    async with running() as (screen, pilot):
        await press(pilot, "colon", *"next theme", "enter")
        assert pilot.app.look.theme == "light"
        assert screen.is_current


async def test_help_names_the_panes_own_keys():
    async with running() as (_, pilot):
        await press(pilot, "f1")
        text = "\n".join("".join(run for run, _ in one) for one in pilot.app.screen.view.lines)
        assert "Mark this row" in text
        assert "config.toml" in text


async def test_a_small_terminal_says_what_it_hides():
    async with running(size=(60, 16)) as (screen, pilot):
        await pilot.resize_terminal(61, 16)
        await pilot.pause(0.1)
        assert "one pane at a time" in screen.footer.text
        await pilot.resize_terminal(40, 10)
        await pilot.pause(0.1)
        assert "smaller than" in screen.footer.text


async def test_no_number_of_the_table_is_cut_at_any_width():
    async with running() as (screen, pilot):
        for width in (133, 111, 101, 90, 80, 70, 60, 50, 40, 30):
            await pilot.resize_terminal(width, 24)
            await pilot.pause(0.05)
            table, row = screen.session.selected
            whole = {str(int(table.batch[row])), "★", "meets"}
            for column in columns_of(ModelKind.TOKENS):
                if column.text is not None and column.id in table.metrics:
                    whole.add(number(column, float(table.metrics[column.id][row])))
            shown = next(one for one in screen.table.text.split("\n") if "★" in one)
            words = [word for word in shown.split() if not word.startswith("TPS")]
            assert set(words) <= whole, width
            assert len(shown) <= width


async def test_escape_and_a_key_right_after_it_are_two_keys():
    async with running() as (screen, pilot):
        await press(pilot, "2", "down", "enter", "8")
        assert screen.store.current.chips == 8
        screen.on_key(events.Key("alt+u", "u"))
        assert (screen.store.current.chips, screen.panes.named("hardware").typed) == (2, None)


async def test_clicks_choose_panes_rows_and_fields():
    async with running() as (screen, pilot):
        await pilot.click("#hardware", offset=(5, 3))
        assert screen.active.short_name == "hardware"
        await pilot.click("#hardware", offset=(5, 3))
        assert screen.panes.named("hardware").field.label == "framework"
        await pilot.click("#table", offset=(10, 4))
        await pilot.click("#table", offset=(10, 4))
        assert screen.session.cursor == screen.table.place_at(4)


async def test_the_wheel_scrolls_the_active_pane():
    async with running() as (screen, _):
        before = screen.session.cursor
        screen.actions.pointing.wheel(-1)
        assert screen.session.cursor == before - 3


@pytest.mark.parametrize("pane", ["1", "2", "3", "4"])
async def test_vim_keys_and_arrows_lead_to_both_ends(pane):
    async with running() as (screen, pilot):
        await press(pilot, pane)

        def place() -> int:
            form = {
                "2": screen.panes.named("hardware"),
                "3": screen.panes.named("workload"),
                "1": screen.model_tree,
            }.get(pane)
            return form.cursor if form is not None else screen.session.cursor

        await press(pilot, "g")
        top = place()
        await press(pilot, "G")
        bottom = place()
        assert bottom > top
        await press(pilot, "home")
        assert place() == top
        await press(pilot, "end")
        assert place() == bottom
        await press(pilot, "pageup", "ctrl+d")
        assert place() == bottom
        await press(pilot, "k")
        above = place()
        await press(pilot, "j", "up")
        assert place() == above < bottom
