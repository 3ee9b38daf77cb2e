"""Files read within bounds, and written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import stat
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.system_errors import system_reason
from engine.words.text import clean

MAXIMUM_CONFIG_BYTES = 4 << 20
"""The largest config.json in public use is under 1 MB (per-layer quantisation lists)."""
LONGEST_NAME = 160
"""Of a path in a message, so that the reason behind it is never lost."""
_TEMPORARY = re.compile(r"\.rooftop-[0-9a-f]{8}\.tmp", re.ASCII)
"""Files on the way to their name."""
_NO_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.ENOSYS}
"""What file systems answer that cannot sync a folder."""


def user_path(text: str) -> Path:
    """The path that a person typed, ``~`` expanded; raises `InputError`."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise InputError(say("{text}: no home folder of that name", text=clean(text, 80))) from None


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
        is_folder = stat.S_ISDIR(os.fstat(handle).st_mode)
        kind = say("a folder") if is_folder else say("no regular file")
        os.close(handle)
        raise InputError(
            say(
                "{shown}: is {kind}, expected {expected}", shown=shown, kind=kind, expected=expected
            )
        )
    size = os.fstat(handle).st_size
    if size > maximum:
        file.close()
        raise InputError(
            say(
                "{shown}: {size:,} bytes, expected {expected} of at most {maximum:,}",
                shown=shown,
                size=size,
                expected=expected,
                maximum=maximum,
            )
        )
    return file


def _is_regular(handle: int) -> bool:
    return stat.S_ISREG(os.fstat(handle).st_mode)


def _unreadable(shown: str, error: Exception, expected: str) -> InputError:
    return InputError(
        say(
            "{shown}: cannot be read: {reason}; expected {expected}",
            shown=shown,
            reason=system_reason(error),
            expected=expected,
        )
    )


def read_bytes(path: Path, maximum: int, expected: str) -> bytes:
    """The content of a regular file of at most ``maximum`` bytes; raises `InputError`."""
    shown = clean(str(path), LONGEST_NAME)
    try:
        with open_file(path, maximum, expected) as file:
            content = file.read(maximum + 1)
    except OSError as error:
        raise _unreadable(shown, error, expected) from None
    if len(content) > maximum:
        raise InputError(
            say(
                "{shown}: expected {expected} of at most {maximum:,} bytes",
                shown=shown,
                expected=expected,
                maximum=maximum,
            )
        )
    return content


def read_text(path: Path, maximum: int, expected: str) -> str:
    """The text of a regular file of at most ``maximum`` bytes; raises `InputError`."""
    try:
        return read_bytes(path, maximum, expected).decode("utf-8-sig")
    except UnicodeDecodeError:
        shown = clean(str(path), LONGEST_NAME)
        raise InputError(
            say("{shown}: not UTF-8 text, expected {expected}", shown=shown, expected=expected)
        ) from None


def read_toml(path: Path, maximum: int, expected: str) -> dict[str, Any]:
    """The values of a TOML file of at most ``maximum`` bytes; raises `InputError`."""
    text = read_text(path, maximum, expected)
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        shown, reason = clean(str(path), LONGEST_NAME), clean(reason, 120)
        raise InputError(
            say(
                "{shown}: not valid TOML: {reason}; expected {expected}",
                shown=shown,
                reason=reason,
                expected=expected,
            )
        ) from None


def refuse_other(path: Path, is_own: Callable[[Path], bool], own: str) -> None:
    """Raise `InputError` when ``path`` is a file with something else in it than what ``is_own``
    knows; ``own`` says what that is, as "plan". A name typed wrong must not cost anyone a file."""
    if not os.path.isfile(path) or not os.path.getsize(path):
        return
    try:
        known = is_own(path)
    except InputError:
        known = False
    if not known:
        raise InputError(
            say(
                "{path}: there is a file with something else in it, expected a new "
                "name or an older {own}; nothing was changed",
                path=clean(str(path), LONGEST_NAME),
                own=own,
            )
        )


