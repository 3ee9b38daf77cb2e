"""Files read within bounds, and written whole or not at all."""

from __future__ import annotations

import os
import stat
import tempfile
import tomllib
from pathlib import Path
from typing import Any, BinaryIO

from engine.words.errors import InputError
from engine.words.text import clean

MAXIMUM_CONFIG_BYTES = 4 << 20
"""The largest config.json in public use is under 1 MB (per-layer quantisation lists)."""
LONGEST_NAME = 160
"""Of a path in a message, so that the reason behind it is never lost."""


def user_path(text: str) -> Path:
    """The path that a person typed, ``~`` expanded; raises `InputError`."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise InputError(f"{clean(text, 80)}: no home folder of that name") from None


def open_file(path: Path, maximum: int, expected: str) -> BinaryIO:
    """Open a regular file of at most ``maximum`` bytes for reading.

    Pipes and devices are refused without waiting for them: they have no end that can be known.
    ``expected`` says what should have been there, as "a plan". Raises `InputError`.
    """
    shown = clean(str(path), LONGEST_NAME)
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise _unreadable(shown, error, expected) from None
    file = os.fdopen(handle, "rb", closefd=True) if _is_regular(handle) else None
    if file is None:
        kind = "a folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "no regular file"
        os.close(handle)
        raise InputError(f"{shown}: is {kind}, expected {expected}")
    size = os.fstat(handle).st_size
    if size > maximum:
        file.close()
        raise InputError(f"{shown}: {size:,} bytes, expected {expected} of at most {maximum:,}")
    return file


def _is_regular(handle: int) -> bool:
    return stat.S_ISREG(os.fstat(handle).st_mode)


def _unreadable(shown: str, error: Exception, expected: str) -> InputError:
    reason = (getattr(error, "strerror", None) or "no such name").lower()
    return InputError(f"{shown}: cannot be read: {reason}; expected {expected}")


def read_bytes(path: Path, maximum: int, expected: str) -> bytes:
    """The content of a regular file of at most ``maximum`` bytes; raises `InputError`."""
    shown = clean(str(path), LONGEST_NAME)
    try:
        with open_file(path, maximum, expected) as file:
            content = file.read(maximum + 1)
    except OSError as error:
        raise _unreadable(shown, error, expected) from None
    if len(content) > maximum:
        raise InputError(f"{shown}: expected {expected} of at most {maximum:,} bytes")
    return content


def read_text(path: Path, maximum: int, expected: str) -> str:
    """The text of a regular file of at most ``maximum`` bytes; raises `InputError`."""
    try:
        return read_bytes(path, maximum, expected).decode("utf-8-sig")
    except UnicodeDecodeError:
        shown = clean(str(path), LONGEST_NAME)
        raise InputError(f"{shown}: not UTF-8 text, expected {expected}") from None


def read_toml(path: Path, maximum: int, expected: str) -> dict[str, Any]:
    """The values of a TOML file of at most ``maximum`` bytes; raises `InputError`."""
    text = read_text(path, maximum, expected)
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        shown, reason = clean(str(path), LONGEST_NAME), clean(reason, 120)
        raise InputError(f"{shown}: not valid TOML: {reason}; expected {expected}") from None


def write_text(path: Path, text: str) -> None:
    """Write ``text`` to a temporary neighbour, sync it and rename it to ``path``.

    A link keeps pointing where it did: its target is written. Raises `InputError`.
    """
    shown = clean(str(path), LONGEST_NAME)
    path = Path(os.path.realpath(path))
    temporary = ""
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            # Renaming a file over a device would take the device away.
            raise InputError(f"{shown}: is no regular file, expected a name to write to")
        handle, temporary = tempfile.mkstemp(
            prefix=f".{path.name}.", suffix=".tmp", dir=path.parent or "."
        )
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
        temporary = ""
        _sync_folder(path.parent)
    except UnicodeEncodeError:
        raise InputError(
            f"{shown}: cannot be written: a name in it is no valid text; nothing was changed"
        ) from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InputError(f"{shown}: cannot be written: {reason}; nothing was changed") from None
    finally:
        if temporary:
            Path(temporary).unlink(missing_ok=True)


def _umask() -> int:
    current = os.umask(0o022)
    os.umask(current)
    return current


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
