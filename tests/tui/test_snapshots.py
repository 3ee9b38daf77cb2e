"""The screen as pictures, in colour and without: `pytest tests/tui/test_snapshots.py
--snapshot-update` takes them anew, and each is to be looked at then."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.words.messages import ENGLISH, use_language
from tests.tui.driving import SMALL, explained, settled
from tests.tui.fixed_engine import fix
from tui.app import RooftopApp
from tui.settings.settings import Settings

TINY = Path(__file__).parents[1] / "data" / "tiny_llama.json"


@pytest.fixture(autouse=True)
def same_everywhere(tmp_path, monkeypatch):
    fix(monkeypatch)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("NO_COLOR", raising=False)
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "config.json").write_text(TINY.read_text())
    monkeypatch.chdir(tmp_path)
    yield
    use_language(ENGLISH)


def app(theme: str = "dark", *, ascii_only: bool = False, language: str = ENGLISH) -> RooftopApp:
    scenario = replace(SMALL, model="./tiny")
    use_language(language)
    settings = Settings(theme=theme, ascii_only=ascii_only, language=language)
    return RooftopApp(scenario, settings=settings)


def after(*keys: str):
    """Press keys, each when the sweep of the one before is in; then wait for the why pane."""

    async def run(pilot) -> None:
        for key in ("", *keys):
            if key:
                await pilot.press(key)
            await settled(pilot)
        await explained(pilot)

    return run


SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])


@SIZES
@pytest.mark.parametrize("theme", ["dark", "mono"])
def test_main(snap_compare, size, theme):
    assert snap_compare(app(theme), terminal_size=size, run_before=after())


def test_smallest(snap_compare):
    assert snap_compare(app(), terminal_size=(60, 16), run_before=after())


@SIZES
def test_typing_a_limit(snap_compare, size):
    keys = ("3", "down", "down", "down", "down", "enter", "1", "5")
    assert snap_compare(app(), terminal_size=size, run_before=after(*keys))


def test_nothing_but_ascii(snap_compare):
    run = after("v", "greater_than_sign")
    assert snap_compare(app("mono", ascii_only=True), terminal_size=(80, 24), run_before=run)


def test_filter_in_all_candidates(snap_compare):
    keys = ("v", "v", "slash", *"meets", "space", *"b>20")
    assert snap_compare(app(), terminal_size=(80, 24), run_before=after(*keys))


def test_palette(snap_compare):
    assert snap_compare(app(), terminal_size=(80, 24), run_before=after("colon", *"copy"))


@SIZES
def test_picker(snap_compare, size):
    keys = ("2", "down", "down", "down", "enter", *"fp")
    assert snap_compare(app(), terminal_size=size, run_before=after(*keys))


def test_columns(snap_compare):
    assert snap_compare(app(), terminal_size=(80, 24), run_before=after("C", "down", "space"))


EVERY_SIZE = [(60, 16), (80, 24), (120, 40), (200, 60)]
ROOM = pytest.mark.parametrize("size", EVERY_SIZE, ids=lambda one: f"{one[0]}x{one[1]}")
PAGES = {
    "plain": (),
    "limit": ("3", "down", "down", "down", "down", "enter", "1", "5"),
    "chips": ("2", "enter"),
    "palette": ("colon", *"tpot", "space", "3", "0"),
    "help": ("question_mark",),
    "compare": ("space", "down", "space", "c"),
    "baseline": ("b", "2", "down", "right"),
}


@ROOM
@pytest.mark.parametrize("page", PAGES)
def test_chinese(snap_compare, size, page):
    run = after(*PAGES[page])
    assert snap_compare(app(language="zh"), terminal_size=size, run_before=run)


def test_widest(snap_compare):
    assert snap_compare(app(), terminal_size=(200, 60), run_before=after())
