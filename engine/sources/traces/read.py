"""Which form a trace has, and its rows: bounded, streamed, refused in one line."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Callable
from io import BufferedReader, RawIOBase, TextIOWrapper
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from engine.sources.files import open_file
from engine.sources.traces import json_rows
from engine.sources.traces.records import ARRIVAL, INPUT, OUTPUT, Rows, find_field, is_milliseconds
from engine.sources.traces.trace import Trace
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.system_errors import system_reason
from engine.words.text import clean

MAXIMUM_BYTES = 2 << 30
EXPECTED = "a trace: CSV or JSON lines with arrival, input and output tokens"
BUFFER_BYTES = 1 << 20
GZIP = b"\x1f\x8b"
"""What a file begins with that gzip packed (RFC 1952)."""
Progress = Callable[[int, int], None]
"""Hears bytes read and bytes in all."""


def read_trace(path: Path, progress: Progress | None = None) -> Trace:
    """The requests of a file, packed by gzip or not: our own columns, the Azure LLM inference
    traces, BurstGPT, Mooncake, Qwen-Bailian, conversations as ShareGPT has them. Raises
    `InputError` with file, row and what was found."""
    shown = clean(str(path), 160)
    try:
        with open_file(path, MAXIMUM_BYTES, say(EXPECTED)) as file:
            counted = BufferedReader(_Counted(file, path.stat().st_size, progress), BUFFER_BYTES)
            with TextIOWrapper(
                _unpacked(counted, shown), encoding="utf-8-sig", newline=""
            ) as stream:
                return _read(stream, shown)
    except UnicodeDecodeError:
        raise InputError(
            say("{shown}: not UTF-8 text, expected {EXPECTED}", shown=shown, EXPECTED=say(EXPECTED))
        ) from None
    except csv.Error as error:
        raise InputError(
            say("{shown}: not valid CSV: {error}", shown=shown, error=clean(str(error), 100))
        ) from None
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise InputError(
            say("{shown}: broken gzip, expected {EXPECTED}", shown=shown, EXPECTED=say(EXPECTED))
        ) from None
    except OSError as error:
        raise InputError(
            say(
                "{shown}: {reason}, expected {EXPECTED}",
                shown=shown,
                reason=system_reason(error),
                EXPECTED=say(EXPECTED),
            )
        ) from None


def _unpacked(file: BufferedReader[Any], shown: str) -> BufferedReader[Any]:
    """What a file holds: itself, or what was packed by gzip."""
    if file.peek(2)[:2] != GZIP:
        return file
    return BufferedReader(_Bounded(gzip.GzipFile(fileobj=file), shown), BUFFER_BYTES)


class _Bounded(RawIOBase):
    """What is unpacked, up to as much as a file may hold."""

    def __init__(self, file: gzip.GzipFile, shown: str) -> None:
        self._file, self._shown, self._read = file, shown, 0

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill ``buffer``; raises `InputError` beyond `MAXIMUM_BYTES`."""
        count = self._file.readinto(buffer)
        self._read += count
        if self._read > MAXIMUM_BYTES:
            raise InputError(
                say(
                    "{shown}: more than {most:,} bytes unpacked, expected a shorter part",
                    shown=self._shown,
                    most=MAXIMUM_BYTES,
                )
            )
        return count


class _Counted(RawIOBase):
    """A file that tells how much of it was read."""

    def __init__(self, file: BinaryIO, size: int, progress: Progress | None) -> None:
        self._file, self._size, self._progress = file, size, progress
        self._read = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is not needed to be."""
        return False

    def readinto(self, buffer: Any) -> int:
        """Fill ``buffer`` and tell."""
        count: int = self._file.readinto(buffer)  # type: ignore[attr-defined]
        self._read += count
        if self._progress is not None:
            self._progress(self._read, self._size)
        return count


def _read(stream: TextIO, shown: str) -> Trace:
    rows = Rows(shown)
    first = stream.read(1)
    while first and first.isspace():
        first = stream.read(1)
    joined = _Joined(first, stream)
    if first == "[":
        return rows.trace(is_estimate=json_rows.read_list(joined, rows))
    if first == "{":
        return rows.trace(is_estimate=json_rows.read_lines(joined, rows))
    _read_table(joined, rows)
    return rows.trace()


class _Joined:
    """A stream with the characters in front that were read to see what it is."""

    def __init__(self, first: str, stream: TextIO) -> None:
        self._first, self._stream = first, stream

    def read(self, count: int) -> str:
        """Up to ``count`` characters and what was in front."""
        front, self._first = self._first, ""
        return front + self._stream.read(count)

    def readline(self, count: int) -> str:
        """The rest of a line."""
        front, self._first = self._first, ""
        return front + self._stream.readline(count)

    def __iter__(self) -> _Joined:
        return self

    def __next__(self) -> str:
        line = self.readline(json_rows.LARGEST_RECORD)
        if not line:
            raise StopIteration
        return line


def _read_table(stream: _Joined, rows: Rows) -> None:
    """CSV with a header; rows are counted as a person does, the header being the first."""
    reader = csv.reader(stream)
    header = next(reader, [])
    arrival, inputs, outputs = (
        header.index(name) if (name := find_field(header, wanted)) is not None else None
        for wanted in (ARRIVAL, INPUT, OUTPUT)
    )
    if inputs is None or outputs is None:
        found = ", ".join(clean(one, 30) for one in header[:8]) or say("nothing")
        raise InputError(
            say(
                "{shown}: row 1: found {found}; expected a header as {HEADER}",
                shown=rows.shown,
                found=found,
                HEADER=_HEADER,
            )
        )
    milliseconds = arrival is not None and is_milliseconds(header[arrival], like_mooncake=False)
    for number, row in enumerate(reader, 2):
        if not row:
            continue
        if len(row) < len(header):
            raise rows.error(
                number,
                say(
                    "found {found} fields, expected {expected} as the header has",
                    found=len(row),
                    expected=len(header),
                ),
            )
        when = None
        if arrival is not None:
            when = rows.time(number, header[arrival], row[arrival], milliseconds)
        tokens = rows.count(number, header[inputs], row[inputs])
        rows.add(number, when, tokens, rows.count(number, header[outputs], row[outputs]))


_HEADER = "arrival,input,output"
