"""Bad input in the app: one clear line, the scenario stays, nothing reaches the terminal raw."""

from __future__ import annotations

import contextlib
import errno
import os
from dataclasses import replace
from pathlib import Path

import pytest
from textual import events

from engine.plan.saved.plan_file import load_plan
from engine.words.errors import InputError, RooftopError
from tests.tui.driving import SMALL, press, running
from tui.app import RooftopApp
from tui.crash import note_crash
from tui.drawing.lines import line, padded
from tui.fields.forms import HARDWARE, cycle
from tui.session.choices import Choices, load_choices
from tui.settings.config import load_config

pytestmark = pytest.mark.usefixtures("own_folders")

HOSTILE = "\x1b]0;owned\x07\x1b[31m[red]x[/][@click=app.quit]"
GOOD_CHIP = (Path(__file__).parents[2] / "profiles/chips/h100_sxm.toml").read_text()


@pytest.fixture
def own_state(tmp_path: Path) -> Path:
    return tmp_path / "state" / "rooftop"


def own_chip(name: str, text: str) -> None:
    folder = Path("config/rooftop/chips")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.toml").write_text(text)


def everything(screen) -> str:
    """All that the screen shows."""
    parts = [screen.answer.text, screen.footer.text]
    return "\n".join([*parts, *(pane.text for pane in screen.panes)])


async def answered(pilot, key: str, text: str) -> str:
    """The message after answering the question that ``key`` asks."""
    for one in [key, "ctrl+u", *({"/": "slash"}.get(c, c) for c in text), "enter"]:
        await pilot.press(one)
    await pilot.pause(0.05)
    return pilot.app.main.footer.message


async def test_plans_that_cannot_be_opened_or_written():
    os.mkfifo("fifo.toml")
    Path("folder.toml").mkdir()
    Path("binary.toml").write_bytes(b"\xff\xfe")
    Path("newer.toml").write_text("schema_version = 99")
    Path("deep.toml").write_text("x = " + "[" * 5000)
    async with running() as (screen, pilot):
        before = screen.store.current
        for name, words in {
            "none.toml": "no such file",
            "fifo.toml": "is no regular file",
            "folder.toml": "is a folder",
            "binary.toml": "not UTF-8 text",
            "newer.toml": "schema_version: found 99",
            "deep.toml": "nested too deeply",
            "~no-such-user/p": "no home folder of that name",
        }.items():
            message = await answered(pilot, "o", name)
            assert name in message
            assert words in message
        for name, words in {
            "nowhere/p.toml": "no such file or directory; nothing was changed",
            "fifo.toml": "is no regular file",
            "folder.toml": "is a directory",
            "~no-such-user/p": "no home folder of that name",
        }.items():
            message = await answered(pilot, "s", name)
            assert name in message
            assert words in message
        assert screen.store.current == before


async def test_models_that_cannot_be_read():
    os.mkfifo("fifo.json")
    Path("broken.json").write_text("{broken")
    Path("list.json").write_text("[1]")
    Path("big.json").touch()
    os.truncate("big.json", 200_000_000)
    Path("empty").mkdir()
    async with running() as (screen, pilot):
        before = screen.store.current
        for name, words in {
            "fifo.json": "is no regular file",
            "broken.json": "broken JSON at line 1",
            "list.json": "holds a list",
            "big.json": "200,000,000 bytes",
            "./empty": "holds no config.json",
            "deepseek-v33": "nearest profile: deepseek-v3",
            "/dev/zero": "is no regular file",
        }.items():
            assert words in await answered(pilot, "m", name)
        assert screen.store.current == before


async def test_a_full_disk_keeps_the_old_plan(monkeypatch):
    async with running() as (screen, pilot):
        assert "saved" in await answered(pilot, "s", "p.toml")
        old = Path("p.toml").read_text()

        def full(_: int) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        await press(pilot, "2", "down", "right")
        monkeypatch.setattr(os, "fsync", full)
        message = await answered(pilot, "s", "p.toml")
        assert "no space left on device; nothing was changed" in message
        assert Path("p.toml").read_text() == old
        assert screen.store.dirty


@pytest.mark.parametrize("pane", ["2", "3"])
async def test_no_field_takes_rubbish(pane):
    async with running() as (screen, pilot):
        await pilot.press(pane)
        form = {"2": screen.panes.named("hardware"), "3": screen.panes.named("workload")}[pane]
        for field in form.fields:
            assert form.show_field(field.id)
            for text in ("9" * 400, "nan", "-5", "\x1b[31m"):
                before = screen.store.current
                form.typed = text
                screen.actions.typing._try_field(form)
                assert screen.store.current == before or form.complaint == ""
                assert "\x1b" not in form.complaint
                form.typed, form.complaint = None, ""
        assert pilot.app.is_running


