"""Files written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from engine.errors import InputError
from engine.text import clean


def write_text(path: Path, text: str) -> None:
    """Write ``text`` to a temporary neighbour, sync it and rename it to ``path``.

    A link keeps pointing where it did: its target is written. Raises `InputError`.
    """
    shown = clean(str(path))
    path = Path(os.path.realpath(path))
    temporary = ""
    try:
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
