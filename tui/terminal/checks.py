"""What the terminal must be able to do, checked before anything is drawn."""

from __future__ import annotations

import os
import sys

from engine.words.errors import InputError
from engine.words.messages import say

COERCED = "C.UTF-8"
"""What Python itself sets ``LC_CTYPE`` to in the C locale, whatever the terminal can show."""


def refuse_bad_terminal() -> None:
    """Raise `InputError` where a full-screen program cannot work, and quieten what would hurt
    over a slow line."""
    if any(one is None or not one.isatty() for one in (sys.stdin, sys.stdout)):
        raise InputError(say("the app needs a terminal; `rooftop sweep --help` works without one"))
    if os.environ.get("TERM", "") in {"", "dumb"}:
        raise InputError(
            say(
                "TERM: found {found!r}, expected a terminal that can move its "
                "cursor; `rooftop sweep --help` works without one",
                found=os.environ.get("TERM", ""),
            )
        )
    for name in ("LINES", "COLUMNS"):
        # What some shells and libraries export goes before the terminal's own word in Textual,
        # and is wrong from the first resize on.
        os.environ.pop(name, None)
    os.environ.setdefault("TEXTUAL_SMOOTH_SCROLL", "0")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if os.environ.get("SSH_CONNECTION"):
        # The kitty keyboard protocol outlives a dropped connection in the local terminal.
        os.environ.setdefault("TEXTUAL_DISABLE_KITTY_KEY", "1")


def unicode_output() -> bool:
    """Whether the terminal can be expected to show braille, check marks and Chinese.

    A locale that says something else than UTF-8 is believed; none at all is not, because
    nearly every terminal of today is one, and containers come without a locale. The Linux
    console has a font of 512 glyphs.
    """
    if os.environ.get("TERM") == "linux" or "utf" not in (sys.stdout.encoding or "").lower():
        return False
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        value = os.environ.get(name, "")
        if value and not (name == "LC_CTYPE" and value == COERCED and sys.flags.utf8_mode):
            return "utf" in value.lower()
    return True
