"""The installed command in a real terminal multiplexer, driven by its keys."""

from __future__ import annotations

import difflib
import itertools
import os
import shlex
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

from tests.tui.program import ROOT, SECONDS

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")

NUMBERS = itertools.count()
PANE_LINES = 35
"""Of the 40 lines of the screen: the footer says what happened last."""
SCENARIO = ["--model", "llama-3.1-8b", "--chip", "h100", "--chips", "2", "--tpot", "20"]


def command() -> list[str]:
    """The installed command of this environment; the module where it is not installed."""
    installed = Path(sys.executable).with_name("rooftop")
    return [str(installed)] if installed.exists() else [sys.executable, "-m", "tui"]


class Tmux:
    """A tmux server of its own with a shell in it."""

    def __init__(self, folder: Path, size: tuple[int, int]) -> None:
        self.folder = folder
        self._tmux = ["tmux", "-L", f"rooftop-{os.getpid()}-{next(NUMBERS)}", "-f", "/dev/null"]
        width, height = (str(side) for side in size)
        self.run("new-session", "-d", "-x", width, "-y", height, "env PS1='$ ' sh")
        self.run("set", "-g", "status", "off")
        self.run("set", "-g", "set-clipboard", "on")

    def run(self, *arguments: str) -> str:
        """A tmux command; what it prints."""
        done = subprocess.run(
            [*self._tmux, *arguments], check=True, capture_output=True, text=True, cwd=self.folder
        )
        return done.stdout

    def start(self, *arguments: str, **environment: str) -> str:
        """Start the program in the shell; its screen once the answer stands."""
        return self.start_showing("✓ meets", *arguments, **environment)

    def start_showing(self, text: str, *arguments: str, **environment: str) -> str:
        """Likewise; its screen once ``text`` is on it."""
        words = {
            "PYTHONPATH": str(ROOT),
            "XDG_STATE_HOME": str(self.folder / "state"),
            "XDG_CONFIG_HOME": str(self.folder / "config"),
            "LC_ALL": "C.UTF-8",
            "LINES": "24",
            "COLUMNS": "80",
            **environment,
        }
        line = [*(f"{key}={value}" for key, value in words.items()), *command(), *arguments]
        self.keys(shlex.join(["env", *line]), "Enter")
        return self.shows(text)

    def keys(self, *keys: str) -> None:
        """Press keys, named as tmux does."""
        self.run("send-keys", *keys)

    def screen(self) -> str:
        """What is on the screen."""
        return self.run("capture-pane", "-p")

    def shows(self, text: str, absent: bool = False) -> str:
        """The screen once ``text`` is on it (or gone from it)."""
        end = time.monotonic() + SECONDS
        while (text in (screen := self.screen())) == absent:
            assert time.monotonic() < end, screen
            time.sleep(0.05)
        return screen

    def complete(self) -> str:
        """The screen once the last of what is worked out beside the keys is on it: the advice in
        the why pane. A screen that merely does not change for a while may still wait for it, on a
        busy machine for long."""
        self.shows("MFU")
        return self.shows("would do")

    def shows_again(self, whole: str) -> None:
        """Wait until everything but the last lines is as it was in ``whole``."""
        wanted, end = whole.splitlines()[:PANE_LINES], time.monotonic() + SECONDS
        while (lines := self.screen().splitlines()[:PANE_LINES]) != wanted:
            assert time.monotonic() < end, "\n".join(difflib.unified_diff(wanted, lines))
            time.sleep(0.05)


@pytest.fixture
def tmux(tmp_path, request):
    server = Tmux(tmp_path, getattr(request, "param", (120, 40)))
    yield server
    subprocess.run([*server._tmux, "kill-server"], check=False)


SIZES = pytest.mark.parametrize("tmux", [(120, 40), (80, 24), (60, 16)], indirect=True)


@SIZES
def test_answers_takes_keys_and_gives_the_screen_back(tmux):
    assert "✓ meets  Serve Llama-3.1-8B" in tmux.start(*SCENARIO)
    tmux.keys("?")
    tmux.shows("esc closes")
    tmux.keys("Escape")
    tmux.shows("esc closes", absent=True)
    tmux.keys("3", "Down", "Down", "Down", "Down", "Enter", "0", ".", "1")
    tmux.shows("Nothing meets")
    tmux.keys("Escape", "u")
    tmux.shows("✓ meets")
    tmux.keys("q")
    tmux.shows("meets", absent=True)


