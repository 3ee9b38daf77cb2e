"""A command and the world around it: streams that are full or closed, signals, exit codes.

What goes wrong is one line on stderr and nowhere else; where stderr cannot be written either, the
exit code alone says it.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import TextIOBase, TextIOWrapper
from types import FrameType

from engine.words.errors import InputError, RooftopError
from engine.words.messages import error_text, retold, say
from engine.words.system_errors import system_reason
from engine.words.text import clean

FOUND, NOTHING_MEETS, BAD_INPUT = 0, 1, 2
LONGEST_LINE = 1000
"""Of an error: nobody reads on, and what was typed may be long."""
INTERRUPTED = 128 + signal.SIGINT
_ENDING = (signal.SIGTERM, signal.SIGHUP)


def tell(text: str, end: str = "\n") -> None:
    """Write to stderr; where that is closed or full nobody can be told, and nothing else is
    wrong."""
    if sys.stderr is None:
        # print() would take stdout in its place.
        return
    try:
        print(retold(text), end=end, file=sys.stderr, flush=True)
    except (OSError, ValueError):
        sys.stderr = None


def guarded(work: Callable[[], int]) -> int:
    """Do ``work``; its exit code, or that of what went wrong.

    Output is on its way when this returns: a full disk is found here, not by the interpreter.
    SIGTERM and SIGHUP end the work in order, so that it leaves nothing behind.
    """
    _ready_output()
    code = FOUND
    try:
        with _signals_end():
            code = _code_of(work)
        if sys.stdout is not None:
            sys.stdout.flush()
        return code
    except RooftopError as error:
        tell(f"rooftop: {clean(error_text(error), LONGEST_LINE)}")
        return BAD_INPUT
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader left (`| head`): nothing is wrong, and nothing more can be said.
        sys.stdout = None
        return code
    except OSError as error:
        # What reads files says more in an `InputError`; without a name it is the output.
        sys.stdout = None
        what = (
            say("the output cannot be written") if error.filename is None else str(error.filename)
        )
        tell(f"rooftop: {clean(what)}: {system_reason(error)}")
        return BAD_INPUT
    except MemoryError:
        tell(f"rooftop: {say('there is not enough memory for this')}")
        return BAD_INPUT


def print_verdict(text: str) -> None:
    """Print what the exit code says as well: it stands where the reader has left."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        sys.stdout = None


@contextmanager
def having(done: str) -> Iterator[None]:
    """Print what follows ``done``: where it cannot be written, the error says what was done."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        sys.stdout = None
        reason = say("the output cannot be written: {reason}", reason=system_reason(error))
        raise InputError(f"{reason}; {done}") from None


def _code_of(work: Callable[[], int]) -> int:
    try:
        return work()
    except SystemExit as stop:
        return int(stop.code or 0)


def _ready_output() -> None:
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # The next file opened would take the number, and what writes to it would be in there.
            os.open(os.devnull, os.O_RDWR)
    if sys.stdout is None:
        sys.stdout = _Closed()
    elif isinstance(sys.stdout, TextIOWrapper):
        # A locale without × or ✓ gets a ? in their place.
        sys.stdout.reconfigure(errors="replace")


class _Closed(TextIOBase):
    """Stands for a standard output that was closed before we started (``>&-``)."""

    def write(self, text: str) -> int:
        """Nobody can: raises `OSError`."""
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))


@contextmanager
def _signals_end() -> Iterator[None]:
    """SIGTERM and SIGHUP end what is inside as an exit does, with everything put away."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # Whoever has a signal ignored (nohup) means it.
    before = {one: signal.getsignal(one) for one in _ENDING}
    chosen = [one for one, handler in before.items() if handler is signal.SIG_DFL]
    for one in chosen:
        signal.signal(one, _end)
    try:
        yield
    finally:
        for one in chosen:
            signal.signal(one, signal.SIG_DFL)


def _end(number: int, _: FrameType | None) -> None:
    for one in _ENDING:
        # A second one would interrupt the putting away.
        signal.signal(one, signal.SIG_IGN)
    raise SystemExit(128 + number)
