"""What the terminal app costs, measured from outside through a pseudo-terminal.

    python -m tests.benchmarks.terminal [--repeat N]

Every figure stands beside its budget. On a busy machine the times are the machine's: the CPU
column says what the app itself used.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.tui.program import Terminal

QUIET = 0.15
"""A key is answered when nothing came for this long."""
SETTLED = 0.6
"""By then what a key causes later is on the screen, too: why, advice, effects."""
SMALL = ["--model", "llama-3.1-8b", "--chip", "h100", "--chips", "1", "--tpot", "30"]
LARGE = ["--model", "deepseek-v3", "--chip", "h200", "--chips", "16", "--tpot", "50"]
VAST = ["--model", "llama-3.1-8b", "--chip", "h200", "--chips", "64", "--isl", "256"]
VAST += ["--precisions", "W8A8,W4A16,W8A8KV8"]


def cpu_seconds(pid: int) -> float:
    """CPU time of a process with all its threads that live."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def resident_mb(pid: int) -> float:
    """Resident memory in MB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 1e6


class Figures:
    """Prints figures beside their budgets."""

    def __init__(self) -> None:
        self.missed = 0

    def show(self, what: str, value: float, unit: str, budget: float | None = None) -> None:
        """One line."""
        verdict = ""
        if budget is not None:
            met = value <= budget
            self.missed += not met
            verdict = f"budget {budget:g}" + ("" if met else "  MISSED")
        print(f"{what:<60}{value:>10.1f} {unit:<6}{verdict}", flush=True)

    def keys(self, what: str, answers: list[Answer], limits: dict[str, float]) -> None:
        """Last byte and bytes of some keys."""
        times = sorted(answer.last_ms for answer in answers)
        p95 = times[min(round(0.95 * (len(times) - 1)), len(times) - 1)]
        self.show(f"{what}: last byte p50", statistics.median(times), "ms", limits.get("p50"))
        self.show(f"{what}: last byte p95", p95, "ms", limits.get("p95"))
        cpu = statistics.mean(answer.cpu_ms for answer in answers)
        self.show(f"{what}: CPU a key, mean", cpu, "ms")
        most = max(answer.size for answer in answers)
        self.show(f"{what}: bytes, most", most, "B", limits.get("bytes"))


class Answer:
    """What one key brought."""

    def __init__(self, last_ms: float, size: int, cpu_ms: float) -> None:
        self.last_ms, self.size, self.cpu_ms = last_ms, size, cpu_ms


def press(terminal: Terminal, key: str) -> Answer:
    """Press a key and wait for the end of its answer."""
    pid = terminal.process.pid
    size, cpu, start = len(terminal.output), cpu_seconds(pid), time.perf_counter()
    last = start
    terminal.send(key)
    while terminal._read_once(QUIET if last > start else 1.0):
        last = time.perf_counter()
    return Answer((last - start) * 1e3, len(terminal.output) - size, (cpu_seconds(pid) - cpu) * 1e3)


def started(folder: Path, arguments: list[str], **options: object) -> Terminal:
    """A program that has shown its answer and rests; in a folder of its own, since the session
    of one that was killed would be offered to the next."""
    own = Path(tempfile.mkdtemp(dir=folder))
    terminal = Terminal(own, arguments, **options)  # type: ignore[arg-type]
    terminal.wait_for("tried")
    terminal.read(20, quiet=0.7)
    return terminal


def starting(figures: Figures, folder: Path, repeat: int) -> None:
    """First paint, bytes, memory, idling."""
    paints = []
    for _ in range(repeat):
        terminal = Terminal(folder, SMALL)
        terminal.wait_for("batches")
        paints.append((time.monotonic() - terminal.started) * 1e3)
        terminal.read(20, quiet=0.7)
        terminal.close()
    figures.show("first paint, fastest", min(paints), "ms", 300)
    figures.show("first paint, median", statistics.median(paints), "ms")
    terminal = started(folder, LARGE)
    figures.show("start of the largest scenario: bytes", len(terminal.output), "B", 30_000)
    cpu = cpu_seconds(terminal.process.pid)
    idle = terminal.read(5)
    figures.show("idle: bytes a second", len(idle) / 5, "B/s", 0)
    share = (cpu_seconds(terminal.process.pid) - cpu) / 5 * 100
    figures.show("idle: CPU", share, "%", 0.3)
    pid = terminal.process.pid
    for keys, what in (("3\x1b[B\r4096", "4096"), ("\x7f\x7f\x7f", "4, a sweep of 188,000")):
        terminal.send(keys)
        terminal.read(10, quiet=1.5)
        figures.show(f"memory after typing an input length of {what}", resident_mb(pid), "MB", 80)
    terminal.close()


def typing(figures: Figures, folder: Path) -> None:
    """Digits that change every row, with a quick and with a long sweep."""
    for size, most in (((120, 40), 4000), ((80, 24), 3500)):
        for name, scenario in (("", SMALL), (", long sweep running", VAST)):
            terminal = started(folder, scenario, size=size)
            terminal.send("3\x1b[B\r")
            terminal.read(2, quiet=0.5)
            answers = []
            for key in "1234\x7f\x7f\x7f567\x7f\x7f89":
                answers.append(press(terminal, key))
                if name:
                    # The sweep has begun, and nothing else is due before the next key.
                    terminal.read(0.06)
            what = f"digit at {size[0]}×{size[1]}{name}"
            figures.keys(what, answers, {"p50": 12, "p95": 25, "bytes": most})
            terminal.close()


def scrolling(figures: Figures, folder: Path) -> None:
    """The cursor in a short table and in one of all candidates."""
    terminal = started(folder, SMALL)
    answers = [press(terminal, key) for key in "jjjjjkkkk"]
    figures.keys("cursor key, 1 layout", answers[1:], {"p50": 5, "bytes": 600})
    terminal.close()
    terminal = started(folder, VAST)
    terminal.send("vv")
    terminal.read(3, quiet=0.5)
    answers = [press(terminal, key) for key in "jjjjj\x1b[6~\x1b[6~G" + "kkkk"]
    figures.keys("cursor key, all candidates", answers[1:5], {"p50": 5, "bytes": 600})
    terminal.close()


def settling(figures: Figures, folder: Path) -> None:
    """What a key brings by the time that the screen rests: bytes and CPU, why and advice too."""
    terminal = started(folder, LARGE)
    for what, keys, most in (
        ("cursor key", "jjjjkkkk", 600),
        ("cursor key past the edge", "j" * 14, 900),
    ):
        sizes, used = [], []
        for key in keys:
            size, cpu = len(terminal.output), cpu_seconds(terminal.process.pid)
            terminal.send(key)
            terminal.read(SETTLED)
            sizes.append(len(terminal.output) - size)
            used.append((cpu_seconds(terminal.process.pid) - cpu) * 1e3)
        figures.show(f"{what}, settled: bytes, median", statistics.median(sizes), "B", most)
        figures.show(f"{what}, settled: bytes, most", max(sizes), "B")
        figures.show(f"{what}, settled: CPU, median", statistics.median(used), "ms", 100)
    terminal.close()


def pages(figures: Figures, folder: Path) -> None:
    """Pages on top: bytes until nothing more comes."""
    for size in ((120, 40), (80, 24)):
        terminal = started(folder, LARGE, size=size)
        for key, what in (("?", "help"), (":", "palette"), ("a", "chips"), ("c", "compare")):
            opened = press(terminal, key)
            closed = press(terminal, "\x1b")
            name = f"{what} at {size[0]}×{size[1]}"
            figures.show(f"{name}, opened: bytes", opened.size, "B", 3000)
            figures.show(f"{name}, closed: bytes", closed.size, "B", 3500)
        terminal.close()


def leaving(figures: Figures, folder: Path) -> None:
    """Every way to end it: how long, and what stays."""
    ways: dict[str, Callable[[Terminal], None]] = {
        "q": lambda terminal: terminal.send("q"),
        "ctrl+q": lambda terminal: terminal.send("\x11"),
        "ctrl+c": lambda terminal: terminal.send("\x03"),
        "SIGTERM": lambda terminal: terminal.process.send_signal(signal.SIGTERM),
        "closed terminal": lambda terminal: terminal.hang_up(),
    }
    for name, way in ways.items():
        terminal = started(folder, SMALL)
        start = time.perf_counter()
        way(terminal)
        while terminal.process.poll() is None:
            if terminal.master >= 0:
                terminal._read_once(0.005)
            else:
                time.sleep(0.005)
        figures.show(f"end by {name}", (time.perf_counter() - start) * 1e3, "ms", 400)
        terminal.close()


def slow_line(figures: Figures, folder: Path) -> None:
    """64 kbit/s."""
    terminal = started(folder, SMALL, kilobits=64.0)
    terminal.send("3\x1b[B\r")
    terminal.read(3, quiet=0.5)
    answers = [press(terminal, key) for key in "1234\x7f\x7f\x7f567"]
    figures.keys("digit over 64 kbit/s", answers, {"p95": 1000})
    terminal.close()


def main() -> int:
    """Run everything; 1 when a budget is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=5, help="starts for the first paint")
    repeat = parser.parse_args().repeat
    figures = Figures()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # From compiled files, as an installation runs.
        os.environ.update(PYTHONPYCACHEPREFIX=str(folder / "compiled"), PYTHONDONTWRITEBYTECODE="")
        starting(figures, folder, repeat)
        typing(figures, folder)
        scrolling(figures, folder)
        settling(figures, folder)
        pages(figures, folder)
        leaving(figures, folder)
        slow_line(figures, folder)
    print(f"{figures.missed} of the budgets missed; load average {os.getloadavg()[0]:.1f}")
    return 1 if figures.missed else 0


if __name__ == "__main__":
    sys.exit(main())