def test_suspends_and_comes_back_whole(tmux):
    tmux.start(*SCENARIO)
    whole = tmux.complete()
    tmux.keys("C-z")
    tmux.shows("Serve Llama", absent=True)
    tmux.keys("fg", "Enter")
    tmux.shows_again(whole)


def test_redraws_what_something_else_wrote_over(tmux):
    tmux.start(*SCENARIO)
    whole = tmux.complete()
    tty = tmux.run("display-message", "-p", "#{pane_tty}").strip()
    Path(tty).write_text("\x1b[5;5HRUBBISH")
    tmux.shows("RUBBISH")
    tmux.keys("C-l")
    tmux.shows_again(whole)


def test_follows_the_size_of_the_window(tmux):
    tmux.start(*SCENARIO)
    tmux.run("resize-window", "-x", "80", "-y", "24")
    small = tmux.shows("✓ meets")
    assert max(len(line) for line in small.splitlines()) <= 80
    tmux.run("resize-window", "-x", "60", "-y", "16")
    tmux.shows("one pane at a time")
    tmux.run("resize-window", "-x", "120", "-y", "40")
    tmux.keys("k")
    tmux.shows("attention DP")


def test_copies_reach_the_clipboard(tmux):
    tmux.start(*SCENARIO)
    tmux.keys("Y")
    tmux.shows("copied the launch command")
    assert tmux.run("show-buffer").startswith("vllm serve")


def test_a_killed_window_keeps_the_session(tmux, tmp_path):
    tmux.start(*SCENARIO)
    tmux.keys("2", "Down", "Right")
    tmux.shows("on 4 ×")
    tmux.run("new-window", "-d")
    tmux.run("kill-window", "-t", ":0")
    path = tmp_path / "state" / "rooftop" / "session.toml"
    end = time.monotonic() + SECONDS
    while not path.exists() and time.monotonic() < end:
        time.sleep(0.05)
    assert tomllib.loads(path.read_text())["scenario"]["chips"] == 4
    tmux.start(*SCENARIO)
    tmux.keys("R")
    tmux.shows("on 4 ×")


@pytest.mark.parametrize("term", ["screen", "screen-256color", "tmux-256color", "xterm-16color"])
def test_other_terminals_show_the_same(tmux, term):
    screen = tmux.start(*SCENARIO, TERM=term)
    assert "★" in screen
    assert "✓ meets" in screen


@pytest.mark.parametrize("tmux", [(120, 40), (80, 24)], indirect=True)
def test_what_is_folded_is_found(tmux):
    tmux.start(*SCENARIO)
    tmux.keys(":")
    tmux.shows("esc closes")
    tmux.keys("-l", "expert copies")
    tmux.shows("field")
    tmux.keys("Enter")
    tmux.shows("expert copies")
    tmux.keys("g", "h")
    tmux.shows("enter takes")
    tmux.keys("Escape")
    tmux.shows("enter takes", absent=True)
    tmux.keys("3", "End", "Enter")
    tmux.shows("▾ client and cache")


@pytest.mark.parametrize("tmux", [(120, 40), (80, 24)], indirect=True)
@pytest.mark.parametrize("number", [1, 11])
def test_jobs_are_done_with_keys_alone(tmux, number, tmp_path):
    from tests.benchmarks.jobs import JOBS, do, prepare

    job = next(one for one in JOBS if one.number == number)
    prepare(tmp_path)
    tmux.start_showing(job.first, *job.arguments)
    assert do(job, tmux) > 0


@pytest.mark.parametrize("tmux", [(80, 24), (120, 40)], indirect=True)
def test_a_day_is_planned_on_a_page(tmux):
    rates = "".join(f"{hour},{4 + hour % 7}\n" for hour in range(24))
    (tmux.folder / "day.csv").write_text("hour,requests_per_second\n" + rates)
    tmux.start(*SCENARIO)
    tmux.keys(":")
    tmux.keys("-l", "fleet day.csv")
    tmux.keys("Enter")
    shown = tmux.shows("at the peak")
    assert "24 hours" in shown and "replicas" in shown and "10.0/s" in shown
    tmux.keys("Escape")
    tmux.shows("at the peak", absent=True)
