"""The jobs of an ops engineer, done in the app with keys alone: how many, and how long.

    python -m tests.benchmarks.jobs [--size 80x24] [NUMBER …]

Each job is keys as tmux names them and texts that must come to stand on the screen. A job that
does not get there is shown with the screen it ended on. Seconds are the machine's; CPU seconds are
what the app used, its start included.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from profiles import ROOT
from tests.benchmarks.terminal import cpu_seconds
from tests.tui.test_tmux import Tmux
from tui.beside.keeping import REST_SECONDS

DATA = Path(__file__).parents[1] / "data"


@dataclass(frozen=True, slots=True)
class Shows:
    """A text that must come; ``absent``: that must go."""

    text: str
    absent: bool = False


@dataclass(frozen=True, slots=True)
class Typed:
    """Letters, a key each."""

    text: str


@dataclass(frozen=True, slots=True)
class Starts:
    """The app once more, as at first."""


@dataclass(frozen=True, slots=True)
class Kills:
    """The app is killed, as a lost machine does."""


@dataclass(frozen=True, slots=True)
class Rests:
    """Nothing is done for as long as a change rests before it is written."""


@dataclass(frozen=True, slots=True)
class Edits:
    """A key of one's own config.json is changed on the disk."""

    key: str
    value: int


@dataclass(frozen=True, slots=True)
class Resizes:
    """The terminal gets another size."""

    width: int
    height: int


Step = str | Shows | Typed | Starts | Kills | Rests | Edits | Resizes


@dataclass(frozen=True, slots=True)
class Job:
    """``arguments`` start the app; ``steps`` are keys and what they must bring."""

    number: int
    title: str
    steps: Sequence[Step]
    arguments: Sequence[str] = ()
    environment: dict[str, str] = field(default_factory=dict)
    first: str = "meets"


DOWN4 = ("Down",) * 4
LLAMA = ("--model", "llama-3.1-8b", "--chip", "h100", "--chips", "2", "--tpot", "20")
SWEPT = Shows("tried")


def after_colon(text: str, *shows: Step) -> tuple[Step, ...]:
    """What is typed after a colon, and what it brings."""
    return (":", Typed(text), "Enter", *shows)


