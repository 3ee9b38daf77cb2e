"""Languages and orders of the tree: chosen by file and terminal, changed by a key."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from engine.sources import languages as room
from engine.sources.languages import language_of
from engine.words.errors import InputError
from engine.words.messages import ENGLISH
from tests.tui.driving import SMALL, press, running, settled
from tui.drawing.lines import cells
from tui.main import _app_parser
from tui.settings.config import load_config
from tui.settings.settings import settings_from

pytestmark = pytest.mark.usefixtures("own_folders")


@pytest.fixture
def esperanto(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A third language: one folder."""
    shutil.copytree(room.FOLDER, tmp_path / "glossary")
    (tmp_path / "glossary" / "eo").mkdir()
    (tmp_path / "glossary" / "eo" / "language.toml").write_text(
        'name = "Esperanto"\nascii = true\n[groups]\nstructure = "strukturo"\n'
    )
    monkeypatch.setattr(room, "FOLDER", tmp_path / "glossary")
    return "eo"


def configured(folder: Path, code: str) -> str | None:
    path = folder / "config.toml"
    path.write_text(f'language = "{code}"\n')
    return load_config(path).language


class TestTheSettings:
    def test_every_language_there_is_can_be_set(self, tmp_path: Path):
        assert configured(tmp_path, "zh") == "zh"

    def test_a_third_one_can_be_set_too(self, tmp_path: Path, esperanto: str):
        assert configured(tmp_path, esperanto) == esperanto

    def test_an_unknown_one_is_refused_with_a_list(self, tmp_path: Path):
        with pytest.raises(InputError, match="language: found 'fr', expected 'en' or 'zh'"):
            configured(tmp_path, "fr")

    @pytest.mark.parametrize(
        ("locale", "code"),
        [("zh_CN.UTF-8", "zh"), ("zh", "zh"), ("en_US.UTF-8", "en"), ("fr_FR", "en"), ("", "en")],
    )
    def test_the_locale_chooses_one_that_there_is(self, locale: str, code: str):
        assert language_of(locale) == code

    @pytest.mark.parametrize(("arguments", "code"), [([], "zh"), (["--ascii"], ENGLISH)])
    def test_plain_ascii_shows_a_language_that_it_can_carry(
        self, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: str
    ):
        monkeypatch.setenv("LANG", "zh_CN.UTF-8")
        assert settings_from(_app_parser().parse_args(arguments)).language == code


class TestTheKeys:
    async def test_a_key_goes_round_all_languages(self, esperanto: str):
        async with running() as (screen, pilot):
            seen = [screen.model_tree.language]
            for _ in range(3):
                await press(pilot, "L")
                seen.append(screen.model_tree.language)
            assert seen == ["en", "eo", "zh", "en"]

    async def test_a_language_shows_what_it_has(self, esperanto: str):
        async with running() as (screen, pilot):
            await press(pilot, "1", "L")
            assert "strukturo" in screen.model_tree.text
            assert "Esperanto" in screen.footer.message

    async def test_the_documents_order_and_back(self):
        async with running(replace(SMALL, model="deepseek-v3", chips=16)) as (screen, pilot):
            await press(pilot, "1")
            ours = [row.key for row in screen.model_tree.rows]
            await press(pilot, "O")
            rows = screen.model_tree.rows
            assert [row.key for row in rows[:3]] == ["", "hidden_size", "intermediate_size"]
            assert "quantization_config.scale_fmt" in [row.key for row in rows if row.absent]
            await press(pilot, "O")
            assert [row.key for row in screen.model_tree.rows] == ours

    async def test_the_cursor_stays_on_its_key_in_another_order(self):
        async with running() as (screen, pilot):
            await press(pilot, "1", "j", "j", "j")
            key = screen.model_tree.row.key
            await press(pilot, "O")
            assert screen.model_tree.row.key == key

    async def test_a_missing_key_is_shown_as_missing(self):
        async with running() as (screen, pilot):
            await press(pilot, "1", "O", "G")
            tree = screen.model_tree
            tree.cursor = [row.key for row in tree.rows].index("n_routed_experts")
            screen.paint()
            await settled(pilot)
            assert "Not in this file." in tree.text
            assert "n_routed_experts      –" in tree.text


async def test_the_language_is_kept_for_the_next_start(own_folders):
    from tui.session.choices import load_choices

    async with running() as (_, pilot):
        await press(pilot, "L")
    assert load_choices().language == "zh"


class TestTheWholeScreen:
    async def test_the_next_language_says_everything_again(self):
        async with running() as (screen, pilot):
            await press(pilot, "L")
            assert "批大小" in screen.answer.text
            assert "筛选" in screen.footer.text or screen.footer.message == "中文"
            assert "推理引擎" in screen.panes.named("hardware").text
            await press(pilot, "L")
            assert "batch" in screen.answer.text

    @pytest.mark.parametrize("size", [(60, 16), (80, 24), (120, 40), (200, 60)])
    async def test_no_line_is_wider_than_the_screen(self, size: tuple[int, int]):
        async with running(size=size) as (screen, pilot):
            await press(pilot, "L")
            for pane in (screen.answer, *screen.panes, screen.footer):
                for row in pane.text.split("\n"):
                    assert cells(row) <= pane.size.width

    async def test_figures_stand_below_their_headings(self):
        async with running() as (screen, pilot):
            await press(pilot, "L")
            head, *rows = screen.table.text.split("\n")[1:6]
            ends = [cells(head[: found.end()]) for found in re.finditer(r"TTFT ms|TPOT ms", head)]
            for row in rows:
                figures = [cells(row[: found.end()]) for found in re.finditer(r"[\d.,]+", row)]
                assert set(ends) <= set(figures)