def write_text(path: Path, text: str) -> None:
    """Write ``text`` to a temporary neighbour, sync it and rename it to ``path``.

    A link keeps pointing where it did: its target is written. A file that is replaced keeps its
    mode, and its owner where that may be given. What a killed save has left in the folder is
    removed. Raises `InputError`, which says whether anything was changed.
    """
    shown = clean(str(path), LONGEST_NAME)
    try:
        content = text.encode("utf-8")
        target = _target(path, shown)
        _remove_leftovers(target.parent)
        with _temporary(target.parent) as (handle, temporary):
            _write_all(handle, content)
            _take_after(handle, target)
            os.fsync(handle)
            os.replace(temporary, target)
    except UnicodeEncodeError:
        raise InputError(
            say(
                "{shown}: cannot be written: a name in it is no valid text; nothing was changed",
                shown=shown,
            )
        ) from None
    except (OSError, ValueError) as error:
        raise InputError(
            say(
                "{shown}: cannot be written: {reason}; nothing was changed",
                shown=shown,
                reason=system_reason(error),
            )
        ) from None
    _sync_folder(target.parent, shown)


def _target(path: Path, shown: str) -> Path:
    """The file that ``path`` stands for, its links followed; raises `InputError`, `OSError` and
    `ValueError`."""
    target = Path(os.path.realpath(path))
    try:
        mode = os.lstat(target).st_mode
    except FileNotFoundError:
        return target
    if stat.S_ISLNK(mode):
        # What cannot be followed to its end goes round in circles.
        raise InputError(
            say(
                "{shown}: is a link to itself, expected a name to write to; nothing was changed",
                shown=shown,
            )
        )
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        # Renaming a file over a device would take the device away.
        raise InputError(
            say("{shown}: is no regular file, expected a name to write to", shown=shown)
        )
    return target


@contextlib.contextmanager
def _temporary(folder: Path) -> Iterator[tuple[int, str]]:
    """A new file in ``folder``, locked for as long as it is used: its handle and its path. It is
    gone afterwards, whatever happens, but for a name that it was given meanwhile."""
    handle = -1
    # Named before it is made: a signal between the two must find it.
    path = str(folder / f".rooftop-{os.urandom(4).hex()}.tmp")
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        _locked(handle)
        if not _is_at(handle, path):
            # Another save saw it before it was locked, and took it for a leftover.
            os.close(handle)
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        yield handle, path
    finally:
        with contextlib.suppress(OSError):
            os.unlink(path)
        if handle >= 0:
            os.close(handle)


def _remove_leftovers(folder: Path) -> None:
    """Remove the temporary files of saves that were killed: nobody holds those locked."""
    with contextlib.suppress(OSError):
        names = [name for name in os.listdir(folder) if _TEMPORARY.fullmatch(name)]
        for name in names:
            with contextlib.suppress(OSError):
                _remove_unused(folder / name)


def _remove_unused(path: Path) -> None:
    handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        is_ours = stat.S_ISREG(os.fstat(handle).st_mode)
        if is_ours and _locked(handle) and _is_at(handle, str(path)):
            os.unlink(path)
    finally:
        os.close(handle)


def _locked(handle: int) -> bool | None:
    """Whether the file is now locked for this process; None where the file system has no locks."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _is_at(handle: int, path: str) -> bool:
    """Whether the open file still is what ``path`` names."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return False
    return os.path.samestat(os.fstat(handle), found)


def _write_all(handle: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(handle, left) :]


def _take_after(handle: int, target: Path) -> None:
    """Give the new file the mode of the one that it replaces, so that a private one stays
    private; without one it gets what the umask says."""
    try:
        old = os.stat(target)
    except FileNotFoundError:
        os.fchmod(handle, 0o666 & ~_umask())
        return
    mode = stat.S_IMODE(old.st_mode) & 0o777
    own = os.fstat(handle)
    if (old.st_uid, old.st_gid) != (own.st_uid, own.st_gid):
        try:
            os.fchown(handle, old.st_uid, old.st_gid)
        except OSError:
            # The group's rights were meant for another group.
            mode &= ~0o070
    os.fchmod(handle, mode)


def _umask() -> int:
    current = os.umask(0o022)
    os.umask(current)
    return current


def _sync_folder(folder: Path, shown: str) -> None:
    """Have the new name on the disk, too. A folder that may be written but not read cannot be
    synced; the file is whole there all the same."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise InputError(
                say(
                    "{shown}: was written, but the disk does not confirm its name: {reason}",
                    shown=shown,
                    reason=system_reason(error),
                )
            ) from None
    finally:
        os.close(handle)