JOBS = (
    Job(
        1,
        "DeepSeek-V3 on 16 H200 at TPOT 30: save, leave, open it again",
        (
            *("3", *DOWN4, "Enter", Typed("30"), "Enter", Shows("of 30 ms"), SWEPT),
            *("s", "C-u", Typed("ds.toml"), "Enter", Shows("saved ds.toml"), "q"),
            *(Shows("meets", absent=True), Starts()),
            *("o", Shows("ds.toml"), "Enter", Shows("of 30 ms")),
        ),
    ),
    Job(
        2,
        "H200, H20 and MI300X side by side",
        (
            *("a", Typed("h200"), "Space", "C-u", Typed("h20"), "Space"),
            *("C-u", Typed("mi300x"), "Space", "Enter"),
            *(Shows("mi300x"), Shows("to be swept", absent=True)),
        ),
    ),
    Job(
        3,
        "exactly TPS001-Llama2-70B-S4K-01-W4A16-B16",
        after_colon(
            "TPS001-Llama2-70B-S4K-01-W4A16-B16",
            Shows("prompt tok/s/chip"),
            Shows("TPS001-Llama2-70B-S4K-01-W4A16-B16"),
            Shows("batch 16"),
        ),
    ),
    Job(
        4,
        "precision of Qwen3-32B on 4 L40S at TPOT 40: see all, take the best",
        (
            *("W", Shows("vs best"), Shows("W4A16"), Shows("to be swept", absent=True)),
            *("Enter", SWEPT, Shows("meets")),
        ),
        ("--model", "qwen3-32b", "--chip", "l40s", "--chips", "4", "--tpot", "40"),
    ),
    Job(
        5,
        "a config.json of one's own, edited, read again",
        (
            *("m", Typed("./own"), "Enter", Shows("0.19 B"), SWEPT),
            *(Edits("num_hidden_layers", 16), "F5", Shows("0.31 B"), SWEPT),
        ),
    ),
    Job(
        6,
        "a hub id without a network",
        ("m", Typed("nobody/nothing-7b"), "Enter", Shows("huggingface.co")),
        environment={"HF_ENDPOINT": "http://huggingface.co.invalid", "HTTPS_PROXY": ""},
    ),
    Job(7, "a chip of one's own", ("2", "Enter", Typed("our"), "Enter", Shows("yours"))),
    Job(
        8,
        "ResNet-50 at W8A8, batch 4, on L4 and 310P; then without a batch",
        (
            *after_colon("FPS001-Resnet50-V2-R224x224-W8A8-B4", Shows("FPS001-"), SWEPT),
            *after_colon("chip 310p", Shows("Ascend 310P"), SWEPT),
            *after_colon("batch every", Shows("at most 5 % more")),
        ),
        ("--model", "resnet-50", "--chip", "l4", "--chips", "1"),
    ),
    Job(
        9,
        "prefill and decode apart; drafts; a rate; prices",
        (
            *after_colon("arrangement disaggregated", Shows("prefill"), SWEPT, "u"),
            *after_colon("mtp auto", Shows("draft"), SWEPT, "u"),
            *after_colon("rate 2", Shows("/s"), SWEPT, "u"),
            *after_colon("prices example"),
            *after_colon("cost 9", Shows(" of 9")),
        ),
    ),
    Job(
        10,
        "the keys of DeepSeek-V3 in Chinese, in the document's order",
        (
            *("L", Shows("达标"), "1", "O", "g", Shows("hidden_size")),
            *("/", Typed("topk_group"), Shows("一个 token 可用的组数")),
        ),
    ),
    Job(
        11,
        "thinking tools: pin, what matters, take what helps most, compare",
        (
            *("b", Shows("baseline"), "w", Shows("from → to"), "Enter", Shows("KV8"), SWEPT),
            *("Space", "Down", "Space", "c", Shows("★"), "Escape"),
        ),
        LLAMA,
    ),
    Job(
        12,
        "terminals: other sizes, themes, ASCII alone, no colours",
        (
            *(Resizes(60, 16), Shows("one pane"), Resizes(120, 40), Shows("6 why")),
            *("T", Shows("theme"), "?", Shows("esc closes"), "Escape"),
        ),
        (*LLAMA, "--ascii"),
        environment={"NO_COLOR": "1"},
    ),
    Job(
        13,
        "wrong input leaves what there was",
        (
            *("3", "Down", "Enter", Typed("1.5"), Shows("expected"), "Escape", Shows("4K")),
            *("Down", "Down", "Down", "Enter", Typed("1h"), Shows("expected"), "Escape"),
            *(Shows("of 20 ms"), *after_colon("chips 0", Shows("expected"))),
            *after_colon("TPS001-Llama2-70B-S4K-01-WA16-B16", Shows("field 6")),
            *("4", "/", Typed("b>x"), "Enter", Shows("expected"), Shows("of 20 ms")),
        ),
        LLAMA,
    ),
    Job(
        14,
        "leave, be killed: each time start again and restore",
        (
            *("2", "Down", "Right", Shows("on 4 ×"), SWEPT, "q", Shows("meets", absent=True)),
            *(Starts(), "R", Shows("on 4 ×"), "4", "b", Shows("baseline")),
            *("2", "Down", "Right", Shows("on 8 ×"), SWEPT, Rests(), Kills(), Starts(), "R"),
            *(Shows("on 8 ×"), Shows("Δ baseline")),
        ),
        LLAMA,
    ),
    Job(
        15,
        "find a command and run it from help; the words of the screen",
        (
            *("?", Shows("esc closes"), "Tab", Shows("TTFT, FTL"), "Escape"),
            *("?", "/", Typed("every change"), "Enter", Shows("enter goes there")),
        ),
        LLAMA,
    ),
)


