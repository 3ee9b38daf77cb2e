"""Memory of a command: what a sweep drops, its next block takes again."""

from __future__ import annotations

import contextlib

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""glibc's names for how much free memory it hands back, and for the size from which on a block is
a mapping of its own."""
_KEPT_BYTES = 64 << 20
_LARGE_BYTES = 4 << 20


def keep_what_is_dropped() -> None:
    """Have glibc keep free memory: handing it back after every pass and asking for it again is a
    quarter of a first sweep. A command ends soon; the app has habits of its own
    (`tui.allocator`)."""
    import ctypes

    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(_MMAP_THRESHOLD, _LARGE_BYTES)
        library.mallopt(_TRIM_THRESHOLD, _KEPT_BYTES)
