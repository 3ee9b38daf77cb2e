"""The app's manners, the pure parts: folding, filter, settings, keys, themes, columns."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.kinds import ModelKind
from engine.model.precision import parse_precision
from engine.plan.metrics.table import CODES, NO_MEMORY, NOTHING, VERDICTS
from engine.plan.results import Table
from engine.words.errors import InputError
from engine.words.text import clean
from engine.work.arrangement import Aggregated
from engine.work.layout import Layout
from tui.answer_lines import BADGES, answer_lines
from tui.arrange import folded_heights
from tui.commands import BY_ID
from tui.drawing.glyphs import in_ascii
from tui.drawing.lines import cells, width_of
from tui.drawing.styles import BEST, Role
from tui.drawing.themes import THEMES
from tui.keymap import Keymap
from tui.main import _app_parser
from tui.panes import HOME
from tui.session.choices import Choices
from tui.session.matching import matching
from tui.settings.config import Config, load_config
from tui.settings.settings import settings_from
from tui.widgets.columns import columns_of, number, with_room
from tui.widgets.form_pane import WorkloadPane
from tui.widgets.panes import FILL
from tui.widgets.table_pane import TablePane

MISSES_TPOT = next(one for one in VERDICTS if one.id == "tpot")
TABLE = Table(
    kind=ModelKind.TOKENS,
    arrangements=(Aggregated(Layout(1, replicas=16)), Aggregated(Layout(16))),
    precisions=(parse_precision("W8A8"),),
    arrangement_index=np.array([0, 0, 1, 1]),
    precision_index=np.zeros(4, dtype=np.int64),
    batch=np.array([4, 8, 16, 64]),
    metrics={
        "tpot_ms": np.array([10.0, 20.0, 60.0, np.nan]),
        "tps_per_chip": np.array([1.0, 2.0, 3.0, np.nan]),
    },
    capacity_gib=np.full(4, 80.0),
    fits=np.array([True, True, True, False]),
    meets=np.array([True, True, False, False]),
    binding=np.array([CODES[one] for one in (NOTHING, NOTHING, MISSES_TPOT, NO_MEMORY)]),
    excess=np.array([0.5, 0.9, 1.2, 2.0]),
)


class TestFolding:
    def test_the_active_pane_takes_what_there_is(self):
        heights = folded_heights(TablePane, HOME, None, 24)
        assert heights["table"] == heights["right"] == FILL
        assert (heights["model"], heights["left"], heights["below"]) == (1, 3, 2)

    def test_a_form_leaves_lines_to_the_table(self):
        heights = folded_heights(WorkloadPane, HOME, 10, 24)
        assert (heights["workload"], heights["left"], heights["table"]) == (10, 12, FILL)


class TestAnswerLines:
    SENTENCE = (
        "Serve X as TP8 ×2, batch 96 (192 in flight): 1,934 ± 270 tok/s/chip at TPOT 41 ± 6 of "
        "50 ms; TPOT binds."
    )

    @pytest.mark.parametrize("width", [30, 40, 80, 120])
    def test_every_word_is_shown_and_the_choice_stands_out(self, width: int):
        lines = answer_lines(self.SENTENCE, "meets", width, 9)
        assert all(width_of(one) <= width for one in lines)
        words = " ".join("".join(text for text, _ in one) for one in lines).split()
        assert words == ["✓", "meets", *self.SENTENCE.split()]
        best = [
            word for one in lines for text, role in one if role is BEST for word in text.split()
        ]
        assert " ".join(best) == "batch 96 (192 in flight): 1,934 ± 270 tok/s/chip"


class TestGlyphs:
    @given(st.text())
    def test_ascii_is_as_wide_as_what_it_stands_for(self, text: str):
        text = clean(text)
        assert in_ascii(text).isascii()
        assert len(in_ascii(text)) == cells(text)


class TestMatching:
    def rows(self, text: str) -> list[int]:
        return np.flatnonzero(matching(TABLE, text)).tolist()

    @pytest.mark.parametrize(
        ("text", "rows"),
        [
            ("", [0, 1, 2, 3]),
            ("meets", [0, 1]),
            ("!meets", [2, 3]),
            ("fits", [0, 1, 2]),
            ("b>8", [2, 3]),
            ("b>", [0, 1, 2, 3]),
            ("tpot<=20", [0, 1]),
            ("tpot<0.02s", [0]),
            ("tp1", [0, 1]),
            ("tp16", [2, 3]),
            ("tpot", [2]),
            ("memory", [3]),
            ("fp8 meets", [0, 1]),
            ("!tp1 b<32", [2]),
        ],
    )
    def test_words(self, text: str, rows: list[int]):
        assert self.rows(text) == rows

    @pytest.mark.parametrize("text", ["zz>1", "b>x", "tpot<-3"])
    def test_nonsense_is_named(self, text: str):
        with pytest.raises(InputError, match="filter: "):
            self.rows(text)


class TestConfig:
    def load(self, folder: Path, text: str) -> Config:
        path = folder / "config.toml"
        path.write_text(text)
        return load_config(path)

    def test_no_file_is_all_defaults(self, tmp_path: Path):
        assert load_config(tmp_path / "none.toml") == Config()

    def test_settings_and_keys(self, tmp_path: Path):
        config = self.load(
            tmp_path, 'theme = "light"\nmouse = true\n[keys]\nundo = ["u", "ctrl+r"]\nhelp = "H"\n'
        )
        assert (config.theme, config.mouse) == ("light", True)
        keymap = Keymap(config.keys)
        assert keymap.command("table", "ctrl+r").id == "undo"
        assert keymap.command("table", "H", "H").id == "help"
        assert keymap.command("table", "question_mark", "?") is None

    def test_a_chosen_key_is_taken_from_whoever_had_it(self):
        keymap = Keymap({"save": ("q",)})
        assert keymap.command("table", "q").id == "save"
        assert keymap.keys(BY_ID["quit"]) == ("ctrl+q", "ctrl+c")

    @pytest.mark.parametrize(
        ("text", "named"),
        [
            ("colour = 1", "colour"),
            ('theme = "pink"', "theme"),
            ("mouse = 3", "mouse"),
            ("[keys]\nundoo = 'u'", "keys.undoo"),
            ("[keys]\nundo = 'ctrl+i'", "keys.undo"),
            ("[keys]\nundo = '3'", "keys.undo"),
            ("[keys]\nundo = 'd'\nredo = 'd'", "keys.redo"),
            ("theme =", "not valid TOML"),
        ],
    )
    def test_mistakes_name_the_file_and_the_key(self, tmp_path: Path, text: str, named: str):
        with pytest.raises(InputError) as caught:
            self.load(tmp_path, text)
        assert named in str(caught.value)
        assert "config.toml" in str(caught.value)
        assert "\n" not in str(caught.value)


class TestSettings:
    def settings(self, monkeypatch, tmp_path: Path, *arguments: str, **environment: str):
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
        for name in ("LC_ALL", "LC_CTYPE", "LANG", "NO_COLOR", "TERM"):
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), encoding="utf-8"))
        return settings_from(_app_parser().parse_args(arguments))

    @pytest.mark.parametrize(
        ("environment", "ascii_only"),
        [
            ({}, False),
            ({"LANG": "C.UTF-8"}, False),
            ({"LANG": "C"}, True),
            ({"LC_ALL": "POSIX", "LANG": "de_DE.UTF-8"}, True),
            ({"LANG": "en_US.ISO-8859-1"}, True),
            ({"LANG": "en_US.UTF-8", "TERM": "linux"}, True),
        ],
    )
    def test_glyphs_follow_the_locale(self, monkeypatch, tmp_path, environment, ascii_only):
        assert self.settings(monkeypatch, tmp_path, **environment).ascii_only is ascii_only

    def test_no_color_is_mono_unless_a_theme_is_asked_for(self, monkeypatch, tmp_path):
        assert self.settings(monkeypatch, tmp_path, NO_COLOR="1").theme == "mono"
        settings = self.settings(monkeypatch, tmp_path, "--theme", "light", NO_COLOR="1")
        assert settings.theme == "light"

    def test_the_config_file_goes_before_the_last_choice(self, monkeypatch, tmp_path):
        (tmp_path / "rooftop").mkdir()
        (tmp_path / "rooftop" / "choices.json").write_text('{"theme": "contrast"}')
        assert self.settings(monkeypatch, tmp_path).theme == "contrast"
        (tmp_path / "rooftop" / "config.toml").write_text('theme = "light"')
        assert self.settings(monkeypatch, tmp_path).theme == "light"

    def test_broken_choices_are_no_choices(self, monkeypatch, tmp_path):
        (tmp_path / "rooftop").mkdir()
        (tmp_path / "rooftop" / "choices.json").write_text("[1")
        assert self.settings(monkeypatch, tmp_path).choices == Choices()


@pytest.mark.parametrize("theme", THEMES)
def test_every_theme_has_a_style_for_every_role(theme: str):
    assert set(THEMES[theme]) == set(Role)


def test_no_theme_tells_the_verdicts_apart_by_colour_alone():
    assert {badge for badge, _ in BADGES.values()} == {" ✓ meets ", " ✗ misses ", " … sweeping "}


class TestColumns:
    def test_columns_drop_out_whole_least_important_first(self):
        columns = columns_of(ModelKind.TOKENS)
        for width in range(0, 160):
            chosen = with_room(columns, width)
            assert sum(one.width + (1 if one.text else 2) for one in chosen) <= width
        ids = [one.id for one in with_room(columns_of(ModelKind.TOKENS)[2:], 30)]
        assert "tps_per_chip" in ids
        assert "e2e_ms" not in ids

    @given(st.floats(0, 1e15, allow_nan=False))
    def test_numbers_are_never_wider_than_their_column(self, value: float):
        for column in columns_of(ModelKind.TOKENS):
            if column.text is not None:
                assert len(number(column, value)) <= column.width