@dataclass(frozen=True, slots=True)
class Done:
    """What a job took; ``screen`` is where it stood when it did not get there."""

    keys: int
    seconds: float
    cpu_seconds: float
    screen: str = ""


def done(job: Job, folder: Path, size: tuple[int, int]) -> Done:
    """Do a job in a terminal of its own."""
    prepare(folder)
    tmux = Tmux(folder, size)
    begun = time.monotonic()
    try:
        tmux.start_showing(job.first, *job.arguments, **job.environment)
        pid, begun = _app_of(tmux), time.monotonic()
        used = CpuWatch(pid)
        keys = do(job, tmux, used.look)
        return Done(keys, time.monotonic() - begun, used.seconds)
    except AssertionError as error:
        return Done(0, time.monotonic() - begun, 0.0, str(error).partition("\nassert")[0])
    finally:
        subprocess.run([*tmux._tmux, "kill-server"], check=False)


def do(job: Job, tmux: Tmux, after: Callable[[], None] = lambda: None) -> int:
    """Press the keys of a job and wait for what they bring; how many there were. ``after`` is
    called after each step. Raises `AssertionError` with the screen where something does not
    come."""
    keys = 0
    for step in job.steps:
        match step:
            case Shows(text, absent):
                tmux.shows(text, absent=absent)
            case Starts():
                tmux.start_showing(job.first, *job.arguments, **job.environment)
            case Kills():
                os.kill(_app_of(tmux), signal.SIGKILL)
                tmux.shows("Killed")
                # It leaves a terminal that takes nothing but a line feed for the end of a line.
                tmux.keys("stty sane; clear", "C-j")
                tmux.shows("meets", absent=True)
            case Rests():
                time.sleep(REST_SECONDS + 0.5)
            case Edits(key, value):
                path = tmux.folder / "own" / "config.json"
                config = json.loads(path.read_text())
                path.write_text(json.dumps({**config, key: value}))
            case Resizes(width, height):
                tmux.run("resize-window", "-x", str(width), "-y", str(height))
            case Typed(text):
                for letter in text:
                    tmux.keys("-l", letter)
                keys += len(text)
            case _:
                tmux.keys(step)
                keys += 1
        after()
    return keys


class CpuWatch:
    """The CPU seconds of a process as last seen: one that has ended cannot be asked."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.seconds = 0.0

    def look(self) -> None:
        """Ask the system."""
        with contextlib.suppress(OSError):
            self.seconds = cpu_seconds(self._pid)


def prepare(folder: Path) -> None:
    """A model and a chip of one's own."""
    (folder / "own").mkdir()
    config = json.loads((DATA / "tiny_llama.json").read_text())
    (folder / "own" / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 8}))
    chips = folder / "config" / "rooftop" / "chips"
    chips.mkdir(parents=True)
    described = (ROOT / "chips" / "h200_sxm.toml").read_text()
    (chips / "our_h200.toml").write_text(described.replace('id = "h200_sxm"', 'id = "our_h200"'))


def _app_of(tmux: Tmux) -> int:
    """The process in the pane's shell."""
    shell = tmux.run("display-message", "-p", "#{pane_pid}").strip()
    children = Path(f"/proc/{shell}/task/{shell}/children").read_text().split()
    return int(children[0])


def main() -> int:
    """Do the jobs; 1 where one of them does not get there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("numbers", nargs="*", type=int)
    parser.add_argument("--size", default="80x24")
    wanted = parser.parse_args()
    width, height = (int(side) for side in wanted.size.split("x"))
    failed = 0
    print(f"{'job':<60}{'keys':>6}{'seconds':>9}{'CPU s':>7}")
    for job in JOBS:
        if wanted.numbers and job.number not in wanted.numbers:
            continue
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
            found = done(job, Path(name), (width, height))
        title = f"{job.number:>2} {job.title}"
        print(
            f"{title:<60}{found.keys:>6}{found.seconds:>9.1f}{found.cpu_seconds:>7.1f}", flush=True
        )
        if found.screen:
            failed += 1
            print(f"   NOT DONE\n{found.screen}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
