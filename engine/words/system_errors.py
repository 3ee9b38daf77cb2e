"""What the system answers to reading and writing, in today's language."""

from __future__ import annotations

import errno

from engine.words.messages import say


def system_reason(error: BaseException) -> str:
    """Why the system refused, in small letters; as it says it itself where it is no usual reason.
    A name that no system takes raises `ValueError`, which is one of them."""
    number = error.errno if isinstance(error, OSError) else None
    match number:
        case errno.ENOENT:
            return say("no such file or directory")
        case errno.EACCES:
            return say("permission denied")
        case errno.EPERM:
            return say("operation not permitted")
        case errno.EEXIST:
            return say("file exists")
        case errno.ENOTDIR:
            return say("not a directory")
        case errno.EISDIR:
            return say("is a directory")
        case errno.ENOSPC:
            return say("no space left on device")
        case errno.EDQUOT:
            return say("disk quota exceeded")
        case errno.EROFS:
            return say("read-only file system")
        case errno.ENAMETOOLONG:
            return say("file name too long")
        case errno.ELOOP:
            return say("too many levels of symbolic links")
        case errno.EMFILE | errno.ENFILE:
            return say("too many open files")
        case errno.EIO:
            return say("input/output error")
        case errno.EBADF:
            return say("bad file descriptor")
        case None:
            return say("no such name")
    told = getattr(error, "strerror", None) or type(error).__name__
    return told[:1].lower() + told[1:]
