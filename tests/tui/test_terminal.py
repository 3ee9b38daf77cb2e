"""The installed command in a real pseudo-terminal: starts, answers, saves, quits, is killed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import termios
import tomllib
from pathlib import Path

import pytest

from tests.tui.program import ROOT, SECONDS, Terminal

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")

SCENARIO = ["--model", "llama-3.1-8b", "--chip", "h100", "--chips", "1", "--tpot", "30"]


@pytest.fixture
def terminal(tmp_path):
    program = Terminal(tmp_path, SCENARIO)
    yield program
    program.close()


def test_types_saves_and_quits(terminal, tmp_path):
    terminal.wait_for("tried")
    terminal.send("2\x1b[B\x1b[C")
    terminal.wait_for("TP1 ×2")
    terminal.read(1.0)
    terminal.send("s")
    terminal.wait_for("Save plan")
    terminal.send("\x15plan.toml\r")
    terminal.wait_for("saved plan.toml")
    terminal.send("q")
    assert terminal.ended() == 0
    plan = tomllib.loads((tmp_path / "plan.toml").read_text())
    assert plan["scenario"]["chips"] == 2
    assert termios.tcgetattr(terminal.slave) == terminal.before
    assert b"\x1b[?1049l" in terminal.output


def test_nothing_is_written_when_idle(terminal):
    terminal.wait_for("tried")
    terminal.read(1.5)
    assert terminal.read(2.0) == b""


def test_no_mouse_is_asked_for(terminal):
    terminal.wait_for("tried")
    assert b"\x1b[?1000h" not in terminal.output
    assert b"\x1b[?1003h" not in terminal.output


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals_restore_the_terminal_and_keep_the_session(terminal, tmp_path, number):
    terminal.wait_for("tried")
    terminal.process.send_signal(number)
    assert terminal.ended() == 128 + number
    assert b"\x1b[?1049l" in terminal.output
    assert (tmp_path / "state" / "rooftop" / "session.toml").exists()


def run_plainly(folder: Path, *arguments: str, **environment: str):
    env = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(
        [sys.executable, "-m", "tui", *arguments],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def test_without_a_terminal_one_line_says_so(tmp_path):
    result = run_plainly(tmp_path)
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert "needs a terminal" in result.stderr


def test_a_plan_of_a_newer_version_is_one_line(tmp_path):
    (tmp_path / "p.toml").write_text("schema_version = 3\n")
    result = run_plainly(tmp_path, "p.toml")
    assert (result.returncode, result.stderr.count("\n")) == (2, 1)
    assert "schema_version" in result.stderr


@pytest.mark.parametrize("key", ["q", "\x11", "\x03"], ids=["q", "ctrl+q", "ctrl+c"])
def test_every_way_to_leave_restores_the_terminal(terminal, key):
    terminal.wait_for("tried")
    terminal.send(key)
    assert terminal.ended() == 0
    assert termios.tcgetattr(terminal.slave) == terminal.before
    assert b"\x1b[?1049l" in terminal.output
    assert b"\x1b[?25h" in terminal.output


def test_a_closed_terminal_ends_it_and_the_next_start_offers_the_session(terminal, tmp_path):
    terminal.wait_for("tried")
    terminal.send("2\x1b[B\x1b[C")
    terminal.wait_for("TP1 ×2")
    terminal.hang_up()
    terminal.process.wait(SECONDS)
    session = tomllib.loads((tmp_path / "state" / "rooftop" / "session.toml").read_text())
    assert session["scenario"]["chips"] == 2
    assert session["session"]["ended"] == "SIGHUP"
    again = Terminal(tmp_path, SCENARIO)
    try:
        again.wait_for("R restores the session of")
        again.wait_for("connection lost")
        again.send("R")
        again.wait_for("restored the session")
        again.wait_for("TP1 ×2")
    finally:
        again.close()


def test_an_ignored_hang_up_ends_it_too(tmp_path):
    """As under nohup; without a handler the app would spin for ever."""
    program = Terminal(tmp_path, SCENARIO, ignored=(signal.SIGHUP,))
    try:
        program.wait_for("tried")
        program.hang_up()
        program.process.wait(SECONDS)
    finally:
        program.close()


def test_a_terminal_that_sends_no_signal_ends_it_too(tmp_path):
    """In a container or behind a wrapper; reading from it would spin for ever."""
    program = Terminal(tmp_path, SCENARIO, controls=False)
    try:
        program.wait_for("tried")
        program.send("2\x1b[B\x1b[C")
        program.wait_for("TP1 ×2")
        program.hang_up()
        assert program.process.wait(SECONDS) == 128 + signal.SIGHUP
    finally:
        program.close()
    session = tomllib.loads((tmp_path / "state" / "rooftop" / "session.toml").read_text())
    assert session["scenario"]["chips"] == 2


@pytest.mark.parametrize(
    "environment",
    [{"LC_ALL": "C"}, {"LANG": "C", "LC_ALL": ""}, {"TERM": "linux", "LC_ALL": "C.UTF-8"}],
)
def test_only_ascii_where_nothing_else_is_shown(tmp_path, environment):
    program = Terminal(tmp_path, SCENARIO, **environment)
    try:
        program.wait_for("tried")
        program.send("?")
        program.wait_for("In batches")
        assert program.output.isascii()
    finally:
        program.close()


def test_no_colour_where_none_is_wanted(tmp_path):
    program = Terminal(tmp_path, SCENARIO, NO_COLOR="1")
    try:
        program.wait_for("tried")
        codes = re.findall(rb"\x1b\[([\d;]*)m", program.output)
        used = {int(code) for one in codes for code in one.split(b";") if code}
        assert used <= {0, 1, 2, 4, 7, 39, 49}
    finally:
        program.close()


def test_a_dumb_terminal_is_refused_in_one_line(tmp_path):
    program = Terminal(tmp_path, SCENARIO, TERM="dumb")
    try:
        assert program.ended() == 2
        assert program.output.count(b"\n") == 1
        assert b"TERM: found 'dumb'" in program.output
    finally:
        program.close()


def test_a_wrong_config_file_is_one_line(tmp_path):
    (tmp_path / "config" / "rooftop").mkdir(parents=True)
    (tmp_path / "config" / "rooftop" / "config.toml").write_text('theem = "dark"\n')
    program = Terminal(tmp_path, SCENARIO)
    try:
        assert program.ended() == 2
        assert program.output.count(b"\n") == 1
        assert b"config.toml: theem" in program.output
    finally:
        program.close()


def test_the_config_file_gives_keys(tmp_path):
    folder = tmp_path / "config" / "rooftop"
    folder.mkdir(parents=True)
    text = 'theme = "mono"\n[keys]\nquit = "Q"\n'
    (folder / "config.toml").write_text(text)
    program = Terminal(tmp_path, SCENARIO)
    try:
        program.wait_for("tried")
        program.send("q")
        program.read(0.3)
        assert program.process.poll() is None
        program.send("Q")
        assert program.ended() == 0
        assert (folder / "config.toml").read_text() == text
    finally:
        program.close()


def test_a_mistake_of_ours_ends_in_one_line_and_keeps_the_session(tmp_path):
    """The app is broken on purpose; what it says names no line of it."""
    code = "import tui.session.session as s\ns.Session.move = lambda *_: 1 // 0\n"
    code += "from tui.main import main\nmain()\n"
    program = Terminal(tmp_path, SCENARIO, code=code)
    try:
        program.wait_for("tried")
        program.send("j")
        assert program.ended() == 70
        last = program.output.decode().rpartition("\x1b[?1004l")[2]
        assert "rooftop: internal error: ZeroDivisionError" in last
        assert last.strip().count("\n") == 0
        assert termios.tcgetattr(program.slave) == program.before
    finally:
        program.close()
    state = tmp_path / "state" / "rooftop"
    assert tomllib.loads((state / "session.toml").read_text())["session"]["ended"] == "crash"
    assert "ZeroDivisionError" in (state / "crash.txt").read_text()


def test_the_mouse_is_taken_and_given_back_by_a_key(terminal):
    terminal.wait_for("tried")
    terminal.send("M")
    terminal.wait_for("\x1b[?1000h")
    terminal.send("M")
    terminal.wait_for("\x1b[?1000l")


@pytest.mark.parametrize(
    "sent",
    [b"\x80", b"\xe9j", b"\xff", b"\x9b31m", b"\xc3", b"\x1b[99999999999u", b"\x1b[1114112u"],
    ids=repr,
)
def test_no_byte_ends_it(terminal, sent):
    terminal.wait_for("tried")
    os.write(terminal.master, sent)
    for key in ("\x1b", "\x1b", "?"):
        # What came may have opened a question.
        terminal.read(1, quiet=0.3)
        terminal.send(key)
    terminal.wait_for("esc closes")
    assert b"Traceback" not in terminal.output


def test_a_page_is_closed_once_by_two_keys_in_one_read(terminal):
    terminal.wait_for("tried")
    for opening, closing in (("?", "qq"), ("H", "\r\r"), (":theme", "\r\r"), ("C", "qq")):
        terminal.read(1, quiet=0.3)
        terminal.send(opening)
        terminal.read(1, quiet=0.3)
        terminal.send(closing)
    terminal.read(1, quiet=0.3)
    assert terminal.process.poll() is None
    terminal.send("q")
    assert terminal.ended() == 0


def test_what_is_pasted_reaches_the_question(terminal):
    terminal.wait_for("tried")
    terminal.send("m")
    terminal.wait_for("enter takes")
    terminal.send("\x1b[200~ qwen3-8b\r\n\x1b[201~")
    terminal.wait_for("qwen3-8b")
    terminal.send("\r")
    terminal.wait_for("Qwen3-8B")


@pytest.mark.parametrize(
    "keys", ["", "m", "/", "3\x1b[B\r"], ids=["table", "model", "filter", "field"]
)
@pytest.mark.parametrize("marked", [True, False], ids=["marked", "bare"])
def test_a_hundred_thousand_characters_are_no_hundred_thousand_frames(terminal, keys, marked):
    terminal.wait_for("tried")
    terminal.send(keys)
    terminal.read(1, quiet=0.3)
    before = len(terminal.output)
    text = b"9" * 100_000
    terminal.pour(b"\x1b[200~" + text + b"\x1b[201~" if marked else text)
    terminal.send("\x1b")
    terminal.read(2, quiet=0.5)
    terminal.send("\x1b")
    terminal.send("?")
    terminal.wait_for("esc closes")
    assert len(terminal.output) - before < 100_000


def test_a_killed_program_has_kept_what_rested(terminal, tmp_path):
    terminal.wait_for("tried")
    terminal.send("2\x1b[B\x1b[C")
    path = tmp_path / "state" / "rooftop" / "session.toml"
    while not path.exists():
        assert terminal.process.poll() is None
        terminal.read(0.1)
    terminal.process.kill()
    terminal.process.wait(SECONDS)
    kept = {"session.toml", "past-scenarios.json"}
    assert {one.name for one in path.parent.iterdir()} <= kept
    again = Terminal(tmp_path, SCENARIO)
    try:
        again.wait_for("cut short")
        again.send("R")
        again.wait_for("TP1 ×2")
    finally:
        again.close()


def test_choices_that_are_a_pipe_hold_nothing_up(tmp_path):
    (tmp_path / "state" / "rooftop").mkdir(parents=True)
    os.mkfifo(tmp_path / "state" / "rooftop" / "choices.json")
    program = Terminal(tmp_path, SCENARIO)
    try:
        program.wait_for("tried")
    finally:
        program.close()


@pytest.mark.parametrize("key", ["?", ":", "a"])
def test_a_page_on_top_is_a_box_of_three_kilobytes(terminal, key):
    terminal.wait_for("tried")
    terminal.read(10, quiet=1.0)
    start = len(terminal.output)
    terminal.send(key)
    terminal.wait_for("esc closes")
    terminal.read(5, quiet=0.5)
    assert len(terminal.output) - start <= 3000


def test_the_first_screen_is_a_third_of_a_whole_one(terminal):
    terminal.wait_for("tried")
    terminal.read(10, quiet=1.0)
    assert len(terminal.output) <= 15_000
