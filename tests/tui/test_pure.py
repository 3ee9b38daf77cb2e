"""The app's pure parts: history, words, lines, charts, fields, tree values, commands."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.kinds import ModelCategory
from engine.scenario import Lengths, Scenario, Workload
from engine.words.errors import InputError
from tui.beside.sweeper import Job, LatestWins
from tui.commands import COMMANDS
from tui.drawing.format import change, count, milliseconds, rate
from tui.drawing.lines import cells, fit, joined, padded, width_of, wrapped
from tui.drawing.short_names import short_names
from tui.drawing.styles import BOLD, PLAIN
from tui.fields.forms import HARDWARE, WORKLOAD, cycle, fields_for, power_of_two_step
from tui.keymap import Keymap
from tui.panes import KINDS
from tui.session.choices import Choices
from tui.session.store import Store
from tui.tree import flattened, parse_value, shown_value, tree_rows

START = Scenario(workload=Workload(lengths=Lengths.CHOSEN))
NAMES = [kind.short_name for kind in KINDS]


def changed(chips: int) -> Scenario:
    return replace(START, chips=chips)


class TestStore:
    def test_undo_and_redo_walk_the_history(self):
        store = Store(START, clock=iter(range(0, 100, 10)).__next__)
        store.set(changed(2), "chips")
        store.set(changed(4), "chips")
        assert (store.undo(), store.current.chips) == ("chips", 2)
        assert (store.undo(), store.current.chips) == ("chips", START.chips)
        assert store.undo() is None
        assert (store.redo(), store.current.chips) == ("chips", 2)

    def test_typing_is_one_step(self):
        store = Store(START, clock=lambda: 0.0)
        for chips in (4, 40, 409, 4096):
            store.set(changed(chips), "chips")
        store.undo()
        assert store.current == START

    def test_other_fields_are_other_steps(self):
        store = Store(START, clock=lambda: 0.0)
        store.set(changed(2), "chips")
        store.set(replace(changed(2), kv="fp8"), "kv")
        store.undo()
        assert store.current == changed(2)

    def test_a_change_forgets_what_was_undone(self):
        store = Store(START, clock=iter(range(0, 100, 10)).__next__)
        store.set(changed(2), "chips")
        store.undo()
        store.set(changed(3), "chips")
        assert store.redo() is None

    def test_dirty_until_saved(self):
        store = Store(START)
        store.set(changed(2), "chips")
        assert store.dirty
        store.mark_saved()
        assert not store.dirty


class TestNumbers:
    @given(st.floats(0, 1e9))
    def test_times_are_never_wider_than_their_column(self, value: float):
        assert len(milliseconds(value)) <= 10

    @pytest.mark.parametrize(
        ("value", "text"),
        [(1.234, "1.23"), (41.23, "41.2"), (513.9, "514"), (51387, "51,387"), (math.nan, "–")],
    )
    def test_times(self, value: float, text: str):
        assert milliseconds(value) == text

    @pytest.mark.parametrize(
        ("value", "text"), [(1.5, "1.50"), (12.34, "12.3"), (288.9, "288.9"), (1934.4, "1,934")]
    )
    def test_rates(self, value: float, text: str):
        assert rate(value) == text

    def test_changes_have_a_sign(self):
        assert [change(1.12, 1), change(0.966, 1), change(1, 1)] == ["+12%", "−3.4%", "="]

    def test_counts_use_binary_kilo(self):
        assert [count(4096), count(1500)] == ["4K", "1500"]


class TestLines:
    @given(st.text(max_size=40), st.integers(1, 30))
    def test_fit_is_exactly_as_wide(self, text: str, width: int):
        printable = "".join(c for c in text if c.isprintable())
        assert cells(fit(printable, width)) == width

    def test_padded_cuts_and_fills(self):
        runs = (("abc", PLAIN), ("defgh", BOLD))
        assert width_of(padded(runs, 5)) == 5
        assert width_of(padded(runs, 12)) == 12

    def test_nothing_but_text_gets_through(self):
        hostile = (("a\x1b]52;c;aGk=\x07", PLAIN), ("\u202eb\x9b31m", BOLD))
        text = "".join(run for run, _ in padded(hostile, 40))
        assert text.isprintable()
        assert width_of(padded(hostile, 40)) == 40

    def test_joined_leaves_out_whole_parts(self):
        assert joined(("DeepSeek-V3", "671.03 B", "37.55 B active"), 24) == "DeepSeek-V3 · 671.03 B"

    def test_chinese_wraps_by_cells(self):
        lines = wrapped("每个头的查询中不带旋转位置的部分", 10, 9)
        assert all(cells(one) <= 10 for one in lines)


FIELDS = {field.id: field for field in (*HARDWARE, *WORKLOAD)}


class TestFields:
    @pytest.mark.parametrize("id", sorted(FIELDS))
    def test_what_a_field_shows_it_also_reads(self, id: str):
        field = FIELDS[id]
        assert field.write(START, field.read(START)) == START

    @pytest.mark.parametrize(
        ("id", "text", "shown"),
        [
            ("input_tokens", "4K", "4K"),
            ("input_tokens", "1500", "1500"),
            ("ttft_ms", "1.5s", "1500"),
            ("ttft_ms", "", "none"),
            ("chip", "h100", "h100_sxm"),
            ("kv", "8", "fp8"),
            ("tensor", "2,4", "2,4"),
            ("mode", "st", "static"),
            ("resolution", "640x480", "640x480"),
            ("sequence_tokens", "384", "384"),
            ("sequence_tokens", "own", "model's own"),
            ("tpot_ms", "200ms", "200"),
            ("acceptance", "80%", "0.8"),
        ],
    )
    def test_units_and_short_forms(self, id: str, text: str, shown: str):
        assert FIELDS[id].read(FIELDS[id].write(START, text)) == shown

    @pytest.mark.parametrize(
        ("id", "text"),
        [
            ("input_tokens", "-1"),
            ("chips", "0"),
            ("ttft_ms", "soon"),
            ("chip", "h999"),
            ("kv", "x"),
        ],
    )
    def test_bad_values_are_refused_in_one_line(self, id: str, text: str):
        with pytest.raises(InputError) as caught:
            FIELDS[id].write(START, text)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize("id", sorted(FIELDS))
    def test_steps_lead_to_valid_scenarios(self, id: str):
        field = FIELDS[id]
        for direction in (1, -1):
            stepped = cycle(field, START, direction)
            assert field.write(stepped, field.read(stepped)) == stepped

    @pytest.mark.parametrize(
        ("value", "up", "down"),
        [(1, 2, 1), (2, 4, 1), (3, 4, 2), (12, 16, 8), (16, 32, 8), (1500, 2048, 1024)],
    )
    def test_counts_step_to_powers_of_two(self, value: int, up: int, down: int):
        assert (power_of_two_step(value, 1), power_of_two_step(value, -1)) == (up, down)

    def test_limits_step_by_a_tenth_and_back(self):
        up = cycle(FIELDS["tpot_ms"], START, 1)
        assert up.objectives.tpot_ms == 55
        assert cycle(FIELDS["tpot_ms"], up, -1) == START

    @pytest.mark.parametrize("id", ["e2e_ms", "max_batch"])
    def test_a_step_turns_a_limit_on(self, id: str):
        assert FIELDS[id].read(START) == "none"
        assert FIELDS[id].read(cycle(FIELDS[id], START, 1)) != "none"

    def test_vision_forms_ask_for_no_tokens(self):
        ids = {field.id for field in fields_for(WORKLOAD, ModelCategory.VISION)}
        assert "input_tokens" not in ids
        assert "resolution" in ids

    def test_encoders_forms_ask_for_one_length_and_no_resolution(self):
        fields = fields_for(WORKLOAD, ModelCategory.ENCODER)
        assert [field.id for field in fields if field.label == "ISL"] == ["sequence_tokens"]
        ids = {field.id for field in fields}
        assert "latency_ms" in ids
        assert not {"resolution", "output_tokens", "ttft_ms", "mode"} & ids

    def test_language_forms_have_one_isl(self):
        fields = fields_for(WORKLOAD, ModelCategory.LANGUAGE)
        assert [field.id for field in fields if field.label == "ISL"] == ["input_tokens"]


class TestTree:
    def test_nested_keys_have_dotted_paths(self):
        assert dict(flattened({"a": {"b": [1]}, "c": 2})) == {"a.b": [1], "c": 2}

    def test_rows_follow_the_groups(self):
        rows = tree_rows({"x": 1, "y": 2}, {"y": "first"}, ("first",), {"x": 0})
        assert [(row.group, row.key, row.edited) for row in rows] == [
            ("first", "", False),
            ("first", "y", False),
            ("other", "", False),
            ("other", "x", True),
        ]

    @pytest.mark.parametrize(
        ("text", "value"),
        [("12", 12), ("4K", 4096), ("true", True), ("null", None), ("abc", "abc")],
    )
    def test_typed_values(self, text: str, value: object):
        assert parse_value(text) == value

    def test_values_cannot_reach_the_terminal(self):
        assert "\x1b" not in shown_value("\x1b]52;c;aGk=\x07")


class TestCommands:
    def test_ids_are_unique(self):
        ids = [command.id for command in COMMANDS]
        assert len(ids) == len(set(ids))

    @pytest.mark.parametrize("pane", NAMES)
    def test_no_key_means_two_things_in_a_pane(self, pane: str):
        seen: dict[str, str] = {}
        for command in COMMANDS:
            if command.works_in(pane):
                for key in command.keys:
                    assert seen.setdefault(key, command.id) == command.id
        assert seen

    def test_every_command_is_carried_out(self):
        from tui.screen import MainScreen

        screen = MainScreen(Store(START), Choices(), language="en")
        assert {command.id for command in COMMANDS} == set(screen.actions.commands)

    def test_commands_name_panes_that_there_are(self):
        assert {pane for command in COMMANDS for pane in command.panes} <= set(NAMES)

    def test_quit_is_everywhere_and_escape_nowhere(self):
        keymap = Keymap()
        assert all(keymap.command(pane, "q").id == "quit" for pane in NAMES)
        assert all(keymap.command(pane, "escape") is None for pane in NAMES)

    def test_footer_holds_the_panes_own_keys_first(self):
        assert Keymap().footer("table", {"away"})[0][1] == "best"

    def test_footer_leaves_out_what_can_do_nothing(self):
        labels = [label for _, label in Keymap().footer("table", ())]
        assert "undo" not in labels
        assert "best" not in labels


class TestSweeper:
    def test_only_the_newest_of_a_burst_is_delivered(self):
        sweeper: LatestWins[int] = LatestWins()
        done, got, started = threading.Event(), [], threading.Event()

        def deliver(value: int) -> None:
            got.append(value)
            done.set()

        def wait_for_others(should_stop) -> int | None:
            started.set()
            while not should_stop():
                time.sleep(0.001)
            return None

        sweeper.submit(Job(wait_for_others, deliver, lambda error: None))
        assert started.wait(2)
        for number in range(5):
            sweeper.submit(Job(lambda stop, n=number: n, deliver, lambda error: None))
        assert done.wait(2)
        assert got == [4]

    def test_a_running_job_is_told_to_stop(self):
        sweeper: LatestWins[str] = LatestWins()
        done, got = threading.Event(), []

        def slow(should_stop) -> str | None:
            while not should_stop():
                time.sleep(0.001)
            return None

        def deliver(value: str) -> None:
            got.append(value)
            done.set()

        sweeper.submit(Job(slow, deliver, lambda error: None))
        time.sleep(0.05)
        sweeper.submit(Job(lambda stop: "new", deliver, lambda error: None))
        assert done.wait(2)
        assert got == ["new"]

    def test_failures_are_reported(self):
        sweeper: LatestWins[int] = LatestWins()
        done = threading.Event()

        def bad(_) -> int:
            raise InputError("no")

        sweeper.submit(Job(bad, lambda value: None, lambda error: done.set()))
        assert done.wait(2)


class TestShortNames:
    KEYS = (
        "max_position_embeddings",
        "rope_scaling.original_max_position_embeddings",
        "rope_parameters.full_attention.rope_theta",
        "rope_parameters.sliding_attention.rope_theta",
        "vocab_size",
    )

    @pytest.mark.parametrize("width", [12, 16, 21, 27, 60])
    def test_no_two_read_alike(self, width):
        short = short_names(self.KEYS, width)
        assert len(set(short.values())) == len(self.KEYS)
        assert all(len(one) <= width for one in short.values())

    def test_the_end_says_most(self):
        assert short_names(["abcdefgh", "x"], 5) == {"abcdefgh": "…efgh", "x": "x"}
