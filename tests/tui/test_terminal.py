"""The installed command in a real pseudo-terminal: starts, answers, saves, quits, is killed."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
import tomllib
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")

SCENARIO = ["--model", "llama-3.1-8b", "--chip", "h100", "--chips", "1", "--tpot", "30"]
SECONDS = 40


class Terminal:
    """A program on a pseudo-terminal of 120 by 40."""

    def __init__(self, folder: Path, arguments: list[str], **environment: str) -> None:
        env = {
            **os.environ,
            "TERM": "xterm-256color",
            "XDG_STATE_HOME": str(folder / "state"),
            "XDG_CONFIG_HOME": str(folder / "config"),
            **environment,
        }
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.before = termios.tcgetattr(slave)
        self.master, self.slave = master, slave
        self.output = b""
        root = str(Path(__file__).parents[2])
        env["PYTHONPATH"] = root
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tui", *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=folder,
            env=env,
            start_new_session=True,
        )

    def read(self, seconds: float) -> bytes:
        """What came within ``seconds``."""
        end, start = time.monotonic() + seconds, len(self.output)
        while time.monotonic() < end:
            if select.select([self.master], [], [], 0.05)[0]:
                try:
                    self.output += os.read(self.master, 65536)
                except OSError:
                    break
        return self.output[start:]

    def wait_for(self, text: str) -> None:
        """Read until ``text`` was seen."""
        end = time.monotonic() + SECONDS
        while text.encode() not in self.output:
            assert time.monotonic() < end, self.output[-2000:]
            self.read(0.1)

    def send(self, keys: str) -> None:
        """Press keys."""
        os.write(self.master, keys.encode())

    def ended(self) -> int:
        """Wait for the end; the exit code."""
        end = time.monotonic() + SECONDS
        while self.process.poll() is None:
            assert time.monotonic() < end
            self.read(0.1)
        self.read(0.2)
        return int(self.process.returncode)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)
        os.close(self.slave)


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
    terminal.wait_for("Save plan as")
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
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **environment}
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
    (tmp_path / "p.toml").write_text("schema_version = 2\n")
    result = run_plainly(tmp_path, "p.toml")
    assert (result.returncode, result.stderr.count("\n")) == (2, 1)
    assert "schema_version" in result.stderr


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
def test_in_tmux(tmp_path, size):
    """A real terminal multiplexer shows the answer, takes keys and gets its screen back."""
    socket = f"rooftop-{os.getpid()}-{size[0]}"
    tmux = ["tmux", "-L", socket]
    root = str(Path(__file__).parents[2])
    command = (
        f"PYTHONPATH={root} XDG_STATE_HOME={tmp_path} {sys.executable} -m tui {' '.join(SCENARIO)}"
    )
    width, height = (str(side) for side in size)
    start = [*tmux, "-f", "/dev/null", "new-session", "-d", "-x", width, "-y", height]
    subprocess.run([*start, "sh"], check=True, cwd=tmp_path)
    try:
        subprocess.run([*tmux, "send-keys", command, "Enter"], check=True)
        screen = captured(tmux, "tried")
        assert "Serve Llama-3.1-8B" in screen
        subprocess.run([*tmux, "send-keys", "?"], check=True)
        captured(tmux, "esc closes")
        subprocess.run([*tmux, "send-keys", "Escape"], check=True)
        captured(tmux, "tried")
        subprocess.run([*tmux, "send-keys", "q"], check=True)
        captured(tmux, "tried", absent=True)
    finally:
        subprocess.run([*tmux, "kill-server"], check=False)


def captured(tmux: list[str], text: str, absent: bool = False) -> str:
    """The pane's text once ``text`` is on it (or gone from it)."""
    end = time.monotonic() + SECONDS
    while True:
        screen = subprocess.run(
            [*tmux, "capture-pane", "-p"], check=True, capture_output=True, text=True
        ).stdout
        if (text in screen) != absent:
            return screen
        assert time.monotonic() < end, screen
        time.sleep(0.1)
