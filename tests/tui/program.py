"""The installed program on a pseudo-terminal, for tests and benchmarks."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
SECONDS = 20
"""How long anything is waited for."""


class Terminal:
    """A program on a pseudo-terminal. ``kilobits`` reads as a slow line would; ``code`` runs
    instead of the module; ``ignored`` signals are ignored from the start, as under nohup; a
    terminal that does not ``control`` the session sends it no signal when it closes."""

    def __init__(
        self,
        folder: Path,
        arguments: list[str],
        size: tuple[int, int] = (120, 40),
        kilobits: float = 0.0,
        code: str = "",
        ignored: tuple[signal.Signals, ...] = (),
        controls: bool = True,
        **environment: str,
    ) -> None:
        env = {
            **os.environ,
            "TERM": "xterm-256color",
            "XDG_STATE_HOME": str(folder / "state"),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "PYTHONPATH": str(ROOT),
            **environment,
        }
        self.master, self.slave = pty.openpty()
        self.resize(size)
        self.before = termios.tcgetattr(self.slave)
        self.output = b""
        self._kilobits = kilobits
        self._ignored, self._controls = ignored, controls
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, *(["-c", code] if code else ["-m", "tui"]), *arguments],
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            cwd=folder,
            env=env,
            preexec_fn=self._own_terminal,
        )

    def _own_terminal(self) -> None:
        """As in a login: the pseudo-terminal is the session's own, its end is a hang-up."""
        os.setsid()
        for number in self._ignored:
            signal.signal(number, signal.SIG_IGN)
        if self._controls:
            fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)

    def resize(self, size: tuple[int, int]) -> None:
        """Give the terminal another size in columns and rows."""
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        if hasattr(self, "process"):
            self.process.send_signal(signal.SIGWINCH)

    def read(self, seconds: float, quiet: float = 0.0) -> bytes:
        """What comes within ``seconds``, or until nothing came for ``quiet`` seconds."""
        start, end = len(self.output), time.monotonic() + seconds
        while (wait := end - time.monotonic()) > 0:
            came = self._read_once(min(wait, quiet) if quiet else wait)
            if not came and (quiet or self.process.poll() is not None):
                break
        return self.output[start:]

    def _read_once(self, seconds: float) -> bool:
        """Read one piece; False when none came."""
        if not select.select([self.master], [], [], max(seconds, 0.0))[0]:
            return False
        try:
            piece = os.read(self.master, 256 if self._kilobits else 65536)
        except OSError:
            return False
        if self._kilobits:
            time.sleep(len(piece) * 8 / (self._kilobits * 1000))
        self.output += piece
        return bool(piece)

    def wait_for(self, text: str) -> None:
        """Read until ``text`` was seen."""
        end = time.monotonic() + SECONDS
        while text.encode() not in self.output:
            assert time.monotonic() < end, self.output[-2000:]
            self._read_once(0.1)

    def send(self, keys: str) -> None:
        """Press keys."""
        os.write(self.master, keys.encode())

    def pour(self, content: bytes) -> None:
        """Send as much as there is, reading what comes meanwhile: a full pipe holds up both."""
        os.set_blocking(self.master, False)
        while content:
            try:
                content = content[os.write(self.master, content[:4096]) :]
            except BlockingIOError:
                self._read_once(0.01)
        os.set_blocking(self.master, True)

    def ended(self) -> int:
        """Wait for the end; the exit code."""
        end = time.monotonic() + SECONDS
        while self.process.poll() is None:
            assert time.monotonic() < end
            self._read_once(0.02)
        self.read(0.2)
        return int(self.process.returncode)

    def hang_up(self) -> None:
        """Close the terminal as a lost connection does."""
        os.close(self.slave)
        os.close(self.master)
        self.master = self.slave = -1

    def close(self) -> None:
        """Nothing of it stays."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for handle in (self.master, self.slave):
            if handle >= 0:
                with contextlib.suppress(OSError):
                    os.close(handle)