@pytest.mark.parametrize("text", ["5\u017f", "5m\u0131n", "9" * 309, "\u0664", "1_0"])
async def test_letters_and_digits_that_look_like_others_are_refused(text):
    async with running() as (screen, pilot):
        await press(pilot, "3", "down", "down", "down")
        pilot.app.post_message(events.Paste(text))
        await pilot.pause()
        assert "expected a time" in screen.panes.named("workload").complaint
        assert screen.store.current == SMALL


async def test_either_letter_for_micro_is_read():
    for text in ("500\u00b5s", "500\u03bcs"):
        async with running() as (screen, pilot):
            await press(pilot, "3", "down", "down", "down", "enter", *text, "enter")
            assert screen.store.current.objectives.ttft_ms == 0.5


HUGE = ("9" * 400 + "K", "9" * 400, "-" + "9" * 309, "1e999", "NaN", "-Infinity", "9" * 5000)


@pytest.mark.parametrize("text", HUGE, ids=range(len(HUGE)))
async def test_a_number_beyond_all_numbers_ends_nothing(text):
    async with running() as (screen, pilot):
        await press(pilot, "1")
        tree = screen.model_tree
        for place, row in enumerate(tree.rows):
            if not row.is_heading and not row.note:
                tree.cursor = place
                with contextlib.suppress(RooftopError):
                    tree.written(SMALL, text)


async def test_a_hostile_chip_profile_and_plan_name():
    named = GOOD_CHIP.replace('id = "h100_sxm"', 'id = "mine"')
    text = HOSTILE.replace("\x1b", "\\u001b").replace("\x07", "\\u0007")
    own_chip("mine", named.replace('name = "H100 SXM5 80GB"', f'name = "{text}"'))
    app = RooftopApp(replace(SMALL, chip="mine"), Path(f"{HOSTILE.replace('/', '')}.toml"))
    async with app.run_test(size=(120, 40)) as pilot:
        for key in ("1", "2", "3", "4", "b", "s"):
            await press(pilot, key)
            shown = everything(app.main)
            assert "\x1b" not in shown
            assert "\x07" not in shown
        assert "[red]x[/][@click=app.quit]" in app.main.answer.text
        assert "yours" in app.main.panes.named("hardware").text


async def test_a_hostile_plan_is_refused_and_changes_nothing():
    async with running() as (screen, pilot):
        await answered(pilot, "s", "p.toml")
        plan = Path("p.toml").read_text()
        Path("bad.toml").write_text(plan.replace('chip = "h100_sxm"', 'chip = "\\u001b[31mx"'))
        before = screen.store.current
        message = await answered(pilot, "o", "bad.toml")
        assert "bad.toml: scenario.chip: found" in message
        assert "\x1b" not in everything(screen)
        assert screen.store.current == before == load_plan(Path("p.toml")).scenario


async def test_a_broken_chip_of_ones_own_is_passed_over():
    own_chip("h100_sxmm", "x = [")
    changed = cycle(HARDWARE[0], SMALL, 1)
    assert changed.chip not in ("h100_sxm", "h100_sxmm")


async def test_a_state_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "state").write_text("a file")
    async with running() as (screen, pilot):
        await pilot.press("y")
        await pilot.pause(0.05)
        assert "copied" in screen.footer.message
        assert "last-copy.txt: cannot be written" in screen.footer.message
        await pilot.press("q")


@pytest.mark.parametrize("kind", ["pipe", "folder", "deep", "binary", "loop"])
def test_settings_that_are_no_file(tmp_path, kind):
    path = tmp_path / "config.toml"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "loop":
        path.symlink_to(path)
    else:
        path.write_bytes(b"x = " + b"[" * 5000 if kind == "deep" else b"\xff\xfe")
    with pytest.raises(InputError, match=r"config\.toml: .*expected the settings"):
        load_config(path)


def test_choices_that_were_damaged_are_forgotten(own_state):
    own_state.mkdir(parents=True)
    for content in (b"[" * 100_000, b"\xff", b"[]", b'{"columns": 3, "theme": []}'):
        (own_state / "choices.json").write_bytes(content)
        assert load_choices() == Choices()


@pytest.mark.parametrize("kind", ["pipe", "folder", "endless", "huge"])
def test_choices_that_are_no_file_are_no_choices(own_state, kind):
    own_state.mkdir(parents=True)
    path = own_state / "choices.json"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "endless":
        path.symlink_to("/dev/zero")
    else:
        path.touch()
        os.truncate(path, 10 << 30)
    assert load_choices() == Choices()


def test_a_crash_note_waits_for_no_reader(own_state):
    own_state.mkdir(parents=True)
    os.mkfifo(own_state / "crash.txt")
    assert "internal error: ValueError: no" in note_crash(ValueError("no"))


def test_nothing_that_a_terminal_acts_on_passes_the_last_gate():
    drawn = padded(line(HOSTILE, "tab\tend\n", "\u202eabc"), 80)
    text = "".join(run for run, _ in drawn)
    assert text.isprintable()
    assert "[red]x[/]" in text
