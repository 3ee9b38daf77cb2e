"""Memory: what is dropped goes back to the system, what stays is not looked through."""

from __future__ import annotations

import contextlib
import gc

_MMAP_THRESHOLD = -3
"""glibc's name for the size from which on a block is a mapping of its own."""
_ARENA_MAX = -8
"""glibc's name for how many arenas threads have between them: each keeps what its threads drop."""
_LARGE_BYTES = 1 << 20
"""Larger than the arrays of one block of a sweep, which come and go by the thousand."""
_YOUNG, _MIDDLE, _OLD = 700, 10, 30
"""When Python looks for garbage by itself: through everything, which takes a tenth of a second,
only where keys have not rested for half a minute."""
_DUE = 8
"""Collections of young objects after which all are worth looking through."""


def hand_back_large_blocks() -> None:
    """Have every large array returned to the system when it is dropped. glibc by itself raises
    the limit with each one, and then keeps tens of megabytes between smaller blocks."""
    import ctypes

    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(_MMAP_THRESHOLD, _LARGE_BYTES)
        library.mallopt(_ARENA_MAX, 1)


def hand_back_the_rest() -> None:
    """Return what lies free between the blocks in use, as after a long sweep. Takes a
    millisecond or two; for threads that no key waits for."""
    import ctypes

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def collect_nothing() -> None:
    """Start without looking for garbage: imports make none, and it is a tenth of their time."""
    gc.disable()


def spare_what_is_loaded() -> None:
    """Leave modules, profiles and styles out of every later garbage collection: they stay, and
    looking through them takes longer than a key may. Ends `collect_nothing`."""
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
    gc.enable()


def collect_if_due() -> None:
    """Look for garbage everywhere, where enough has come together."""
    if gc.get_count()[2] >= _DUE:
        gc.collect()
        hand_back_the_rest()
