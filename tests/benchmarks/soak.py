"""Random keys, pastes, bad bytes and resizes at the terminal app for minutes.

    python -m tests.benchmarks.soak [--minutes 10] [--seed 1] [--ordinary]

``--ordinary`` presses what people press while they plan, one key at a time: cursor, panes, values,
charts, marks, sorting, undo, help.

Prints how often the program ended by itself, how much memory it took and what it writes at rest. A
program that was asked to quit is started again; one that ends with another code than 0, or that
shows a traceback, has crashed.
"""

from __future__ import annotations

import argparse
import random
import signal
import tempfile
import time
from pathlib import Path

from tests.benchmarks.terminal import Figures, resident_mb, started
from tests.tui.program import Terminal

NAMED = ["\x1b", "\r", "\t", "\x7f", "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D", "\x1b[5~", "\x1b[6~"]
LETTERS = [chr(code) for code in range(33, 127) if chr(code) not in "q"]
ORDINARY = [
    *"jjjjkkkkgGfFvrpbcuUxHC?234456",
    *"0123456789",
    "\t",
    "\r",
    "\r",
    "\x1b",
    "\x1b",
    "\x1b",
]
ORDINARY += [
    "\x1b[A",
    "\x1b[B",
    "\x1b[B",
    "\x1b[C",
    "\x1b[D",
    "\x1b[5~",
    "\x1b[6~",
    "\x7f",
    " ",
    "<",
    ">",
]
CONTROLS = ["\x15", "\x19", "\x0c", "\x1bOP"]
PASTES = ["qwen3-32b", "128", "/nowhere/config.json", "x" * 5000, "µſı", "[red]\x07", "TPS001-x"]
BAD_BYTES = [b"\xff\xfe", b"\xc3", b"\x1b[999;999R", b"\x00"]
SIZES = [(80, 24), (120, 40), (40, 12), (200, 60), (79, 23)]
LOADS = [
    ["--model", "llama-3.1-8b", "--chip", "h100", "--chips", "1"],
    ["--model", "deepseek-v3", "--chip", "h200_sxm", "--chips", "16"],
    ["--model", "resnet50", "--chip", "l40s"],
]
REST_SECONDS = 5.0
SILENT_BURSTS = 60
"""So many in a row that bring nothing: it hangs."""


class Soak:
    """Presses keys until the time is up, and counts what comes of it."""

    def __init__(self, folder: Path, chance: random.Random, *, ordinary: bool = False) -> None:
        self._folder, self._chance, self._ordinary = folder, chance, ordinary
        self.crashes: list[str] = []
        self.keys = self.starts = 0
        self.most_mb = 0.0
        self._silent = 0
        self.terminal = self._start()

    def _start(self) -> Terminal:
        self.starts += 1
        return started(self._folder, self._chance.choice(LOADS))

    def burst(self) -> None:
        """Up to twelve keys as quickly as they go, or something ruder."""
        chance, terminal = self._chance, self.terminal
        kind, before = chance.random(), len(terminal.output)
        if self._ordinary:
            self.keys += 1
            terminal.pour(chance.choice(ORDINARY).encode())
        elif kind < 0.04:
            terminal.resize(chance.choice(SIZES))
        elif kind < 0.10:
            terminal.pour(f"\x1b[200~{chance.choice(PASTES)}\x1b[201~".encode())
        elif kind < 0.13:
            terminal.pour(chance.choice(BAD_BYTES))
        else:
            keys = chance.choices([*LETTERS, *NAMED, *NAMED, *CONTROLS], k=chance.randint(1, 12))
            self.keys += len(keys)
            terminal.pour("".join(keys).encode())
        terminal.read(0.15)
        self._silent = 0 if len(terminal.output) > before else self._silent + 1

    def look(self) -> None:
        """Take the memory; start again what has ended."""
        process = self.terminal.process
        if process.poll() is None:
            self.most_mb = max(self.most_mb, resident_mb(process.pid))
            if _is_stopped(process.pid):
                # The palette's "suspend": what a shell's `fg` does.
                process.send_signal(signal.SIGCONT)
                self._silent = 0
            if self._silent > SILENT_BURSTS:
                self.crashes.append(f"no answer: {self.terminal.output[-300:]!r}")
                self._again()
            return
        self.terminal.read(0.5)
        shown = self.terminal.output[-3000:].decode(errors="replace")
        if process.returncode or "Traceback" in shown:
            told = [path.read_text()[-2500:] for path in self._folder.glob("*/**/crash.txt")]
            self.crashes.append(f"exit {process.returncode}: {shown[-300:]}\n{''.join(told)}")
            for path in self._folder.glob("*/**/crash.txt"):
                path.unlink()
        self._again()

    def _again(self) -> None:
        self.terminal.close()
        self._silent = 0
        self.terminal = self._start()

    def rest(self) -> int:
        """Bytes written in some seconds at rest, every page closed and every sweep done."""
        for _ in range(8):
            self.terminal.pour(b"\x1b")
            self.terminal.read(0.3)
        self.look()
        self.terminal.read(30, quiet=2.0)
        return len(self.terminal.read(REST_SECONDS))


def _is_stopped(process: int) -> bool:
    return "\nState:\tT" in Path(f"/proc/{process}/status").read_text()


def main() -> None:
    """Soak and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--ordinary", action="store_true", help="only what planning takes")
    arguments = parser.parse_args()
    figures = Figures()
    with tempfile.TemporaryDirectory() as folder:
        chance = random.Random(arguments.seed)
        soak = Soak(Path(folder), chance, ordinary=arguments.ordinary)
        end = time.monotonic() + arguments.minutes * 60
        while time.monotonic() < end:
            soak.burst()
            soak.look()
        idle = soak.rest()
        figures.show("keys pressed", soak.keys, "")
        figures.show("times started", soak.starts, "")
        figures.show("crashes", len(soak.crashes), "", 0)
        figures.show("memory, most", soak.most_mb, "MB", 85 if arguments.ordinary else 120)
        figures.show("memory at the end", resident_mb(soak.terminal.process.pid), "MB")
        figures.show("bytes a second at rest", idle / REST_SECONDS, "B/s", 0)
        for text in soak.crashes:
            print(text)
        soak.terminal.close()


if __name__ == "__main__":
    main()
